//! What is shown of the outbox: the list of what waits, and the drafts in the pages that are open. Changes no
//! draft. Called by [`super`].

use client_core::outbox::{Draft, State};
use leptos::prelude::*;
use shared::IdempotencyKey;

use super::{Driver, timeline};
use crate::{browser, components::announcer::Announcer, storage};

/// Where drafts of one topic are shown.
pub(crate) trait Place {
    /// These are the drafts of the topic now, in the order in which they are sent.
    fn show(&self, drafts: &[Pending]);
    /// So much of its files has been sent, of 1.
    fn progress(&self, _id: &IdempotencyKey, _share: f64) {}
    /// The server has this draft, of whatever topic, and answered this.
    fn acknowledged(&self, id: &IdempotencyKey, answer: &str);
    /// It was given up, or another tab has sent it.
    fn gone(&self, _id: &IdempotencyKey) {}
}

/// A draft as the outbox has it.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    pub(crate) draft: Draft,
    pub(crate) state: State,
    /// The server may have it.
    pub(crate) tried: bool,
    /// It is on the disk.
    pub(crate) kept: bool,
}

/// A draft as the list of what waits shows it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Waiting {
    pub(crate) id: IdempotencyKey,
    /// What it is, in a few words.
    pub(crate) name: String,
    /// `None` for what has none, and cannot be edited.
    pub(crate) text: Option<String>,
    pub(crate) state: State,
}

/// What the page is told about all drafts of this browser.
#[derive(Clone)]
pub(crate) struct Told {
    pub(crate) waiting: ArcRwSignal<Vec<Waiting>>,
    /// Why what is recorded now is not kept.
    pub(crate) not_kept: ArcRwSignal<Option<String>>,
    /// Something to be read out, once.
    notice: ArcRwSignal<Option<String>>,
}

impl Told {
    pub(super) fn new() -> Self {
        Self {
            waiting: ArcRwSignal::new(Vec::new()),
            not_kept: ArcRwSignal::new(None),
            notice: ArcRwSignal::new(None),
        }
    }

    pub(super) fn say(&self, text: &str) {
        self.notice.set(Some(text.to_owned()));
    }

    /// Reads out what there is to say, for as long as the current owner lives.
    pub(crate) fn read_out(&self, announcer: Announcer) {
        let notice = self.notice.clone();
        Effect::new(move || {
            if let Some(text) = notice.get() {
                announcer.say(text);
                notice.set(None);
            }
        });
    }
}

impl Driver {
    /// All drafts, in the order in which they are sent.
    pub(super) fn pending(&self) -> Vec<Pending> {
        let outbox = self.outbox.borrow();
        let known = outbox.drafts().map(|shown| Pending {
            draft: shown.draft.clone(),
            state: shown.state.clone(),
            tried: shown.tried,
            kept: shown.kept,
        });
        let unnamed = self.unnamed.borrow();
        let unnamed = unnamed.iter().map(|draft| Pending {
            draft: draft.clone(),
            state: State::Waiting,
            tried: false,
            kept: false,
        });
        known.chain(unnamed).collect()
    }

    /// Shows what there is, in the list of what waits and in the pages that are open.
    pub(super) fn show(&self) {
        let pending = self.pending();
        storage::set_unsent(pending.len());
        self.ask_before_leaving(pending.iter().any(|pending| !pending.kept));
        let waiting: Vec<_> = pending.iter().map(row).collect();
        if self.told.waiting.with_untracked(|before| *before != waiting) {
            self.told.waiting.set(waiting);
        }
        for (topic, place) in self.places() {
            let here = pending.iter().filter(|pending| pending.draft.topic == topic);
            place.show(&here.cloned().collect::<Vec<_>>());
        }
    }

    /// Whoever leaves the page is asked while something would be lost with it.
    fn ask_before_leaving(&self, ask: bool) {
        let mut leaving = self.leaving.borrow_mut();
        if ask != leaving.is_some() {
            *leaving = ask.then(|| {
                browser::listen(&browser::window(), "beforeunload", |event| event.prevent_default())
            });
        }
    }
}

fn row(pending: &Pending) -> Waiting {
    if pending.draft.topic.event_id().is_some() {
        return timeline::row(pending);
    }
    // Of everything else the note is what it is, in words.
    let Pending { draft, state, .. } = pending;
    Waiting { id: draft.id.clone(), name: draft.note.clone(), text: None, state: state.clone() }
}
