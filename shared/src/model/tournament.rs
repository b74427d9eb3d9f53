//! Tournaments: groups with their tables, and a bracket. Who stands where is counted from the matches by one pure
//! function, the same on the server and in the browser.

use serde::{Deserialize, Serialize};

use super::match_::{Match, MatchState, Phase, Score, Side};
use crate::{EventId, MatchId, TeamId, TieId, Timestamp, TournamentId, change::domain_change};

/// A tournament, as every reader sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tournament {
    pub id: TournamentId,
    /// The event that it belongs to, and whose rights it takes.
    pub event_id: EventId,
    pub title: String,
    pub plan: Plan,
    /// Counted from its matches when this was read.
    pub standing: Standing,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Who is to play whom.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plan {
    /// In each everybody plays everybody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Group>,
    /// The bracket, from its first round to the final.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rounds: Vec<Round>,
}

impl Plan {
    /// All ties, from the first round on.
    pub fn ties(&self) -> impl Iterator<Item = &Tie> {
        self.rounds.iter().flat_map(|round| &round.ties)
    }
}

/// Teams that play each other for a place in a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Group {
    pub name: String,
    /// Who is level in everything stands in this order.
    pub teams: Vec<TeamId>,
}

/// A round of the bracket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Round {
    pub name: String,
    pub ties: Vec<Tie>,
}

/// A place in the bracket where two teams meet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tie {
    /// Made by who plans the tournament: `sf1`.
    pub id: TieId,
    pub home: Slot,
    pub away: Slot,
}

/// Who is to play in a tie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Slot {
    Team(TeamId),
    /// Who ends a group at that rank, from 1.
    Rank {
        group: u8,
        rank: u8,
    },
    /// Of an earlier tie.
    Winner(TieId),
    /// Of an earlier tie.
    Loser(TieId),
}

/// Who stands where: a pure function of the plan and the matches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// In the order of the groups.
    pub tables: Vec<Table>,
    /// In the order of the ties, round after round.
    pub ties: Vec<TieState>,
}

/// A group's table. Matches that are being played count as they stand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Table {
    pub rows: Vec<TableRow>,
    /// Everybody has played everybody: it stays as it is.
    pub is_final: bool,
}

/// A team's line in a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TableRow {
    pub team_id: TeamId,
    pub played: u32,
    pub won: u32,
    pub drawn: u32,
    pub lost: u32,
    pub goals_for: u32,
    pub goals_against: u32,
    pub points: u32,
}

/// A place in the bracket, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TieState {
    pub id: TieId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<TeamId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away: Option<TeamId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub match_id: Option<MatchId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub winner: Option<TeamId>,
}

/// What a tournament counts of a match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Played {
    pub match_id: MatchId,
    pub home: TeamId,
    pub away: TeamId,
    /// Its place in the bracket; `None` for a match of a group.
    pub tie: Option<TieId>,
    pub phase: Phase,
    pub score: Score,
    pub winner: Option<Side>,
}

impl Played {
    pub fn new(match_id: MatchId, [home, away]: [TeamId; 2], tie: Option<TieId>, state: &MatchState) -> Self {
        Self { match_id, home, away, tie, phase: state.phase, score: state.score, winner: state.winner() }
    }

    /// Whether it counts: it has begun, and was not broken off.
    fn counts(&self) -> bool {
        self.phase > Phase::Scheduled && self.phase != Phase::Abandoned
    }

    fn is_between(&self, teams: &[TeamId]) -> bool {
        self.tie.is_none() && teams.contains(&self.home) && teams.contains(&self.away)
    }

    /// The team's goals and the other's; `None` if it does not play.
    fn goals(&self, team: &TeamId) -> Option<(u32, u32)> {
        let Score { home, away } = self.score;
        if self.home == *team {
            Some((home, away))
        } else if self.away == *team {
            Some((away, home))
        } else {
            None
        }
    }
}

impl From<&Match> for Played {
    fn from(of: &Match) -> Self {
        let teams = [of.sheet.home.team_id.clone(), of.sheet.away.team_id.clone()];
        Self::new(of.id.clone(), teams, of.tie.clone(), &of.state)
    }
}

const POINTS_WON: u32 = 3;
const POINTS_DRAWN: u32 = 1;

impl Standing {
    /// Counts `matches`, in any order.
    pub fn of(plan: &Plan, matches: &[Played]) -> Self {
        let tables: Vec<Table> = plan.groups.iter().map(|group| Table::of(&group.teams, matches)).collect();
        let mut standing = Self { tables, ties: Vec::new() };
        for tie in plan.ties() {
            let state = standing.tie(tie, matches);
            standing.ties.push(state);
        }
        standing
    }

