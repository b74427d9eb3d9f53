//! `/api/follows`, `/api/teams/{id}/follow` and `/api/teams/{id}/players/{playerId}/follow`

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
};
use shared::{PlayerId, TeamId, Topic, model::follow::Follow};

use super::account::signed_in;
use crate::{
    app::App,
    auth::{
        Principal,
        permission::{self, Action},
    },
    domain::follow as domain,
    error::ApiError,
    store::{Tx, follow as rows},
    time::unix_ms,
};

type Team = Result<Path<TeamId>, PathRejection>;
type Player = Result<Path<(TeamId, PlayerId)>, PathRejection>;

/// What one follows.
pub async fn list(State(app): State<App>, principal: Principal) -> Result<Json<Vec<Follow>>, ApiError> {
    let account = signed_in(&principal)?.person.id.clone();
    Ok(Json(app.store.read(async move |tx| rows::list(tx, &account).await).await?))
}

/// Follows a team.
pub async fn follow_team(app: State<App>, by: Principal, id: Team) -> Result<StatusCode, ApiError> {
    follow(&app, by, id?.0, None).await
}

/// Follows a player.
pub async fn follow_player(app: State<App>, by: Principal, ids: Player) -> Result<StatusCode, ApiError> {
    let Path((team, player)) = ids?;
    follow(&app, by, team, Some(player)).await
}

/// Follows a team no more.
pub async fn unfollow_team(app: State<App>, by: Principal, id: Team) -> Result<StatusCode, ApiError> {
    unfollow(&app, &by, id?.0, None).await
}

/// Follows a player no more.
pub async fn unfollow_player(app: State<App>, by: Principal, ids: Player) -> Result<StatusCode, ApiError> {
    let Path((team, player)) = ids?;
    unfollow(&app, &by, team, Some(player)).await
}

async fn follow(
    app: &App,
    principal: Principal,
    team: TeamId,
    player: Option<PlayerId>,
) -> Result<StatusCode, ApiError> {
    let account = signed_in(&principal)?.person.id.clone();
    app.may_change(&principal, 1)?;
    let work = async move |tx: &mut Tx<'_>| {
        permission::require(tx, &principal, Action::Read, &Topic::team(&team)).await?;
        domain::follow(tx, &account, &team, player.as_ref(), unix_ms()).await
    };
    app.store.write(work).await?.map_err(ApiError::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whoever has followed it may stop, what they may read by now or not; what there is not, nobody follows.
async fn unfollow(
    app: &App,
    principal: &Principal,
    team: TeamId,
    player: Option<PlayerId>,
) -> Result<StatusCode, ApiError> {
    let account = signed_in(principal)?.person.id.clone();
    app.may_change(principal, 1)?;
    let work = async move |tx: &mut Tx<'_>| Ok(rows::delete(tx, &account, &team, player.as_ref()).await?);
    app.store.write(work).await?.map_err(|refusal: crate::domain::Refusal| ApiError::from(refusal))?;
    Ok(StatusCode::NO_CONTENT)
}
