//! Webhooks of accounts in the store.

use shared::{AccountId, WebhookId, model::post::Webhook};

use super::{StoreError, Tx};
use crate::time::timestamp;

/// Stores a new webhook.
pub async fn insert(
    tx: &mut Tx<'_>,
    account: &AccountId,
    webhook: &Webhook,
    secret: &str,
    at: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "insert into webhook (id, account_id, url, secret, created_at) values ($1, $2, $3, $4, $5)",
        &[
            webhook.id.as_str().into(),
            account.as_str().into(),
            (&webhook.url).into(),
            secret.into(),
            at.into(),
        ],
    )
    .await
    .map(drop)
}

/// An account's webhooks, oldest first, without their secrets.
pub async fn list(tx: &mut Tx<'_>, account: &AccountId) -> Result<Vec<Webhook>, StoreError> {
    tx.all(
        "select id, url, created_at from webhook where account_id = $1 order by id",
        &[account.as_str().into()],
        |row| {
            Ok(Webhook {
                id: row.parsed(0)?,
                url: row.text(1)?,
                secret: None,
                created_at: timestamp(row.int(2)?),
            })
        },
    )
    .await
}

/// Where a webhook of an account is, and what deliveries to it are signed with.
pub async fn find(
    tx: &mut Tx<'_>,
    account: &AccountId,
    id: &WebhookId,
) -> Result<Option<(String, String)>, StoreError> {
    tx.first(
        "select url, secret from webhook where id = $1 and account_id = $2",
        &[id.as_str().into(), account.as_str().into()],
        |row| Ok((row.text(0)?, row.text(1)?)),
    )
    .await
}

/// Forgets a webhook; says whether there was one.
pub async fn delete(tx: &mut Tx<'_>, account: &AccountId, id: &WebhookId) -> Result<bool, StoreError> {
    let deleted = tx
        .execute(
            "delete from webhook where id = $1 and account_id = $2",
            &[id.as_str().into(), account.as_str().into()],
        )
        .await?;
    Ok(deleted > 0)
}
