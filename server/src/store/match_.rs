//! Matches and the entries of their logs in the store; and which event a team, a match or a tournament belongs to.

use std::collections::HashMap;

use shared::{
    AccountId, EventId, MatchEventId, MatchId, Offset, PlayerId, TeamId, Topic, TopicKind, TournamentId,
    model::{
        match_::{Entry, Happening, Match, MatchEvent, MatchState, Sheet, Team, TeamSheet},
        media::Author,
        tournament::Played,
    },
};

use super::{Row, StoreError, Tx, team, tx::parse};
use crate::time::timestamp;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select id, event_id, home_id, away_id, home_starting, away_starting, tournament_id, title, starts_at, \
             half_minutes, extra_minutes, state, created_at, updated_at, tie from match ",
            $rest
        )
    };
}

/// A match without what its teams say of themselves.
struct Bare {
    of: Match,
    teams: [TeamId; 2],
}

fn read(row: &Row<'_>) -> Result<Bare, StoreError> {
    let teams: [TeamId; 2] = [row.parsed(2)?, row.parsed(3)?];
    let sheet = |team_id: &TeamId, starting: String| {
        Ok::<_, StoreError>(TeamSheet {
            team_id: team_id.clone(),
            name: String::new(),
            short: String::new(),
            players: Vec::new(),
            starting: from_json::<Vec<PlayerId>>(&starting)?,
        })
    };
    let minutes = |column| row.int(column).map(|minutes| u16::try_from(minutes).unwrap_or_default());
    let of = Match {
        id: row.parsed(0)?,
        event_id: row.parsed(1)?,
        tournament_id: row.opt_text(6)?.as_deref().map(parse).transpose()?,
        tie: row.opt_text(14)?.as_deref().map(parse).transpose()?,
        title: row.text(7)?,
        starts_at: row.opt_int(8)?.map(timestamp),
        sheet: Sheet {
            home: sheet(&teams[0], row.text(4)?)?,
            away: sheet(&teams[1], row.text(5)?)?,
            half_minutes: minutes(9)?,
            extra_minutes: minutes(10)?,
        },
        state: from_json::<MatchState>(&row.text(11)?)?,
        created_at: timestamp(row.int(12)?),
        updated_at: timestamp(row.int(13)?),
    };
    Ok(Bare { of, teams })
}

fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Fault(error.to_string()))
}

fn json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Fault(error.to_string()))
}

/// Says of a team in a match what the team says of itself. Who plays for it no more begins no match.
pub fn show_team(sheet: &mut TeamSheet, team: &Team) {
    sheet.name.clone_from(&team.name);
    sheet.short.clone_from(&team.short);
    sheet.players.clone_from(&team.players);
    sheet.starting.retain(|id| team.players.iter().any(|player| player.id == *id));
}

async fn with_teams(tx: &mut Tx<'_>, rows: Vec<Bare>) -> Result<Vec<Match>, StoreError> {
    let mut teams: HashMap<TeamId, Team> = HashMap::new();
    let mut matches = Vec::with_capacity(rows.len());
    for Bare { mut of, teams: ids } in rows {
        for (id, sheet) in ids.iter().zip([&mut of.sheet.home, &mut of.sheet.away]) {
            if !teams.contains_key(id) {
                let found = team::find(tx, id).await?;
                let found = found.ok_or_else(|| StoreError::Fault(format!("a match of no team {id}")))?;
                teams.insert(id.clone(), found);
            }
            if let Some(team) = teams.get(id) {
                show_team(sheet, team);
            }
        }
        matches.push(of);
    }
    Ok(matches)
}

/// Stores a new match.
pub async fn insert(tx: &mut Tx<'_>, of: &Match, starts_at: Option<i64>, at: i64) -> Result<(), StoreError> {
    let Sheet { home, away, half_minutes, extra_minutes } = &of.sheet;
    let (home_starting, away_starting) = (json(&home.starting)?, json(&away.starting)?);
    let state = json(&of.state)?;
    tx.execute(
        "insert into match (id, event_id, home_id, away_id, home_starting, away_starting, tournament_id, title,
           starts_at, half_minutes, extra_minutes, state, created_at, updated_at, tie)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        &[
            of.id.as_str().into(),
            of.event_id.as_str().into(),
            home.team_id.as_str().into(),
            away.team_id.as_str().into(),
            (&home_starting).into(),
            (&away_starting).into(),
            of.tournament_id.as_ref().map(shared::TournamentId::as_str).into(),
            (&of.title).into(),
            starts_at.into(),
            i64::from(*half_minutes).into(),
            i64::from(*extra_minutes).into(),
            (&state).into(),
            at.into(),
            at.into(),
            of.tie.as_ref().map(shared::TieId::as_str).into(),
        ],
    )
    .await
    .map(drop)
}

/// Stores what may change about a match, and what its log comes to.
pub async fn update(tx: &mut Tx<'_>, of: &Match, starts_at: Option<i64>, at: i64) -> Result<(), StoreError> {
    let Sheet { home, away, half_minutes, extra_minutes } = &of.sheet;
    let (home_starting, away_starting) = (json(&home.starting)?, json(&away.starting)?);
    let state = json(&of.state)?;
    tx.execute(
        "update match set home_starting = $1, away_starting = $2, title = $3, starts_at = $4, half_minutes = $5,
           extra_minutes = $6, state = $7, updated_at = $8 where id = $9",
        &[
            (&home_starting).into(),
            (&away_starting).into(),
            (&of.title).into(),
            starts_at.into(),
            i64::from(*half_minutes).into(),
            i64::from(*extra_minutes).into(),
            (&state).into(),
            at.into(),
            of.id.as_str().into(),
        ],
    )
    .await
    .map(drop)
}

