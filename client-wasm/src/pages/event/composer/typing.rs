//! Tells the others on the page that one is typing, and that one is not any more (P4). When to say so is decided by
//! `client_core::people`. Called by the composer.

use client_core::people::Typist;
use leptos::prelude::*;
use shared::{EventId, Topic};

use crate::{
    browser,
    driver::{Live, use_live},
    session::{Session, use_session},
};

/// What has been said.
#[derive(Clone, Copy)]
pub(super) struct Typing {
    typist: StoredValue<Typist>,
    topic: StoredValue<Topic>,
    live: Live,
    session: Session,
}

impl Typing {
    /// Nothing yet.
    pub(super) fn on(event: &EventId) -> Self {
        Self {
            typist: StoredValue::new(Typist::default()),
            topic: StoredValue::new(Topic::event(event)),
            live: use_live(),
            session: use_session(),
        }
    }

    /// The text has changed.
    pub(super) fn changed(self, text: &str) {
        let empty = text.trim().is_empty();
        self.say(|typist| typist.changed(browser::now(), empty));
    }

    /// The text was posted.
    pub(super) fn posted(self) {
        self.say(|typist| typist.done(browser::now()));
    }

    fn say(self, what: impl FnOnce(&mut Typist) -> Option<bool>) {
        // Nobody is told of visitors.
        if self.session.account.with_untracked(Option::is_none) {
            return;
        }
        if let Some(on) = self.typist.try_update_value(what).flatten() {
            self.live.typing(self.topic.get_value(), on);
        }
    }
}
