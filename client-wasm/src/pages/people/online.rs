//! Who of an event's members is online (P4). Follows the topic `online`, on which the server names those who came
//! first, up to its limit, and nobody who hides. Draws nothing; called by the page.

use client_core::people::People;
use leptos::prelude::*;
use shared::{AccountId, Position, Topic};

use crate::driver::{Live, News};

/// Those who are online, as far as they are named.
#[derive(Clone, Copy)]
pub(super) struct Online(RwSignal<People>);

impl Online {
    /// Nobody yet; follows for as long as the caller's own signals last.
    pub(super) fn follow(live: Live) -> Self {
        let people = RwSignal::new(People::default());
        live.follow(Topic::online(), Some(Position::online()), move |news| match news {
            News::Presence(frame) => people.maybe_update(|people| people.handle(&frame)),
            // There is nothing to read: it stands where it always does.
            News::SnapshotNeeded => live.snapshot_applied(Topic::online(), Position::online()),
            // Nothing is published, and without it nobody is marked.
            News::Publications { .. } | News::Refused { .. } => {}
        });
        Self(people)
    }

    /// Whether somebody is known to be online.
    pub(super) fn has(self, id: &AccountId) -> bool {
        self.0.with(|people| people.named().iter().any(|person| person.id == *id))
    }
}
