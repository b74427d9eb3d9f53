//! Teams and their players in the store.

use shared::{
    EventId, TeamId,
    model::match_::{Player, Team},
};

use super::{Row, StoreError, Tx};
use crate::time::timestamp;

fn read(row: &Row<'_>) -> Result<Team, StoreError> {
    Ok(Team {
        id: row.parsed(0)?,
        event_id: row.parsed(1)?,
        name: row.text(2)?,
        short: row.text(3)?,
        players: Vec::new(),
        created_at: timestamp(row.int(4)?),
        updated_at: timestamp(row.int(5)?),
    })
}

async fn players(tx: &mut Tx<'_>, id: &TeamId) -> Result<Vec<Player>, StoreError> {
    tx.all(
        "select id, name, number from player where team_id = $1 order by number is null, number, name, id",
        &[id.as_str().into()],
        |row| {
            let number = row.opt_int(2)?.and_then(|number| u16::try_from(number).ok());
            Ok(Player { id: row.parsed(0)?, name: row.text(1)?, number })
        },
    )
    .await
}

/// Stores a new team.
pub async fn insert(tx: &mut Tx<'_>, team: &Team, at: i64) -> Result<(), StoreError> {
    tx.execute(
        "insert into team (id, event_id, name, short, created_at, updated_at) values ($1, $2, $3, $4, $5, $6)",
        &[
            team.id.as_str().into(),
            team.event_id.as_str().into(),
            (&team.name).into(),
            (&team.short).into(),
            at.into(),
            at.into(),
        ],
    )
    .await?;
    insert_players(tx, team).await
}

async fn insert_players(tx: &mut Tx<'_>, team: &Team) -> Result<(), StoreError> {
    for player in &team.players {
        tx.execute(
            "insert into player (id, team_id, name, number) values ($1, $2, $3, $4)",
            &[
                player.id.as_str().into(),
                team.id.as_str().into(),
                (&player.name).into(),
                player.number.map(i64::from).into(),
            ],
        )
        .await?;
    }
    Ok(())
}

/// Stores what a team is now, and who plays for it.
pub async fn update(tx: &mut Tx<'_>, team: &Team, at: i64) -> Result<(), StoreError> {
    tx.execute(
        "update team set name = $1, short = $2, updated_at = $3 where id = $4",
        &[(&team.name).into(), (&team.short).into(), at.into(), team.id.as_str().into()],
    )
    .await?;
    tx.execute("delete from player where team_id = $1", &[team.id.as_str().into()]).await?;
    insert_players(tx, team).await
}

/// Removes a team and its players.
pub async fn delete(tx: &mut Tx<'_>, id: &TeamId) -> Result<(), StoreError> {
    tx.execute("delete from team where id = $1", &[id.as_str().into()]).await.map(drop)
}

/// One team.
pub async fn find(tx: &mut Tx<'_>, id: &TeamId) -> Result<Option<Team>, StoreError> {
    let sql = "select id, event_id, name, short, created_at, updated_at from team where id = $1";
    let Some(mut team) = tx.first(sql, &[id.as_str().into()], read).await? else { return Ok(None) };
    team.players = players(tx, id).await?;
    Ok(Some(team))
}

/// The teams of an event, by name.
pub async fn list(tx: &mut Tx<'_>, event: &EventId) -> Result<Vec<Team>, StoreError> {
    let sql = "select id, event_id, name, short, created_at, updated_at from team where event_id = $1
         order by name, id";
    let mut teams = tx.all(sql, &[event.as_str().into()], read).await?;
    for team in &mut teams {
        team.players = players(tx, &team.id).await?;
    }
    Ok(teams)
}

/// How many teams an event has.
pub async fn count(tx: &mut Tx<'_>, event: &EventId) -> Result<usize, StoreError> {
    let sql = "select count(*) from team where event_id = $1";
    let count = tx.first(sql, &[event.as_str().into()], |row| row.int(0)).await?;
    Ok(count.unwrap_or(0) as usize)
}
