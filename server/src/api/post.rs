//! `/api/posts`

use axum::{
    Json,
    extract::{
        Path, Query, State,
        rejection::{JsonRejection, PathRejection, QueryRejection},
    },
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use shared::{
    PostId, Topic,
    model::post::{NewPost, Post, PostLikes, PostPatch, PostStatus, Schedule},
    rest::{Page, Snapshot},
};

use super::{account::signed_in, created, event::cursor, idempotency_key, page_items};
use crate::{
    app::App,
    auth::{Principal, permission::Action},
    domain::{self, Refusal},
    error::ApiError,
    publish::{Keyed, once, publish},
    store::{Tx, WorkError, log, post as rows},
    time::unix_ms,
};

/// `GET /api/posts?status=&limit=&after=`
#[derive(Debug, Deserialize)]
pub struct ListQuery {
    status: Option<PostStatus>,
    limit: Option<usize>,
    after: Option<PostId>,
}

/// The posts that one owns or edits, newest first; cursor of one's own topic.
pub async fn list(
    State(app): State<App>,
    principal: Principal,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<Page<Post>>, ApiError> {
    let Query(query) = query?;
    let account = signed_in(&principal)?.person.id.clone();
    let limit = page_items(query.limit);
    let (mut items, position) = app
        .store
        .read(async move |tx| {
            let items = rows::list(tx, &account, query.status, query.after.as_ref(), limit + 1).await?;
            Ok((items, log::position(tx, &Topic::user(&account)).await?))
        })
        .await?;
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(Json(Page { items, next, cursor: cursor(position)? }))
}

/// Writes a draft.
pub async fn create(
    State(app): State<App>,
    principal: Principal,
    headers: HeaderMap,
    body: Result<Json<NewPost>, JsonRejection>,
) -> Result<Response, ApiError> {
    let Json(mut new) = body?;
    signed_in(&principal)?;
    app.may_change(&principal, 1)?;
    new.key = new.key.or(idempotency_key(&headers)?);
    let keyed = new.key.clone().map(|key| Keyed::new(key, &("post", &new))).transpose()?;
    let work = async move |tx: &mut Tx<'_>| {
        let by = principal.clone();
        let work = async move |tx: &mut Tx<'_>, at| domain::post::create(tx, &by, new, at).await;
        once(tx, &principal, keyed, unix_ms(), work).await
    };
    let outcome = app.store.write(work).await?.map_err(ApiError::from)?;
    Ok(created(outcome, |post: &Post| format!("/api/posts/{}", post.id)))
}

/// A post, and the cursor of one's own topic, on which its changes are published.
pub async fn read(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<PostId>, PathRejection>,
) -> Result<Response, ApiError> {
    let Path(id) = id?;
    let account = signed_in(&principal)?.person.id.clone();
    let topic = Topic::post(&id);
    let work = async move |tx: &mut Tx<'_>| {
        Ok((rows::find(tx, &id).await?, log::position(tx, &Topic::user(&account)).await?))
    };
    let (post, position) = app.read_as(&principal, &topic, work).await?;
    let item = post.ok_or_else(|| ApiError::not_found("post"))?;
    let version = HeaderValue::from_str(&format!("\"{}\"", item.version));
    let mut response = Json(Snapshot { item, cursor: cursor(position)? }).into_response();
    if let Ok(version) = version {
        response.headers_mut().insert(header::ETAG, version);
    }
    Ok(response)
}

/// Changes a post that stands at the version that was read: `If-Match`, or `version` in the body.
pub async fn change(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<PostId>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<PostPatch>, JsonRejection>,
) -> Result<Json<Post>, ApiError> {
    let (Path(id), Json(mut patch)) = (id?, body?);
    patch.version = patch.version.or(if_match(&headers)?);
    let by = principal.clone();
    let of = id.clone();
    let work = async move |tx: &mut Tx<'_>, at| domain::post::change(tx, &by, &of, patch, at).await;
    let (post, gone) = run(&app, &principal, Action::Post, &id, work).await?;
    app.remove_files(gone).await;
    Ok(Json(post))
}

/// The version in `If-Match` (RFC 9110 §13.1.1): a number, quoted or not.
fn if_match(headers: &HeaderMap) -> Result<Option<u64>, ApiError> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let version = value.to_str().ok().and_then(|text| text.trim().trim_matches('"').parse().ok());
    version.map(Some).ok_or_else(|| ApiError::invalid("If-Match", "the version of the post that was read"))
}

