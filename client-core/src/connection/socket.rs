//! The WebSocket: coming up, heartbeats, going down.

use std::time::Duration;

use shared::{
    ClientFrame, CloseCode, ServerFrame, Topic, TopicKind,
    frame::{Connected, PROTOCOL_VERSION, Ping, Reconnect, Subscribe, TopicName, Typing},
};

use super::{Asked, Connection, Phase, STABLE_AFTER};
use crate::{Attempt, Event, Output, Transport, core::Core, subscription::Subscriptions, time::Timer};

/// How long the answer may take to a heartbeat that was sent because the network is in doubt.
pub(super) const QUICK_TIMEOUT: Duration = Duration::from_secs(2);
/// What a server may ask for as the interval of heartbeats.
const HEARTBEAT_MIN: Duration = Duration::from_secs(1);
const HEARTBEAT_MAX: Duration = Duration::from_mins(5);
/// A hidden page heartbeats this much more rarely. The server allows more than twice the interval.
const HIDDEN_FACTOR: u32 = 2;

/// A WebSocket whose server has said `connected`.
#[derive(Debug)]
pub(crate) struct Link {
    pub(super) attempt: Attempt,
    /// Polls kept the page up to date until this socket took over; so it counts as polling till it is live.
    pub(super) from_polling: bool,
    /// Every subscription was answered once.
    pub(super) live: bool,
    heartbeat: Duration,
    /// The server named a delay for the close to come.
    asked: Asked,
}

impl Link {
    /// What a frame says about the connection itself.
    pub(super) fn hear(&mut self, frame: &ServerFrame) {
        match frame {
            ServerFrame::Reconnect(Reconnect { delay_ms }) => {
                self.asked = Asked::Exactly(Duration::from_millis(*delay_ms));
            }
            ServerFrame::Error(detail) if detail.topic.is_none() && detail.reference.is_none() => {
                if let (Some(delay_ms), false) =
                    (detail.retry_after_ms, matches!(self.asked, Asked::Exactly(_)))
                {
                    self.asked = Asked::AtLeast(Duration::from_millis(delay_ms));
                }
            }
            _ => {}
        }
    }
}

impl Connection {
    pub(super) fn open(&mut self, core: &mut Core) {
        let attempt = core.new_attempt();
        core.output(Output::Open { attempt });
        core.set_in(Timer::Connect, self.connect_timeout(core));
        self.leader = None;
        self.excused = false;
        self.phase = Phase::Opening(attempt);
    }

    /// The first frame of a WebSocket that was opened, or that was probed beside polling.
    pub(super) fn greeted(
        &mut self,
        core: &mut Core,
        subscriptions: &mut Subscriptions,
        attempt: Attempt,
        frame: ServerFrame,
    ) {
        match frame {
            ServerFrame::Connected(connected) if connected.protocol > PROTOCOL_VERSION => {
                // A later protocol than this code knows: only a newer page can help.
                self.leave(core, subscriptions);
                self.refused(core, subscriptions, CloseCode::ProtocolViolation.number());
            }
            ServerFrame::Connected(connected) => self.connected(core, subscriptions, attempt, &connected),
            ServerFrame::Error(_) => subscriptions.frame(core, frame),
            _ => core.counters.nonsense += 1,
        }
    }

    fn connected(
        &mut self,
        core: &mut Core,
        subscriptions: &mut Subscriptions,
        attempt: Attempt,
        connected: &Connected,
    ) {
        let from_polling = self.is_answering();
        if let Phase::Polling(poller) = &mut self.phase {
            // The poll's answer, if it is on its way, is not waited for: the socket goes on from the
            // same position.
            poller.probe = None;
            poller.abort(core);
        }
        core.timers.clear_connection();
        subscriptions.disconnected();
        core.counters.connections_opened += 1;
        self.socket_worked = true;
        self.excused = false;
        self.phase = Phase::Connected(Link {
            attempt,
            from_polling,
            live: false,
            heartbeat: heartbeat(core, connected.heartbeat_interval_ms),
            asked: Asked::Nothing,
        });
        core.set_in(Timer::Connect, self.connect_timeout(core));
        core.set_in(Timer::Stable, STABLE_AFTER);
        self.set_heartbeat(core);
    }

