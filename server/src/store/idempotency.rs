//! What was answered to whom for which idempotency key.

use shared::IdempotencyKey;

use super::{StoreError, Tx};

/// What was found under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Hash of the request that was answered.
    pub fingerprint: String,
    /// JSON of the answer.
    pub answer: String,
}

/// Looks a key up.
pub async fn find(tx: &mut Tx<'_>, author: &str, key: &IdempotencyKey) -> Result<Option<Seen>, StoreError> {
    tx.first(
        "select fingerprint, answer from idempotency where author = $1 and key = $2",
        &[author.into(), key.as_str().into()],
        |row| Ok(Seen { fingerprint: row.text(0)?, answer: row.text(1)? }),
    )
    .await
}

/// Records an answer in the transaction that made it true.
pub async fn record(
    tx: &mut Tx<'_>,
    author: &str,
    key: &IdempotencyKey,
    seen: &Seen,
    at: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "insert into idempotency (author, key, fingerprint, answer, at) values ($1, $2, $3, $4, $5)",
        &[author.into(), key.as_str().into(), (&seen.fingerprint).into(), (&seen.answer).into(), at.into()],
    )
    .await
    .map(drop)
}

/// Removes records older than `before` (milliseconds since 1970).
pub async fn forget(tx: &mut Tx<'_>, before: i64) -> Result<usize, StoreError> {
    tx.execute("delete from idempotency where at < $1", &[before.into()]).await
}
