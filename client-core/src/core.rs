//! What connection and subscriptions share: the time, the timers, the seeded randomness, the outputs.
//! It decides nothing. Called by `client`, `connection` and `subscription`.

use std::{collections::VecDeque, time::Duration};

use crate::{
    Attempt, Config, Counters, Event, Instant, Output,
    random::Random,
    time::{Timer, Timers},
};

#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) config: Config,
    pub(crate) now: Instant,
    pub(crate) timers: Timers,
    pub(crate) counters: Counters,
    /// Filled within one input, drained by the driver before the next.
    pub(crate) outputs: VecDeque<Output>,
    random: Random,
    last_attempt: u64,
    last_reference: u64,
}

impl Core {
    pub(crate) fn new(config: Config, seed: u64) -> Self {
        Self {
            config,
            now: Instant::default(),
            timers: Timers::default(),
            counters: Counters::default(),
            outputs: VecDeque::new(),
            random: Random::new(seed),
            last_attempt: 0,
            last_reference: 0,
        }
    }

    pub(crate) fn output(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    pub(crate) fn emit(&mut self, event: Event) {
        self.output(Output::Event(event));
    }

    pub(crate) fn close(&mut self, attempt: Attempt) {
        self.output(Output::Close { attempt });
    }

    pub(crate) const fn new_attempt(&mut self) -> Attempt {
        self.last_attempt += 1;
        Attempt(self.last_attempt)
    }

    pub(crate) const fn new_reference(&mut self) -> u64 {
        self.last_reference += 1;
        self.last_reference
    }

    pub(crate) fn set_in(&mut self, timer: Timer, delay: Duration) {
        self.timers.set(timer, self.now + delay);
    }

    /// Full jitter: anything from nothing to `ceiling`.
    pub(crate) fn jitter(&mut self, ceiling: Duration) -> Duration {
        Duration::from_millis(self.random.up_to(millis(ceiling)))
    }

    /// Three quarters to five quarters of `middle`, so that clients fall out of step.
    pub(crate) fn around(&mut self, middle: Duration) -> Duration {
        let half = self.jitter(middle / 2);
        middle * 3 / 4 + half
    }

    /// The ceiling after `failures` failures in a row: doubles from `backoff_min` to `backoff_max`.
    pub(crate) fn backoff_ceiling(&self, failures: u32) -> Duration {
        doubled(self.config.backoff_min, failures, self.config.backoff_max)
    }

    /// A delay after `failures` failures in a row.
    pub(crate) fn backoff(&mut self, failures: u32) -> Duration {
        let ceiling = self.backoff_ceiling(failures);
        self.jitter(ceiling)
    }
}

/// `start` doubled `times` times, at most `max`.
pub(crate) fn doubled(start: Duration, times: u32, max: Duration) -> Duration {
    start.saturating_mul(2_u32.saturating_pow(times)).min(max)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
