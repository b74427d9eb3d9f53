//! Whether the sign-in that a connection came with still holds. A sign-out ends the connections that are
//! registered; one that was being opened meanwhile is not among them yet, and looks here once it is.

use super::{Credential, Principal};
use crate::{app::AppState, store::account, time::unix_ms};

/// Whether a connection of `principal`, registered by now, may stay.
pub async fn holds(app: &AppState, principal: &Principal) -> bool {
    let Some(Credential::Session(id)) = principal.user().map(|user| &user.by) else { return true };
    let id = id.clone();
    let found = app.store.read(async move |tx| account::has_session(tx, &id, unix_ms()).await).await;
    found.unwrap_or_else(|error| {
        // A store that cannot be read is no reason to send somebody away.
        tracing::warn!(%error, "whether a sign-in still holds could not be looked up");
        true
    })
}
