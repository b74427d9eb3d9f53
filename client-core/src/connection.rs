//! The connection: one phase at a time, from the first attempt over backoff to polling and back.
//!
//! It decides which transport is tried when, and when one is given up. What a topic needs it learns from
//! `subscription`; time and randomness come from `core`. It never looks into a publication. Called by
//! `client`.

mod hints;
mod led;
mod polling;
mod socket;

use std::time::Duration;

use shared::{ServerFrame, Topic, code};

pub(crate) use self::polling::Poller;
pub(crate) use self::socket::Link;
use crate::{Attempt, Instant, Status, Transport, core::Core, subscription::Subscriptions, time::Timer};

/// Longest delay that a server may ask for.
pub(crate) const ASKED_DELAY_MAX: Duration = Duration::from_mins(5);
/// How long a connection must hold before its failures are forgotten. `connected` alone does not do: a
/// server that accepts and closes at once would be called without end.
const STABLE_AFTER: Duration = Duration::from_secs(10);
/// In the first moments of an outage the ceiling of the backoff stays at [`EAGER_CEILING`], so that a
/// server's restart is noticed soon after it; only then does it grow to `backoff_max`.
const EAGER_SPAN: Duration = Duration::from_secs(15);
const EAGER_CEILING: Duration = Duration::from_millis(1500);

/// What is going on. One variant per rung and per pause; everything a phase needs lives in it.
#[derive(Debug, Default)]
pub(crate) enum Phase {
    /// Not started, or stopped.
    #[default]
    Idle,
    /// A WebSocket is being opened; it lasts until the server's `connected`.
    Opening(Attempt),
    /// The server has said `connected`.
    Connected(Link),
    /// Polls do the work; a WebSocket is probed beside them.
    Polling(Poller),
    /// Until [`Timer::Retry`], then by this transport.
    Waiting(Rung),
    /// There is no network, says the browser.
    Offline,
    /// The server said not to come back.
    Refused { code: u16 },
}

/// Which kind of attempt comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rung {
    WebSocket,
    Poll,
}

#[derive(Debug)]
pub(crate) struct Connection {
    phase: Phase,
    /// What the browser says. It is believed when it says no.
    online: bool,
    visible: bool,
    /// By which way the bytes last travelled.
    transport: Transport,
    /// WebSocket attempts in a row that never came to life.
    socket_failures: u32,
    /// Failures of any kind since something last held for [`STABLE_AFTER`]: the backoff's exponent.
    failures: u32,
    /// The first of them.
    failing_since: Option<Instant>,
    /// Since when the page is out of date; `None` while it is not.
    stale_since: Option<Instant>,
    /// The page was up to date once.
    was_up: bool,
    /// When the attempt that is under way began.
    tried_at: Instant,
    /// The server asked not to be called before.
    not_before: Option<Instant>,
    last_hint: Option<Instant>,
    /// When somebody began to look at the page again, and what is open was asked whether it lives.
    seen: Option<Instant>,
    /// A WebSocket has worked in this client's life.
    socket_worked: bool,
    /// Another tab of this browser has the connection; what is opened is a virtual socket to it.
    led: bool,
    /// How that tab is connected, if it has said so since the virtual socket was opened.
    leader: Option<(Status, Transport)>,
    /// That tab was given more time, and has said nothing since.
    excused: bool,
}

impl Default for Connection {
    fn default() -> Self {
        Self {
            phase: Phase::Idle,
            online: true,
            visible: true,
            transport: Transport::WebSocket,
            socket_failures: 0,
            failures: 0,
            failing_since: None,
            stale_since: None,
            was_up: false,
            tried_at: Instant::default(),
            not_before: None,
            last_hint: None,
            seen: None,
            socket_worked: false,
            led: false,
            leader: None,
            excused: false,
        }
    }
}

impl Connection {
    pub(crate) const fn transport(&self) -> Transport {
        self.transport
    }

    pub(crate) const fn is_polling(&self) -> bool {
        matches!(self.phase, Phase::Polling(_))
    }

    /// The server answers, by whichever way.
    pub(crate) const fn is_answering(&self) -> bool {
        match &self.phase {
            Phase::Connected(link) => link.live,
            Phase::Polling(poller) => poller.answered,
            _ => false,
        }
    }

    pub(crate) fn status(&self, core: &Core) -> Status {
        let since = self.stale_since.unwrap_or(core.now);
        let trying = |next_try| {
            // The first moments are a beginning, not a fault; and that no tab answers says nothing of the
            // server.
            if self.was_up || (self.failures > 0 && !self.led) {
                Status::Reconnecting { since, next_try }
            } else {
                Status::Connecting
            }
        };
        match &self.phase {
            Phase::Idle => Status::Connecting,
            Phase::Connected(link) if link.live && self.led => {
                self.leader.map_or_else(|| trying(self.tried_at), |(status, _)| status)
            }
            Phase::Connected(link) if link.live => Status::Live,
            Phase::Connected(link) if link.from_polling => Status::Polling,
            Phase::Polling(poller) if poller.answered => Status::Polling,
            Phase::Opening(_) | Phase::Connected(_) | Phase::Polling(_) => trying(self.tried_at),
            Phase::Waiting(_) => trying(core.timers.get(Timer::Retry).unwrap_or(core.now)),
            Phase::Offline => Status::Offline { since },
            Phase::Refused { code } => Status::Refused { code: *code },
        }
    }

