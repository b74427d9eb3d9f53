//! Matches, the teams that play them and their players. What happens in a match is in `entry`; score, clock,
//! line-ups and statistics are counted from that by `recount`, the same on the server and in the browser.
//!
//! Teams, matches and tournaments belong to an event (a season, a tournament's weekend, a single game), whose
//! rights they take. `match` is a word of the language: hence the name of the module.

mod change;
mod clock;
mod entry;
mod recount;
mod stats;

use serde::{Deserialize, Serialize};

pub use change::{MatchChange, MatchDeleted, MatchStateChanged, TeamDeleted};
pub use clock::{Clock, Minute};
pub use entry::{Card, Entry, Happening, MatchEvent, Outcome, Phase, Side, What};
pub use recount::{Recount, Told};
pub use stats::{MatchState, PlayerStats, Score, SideState, Stats};

use crate::{EventId, MatchId, PlayerId, TeamId, TieId, Timestamp, TournamentId};

/// A team, as every reader sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Team {
    pub id: TeamId,
    /// The event that it belongs to, and whose rights it takes.
    pub event_id: EventId,
    pub name: String,
    /// A few letters for a scoreboard: `FRA`. May be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub short: String,
    /// By number, then by name.
    pub players: Vec<Player>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Somebody who plays for a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Player {
    pub id: PlayerId,
    pub name: String,
    /// On the shirt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u16>,
}

/// `POST /api/events/{id}/teams`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewTeam {
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub short: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub players: Vec<NewPlayer>,
}

/// `PATCH /api/teams/{id}`: what is absent stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TeamPatch {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short: Option<String>,
    /// All of them: who is not named is a player no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub players: Option<Vec<NewPlayer>>,
}

/// A player, as a team names them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPlayer {
    /// Of who plays for the team already; absent for somebody new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<PlayerId>,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u16>,
}

/// A match, as every reader sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Match {
    pub id: MatchId,
    /// The event that it belongs to, and whose rights it takes.
    pub event_id: EventId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tournament_id: Option<TournamentId>,
    /// Its place in the tournament's bracket; absent for a match of a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tie: Option<TieId>,
    /// What it is called beside its teams: `Final`, `Group B`. May be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// When it is meant to begin; when it did is in its log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Timestamp>,
    pub sheet: Sheet,
    /// Counted from its log when this was read.
    pub state: MatchState,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What is agreed before a match: who plays, and for how long. All that `recount` asks for beside the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sheet {
    pub home: TeamSheet,
    pub away: TeamSheet,
    /// Minutes of a half.
    pub half_minutes: u16,
    /// Minutes of a half of extra time.
    pub extra_minutes: u16,
}

impl Sheet {
    pub fn of(&self, side: Side) -> &TeamSheet {
        match side {
            Side::Home => &self.home,
            Side::Away => &self.away,
        }
    }

    /// The side that a team is on.
    pub fn side(&self, team: &TeamId) -> Option<Side> {
        [Side::Home, Side::Away].into_iter().find(|side| self.of(*side).team_id == *team)
    }
}

/// A team, as it comes to a match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TeamSheet {
    pub team_id: TeamId,
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub short: String,
    /// The whole team, by number, then by name.
    pub players: Vec<Player>,
    /// Who begins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub starting: Vec<PlayerId>,
}

/// `POST /api/events/{id}/matches`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewMatch {
    pub home: NewTeamSheet,
    pub away: NewTeamSheet,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tournament_id: Option<TournamentId>,
    /// A place in the tournament's bracket; without it this is a match of a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tie: Option<TieId>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Timestamp>,
    /// [`HALF_MINUTES`] unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub half_minutes: Option<u16>,
    /// [`EXTRA_MINUTES`] unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra_minutes: Option<u16>,
}

/// Minutes of a half, unless a match says otherwise.
pub const HALF_MINUTES: u16 = 45;
/// Minutes of a half of extra time, unless a match says otherwise.
pub const EXTRA_MINUTES: u16 = 15;

/// Which team plays on a side, and who of it begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewTeamSheet {
    pub team_id: TeamId,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub starting: Vec<PlayerId>,
}

/// `PATCH /api/matches/{id}`: what is absent stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MatchPatch {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home_starting: Option<Vec<PlayerId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away_starting: Option<Vec<PlayerId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub half_minutes: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra_minutes: Option<u16>,
}
