//! People: they post, change and delete from far away, write on a page, scroll down.

use client_core::{
    Input,
    timeline::{Echo, EchoState},
};
use rand::Rng;
use shared::{
    EventId, Topic,
    model::media::{Media, MediaKind},
};

use crate::{
    Plant,
    action::{Action, Posting},
    page::Draft,
    rights::reader,
    world::{FAULTS_FOR_MS, World},
};

/// How long a page waits before it posts a draft again, in milliseconds.
const POST_AGAIN_MS: u64 = 2_000;

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

    /// A reader writes something on a page: it is shown at once and posted until the server has it.
    fn write(&mut self) {
        let page = self.rng.random_range(0..self.pages.len());
        let event = self.pages[page].views[0].event.clone();
        let draft = self.draft(&event);
        let echo = Echo {
            key: draft.key.clone(),
            kind: MediaKind::Text,
            text: draft.text.clone(),
            author: "Ada".to_owned(),
            preview: None,
            state: EchoState::Sending,
        };
        self.pages[page].views[0].timeline.add_echo(echo);
        self.pages[page].drafts.insert(draft.text.clone());
        // Of a page that is gone before it says otherwise, the server has to find out itself.
        if reader(page).user().is_some() {
            self.input(page, Input::Typing { topic: Topic::event(&draft.event), on: true });
        }
        let posting = Posting { page, life: self.pages[page].life, draft };
        let delay = self.delay(page);
        self.later(delay, Action::Post(posting));
    }

    /// A page's post has reached the server. The answer may be lost though the item is stored.
    pub(crate) fn receive_post(&mut self, posting: Posting) {
        let answer = self.post(&posting.draft);
        let answer = Box::new(answer.filter(|_| self.rng.random_bool(0.9)));
        let delay = self.delay(posting.page);
        self.later(delay, Action::Posted(posting, answer));
    }

    /// The answer to a page's post, or that there is none: then it is posted again under the same key.
    pub(crate) fn posted(&mut self, mut posting: Posting, answer: Option<Media>) {
        let (page, draft) = (posting.page, &posting.draft);
        if self.pages[page].life != posting.life {
            return;
        }
        if let Some(media) = answer {
            self.pages[page].drafts.remove(&draft.text);
            if let Some(view) = self.pages[page].view(&Topic::event(&draft.event)) {
                view.timeline.confirm_echo(media);
            }
            return;
        }
        if self.plant == Some(Plant::NewKey) {
            posting.draft.key = self.draft(&posting.draft.event).key;
        }
        self.later(POST_AGAIN_MS, Action::Post(posting));
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
