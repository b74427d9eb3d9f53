//! Keys of servers: `tlk_` and 256 random bits. Whoever shows one may do what an administrator may; the store
//! has their SHA-256. They are made and removed on the command line alone.

use std::net::IpAddr;

use shared::ErrorCode;

use super::{Principal, session};
use crate::{app::AppState, error::ApiError, store::api_key};

/// How every key begins, so that people and scanners know one when they see one.
const PREFIX: &str = "tlk_";

/// A new key.
pub fn new_key() -> String {
    format!("{PREFIX}{}", session::new_secret())
}

/// Whether this is meant to be a key.
pub fn is_key(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// Who shows this key.
pub async fn principal(app: &AppState, address: IpAddr, key: &str) -> Result<Principal, ApiError> {
    let hash = session::hash(key);
    if let Some(id) = app.store.read(async move |tx| api_key::find(tx, &hash).await).await? {
        return Ok(Principal::Key { id: id.into(), address });
    }
    if app.abuse.is_first(&address.to_string(), "key") {
        tracing::warn!(%address, "an unknown key was refused");
    }
    Err(ApiError::new(ErrorCode::Unauthenticated, "this key is not known here"))
}
