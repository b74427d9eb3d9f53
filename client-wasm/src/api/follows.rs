//! The REST calls about following teams and players.

use gloo_net::http::Request;
use shared::{PlayerId, TeamId, model::follow::Follow};

use super::{Answer, done, get};

/// What one follows.
pub(crate) async fn all() -> Answer<Vec<Follow>> {
    get("/api/follows").await
}

/// Follows a team, or one player of it, or no longer.
pub(crate) async fn set(team: &TeamId, player: Option<&PlayerId>, follows: bool) -> Answer<()> {
    let url = match player {
        Some(player) => format!("/api/teams/{team}/players/{player}/follow"),
        None => format!("/api/teams/{team}/follow"),
    };
    done(if follows { Request::put(&url) } else { Request::delete(&url) }.build()).await
}
