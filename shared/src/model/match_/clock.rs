//! The clock of a match: from the entries that start, stop and end its halves. It does not know what time it is;
//! who shows it says so.

use serde::{Deserialize, Serialize};

use super::{Happening, Phase, Sheet, What};
use crate::Timestamp;

/// The minute of play, as it is said: the first is 1, and what is played beyond a half is added to its last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Minute {
    pub minute: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub added: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl std::fmt::Display for Minute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.minute)?;
        if self.added > 0 {
            write!(f, "+{}", self.added)?;
        }
        Ok(())
    }
}

/// Where the clock stands, and since when it runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Clock {
    /// Time played at `since`, or now if it stands, in milliseconds. A half begins at its regular time, however
    /// long the one before was.
    pub played_ms: u64,
    /// It runs since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Time played at which the half is over unless there is time added, in milliseconds.
    pub ends_ms: u64,
    /// Minutes that were said to be added to this half.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added_minutes: Option<u8>,
}

impl Clock {
    /// Time played at `now` (milliseconds since 1970, by the server's clock), in milliseconds.
    pub fn played_ms(&self, now: i64) -> u64 {
        let runs_ms = self.since.as_ref().map_or(0, |since| now.saturating_sub(since.unix_ms()).max(0));
        self.played_ms.saturating_add(runs_ms as u64)
    }

    /// The minute of play at `now`; 0 before the match has begun.
    pub fn minute(&self, now: i64) -> Minute {
        minute(self.played_ms(now), self.ends_ms)
    }
}

const MINUTE_MS: u64 = 60_000;

fn minute(played_ms: u64, ends_ms: u64) -> Minute {
    if ends_ms == 0 {
        return Minute::default();
    }
    let (minute, last) = (played_ms / MINUTE_MS + 1, ends_ms / MINUTE_MS);
    Minute { minute: minute.min(last) as u32, added: minute.saturating_sub(last) as u32 }
}

/// How the clock went, from one moment at which something changed about it to the next.
#[derive(Debug)]
pub(super) struct Course<'a> {
    sheet: &'a Sheet,
    stretches: Vec<Stretch<'a>>,
}

#[derive(Debug)]
struct Stretch<'a> {
    from: Option<&'a Timestamp>,
    phase: Phase,
    runs: bool,
    clock: Clock,
}

impl<'a> Course<'a> {
    /// Nothing has been said yet.
    pub(super) fn new(sheet: &'a Sheet) -> Self {
        let before = Stretch { from: None, phase: Phase::Scheduled, runs: false, clock: Clock::default() };
        Self { sheet, stretches: vec![before] }
    }

    fn last(&self) -> &Stretch<'a> {
        match self.stretches.last() {
            Some(last) => last,
            None => unreachable!("a course begins before the match"),
        }
    }

    /// Takes what happened next, in order of time. A phase that has begun does not begin again.
    pub(super) fn take(&mut self, happening: &'a Happening) {
        let last = self.last();
        let mut clock = Clock { played_ms: last.played_ms(&happening.at), since: None, ..last.clock };
        let mut runs = last.runs;
        let mut phase = last.phase;
        match &happening.what {
            What::Stopped => runs = false,
            What::Resumed => runs = phase.is_timed(),
            What::AddedTime { minutes } => clock.added_minutes = Some(*minutes),
            what => {
                let Some(begins) = what.phase().filter(|begins| *begins > phase) else { return };
                phase = begins;
                runs = begins.is_timed();
                if runs {
                    clock.added_minutes = None;
                    (clock.played_ms, clock.ends_ms) = self.half(begins);
                }
            }
        }
        self.stretches.push(Stretch { from: Some(&happening.at), phase, runs, clock });
    }

    /// When a half begins and ends by the rules, in milliseconds of play.
    fn half(&self, phase: Phase) -> (u64, u64) {
        let half = u64::from(self.sheet.half_minutes) * MINUTE_MS;
        let extra = u64::from(self.sheet.extra_minutes) * MINUTE_MS;
        match phase {
            Phase::SecondHalf => (half, 2 * half),
            Phase::ExtraFirstHalf => (2 * half, 2 * half + extra),
            Phase::ExtraSecondHalf => (2 * half + extra, 2 * (half + extra)),
            _ => (0, half),
        }
    }

    /// The minute of play at which something happened.
    pub(super) fn minute(&self, at: &Timestamp) -> Minute {
        let after = self.stretches.partition_point(|stretch| stretch.from.is_none_or(|from| from <= at));
        let stretch = after.checked_sub(1).and_then(|index| self.stretches.get(index));
        stretch.map_or(Minute::default(), |stretch| minute(stretch.played_ms(at), stretch.clock.ends_ms))
    }

    /// How far the match has come.
    pub(super) fn phase(&self) -> Phase {
        self.last().phase
    }

    /// The clock as it is now.
    pub(super) fn clock(&self) -> Clock {
        let last = self.last();
        Clock { since: last.from.filter(|_| last.runs).cloned(), ..last.clock.clone() }
    }
}

impl Stretch<'_> {
    fn played_ms(&self, at: &Timestamp) -> u64 {
        let from = self.from.filter(|_| self.runs);
        let ran_ms = from.map_or(0, |from| (at.unix_ms() - from.unix_ms()).max(0));
        self.clock.played_ms + ran_ms as u64
    }
}
