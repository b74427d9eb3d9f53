//! Keys of servers in the store.

use shared::Timestamp;

use super::{StoreError, Tx};
use crate::time::timestamp;

/// A key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub id: String,
    pub name: String,
    pub created_at: Timestamp,
}

/// Stores a new key; false if the name is taken. `hash` is of the secret.
pub async fn insert(tx: &mut Tx<'_>, id: &str, hash: &str, name: &str, at: i64) -> Result<bool, StoreError> {
    let inserted = tx
        .execute(
            "insert into api_key (id, hash, name, created_at)
             select $1, $2, $3, $4 where not exists (select 1 from api_key where name = $3)",
            &[id.into(), hash.into(), name.into(), at.into()],
        )
        .await?;
    Ok(inserted > 0)
}

/// The id of the key with this hash.
pub async fn find(tx: &mut Tx<'_>, hash: &str) -> Result<Option<String>, StoreError> {
    tx.first("select id from api_key where hash = $1", &[hash.into()], |row| row.text(0)).await
}

/// Whether there is still such a key.
pub async fn exists(tx: &mut Tx<'_>, id: &str) -> Result<bool, StoreError> {
    let found = tx.first("select id from api_key where id = $1", &[id.into()], |row| row.text(0)).await?;
    Ok(found.is_some())
}

/// All keys, by name.
pub async fn list(tx: &mut Tx<'_>) -> Result<Vec<ApiKey>, StoreError> {
    tx.all("select id, name, created_at from api_key order by name", &[], |row| {
        Ok(ApiKey { id: row.text(0)?, name: row.text(1)?, created_at: timestamp(row.int(2)?) })
    })
    .await
}

/// Removes a key by its name; says whether there was one.
pub async fn delete(tx: &mut Tx<'_>, name: &str) -> Result<bool, StoreError> {
    Ok(tx.execute("delete from api_key where name = $1", &[name.into()]).await? > 0)
}
