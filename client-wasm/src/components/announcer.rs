//! The one live region of the app, present from the first byte of the page: short sentences for those who
//! listen. What is said within a second is said together, so that a busy timeline does not talk all the time.

use std::time::Duration;

use leptos::prelude::*;

use crate::browser::{self, Timer};

/// How long sentences are gathered.
const GATHER: Duration = Duration::from_secs(1);

/// The voice of the page.
#[derive(Clone, Copy)]
pub(crate) struct Announcer {
    waiting: StoredValue<(Vec<String>, usize, Option<Timer>), LocalStorage>,
}

/// The page's voice.
pub(crate) fn use_announcer() -> Announcer {
    expect_context::<Announcer>()
}

impl Announcer {
    pub(crate) fn find() -> Self {
        Self { waiting: StoredValue::new_local((Vec::new(), 0, None)) }
    }

    /// Says a sentence, soon.
    pub(crate) fn say(self, sentence: impl Into<String>) {
        let sentence = sentence.into();
        self.waiting.update_value(|(sentences, _, _)| {
            if !sentences.contains(&sentence) {
                sentences.push(sentence);
            }
        });
        self.arm();
    }

    /// Counts further updates into the next sentence.
    pub(crate) fn new_updates(self, count: usize) {
        self.waiting.update_value(|(_, updates, _)| *updates += count);
        self.arm();
    }

    fn arm(self) {
        self.waiting.update_value(|(_, _, timer)| {
            if timer.is_none() {
                *timer = Timer::after(GATHER, move || self.speak());
            }
        });
    }

    fn speak(self) {
        let mut text = Vec::new();
        let mut spent = None;
        self.waiting.update_value(|(sentences, updates, timer)| {
            match std::mem::take(updates) {
                0 => {}
                1 => text.push("1 new update.".to_owned()),
                count => text.push(format!("{count} new updates.")),
            }
            text.append(sentences);
            spent = timer.take();
        });
        if let Some(region) = browser::document().get_element_by_id("announcer") {
            region.set_text_content(Some(&text.join(" ")));
        }
        drop(spent);
    }
}
