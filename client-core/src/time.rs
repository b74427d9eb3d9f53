//! Time as a number that comes in, and the table of what is due when.

use std::{
    ops::{Add, Sub},
    time::Duration,
};

/// A moment, in milliseconds since some start that the driver chose. It never runs backwards; the driver
/// sees to that (in the browser: `performance.now()`, which goes on during most kinds of sleep or jumps
/// after them).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(pub u64);

impl Instant {
    /// How long after `earlier` this is; zero if it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;
    fn add(self, after: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(after.as_millis()).unwrap_or(u64::MAX)))
    }
}

impl Sub for Instant {
    type Output = Duration;
    fn sub(self, earlier: Self) -> Duration {
        self.since(earlier)
    }
}

/// Everything that can be due. Each is set to at most one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Timer {
    /// The WebSocket has not come up: opened, `connected`, every subscription answered.
    Connect,
    /// Try again to connect.
    Retry,
    /// Nothing was sent for a while: send a heartbeat.
    Heartbeat,
    /// The answer to a heartbeat is overdue.
    Pong,
    /// The connection has held long enough to be trusted.
    Stable,
    /// Send the next poll.
    Poll,
    /// The answer to a poll is overdue.
    PollDeadline,
    /// Look whether a WebSocket works again.
    Probe,
    /// The probing WebSocket has not come up.
    ProbeConnect,
    /// A topic's pause is over, or an answer to its `subscribe` is overdue.
    Topics,
}

impl Timer {
    /// In the order in which they fire when several are due at once.
    pub(crate) const ALL: [Self; 10] = [
        Self::Connect,
        Self::Retry,
        Self::Heartbeat,
        Self::Pong,
        Self::Stable,
        Self::Poll,
        Self::PollDeadline,
        Self::Probe,
        Self::ProbeConnect,
        Self::Topics,
    ];
}

/// When each [`Timer`] is due.
#[derive(Debug, Clone, Default)]
pub(crate) struct Timers([Option<Instant>; Timer::ALL.len()]);

impl Timers {
    pub(crate) const fn set(&mut self, timer: Timer, due: Instant) {
        self.0[timer as usize] = Some(due);
    }

    pub(crate) const fn clear(&mut self, timer: Timer) {
        self.0[timer as usize] = None;
    }

    /// Clears what belongs to the connection. The topics' pauses outlive it.
    pub(crate) fn clear_connection(&mut self) {
        let topics = self.get(Timer::Topics);
        *self = Self::default();
        self.0[Timer::Topics as usize] = topics;
    }

    pub(crate) const fn get(&self, timer: Timer) -> Option<Instant> {
        self.0[timer as usize]
    }

    /// The earliest of all.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.0.iter().flatten().min().copied()
    }

    /// Clears `timer` if it is due and says whether it was.
    pub(crate) fn take_due(&mut self, timer: Timer, now: Instant) -> bool {
        let due = self.get(timer).is_some_and(|due| due <= now);
        if due {
            self.clear(timer);
        }
        due
    }
}
