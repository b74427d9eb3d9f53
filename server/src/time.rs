//! The server's clocks. Nothing below `app` reads them by itself: the hub and the session are given the
//! time, so that the simulator can run them in a time of its own.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use shared::Timestamp;

/// Milliseconds of a clock that never runs backwards, since the process began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Millis(pub u64);

impl Millis {
    /// This moment and `ms` more.
    #[must_use]
    pub const fn plus(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// How many milliseconds lie between `earlier` and this moment; 0 if it is not earlier.
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// The monotonic clock, with an origin that survives being turned back into a tokio instant.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    origin: Instant,
}

impl Clock {
    #[expect(clippy::new_without_default, reason = "a clock starts when somebody starts it, not by default")]
    pub fn new() -> Self {
        Self { origin: Instant::now() }
    }

    pub fn now(&self) -> Millis {
        Millis(u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    pub fn instant(&self, at: Millis) -> tokio::time::Instant {
        (self.origin + std::time::Duration::from_millis(at.0)).into()
    }
}

/// The wall clock, as milliseconds since 1970: what the store keeps.
pub fn unix_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// A stored time as it stands on the wire.
pub fn timestamp(unix_ms: i64) -> Timestamp {
    const OLDEST: &str = "1970-01-01T00:00:00.000Z";
    let text = jiff::Timestamp::from_millisecond(unix_ms)
        .map_or_else(|_| OLDEST.to_owned(), |at| at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string());
    match text.parse().or_else(|_| OLDEST.parse()) {
        Ok(timestamp) => timestamp,
        Err(_) => unreachable!("the constant is a timestamp"),
    }
}

/// A time from the wire as it is stored. Impossible dates (31 February) are refused here.
pub fn from_timestamp(timestamp: &Timestamp) -> Option<i64> {
    timestamp.as_str().parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_and_store_agree_on_the_time() {
        for ms in [0, 1, 999, 1_423_695_780_123, 250_000_000_000_000] {
            assert_eq!(from_timestamp(&timestamp(ms)), Some(ms));
        }
        assert_eq!(timestamp(1_423_695_780_123).as_str(), "2015-02-11T23:03:00.123Z");
        assert_eq!(from_timestamp(&"2026-02-31T00:00:00.000Z".parse().unwrap()), None);
    }
}
