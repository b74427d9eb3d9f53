//! One topic that is followed: what is under way for it, and what follows from an answer, a hole or a
//! failure. It sends nothing and knows nothing of other topics. Called by `subscription`.

use std::time::Duration;

use shared::{
    Position, Topic,
    frame::{NotRecovered, Subscribed},
};

use crate::{Event, Instant, core::Core};

/// What is under way for one topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Phase {
    /// To be asked for from its position as soon as there is a transport.
    Due,
    /// Asked for; everything of the topic but the answer with this `ref` is ignored.
    Asked { reference: Option<u64>, until: Instant },
    /// Answered; publications are taken from the position on.
    Following,
    /// The application is reading a snapshot.
    Snapshot,
    /// Something went wrong too often to go on at once.
    Paused { until: Instant, then: Then },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    Subscribe,
    Snapshot(NotRecovered),
}

#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) position: Option<Position>,
    pub(super) phase: Phase,
    /// The server was asked for it on this WebSocket.
    pub(super) known: bool,
    /// Times it was subscribed anew without a publication in between.
    pub(super) repairs: u32,
    /// Snapshots asked for without a recovered subscription in between.
    pub(super) snapshots: u32,
}

impl Subscription {
    pub(super) const fn new() -> Self {
        Self { position: None, phase: Phase::Due, known: false, repairs: 0, snapshots: 0 }
    }

    pub(super) fn move_to(&mut self, position: Position) {
        self.position = Some(position);
        self.phase = Phase::Due;
    }

    /// The answer to `subscribe`. Only the newest one counts.
    pub(super) fn answered(&mut self, core: &mut Core, topic: &Topic, answer: &Subscribed) {
        match &self.phase {
            Phase::Asked { reference, .. } if *reference == answer.reference => {}
            // Retention overtook a reader who was behind: the server says so unasked.
            Phase::Following if !answer.recovered && answer.reference.is_none() => {}
            _ => return,
        }
        let reason = match &self.position {
            Some(position) if answer.recovered => {
                if position.epoch != answer.epoch {
                    NotRecovered::EpochChanged
                } else if position.offset == answer.offset {
                    self.phase = Phase::Following;
                    self.snapshots = 0;
                    return;
                } else {
                    NotRecovered::Expired
                }
            }
            _ => answer.reason.unwrap_or(NotRecovered::NoPosition),
        };
        self.need_snapshot(core, topic, reason);
    }

    /// Asks for a snapshot; after a first one in vain, not at once.
    pub(super) fn need_snapshot(&mut self, core: &mut Core, topic: &Topic, reason: NotRecovered) {
        if self.snapshots == 0 {
            self.ask_snapshot(core, topic, reason);
        } else {
            let until = core.now + core.backoff(self.snapshots - 1);
            self.phase = Phase::Paused { until, then: Then::Snapshot(reason) };
        }
        self.snapshots = self.snapshots.saturating_add(1);
    }

    pub(super) fn ask_snapshot(&mut self, core: &mut Core, topic: &Topic, reason: NotRecovered) {
        self.phase = Phase::Snapshot;
        core.counters.snapshots += 1;
        core.emit(Event::SnapshotNeeded { topic: topic.clone(), reason });
    }

    /// Subscribes anew from the position: at once the first time, after a backoff while that brings
    /// nothing, and never before `at_least`.
    pub(super) fn repair(&mut self, core: &mut Core, at_least: Duration) {
        self.phase = if self.repairs == 0 && at_least.is_zero() {
            Phase::Due
        } else {
            let delay = core.backoff(self.repairs.saturating_sub(1)).max(at_least);
            Phase::Paused { until: core.now + delay, then: Then::Subscribe }
        };
        self.repairs = self.repairs.saturating_add(1);
    }
}
