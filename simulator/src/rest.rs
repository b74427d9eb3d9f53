//! Requests at the server: posting, changing, reading; and the bells that follow a commit.

use std::net::{IpAddr, Ipv4Addr};

use rand::Rng;
use server::{
    auth::{Principal, permission::Action as Right},
    domain,
    publish::{Keyed, Outcome, publish},
    store::{WorkError, event as event_rows, log, media as rows},
    time::timestamp,
};
use shared::{
    EventId, MediaId, Offset, Topic,
    model::{
        event::{Event, EventStatus},
        media::{Media, MediaPatch, NewMedia},
        member::Visibility,
    },
    rest::Page,
};

use crate::{Plant, action::Action, page::Draft, server_side::now, world::World};

/// Items on a page of a timeline: few, so that gaps and older pages are common.
const PAGE_ITEMS: usize = 8;
/// More items than one run makes.
const ALL_ITEMS: usize = 100_000;

pub(crate) const fn principal() -> Principal {
    Principal::Visitor { address: IpAddr::V4(Ipv4Addr::LOCALHOST), may_post: true }
}

impl World {
    /// The events exist before anything else does. Their ids are given, so that a seed replays exactly.
    ///
    /// # Panics
    /// When the store does not take them: nothing can be simulated.
    pub(crate) fn create_events(&self) {
        let (events, at) = (self.events.clone(), self.unix_ms());
        let made = now(self.store.write(async move |tx| {
            for id in events {
                let topic = Topic::event(&id);
                let event = Event {
                    visibility: Visibility::Public,
                    owner: None,
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
        self.hub.as_ref()?;
        let new = NewMedia {
            author: "Ada".to_owned(),
            text: draft.text.clone(),
            upload_id: None,
            key: Some(draft.key.clone()),
        };
        let keyed = Keyed::new(draft.key.clone(), &new).ok()?;
        let (event, at) = (draft.event.clone(), self.unix_ms());
        let topic = Topic::event(&event);
        let posted =
            now(publish(&self.store, &principal(), Right::Post, &topic, Some(keyed), async move |tx, _| {
                domain::media::post(tx, &principal(), &event, new, None, at).await
            }));
        self.committed();
        if posted.is_ok() || self.plant == Some(Plant::EarlyAnswer) {
            self.acknowledged.insert(draft.text.clone());
        }
        posted.ok().map(Outcome::into_inner)
    }

    /// Somebody far away changes or deletes one of an event's items.
    pub(crate) fn edit(&mut self, event: &EventId) {
        let items = self.recount(event);
        if items.is_empty() || self.hub.is_none() {
            return;
        }
        let id: MediaId = items[self.rng.random_range(0..items.len())].id.clone();
        let (event, at, topic) = (event.clone(), self.unix_ms(), Topic::event(event));
        if self.rng.random_ratio(1, 3) {
            drop(now(publish(&self.store, &principal(), Right::Post, &topic, None, async move |tx, _| {
                domain::media::delete(tx, &principal(), &event, &id, at).await.map(drop)
            })));
        } else {
            let patch = MediaPatch { text: Some(format!("changed at {}", self.now)) };
            drop(now(publish(&self.store, &principal(), Right::Post, &topic, None, async move |tx, _| {
                domain::media::change(tx, &principal(), &event, &id, patch, at).await
            })));
        }
        self.committed();
    }

    /// Every item of an event, newest first, as the store has it; none while it cannot be read.
    pub(crate) fn recount(&self, event: &EventId) -> Vec<Media> {
        let event = event.clone();
        now(self.store.read(async move |tx| rows::list(tx, &event, None, None, ALL_ITEMS).await))
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
                let late_ms = if self.deaf_bus { 2_000 } else { 20 };
                let late = self.rng.random_range(0..late_ms);
                self.later(late, Action::Bell { server_life: self.server_life, appended: appended.clone() });
            }
        }
    }

    /// A page of an event's items, as the REST interface reads it.
    pub(crate) fn read_page(&self, event: &EventId, before: Option<&str>) -> Option<Page<Media>> {
        self.hub.as_ref()?;
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
}
