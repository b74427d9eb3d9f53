//! `/api/events/{id}/media`

use axum::{
    Json,
    extract::{
        FromRequest as _, Multipart, Path, Query, Request, State,
        rejection::{JsonRejection, PathRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use shared::{
    ErrorCode, EventId, MediaId, Offset, Topic,
    limits::BATCH_ITEMS,
    model::media::{Media, MediaKind, MediaPatch, NewMedia},
    rest::Page,
};

use super::{created, event::cursor, idempotency_key, json_body, page_items, parse, upload};
use crate::{
    app::App,
    auth::{
        Principal,
        permission::{self, Action},
    },
    domain,
    error::ApiError,
    publish::{Keyed, Outcome, post, publish, publish_all},
    store::{Tx, log, media as rows},
};

/// `GET /api/events/{id}/media?limit=&before=&kind=`
#[derive(Debug, Deserialize)]
pub struct ListQuery {
    limit: Option<usize>,
    before: Option<u64>,
    kind: Option<MediaKind>,
}

/// An event's items, newest first, and the cursor to go live from.
pub async fn list(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<EventId>, PathRejection>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<Page<Media>>, ApiError> {
    let (Path(id), Query(query)) = (id?, query?);
    let limit = page_items(query.limit);
    let before = query.before.map(Offset);
    let topic = Topic::event(&id);
    let work = async move |tx: &mut Tx<'_>| {
        let items = rows::list(tx, &id, query.kind, before, limit + 1).await?;
        Ok((items, log::extent(tx, &Topic::event(&id)).await?))
    };
    let (mut items, extent) = app.read_as(&principal, &topic, work).await?;
    let extent = extent.filter(|extent| !extent.closed).ok_or_else(|| ApiError::not_found("event"))?;
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|last| last.offset.to_string());
    Ok(Json(Page { items, next, cursor: cursor(Some(extent.position()))? }))
}

/// Posts an item (JSON, or multipart with a file), or several (a JSON array: all of them or none).
pub async fn create(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<EventId>, PathRejection>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, ApiError> {
    let Path(id) = id?;
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let key = idempotency_key(&headers)?;
    if content_type.starts_with("multipart/form-data") {
        app.may_change(&principal, 1)?;
        return create_with_file(&app, &principal, &id, key, request).await;
    }
    if !content_type.starts_with("application/json") {
        let message = "the body must be application/json or multipart/form-data";
        return Err(ApiError::new(ErrorCode::UnsupportedMedia, message));
    }
    let body = json_body(request).await?;
    if body.first() == Some(&b'[') {
        let items: Vec<NewMedia> = parse(&body)?;
        return create_all(&app, &principal, &id, items).await;
    }
    app.may_change(&principal, 1)?;
    let mut new: NewMedia = parse(&body)?;
    new.key = new.key.or(key);
    Ok(created(post::media(&app.store, &principal, id, new).await?, location))
}

fn location(media: &Media) -> String {
    format!("/api/events/{}/media/{}", media.event_id, media.id)
}

async fn create_all(
    app: &App,
    principal: &Principal,
    id: &EventId,
    items: Vec<NewMedia>,
) -> Result<Response, ApiError> {
    if items.is_empty() || items.len() > BATCH_ITEMS {
        return Err(ApiError::invalid("", format!("1 to {BATCH_ITEMS} items at a time")));
    }
    app.may_change(principal, items.len())?;
    let items = items
        .into_iter()
        .map(|new| Ok((post::keyed(id, &new)?, new)))
        .collect::<Result<Vec<_>, ApiError>>()?;
    let (by, event_id) = (principal.clone(), id.clone());
    let work =
        async move |tx: &mut Tx<'_>, new, at| domain::media::post(tx, &by, &event_id, new, None, at).await;
    let outcomes = publish_all(&app.store, principal, Action::Post, &Topic::event(id), items, work).await?;
    let fresh = outcomes.iter().any(|outcome| matches!(outcome, Outcome::Done(_)));
    let status = if fresh { StatusCode::CREATED } else { StatusCode::OK };
    let media: Vec<Media> = outcomes.into_iter().map(Outcome::into_inner).collect();
    Ok((status, Json(media)).into_response())
}

/// What makes a multipart request what it is, for its idempotency key.
#[derive(Serialize)]
struct FileRequest<'a> {
    event: &'a EventId,
    new: &'a NewMedia,
    sha256: Option<&'a [u8]>,
}

async fn create_with_file(
    app: &App,
    principal: &Principal,
    id: &EventId,
    header_key: Option<shared::IdempotencyKey>,
    request: Request,
) -> Result<Response, ApiError> {
    let mut multipart = Multipart::from_request(request, app)
        .await
        .map_err(|rejection| ApiError::new(ErrorCode::Malformed, rejection.body_text()))?;
    // Who may not post has nothing stored and no picture decoded. It is asked again with the change.
    let (by, topic) = (principal.clone(), Topic::event(id));
    let may_post = async move |tx: &mut Tx<'_>| permission::require(tx, &by, Action::Post, &topic).await;
    if let Err(refused) = app.read(may_post).await {
        upload::pass_over(&mut multipart).await;
        return Err(refused);
    }
    let form = upload::read_form(app, multipart).await?;
    let field = |name: &str| form.fields.get(name).cloned().unwrap_or_default();
    let key = match form.fields.get("key") {
        Some(text) => Some(
            text.parse()
                .map_err(|error: shared::text::InvalidText| ApiError::invalid("key", error.to_string()))?,
        ),
        None => header_key,
    };
    let new = NewMedia { author: field("author"), text: field("text"), upload_id: None, key };
    let sha256 = form.file.as_ref().map(|file| file.sha256.as_slice());
    let keyed = new
        .key
        .clone()
        .map(|key| Keyed::new(key, &FileRequest { event: id, new: &new, sha256 }))
        .transpose()?;
    let stored = form.file.as_ref().map(|file| file.attachment.upload_id.clone());
    let attached = form.file.map(|file| (file.kind, file.attachment));
    let (by, event_id) = (principal.clone(), id.clone());
    let work =
        async move |tx: &mut Tx<'_>, at| domain::media::post(tx, &by, &event_id, new, attached, at).await;
    let outcome = publish(&app.store, principal, Action::Post, &Topic::event(id), keyed, work).await;
    if !matches!(outcome, Ok(Outcome::Done(_)))
        && let Some(upload) = stored
    {
        // Refused, or posted before with the same key: these bytes belong to no item.
        app.remove_files([upload]).await;
    }
    Ok(created(outcome?, location))
}

/// One item.
pub async fn read(
    State(app): State<App>,
    principal: Principal,
    ids: Result<Path<(EventId, MediaId)>, PathRejection>,
) -> Result<Json<Media>, ApiError> {
    let Path((event, id)) = ids?;
    let topic = Topic::event(&event);
    let work = async move |tx: &mut Tx<'_>| rows::find(tx, &event, &id).await;
    let media = app.read_as(&principal, &topic, work).await?;
    media.map(Json).ok_or_else(|| ApiError::not_found("item"))
}

/// Changes an item's text.
pub async fn change(
    State(app): State<App>,
    principal: Principal,
    ids: Result<Path<(EventId, MediaId)>, PathRejection>,
    body: Result<Json<MediaPatch>, JsonRejection>,
) -> Result<Json<Media>, ApiError> {
    let (Path((event, id)), Json(patch)) = (ids?, body?);
    app.may_change(&principal, 1)?;
    let (topic, by) = (Topic::event(&event), principal.clone());
    let work = async move |tx: &mut Tx<'_>, at| domain::media::change(tx, &by, &event, &id, patch, at).await;
    let outcome = publish(&app.store, &principal, Action::Post, &topic, None, work).await?;
    Ok(Json(outcome.into_inner()))
}

/// Deletes an item and its files.
pub async fn delete(
    State(app): State<App>,
    principal: Principal,
    ids: Result<Path<(EventId, MediaId)>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let Path((event, id)) = ids?;
    app.may_change(&principal, 1)?;
    let (topic, by) = (Topic::event(&event), principal.clone());
    let work = async move |tx: &mut Tx<'_>, at| domain::media::delete(tx, &by, &event, &id, at).await;
    let upload = publish(&app.store, &principal, Action::Post, &topic, None, work).await?.into_inner();
    app.remove_files(upload).await;
    Ok(StatusCode::NO_CONTENT)
}
