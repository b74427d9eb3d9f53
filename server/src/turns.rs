//! Begins and ends promotions when it is time (V1).
//!
//! When the next one begins or ends stands in the store and nowhere else: a server that starts finds what the one
//! before it left. The task sleeps until then, or until it is woken because there may be an earlier one.
//!
//! Never decides what a turn is, which [`crate::domain::venue`] does. Started by `app`, woken by the handlers of
//! promotions.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::{
    app::App,
    domain::venue,
    store::{StoreError, Tx, WorkError, venue as rows},
    time::unix_ms,
};

/// Longest sleep: a wall clock that was set is noticed after this.
const SLEEP_MAX: Duration = Duration::from_mins(1);
/// After a failure of the store.
const STORE_RETRY: Duration = Duration::from_secs(2);

/// Runs until the token is cancelled.
pub async fn run(app: App, stop: CancellationToken) {
    loop {
        let sleep = match turn_all(&app).await {
            Ok(next) => next,
            Err(error) => {
                tracing::warn!(%error, "promotions could not be begun or ended; it is tried again");
                STORE_RETRY
            }
        };
        tokio::select! {
            () = tokio::time::sleep(sleep) => {}
            () = app.turns.notified() => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Turns whatever is due; says how long it is until the next.
async fn turn_all(app: &App) -> Result<Duration, StoreError> {
    loop {
        let next = app.store.read(async |tx| rows::next_turn(tx).await).await?;
        let Some(next) = next else { return Ok(SLEEP_MAX) };
        let wait_ms = next - unix_ms();
        if wait_ms > 0 {
            return Ok(Duration::from_millis(wait_ms.unsigned_abs()).min(SLEEP_MAX));
        }
        let work = async |tx: &mut Tx<'_>| Ok::<_, WorkError<()>>(venue::turn(tx, unix_ms()).await?);
        let turned = app.store.write(work).await?;
        debug_assert!(turned.is_ok());
    }
}
