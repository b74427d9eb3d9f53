//! The final of the 2018 World Cup, from the record of what happened, as entries of a match's log. Used by the
//! tests of the reducer and by those of the server.

use serde::Deserialize;
use shared::{
    PlayerId, Timestamp,
    model::match_::{Card, Entry, Happening, Outcome, Sheet, Side, What},
};

/// The demo's own record of the match.
const RECORD: &str = include_str!("../../../demo/final-2018.json");
/// When the second half began, after kick-off; the record does not say.
const SECOND_HALF_S: u32 = 62 * 60;

#[derive(Debug, Deserialize)]
pub(crate) struct Record {
    kickoff: Timestamp,
    pub(crate) home: Team,
    pub(crate) away: Team,
    pub(crate) events: Vec<Recorded>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Team {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) eleven: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Recorded {
    pub(crate) minute: String,
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
    pub(crate) score: Option<String>,
}

impl Record {
    pub(crate) fn read() -> Self {
        serde_json::from_str(RECORD).unwrap()
    }

    /// The names of all who play, in the order in which the record speaks of them: who begins comes first.
    pub(crate) fn names<'a>(&'a self, team: &'a Team) -> Vec<&'a String> {
        let came_on = self
            .events
            .iter()
            .filter(|event| event.kind == "substitution" && event.team.as_deref() == Some(team.id.as_str()));
        team.eleven.iter().chain(came_on.filter_map(|event| event.player.as_ref())).collect()
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

    /// What happened, between the players of a sheet, who are known by their names.
    pub(crate) fn entries(&self, sheet: &Sheet) -> Vec<Entry> {
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
