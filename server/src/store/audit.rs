//! Who did what as an operator, in the store. Nothing takes an entry out but its age.

use shared::model::control::AuditEntry;

use super::{StoreError, Tx};
use crate::time::timestamp;

/// What is kept of what was sent, in characters.
const DETAIL_CHARS: usize = 200;

/// Notes an act, within the transaction that does it.
pub async fn note(
    tx: &mut Tx<'_>,
    by: &str,
    action: &str,
    target: &str,
    detail: &str,
    at: i64,
) -> Result<(), StoreError> {
    let detail: String = detail.chars().take(DETAIL_CHARS).collect();
    tx.execute(
        "insert into audit (at, by, action, target, detail) values ($1, $2, $3, $4, $5)",
        &[at.into(), by.into(), action.into(), target.into(), (&detail).into()],
    )
    .await
    .map(drop)
}

/// A page of them, the latest first, older than `before`.
pub async fn list(tx: &mut Tx<'_>, before: Option<i64>, limit: usize) -> Result<Vec<AuditEntry>, StoreError> {
    tx.all(
        "select id, at, by, action, target, detail from audit where id < $1 order by id desc limit $2",
        &[before.unwrap_or(i64::MAX).into(), (limit as i64).into()],
        |row| {
            Ok(AuditEntry {
                id: row.int(0)? as u64,
                at: timestamp(row.int(1)?),
                by: row.text(2)?,
                action: row.text(3)?,
                target: row.text(4)?,
                detail: row.text(5)?,
            })
        },
    )
    .await
}
