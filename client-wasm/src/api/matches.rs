//! The REST calls about teams, matches and tournaments.

use gloo_net::http::Request;
use shared::{
    EventId, MatchId, TournamentId,
    model::{
        match_::{Match, MatchEvent, NewMatch, NewTeam, Team},
        tournament::Tournament,
    },
    rest::{Page, Snapshot},
};

use super::{Answer, ApiError, get, read, send};
use crate::{browser, offline};

/// What the clocks of two machines may differ by without being corrected, in milliseconds: the server says its time
/// in whole seconds.
const CLOCKS_AGREE_MS: f64 = 1_000.0;

/// A match, and how far the server's clock is ahead of this browser's, in milliseconds, if it has said so.
pub(crate) async fn one(id: &MatchId) -> Answer<(Snapshot<Match>, Option<f64>)> {
    let asked = browser::wall_ms();
    let response = Request::get(&format!("/api/matches/{id}")).send().await;
    let response = response.map_err(|_| ApiError::unreachable())?;
    let answered = browser::wall_ms();
    let headers = response.headers();
    let kept = headers.get(offline::AS_OF);
    if let Some(as_of) = &kept {
        offline::note(as_of);
    }
    let date = headers.get("date").filter(|_| kept.is_none()).map(|date| js_sys::Date::parse(&date));
    let ahead = date.filter(|date| date.is_finite()).map(|date| {
        // Half of a second is what was cut off, on average.
        let ahead = date + 500.0 - f64::midpoint(asked, answered);
        if ahead.abs() < CLOCKS_AGREE_MS { 0.0 } else { ahead }
    });
    let body = response.text().await.map_err(|_| ApiError::unreachable())?;
    if !response.ok() {
        return Err(ApiError::from_body(response.status(), &body));
    }
    Ok((read(&body)?, ahead))
}

/// A match's whole log.
pub(crate) async fn entries(id: &MatchId) -> Answer<Page<MatchEvent>> {
    get(&format!("/api/matches/{id}/events")).await
}

pub(crate) async fn of_event(id: &EventId) -> Answer<Page<Match>> {
    get(&format!("/api/events/{id}/matches")).await
}

pub(crate) async fn teams(id: &EventId) -> Answer<Page<Team>> {
    get(&format!("/api/events/{id}/teams")).await
}

pub(crate) async fn create_team(event: &EventId, team: &NewTeam) -> Answer<Team> {
    send(Request::post(&format!("/api/events/{event}/teams")), team).await
}

pub(crate) async fn create(event: &EventId, new: &NewMatch) -> Answer<Match> {
    send(Request::post(&format!("/api/events/{event}/matches")), new).await
}

pub(crate) async fn tournament(id: &TournamentId) -> Answer<Snapshot<Tournament>> {
    get(&format!("/api/tournaments/{id}")).await
}

pub(crate) async fn of_tournament(id: &TournamentId) -> Answer<Page<Match>> {
    get(&format!("/api/tournaments/{id}/matches")).await
}

pub(crate) async fn tournaments(id: &EventId) -> Answer<Page<Tournament>> {
    get(&format!("/api/events/{id}/tournaments")).await
}
