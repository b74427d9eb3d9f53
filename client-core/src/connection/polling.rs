//! The lower rungs: polls that the server holds, polls that it answers at once, and the probing
//! WebSocket beside them.

use std::time::Duration;

use shared::{Position, ServerFrame, Topic, limits};

use super::{Asked, Connection, Phase, Rung, STABLE_AFTER};
use crate::{
    Attempt, Instant, Output, Transport,
    core::{Core, doubled},
    subscription::Subscriptions,
    time::Timer,
};

/// Held polls that break off in a row, while polls that are not held work, before holding is given up.
const BREAKS_BEFORE_STEP_DOWN: u32 = 2;
/// Least time between the starts of two polls of which the first brought little.
const POLL_SPACING: Duration = Duration::from_millis(200);
/// An answer with this many publications is part of a backlog: the next poll follows at once.
const BACKLOG: u64 = limits::BATCH_PUBLICATIONS as u64 / 2;
/// More topics than fit in one poll take turns, and each poll is held no longer than this.
const TURN_WAIT: Duration = Duration::from_secs(1);
/// The probing of a WebSocket slows down to this.
const PROBE_INTERVAL_MAX: Duration = Duration::from_mins(5);
/// The first probe, where a WebSocket has worked before: it was an outage rather than a block.
const FIRST_PROBE: Duration = Duration::from_secs(1);
/// A hidden page asks and probes this much more rarely, where it has to ask at all.
const HIDDEN_FACTOR: u32 = 2;

/// Polling, by either rung.
#[derive(Debug)]
pub(crate) struct Poller {
    asking: Option<Asking>,
    /// Whether the server may hold polls.
    hold: bool,
    /// The next poll is not held: it shows whether polls work at all, and what topics stand.
    at_once: bool,
    /// The next poll is held though that is given up, to see whether it works again.
    try_hold: bool,
    /// A poll was answered in this phase.
    pub(super) answered: bool,
    /// Held polls in a row that broke off.
    breaks: u32,
    /// Answers in a row that came too soon with nothing.
    hasty: u32,
    pub(super) probe: Option<Attempt>,
    /// Probes in a row that failed.
    probes_failed: u32,
}

/// A poll under way.
#[derive(Debug)]
struct Asking {
    attempt: Attempt,
    from: Vec<(Topic, Option<Position>)>,
    wait: Duration,
    since: Instant,
}

impl Poller {
    const fn new() -> Self {
        Self {
            asking: None,
            hold: true,
            at_once: true,
            try_hold: false,
            answered: false,
            breaks: 0,
            hasty: 0,
            probe: None,
            probes_failed: 0,
        }
    }

    const fn transport(&self) -> Transport {
        if self.hold { Transport::LongPoll } else { Transport::IntervalPoll }
    }

    pub(super) fn is_asking(&self, attempt: Attempt) -> bool {
        self.asking.as_ref().is_some_and(|asking| asking.attempt == attempt)
    }

    /// Gives up the poll that is under way.
    pub(super) fn abort(&mut self, core: &mut Core) {
        core.timers.clear(Timer::PollDeadline);
        if let Some(asking) = self.asking.take() {
            core.close(asking.attempt);
        }
    }

    pub(super) fn close(mut self, core: &mut Core) {
        self.abort(core);
        if let Some(probe) = self.probe {
            core.close(probe);
        }
    }

    /// The pause before the next poll, after an answer with `news` publications to `asked`.
    fn pause(&mut self, core: &mut Core, asked: &Asking, news: u64, visible: bool) -> Duration {
        if self.at_once || news >= BACKLOG {
            return Duration::ZERO;
        }
        if !self.hold {
            let interval = core.config.poll_interval * if visible { 1 } else { HIDDEN_FACTOR };
            return core.around(interval);
        }
        let took = core.now.since(asked.since);
        if news > 0 {
            self.hasty = 0;
            return POLL_SPACING.saturating_sub(took);
        }
        if asked.wait.is_zero() || took * 2 >= asked.wait {
            self.hasty = 0;
            return Duration::ZERO;
        }
        // A server, or something in between, that does not hold the poll and has nothing to say.
        let ceiling = doubled(core.config.backoff_min, self.hasty, core.config.poll_interval);
        self.hasty = self.hasty.saturating_add(1);
        core.around(ceiling)
    }
}

impl Connection {
    pub(super) fn begin_polling(&mut self, core: &mut Core) {
        self.phase = Phase::Polling(Poller::new());
        let first = if self.socket_worked { FIRST_PROBE } else { core.config.probe_interval };
        let first = core.around(first);
        core.set_in(Timer::Probe, first);
        core.set_in(Timer::Poll, Duration::ZERO);
    }