/// Stores what a match's log comes to.
pub async fn set_state(tx: &mut Tx<'_>, id: &MatchId, state: &MatchState) -> Result<(), StoreError> {
    let state = json(state)?;
    tx.execute("update match set state = $1 where id = $2", &[(&state).into(), id.as_str().into()])
        .await
        .map(drop)
}

/// Removes a match and its log.
pub async fn delete(tx: &mut Tx<'_>, id: &MatchId) -> Result<(), StoreError> {
    tx.execute("delete from match where id = $1", &[id.as_str().into()]).await.map(drop)
}

/// One match.
pub async fn find(tx: &mut Tx<'_>, id: &MatchId) -> Result<Option<Match>, StoreError> {
    let Some(bare) = tx.first(select!("where id = $1"), &[id.as_str().into()], read).await? else {
        return Ok(None);
    };
    Ok(with_teams(tx, vec![bare]).await?.pop())
}

/// The matches of an event, the one made last first.
pub async fn list(tx: &mut Tx<'_>, event: &EventId) -> Result<Vec<Match>, StoreError> {
    let sql = select!("where event_id = $1 order by created_at desc, id desc");
    let rows = tx.all(sql, &[event.as_str().into()], read).await?;
    with_teams(tx, rows).await
}

/// The matches that a team plays, the one made last first.
pub async fn of_team(tx: &mut Tx<'_>, team: &TeamId) -> Result<Vec<Match>, StoreError> {
    let sql = select!("where home_id = $1 or away_id = $1 order by created_at desc, id desc");
    let rows = tx.all(sql, &[team.as_str().into()], read).await?;
    with_teams(tx, rows).await
}

/// The matches of a tournament, the one made last first.
pub async fn of_tournament(tx: &mut Tx<'_>, id: &TournamentId) -> Result<Vec<Match>, StoreError> {
    let sql = select!("where tournament_id = $1 order by created_at desc, id desc");
    let rows = tx.all(sql, &[id.as_str().into()], read).await?;
    with_teams(tx, rows).await
}

/// What a tournament counts of its matches.
pub async fn played(tx: &mut Tx<'_>, id: &TournamentId) -> Result<Vec<Played>, StoreError> {
    tx.all(
        "select id, home_id, away_id, tie, state from match where tournament_id = $1 order by id",
        &[id.as_str().into()],
        |row| {
            let tie = row.opt_text(3)?.as_deref().map(parse).transpose()?;
            let state: MatchState = from_json(&row.text(4)?)?;
            Ok(Played::new(row.parsed(0)?, [row.parsed(1)?, row.parsed(2)?], tie, &state))
        },
    )
    .await
}

/// How many matches an event has.
pub async fn count(tx: &mut Tx<'_>, event: &EventId) -> Result<usize, StoreError> {
    let sql = "select count(*) from match where event_id = $1";
    let count = tx.first(sql, &[event.as_str().into()], |row| row.int(0)).await?;
    Ok(count.unwrap_or(0) as usize)
}

/// Stores an entry of a match's log.
pub async fn insert_entry(tx: &mut Tx<'_>, event: &MatchEvent, at: i64) -> Result<(), StoreError> {
    let happening = json(&event.entry.happening)?;
    tx.execute(
        "insert into match_entry (match_id, id, \"offset\", happening, author, account_id, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        &[
            event.match_id.as_str().into(),
            event.entry.id.as_str().into(),
            event.offset.into(),
            (&happening).into(),
            (&event.author.name).into(),
            event.author.account_id.as_ref().map(AccountId::as_str).into(),
            at.into(),
        ],
    )
    .await
    .map(drop)
}

/// The log of a match, in the order in which it was stored.
pub async fn entries(tx: &mut Tx<'_>, id: &MatchId) -> Result<Vec<MatchEvent>, StoreError> {
    tx.all(
        "select id, \"offset\", happening, author, account_id, created_at from match_entry
         where match_id = $1 order by \"offset\"",
        &[id.as_str().into()],
        |row| {
            let entry_id: MatchEventId = row.parsed(0)?;
            let happening: Happening = from_json(&row.text(2)?)?;
            let offset: Offset = row.offset(1)?;
            Ok(MatchEvent {
                entry: Entry { id: entry_id, happening },
                match_id: id.clone(),
                offset,
                author: Author {
                    name: row.text(3)?,
                    account_id: row.opt_text(4)?.as_deref().map(parse).transpose()?,
                },
                created_at: timestamp(row.int(5)?),
            })
        },
    )
    .await
}

/// The event whose rights a topic takes; `None` if there is no such team, match or tournament.
pub async fn event_of(tx: &mut Tx<'_>, topic: &Topic) -> Result<Option<EventId>, StoreError> {
    let sql = match topic.kind() {
        TopicKind::Event => return Ok(topic.event_id()),
        TopicKind::Match => "select event_id from match where id = $1",
        TopicKind::Team => "select event_id from team where id = $1",
        TopicKind::Tournament => "select event_id from tournament where id = $1",
        _ => return Ok(None),
    };
    tx.first(sql, &[topic.id().unwrap_or_default().into()], |row| row.parsed(0)).await
}

/// The topics that take their rights from an event, besides its own.
pub async fn topics_of(tx: &mut Tx<'_>, event: &EventId) -> Result<Vec<Topic>, StoreError> {
    tx.all(
        "select 'team:' || id from team where event_id = $1
         union all select 'match:' || id from match where event_id = $1
         union all select 'tournament:' || id from tournament where event_id = $1",
        &[event.as_str().into()],
        |row| row.parsed(0),
    )
    .await
}
