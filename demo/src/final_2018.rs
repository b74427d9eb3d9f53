//! The final of the 2018 World Cup, from the record of what happened, as items of a timeline.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use shared::{
    Timestamp,
    model::event::{EventStatus, NewEvent},
};

use crate::story::{Item, Story};

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

fn line_up(team: &Team) -> Item {
    Item::text(AUTHOR, format!("{}: {}.", team.name, team.eleven.join(", ")))
}

impl Record {
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
}
