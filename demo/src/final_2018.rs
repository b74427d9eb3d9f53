//! The final of the 2018 World Cup, from the record of what happened, as items of a timeline and as a match.

use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use serde::Deserialize;
use shared::{
    Timestamp,
    model::{
        event::{EventStatus, NewEvent},
        match_::{Card, NewMatch, NewTeamSheet, Outcome, Sheet, Side, What},
    },
};

use crate::{
    api::Api,
    fixture::{self, Fixture, Happens, Moment},
    story::{Item, Story},
};

const RECORD: &str = include_str!("../final-2018.json");
const AUTHOR: &str = "Pitch side";

#[derive(Debug, Deserialize)]
struct Record {
    kickoff: Timestamp,
    venue: String,
    home: Team,
    away: Team,
    events: Vec<Happening>,
}

#[derive(Debug, Deserialize)]
struct Team {
    id: String,
    name: String,
    eleven: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Happening {
    minute: String,
    #[serde(rename = "type")]
    kind: Kind,
    team: Option<String>,
    player: Option<String>,
    /// Home first, `1-0`.
    score: Option<String>,
    card: Option<String>,
    assist: Option<String>,
    off: Option<String>,
    note: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Kickoff,
    Goal,
    OwnGoal,
    Penalty,
    Card,
    Substitution,
    HalfTime,
    FullTime,
}

/// The replay with this number; each is an event of its own.
pub(crate) fn story(round: u32) -> Result<Story> {
    let record: Record = serde_json::from_str(RECORD)?;
    let mut items: Vec<Item> = [&record.home, &record.away].map(line_up).into();
    for happening in &record.events {
        items.push(Item::text(AUTHOR, record.tell(happening)?));
    }
    let title = format!("{} – {}, the 2018 World Cup final", record.home.name, record.away.name);
    Ok(Story {
        slug: format!("final-2018-a-{round}"),
        event: NewEvent {
            visibility: None,
            title: if round == 1 { title } else { format!("{title} (replay {round})") },
            description:
                "Goals, cards and substitutions as they happened on 15 July 2018, ninety minutes in two."
                    .to_owned(),
            place: record.venue.clone(),
            status: Some(EventStatus::Live),
            starts_at: Some(record.kickoff.clone()),
        },
        items,
        backlog: 3,
        pause: Duration::from_secs(7),
        ending: Some(EventStatus::Completed),
    })
}

/// The final as a match, from kick-off to full time, on an event of its own: score, line-ups and statistics.
pub(crate) async fn tell_match(api: &Api) -> Result<()> {
    let record: Record = serde_json::from_str(RECORD)?;
    let slug = "final-2018-match-a";
    let event = NewEvent {
        visibility: None,
        title: "The 2018 World Cup final in numbers".to_owned(),
        description: "Score, line-ups and statistics, counted from what was recorded.".to_owned(),
        place: record.venue.clone(),
        status: Some(EventStatus::Live),
        starts_at: Some(record.kickoff.clone()),
    };
    let over = EventStatus::Completed;
    let Some(event) = api.current(&event, &fixture::key(slug, "event")?, Some(over)).await? else {
        return Ok(());
    };
    let mut sides = Vec::new();
    for team in [&record.home, &record.away] {
        let names = record.names(team).into_iter().map(|name| (name.clone(), None));
        let new = fixture::team(&team.name, &team.id, names);
        let made = api.create_team(&event.id, &new, &fixture::key(slug, &team.id)?).await?;
        let begins = made.players.iter().filter(|player| team.eleven.contains(&player.name));
        sides.push(NewTeamSheet {
            team_id: made.id.clone(),
            starting: begins.map(|player| player.id.clone()).collect(),
        });
    }
    let [home, away] = <[_; 2]>::try_from(sides).map_err(|_| anyhow!("two teams play"))?;
    let starts_at = Some(record.kickoff.clone());
    let new = NewMatch { title: "Final".to_owned(), starts_at, ..fixture::pairing(home, away) };
    let of = api.create_match(&event.id, &new, &fixture::key(slug, "match")?).await?;
    let moments = record.moments(&of.sheet)?;
    Fixture { of, moments }.record_past(api, record.kickoff.unix_ms()).await?;
    api.set_status(&event.id, over).await.map(drop)
}

fn line_up(team: &Team) -> Item {
    Item::text(AUTHOR, format!("{}: {}.", team.name, team.eleven.join(", ")))
}

/// When the second half began, in seconds after kick-off; the record does not say.
const SECOND_HALF_S: u32 = 62 * 60;

impl Record {
    /// The names of all who play, in the order in which the record speaks of them.
    fn names<'a>(&'a self, team: &'a Team) -> Vec<&'a String> {
        let came_on = self.events.iter().filter(|event| {
            matches!(event.kind, Kind::Substitution) && event.team.as_deref() == Some(team.id.as_str())
        });
        team.eleven.iter().chain(came_on.filter_map(|event| event.player.as_ref())).collect()
    }

    /// What happened, between the players of a sheet, who are known by their names.
    fn moments(&self, sheet: &Sheet) -> Result<Vec<Moment>> {
        let mut all = vec![(SECOND_HALF_S, Happens::is(|_| What::SecondHalf))];
        for happening in &self.events {
            let what = self.what(sheet, happening)?;
            all.push((seconds(&happening.minute)?, Happens::is(move |_| what.clone())));
        }
        Ok(fixture::in_order(all))
    }

