//! The server between requests: its hub, its housekeeping, and the sessions and polls that it serves.

use std::sync::Arc;

use client_core::Input;
use futures_util::FutureExt as _;
use server::{
    hub::{Hub, HubOptions},
    store::{Appended, Effect, WorkError, log},
    time::Millis,
    transport::{
        hold::Hold,
        session::{Ending, Session, SessionLimits},
    },
};
use shared::{CloseCode, TopicKind, frame::decode_poll};

use crate::{
    Plant,
    action::Action,
    link::{Basket, Kind, Served},
    rights,
    world::World,
};

/// A server hears nothing from a client for this long before it lets go, in milliseconds.
const HEARTBEAT_TIMEOUT_MS: u64 = 60_000;
/// Between two looks at what was missed, in milliseconds.
const TIDY_EVERY_MS: u64 = 5_000;
/// Between two runs of retention, in milliseconds.
const TRIM_EVERY_MS: u64 = 10_000;
/// A topic that nobody has read for this long is forgotten, in milliseconds.
const IDLE_MS: u64 = 60_000;
/// How long something in between lets a held poll be, where it breaks them, in milliseconds.
const BREAK_AFTER_MS: u64 = 2_000;
/// How long a slow reader takes to read what it was sent, in milliseconds.
const SLOW_READER_MS: u64 = 10;
/// Rounds in which everybody with something to send has sent it.
const ROUNDS_MAX: u32 = 100;
const LIMITS: SessionLimits =
    SessionLimits { subscriptions: 64, frames_per_second: 20, heartbeat_interval_ms: 25_000 };

/// Everything here is done at once: a future that waits is a fault of the simulation.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    match future.now_or_never() {
        Some(value) => value,
        None => unreachable!("the store works inline"),
    }
}

impl World {
    pub(crate) fn start_server(&mut self) {
        self.server_life += 1;
        let options = HubOptions {
            window_ms: TopicKind::ALL.map(|kind| (kind, self.window_ms)),
            tail_bytes: self.tail_bytes,
            idle_ms: IDLE_MS,
            ..HubOptions::default()
        };
        self.hub = Some(Arc::new(Hub::new(self.store.clone(), options)));
    }

    /// A commit is announced to the hub; what is missing before it is read from the store.
    pub(crate) fn bell(&mut self, appended: &[Appended]) {
        let Some(hub) = self.hub.clone() else { return };
        let at = Millis(self.now);
        let mut appended = appended.to_vec();
        if self.plant == Some(Plant::StaleRights) {
            for entry in &mut appended {
                entry.effect = Effect::None;
            }
        }
        if self.plant == Some(Plant::Renumber) {
            for entry in &mut appended {
                if let Ok(topic) = now(hub.topic(at, &entry.topic)) {
                    entry.offset = entry.offset.min(topic.head().next());
                }
            }
        }
        for missed in hub.accept(at, &appended) {
            // What cannot be read now is found by `tidy`, as in the server's pump.
            drop(now(hub.catch_up(at, &missed)));
        }
    }

    pub(crate) fn tidy(&mut self) {
        if let Some(hub) = self.hub.clone() {
            drop(now(hub.tidy(Millis(self.now))));
        }
        self.later(TIDY_EVERY_MS, Action::Tidy);
    }

    /// Retention, as the server's housekeeping does it.
    pub(crate) fn trim(&mut self) {
        let Some(count) = self.keep else { return };
        self.later(TRIM_EVERY_MS, Action::Trim);
        let Some(hub) = self.hub.clone() else { return };
        let retention = log::Retention { count: Some(count), age_s: None };
        let at = self.unix_ms();
        let trimmed = now(self.store.write(async move |tx| {
            log::trim(tx, TopicKind::Event, retention, at).await.map_err(WorkError::<()>::Store)
        }));
        if let Ok(Ok(trimmed)) = trimmed {
            for (topic, upto) in trimmed {
                hub.trim(&topic, upto);
            }
        }
    }

