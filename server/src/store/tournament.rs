//! Tournaments in the store.

use shared::{
    EventId, TournamentId,
    model::tournament::{Plan, Standing, Tournament},
};

use super::{Row, StoreError, Tx};
use crate::time::timestamp;

macro_rules! select {
    ($rest:literal) => {
        concat!("select id, event_id, title, plan, standing, created_at, updated_at from tournament ", $rest)
    };
}

fn read(row: &Row<'_>) -> Result<Tournament, StoreError> {
    let fault = |error: serde_json::Error| StoreError::Fault(error.to_string());
    Ok(Tournament {
        id: row.parsed(0)?,
        event_id: row.parsed(1)?,
        title: row.text(2)?,
        plan: serde_json::from_str::<Plan>(&row.text(3)?).map_err(fault)?,
        standing: serde_json::from_str::<Standing>(&row.text(4)?).map_err(fault)?,
        created_at: timestamp(row.int(5)?),
        updated_at: timestamp(row.int(6)?),
    })
}

fn json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Fault(error.to_string()))
}

/// Stores a new tournament.
pub async fn insert(tx: &mut Tx<'_>, of: &Tournament, at: i64) -> Result<(), StoreError> {
    let (plan, standing) = (json(&of.plan)?, json(&of.standing)?);
    tx.execute(
        "insert into tournament (id, event_id, title, plan, standing, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        &[
            of.id.as_str().into(),
            of.event_id.as_str().into(),
            (&of.title).into(),
            (&plan).into(),
            (&standing).into(),
            at.into(),
            at.into(),
        ],
    )
    .await
    .map(drop)
}

/// Stores what a tournament is now.
pub async fn update(tx: &mut Tx<'_>, of: &Tournament, at: i64) -> Result<(), StoreError> {
    let (plan, standing) = (json(&of.plan)?, json(&of.standing)?);
    tx.execute(
        "update tournament set title = $1, plan = $2, standing = $3, updated_at = $4 where id = $5",
        &[(&of.title).into(), (&plan).into(), (&standing).into(), at.into(), of.id.as_str().into()],
    )
    .await
    .map(drop)
}

/// Stores what its matches come to.
pub async fn set_standing(tx: &mut Tx<'_>, id: &TournamentId, standing: &Standing) -> Result<(), StoreError> {
    let standing = json(standing)?;
    let values = [(&standing).into(), id.as_str().into()];
    tx.execute("update tournament set standing = $1 where id = $2", &values).await.map(drop)
}

/// Removes a tournament; its matches stay.
pub async fn delete(tx: &mut Tx<'_>, id: &TournamentId) -> Result<(), StoreError> {
    tx.execute("update match set tie = null where tournament_id = $1", &[id.as_str().into()]).await?;
    tx.execute("delete from tournament where id = $1", &[id.as_str().into()]).await.map(drop)
}

/// One tournament.
pub async fn find(tx: &mut Tx<'_>, id: &TournamentId) -> Result<Option<Tournament>, StoreError> {
    tx.first(select!("where id = $1"), &[id.as_str().into()], read).await
}

/// The tournaments of an event, the one made last first.
pub async fn list(tx: &mut Tx<'_>, event: &EventId) -> Result<Vec<Tournament>, StoreError> {
    let sql = select!("where event_id = $1 order by created_at desc, id desc");
    tx.all(sql, &[event.as_str().into()], read).await
}