    pub(crate) fn start(&mut self, core: &mut Core) {
        if matches!(self.phase, Phase::Idle) {
            self.stale_since = Some(core.now);
            self.attempt(core, Rung::WebSocket);
        }
    }

    pub(crate) fn stop(&mut self, core: &mut Core, subscriptions: &mut Subscriptions) {
        self.leave(core, subscriptions);
        self.phase = Phase::Idle;
        self.was_up = false;
        self.forget_failures();
        self.socket_failures = 0;
    }

    /// Closes whatever is open. The caller sets the next phase.
    fn leave(&mut self, core: &mut Core, subscriptions: &mut Subscriptions) {
        match std::mem::take(&mut self.phase) {
            Phase::Opening(attempt) => core.close(attempt),
            Phase::Connected(link) => core.close(link.attempt),
            Phase::Polling(poller) => poller.close(core),
            Phase::Idle | Phase::Waiting(_) | Phase::Offline | Phase::Refused { .. } => {}
        }
        core.timers.clear_connection();
        subscriptions.disconnected();
    }

    /// Tries now, by this transport, unless there is no network.
    fn attempt(&mut self, core: &mut Core, rung: Rung) {
        core.timers.clear_connection();
        self.tried_at = core.now;
        // Other tabs are reached without a network.
        if !self.online && !self.led {
            self.phase = Phase::Offline;
            return;
        }
        self.force_attempt(core, rung);
    }

    fn force_attempt(&mut self, core: &mut Core, rung: Rung) {
        core.timers.clear_connection();
        self.tried_at = core.now;
        match rung {
            Rung::WebSocket => self.open(core),
            Rung::Poll => self.begin_polling(core),
        }
    }

    /// Everything is closed; waits as long as the backoff or the server says.
    fn wait(&mut self, core: &mut Core, asked: Asked, next: Rung) {
        self.stale_since.get_or_insert(core.now);
        let failing_since = *self.failing_since.get_or_insert(core.now);
        let mut ceiling = core.backoff_ceiling(self.failures);
        if core.now.since(failing_since) < EAGER_SPAN {
            ceiling = ceiling.min(EAGER_CEILING.max(core.config.backoff_min));
        }
        self.failures = self.failures.saturating_add(1);
        let own = core.jitter(ceiling);
        let delay = match asked {
            Asked::Nothing => own,
            Asked::AtLeast(least) => own.max(least.min(ASKED_DELAY_MAX)),
            Asked::Exactly(delay) => delay.min(ASKED_DELAY_MAX),
        };
        self.not_before = (asked != Asked::Nothing).then(|| core.now + delay);
        core.timers.clear_connection();
        if self.online || self.led {
            core.set_in(Timer::Retry, delay);
            self.phase = Phase::Waiting(next);
        } else {
            self.phase = Phase::Offline;
        }
    }

    /// What to try after a WebSocket that failed.
    const fn next_rung(&self, core: &Core) -> Rung {
        if self.led || self.socket_failures < core.config.failures_before_step_down {
            Rung::WebSocket
        } else {
            Rung::Poll
        }
    }

    const fn forget_failures(&mut self) {
        self.failures = 0;
        self.failing_since = None;
    }

    /// The page is up to date by this transport.
    fn up(&mut self, core: &mut Core, transport: Transport) {
        if self.stale_since.take().is_some() && self.was_up {
            core.counters.reconnects += 1;
        }
        self.was_up = true;
        self.online = true;
        self.not_before = None;
        self.use_transport(core, transport);
    }

    fn use_transport(&mut self, core: &mut Core, transport: Transport) {
        if self.transport != transport {
            self.transport = transport;
            core.counters.transport_changes += 1;
        }
    }

    pub(crate) fn received(
        &mut self,
        core: &mut Core,
        subscriptions: &mut Subscriptions,
        attempt: Attempt,
        frame: ServerFrame,
    ) {
        match &mut self.phase {
            Phase::Connected(link) if link.attempt == attempt => {
                self.excused = false;
                core.timers.clear(Timer::Pong);
                link.hear(&frame);
                subscriptions.frame(core, frame);
            }
            Phase::Opening(current) if *current == attempt => {
                self.greeted(core, subscriptions, attempt, frame);
            }
            Phase::Polling(poller) if poller.probe == Some(attempt) => {
                self.greeted(core, subscriptions, attempt, frame);
            }
            _ => {}
        }
    }

