//! Who follows which team or player, in the store.

use shared::{AccountId, PlayerId, TeamId, model::follow::Follow};

use super::{StoreError, Tx, tx::parse};

/// Follows a team, or one player of it; twice is once.
pub async fn insert(
    tx: &mut Tx<'_>,
    account: &AccountId,
    team: &TeamId,
    player: Option<&PlayerId>,
    at: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "insert into follow (account_id, team_id, player_id, created_at) values ($1, $2, $3, $4)
         on conflict do nothing",
        &[account.as_str().into(), team.as_str().into(), player.map(PlayerId::as_str).into(), at.into()],
    )
    .await
    .map(drop)
}

/// Follows it no more.
pub async fn delete(
    tx: &mut Tx<'_>,
    account: &AccountId,
    team: &TeamId,
    player: Option<&PlayerId>,
) -> Result<(), StoreError> {
    tx.execute(
        "delete from follow
         where account_id = $1 and team_id = $2 and coalesce(player_id, '') = coalesce($3, '')",
        &[account.as_str().into(), team.as_str().into(), player.map(PlayerId::as_str).into()],
    )
    .await
    .map(drop)
}

/// Who does not play for a team is followed no more. Called when its players have been stored.
pub async fn forget_players(tx: &mut Tx<'_>, team: &TeamId) -> Result<(), StoreError> {
    tx.execute(
        "delete from follow where team_id = $1 and player_id is not null
           and player_id not in (select id from player where team_id = $1)",
        &[team.as_str().into()],
    )
    .await
    .map(drop)
}

/// Whether an account follows exactly this.
pub async fn exists(
    tx: &mut Tx<'_>,
    account: &AccountId,
    team: &TeamId,
    player: Option<&PlayerId>,
) -> Result<bool, StoreError> {
    let found = tx
        .first(
            "select 1 from follow
             where account_id = $1 and team_id = $2 and coalesce(player_id, '') = coalesce($3, '')",
            &[account.as_str().into(), team.as_str().into(), player.map(PlayerId::as_str).into()],
            |_| Ok(()),
        )
        .await?;
    Ok(found.is_some())
}

/// How many an account follows.
pub async fn count(tx: &mut Tx<'_>, account: &AccountId) -> Result<usize, StoreError> {
    let sql = "select count(*) from follow where account_id = $1";
    let count = tx.first(sql, &[account.as_str().into()], |row| row.int(0)).await?;
    Ok(count.unwrap_or(0) as usize)
}

/// How many others than `account` follow a team or one of its players.
pub async fn count_others(tx: &mut Tx<'_>, team: &TeamId, account: &AccountId) -> Result<usize, StoreError> {
    let sql = "select count(distinct account_id) from follow where team_id = $1 and account_id <> $2";
    let count = tx.first(sql, &[team.as_str().into(), account.as_str().into()], |row| row.int(0)).await?;
    Ok(count.unwrap_or(0) as usize)
}

/// What an account follows and may read still, what it has followed for longest last.
pub async fn list(tx: &mut Tx<'_>, account: &AccountId) -> Result<Vec<Follow>, StoreError> {
    tx.all(
        "select e.id, e.title, t.id, t.name, f.player_id, p.name from follow f
         join team t on t.id = f.team_id
         join event e on e.id = t.event_id
         left join player p on p.id = f.player_id
         where f.account_id = $1 and (e.visibility <> 'private' or exists
           (select 1 from event_member m where m.event_id = e.id and m.account_id = $1))
         order by f.created_at desc, t.id, f.player_id",
        &[account.as_str().into()],
        |row| {
            Ok(Follow {
                event_id: row.parsed(0)?,
                event_title: row.text(1)?,
                team_id: row.parsed(2)?,
                team_name: row.text(3)?,
                player_id: row.opt_text(4)?.as_deref().map(parse).transpose()?,
                player_name: row.opt_text(5)?,
            })
        },
    )
    .await
}

/// Somebody who follows something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follower {
    pub account: AccountId,
    pub team: TeamId,
    pub player: Option<PlayerId>,
}

/// Who follows one of two teams, or a player of them: by account.
pub async fn followers(tx: &mut Tx<'_>, teams: [&TeamId; 2]) -> Result<Vec<Follower>, StoreError> {
    tx.all(
        "select account_id, team_id, player_id from follow where team_id in ($1, $2)
         order by account_id, team_id, player_id",
        &[teams[0].as_str().into(), teams[1].as_str().into()],
        |row| {
            Ok(Follower {
                account: row.parsed(0)?,
                team: row.parsed(1)?,
                player: row.opt_text(2)?.as_deref().map(parse).transpose()?,
            })
        },
    )
    .await
}
