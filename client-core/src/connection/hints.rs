//! What comes from outside the connection: the browser's word on the network, the page being hidden and
//! seen again, a sleeping machine, somebody pressing "Try now".

use std::time::Duration;

use super::{Connection, Phase, Rung};
use crate::{core::Core, subscription::Subscriptions, time::Timer};

/// Least time between two attempts that the browser's hints (online, visible) set off.
const HINT_SPACING: Duration = Duration::from_secs(1);

/// How long a heartbeat's answer may take when the page is seen again: somebody looks, and what they see is to be true
/// two seconds later. A socket that was given up for a slow answer costs a handshake and loses nothing.
pub(super) const SEEN_TIMEOUT: Duration = Duration::from_secs(1);

impl Connection {
    pub(crate) fn online(&mut self, core: &mut Core, online: bool) {
        self.online = online;
        if self.led {
            // The leader finds out what that means.
            return;
        }
        match &mut self.phase {
            // Hearsay is no reason to tear down what works; a heartbeat finds out.
            Phase::Connected(_) => self.check(core, self.quick_timeout()),
            Phase::Polling(_) | Phase::Waiting(_) if online => self.hint(core),
            Phase::Polling(_) => self.poll_at_once(core),
            Phase::Offline if online => {
                self.phase = Phase::Waiting(self.next_rung(core));
                self.hint(core);
            }
            Phase::Opening(attempt) if !online => {
                core.close(*attempt);
                core.timers.clear_connection();
                self.phase = Phase::Offline;
            }
            Phase::Waiting(_) => {
                core.timers.clear_connection();
                self.phase = Phase::Offline;
            }
            _ => {}
        }
    }

    pub(crate) fn visible(&mut self, core: &mut Core, visible: bool) {
        let changed = self.visible != visible;
        self.visible = visible;
        if visible {
            match self.phase {
                Phase::Connected(_) if changed && !self.led => {
                    self.seen = Some(core.now);
                    self.check(core, SEEN_TIMEOUT);
                }
                Phase::Connected(_) => self.check(core, self.quick_timeout()),
                Phase::Polling(_) | Phase::Waiting(_) => self.hint(core),
                _ => {}
            }
        } else if changed {
            self.set_heartbeat(core);
        }
    }

    /// Somebody asks for it: no spacing, no regard for what the browser or the server said before.
    pub(crate) fn try_now(&mut self, core: &mut Core) {
        match self.phase {
            Phase::Connected(_) => self.check(core, self.quick_timeout()),
            Phase::Polling(_) => self.look_up(core),
            Phase::Waiting(rung) => self.force_attempt(core, rung),
            Phase::Offline | Phase::Refused { .. } => self.force_attempt(core, Rung::WebSocket),
            Phase::Idle | Phase::Opening(_) => {}
        }
    }

    /// The browser hints that it may work now: try at once, though not more than once a
    /// [`HINT_SPACING`], and not before the server wants it.
    fn hint(&mut self, core: &mut Core) {
        let spaced = self.last_hint.map_or(core.now, |last| last + HINT_SPACING);
        let at = spaced.max(self.not_before.unwrap_or(core.now));
        match self.phase {
            Phase::Waiting(rung) if at <= core.now => {
                self.last_hint = Some(core.now);
                self.attempt(core, rung);
            }
            Phase::Waiting(_) => {
                let due = core.timers.get(Timer::Retry).map_or(at, |due| due.min(at));
                core.timers.set(Timer::Retry, due);
            }
            Phase::Polling(_) if at <= core.now => {
                self.last_hint = Some(core.now);
                self.look_up(core);
            }
            _ => {}
        }
    }

    /// The socket was found dead. If that is because somebody looks at the page again, they do not wait for a backoff.
    pub(super) fn hint_if_just_seen(&mut self, core: &mut Core) {
        if self.seen.take().is_some_and(|seen| core.now.since(seen) <= SEEN_TIMEOUT * 2) {
            self.hint(core);
        }
    }

    /// A timer fired far too late: the machine slept, and whatever was open may be dead without a word.
    pub(crate) fn woke(&mut self, core: &mut Core, subscriptions: &mut Subscriptions) {
        match &mut self.phase {
            Phase::Connected(_) => self.check_anew(core),
            Phase::Opening(_) => {
                self.leave(core, subscriptions);
                self.attempt(core, Rung::WebSocket);
            }
            Phase::Polling(poller) => {
                poller.abort(core);
                if let Some(probe) = poller.probe.take() {
                    core.close(probe);
                    core.timers.clear(Timer::ProbeConnect);
                }
                self.look_up(core);
            }
            // The retry is overdue and fires by itself.
            _ => {}
        }
    }
}
