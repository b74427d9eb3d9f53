//! Who watches a topic (E6): counted by browser or program, not by connection. Not in the log; rebuilt by
//! who comes back. Used by `topic`, under its lock.

use std::collections::{BTreeSet, HashMap};

use shared::{WatcherId, frame::PresenceCount};

use crate::time::Millis;

/// The watchers of one topic.
#[derive(Debug, Default)]
pub(super) struct Watchers {
    /// Connections (and lingering polls) of each.
    named: HashMap<WatcherId, u32>,
    /// Readers that did not say who they are; each counts as a watcher.
    unnamed: usize,
    /// Pollers between two polls, by the time at which they are gone.
    lingering: BTreeSet<(Millis, WatcherId)>,
    lingering_until: HashMap<WatcherId, Millis>,
}

impl Watchers {
    /// A reader comes.
    pub(super) fn enter(&mut self, watcher: Option<&WatcherId>) {
        match watcher {
            Some(watcher) => {
                *self.named.entry(watcher.clone()).or_default() += 1;
                // A poller that has come back counts once.
                self.end_lingering(watcher);
            }
            None => self.unnamed += 1,
        }
    }

    /// A reader goes. Returns until when it lingers, if it does.
    pub(super) fn leave(&mut self, watcher: Option<WatcherId>, linger: Option<Millis>) -> Option<Millis> {
        match (linger, watcher) {
            (Some(until), Some(watcher)) => {
                self.end_lingering(&watcher);
                self.lingering_until.insert(watcher.clone(), until);
                self.lingering.insert((until, watcher));
                Some(until)
            }
            (None, Some(watcher)) => {
                self.forget(&watcher);
                None
            }
            (_, None) => {
                self.unnamed -= 1;
                None
            }
        }
    }

    /// Pollers that were expected back by `now` are gone.
    pub(super) fn expire(&mut self, now: Millis) {
        while let Some((until, watcher)) = self.lingering.first().cloned() {
            if until > now {
                break;
            }
            self.end_lingering(&watcher);
        }
    }

    pub(super) fn nobody_lingers(&self) -> bool {
        self.lingering.is_empty()
    }

    /// Watchers and subscriptions, with so many readers present.
    pub(super) fn count(&self, readers: usize) -> PresenceCount {
        PresenceCount {
            watchers: (self.named.len() + self.unnamed) as u64,
            subscriptions: (readers + self.lingering.len()) as u64,
            people: 0,
        }
    }

    fn end_lingering(&mut self, watcher: &WatcherId) {
        if let Some(until) = self.lingering_until.remove(watcher) {
            self.lingering.remove(&(until, watcher.clone()));
            self.forget(watcher);
        }
    }

    fn forget(&mut self, watcher: &WatcherId) {
        if let Some(connections) = self.named.get_mut(watcher) {
            *connections -= 1;
            if *connections == 0 {
                self.named.remove(watcher);
            }
        }
    }
}