/// Deletes a post. What it became on timelines stays.
pub async fn delete(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<PostId>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let Path(id) = id?;
    let of = id.clone();
    let work = async move |tx: &mut Tx<'_>, at| domain::post::delete(tx, &of, at).await;
    let gone = run(&app, &principal, Action::Manage, &id, work).await?;
    app.remove_files(gone).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a post a time to go out at.
pub async fn schedule(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<PostId>, PathRejection>,
    body: Result<Json<Schedule>, JsonRejection>,
) -> Result<Json<Post>, ApiError> {
    let (Path(id), Json(schedule)) = (id?, body?);
    let of = id.clone();
    let work = async move |tx: &mut Tx<'_>, at| domain::post::schedule(tx, &of, schedule.at, at).await;
    Ok(Json(run(&app, &principal, Action::Post, &id, work).await?))
}

/// Makes a scheduled post a draft again.
pub async fn unschedule(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<PostId>, PathRejection>,
) -> Result<Json<Post>, ApiError> {
    let Path(id) = id?;
    let of = id.clone();
    let work = async move |tx: &mut Tx<'_>, at| domain::post::unschedule(tx, &of, at).await;
    Ok(Json(run(&app, &principal, Action::Post, &id, work).await?))
}

/// Sends a post on its way now.
pub async fn publish_now(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<PostId>, PathRejection>,
) -> Result<Json<Post>, ApiError> {
    let Path(id) = id?;
    let of = id.clone();
    let work = async move |tx: &mut Tx<'_>, at| domain::post::publish_now(tx, &of, at).await;
    Ok(Json(run(&app, &principal, Action::Post, &id, work).await?))
}

/// Tries a failed post again, where it did not arrive.
pub async fn retry(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<PostId>, PathRejection>,
) -> Result<Json<Post>, ApiError> {
    let Path(id) = id?;
    let of = id.clone();
    let work = async move |tx: &mut Tx<'_>, at| domain::post::retry(tx, &of, at).await;
    Ok(Json(run(&app, &principal, Action::Post, &id, work).await?))
}

/// Likes a post.
pub async fn like(
    app: State<App>,
    by: Principal,
    id: Result<Path<PostId>, PathRejection>,
) -> Answer<PostLikes> {
    set_liked(&app, &by, id?.0, true).await
}

/// Likes it no more.
pub async fn unlike(
    app: State<App>,
    by: Principal,
    id: Result<Path<PostId>, PathRejection>,
) -> Answer<PostLikes> {
    set_liked(&app, &by, id?.0, false).await
}

type Answer<T> = Result<Json<T>, ApiError>;

async fn set_liked(app: &App, principal: &Principal, id: PostId, liked: bool) -> Answer<PostLikes> {
    let (by, of) = (principal.clone(), id.clone());
    let work = async move |tx: &mut Tx<'_>, at| domain::post::like(tx, &by, &of, liked, at).await;
    Ok(Json(run(app, principal, Action::Post, &id, work).await?))
}

/// Shares a post with somebody, by name.
pub async fn share(
    State(app): State<App>,
    principal: Principal,
    path: Result<Path<(PostId, String)>, PathRejection>,
) -> Result<Json<Post>, ApiError> {
    let Path((id, name)) = path?;
    let of = id.clone();
    let work = async move |tx: &mut Tx<'_>, at| domain::post::share(tx, &of, &name, at).await;
    Ok(Json(run(&app, &principal, Action::Manage, &id, work).await?))
}

/// Shares a post with somebody no more; an editor may take themself off.
pub async fn remove_editor(
    State(app): State<App>,
    principal: Principal,
    path: Result<Path<(PostId, String)>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let Path((id, name)) = path?;
    let (by, of) = (principal.clone(), id.clone());
    let work = async move |tx: &mut Tx<'_>, at| domain::post::remove_editor(tx, &by, &of, &name, at).await;
    let removed = run(&app, &principal, Action::Post, &id, work).await?;
    app.hub.gone(app.clock.now(), &removed, Some(&Topic::post(&id)));
    Ok(StatusCode::NO_CONTENT)
}

/// A change of one post, by who may, then a look at what is due.
async fn run<T, F>(
    app: &App,
    principal: &Principal,
    action: Action,
    id: &PostId,
    work: F,
) -> Result<T, ApiError>
where
    T: Serialize + DeserializeOwned + Send + 'static,
    F: AsyncFnOnce(&mut Tx<'_>, i64) -> Result<T, WorkError<Refusal>> + Send + 'static,
{
    app.may_change(principal, 1)?;
    let outcome = publish(&app.store, principal, action, &Topic::post(id), None, work).await?;
    app.scheduler.wake();
    Ok(outcome.into_inner())
}
