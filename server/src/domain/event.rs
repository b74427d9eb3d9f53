//! Events: created, changed, deleted; each change published on `events` and on the event's own topic.

use shared::{
    Change, EventId, Topic,
    frame::{EventDeleted, EventStatusChanged},
    limits,
    model::event::{Event, EventPatch, EventStatus, NewEvent},
};

use super::{Refusal, required, text};
use crate::{
    ids::new_id,
    store::{StoreError, Tx, WorkError, event as rows, log, media},
    time::{from_timestamp, timestamp},
};

const GONE: Refusal = Refusal::NotFound("event");

/// Creates an event and its topic.
pub async fn create(tx: &mut Tx<'_>, new: NewEvent, at: i64) -> Result<Event, WorkError<Refusal>> {
    let event = checked(new, at).map_err(WorkError::Refused)?;
    let starts_at = stored_start(&event).map_err(WorkError::Refused)?;
    rows::insert(tx, &event, starts_at, at).await?;
    log::create_topic(tx, &Topic::event(&event.id)).await?;
    log::append(tx, &Topic::events(), at, |_| Change::EventNew(Box::new(event.clone()))).await?;
    Ok(event)
}

fn checked(new: NewEvent, at: i64) -> Result<Event, Refusal> {
    Ok(Event {
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
    for topic in [Topic::events(), Topic::event(id)] {
        if !unchanged {
            log::append(tx, &topic, at, |_| Change::EventUpdate(Box::new(after.clone()))).await?;
        }
        if status_changed {
            let changed = EventStatusChanged { event_id: id.clone(), status: after.status };
            log::append(tx, &topic, at, |_| Change::EventStatus(changed)).await?;
        }
    }
    Ok(after)
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
    let uploads = media::uploads_of(tx, id).await?;
    if !rows::delete(tx, id).await? {
        return Err(WorkError::Refused(GONE));
    }
    for upload in &uploads {
        media::delete_upload(tx, upload).await?;
    }
    let deletion = || Change::EventDelete(EventDeleted { event_id: id.clone() });
    let own = Topic::event(id);
    log::append(tx, &own, at, |_| deletion()).await?;
    log::close_topic(tx, &own).await?;
    log::append(tx, &Topic::events(), at, |_| deletion()).await?;
    redact_list(tx, id, &deletion()).await?;
    Ok(uploads)
}

/// The list's log no longer says what the deleted event was called.
async fn redact_list(tx: &mut Tx<'_>, id: &EventId, deletion: &Change) -> Result<(), StoreError> {
    let item = format!("event:{id}");
    log::redact(tx, &Topic::events(), &item, shared::Offset(1), deletion).await.map(drop)
}
