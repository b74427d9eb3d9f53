//! Clocks that cannot be trusted: the wall clock, which people and time servers set, and the clock of the page, which
//! on some machines stands still while they sleep. Read together they say what has happened, and what time it is by the
//! server. Reads neither by itself. Called by the driver and by the pages that show a match's time.

use crate::Instant;

/// What the two may part by between two looks without one of them having been set or stopped, in milliseconds.
const AGREE_MS: i64 = 2_000;

/// The wall clock beside the clock of the page.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clocks {
    last: Option<(Instant, i64)>,
}

impl Clocks {
    /// By how much the wall clock has jumped since the last look, in milliseconds: ahead when the machine has slept or
    /// somebody has set it; back when somebody has set it. 0 if it just went on. `wall_ms` counts from 1970.
    pub const fn look(&mut self, now: Instant, wall_ms: i64) -> i64 {
        let Some((then, wall_then_ms)) = self.last.replace((now, wall_ms)) else { return 0 };
        let passed_ms = now.0.saturating_sub(then.0) as i64;
        let jumped_ms = wall_ms.saturating_sub(wall_then_ms).saturating_sub(passed_ms);
        if jumped_ms.abs() < AGREE_MS { 0 } else { jumped_ms }
    }
}

/// The time by the server's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct ServerClock {
    clocks: Clocks,
    /// How far it is ahead of the wall clock, in milliseconds.
    ahead_ms: i64,
    in_doubt: bool,
}

impl ServerClock {
    /// The server has said what time it is: so much ahead of the wall clock.
    pub const fn set(&mut self, now: Instant, wall_ms: i64, ahead_ms: i64) {
        self.clocks.look(now, wall_ms);
        self.ahead_ms = ahead_ms;
        self.in_doubt = false;
    }

    /// Now by the server's clock, in milliseconds since 1970. A wall clock that was set back is seen through; one that
    /// is ahead is believed, for a machine that has slept looks just like that.
    pub const fn now_ms(&mut self, now: Instant, wall_ms: i64) -> i64 {
        let jumped_ms = self.clocks.look(now, wall_ms);
        if jumped_ms != 0 {
            self.in_doubt = true;
        }
        if jumped_ms < 0 {
            self.ahead_ms = self.ahead_ms.saturating_sub(jumped_ms);
        }
        wall_ms.saturating_add(self.ahead_ms)
    }

    /// Whether the server should be asked again.
    pub const fn is_in_doubt(&self) -> bool {
        self.in_doubt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    /// At so many seconds on the page's clock, with so many on the wall.
    const fn at(page_s: u64, wall_s: i64) -> (Instant, i64) {
        (Instant(page_s * 1000), wall_s * 1000)
    }

    #[test]
    fn m9_a_wall_clock_that_jumps_is_noticed_once() {
        let mut clocks = Clocks::default();
        let mut look = |(now, wall_ms)| clocks.look(now, wall_ms);
        assert_eq!(look(at(10, 1_000)), 0, "the first look compares nothing");
        assert_eq!(look(at(70, 1_060)), 0);
        assert_eq!(look(at(71, 1_062)), 0, "clocks are corrected by a little");
        assert_eq!(look(at(72, 4_663)), HOUR_MS);
        assert_eq!(look(at(73, 4_664)), 0);
        assert_eq!(look(at(74, 1_065)), -HOUR_MS);
        assert_eq!(look(at(3_674, 4_665)), 0, "both slept");
    }

    #[test]
    fn m9_the_servers_time_goes_on_when_the_wall_clock_is_set_back() {
        let mut clock = ServerClock::default();
        let (now, wall_ms) = at(10, 1_000);
        clock.set(now, wall_ms, 5_000);
        let mut read = |(now, wall_ms)| (clock.now_ms(now, wall_ms), clock.is_in_doubt());
        assert_eq!(read(at(20, 1_010)), (1_015_000, false));
        assert_eq!(read(at(21, 1_011 - 7_200)), (1_016_000, true));
        assert_eq!(read(at(22, 1_012 - 7_200)), (1_017_000, true), "until the server is asked");
        let (now, wall_ms) = at(23, 1_013 - 7_200);
        clock.set(now, wall_ms, 7_205_000);
        assert_eq!((clock.now_ms(now, wall_ms), clock.is_in_doubt()), (1_018_000, false));
    }

    #[test]
    fn m9_a_machine_that_has_slept_has_the_time_at_once() {
        let mut clock = ServerClock::default();
        let (now, wall_ms) = at(10, 1_000);
        clock.set(now, wall_ms, 0);
        let (now, wall_ms) = at(11, 1_001 + 3_600);
        assert_eq!((clock.now_ms(now, wall_ms), clock.is_in_doubt()), (4_601_000, true));
    }
}
