//! `/api/events/{id}/tournaments` and `/api/tournaments/{id}`

use axum::{
    Json,
    extract::{
        Path, State,
        rejection::{JsonRejection, PathRejection},
    },
    http::{HeaderMap, StatusCode},
    response::Response,
};
use shared::{
    EventId, Topic, TournamentId,
    model::{
        match_::Match,
        tournament::{NewTournament, Tournament, TournamentPatch},
    },
    rest::{Page, Snapshot},
};

use super::{created, event::cursor, idempotency_key};
use crate::{
    app::App,
    auth::{Principal, permission::Action},
    domain::tournament as domain,
    error::ApiError,
    publish::{Keyed, publish},
    store::{Tx, log, match_, tournament as rows},
};

/// An event's tournaments, the one made last first.
pub async fn list(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<EventId>, PathRejection>,
) -> Result<Json<Page<Tournament>>, ApiError> {
    let Path(id) = id?;
    let topic = Topic::event(&id);
    let work = async move |tx: &mut Tx<'_>| {
        Ok((rows::list(tx, &id).await?, log::position(tx, &Topic::event(&id)).await?))
    };
    let (items, position) = app.read_as(&principal, &topic, work).await?;
    Ok(Json(Page { items, next: None, cursor: cursor(position)? }))
}

/// Plans a tournament.
pub async fn create(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<EventId>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<NewTournament>, JsonRejection>,
) -> Result<Response, ApiError> {
    let (Path(id), Json(new)) = (id?, body?);
    app.may_change(&principal, 1)?;
    let keyed =
        idempotency_key(&headers)?.map(|key| Keyed::new(key, &("tournament", &id, &new))).transpose()?;
    let topic = Topic::event(&id);
    let work = async move |tx: &mut Tx<'_>, at| domain::create(tx, &id, new, at).await;
    let outcome = publish(&app.store, &principal, Action::Post, &topic, keyed, work).await?;
    Ok(created(outcome, |of: &Tournament| format!("/api/tournaments/{}", of.id)))
}

/// A tournament with its tables and its bracket, and the cursor to go live from.
pub async fn read(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<TournamentId>, PathRejection>,
) -> Result<Json<Snapshot<Tournament>>, ApiError> {
    let Path(id) = id?;
    let topic = Topic::tournament(&id);
    let work = async move |tx: &mut Tx<'_>| {
        Ok((rows::find(tx, &id).await?, log::position(tx, &Topic::tournament(&id)).await?))
    };
    let (found, position) = app.read_as(&principal, &topic, work).await?;
    let item = found.ok_or_else(|| ApiError::not_found("tournament"))?;
    Ok(Json(Snapshot { item, cursor: cursor(position)? }))
}

/// Changes a tournament.
pub async fn change(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<TournamentId>, PathRejection>,
    body: Result<Json<TournamentPatch>, JsonRejection>,
) -> Result<Json<Tournament>, ApiError> {
    let (Path(id), Json(patch)) = (id?, body?);
    app.may_change(&principal, 1)?;
    let topic = Topic::tournament(&id);
    let work = async move |tx: &mut Tx<'_>, at| domain::change(tx, &id, patch, at).await;
    let outcome = publish(&app.store, &principal, Action::Post, &topic, None, work).await?;
    Ok(Json(outcome.into_inner()))
}

/// Deletes a tournament; its matches stay.
pub async fn delete(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<TournamentId>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let Path(id) = id?;
    app.may_change(&principal, 1)?;
    let topic = Topic::tournament(&id);
    let work = async move |tx: &mut Tx<'_>, at| domain::delete(tx, &id, at).await;
    publish(&app.store, &principal, Action::Manage, &topic, None, work).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A tournament's matches, the one made last first.
pub async fn matches(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<TournamentId>, PathRejection>,
) -> Result<Json<Page<Match>>, ApiError> {
    let Path(id) = id?;
    let topic = Topic::tournament(&id);
    let work = async move |tx: &mut Tx<'_>| {
        Ok((match_::of_tournament(tx, &id).await?, log::position(tx, &Topic::tournament(&id)).await?))
    };
    let (items, position) = app.read_as(&principal, &topic, work).await?;
    Ok(Json(Page { items, next: None, cursor: cursor(position)? }))
}
