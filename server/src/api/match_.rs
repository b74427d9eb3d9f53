//! `/api/events/{id}/matches`, `/api/matches/{id}` and what happens there: `/api/matches/{id}/events`

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, Request, State,
        rejection::{JsonRejection, PathRejection},
    },
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use shared::{
    EventId, MatchId, Topic,
    limits::BATCH_ITEMS,
    model::match_::{Entry, Match, MatchEvent, MatchPatch, NewMatch},
    rest::{Page, Snapshot},
};

use super::{created, event::cursor, idempotency_key, json_body, parse};
use crate::{
    app::App,
    auth::{Principal, permission::Action},
    domain::match_ as domain,
    error::ApiError,
    publish::{Keyed, post, publish},
    store::{Tx, log, match_ as rows},
};

/// An event's matches, the one made last first.
pub async fn list(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<EventId>, PathRejection>,
) -> Result<Json<Page<Match>>, ApiError> {
    let Path(id) = id?;
    let topic = Topic::event(&id);
    let work = async move |tx: &mut Tx<'_>| {
        Ok((rows::list(tx, &id).await?, log::position(tx, &Topic::event(&id)).await?))
    };
    let (items, position) = app.read_as(&principal, &topic, work).await?;
    Ok(Json(Page { items, next: None, cursor: cursor(position)? }))
}

/// Makes a match.
pub async fn create(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<EventId>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<NewMatch>, JsonRejection>,
) -> Result<Response, ApiError> {
    let (Path(id), Json(new)) = (id?, body?);
    app.may_change(&principal, 1)?;
    let keyed = idempotency_key(&headers)?.map(|key| Keyed::new(key, &("match", &id, &new))).transpose()?;
    let topic = Topic::event(&id);
    let work = async move |tx: &mut Tx<'_>, at| domain::create(tx, &id, new, at).await;
    let outcome = publish(&app.store, &principal, Action::Post, &topic, keyed, work).await?;
    Ok(created(outcome, |of: &Match| format!("/api/matches/{}", of.id)))
}

/// A match with where it stands, and the cursor to go live from.
pub async fn read(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<MatchId>, PathRejection>,
) -> Result<Json<Snapshot<Match>>, ApiError> {
    let Path(id) = id?;
    let topic = Topic::of_match(&id);
    let work = async move |tx: &mut Tx<'_>| {
        Ok((rows::find(tx, &id).await?, log::position(tx, &Topic::of_match(&id)).await?))
    };
    let (found, position) = app.read_as(&principal, &topic, work).await?;
    let item = found.ok_or_else(|| ApiError::not_found("match"))?;
    Ok(Json(Snapshot { item, cursor: cursor(position)? }))
}

/// Changes what is agreed about a match.
pub async fn change(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<MatchId>, PathRejection>,
    body: Result<Json<MatchPatch>, JsonRejection>,
) -> Result<Json<Match>, ApiError> {
    let (Path(id), Json(patch)) = (id?, body?);
    app.may_change(&principal, 1)?;
    let topic = Topic::of_match(&id);
    let work = async move |tx: &mut Tx<'_>, at| domain::change(tx, &id, patch, at).await;
    let outcome = publish(&app.store, &principal, Action::Post, &topic, None, work).await?;
    Ok(Json(outcome.into_inner()))
}

/// Deletes a match with its log.
pub async fn delete(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<MatchId>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let Path(id) = id?;
    app.may_change(&principal, 1)?;
    let topic = Topic::of_match(&id);
    let work = async move |tx: &mut Tx<'_>, at| domain::delete(tx, &id, at).await;
    publish(&app.store, &principal, Action::Manage, &topic, None, work).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A match's whole log, in the order in which it was stored, and the cursor to go live from.
pub async fn events(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<MatchId>, PathRejection>,
) -> Result<Json<Page<MatchEvent>>, ApiError> {
    let Path(id) = id?;
    let topic = Topic::of_match(&id);
    let work = async move |tx: &mut Tx<'_>| {
        Ok((rows::entries(tx, &id).await?, log::position(tx, &Topic::of_match(&id)).await?))
    };
    let (items, position) = app.read_as(&principal, &topic, work).await?;
    Ok(Json(Page { items, next: None, cursor: cursor(position)? }))
}

/// Records what happened: an entry, or several (a JSON array: all of them or none).
pub async fn record(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<MatchId>, PathRejection>,
    request: Request,
) -> Result<Response, ApiError> {
    let Path(id) = id?;
    let body: Bytes = json_body(request).await?;
    if body.first() == Some(&b'[') {
        let entries: Vec<Entry> = parse(&body)?;
        if entries.is_empty() || entries.len() > BATCH_ITEMS {
            return Err(ApiError::invalid("", format!("1 to {BATCH_ITEMS} entries at a time")));
        }
        app.may_change(&principal, entries.len())?;
        let recorded = post::record(&app.store, &principal, id, entries).await?;
        return Ok((status(recorded.fresh), Json(recorded.events)).into_response());
    }
    app.may_change(&principal, 1)?;
    let entry: Entry = parse(&body)?;
    let mut recorded = post::record(&app.store, &principal, id, vec![entry]).await?;
    let status = status(recorded.fresh);
    Ok((status, Json(recorded.events.pop())).into_response())
}

const fn status(fresh: bool) -> StatusCode {
    if fresh { StatusCode::CREATED } else { StatusCode::OK }
}
