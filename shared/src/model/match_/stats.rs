//! What is counted from the log of a match: score, clock, statistics by team and by player. Called by pages; made
//! by `recount`.

use serde::{Deserialize, Serialize};

use super::{Card, Clock, Minute, Outcome, Phase, Sheet, Side, What};
use crate::PlayerId;

/// Goals of both sides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    pub home: u32,
    pub away: u32,
}

impl Score {
    pub const fn of(self, side: Side) -> u32 {
        match side {
            Side::Home => self.home,
            Side::Away => self.away,
        }
    }

    pub(super) const fn raise(&mut self, side: Side) {
        match side {
            Side::Home => self.home += 1,
            Side::Away => self.away += 1,
        }
    }

    /// Who has more.
    pub const fn ahead(self) -> Option<Side> {
        if self.home > self.away {
            Some(Side::Home)
        } else if self.away > self.home {
            Some(Side::Away)
        } else {
            None
        }
    }
}

/// Where a match stands: a pure function of its sheet and its log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MatchState {
    pub phase: Phase,
    pub score: Score,
    /// Of the penalty shoot-out, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shoot_out: Option<Score>,
    pub clock: Clock,
    pub home: SideState,
    pub away: SideState,
    /// Entries of the log that this was counted from, corrections and what they strike included.
    pub entries: u32,
}

impl MatchState {
    pub const fn of(&self, side: Side) -> &SideState {
        match side {
            Side::Home => &self.home,
            Side::Away => &self.away,
        }
    }

    pub(super) const fn of_mut(&mut self, side: Side) -> &mut SideState {
        match side {
            Side::Home => &mut self.home,
            Side::Away => &mut self.away,
        }
    }

    /// Who has won; nobody yet, or ever, if there is none.
    pub fn winner(&self) -> Option<Side> {
        let decided = self.phase.is_over() && self.phase != Phase::Abandoned;
        let by_kicks = || self.shoot_out.and_then(Score::ahead);
        if decided { self.score.ahead().or_else(by_kicks) } else { None }
    }

    /// Who is on the pitch: who began, without who left, with who came on.
    pub fn on_pitch(&self, sheet: &Sheet, side: Side) -> Vec<PlayerId> {
        let (sheet, side) = (sheet.of(side), self.of(side));
        let starting =
            sheet.starting.iter().filter(|id| side.player(id).is_none_or(|player| player.on_pitch));
        let came_on = side.players.iter().filter(|player| player.on_pitch);
        let came_on = came_on.map(|player| &player.id).filter(|id| !sheet.starting.contains(id));
        starting.chain(came_on).cloned().collect()
    }
}

/// What a side has done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SideState {
    #[serde(flatten)]
    pub stats: Stats,
    /// Everybody of whom the log speaks, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub players: Vec<PlayerStats>,
}

impl SideState {
    /// What a player has done; `None` if the log does not speak of them.
    pub fn player(&self, id: &PlayerId) -> Option<&PlayerStats> {
        self.players.binary_search_by(|player| player.id.cmp(id)).ok().map(|at| &self.players[at])
    }

    /// The same, beginning to count: `starts` says who is on the pitch from the beginning.
    pub(super) fn player_mut(&mut self, id: &PlayerId, starts: bool) -> &mut PlayerStats {
        let at = self.players.binary_search_by(|player| player.id.cmp(id)).unwrap_or_else(|at| {
            let player = PlayerStats {
                id: id.clone(),
                stats: Stats::default(),
                on_pitch: starts,
                on: None,
                off: None,
                sent_off: false,
            };
            self.players.insert(at, player);
            at
        });
        &mut self.players[at]
    }
}

/// What a player has done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlayerStats {
    pub id: PlayerId,
    #[serde(flatten)]
    pub stats: Stats,
    pub on_pitch: bool,
    /// When they last came on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Minute>,
    /// When they last went off, or were sent off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off: Option<Minute>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sent_off: bool,
}

macro_rules! stats {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Numbers of a side, or of a player.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        pub struct Stats {
            $($(#[$doc])* #[serde(skip_serializing_if = "is_zero")] pub $name: u32,)*
        }
    };
}

stats! {
    /// Scored, penalties included; not what the other side put into its own goal.
    goals,
    /// Put into one's own goal.
    own_goals,
    assists,
    /// Goals included.
    shots,
    /// Goals included.
    shots_on_target,
    saves,
    yellow_cards,
    red_cards,
    injuries,
    /// Of a player: how often they came on.
    substitutions,
    /// Taken in play.
    penalties,
    penalties_scored,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Stats {
    /// Counts what was done by whose numbers these are.
    pub(super) const fn count(&mut self, what: &What) {
        match what {
            What::Goal { .. } => self.count_goal(),
            What::OwnGoal { .. } => self.own_goals += 1,
            What::Shot { on_target, .. } => {
                self.shots += 1;
                self.shots_on_target += *on_target as u32;
            }
            What::Save { .. } => self.saves += 1,
            What::Card { card: Card::Yellow, .. } => self.yellow_cards += 1,
            What::Card { card: Card::Red, .. } => self.red_cards += 1,
            What::Injury { .. } => self.injuries += 1,
            What::Substitution { .. } => self.substitutions += 1,
            What::Penalty { outcome, .. } => {
                self.penalties += 1;
                match outcome {
                    Outcome::Scored => {
                        self.penalties_scored += 1;
                        self.count_goal();
                    }
                    Outcome::Saved => {
                        self.shots += 1;
                        self.shots_on_target += 1;
                    }
                    Outcome::Missed => self.shots += 1,
                }
            }
            _ => {}
        }
    }

    const fn count_goal(&mut self) {
        self.goals += 1;
        self.shots += 1;
        self.shots_on_target += 1;
    }
}