    /// Something came that is no frame.
    pub(crate) fn nonsense(&mut self, core: &mut Core, subscriptions: &mut Subscriptions, attempt: Attempt) {
        match &self.phase {
            Phase::Connected(link) if link.attempt == attempt => {
                core.counters.nonsense += 1;
                core.timers.clear(Timer::Pong);
                subscriptions.nonsense(core);
            }
            // Before its greeting a socket that speaks nonsense is no server of ours, and so is whoever
            // answers a poll with it.
            Phase::Opening(_) | Phase::Polling(_) if self.is_current(attempt) => {
                core.counters.nonsense += 1;
                core.close(attempt);
                self.closed(core, subscriptions, attempt, None, None);
            }
            _ => {}
        }
    }

    fn is_current(&self, attempt: Attempt) -> bool {
        match &self.phase {
            Phase::Opening(current) => *current == attempt,
            Phase::Connected(link) => link.attempt == attempt,
            Phase::Polling(poller) => poller.probe == Some(attempt) || poller.is_asking(attempt),
            _ => false,
        }
    }

    pub(crate) fn closed(
        &mut self,
        core: &mut Core,
        subscriptions: &mut Subscriptions,
        attempt: Attempt,
        code: Option<u16>,
        retry_after: Option<Duration>,
    ) {
        if !self.is_current(attempt) {
            return;
        }
        let asked = retry_after.map_or(Asked::Nothing, Asked::AtLeast);
        match &mut self.phase {
            Phase::Polling(poller) if poller.probe == Some(attempt) => {
                poller.probe = None;
                self.probe_failed(core);
            }
            Phase::Polling(_) => self.poll_failed(core, subscriptions, asked),
            _ => match code.filter(|code| !code::may_reconnect(*code)) {
                Some(code) => self.refused(core, subscriptions, code),
                None => self.socket_failed(core, subscriptions, asked),
            },
        }
    }

    fn refused(&mut self, core: &mut Core, subscriptions: &mut Subscriptions, code: u16) {
        core.timers.clear_connection();
        subscriptions.disconnected();
        self.stale_since.get_or_insert(core.now);
        self.phase = Phase::Refused { code };
    }

    /// The timer has fired, this `late`.
    pub(crate) fn due(
        &mut self,
        core: &mut Core,
        subscriptions: &mut Subscriptions,
        timer: Timer,
        late: Duration,
    ) {
        if matches!(timer, Timer::Connect | Timer::Pong) && self.is_excused(late) {
            core.set_in(timer, self.connect_timeout(core));
            return;
        }
        match (timer, &mut self.phase) {
            (Timer::Connect, Phase::Opening(attempt)) => {
                core.close(*attempt);
                self.socket_failed(core, subscriptions, Asked::Nothing);
            }
            (Timer::Connect, Phase::Connected(link)) if !link.live => {
                core.close(link.attempt);
                self.socket_failed(core, subscriptions, Asked::Nothing);
            }
            (Timer::Pong, Phase::Connected(link)) => {
                core.close(link.attempt);
                self.socket_failed(core, subscriptions, Asked::Nothing);
                self.hint_if_just_seen(core);
            }
            (Timer::Heartbeat, Phase::Connected(_)) => self.check(core, core.config.heartbeat_timeout),
            (Timer::Retry, Phase::Waiting(rung)) => {
                let rung = *rung;
                self.attempt(core, rung);
            }
            (Timer::Stable, Phase::Connected(_) | Phase::Polling(_)) => self.forget_failures(),
            (Timer::Poll, Phase::Polling(_)) => self.poll(core, subscriptions),
            (Timer::PollDeadline, Phase::Polling(poller)) => {
                poller.abort(core);
                self.poll_failed(core, subscriptions, Asked::Nothing);
            }
            (Timer::Probe, Phase::Polling(_)) => self.probe(core),
            (Timer::ProbeConnect, Phase::Polling(poller)) => {
                if let Some(probe) = poller.probe.take() {
                    core.close(probe);
                    self.probe_failed(core);
                }
            }
            _ => {}
        }
    }

    /// After every input: asks for what has become due by the transport there is.
    pub(crate) fn settle(&mut self, core: &mut Core, subscriptions: &mut Subscriptions) {
        match &mut self.phase {
            Phase::Connected(_) => self.subscribe_due(core, subscriptions),
            Phase::Polling(_) => {
                if subscriptions.take_changed() {
                    self.poll_at_once(core);
                }
                if core.timers.take_due(Timer::Poll, core.now) {
                    self.poll(core, subscriptions);
                }
            }
            _ => {}
        }
    }

    /// A topic that the server knows of is not wanted any more.
    pub(crate) fn unsubscribe(&mut self, core: &mut Core, topic: Topic) {
        if matches!(self.phase, Phase::Connected(_)) {
            let name = shared::frame::TopicName::Topic(topic);
            self.send(core, shared::ClientFrame::Unsubscribe(name));
        }
    }
}

/// What the server said about when to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Nothing,
    /// `Retry-After`, or `retryAfterMs` of an error.
    AtLeast(Duration),
    /// A `reconnect` frame: this client's own place in the queue.
    Exactly(Duration),
}
