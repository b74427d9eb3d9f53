//! Whether what somebody showed when they came still holds: asked when a connection has been registered (a
//! sign-out between the two has missed it) and at every heartbeat.

use shared::CloseCode;

use super::{Credential, Principal};
use crate::{
    app::AppState,
    store::{StoreError, account, api_key},
    time::unix_ms,
};

/// Why a connection of `principal` is to end; `None` as long as it may stay.
pub async fn ends(app: &AppState, principal: &Principal) -> Option<CloseCode> {
    match look(app, principal).await {
        Ok(ends) => ends,
        Err(error) => {
            // A store that cannot be read is no reason to send somebody away; the next look tells.
            tracing::warn!(%error, "whether a connection may stay could not be looked up");
            None
        }
    }
}

async fn look(app: &AppState, principal: &Principal) -> Result<Option<CloseCode>, StoreError> {
    let user = match principal {
        Principal::Visitor { .. } => return Ok(None),
        Principal::Key { id, .. } => {
            let id = id.to_string();
            let is_there = app.store.read(async move |tx| api_key::exists(tx, &id).await).await?;
            return Ok((!is_there).then_some(CloseCode::Unauthenticated));
        }
        Principal::User(user) => user,
    };
    let (id, now) = (user.person.id.clone(), unix_ms());
    let found = match &user.by {
        Credential::Token { expires_at } if *expires_at <= now => None,
        // It has nothing that could be over; it holds no connection either.
        Credential::Token { .. } | Credential::Schedule => {
            app.store.read(async move |tx| account::find(tx, &id).await).await?
        }
        Credential::Session(session) => {
            let session = session.clone();
            app.store.read(async move |tx| account::find_by_session(tx, &session, now).await).await?
        }
    };
    Ok(match found.filter(|stored| !stored.disabled) {
        None => Some(CloseCode::Unauthenticated),
        // Come back, and be somebody else.
        Some(stored) if stored.account.role != user.role => Some(CloseCode::RoleChanged),
        Some(_) => None,
    })
}
