//! `/api/events`

use axum::{
    Json,
    extract::{
        Path, Query, State,
        rejection::{JsonRejection, PathRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::Deserialize;
use shared::{
    Cursor, ErrorCode, EventId, Topic,
    model::event::{Event, EventPatch, EventStats, EventStatus, NewEvent},
    rest::{Page, Snapshot},
};

use super::{created, idempotency_key, page_items};
use crate::{
    app::App,
    auth::{Principal, permission::Action},
    domain,
    error::ApiError,
    publish::{Keyed, publish},
    store::{Tx, event as rows, log},
};

/// `GET /api/events?status=&limit=&after=`
#[derive(Debug, Deserialize)]
pub struct ListQuery {
    status: Option<EventStatus>,
    limit: Option<usize>,
    after: Option<After>,
}

/// The event that a page ended with: when it was made, and its id.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct After(i64, EventId);

impl TryFrom<String> for After {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let parts = text.split_once('.').and_then(|(at, id)| Some(Self(at.parse().ok()?, id.parse().ok()?)));
        parts.ok_or("`after` is the `next` of a page")
    }
}

/// Events, newest first.
pub async fn list(
    State(app): State<App>,
    principal: Principal,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<Page<Event>>, ApiError> {
    let Query(query) = query?;
    let limit = page_items(query.limit);
    let (mut rows, position) = app
        .store
        .read(async move |tx| {
            let reader = principal.account_id();
            let before = query.after.map(|After(made_at, id)| (made_at, id));
            let rows = rows::list(tx, reader, query.status, before, limit + 1).await?;
            Ok((rows, log::position(tx, &Topic::events()).await?))
        })
        .await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|(made_at, event)| format!("{made_at}.{}", event.id));
    let cursor = cursor(position)?;
    Ok(Json(Page { items: rows.into_iter().map(|(_, event)| event).collect(), next, cursor }))
}

/// Creates an event.
pub async fn create(
    State(app): State<App>,
    principal: Principal,
    headers: HeaderMap,
    body: Result<Json<NewEvent>, JsonRejection>,
) -> Result<Response, ApiError> {
    let Json(new) = body?;
    app.may_change(&principal, 1)?;
    let keyed = idempotency_key(&headers)?.map(|key| Keyed::new(key, &("event", &new))).transpose()?;
    let by = principal.clone();
    let work = async move |tx: &mut Tx<'_>, at| domain::event::create(tx, &by, new, at).await;
    let outcome = publish(&app.store, &principal, Action::Post, &Topic::events(), keyed, work).await?;
    Ok(created(outcome, |event: &Event| format!("/api/events/{}", event.id)))
}

/// An event, and the cursor to go live from.
pub async fn read(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<EventId>, PathRejection>,
) -> Result<Json<Snapshot<Event>>, ApiError> {
    let Path(id) = id?;
    let topic = Topic::event(&id);
    let work = async move |tx: &mut Tx<'_>| {
        Ok((rows::find(tx, &id).await?, log::position(tx, &Topic::event(&id)).await?))
    };
    let (event, position) = app.read_as(&principal, &topic, work).await?;
    let item = event.ok_or_else(|| ApiError::not_found("event"))?;
    Ok(Json(Snapshot { item, cursor: cursor(position)? }))
}

/// Changes an event.
pub async fn change(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<EventId>, PathRejection>,
    body: Result<Json<EventPatch>, JsonRejection>,
) -> Result<Json<Event>, ApiError> {
    let (Path(id), Json(patch)) = (id?, body?);
    app.may_change(&principal, 1)?;
    let topic = Topic::event(&id);
    let work = async move |tx: &mut Tx<'_>, at| domain::event::change(tx, &id, patch, at).await;
    let outcome = publish(&app.store, &principal, Action::Manage, &topic, None, work).await?;
    Ok(Json(outcome.into_inner()))
}

/// Deletes an event with everything on its timeline.
pub async fn delete(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<EventId>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let Path(id) = id?;
    app.may_change(&principal, 1)?;
    let topic = Topic::event(&id);
    let work = async move |tx: &mut Tx<'_>, at| domain::event::delete(tx, &id, at).await;
    let uploads = publish(&app.store, &principal, Action::Manage, &topic, None, work).await?.into_inner();
    app.remove_files(uploads).await;
    Ok(StatusCode::NO_CONTENT)
}

/// How many follow an event at this moment (E6).
pub async fn stats(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<EventId>, PathRejection>,
) -> Result<Json<EventStats>, ApiError> {
    let Path(id) = id?;
    let topic = Topic::event(&id);
    app.read_as(&principal, &topic, async |_| Ok(())).await?;
    let count = app.hub.count(&topic);
    Ok(Json(EventStats { subscriptions: count.subscriptions, watchers: count.watchers }))
}

pub(super) fn cursor(position: Option<shared::Position>) -> Result<Cursor, ApiError> {
    position.map(Cursor).ok_or_else(|| ApiError::new(ErrorCode::Internal, "a resource has no topic"))
}
