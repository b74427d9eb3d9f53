//! One lane of the outbox: what is being done about it, and what is yet to be done. Decides nothing. Called by
//! `outbox`.

use std::collections::VecDeque;

use shared::IdempotencyKey;

use super::{Task, Try, draft::Command};
use crate::Instant;

/// Where a lane stands. It goes round: claiming, writing, sending, and on from the claim.
#[derive(Debug, Default)]
pub(super) enum Step {
    #[default]
    Idle,
    /// The storage was asked for the lease, and for what lies in the lane. A lease counts from then: the answer may
    /// have waited for a tab that slept.
    Claiming(Task, Instant),
    /// What had become of drafts is being written down; nothing is sent before that.
    Writing(usize),
    Sending(Sending),
}

/// A draft, or a file of one, that is on its way.
#[derive(Debug)]
pub(super) struct Sending {
    pub(super) id: IdempotencyKey,
    pub(super) version: u32,
    /// The file that is being uploaded; `None` where it is the draft itself.
    pub(super) file: Option<usize>,
    pub(super) attempt: Try,
    /// It is given up if nothing is heard until then.
    pub(super) deadline: Instant,
    /// The lease is asked for again.
    pub(super) renew_at: Instant,
}

#[derive(Debug, Default)]
pub(super) struct Lane {
    pub(super) step: Step,
    /// What is to be done to drafts, as soon as the lease is here. While the storage fails they are done in memory
    /// and stay, to be done to what it has.
    pub(super) commands: VecDeque<(IdempotencyKey, Command, Done)>,
    /// Failures in a row.
    pub(super) failures: u32,
    /// Nothing is sent before this.
    pub(super) not_before: Instant,
    /// The server has named that moment: no hint of the browser shortens it.
    pub(super) named_by_server: bool,
    /// The storage is not asked for the lease before this.
    pub(super) claim_at: Instant,
    /// `None` without a lease: because another tab has it, or because the storage fails.
    pub(super) leased_until: Option<Instant>,
}

/// Whether a command has been done in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    No,
    InMemory,
}

impl Lane {
    pub(super) const fn is_idle(&self) -> bool {
        matches!(self.step, Step::Idle)
    }

    pub(super) const fn sending(&self) -> Option<&Sending> {
        match &self.step {
            Step::Sending(sending) => Some(sending),
            _ => None,
        }
    }

    /// Something speaks for it that sending works now.
    pub(super) const fn wake(&mut self) {
        if !self.named_by_server {
            self.not_before = Instant(0);
        }
    }

    pub(super) const fn succeeded(&mut self) {
        self.failures = 0;
        self.not_before = Instant(0);
        self.named_by_server = false;
    }
}
