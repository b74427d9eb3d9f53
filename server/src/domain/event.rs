//! Events: created, changed, deleted; each change published on `events` and on the event's own topic.

use shared::{
    Change, EventId, Topic,
    change::{EventDeleted, EventStatusChanged},
    limits,
    model::{
        event::{Event, EventPatch, EventStatus, NewEvent},
        member::{MemberRole, Visibility},
    },
};

use super::{Refusal, notification, required, text};
use crate::{
    auth::Principal,
    ids::new_id,
    store::{StoreError, Tx, WorkError, event as rows, log, match_, media, member, notification::About},
    time::{from_timestamp, timestamp},
};

const GONE: Refusal = Refusal::NotFound("event");

/// Creates an event and its topic.
pub async fn create(
    tx: &mut Tx<'_>,
    principal: &Principal,
    new: NewEvent,
    at: i64,
) -> Result<Event, WorkError<Refusal>> {
    let event = checked(principal, new, at).map_err(WorkError::Refused)?;
    let starts_at = stored_start(&event).map_err(WorkError::Refused)?;
    rows::insert(tx, &event, starts_at, at).await?;
    log::create_topic(tx, &Topic::event(&event.id)).await?;
    if let Some(owner) = &event.owner {
        member::put(tx, &event.id, &owner.id, MemberRole::Owner, at).await?;
    }
    tell(tx, &event.id, event.visibility, at, || Change::EventNew(Box::new(event.clone()))).await?;
    Ok(event)
}

/// Publishes what has become of an event where it is listed: for everybody if it is public, otherwise for
/// each of its members alone.
pub(super) async fn tell(
    tx: &mut Tx<'_>,
    id: &EventId,
    visibility: Visibility,
    at: i64,
    change: impl Fn() -> Change,
) -> Result<(), StoreError> {
    if visibility == Visibility::Public {
        return log::append(tx, &Topic::events(), at, |_| change()).await.map(drop);
    }
    for account in member::accounts(tx, id).await? {
        log::append(tx, &Topic::user(&account), at, |_| change()).await?;
    }
    Ok(())
}

/// Takes an event off a list: the log of `list` says that it is gone, and no longer what it was called.
/// Every list is told of what was on it, so that each log by itself says what is on the list now.
pub(super) async fn unlist(tx: &mut Tx<'_>, list: &Topic, id: &EventId, at: i64) -> Result<(), StoreError> {
    let deletion = || Change::EventDelete(EventDeleted { event_id: id.clone() });
    log::append(tx, list, at, |_| deletion()).await?;
    let item = format!("event:{id}");
    log::redact(tx, list, &item, shared::Offset(1), &deletion()).await.map(drop)
}

/// Takes an event off every list that it is on.
async fn unlist_everywhere(tx: &mut Tx<'_>, event: &Event, at: i64) -> Result<(), StoreError> {
    if event.visibility == Visibility::Public {
        return unlist(tx, &Topic::events(), &event.id, at).await;
    }
    for account in member::accounts(tx, &event.id).await? {
        unlist(tx, &Topic::user(&account), &event.id, at).await?;
    }
    Ok(())
}

fn checked(principal: &Principal, new: NewEvent, at: i64) -> Result<Event, Refusal> {
    let owner = principal.user().map(|user| user.person.clone());
    let visibility = new.visibility.unwrap_or_default();
    if owner.is_none() && visibility != Visibility::Public {
        // Nobody could ever read it, or let anybody in.
        return Err(Refusal::SignIn);
    }
    Ok(Event {
        visibility,
        owner,
        id: new_id(),
        title: required("title", &new.title, limits::EVENT_TITLE_CHARS)?,
        description: text("description", &new.description, limits::EVENT_DESCRIPTION_CHARS)?,
        place: text("place", &new.place, limits::EVENT_PLACE_CHARS)?,
        status: new.status.unwrap_or(EventStatus::Scheduled),
        starts_at: new.starts_at,
        created_at: timestamp(at),
        updated_at: timestamp(at),
        media_count: 0,
        cover: None,
    })
}

fn stored_start(event: &Event) -> Result<Option<i64>, Refusal> {
    let Some(starts_at) = &event.starts_at else { return Ok(None) };
    let invalid =
        || Refusal::Invalid { field: "startsAt", message: "there is no such day or time".to_owned() };
    from_timestamp(starts_at).map(Some).ok_or_else(invalid)
}

