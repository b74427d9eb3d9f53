//! What happens at the server: requests that arrive, commits, bells, sessions that have something to send.

use std::net::{IpAddr, Ipv4Addr};

use client_core::Input;
use futures_util::FutureExt as _;
use rand::Rng;
use server::{
    auth::Principal,
    domain,
    publish::{Keyed, publish},
    store::{WorkError, event as event_rows, log, media as rows},
    time::{Millis, timestamp},
    transport::session::{Ending, Session, SessionLimits},
};
use shared::{
    CloseCode, EventId, MediaId, Offset, ServerFrame, Topic,
    frame::{Subscribe, TopicName},
    model::{
        event::{Event, EventStatus},
        media::{Media, MediaPatch, NewMedia},
    },
    rest::Page,
};

use crate::{
    link::{Basket, Kind},
    page::Draft,
    world::{Action, World},
};

/// A server hears nothing from a client for this long before it lets go, in milliseconds.
const HEARTBEAT_TIMEOUT_MS: u64 = 60_000;
/// Between two looks at what was missed, in milliseconds.
pub(crate) const TIDY_EVERY_MS: u64 = 5_000;
/// Items on a page of a timeline: few, so that gaps and older pages are common.
const PAGE_ITEMS: usize = 8;
const LIMITS: SessionLimits =
    SessionLimits { subscriptions: 64, frames_per_second: 20, heartbeat_interval_ms: 25_000 };

/// Everything here is done at once: a future that waits is a fault of the simulation.
fn now<T>(future: impl Future<Output = T>) -> T {
    match future.now_or_never() {
        Some(value) => value,
        None => unreachable!("the store works inline"),
    }
}

const fn principal() -> Principal {
    Principal::Visitor { address: IpAddr::V4(Ipv4Addr::LOCALHOST) }
}

impl World {
    /// The events exist before anything else does. Their ids are given, so that a seed replays exactly.
    pub(crate) fn create_events(&self) {
        let (events, at) = (self.events.clone(), self.unix_ms());
        let made = now(self.store.write(async move |tx| {
            for id in events {
                let topic = Topic::event(&id);
                let event = Event {
                    id,
                    title: "A launch".to_owned(),
                    description: String::new(),
                    place: String::new(),
                    status: EventStatus::Live,
                    starts_at: None,
                    created_at: timestamp(at),
                    updated_at: timestamp(at),
                    media_count: 0,
                    cover: None,
                };
                event_rows::insert(tx, &event, None, at).await.map_err(WorkError::<()>::Store)?;
                log::create_topic(tx, &topic).await.map_err(WorkError::Store)?;
            }
            Ok(())
        }));
        assert!(matches!(made, Ok(Ok(()))), "the events could not be made: {made:?}");
    }

    /// A time as the store keeps it.
    pub(crate) const fn unix_ms(&self) -> i64 {
        1_700_000_000_000 + self.now as i64
    }

    /// Posts an item under its key; what the answer to the request is.
    pub(crate) fn post(&mut self, draft: &Draft) -> Option<Media> {
        let new = NewMedia {
            author: "Ada".to_owned(),
            text: draft.text.clone(),
            upload_id: None,
            key: Some(draft.key.clone()),
        };
        let keyed = Keyed::new(draft.key.clone(), &new).ok()?;
        let (event, at) = (draft.event.clone(), self.unix_ms());
        let topic = Topic::event(&event);
        let posted = now(publish(&self.store, &principal(), &topic, Some(keyed), async move |tx, _| {
            domain::media::post(tx, &event, new, None, at).await
        }));
        self.committed();
        posted.ok().map(server::publish::Outcome::into_inner)
    }

