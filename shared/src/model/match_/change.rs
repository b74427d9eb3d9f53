//! What is published about matches and teams.

use serde::{Deserialize, Serialize};

use super::{Match, MatchEvent, MatchState, Team};
use crate::{MatchId, TeamId, change::domain_change};

domain_change! {
    /// A change of a match or a team.
    pub enum MatchChange {
        /// Something happened in a match.
        "match:event" => Event(Box<MatchEvent>), about |event| format!("match:{}:{}", event.match_id, event.entry.id);
        /// Where a match stands now.
        "match:state" => State(Box<MatchStateChanged>), about |changed| format!("match:{}:state", changed.match_id);
        "match:new" => New(Box<Match>), about |of| format!("match:{}", of.id);
        /// Who plays it, when and for how long; in its state as well.
        "match:update" => Update(Box<Match>), about |of| format!("match:{}", of.id);
        "match:delete" => Delete(MatchDeleted), about |gone| format!("match:{}", gone.match_id);
        "team:new" => TeamNew(Box<Team>), about |team| format!("team:{}", team.id);
        "team:update" => TeamUpdate(Box<Team>), about |team| format!("team:{}", team.id);
        "team:delete" => TeamDelete(TeamDeleted), about |gone| format!("team:{}", gone.team_id);
    }
}

/// Payload of `match:state`: counted by the server from the log, as anybody can count it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MatchStateChanged {
    pub match_id: MatchId,
    pub state: MatchState,
}

/// Payload of `match:delete`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MatchDeleted {
    pub match_id: MatchId,
}

/// Payload of `team:delete`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TeamDeleted {
    pub team_id: TeamId,
}
