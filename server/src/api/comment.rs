//! `/api/events/{id}/media/{mediaId}/comments` and `…/like`, `/api/posts/{id}/comments`

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
    CommentId, EventId, MediaId, PostId, Topic,
    model::comment::{Comment, Liked, NewComment, Parent},
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
    page(&app, &principal, of_item(ids?), query?).await
}

/// The same of a post.
pub async fn list_on_post(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<PostId>, PathRejection>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<Page<Comment>>, ApiError> {
    page(&app, &principal, of_post(id?), query?).await
}

async fn page(
    app: &App,
    principal: &Principal,
    parent: Parent,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<Comment>>, ApiError> {
    let limit = page_items(query.limit);
    let topic = parent.topic();
    let of = topic.clone();
    let work = async move |tx: &mut Tx<'_>| {
        // A post that may be read is there.
        if let Parent::Media { event_id, media_id } = &parent
            && media_rows::find(tx, event_id, media_id).await?.is_none()
        {
            return Ok(None);
        }
        let items = rows::list(tx, &parent, query.before.as_ref(), limit + 1).await?;
        Ok(Some((items, log::position(tx, &of).await?)))
    };
    let found = app.read_as(principal, &topic, work).await?;
    let (mut items, position) = found.ok_or_else(|| ApiError::not_found("item"))?;
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(Json(Page { items, next, cursor: cursor(position)? }))
}

/// Writes a comment under an item.
pub async fn create(
    State(app): State<App>,
    principal: Principal,
    ids: Item,
    headers: HeaderMap,
    body: Result<Json<NewComment>, JsonRejection>,
) -> Result<Response, ApiError> {
    write(&app, &principal, of_item(ids?), &headers, body?).await
}

/// The same under a post.
pub async fn create_on_post(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<PostId>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<NewComment>, JsonRejection>,
) -> Result<Response, ApiError> {
    write(&app, &principal, of_post(id?), &headers, body?).await
}

async fn write(
    app: &App,
    principal: &Principal,
    parent: Parent,
    headers: &HeaderMap,
    Json(mut new): Json<NewComment>,
) -> Result<Response, ApiError> {
    app.may_change(principal, 1)?;
    new.key = new.key.or(idempotency_key(headers)?);
    let keyed = new.key.clone().map(|key| Keyed::new(key, &("comment", &parent, &new))).transpose()?;
    let (topic, by) = (parent.topic(), principal.clone());
    let work = async move |tx: &mut Tx<'_>, at| domain::comment::post(tx, &by, parent, new, at).await;
    // Who may read may say something about it; the domain asks for a name.
    let outcome = publish(&app.store, principal, Action::Read, &topic, keyed, work).await?;
    Ok(created(outcome, |comment: &Comment| format!("{}/{}", comment.parent.comments_path(), comment.id)))
}

/// Deletes a comment under an item.
pub async fn delete(
    State(app): State<App>,
    principal: Principal,
    ids: Result<Path<(EventId, MediaId, CommentId)>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let Path((event, media, id)) = ids?;
    remove(&app, &principal, of_item(Path((event, media))), id).await
}

/// The same under a post.
pub async fn delete_on_post(
    State(app): State<App>,
    principal: Principal,
    ids: Result<Path<(PostId, CommentId)>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let Path((post, id)) = ids?;
    remove(&app, &principal, of_post(Path(post)), id).await
}

async fn remove(
    app: &App,
    principal: &Principal,
    parent: Parent,
    id: CommentId,
) -> Result<StatusCode, ApiError> {
    app.may_change(principal, 1)?;
    let (topic, by) = (parent.topic(), principal.clone());
    let work = async move |tx: &mut Tx<'_>, at| domain::comment::delete(tx, &by, &parent, &id, at).await;
    publish(&app.store, principal, Action::Read, &topic, None, work).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn of_item(Path((event_id, media_id)): Path<(EventId, MediaId)>) -> Parent {
    Parent::Media { event_id, media_id }
}

fn of_post(Path(post_id): Path<PostId>) -> Parent {
    Parent::Post { post_id }
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
