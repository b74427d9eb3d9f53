//! `/api/events/{id}/media/{mediaId}/comments` and `…/like`

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
    CommentId, EventId, MediaId, Topic,
    model::comment::{Comment, Liked, NewComment},
    rest::Page,
};

use super::{created, event::cursor, idempotency_key, page_items};
use crate::{
    app::App,
    auth::{Principal, permission::Action},
    domain,
    error::ApiError,
    publish::{Keyed, publish},
    store::{Tx, comment as rows, log, media as media_rows},
};

type Item = Result<Path<(EventId, MediaId)>, PathRejection>;

/// `GET …/comments?limit=&before=`; `before` is what `next` of the page before said.
#[derive(Debug, Deserialize)]
pub struct ListQuery {
    limit: Option<usize>,
    before: Option<CommentId>,
}

/// An item's comments, newest first, and the cursor of the event's topic to go live from.
pub async fn list(
    State(app): State<App>,
    principal: Principal,
    ids: Item,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<Page<Comment>>, ApiError> {
    let (Path((event, media)), Query(query)) = (ids?, query?);
    let limit = page_items(query.limit);
    let topic = Topic::event(&event);
    let work = async move |tx: &mut Tx<'_>| {
        if media_rows::find(tx, &event, &media).await?.is_none() {
            return Ok(None);
        }
        let items = rows::list(tx, &event, &media, query.before.as_ref(), limit + 1).await?;
        Ok(Some((items, log::position(tx, &Topic::event(&event)).await?)))
    };
    let found = app.read_as(&principal, &topic, work).await?;
    let (mut items, position) = found.ok_or_else(|| ApiError::not_found("item"))?;
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(Json(Page { items, next, cursor: cursor(position)? }))
}

/// Writes a comment.
pub async fn create(
    State(app): State<App>,
    principal: Principal,
    ids: Item,
    headers: HeaderMap,
    body: Result<Json<NewComment>, JsonRejection>,
) -> Result<Response, ApiError> {
    let (Path((event, media)), Json(mut new)) = (ids?, body?);
    app.may_change(&principal, 1)?;
    new.key = new.key.or(idempotency_key(&headers)?);
    let keyed = new.key.clone().map(|key| Keyed::new(key, &("comment", &event, &media, &new))).transpose()?;
    let (topic, by) = (Topic::event(&event), principal.clone());
    let work = async move |tx: &mut Tx<'_>, at| domain::comment::post(tx, &by, &event, &media, new, at).await;
    // Who may read may say something about it; the domain asks for a name.
    let outcome = publish(&app.store, &principal, Action::Read, &topic, keyed, work).await?;
    Ok(created(outcome, |comment: &Comment| {
        format!("/api/events/{}/media/{}/comments/{}", comment.event_id, comment.media_id, comment.id)
    }))
}

/// Deletes a comment.
pub async fn delete(
    State(app): State<App>,
    principal: Principal,
    ids: Result<Path<(EventId, MediaId, CommentId)>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let Path((event, media, id)) = ids?;
    app.may_change(&principal, 1)?;
    let (topic, by) = (Topic::event(&event), principal.clone());
    let work =
        async move |tx: &mut Tx<'_>, at| domain::comment::delete(tx, &by, &event, &media, &id, at).await;
    publish(&app.store, &principal, Action::Read, &topic, None, work).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Likes an item.
pub async fn like(app: State<App>, principal: Principal, ids: Item) -> Result<Json<Liked>, ApiError> {
    set_liked(app, principal, ids, true).await
}

/// Takes a like back.
pub async fn unlike(app: State<App>, principal: Principal, ids: Item) -> Result<Json<Liked>, ApiError> {
    set_liked(app, principal, ids, false).await
}

async fn set_liked(
    State(app): State<App>,
    principal: Principal,
    ids: Item,
    liked: bool,
) -> Result<Json<Liked>, ApiError> {
    let Path((event, media)) = ids?;
    app.may_change(&principal, 1)?;
    let (topic, by) = (Topic::event(&event), principal.clone());
    let work =
        async move |tx: &mut Tx<'_>, at| domain::comment::like(tx, &by, &event, &media, liked, at).await;
    let outcome = publish(&app.store, &principal, Action::Read, &topic, None, work).await?;
    Ok(Json(outcome.into_inner()))
}

/// Which of an event's items who asks likes: `GET /api/events/{id}/likes`.
pub async fn liked(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<EventId>, PathRejection>,
) -> Result<Json<Vec<MediaId>>, ApiError> {
    let Path(id) = id?;
    let (topic, account) = (Topic::event(&id), principal.account_id().cloned());
    let work = async move |tx: &mut Tx<'_>| match account {
        Some(account) => rows::liked(tx, &id, &account).await,
        None => Ok(Vec::new()),
    };
    Ok(Json(app.read_as(&principal, &topic, work).await?))
}