    fn what(&self, sheet: &Sheet, happening: &Happening) -> Result<What> {
        let side = if happening.team.as_deref() == Some(&self.home.id) { Side::Home } else { Side::Away };
        let find = |name: &Option<String>| {
            let name = name.as_ref()?;
            let mut players = sheet.of(side).players.iter();
            players.find(|player| player.name == *name).map(|player| player.id.clone())
        };
        let player = find(&happening.player);
        Ok(match happening.kind {
            Kind::Kickoff => What::KickOff,
            Kind::HalfTime => What::HalfTime,
            Kind::FullTime => What::FullTime,
            Kind::Goal => What::Goal { side, player, assist: find(&happening.assist) },
            Kind::OwnGoal => What::OwnGoal { side, player },
            Kind::Penalty => What::Penalty { side, player, outcome: Outcome::Scored },
            Kind::Substitution => What::Substitution { side, player, off: find(&happening.off) },
            Kind::Card => {
                let card = match happening.card.as_deref() {
                    Some("yellow") => Card::Yellow,
                    Some("red") => Card::Red,
                    other => bail!("a card is no {other:?}"),
                };
                What::Card { side, player, card }
            }
        })
    }

    fn tell(&self, happening: &Happening) -> Result<String> {
        let Happening { minute, kind, player, card, assist, off, note, .. } = happening;
        let (player, team) = (player.as_deref().unwrap_or_default(), self.team_of(happening)?);
        let what = match kind {
            Kind::Kickoff => "Kick-off.".to_owned(),
            Kind::HalfTime => "Half-time.".to_owned(),
            Kind::FullTime => "Full time.".to_owned(),
            Kind::Goal => format!("Goal for {team}! {player} scores."),
            Kind::OwnGoal => format!("Own goal by {player} ({team})."),
            Kind::Penalty => format!("Penalty for {team}, and {player} scores."),
            Kind::Card => {
                let colour = card.as_deref().context("a card has a colour")?;
                format!("{} card for {player} ({team}).", capital(colour))
            }
            Kind::Substitution => {
                let off = off.as_deref().context("somebody leaves the pitch")?;
                format!("{team} change: {player} comes on for {off}.")
            }
        };
        let mut said = vec![format!("{minute}′ {what}")];
        said.extend(assist.as_ref().map(|assist| format!("Assist: {assist}.")));
        said.extend(note.as_ref().map(|note| format!("{}.", capital(note))));
        if let Some(score) = &happening.score {
            let (home, away) = score.split_once('-').context("a score is two numbers")?;
            said.push(format!("{} {home}–{away} {}", self.home.name, self.away.name));
        }
        Ok(said.join(" "))
    }

    fn team_of(&self, happening: &Happening) -> Result<&str> {
        match happening.team.as_deref() {
            None => Ok(""),
            Some(id) if id == self.home.id => Ok(&self.home.name),
            Some(id) if id == self.away.id => Ok(&self.away.name),
            Some(other) => bail!("no team {other} plays here"),
        }
    }
}

/// When something in a minute of play happened: in the midst of it, in seconds after kick-off.
fn seconds(minute: &str) -> Result<u32> {
    let (minute, added) = minute.split_once('+').unwrap_or((minute, "0"));
    let (minute, added): (u32, u32) = (minute.parse()?, added.parse()?);
    let played = (minute + added) * 60;
    Ok(if minute > 45 { played - 45 * 60 + SECOND_HALF_S - 30 } else { played.saturating_sub(30) })
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recount_gives_every_score_and_the_final_one() {
        let record: Record = serde_json::from_str(RECORD).unwrap();
        let (mut home, mut away) = (0, 0);
        for happening in &record.events {
            let of_home = happening.team.as_deref() == Some(&record.home.id);
            match happening.kind {
                Kind::Goal | Kind::Penalty if of_home => home += 1,
                Kind::Goal | Kind::Penalty => away += 1,
                Kind::OwnGoal if of_home => away += 1,
                Kind::OwnGoal => home += 1,
                _ => {}
            }
            if let Some(score) = &happening.score {
                assert_eq!(*score, format!("{home}-{away}"), "in minute {}", happening.minute);
            }
        }
        assert_eq!((home, away), (4, 2));
    }

    #[test]
    fn everything_that_happened_is_told() {
        let story = story(1).unwrap();
        let texts: Vec<&str> = story.items.iter().map(|item| item.text.as_str()).collect();
        assert_eq!(texts.len(), 2 + 17);
        assert!(texts[0].starts_with("France: Hugo Lloris, "));
        assert_eq!(
            texts[3],
            "18′ Own goal by Mario Mandžukić (Croatia). Heads in Griezmann's free kick. France 1–0 Croatia"
        );
        assert_eq!(
            texts[5],
            "28′ Goal for Croatia! Ivan Perišić scores. Assist: Domagoj Vida. France 1–1 Croatia"
        );
        assert!(texts.contains(&"71′ Croatia change: Andrej Kramarić comes on for Ante Rebić."));
        assert_eq!(texts[18], "90+5′ Full time. France 4–2 Croatia");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn m6_the_match_is_there_once_and_ends_four_two() {
        let (_dir, address, stop) = crate::testing::serve(&["--visitors-may-post"]).await;
        let api = Api::new(&address);
        for _ in 0..2 {
            tell_match(&api).await.unwrap();
        }
        let events = api.events().await.unwrap();
        assert_eq!(events.len(), 1);
        let matches = api.matches(&events[0].id).await.unwrap();
        let [of] = &*matches else { panic!("{matches:?}") };
        assert_eq!((of.state.score.home, of.state.score.away, of.state.entries), (4, 2, 18));
        assert_eq!(of.state.of(Side::Away).stats.yellow_cards, 1);
        stop.cancel();
    }
}