    /// The WebSocket is gone, or never came to life. It is closed already.
    pub(super) fn socket_failed(&mut self, core: &mut Core, subscriptions: &mut Subscriptions, asked: Asked) {
        subscriptions.disconnected();
        let (live, asked) = match &self.phase {
            Phase::Connected(link) if asked == Asked::Nothing => (link.live, link.asked),
            Phase::Connected(link) => (link.live, asked),
            _ => (false, asked),
        };
        // A virtual socket ends by a leader that does not answer, and by nothing else.
        self.socket_failures = if live && !self.led { 0 } else { self.socket_failures.saturating_add(1) };
        let next = self.next_rung(core);
        if self.led && self.socket_failures >= core.config.failures_before_step_down {
            core.emit(Event::LeaderSilent);
        }
        let steps_down = !self.led && !live && self.socket_failures == core.config.failures_before_step_down;
        if steps_down && self.online && asked == Asked::Nothing {
            // Once per outage the lower rung is tried without a pause.
            self.stale_since.get_or_insert(core.now);
            self.failing_since.get_or_insert(core.now);
            self.failures = self.failures.saturating_add(1);
            self.attempt(core, next);
        } else {
            self.wait(core, asked, next);
        }
    }

    /// Subscribes to what is due and finds out whether all is answered.
    pub(super) fn subscribe_due(&mut self, core: &mut Core, subscriptions: &mut Subscriptions) {
        for (topic, position, reference) in subscriptions.ask_due(core) {
            self.send(
                core,
                ClientFrame::Subscribe(Subscribe {
                    // The list of events shows nobody.
                    presence: topic.kind() != TopicKind::Events && topic.kind().people_named() > 0,
                    name: TopicName::Topic(topic),
                    since: Some(position),
                    reference: Some(reference),
                }),
            );
        }
        if let Phase::Connected(link) = &mut self.phase
            && !link.live
            && subscriptions.all_answered()
        {
            link.live = true;
            core.timers.clear(Timer::Connect);
            self.socket_failures = 0;
            if self.led {
                self.follow_leader(core);
            } else {
                self.up(core, Transport::WebSocket);
            }
        }
    }

    /// Says that somebody is typing, or is not: to a server that hears it at once, or to nobody.
    pub(crate) fn typing(&self, core: &mut Core, topic: Topic, on: bool) {
        self.send(core, ClientFrame::Typing(Typing { name: TopicName::Topic(topic), on }));
    }

    pub(super) fn send(&self, core: &mut Core, frame: ClientFrame) {
        if let Phase::Connected(link) = &self.phase {
            core.output(Output::Send { attempt: link.attempt, frame });
            self.set_heartbeat(core);
        }
    }

    /// The next heartbeat, counted from now.
    pub(super) fn set_heartbeat(&self, core: &mut Core) {
        if let Phase::Connected(link) = &self.phase {
            let factor = if self.visible { 1 } else { HIDDEN_FACTOR };
            core.set_in(Timer::Heartbeat, link.heartbeat * factor);
        }
    }

    /// Sends a heartbeat that must be answered within `timeout`; one that is under way will do, but must
    /// not take longer than that either.
    pub(super) fn check(&self, core: &mut Core, timeout: Duration) {
        let deadline = core.now + timeout;
        if let Some(pending) = core.timers.get(Timer::Pong) {
            core.timers.set(Timer::Pong, pending.min(deadline));
        } else {
            self.send(core, ClientFrame::Ping(Ping::default()));
            core.timers.set(Timer::Pong, deadline);
        }
    }

    /// After a sleep: what was pending before it says nothing.
    pub(super) fn check_anew(&self, core: &mut Core) {
        core.timers.clear(Timer::Pong);
        self.check(core, self.quick_timeout());
    }
}

/// The interval that the server names, within reason; 0 leaves it to the client.
fn heartbeat(core: &Core, asked_ms: u64) -> Duration {
    match asked_ms {
        0 => core.config.heartbeat_interval,
        asked => Duration::from_millis(asked).clamp(HEARTBEAT_MIN, HEARTBEAT_MAX),
    }
}
