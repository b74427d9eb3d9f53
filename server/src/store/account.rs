//! Accounts and their sessions in the store.

use shared::{
    AccountId, SessionId,
    model::account::{Account, AccountRole, Person, SessionInfo},
};

use super::{Row, StoreError, Tx, tx::parse};
use crate::time::timestamp;

/// An account with what only the server knows of it.
#[derive(Debug, Clone)]
pub struct Stored {
    pub account: Account,
    /// PHC string; absent for who cannot sign in with a password.
    pub password: Option<String>,
    pub disabled: bool,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select a.id, a.name, a.display_name, a.role, a.invisible, a.created_at, a.password, a.disabled ",
            $rest
        )
    };
}

fn read(row: &Row<'_>) -> Result<Stored, StoreError> {
    Ok(Stored {
        account: Account {
            person: Person { id: row.parsed(0)?, name: row.text(1)?, display_name: row.text(2)? },
            role: parse::<AccountRole>(&row.text(3)?)?,
            invisible: row.bool(4)?,
            created_at: timestamp(row.int(5)?),
        },
        password: row.opt_text(6)?,
        disabled: row.bool(7)?,
    })
}

/// Stores a new account; false if the name is taken.
pub async fn insert(
    tx: &mut Tx<'_>,
    account: &Account,
    password: Option<&str>,
    at: i64,
) -> Result<bool, StoreError> {
    let inserted = tx
        .execute(
            "insert into account (id, name, display_name, password, role, invisible, created_at, folded)
             values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (name) do nothing",
            &[
                account.person.id.as_str().into(),
                (&account.person.name).into(),
                (&account.person.display_name).into(),
                password.into(),
                account.role.as_str().into(),
                account.invisible.into(),
                at.into(),
                (&fold(&account.person.display_name)).into(),
            ],
        )
        .await?;
    Ok(inserted > 0)
}

/// A name as it is looked for: without the difference between large and small letters, of any alphabet. What
/// the engine calls lower case is so for a to z alone.
pub fn fold(name: &str) -> String {
    name.to_lowercase()
}

/// One account.
pub async fn find(tx: &mut Tx<'_>, id: &AccountId) -> Result<Option<Stored>, StoreError> {
    tx.first(select!("from account a where a.id = $1"), &[id.as_str().into()], read).await
}

/// The account of a name (in lower case).
pub async fn find_by_name(tx: &mut Tx<'_>, name: &str) -> Result<Option<Stored>, StoreError> {
    tx.first(select!("from account a where a.name = $1"), &[name.into()], read).await
}

/// Stores what the holder may change.
pub async fn update(tx: &mut Tx<'_>, account: &Account) -> Result<(), StoreError> {
    tx.execute(
        "update account set display_name = $1, folded = $2, invisible = $3, role = $4 where id = $5",
        &[
            (&account.person.display_name).into(),
            (&fold(&account.person.display_name)).into(),
            account.invisible.into(),
            account.role.as_str().into(),
            account.person.id.as_str().into(),
        ],
    )
    .await
    .map(drop)
}

/// Stores another password.
pub async fn set_password(tx: &mut Tx<'_>, id: &AccountId, password: &str) -> Result<(), StoreError> {
    tx.execute("update account set password = $1 where id = $2", &[password.into(), id.as_str().into()])
        .await
        .map(drop)
}

/// Stores what an administrator may change; says whether there is such an account.
pub async fn set_role(tx: &mut Tx<'_>, name: &str, role: AccountRole) -> Result<bool, StoreError> {
    let changed = tx
        .execute("update account set role = $1 where name = $2", &[role.as_str().into(), name.into()])
        .await?;
    Ok(changed > 0)
}

/// Closes an account, or opens it again; says whether there is such an account.
pub async fn set_disabled(tx: &mut Tx<'_>, name: &str, disabled: bool) -> Result<bool, StoreError> {
    let changed = tx
        .execute("update account set disabled = $1 where name = $2", &[disabled.into(), name.into()])
        .await?;
    Ok(changed > 0)
}

/// Every account, by name.
pub async fn list(tx: &mut Tx<'_>) -> Result<Vec<Stored>, StoreError> {
    tx.all(select!("from account a order by a.name"), &[], read).await
}

/// Stores a new session. `hash` is of the cookie, which is `secure` if it is for TLS alone.
pub async fn insert_session(
    tx: &mut Tx<'_>,
    hash: &str,
    account: &AccountId,
    session: &SessionInfo,
    secure: bool,
    at: i64,
    expires_at: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "insert into session (hash, id, account_id, user_agent, address, created_at, seen_at, expires_at, secure)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[
            hash.into(),
            session.id.as_str().into(),
            account.as_str().into(),
            (&session.user_agent).into(),
            (&session.address).into(),
            at.into(),
            at.into(),
            expires_at.into(),
            secure.into(),
        ],
    )
    .await
    .map(drop)
}