    /// Somebody far away changes or deletes one of an event's items.
    pub(crate) fn edit(&mut self, event: &EventId) {
        let items = self.recount(event);
        if items.is_empty() {
            return;
        }
        let id: MediaId = items[self.rng.random_range(0..items.len())].id.clone();
        let (event, at, topic) = (event.clone(), self.unix_ms(), Topic::event(event));
        if self.rng.random_ratio(1, 3) {
            drop(now(publish(&self.store, &principal(), &topic, None, async move |tx, _| {
                domain::media::delete(tx, &event, &id, at).await.map(drop)
            })));
        } else {
            let patch = MediaPatch { text: Some(format!("changed at {}", self.now)) };
            drop(now(publish(&self.store, &principal(), &topic, None, async move |tx, _| {
                domain::media::change(tx, &event, &id, patch, at).await
            })));
        }
        self.committed();
    }

    /// Every item of an event, newest first, as the store has it.
    pub(crate) fn recount(&self, event: &EventId) -> Vec<Media> {
        let event = event.clone();
        now(self.store.read(async move |tx| rows::list(tx, &event, None, None, 100_000).await))
            .unwrap_or_default()
    }

    /// What was committed is true from now on; the bell for it is on its way, if it is not lost.
    fn committed(&mut self) {
        let commits = std::mem::take(&mut *self.commits.lock());
        for appended in commits {
            self.truth.commit(&appended);
            let copies = match (self.deaf_bus, self.rng.random_range(0..10)) {
                (true, 0..5) => 0,
                (true, 5..7) => 2,
                _ => 1,
            };
            for _ in 0..copies {
                let late = if self.deaf_bus {
                    self.rng.random_range(0..2_000)
                } else {
                    self.rng.random_range(0..20)
                };
                self.later(late, Action::Bell { server_life: self.server_life, appended: appended.clone() });
            }
        }
    }

    pub(crate) fn bell(&mut self, appended: &[server::store::Appended]) {
        let Some(hub) = self.hub.clone() else { return };
        for missed in hub.accept(Millis(self.now), appended) {
            if !self.store_fails {
                drop(now(hub.catch_up(Millis(self.now), &missed)));
            }
        }
    }

    pub(crate) fn tidy(&mut self) {
        if let Some(hub) = self.hub.clone()
            && !self.store_fails
        {
            drop(now(hub.tidy(Millis(self.now))));
        }
    }

    /// A page of an event's items, as the REST interface reads it.
    pub(crate) fn read_page(&self, event: &EventId, before: Option<&str>) -> Option<Page<Media>> {
        if self.hub.is_none() || self.store_fails {
            return None;
        }
        let before = before.and_then(|before| before.parse().ok()).map(Offset);
        let (id, topic) = (event.clone(), Topic::event(event));
        let (mut items, extent) = now(self.store.read(async move |tx| {
            let items = rows::list(tx, &id, None, before, PAGE_ITEMS + 1).await?;
            Ok((items, log::extent(tx, &topic).await?))
        }))
        .ok()?;
        let more = items.len() > PAGE_ITEMS;
        items.truncate(PAGE_ITEMS);
        let next = items.last().filter(|_| more).map(|last| last.offset.to_string());
        Some(Page { items, next, cursor: extent?.position().into() })
    }

    /// A WebSocket or a poll has arrived.
    pub(crate) fn arrive(&mut self, id: u64) {
        let Some(link) = self.links.get(&id) else { return };
        let Some(hub) = self.hub.clone() else {
            self.end(id, None);
            return;
        };
        let Ok(connection) = format!("c{id}").parse() else { return };
        let watcher = format!("w{}", link.page).parse().ok();
        let mut session = Session::new(hub, principal(), connection, watcher, LIMITS, Millis(self.now));
        let mut refused = false;
        let wait_ms = match &link.kind {
            Kind::Socket => {
                session.greet(None, self.unix_ms());
                None
            }
            Kind::Poll { from, wait_ms, .. } => {
                for (topic, since) in from {
                    let name = TopicName::Topic(topic.clone());
                    let subscribe = Subscribe { name, since: since.clone(), reference: None };
                    refused |= self.store_fails || now(session.subscribe(subscribe)).is_err();
                }
                Some(*wait_ms)
            }
        };
        if refused {
            self.end(id, None);
            return;
        }
        let breaks = self.pages[link.page].polls_broken && wait_ms.is_some_and(|wait| wait > 0);
        if let Some(link) = self.links.get_mut(&id) {
            link.session = Some(session);
            if let (Kind::Poll { until, .. }, Some(wait_ms)) = (&mut link.kind, wait_ms) {
                *until = self.now + wait_ms;
            }
        }
        match wait_ms {
            None => self.later(HEARTBEAT_TIMEOUT_MS, Action::Heartbeat { link: id, since: self.now }),
            Some(_) if breaks => self.later(2_000, Action::Break { link: id }),
            Some(wait_ms) => self.later(wait_ms, Action::Drain { link: id }),
        }
        self.drain(id);
    }