    fn tie(&self, tie: &Tie, matches: &[Played]) -> TieState {
        let (home, away) = (self.slot(&tie.home), self.slot(&tie.away));
        let played = matches.iter().filter(|played| played.tie.as_ref() == Some(&tie.id));
        // One at most has the place; the same one for everybody if there are more.
        let played = played.min_by(|a, b| a.match_id.cmp(&b.match_id));
        let winner = played.and_then(|played| match played.winner? {
            Side::Home => Some(played.home.clone()),
            Side::Away => Some(played.away.clone()),
        });
        TieState {
            id: tie.id.clone(),
            home,
            away,
            match_id: played.map(|played| played.match_id.clone()),
            winner,
        }
    }

    /// Who has a slot, if that is known.
    fn slot(&self, slot: &Slot) -> Option<TeamId> {
        let tie = |id: &TieId| self.ties.iter().find(|tie| tie.id == *id);
        match slot {
            Slot::Team(team) => Some(team.clone()),
            Slot::Rank { group, rank } => {
                let table = self.tables.get(usize::from(*group)).filter(|table| table.is_final)?;
                let row = table.rows.get(usize::from(*rank).checked_sub(1)?)?;
                Some(row.team_id.clone())
            }
            Slot::Winner(of) => tie(of)?.winner.clone(),
            Slot::Loser(of) => {
                let tie = tie(of)?;
                let winner = tie.winner.as_ref()?;
                [&tie.home, &tie.away].into_iter().flatten().find(|team| *team != winner).cloned()
            }
        }
    }
}

impl Table {
    /// By points, difference of goals, goals, points of those who are level against each other, and then as the
    /// group is written.
    fn of(teams: &[TeamId], matches: &[Played]) -> Self {
        let of_group: Vec<&Played> = matches.iter().filter(|played| played.is_between(teams)).collect();
        let mut rows: Vec<TableRow> = teams.iter().map(|team| TableRow::of(team, &of_group)).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.merit()));
        let mut from = 0;
        while from < rows.len() {
            let merit = rows[from].merit();
            let level = rows[from..].iter().take_while(|row| row.merit() == merit).count();
            let among: Vec<TeamId> = rows[from..from + level].iter().map(|row| row.team_id.clone()).collect();
            let direct: Vec<&Played> =
                of_group.iter().copied().filter(|played| played.is_between(&among)).collect();
            rows[from..from + level]
                .sort_by_key(|row| std::cmp::Reverse(TableRow::of(&row.team_id, &direct).points));
            from += level;
        }
        let over = of_group.iter().filter(|played| played.counts() && played.phase.is_over()).count();
        let open = of_group.iter().any(|played| !played.phase.is_over());
        let all = teams.len() * teams.len().saturating_sub(1) / 2;
        Self { rows, is_final: over > 0 && over >= all && !open }
    }
}

impl TableRow {
    fn of(team: &TeamId, matches: &[&Played]) -> Self {
        let mut row = Self {
            team_id: team.clone(),
            played: 0,
            won: 0,
            drawn: 0,
            lost: 0,
            goals_for: 0,
            goals_against: 0,
            points: 0,
        };
        for (own, others) in
            matches.iter().filter(|played| played.counts()).filter_map(|played| played.goals(team))
        {
            row.played += 1;
            row.goals_for += own;
            row.goals_against += others;
            match own.cmp(&others) {
                std::cmp::Ordering::Greater => row.won += 1,
                std::cmp::Ordering::Equal => row.drawn += 1,
                std::cmp::Ordering::Less => row.lost += 1,
            }
        }
        row.points = row.won * POINTS_WON + row.drawn * POINTS_DRAWN;
        row
    }

    fn merit(&self) -> (u32, i64, u32) {
        (self.points, i64::from(self.goals_for) - i64::from(self.goals_against), self.goals_for)
    }
}

/// `POST /api/events/{id}/tournaments`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewTournament {
    pub title: String,
    #[serde(default)]
    pub plan: Plan,
}

/// `PATCH /api/tournaments/{id}`: what is absent stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TournamentPatch {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
}

domain_change! {
    /// A change of a tournament.
    pub enum TournamentChange {
        "tournament:new" => New(Box<Tournament>), about |of| format!("tournament:{}", of.id);
        "tournament:update" => Update(Box<Tournament>), about |of| format!("tournament:{}", of.id);
        /// Its tables or its bracket stand otherwise.
        "tournament:standing" => Standing(Box<StandingChanged>), about |changed| format!("tournament:{}:standing", changed.tournament_id);
        "tournament:delete" => Delete(TournamentDeleted), about |gone| format!("tournament:{}", gone.tournament_id);
    }
}

/// Payload of `tournament:standing`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StandingChanged {
    pub tournament_id: TournamentId,
    pub standing: Standing,
}

/// Payload of `tournament:delete`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TournamentDeleted {
    pub tournament_id: TournamentId,
}
