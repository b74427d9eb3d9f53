//! People: they post, change and delete from far away, record on a page, scroll down.

use rand::Rng;
use shared::EventId;

use crate::{
    action::Action,
    page::Draft,
    world::{FAULTS_FOR_MS, World},
};

impl World {
    /// Somebody does something, and somebody else later.
    pub(crate) fn people(&mut self) {
        let event = self.events[self.rng.random_range(0..self.events.len())].clone();
        match self.rng.random_range(0..10) {
            0..4 => {
                let burst = if self.rng.random_ratio(1, 20) { 40 } else { self.rng.random_range(1..4) };
                for _ in 0..burst {
                    let draft = self.draft(&event);
                    self.post(&draft);
                }
            }
            4..6 => self.edit(&event),
            6..8 => self.write(),
            8 => self.change_rights(),
            _ => self.scroll(),
        }
        if self.now < FAULTS_FOR_MS {
            let pause = self.rng.random_range(20..1_500);
            self.later(pause, Action::People);
        }
    }

    /// Something to post, unlike everything before it.
    pub(crate) fn draft(&mut self, event: &EventId) -> Draft {
        let number = self.new_number();
        match format!("k{number}").parse() {
            Ok(key) => Draft { key, event: event.clone(), text: format!("{number}, at {}", self.now) },
            Err(_) => unreachable!("a number is a key"),
        }
    }

    /// A reader wants to see older items.
    fn scroll(&mut self) {
        let page = self.rng.random_range(0..self.pages.len());
        for index in 0..self.pages[page].views.len() {
            let view = &mut self.pages[page].views[index];
            if let (false, Some(before)) = (view.loading, view.timeline.older().map(str::to_owned)) {
                view.loading = true;
                let event = view.event.clone();
                self.ask_page(page, event, Some(before));
            }
        }
    }
}