    /// A text from a client has arrived.
    pub(crate) fn hear(&mut self, id: u64, text: &str) {
        let (at, unix_ms, fails) = (Millis(self.now), self.unix_ms(), self.store_fails);
        let Some(link) = self.links.get_mut(&id).filter(|link| !link.dead) else { return };
        let Some(session) = &mut link.session else { return };
        let heard = if fails && text.contains("subscribe") {
            Err(Ending(CloseCode::StorageUnavailable))
        } else {
            now(session.receive(at, unix_ms, text))
        };
        link.up_at = link.up_at.max(self.now);
        match heard {
            Ok(()) => self.drain(id),
            Err(Ending(code)) => self.end(id, Some(code)),
        }
    }

    /// Sends what a session has, as far as there is room.
    pub(crate) fn drain(&mut self, id: u64) {
        let at = Millis(self.now);
        let Some(link) = self.links.get_mut(&id) else { return };
        let Some(session) = &mut link.session else { return };
        link.draining = false;
        let mut basket = Basket::of(&link.kind);
        let drained = now(session.drain(at, &mut basket));
        let more = session.signal().is_set();
        let texts = basket.texts;
        match &mut link.kind {
            Kind::Socket => {
                if more {
                    link.draining = true;
                }
                for text in texts {
                    self.frame_down(id, &text);
                }
                if more {
                    self.later(10, Action::Drain { link: id });
                }
            }
            Kind::Poll { until, frames, .. } => {
                frames.extend(texts);
                let answers = *until <= self.now || frames.iter().any(|text| is_news(text));
                if answers {
                    self.answer(id);
                }
            }
        }
        if let Err(Ending(code)) = drained {
            self.end(id, Some(code));
        }
    }

    /// The answer to a poll goes out and the session ends.
    fn answer(&mut self, id: u64) {
        let Some(link) = self.links.remove(&id) else { return };
        let Kind::Poll { frames, .. } = &link.kind else { return };
        let frames: Result<Vec<_>, _> = frames.iter().map(|text| ServerFrame::decode(text)).collect();
        let attempt = link.attempt;
        let input = match frames {
            Ok(frames) => Input::Polled { attempt, frames },
            Err(_) => Input::ReceivedNonsense { attempt },
        };
        if !link.dead {
            let delay = self.delay(link.page);
            self.tell(link.page, link.life, delay, input);
        }
    }

    /// Everything that has something to send does so.
    pub(crate) fn pump(&mut self) {
        for _ in 0..100 {
            let ready = |link: &crate::link::Link| {
                !link.draining && link.session.as_ref().is_some_and(|session| session.signal().is_set())
            };
            let waiting: Vec<u64> =
                self.links.iter().filter(|(_, link)| ready(link)).map(|(id, _)| *id).collect();
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

/// Whether a poll is answered because of this frame: all but "you are where you were" and counts.
fn is_news(text: &str) -> bool {
    !matches!(
        ServerFrame::decode(text),
        Ok(ServerFrame::PresenceCount(..)
            | ServerFrame::Subscribed(_, shared::frame::Subscribed { recovered: true, .. }))
    )
}
