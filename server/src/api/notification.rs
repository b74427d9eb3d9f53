//! `/api/notifications`, `/api/events/{id}/mute` and `/api/events/{id}/media/{mediaId}/mute`

use axum::{
    Json,
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use shared::{
    EventId, MediaId, NotificationId, Topic,
    model::notification::{Mute, Muted, Notifications, Unread},
    rest::Page,
};

use super::{account::signed_in, event::cursor, page_items};
use crate::{
    app::App,
    auth::{
        Principal,
        permission::{self, Action},
    },
    domain::{Refusal, notification as domain},
    error::ApiError,
    store::{Tx, WorkError, log, media as media_rows, notification as rows},
    time::unix_ms,
    transport::updates::{self, Since, UpdatesQuery},
};

/// `GET /api/notifications?limit=&before=`, or `GET /api/notifications?since=&wait=`
#[derive(Debug, Deserialize)]
pub struct ListQuery {
    limit: Option<usize>,
    before: Option<String>,
    since: Option<Since>,
    wait: Option<u64>,
}

/// One's notifications, the latest first, how many are unread, and the cursor of one's own topic; or, since a
/// cursor or a time, what was published on one's own topic (V3).
pub async fn list(
    State(app): State<App>,
    principal: Principal,
    query: Result<Query<ListQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let Query(query) = query?;
    let account = signed_in(&principal)?.person.id.clone();
    if let Some(since) = query.since {
        let query = UpdatesQuery::new(since, query.wait);
        return updates::serve(&app, principal, Topic::user(&account), query, &headers).await;
    }
    let limit = page_items(query.limit);
    let before = query.before.as_deref().map(before).transpose()?;
    let work = async move |tx: &mut Tx<'_>| {
        let before = before.as_ref().map(|(at, id)| (*at, id));
        let items = rows::list(tx, &account, before, limit + 1).await?;
        let unread = rows::unread(tx, &account).await?;
        Ok((items, unread, log::position(tx, &Topic::user(&account)).await?))
    };
    let (mut items, unread, position) = app.store.read(work).await?;
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|(at, last)| format!("{at}.{}", last.id));
    let items = items.into_iter().map(|(_, notification)| notification).collect();
    Ok(Json(Notifications { page: Page { items, next, cursor: cursor(position)? }, unread }).into_response())
}

/// `<milliseconds>.<id>`, as `next` of the page before said.
fn before(text: &str) -> Result<(i64, NotificationId), ApiError> {
    text.split_once('.')
        .and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)))
        .ok_or_else(|| ApiError::invalid("before", "what `next` of the page before said"))
}

/// How many are unread.
pub async fn unread(State(app): State<App>, principal: Principal) -> Result<Json<Unread>, ApiError> {
    let account = signed_in(&principal)?.person.id.clone();
    let unread = app.store.read(async move |tx| rows::unread(tx, &account).await).await?;
    Ok(Json(Unread { unread }))
}

/// Marks all as read, on every device.
pub async fn mark_all_read(State(app): State<App>, principal: Principal) -> Result<Json<Unread>, ApiError> {
    mark(&app, &principal, None).await
}

/// Marks one as read. Another's is not there to be marked.
pub async fn mark_read(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<NotificationId>, PathRejection>,
) -> Result<Json<Unread>, ApiError> {
    let Path(id) = id?;
    mark(&app, &principal, Some(id)).await
}

async fn mark(
    app: &App,
    principal: &Principal,
    id: Option<NotificationId>,
) -> Result<Json<Unread>, ApiError> {
    let account = signed_in(principal)?.person.id.clone();
    app.may_change(principal, 1)?;
    let work = async move |tx: &mut Tx<'_>| {
        if let Some(id) = &id
            && !rows::exists(tx, &account, id).await?
        {
            return Err(WorkError::Refused(Refusal::NotFound("notification")));
        }
        Ok(domain::mark_read(tx, &account, id, unix_ms()).await?)
    };
    let unread = app.store.write(work).await?.map_err(ApiError::from)?;
    Ok(Json(Unread { unread }))
}

type Event = Result<Path<EventId>, PathRejection>;
type Item = Result<Path<(EventId, MediaId)>, PathRejection>;

/// Whether one has muted an event.
pub async fn event_muted(app: State<App>, by: Principal, id: Event) -> Result<Json<Muted>, ApiError> {
    muted(&app, &by, id?.0, None).await
}

/// Whether one has muted an item.
pub async fn item_muted(app: State<App>, by: Principal, ids: Item) -> Result<Json<Muted>, ApiError> {
    let Path((event, media)) = ids?;
    muted(&app, &by, event, Some(media)).await
}

/// No more notifications of an event.
pub async fn mute_event(app: State<App>, by: Principal, id: Event) -> Result<StatusCode, ApiError> {
    set_muted(&app, &by, id?.0, None, true).await
}

/// Notifications of an event again.
pub async fn unmute_event(app: State<App>, by: Principal, id: Event) -> Result<StatusCode, ApiError> {
    set_muted(&app, &by, id?.0, None, false).await
}

/// No more notifications of an item.
pub async fn mute_item(app: State<App>, by: Principal, ids: Item) -> Result<StatusCode, ApiError> {
    let Path((event, media)) = ids?;
    set_muted(&app, &by, event, Some(media), true).await
}

/// Notifications of an item again.
pub async fn unmute_item(app: State<App>, by: Principal, ids: Item) -> Result<StatusCode, ApiError> {
    let Path((event, media)) = ids?;
    set_muted(&app, &by, event, Some(media), false).await
}

/// What one has muted.
pub async fn mutes(State(app): State<App>, principal: Principal) -> Result<Json<Vec<Mute>>, ApiError> {
    let account = signed_in(&principal)?.person.id.clone();
    Ok(Json(app.store.read(async move |tx| domain::mutes(tx, &account).await).await?))
}

async fn muted(
    app: &App,
    principal: &Principal,
    event: EventId,
    media: Option<MediaId>,
) -> Result<Json<Muted>, ApiError> {
    let (account, by) = (signed_in(principal)?.person.id.clone(), principal.clone());
    let work = async move |tx: &mut Tx<'_>| {
        may_mute(tx, &by, &event, media.as_ref()).await?;
        Ok(rows::is_muted(tx, &account, &event, media.as_ref()).await?)
    };
    Ok(Json(Muted { muted: app.read(work).await? }))
}

async fn set_muted(
    app: &App,
    principal: &Principal,
    event: EventId,
    media: Option<MediaId>,
    muted: bool,
) -> Result<StatusCode, ApiError> {
    let (account, by) = (signed_in(principal)?.person.id.clone(), principal.clone());
    app.may_change(principal, 1)?;
    let work = async move |tx: &mut Tx<'_>| {
        may_mute(tx, &by, &event, media.as_ref()).await?;
        Ok(rows::set_muted(tx, &account, &event, media.as_ref(), muted).await?)
    };
    app.store.write(work).await?.map_err(ApiError::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who may read an event may mute it, or what is on it.
async fn may_mute(
    tx: &mut Tx<'_>,
    principal: &Principal,
    event: &EventId,
    media: Option<&MediaId>,
) -> Result<(), WorkError<Refusal>> {
    permission::require(tx, principal, Action::Read, &Topic::event(event)).await?;
    match media {
        Some(media) if media_rows::find(tx, event, media).await?.is_none() => {
            Err(WorkError::Refused(Refusal::NotFound("item")))
        }
        _ => Ok(()),
    }
}
