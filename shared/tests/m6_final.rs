//! M6: the final of the 2018 World Cup, counted again from the record of what happened: 4–2.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use serde::Deserialize;
use shared::{
    PlayerId, Timestamp,
    model::match_::{
        Card, Entry, Happening, Outcome, Phase, Player, Recount, Score, Sheet, Side, TeamSheet, What,
    },
};

/// The demo's own record of the match.
const RECORD: &str = include_str!("../../demo/final-2018.json");
/// When the second half began, after kick-off; the record does not say.
const SECOND_HALF_S: u32 = 62 * 60;

#[derive(Debug, Deserialize)]
struct Record {
    kickoff: Timestamp,
    home: Team,
    away: Team,
    events: Vec<Recorded>,
}

#[derive(Debug, Deserialize)]
struct Team {
    id: String,
    name: String,
    eleven: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Recorded {
    minute: String,
    #[serde(rename = "type")]
    kind: String,
    team: Option<String>,
    player: Option<String>,
    assist: Option<String>,
    off: Option<String>,
    card: Option<String>,
    #[serde(default)]
    note: String,
    /// Home first, `1-0`.
    score: Option<String>,
}

impl Record {
    /// Everybody who plays, in the order in which the record speaks of them: that gives them their ids.
    fn players(&self, team: &Team) -> Vec<Player> {
        let came_on = self
            .events
            .iter()
            .filter(|event| event.kind == "substitution" && event.team.as_deref() == Some(team.id.as_str()));
        let names = team.eleven.iter().chain(came_on.filter_map(|event| event.player.as_ref()));
        let player = |(n, name): (usize, &String)| Player {
            id: format!("{}-{n}", team.id).parse().unwrap(),
            name: name.clone(),
            number: None,
        };
        names.enumerate().map(player).collect()
    }

    fn team_sheet(&self, team: &Team) -> TeamSheet {
        let players = self.players(team);
        TeamSheet {
            team_id: team.id.parse().unwrap(),
            name: team.name.clone(),
            short: team.id.clone(),
            starting: players[..11].iter().map(|player| player.id.clone()).collect(),
            players,
        }
    }

    fn sheet(&self) -> Sheet {
        Sheet {
            home: self.team_sheet(&self.home),
            away: self.team_sheet(&self.away),
            half_minutes: 45,
            extra_minutes: 15,
        }
    }

    /// So many seconds after kick-off, which was at a full hour.
    fn at(&self, seconds: u32) -> Timestamp {
        let hour: u32 = self.kickoff.as_str()[11..13].parse().unwrap();
        let (hours, minutes, seconds) = (hour + seconds / 3600, seconds / 60 % 60, seconds % 60);
        format!("{}{hours:02}:{minutes:02}:{seconds:02}.000Z", &self.kickoff.as_str()[..11]).parse().unwrap()
    }

    /// When something in a minute of play happened: in the midst of it.
    fn in_minute(&self, text: &str) -> Timestamp {
        let (minute, added) = text.split_once('+').unwrap_or((text, "0"));
        let (minute, added): (u32, u32) = (minute.parse().unwrap(), added.parse().unwrap());
        let played = (minute + added) * 60;
        self.at(if minute > 45 { played - 45 * 60 + SECOND_HALF_S - 30 } else { played.saturating_sub(30) })
    }

    fn entries(&self, sheet: &Sheet) -> Vec<Entry> {
        let mut entries = vec![Entry {
            id: "second-half".parse().unwrap(),
            happening: Happening { at: self.at(SECOND_HALF_S), what: What::SecondHalf, text: String::new() },
        }];
        for (n, event) in self.events.iter().enumerate() {
            let happening = Happening {
                at: self.in_minute(&event.minute),
                what: self.what(sheet, event),
                text: event.note.clone(),
            };
            entries.push(Entry { id: format!("e{n}").parse().unwrap(), happening });
        }
        entries
    }

    fn what(&self, sheet: &Sheet, event: &Recorded) -> What {
        let side =
            || if event.team.as_deref() == Some(self.home.id.as_str()) { Side::Home } else { Side::Away };
        let find = |name: &Option<String>| -> Option<PlayerId> {
            let name = name.as_ref()?;
            let found = sheet.of(side()).players.iter().find(|player| player.name == *name);
            Some(found.unwrap_or_else(|| panic!("{name} does not play")).id.clone())
        };
        match event.kind.as_str() {
            "kickoff" => What::KickOff,
            "half_time" => What::HalfTime,
            "full_time" => What::FullTime,
            "goal" => What::Goal { side: side(), player: find(&event.player), assist: find(&event.assist) },
            "own_goal" => What::OwnGoal { side: side(), player: find(&event.player) },
            "penalty" => {
                What::Penalty { side: side(), player: find(&event.player), outcome: Outcome::Scored }
            }
            "card" => {
                assert_eq!(event.card.as_deref(), Some("yellow"));
                What::Card { side: side(), player: find(&event.player), card: Card::Yellow }
            }
            "substitution" => {
                What::Substitution { side: side(), player: find(&event.player), off: find(&event.off) }
            }
            other => panic!("{other} is not known"),
        }
    }
}

#[test]
fn m6_a_recount_of_the_final_gives_every_score_on_the_way_and_four_to_two() {
    let record: Record = serde_json::from_str(RECORD).unwrap();
    let sheet = record.sheet();
    let entries = record.entries(&sheet);
    // As an outbox may deliver it: backwards, and all of it twice.
    let Recount { state, told } = Recount::of(&sheet, entries.iter().rev().chain(&entries));
    assert_eq!((state.score, state.phase), (Score { home: 4, away: 2 }, Phase::FullTime));
    assert_eq!(state.winner(), Some(Side::Home));

    let written: Vec<_> =
        record.events.iter().filter_map(|event| Some((event.minute.clone(), event.score.clone()?))).collect();
    let counted: Vec<_> = told
        .iter()
        .filter(|told| {
            told.happening.what.scores_for().is_some()
                || matches!(told.happening.what, What::HalfTime | What::FullTime)
        })
        .map(|told| (told.minute.to_string(), format!("{}-{}", told.score.home, told.score.away)))
        .collect();
    assert_eq!(counted, written);

    assert_eq!((state.home.stats.yellow_cards, state.away.stats.yellow_cards), (2, 1));
    assert_eq!((state.home.stats.substitutions, state.away.stats.substitutions), (3, 2));
    assert_eq!((state.home.stats.goals, state.away.stats.own_goals, state.away.stats.goals), (3, 1, 2));
    let of = |side: Side, name: &str| {
        let player = sheet.of(side).players.iter().find(|player| player.name == name).unwrap();
        state.of(side).player(&player.id).unwrap_or_else(|| panic!("nothing of {name}"))
    };
    let scorer = of(Side::Away, "Mario Mandžukić");
    assert_eq!((scorer.stats.goals, scorer.stats.own_goals, scorer.on_pitch), (1, 1, true));
    assert_eq!(of(Side::Home, "Lucas Hernández").stats.assists, 1);
    let off = of(Side::Home, "N'Golo Kanté");
    assert_eq!((off.stats.yellow_cards, off.on_pitch, off.off.unwrap().minute), (1, false, 55));
    assert_eq!(of(Side::Home, "Steven Nzonzi").on.unwrap().minute, 55);
    for side in [Side::Home, Side::Away] {
        assert_eq!(state.on_pitch(&sheet, side).len(), 11);
    }
}