/// Whether a session's cookie is for TLS alone; `None` if there is no such session any more.
pub async fn is_secure(tx: &mut Tx<'_>, id: &SessionId) -> Result<Option<bool>, StoreError> {
    tx.first("select secure from session where id = $1", &[id.as_str().into()], |row| row.bool(0)).await
}

/// A session that is not over, its account, and when it was seen last.
pub async fn find_session(
    tx: &mut Tx<'_>,
    hash: &str,
    now: i64,
) -> Result<Option<(SessionId, Stored, i64)>, StoreError> {
    tx.first(
        select!(
            ", s.id, s.seen_at from session s join account a on a.id = s.account_id
             where s.hash = $1 and s.expires_at > $2"
        ),
        &[hash.into(), now.into()],
        |row| Ok((row.parsed(8)?, read(row)?, row.int(9)?)),
    )
    .await
}

/// The account of a session that is not over.
pub async fn find_by_session(
    tx: &mut Tx<'_>,
    id: &SessionId,
    now: i64,
) -> Result<Option<Stored>, StoreError> {
    tx.first(
        select!("from session s join account a on a.id = s.account_id where s.id = $1 and s.expires_at > $2"),
        &[id.as_str().into(), now.into()],
        read,
    )
    .await
}

/// Moves a session's end.
pub async fn renew_session(
    tx: &mut Tx<'_>,
    hash: &str,
    seen_at: i64,
    expires_at: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "update session set seen_at = $1, expires_at = $2 where hash = $3",
        &[seen_at.into(), expires_at.into(), hash.into()],
    )
    .await
    .map(drop)
}

/// An account's sessions that are not over, newest first.
pub async fn sessions(
    tx: &mut Tx<'_>,
    account: &AccountId,
    current: Option<&SessionId>,
    now: i64,
) -> Result<Vec<SessionInfo>, StoreError> {
    tx.all(
        "select id, user_agent, address, created_at, seen_at, expires_at from session
         where account_id = $1 and expires_at > $2 order by seen_at desc, id desc",
        &[account.as_str().into(), now.into()],
        |row| {
            let id: SessionId = row.parsed(0)?;
            Ok(SessionInfo {
                current: current == Some(&id),
                id,
                user_agent: row.text(1)?,
                address: row.text(2)?,
                created_at: timestamp(row.int(3)?),
                seen_at: timestamp(row.int(4)?),
                expires_at: timestamp(row.int(5)?),
            })
        },
    )
    .await
}

/// Ends one session of an account; says whether there was one.
pub async fn delete_session(
    tx: &mut Tx<'_>,
    account: &AccountId,
    id: &SessionId,
) -> Result<bool, StoreError> {
    let deleted = tx
        .execute(
            "delete from session where account_id = $1 and id = $2",
            &[account.as_str().into(), id.as_str().into()],
        )
        .await?;
    Ok(deleted > 0)
}

/// Ends an account's sessions, all or all but one.
pub async fn delete_sessions(
    tx: &mut Tx<'_>,
    account: &AccountId,
    but: Option<&SessionId>,
) -> Result<(), StoreError> {
    tx.execute(
        "delete from session where account_id = $1 and id <> $2",
        &[account.as_str().into(), but.map_or("", |id| id.as_str()).into()],
    )
    .await
    .map(drop)
}

/// Removes sessions that are over; returns which.
pub async fn delete_expired_sessions(tx: &mut Tx<'_>, now: i64) -> Result<Vec<SessionId>, StoreError> {
    tx.all("delete from session where expires_at <= $1 returning id", &[now.into()], |row| row.parsed(0))
        .await
}

/// Takes an invitation to register; false if there is none, or it is over.
pub async fn take_registration(tx: &mut Tx<'_>, hash: &str, now: i64) -> Result<bool, StoreError> {
    let taken = tx
        .execute(
            "delete from registration_invitation where hash = $1 and expires_at > $2",
            &[hash.into(), now.into()],
        )
        .await?;
    Ok(taken > 0)
}

/// Stores an invitation to register.
pub async fn insert_registration(
    tx: &mut Tx<'_>,
    hash: &str,
    at: i64,
    expires_at: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "insert into registration_invitation (hash, created_at, expires_at) values ($1, $2, $3)",
        &[hash.into(), at.into(), expires_at.into()],
    )
    .await
    .map(drop)
}

/// People whose name or shown name begins with `begins`, by name. However many there are, no more are looked
/// at than are named.
pub async fn find_people(tx: &mut Tx<'_>, begins: &str, limit: usize) -> Result<Vec<Person>, StoreError> {
    let begins = fold(begins);
    let end = format!("{begins}{}", char::MAX);
    tx.all(
        "select * from (select id, name, display_name from account
                        where name >= $1 and name < $2 and not disabled order by name limit $3) as by_name
         union
         select * from (select id, name, display_name from account
                        where folded >= $1 and folded < $2 and not disabled order by folded limit $3) as by_shown
         order by name limit $3",
        &[(&begins).into(), (&end).into(), (limit as i64).into()],
        |row| Ok(Person { id: row.parsed(0)?, name: row.text(1)?, display_name: row.text(2)? }),
    )
    .await
}
