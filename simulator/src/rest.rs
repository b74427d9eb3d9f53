//! Requests at the server: posting, changing, reading; and the bells that follow a commit.

use client_core::outbox::Answer;
use rand::Rng;
use server::{
    auth::permission::{self, Action as Right, Decision},
    domain,
    publish::{Keyed, Outcome, publish},
    store::{
        WorkError, account as account_rows, event as event_rows, log, media as rows, member as member_rows,
    },
    time::timestamp,
};
use shared::{
    ErrorCode, EventId, IdempotencyKey, MediaId, Offset, Topic, UploadId,
    model::{
        account::{Account, AccountRole},
        event::{Event, EventStatus},
        media::{Attachment, Media, MediaKind, MediaPatch, NewMedia},
        member::MemberRole,
    },
    rest::Page,
};

use crate::{
    Plant,
    action::{Action, Unread},
    page::Draft,
    recorder::upload_id,
    rights::{self, far_away},
    server_side::now,
    world::World,
};

/// Items on a page of a timeline: few, so that gaps and older pages are common.
const PAGE_ITEMS: usize = 8;
/// More items than one run makes.
const ALL_ITEMS: usize = 100_000;

impl World {
    /// The events exist before anything else does. Their ids are given, so that a seed replays exactly.
    ///
    /// # Panics
    /// When the store does not take them: nothing can be simulated.
    pub(crate) fn create_events(&self) {
        let at = self.unix_ms();
        let events: Vec<_> = self.events.iter().map(|id| (id.clone(), self.first_visibility(id))).collect();
        let made = now(self.store.write(async move |tx| {
            let owner = rights::person(rights::PEOPLE_MAX);
            for number in 0..=rights::PEOPLE_MAX {
                let account = Account {
                    person: rights::person(number),
                    role: AccountRole::User,
                    invisible: false,
                    created_at: timestamp(at),
                };
                account_rows::insert(tx, &account, None, at).await.map_err(WorkError::<()>::Store)?;
                log::create_topic(tx, &Topic::user(&account.person.id)).await.map_err(WorkError::Store)?;
            }
            for (number, (id, visibility)) in events.into_iter().enumerate() {
                let topic = Topic::event(&id);
                let event = Event {
                    visibility,
                    owner: (number > 0).then(|| owner.clone()),
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
                event_rows::insert(tx, &event, None, at).await.map_err(WorkError::Store)?;
                log::create_topic(tx, &topic).await.map_err(WorkError::Store)?;
                if let Some(owner) = &event.owner {
                    let put = member_rows::put(tx, &event.id, &owner.id, MemberRole::Owner, at);
                    put.await.map_err(WorkError::Store)?;
                }
            }
            Ok(())
        }));
        assert!(matches!(made, Ok(Ok(()))), "the events could not be made: {made:?}");
    }

    /// A time as the store keeps it.
    pub(crate) const fn unix_ms(&self) -> i64 {
        1_700_000_000_000 + self.now as i64
    }

    /// Posts an item from far away.
    pub(crate) fn post(&mut self, draft: &Draft) {
        drop(self.post_as(&draft.key, &draft.event, &draft.text, None));
    }

    /// Posts an item under a key; what the answer to the request is, if there is one.
    pub(crate) fn post_as(
        &mut self,
        key: &IdempotencyKey,
        event: &EventId,
        text: &str,
        upload_id: Option<UploadId>,
    ) -> Option<Result<Media, ErrorCode>> {
        self.hub.as_ref()?;
        let new =
            NewMedia { author: "Ada".to_owned(), text: text.to_owned(), upload_id, key: Some(key.clone()) };
        let keyed = Keyed::new(key.clone(), &new).ok()?;
        let (event, at) = (event.clone(), self.unix_ms());
        let topic = Topic::event(&event);
        let by = far_away();
        let posted =
            now(publish(&self.store, &far_away(), Right::Post, &topic, Some(keyed), async move |tx, _| {
                domain::media::post(tx, &by, &event, new, None, at).await
            }));
        self.committed();
        if posted.is_ok() || self.plant == Some(Plant::EarlyAnswer) {
            self.acknowledged.insert(text.to_owned());
        }
        Some(posted.map(Outcome::into_inner).map_err(|error| error.0.code))
    }

    /// Takes a file.
    pub(crate) fn upload(&mut self) -> Answer {
        let failed = Answer::Failed { retry_after: None };
        let (Some(upload_id), true) = (upload_id(self.new_number()), self.hub.is_some()) else {
            return failed;
        };
        let attachment = Attachment {
            upload_id: upload_id.clone(),
            content_type: "image/webp".to_owned(),
            url: format!("/media/{upload_id}/original.webp"),
            bytes: 1,
            width: Some(3),
            height: Some(2),
            duration_ms: None,
            thumb_hash: None,
            renditions: Vec::new(),
        };
        let at = self.unix_ms();
        let stored = now(self.store.write(async move |tx| {
            rows::insert_upload(tx, MediaKind::Photo, &attachment, None, at)
                .await
                .map_err(WorkError::<()>::Store)
        }));
        if matches!(stored, Ok(Ok(()))) { Answer::Uploaded(upload_id) } else { failed }
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
            drop(now(publish(&self.store, &far_away(), Right::Post, &topic, None, async move |tx, _| {
                domain::media::delete(tx, &far_away(), &event, &id, at).await.map(drop)
            })));
        } else {
            let patch = MediaPatch { text: Some(format!("changed at {}", self.now)) };
            drop(now(publish(&self.store, &far_away(), Right::Post, &topic, None, async move |tx, _| {
                domain::media::change(tx, &far_away(), &event, &id, patch, at).await
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
    pub(crate) fn committed(&mut self) {
        let commits = std::mem::take(&mut *self.commits.lock());
        for appended in commits {
            self.truth.commit(&appended);
            self.rights.commit(&appended);
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

    /// A page of an event's items, as the REST interface reads it for a page's reader.
    pub(crate) fn read_page(
        &mut self,
        page: usize,
        event: &EventId,
        before: Option<&str>,
    ) -> Result<Page<Media>, Unread> {
        if self.hub.is_none() {
            return Err(Unread::Lost);
        }
        let before = before.and_then(|before| before.parse().ok()).map(Offset);
        let (id, topic, reader) = (event.clone(), Topic::event(event), rights::reader(page));
        let of = topic.clone();
        let read = now(self.store.read(async move |tx| {
            if permission::decide(tx, &reader, Right::Read, &of).await? != Decision::Allowed {
                return Ok(None);
            }
            let items = rows::list(tx, &id, None, before, PAGE_ITEMS + 1).await?;
            Ok(Some((items, log::extent(tx, &of).await?)))
        }));
        let Ok(read) = read else { return Err(Unread::Lost) };
        if read.is_some() != self.rights.may_now(&topic, page) {
            self.say(page, || format!("! may read {topic}: {}", read.is_some()));
            self.report.violations.leaked += 1;
        }
        let Some((mut items, extent)) = read else { return Err(Unread::Refused) };
        let more = items.len() > PAGE_ITEMS;
        items.truncate(PAGE_ITEMS);
        let next = items.last().filter(|_| more).map(|last| last.offset.to_string());
        let extent = extent.ok_or(Unread::Lost)?;
        Ok(Page { items, next, cursor: extent.position().into() })
    }
}
