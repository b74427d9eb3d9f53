//! From the client's status to what is shown: a drop shorter than two seconds shows nothing.

use std::{cell::RefCell, rc::Rc, time::Duration};

use client_core::{Instant, Status};
use leptos::prelude::*;

use crate::browser::{self, Timer};

/// How long a drop is kept from the reader.
const GRACE: Duration = Duration::from_secs(2);

/// What the indicator shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    Connecting,
    Live,
    Polling,
    /// Out of date since `since`; the next try is at `next_try`.
    Reconnecting {
        since: Instant,
        next_try: Instant,
    },
    Offline {
        since: Instant,
    },
    /// The server said not to come back.
    Refused,
}

impl Shown {
    /// The word for it in `data-status`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Live => "live",
            Self::Polling => "polling",
            Self::Reconnecting { .. } => "reconnecting",
            Self::Offline { .. } | Self::Refused => "offline",
        }
    }

    /// Whether the page is up to date.
    pub(crate) const fn is_up(self) -> bool {
        matches!(self, Self::Live | Self::Polling)
    }

    /// Since when it is not.
    pub(crate) const fn since(self) -> Option<Instant> {
        match self {
            Self::Reconnecting { since, .. } | Self::Offline { since } => Some(since),
            _ => None,
        }
    }
}

impl From<Status> for Shown {
    fn from(status: Status) -> Self {
        match status {
            Status::Connecting => Self::Connecting,
            Status::Live => Self::Live,
            Status::Polling => Self::Polling,
            Status::Reconnecting { since, next_try } => Self::Reconnecting { since, next_try },
            Status::Offline { since } => Self::Offline { since },
            Status::Refused { .. } => Self::Refused,
        }
    }
}

/// Holds the latest status and lets the signal have it when its time has come.
pub(super) struct Shower {
    shown: RwSignal<Shown>,
    waiting: Rc<RefCell<Option<Timer>>>,
}

impl Shower {
    pub(super) fn new(shown: RwSignal<Shown>) -> Self {
        Self { shown, waiting: Rc::default() }
    }

    pub(super) fn status(&self, status: Status) {
        let next = Shown::from(status);
        let current = self.shown.get_untracked();
        let spent = self.waiting.take();
        let grace_left = next
            .since()
            .filter(|_| current.since().is_none())
            .map(|since| GRACE.saturating_sub(browser::now().since(since)))
            .filter(|left| !left.is_zero());
        match grace_left {
            Some(left) => {
                let shown = self.shown;
                let timer = Timer::after(left, move || shown.set(next));
                self.waiting.replace(timer);
            }
            None if current != next => self.shown.set(next),
            None => {}
        }
        drop(spent);
    }
}
