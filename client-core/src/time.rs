//! Time as a number that comes in.

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
        Self(self.0.saturating_add(after.as_millis() as u64))
    }
}

impl Sub for Instant {
    type Output = Duration;
    fn sub(self, earlier: Self) -> Duration {
        self.since(earlier)
    }
}
