//! Who may do what on an event, in the store: visibility, owner, members, invitations.

use shared::{
    AccountId, EventId,
    model::member::{MemberRole, Visibility},
};

use super::{StoreError, Tx, tx::parse};

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
