//! Who may do what on an event, in the store: visibility, owner, members, invitations.

use shared::{
    AccountId, EventId, InvitationId,
    model::{
        account::Person,
        member::{Invitation, Member, MemberRole, Visibility},
    },
};

use super::{Row, StoreError, Tx, tx::parse};
use crate::time::timestamp;

/// What an event and its list of members say of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub visibility: Visibility,
    /// Absent for an event that a visitor made.
    pub owner: Option<AccountId>,
    pub role: Option<MemberRole>,
}

/// How `account` (nobody, for a visitor) stands with an event; `None` if there is no such event.
pub async fn standing(
    tx: &mut Tx<'_>,
    event: &EventId,
    account: Option<&AccountId>,
) -> Result<Option<Standing>, StoreError> {
    tx.first(
        "select e.visibility, e.owner_id, m.role from event e
         left join event_member m on m.event_id = e.id and m.account_id = $2
         where e.id = $1",
        &[event.as_str().into(), account.map(AccountId::as_str).into()],
        |row| {
            Ok(Standing {
                visibility: parse::<Visibility>(&row.text(0)?)?,
                owner: row.opt_text(1)?.as_deref().map(parse::<AccountId>).transpose()?,
                role: row.opt_text(2)?.as_deref().map(parse::<MemberRole>).transpose()?,
            })
        },
    )
    .await
}

/// Makes an account a member, or changes what it may do.
pub async fn put(
    tx: &mut Tx<'_>,
    event: &EventId,
    account: &AccountId,
    role: MemberRole,
    at: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "insert into event_member (event_id, account_id, role, since) values ($1, $2, $3, $4)
         on conflict (event_id, account_id) do update set role = excluded.role",
        &[event.as_str().into(), account.as_str().into(), role.as_str().into(), at.into()],
    )
    .await
    .map(drop)
}

/// The accounts of an event's members.
pub async fn accounts(tx: &mut Tx<'_>, event: &EventId) -> Result<Vec<AccountId>, StoreError> {
    tx.all("select account_id from event_member where event_id = $1", &[event.as_str().into()], |row| {
        row.parsed(0)
    })
    .await
}

/// Takes an account out; says whether it was a member.
pub async fn remove(tx: &mut Tx<'_>, event: &EventId, account: &AccountId) -> Result<bool, StoreError> {
    let removed = tx
        .execute(
            "delete from event_member where event_id = $1 and account_id = $2",
            &[event.as_str().into(), account.as_str().into()],
        )
        .await?;
    Ok(removed > 0)
}

macro_rules! select_members {
    ($rest:literal) => {
        concat!(
            "select a.id, a.name, a.display_name, m.role, m.since
             from event_member m join account a on a.id = m.account_id where m.event_id = $1 ",
            $rest
        )
    };
}

fn read_member(row: &Row<'_>) -> Result<Member, StoreError> {
    Ok(Member {
        person: Person { id: row.parsed(0)?, name: row.text(1)?, display_name: row.text(2)? },
        role: parse(&row.text(3)?)?,
        since: timestamp(row.int(4)?),
    })
}

/// An event's members: owners first, then by name.
pub async fn list(tx: &mut Tx<'_>, event: &EventId) -> Result<Vec<Member>, StoreError> {
    tx.all(
        select_members!(
            "order by case m.role when 'owner' then 0 when 'contributor' then 1 else 2 end, a.name"
        ),
        &[event.as_str().into()],
        read_member,
    )
    .await
}

/// One member.
pub async fn find(
    tx: &mut Tx<'_>,
    event: &EventId,
    account: &AccountId,
) -> Result<Option<Member>, StoreError> {
    let values = [event.as_str().into(), account.as_str().into()];
    tx.first(select_members!("and m.account_id = $2"), &values, read_member).await
}

/// How many members an event has.
pub async fn count(tx: &mut Tx<'_>, event: &EventId) -> Result<usize, StoreError> {
    let counted = tx
        .first("select count(*) from event_member where event_id = $1", &[event.as_str().into()], |row| {
            row.int(0)
        })
        .await?;
    Ok(counted.unwrap_or(0) as usize)
}

/// Who owns an event besides `account`, and has for the longest.
pub async fn other_owner(
    tx: &mut Tx<'_>,
    event: &EventId,
    account: &AccountId,
) -> Result<Option<AccountId>, StoreError> {
    tx.first(
        "select account_id from event_member
         where event_id = $1 and role = 'owner' and account_id <> $2 order by since, account_id limit 1",
        &[event.as_str().into(), account.as_str().into()],
        |row| row.parsed(0),
    )
    .await
}

/// Stores an invitation. `hash` is of its code.
pub async fn insert_invitation(
    tx: &mut Tx<'_>,
    hash: &str,
    event: &EventId,
    invitation: &Invitation,
    at: i64,
    expires_at: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "insert into event_invitation (id, hash, event_id, role, uses_left, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        &[
            invitation.id.as_str().into(),
            hash.into(),
            event.as_str().into(),
            invitation.role.as_str().into(),
            invitation.uses_left.map(i64::from).into(),
            at.into(),
            expires_at.into(),
        ],
    )
    .await
    .map(drop)
}

/// An event's invitations that can still be taken, newest first; without their codes, which nobody has kept.
pub async fn invitations(tx: &mut Tx<'_>, event: &EventId, now: i64) -> Result<Vec<Invitation>, StoreError> {
    tx.all(
        "select id, role, uses_left, expires_at from event_invitation
         where event_id = $1 and expires_at > $2 order by created_at desc, id desc",
        &[event.as_str().into(), now.into()],
        |row| {
            Ok(Invitation {
                id: row.parsed(0)?,
                code: None,
                role: parse(&row.text(1)?)?,
                uses_left: row.opt_int(2)?.map(|left| u32::try_from(left).unwrap_or(0)),
                expires_at: timestamp(row.int(3)?),
            })
        },
    )
    .await
}

/// Withdraws an invitation; says whether there was one.
pub async fn delete_invitation(
    tx: &mut Tx<'_>,
    event: &EventId,
    id: &InvitationId,
) -> Result<bool, StoreError> {
    let deleted = tx
        .execute(
            "delete from event_invitation where event_id = $1 and id = $2",
            &[event.as_str().into(), id.as_str().into()],
        )
        .await?;
    Ok(deleted > 0)
}

/// What an invitation is to, and as what, by the hash of its code; `None` when it can no longer be taken.
pub async fn find_invitation(
    tx: &mut Tx<'_>,
    hash: &str,
    now: i64,
) -> Result<Option<(InvitationId, EventId, MemberRole)>, StoreError> {
    tx.first(
        "select id, event_id, role from event_invitation where hash = $1 and expires_at > $2",
        &[hash.into(), now.into()],
        |row| Ok((row.parsed(0)?, row.parsed(1)?, parse(&row.text(2)?)?)),
    )
    .await
}

/// Counts an invitation as taken once more; the last time removes it.
pub async fn use_invitation(tx: &mut Tx<'_>, id: &InvitationId) -> Result<(), StoreError> {
    let values = [id.as_str().into()];
    tx.execute("update event_invitation set uses_left = uses_left - 1 where id = $1", &values).await?;
    // Without a limit there is nothing to count: null stays null.
    tx.execute("delete from event_invitation where id = $1 and uses_left <= 0", &values).await.map(drop)
}

/// Removes invitations that are over.
pub async fn delete_expired_invitations(tx: &mut Tx<'_>, now: i64) -> Result<(), StoreError> {
    tx.execute("delete from event_invitation where expires_at <= $1", &[now.into()]).await.map(drop)
}
