//! `/api/events/{id}/teams` and `/api/teams/{id}`

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
    EventId, TeamId, Topic,
    model::match_::{Match, NewTeam, Team, TeamPatch},
    rest::{Page, Snapshot},
};

use super::{created, event::cursor, idempotency_key};
use crate::{
    app::App,
    auth::{Principal, permission::Action},
    domain::team as domain,
    error::ApiError,
    publish::{Keyed, publish},
    store::{Tx, log, match_ as matches, team as rows},
};

/// An event's teams, by name.
pub async fn list(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<EventId>, PathRejection>,
) -> Result<Json<Page<Team>>, ApiError> {
    let Path(id) = id?;
    let topic = Topic::event(&id);
    let work = async move |tx: &mut Tx<'_>| {
        Ok((rows::list(tx, &id).await?, log::position(tx, &Topic::event(&id)).await?))
    };
    let (items, position) = app.read_as(&principal, &topic, work).await?;
    Ok(Json(Page { items, next: None, cursor: cursor(position)? }))
}

/// Makes a team.
pub async fn create(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<EventId>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<NewTeam>, JsonRejection>,
) -> Result<Response, ApiError> {
    let (Path(id), Json(new)) = (id?, body?);
    app.may_change(&principal, 1)?;
    let keyed = idempotency_key(&headers)?.map(|key| Keyed::new(key, &("team", &id, &new))).transpose()?;
    let topic = Topic::event(&id);
    let work = async move |tx: &mut Tx<'_>, at| domain::create(tx, &id, new, at).await;
    let outcome = publish(&app.store, &principal, Action::Post, &topic, keyed, work).await?;
    Ok(created(outcome, |team: &Team| format!("/api/teams/{}", team.id)))
}

/// A team, and the cursor to go live from.
pub async fn read(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<TeamId>, PathRejection>,
) -> Result<Json<Snapshot<Team>>, ApiError> {
    let Path(id) = id?;
    let topic = Topic::team(&id);
    let work = async move |tx: &mut Tx<'_>| {
        Ok((rows::find(tx, &id).await?, log::position(tx, &Topic::team(&id)).await?))
    };
    let (team, position) = app.read_as(&principal, &topic, work).await?;
    let item = team.ok_or_else(|| ApiError::not_found("team"))?;
    Ok(Json(Snapshot { item, cursor: cursor(position)? }))
}

/// Changes a team.
pub async fn change(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<TeamId>, PathRejection>,
    body: Result<Json<TeamPatch>, JsonRejection>,
) -> Result<Json<Team>, ApiError> {
    let (Path(id), Json(patch)) = (id?, body?);
    app.may_change(&principal, 1)?;
    let topic = Topic::team(&id);
    let work = async move |tx: &mut Tx<'_>, at| domain::change(tx, &id, patch, at).await;
    let outcome = publish(&app.store, &principal, Action::Post, &topic, None, work).await?;
    Ok(Json(outcome.into_inner()))
}

/// Deletes a team that has no matches.
pub async fn delete(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<TeamId>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let Path(id) = id?;
    app.may_change(&principal, 1)?;
    let topic = Topic::team(&id);
    let work = async move |tx: &mut Tx<'_>, at| domain::delete(tx, &id, at).await;
    publish(&app.store, &principal, Action::Manage, &topic, None, work).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The matches that a team plays, the one made last first.
pub async fn matches(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<TeamId>, PathRejection>,
) -> Result<Json<Page<Match>>, ApiError> {
    let Path(id) = id?;
    let topic = Topic::team(&id);
    let work = async move |tx: &mut Tx<'_>| {
        Ok((matches::of_team(tx, &id).await?, log::position(tx, &Topic::team(&id)).await?))
    };
    let (items, position) = app.read_as(&principal, &topic, work).await?;
    Ok(Json(Page { items, next: None, cursor: cursor(position)? }))
}
