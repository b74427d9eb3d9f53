//! The connection of a tab that another one has for it, and the change from one to the other.

use std::time::Duration;

use super::{Connection, Phase, Rung, socket};
use crate::{Status, Transport, core::Core, subscription::Subscriptions};

/// How long another tab may take to answer. It is on the same machine, but that may be busy with ten tabs.
const LEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// A timer that fires this much later than it was due says more about this tab than about its leader: a
/// browser slows the timers of hidden tabs down to one a second, and a stalled machine stalls both tabs.
const LATE: Duration = Duration::from_secs(1);

impl Connection {
    /// Another tab leads, or this one does: what is open is by the wrong way.
    pub(crate) fn led(&mut self, core: &mut Core, subscriptions: &mut Subscriptions, led: bool) {
        if self.led != led {
            self.led = led;
            if !matches!(self.phase, Phase::Idle) {
                self.leave(core, subscriptions);
                self.begin_anew(core, Rung::WebSocket);
            }
        }
    }

    /// Closes what is open and connects again by the same way.
    pub(crate) fn renew(&mut self, core: &mut Core, subscriptions: &mut Subscriptions) {
        let rung = match self.phase {
            Phase::Idle => return,
            Phase::Polling(_) | Phase::Waiting(Rung::Poll) => Rung::Poll,
            _ => Rung::WebSocket,
        };
        self.leave(core, subscriptions);
        self.begin_anew(core, rung);
    }

    /// What failed before, and what the server asked for then, was about another connection.
    fn begin_anew(&mut self, core: &mut Core, rung: Rung) {
        self.forget_failures();
        self.socket_failures = 0;
        self.not_before = None;
        self.stale_since.get_or_insert(core.now);
        self.attempt(core, rung);
    }

    /// The tab that has the connection says how it is connected.
    pub(crate) fn leader(&mut self, core: &mut Core, status: Status, transport: Transport) {
        if self.led {
            self.leader = Some((status, transport));
            self.follow_leader(core);
        }
    }

    /// A tab that is served is as up to date as its leader.
    pub(super) fn follow_leader(&mut self, core: &mut Core) {
        let (Phase::Connected(link), Some((status, transport))) = (&self.phase, self.leader) else { return };
        if !link.live {
            return;
        }
        match status {
            Status::Live | Status::Polling => self.up(core, transport),
            Status::Reconnecting { since, .. } | Status::Offline { since } => {
                self.stale_since = Some(since);
                self.was_up = true;
            }
            Status::Connecting | Status::Refused { .. } => {
                self.stale_since.get_or_insert(core.now);
            }
        }
    }

    pub(super) const fn connect_timeout(&self, core: &Core) -> Duration {
        if self.led { LEADER_TIMEOUT } else { core.config.connect_timeout }
    }

    /// How long the answer may take to a heartbeat that is sent because something is in doubt.
    pub(super) const fn quick_timeout(&self) -> Duration {
        if self.led { LEADER_TIMEOUT } else { socket::QUICK_TIMEOUT }
    }

    /// Whether a leader's time is not over, although its timer fired: it fired so `late` that the answer may
    /// be here and not have had its turn yet. A leader that says nothing is given more time once.
    pub(super) const fn is_excused(&mut self, late: Duration) -> bool {
        let excused = self.led && !self.excused && late.as_millis() > LATE.as_millis();
        self.excused |= excused;
        excused
    }
}
