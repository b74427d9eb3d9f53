//! What has been recorded of one match in this browser and is not on the server yet, as the recorder shows it: entries
//! on one side, drafts of the outbox on the other. The lane of a match is its topic, so entries go in the order
//! recorded. Sends and keeps nothing: that is the outbox's. Draws nothing.

use std::{cell::RefCell, rc::Rc};

use client_core::outbox::{Author, Draft, State};
use leptos::prelude::*;
use shared::{
    IdempotencyKey, MatchEventId, MatchId, Topic,
    model::match_::{Entry, MatchEvent},
};

use super::super::words::what_word;
use crate::outbox::{Handle, Pending, Place};

/// An entry on its way.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OnItsWay {
    pub(super) entry: Entry,
    pub(super) standing: Standing,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Standing {
    Waiting,
    /// The server will not have it, for this reason.
    Refused(String),
    Stored(Box<MatchEvent>),
}

struct Lane {
    entries: RwSignal<Vec<OnItsWay>>,
}

/// The queue of one match.
#[derive(Clone, Copy)]
pub(super) struct Queue {
    of: StoredValue<MatchId>,
    outbox: StoredValue<Handle, LocalStorage>,
    /// What was taken back before it had been sent from here. Another tab may have been quicker.
    taken_back: StoredValue<RefCell<Vec<MatchEventId>>, LocalStorage>,
    pub(super) entries: RwSignal<Vec<OnItsWay>>,
}

impl Queue {
    /// Shows what waits of this match for as long as the current owner lives.
    pub(super) fn of(id: &MatchId, outbox: Handle) -> Self {
        let entries = RwSignal::new(Vec::new());
        outbox.attach(Topic::of_match(id), Rc::new(Lane { entries }));
        Self {
            of: StoredValue::new(id.clone()),
            outbox: StoredValue::new_local(outbox),
            taken_back: StoredValue::new_local(RefCell::default()),
            entries,
        }
    }

    /// Puts an entry at the end; `teams` says of which match, where all that waits is listed.
    pub(super) fn push(self, entry: &Entry, teams: &str) {
        let Ok(body) = serde_json::to_string(entry) else { return };
        let of = self.of.get_value();
        let draft = Draft {
            id: entry.id.clone().into(),
            topic: Topic::of_match(&of),
            author: Author::Visitor,
            path: format!("/api/matches/{of}/events"),
            body,
            files: 0,
            note: format!("{}, {teams}", what_word(&entry.happening.what)),
        };
        self.outbox.with_value(|outbox| outbox.record(draft));
    }

    /// Takes an entry back, if it has not gone out.
    pub(super) fn take_back(self, id: &MatchEventId) -> bool {
        let key = IdempotencyKey::from(id.clone());
        let found = self.outbox.with_value(|outbox| outbox.find(&key));
        let may_be_there =
            |pending: &Pending| pending.tried || matches!(pending.state, State::Sending | State::OfAnother);
        if found.is_none_or(|pending| may_be_there(&pending)) {
            return false;
        }
        self.taken_back.with_value(|taken| taken.borrow_mut().push(id.clone()));
        self.discard(id);
        true
    }

    /// What was taken back here and is on the server all the same, each once.
    pub(super) fn came_too_late(self, is_there: impl Fn(&MatchEventId) -> bool) -> Vec<MatchEventId> {
        self.taken_back.with_value(|taken| taken.borrow_mut().extract_if(.., |id| is_there(id)).collect())
    }

    /// Gives up what was refused.
    pub(super) fn discard(self, id: &MatchEventId) {
        self.outbox.with_value(|outbox| outbox.discard(&id.clone().into()));
    }

    /// What was refused is sent once more.
    pub(super) fn retry(self, id: &MatchEventId) {
        self.outbox.with_value(|outbox| outbox.retry(&id.clone().into()));
    }

    /// What the server has stored since this was last asked.
    pub(super) fn take_stored(self) -> Vec<MatchEvent> {
        let is_stored = |entry: &OnItsWay| matches!(entry.standing, Standing::Stored(_));
        if !self.entries.with(|entries| entries.iter().any(is_stored)) {
            return Vec::new();
        }
        let mut stored = Vec::new();
        self.entries.update(|entries| {
            for entry in std::mem::take(entries) {
                match entry.standing {
                    Standing::Stored(event) => stored.push(*event),
                    _ => entries.push(entry),
                }
            }
        });
        stored
    }
}

impl Place for Lane {
    fn show(&self, drafts: &[Pending]) {
        let on_its_way = drafts.iter().filter_map(|pending| {
            let standing = match &pending.state {
                State::Parked(refusal) => Standing::Refused(refusal.message.clone()),
                State::Waiting | State::Sending | State::OfAnother => Standing::Waiting,
            };
            Some(OnItsWay { entry: serde_json::from_str(&pending.draft.body).ok()?, standing })
        });
        let on_its_way: Vec<_> = on_its_way.collect();
        let Some(mut now) = self.entries.try_get_untracked() else { return };
        let before = now.len();
        now.retain(|entry| matches!(entry.standing, Standing::Stored(_)));
        let stored = now.len();
        now.extend(on_its_way);
        let same =
            before == now.len() && self.entries.with_untracked(|before| before[stored..] == now[stored..]);
        if !same {
            self.entries.set(now);
        }
    }

    fn acknowledged(&self, id: &IdempotencyKey, answer: &str) {
        let is_it = |entry: &OnItsWay| entry.entry.id.as_str() == id.as_str();
        let is_here = self.entries.try_with_untracked(|entries| entries.iter().any(is_it));
        if is_here != Some(true) {
            return;
        }
        let Ok(stored) = serde_json::from_str::<MatchEvent>(answer) else { return };
        self.entries.update(|entries| {
            entries.retain(|entry| !is_it(entry));
            let standing = Standing::Stored(Box::new(stored.clone()));
            entries.insert(0, OnItsWay { entry: stored.entry, standing });
        });
    }
}