/// Changes an event. A changed status is said as such; whatever else changed goes out as the event.
pub async fn change(
    tx: &mut Tx<'_>,
    id: &EventId,
    patch: EventPatch,
    at: i64,
) -> Result<Event, WorkError<Refusal>> {
    let before = rows::find(tx, id).await?.ok_or(WorkError::Refused(GONE))?;
    let after = patched(before.clone(), patch, at).map_err(WorkError::Refused)?;
    let starts_at = stored_start(&after).map_err(WorkError::Refused)?;
    let status_changed = before.status != after.status;
    let unchanged =
        Event { updated_at: after.updated_at.clone(), status: after.status, ..before.clone() } == after;
    if unchanged && !status_changed {
        return Ok(before);
    }
    rows::update(tx, &after, starts_at, at).await?;
    let own = Topic::event(id);
    if before.visibility != after.visibility {
        // Before what the change says: who may no longer read the event does not hear it.
        super::member::changed(tx, id, at).await?;
        relist(tx, &before, &after, at).await?;
        if after.visibility == Visibility::Private {
            notification::withdraw(tx, About::EventToStrangers(id), at).await?;
        }
    } else if !unchanged {
        tell(tx, id, after.visibility, at, || Change::EventUpdate(Box::new(after.clone()))).await?;
    }
    if !unchanged {
        log::append(tx, &own, at, |_| Change::EventUpdate(Box::new(after.clone()))).await?;
    }
    if status_changed {
        let changed =
            || Change::EventStatus(EventStatusChanged { event_id: id.clone(), status: after.status });
        tell(tx, id, after.visibility, at, changed).await?;
        log::append(tx, &own, at, |_| changed()).await?;
    }
    Ok(after)
}

/// Moves an event from one list to another: for who still sees it, and for who no longer does.
async fn relist(tx: &mut Tx<'_>, before: &Event, after: &Event, at: i64) -> Result<(), WorkError<Refusal>> {
    if after.owner.is_none() && after.visibility != Visibility::Public {
        let message = "an event that nobody owns is public".to_owned();
        return Err(WorkError::Refused(Refusal::Invalid { field: "visibility", message }));
    }
    let shown = || Change::EventNew(Box::new(after.clone()));
    let updated = || Change::EventUpdate(Box::new(after.clone()));
    if before.visibility == Visibility::Public || after.visibility == Visibility::Public {
        unlist_everywhere(tx, before, at).await?;
        return Ok(tell(tx, &after.id, after.visibility, at, shown).await?);
    }
    Ok(tell(tx, &after.id, after.visibility, at, updated).await?)
}

fn patched(mut event: Event, patch: EventPatch, at: i64) -> Result<Event, Refusal> {
    if let Some(title) = patch.title {
        event.title = required("title", &title, limits::EVENT_TITLE_CHARS)?;
    }
    if let Some(description) = patch.description {
        event.description = text("description", &description, limits::EVENT_DESCRIPTION_CHARS)?;
    }
    if let Some(place) = patch.place {
        event.place = text("place", &place, limits::EVENT_PLACE_CHARS)?;
    }
    if let Some(starts_at) = patch.starts_at {
        event.starts_at = Some(starts_at);
    }
    event.visibility = patch.visibility.unwrap_or(event.visibility);
    event.status = patch.status.unwrap_or(event.status);
    event.updated_at = timestamp(at);
    Ok(event)
}

/// Deletes an event with its items; returns the uploads whose files are to go once this is committed.
pub async fn delete(
    tx: &mut Tx<'_>,
    id: &EventId,
    at: i64,
) -> Result<Vec<shared::UploadId>, WorkError<Refusal>> {
    let event = rows::find(tx, id).await?.ok_or(WorkError::Refused(GONE))?;
    let uploads = media::uploads_of(tx, id).await?;
    unlist_everywhere(tx, &event, at).await?;
    let within = match_::topics_of(tx, id).await?;
    notification::withdraw(tx, About::Event(id), at).await?;
    rows::delete(tx, id).await?;
    for upload in &uploads {
        media::delete_upload(tx, upload).await?;
    }
    for topic in within.into_iter().chain([Topic::event(id)]) {
        let deletion = Change::EventDelete(EventDeleted { event_id: id.clone() });
        log::append(tx, &topic, at, |_| deletion).await?;
        log::close_topic(tx, &topic).await?;
    }
    Ok(uploads)
}