    /// Asks, unless a poll is under way or nothing can be asked for.
    pub(super) fn poll(&mut self, core: &mut Core, subscriptions: &mut Subscriptions) {
        let Phase::Polling(poller) = &mut self.phase else { return };
        if poller.asking.is_some() {
            return;
        }
        let (from, all) = subscriptions.pollable(limits::POLL_TOPICS);
        if from.is_empty() {
            // `settle` comes back as soon as a topic has a position.
            return;
        }
        let hold = (poller.hold || poller.try_hold) && !poller.at_once;
        let wait = match (hold, all) {
            (false, _) => Duration::ZERO,
            (true, true) => core.config.poll_wait,
            (true, false) => core.config.poll_wait.min(TURN_WAIT),
        };
        poller.at_once = false;
        subscriptions.take_changed();
        let attempt = core.new_attempt();
        core.output(Output::Poll { attempt, from: from.clone(), wait });
        core.set_in(Timer::PollDeadline, wait + core.config.connect_timeout);
        core.timers.clear(Timer::Poll);
        poller.asking = Some(Asking { attempt, from, wait, since: core.now });
    }

    /// What is asked for has changed, or the network is in doubt: a held poll is replaced by one that is
    /// answered at once; one that is so already is followed by another.
    pub(super) fn poll_at_once(&mut self, core: &mut Core) {
        let Phase::Polling(poller) = &mut self.phase else { return };
        poller.at_once = true;
        match &poller.asking {
            Some(asking) if asking.wait.is_zero() => return,
            _ => poller.abort(core),
        }
        core.set_in(Timer::Poll, Duration::ZERO);
    }

    pub(crate) fn polled(
        &mut self,
        core: &mut Core,
        subscriptions: &mut Subscriptions,
        attempt: Attempt,
        frames: Vec<ServerFrame>,
    ) {
        let Phase::Polling(poller) = &mut self.phase else { return };
        let Some(asked) = poller.asking.take_if(|asking| asking.attempt == attempt) else { return };
        core.timers.clear(Timer::PollDeadline);
        let news = subscriptions.apply_poll(core, &asked.from, frames);
        if !asked.wait.is_zero() {
            poller.breaks = 0;
            poller.hold = true;
            poller.try_hold = false;
        } else if poller.breaks >= BREAKS_BEFORE_STEP_DOWN {
            poller.hold = false;
        }
        let pause = poller.pause(core, &asked, news, self.visible);
        core.set_in(Timer::Poll, pause);
        if !poller.answered {
            poller.answered = true;
            core.set_in(Timer::Stable, STABLE_AFTER);
        }
        let transport = poller.transport();
        self.up(core, transport);
    }

    /// A poll came to nothing. It is closed already.
    pub(super) fn poll_failed(&mut self, core: &mut Core, subscriptions: &mut Subscriptions, asked: Asked) {
        let Phase::Polling(poller) = &mut self.phase else { return };
        core.timers.clear(Timer::PollDeadline);
        let held = poller.asking.take().is_some_and(|asking| !asking.wait.is_zero());
        if held && asked == Asked::Nothing {
            // Perhaps only the holding is at fault: a poll that is not held will show.
            poller.breaks = poller.breaks.saturating_add(1);
            poller.try_hold = false;
            poller.at_once = true;
            let pause = core.backoff(0);
            core.set_in(Timer::Poll, pause);
            return;
        }
        let next = if asked == Asked::Nothing { Rung::WebSocket } else { Rung::Poll };
        self.leave(core, subscriptions);
        self.wait(core, asked, next);
    }

    /// Opens a WebSocket beside the polls.
    pub(super) fn probe(&mut self, core: &mut Core) {
        let Phase::Polling(poller) = &mut self.phase else { return };
        if poller.probe.is_none() {
            let attempt = core.new_attempt();
            poller.probe = Some(attempt);
            core.output(Output::Open { attempt });
            core.timers.clear(Timer::Probe);
            core.set_in(Timer::ProbeConnect, core.config.connect_timeout);
        }
    }

    pub(super) fn probe_failed(&mut self, core: &mut Core) {
        let Phase::Polling(poller) = &mut self.phase else { return };
        core.timers.clear(Timer::ProbeConnect);
        if !poller.answered && poller.asking.is_none() {
            // There is no topic to poll for: only the WebSocket can show that the server is back.
            self.wait(core, Asked::Nothing, Rung::WebSocket);
            return;
        }
        let most = PROBE_INTERVAL_MAX.max(core.config.probe_interval);
        let interval = doubled(core.config.probe_interval, poller.probes_failed, most);
        poller.probes_failed = poller.probes_failed.saturating_add(1);
        poller.try_hold = !poller.hold;
        let pause = core.around(interval * if self.visible { 1 } else { HIDDEN_FACTOR });
        core.set_in(Timer::Probe, pause);
    }

    /// There is reason to believe that things are better now: asks and probes at once.
    pub(super) fn look_up(&mut self, core: &mut Core) {
        if let Phase::Polling(poller) = &mut self.phase {
            poller.probes_failed = 0;
        }
        self.poll_at_once(core);
        self.probe(core);
    }
}
