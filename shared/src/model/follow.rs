//! What an account follows: teams, and players of teams; and what of a match concerns who follows. Asked by the server,
//! which tells them, and by the page, which speaks. Follows no topic: that is a subscription.

use serde::{Deserialize, Serialize};

use super::match_::{Sheet, Side, What};
use crate::{EventId, PlayerId, TeamId};

/// One thing that is followed: `GET /api/follows`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Follow {
    pub event_id: EventId,
    pub event_title: String,
    pub team_id: TeamId,
    pub team_name: String,
    /// One player; the whole team if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub player_id: Option<PlayerId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub player_name: Option<String>,
}

/// What somebody follows of those who play one match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Followed {
    sides: Vec<Side>,
    players: Vec<PlayerId>,
}

impl Followed {
    /// Of all that somebody follows, what plays in a match with this sheet.
    pub fn in_match<'a>(
        sheet: &Sheet,
        follows: impl IntoIterator<Item = (&'a TeamId, Option<&'a PlayerId>)>,
    ) -> Self {
        let mut followed = Self::default();
        for (team, player) in follows {
            let Some(side) = sheet.side(team) else { continue };
            match player {
                Some(player) => followed.players.push(player.clone()),
                None => followed.sides.push(side),
            }
        }
        followed
    }

    pub const fn is_empty(&self) -> bool {
        self.sides.is_empty() && self.players.is_empty()
    }

    /// Whether something that happened concerns who follows this. Of a team: its halves, every goal of its match, its
    /// cards. Of a player: goals, cards, substitutions, penalties and injuries that they have a part in.
    pub fn is_concerned_by(&self, what: &What) -> bool {
        let takes_part = || what.players().into_iter().flatten().any(|player| self.players.contains(player));
        match what {
            What::Shot { .. } | What::Save { .. } => false,
            What::Card { side, .. } => self.sides.contains(side) || takes_part(),
            _ if what.phase().is_some() || what.scores_for().is_some() => {
                !self.sides.is_empty() || takes_part()
            }
            _ => takes_part(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::match_::{Card, Outcome};

    fn player(id: &str) -> Option<PlayerId> {
        id.parse().ok()
    }

    #[test]
    fn m7_what_concerns_whom() {
        let team = Followed { sides: vec![Side::Home], players: vec![] };
        let child = Followed { sides: vec![], players: player("p9").into_iter().collect() };
        let card = |side| What::Card { side, player: player("p3"), card: Card::Yellow };
        let cases = [
            (What::KickOff, true, false),
            (What::FullTime, true, false),
            (What::Goal { side: Side::Away, player: player("p1"), assist: None }, true, false),
            (What::Goal { side: Side::Home, player: player("p1"), assist: player("p9") }, true, true),
            (What::OwnGoal { side: Side::Home, player: player("p9") }, true, true),
            (card(Side::Home), true, false),
            (card(Side::Away), false, false),
            (What::Card { side: Side::Home, player: player("p9"), card: Card::Red }, true, true),
            (What::Substitution { side: Side::Home, player: player("p2"), off: player("p9") }, false, true),
            (What::Injury { side: Side::Home, player: player("p9") }, false, true),
            (What::Penalty { side: Side::Home, player: player("p9"), outcome: Outcome::Saved }, false, true),
            (What::Shot { side: Side::Home, player: player("p9"), on_target: true }, false, false),
            (What::AddedTime { minutes: 3 }, false, false),
            (What::Note, false, false),
        ];
        for (what, concerns_team, concerns_child) in cases {
            let seen = (team.is_concerned_by(&what), child.is_concerned_by(&what));
            assert_eq!(seen, (concerns_team, concerns_child), "{what:?}");
            assert!(!Followed::default().is_concerned_by(&what), "{what:?}");
        }
    }
}
