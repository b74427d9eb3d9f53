//! `/api/stories`

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
    Offset, StoryId, Topic,
    model::story::{AuthorStories, NewReaction, NewStory, SeenStory, Story, StoryViewer},
    rest::{Page, Snapshot},
};

use super::{account::signed_in, created, event::cursor, idempotency_key, page_items};
use crate::{
    app::App,
    auth::{Principal, permission::Action},
    domain::{self, Refusal},
    error::ApiError,
    publish::{Keyed, publish},
    store::{Tx, log, story as rows},
    time::unix_ms,
};

/// `GET /api/stories?limit=&before=`
#[derive(Debug, Deserialize)]
pub struct RailQuery {
    limit: Option<usize>,
    before: Option<u64>,
}

/// Those who have stories, who posted last first, and the cursor to go live from.
pub async fn list(
    State(app): State<App>,
    principal: Principal,
    query: Result<Query<RailQuery>, QueryRejection>,
) -> Result<Json<Page<AuthorStories>>, ApiError> {
    let Query(query) = query?;
    let limit = page_items(query.limit);
    let before = query.before.map(Offset);
    let reader = principal.account_id().cloned();
    let work = async move |tx: &mut Tx<'_>| {
        let now = unix_ms();
        let mut authors = rows::authors(tx, before, now, limit + 1).await?;
        let more = authors.len() > limit;
        authors.truncate(limit);
        let next = authors.last().filter(|_| more).map(|(_, newest)| newest.to_string());
        let mut items = Vec::with_capacity(authors.len());
        for (author, _) in authors {
            let stories = rows::of_author(tx, &author, reader.as_ref(), now).await?;
            if let Some(author) = stories.last().map(|newest| newest.story.author.clone()) {
                items.push(AuthorStories { author, stories });
            }
        }
        Ok((items, next, log::position(tx, &Topic::stories()).await?))
    };
    let (items, next, position) = app.read_as(&principal, &Topic::stories(), work).await?;
    Ok(Json(Page { items, next, cursor: cursor(position)? }))
}

/// Posts a story.
pub async fn create(
    State(app): State<App>,
    principal: Principal,
    headers: HeaderMap,
    body: Result<Json<NewStory>, JsonRejection>,
) -> Result<Response, ApiError> {
    signed_in(&principal)?;
    let Json(new) = body?;
    app.may_change(&principal, 1)?;
    let keyed = idempotency_key(&headers)?.map(|key| Keyed::new(key, &("story", &new))).transpose()?;
    let by = principal.clone();
    let ttl_ms = app.config.stories.ttl_ms();
    let work = async move |tx: &mut Tx<'_>, at| domain::story::post(tx, &by, new, at, ttl_ms).await;
    let outcome = publish(&app.store, &principal, Action::Post, &Topic::stories(), keyed, work).await?;
    Ok(created(outcome, |story: &Story| format!("/api/stories/{}", story.id)))
}

/// One story, and the cursor to go live from.
pub async fn read(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<StoryId>, PathRejection>,
) -> Result<Json<Snapshot<SeenStory>>, ApiError> {
    let Path(id) = id?;
    let reader = principal.account_id().cloned();
    let work = async move |tx: &mut Tx<'_>| {
        let story = rows::find_seen(tx, &id, reader.as_ref(), unix_ms()).await?;
        Ok((story, log::position(tx, &Topic::stories()).await?))
    };
    let (story, position) = app.read_as(&principal, &Topic::stories(), work).await?;
    let item = story.ok_or_else(|| ApiError::not_found("story"))?;
    Ok(Json(Snapshot { item, cursor: cursor(position)? }))
}

/// Deletes a story and its files.
pub async fn delete(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<StoryId>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let Path(id) = id?;
    app.may_change(&principal, 1)?;
    let by = principal.clone();
    let work = async move |tx: &mut Tx<'_>, at| domain::story::delete(tx, &by, &id, at).await;
    let outcome = publish(&app.store, &principal, Action::Post, &Topic::stories(), None, work).await?;
    app.remove_files([outcome.into_inner()]).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Says that who asks has seen a story. Once is enough; saying it again changes nothing.
pub async fn view(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<StoryId>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    signed_in(&principal)?;
    let Path(id) = id?;
    app.may_change(&principal, 1)?;
    let by = principal.clone();
    let work = async move |tx: &mut Tx<'_>, at| domain::story::view(tx, &by, &id, at).await;
    publish(&app.store, &principal, Action::Read, &Topic::stories(), None, work).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Reacts to a story.
pub async fn react(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<StoryId>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<NewReaction>, JsonRejection>,
) -> Result<StatusCode, ApiError> {
    signed_in(&principal)?;
    let (Path(id), Json(new)) = (id?, body?);
    app.may_change(&principal, 1)?;
    let keyed =
        idempotency_key(&headers)?.map(|key| Keyed::new(key, &("reaction", &id, &new))).transpose()?;
    let by = principal.clone();
    let work = async move |tx: &mut Tx<'_>, at| domain::story::react(tx, &by, &id, new, at).await;
    publish(&app.store, &principal, Action::Post, &Topic::stories(), keyed, work).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /api/stories/{id}/viewers?limit=&before=`
#[derive(Debug, Deserialize)]
pub struct ViewersQuery {
    limit: Option<usize>,
    before: Option<i64>,
}

/// Who has seen one's story and how they reacted, who came last first, and the cursor of one's own topic.
pub async fn viewers(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<StoryId>, PathRejection>,
    query: Result<Query<ViewersQuery>, QueryRejection>,
) -> Result<Json<Page<StoryViewer>>, ApiError> {
    let (Path(id), Query(query)) = (id?, query?);
    let reader = signed_in(&principal)?.person.id.clone();
    let limit = page_items(query.limit);
    let work = async move |tx: &mut Tx<'_>| {
        let Some((story, _)) = rows::find(tx, &id, unix_ms()).await? else {
            return Ok(Err(Refusal::NotFound("story")));
        };
        if story.author.id != reader {
            return Ok(Err(Refusal::Forbidden));
        }
        let viewers = rows::viewers(tx, &id, query.before, limit + 1).await?;
        Ok(Ok((viewers, log::position(tx, &Topic::user(&reader)).await?)))
    };
    let (mut viewers, position) = app.read_as(&principal, &Topic::stories(), work).await??;
    let more = viewers.len() > limit;
    viewers.truncate(limit);
    let next = viewers.last().filter(|_| more).map(|(number, _)| number.to_string());
    let items = viewers.into_iter().map(|(_, viewer)| viewer).collect();
    Ok(Json(Page { items, next, cursor: cursor(position)? }))
}