    /// A WebSocket or a poll has arrived.
    pub(crate) fn arrive(&mut self, id: u64) {
        let Some(link) = self.links.get(&id) else { return };
        if link.dead {
            self.links.remove(&id);
            return;
        }
        let Some(hub) = self.hub.clone() else { return self.end(id, None) };
        let Ok(connection) = format!("c{id}").parse() else { return };
        let (page, watcher) = (link.page, format!("w{}", link.page).parse().ok());
        let mut session =
            Session::new(hub, rights::reader(page), connection, watcher, LIMITS, Millis(self.now));
        match &link.kind {
            Kind::Socket => {
                session.greet(None, self.unix_ms());
                self.serve(id, Served::Socket(session), 0);
                self.later(HEARTBEAT_TIMEOUT_MS, Action::Heartbeat { link: id });
            }
            Kind::Poll { from, wait_ms } => {
                let wait_ms = *wait_ms;
                let Ok(hold) = now(Hold::begin(session, from.clone(), true)) else {
                    return self.end(id, None);
                };
                self.serve(id, Served::Poll(hold), wait_ms);
                if self.pages[page].polls_broken && wait_ms > 0 {
                    self.later(BREAK_AFTER_MS, Action::Break { link: id });
                }
                self.later(wait_ms, Action::Drain { link: id });
            }
        }
        self.drain(id);
    }

    fn serve(&mut self, id: u64, served: Served, wait_ms: u64) {
        if let Some(link) = self.links.get_mut(&id) {
            link.served = Some(Box::new(served));
            link.heard_at = self.now;
            link.until = self.now + wait_ms;
        }
    }

    /// A text from a client has arrived.
    pub(crate) fn hear(&mut self, id: u64, text: &str) {
        let (at, unix_ms) = (Millis(self.now), self.unix_ms());
        let Some(link) = self.links.get_mut(&id).filter(|link| !link.dead) else { return };
        let Some(Served::Socket(session)) = link.served.as_deref_mut() else { return };
        link.heard_at = at.0;
        match now(session.receive(at, unix_ms, text)) {
            Ok(()) => self.drain(id),
            Err(Ending(code)) => self.end(id, Some(code)),
        }
    }

    /// The server lets go of a client that it has not heard.
    pub(crate) fn heartbeat(&mut self, id: u64) {
        let Some(link) = self.links.get(&id).filter(|_| self.plant != Some(Plant::NoHeartbeat)) else {
            return;
        };
        let due = link.heard_at + HEARTBEAT_TIMEOUT_MS;
        if self.now >= due {
            self.end(id, Some(CloseCode::HeartbeatLost));
        } else {
            self.at(due, Action::Heartbeat { link: id });
        }
    }

    /// Sends what there is, as far as there is room.
    pub(crate) fn drain(&mut self, id: u64) {
        let at = Millis(self.now);
        let Some(link) = self.links.get_mut(&id) else { return };
        link.draining = false;
        match link.served.as_deref_mut() {
            Some(Served::Socket(session)) => {
                let mut basket = Basket::default();
                let drained = now(session.drain(at, &mut basket));
                link.draining = session.signal().is_set() || session.has_replies();
                if link.draining {
                    self.later(SLOW_READER_MS, Action::Drain { link: id });
                }
                for text in basket.texts {
                    self.frame_down(id, &text);
                }
                if let Err(Ending(code)) = drained {
                    self.end(id, Some(code));
                }
            }
            Some(Served::Poll(hold)) => match now(hold.look(at)) {
                Ok(true) => self.answer(id),
                Ok(false) if link.until <= at.0 => self.answer(id),
                Ok(false) => {}
                Err(_) => self.end(id, None),
            },
            None => {}
        }
    }

    /// The answer to a poll goes out and its session ends.
    pub(crate) fn answer(&mut self, id: u64) {
        let Some(mut link) = self.links.remove(&id) else { return };
        let Kind::Poll { wait_ms, .. } = link.kind else { return };
        let Some(Served::Poll(hold)) = link.served.take().map(|served| *served) else { return };
        let body = hold.finish(Millis(self.now), wait_ms > 0);
        if link.dead {
            return;
        }
        let attempt = link.attempt;
        let input = match decode_poll(&body) {
            Ok(frames) => {
                for frame in &frames {
                    self.check_rights(link.page, frame);
                }
                let frames = frames.into_iter().filter_map(|frame| self.spoil(frame)).collect();
                Input::Polled { attempt, frames }
            }
            Err(_) => Input::ReceivedNonsense { attempt },
        };
        let delay = self.delay(link.page);
        self.later(delay, Action::Input { page: link.page, life: link.life, input: Box::new(input) });
    }

    /// Everything that has something to send does so.
    pub(crate) fn pump(&mut self) {
        for _ in 0..ROUNDS_MAX {
            let waiting: Vec<u64> =
                self.links.iter().filter(|(_, link)| link.is_ready()).map(|(id, _)| *id).collect();
            if waiting.is_empty() {
                return;
            }
            for id in waiting {
                self.drain(id);
            }
        }
        self.report.violations.unbounded += 1;
    }
}
