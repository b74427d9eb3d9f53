//! Between the store and the hubs: after a commit, the bell.
//!
//! The bus is a doorbell and not a queue: what it loses, doubles or reorders costs a read of the store,
//! never a publication. One node rings its own hub; a bus to other nodes stands beside [`Local`] with the
//! same promise, and the pump does not change.

use std::{sync::Arc, time::Duration};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    hub::Hub,
    store::{Announcer, Appended},
    time::Clock,
};

/// Commits that may wait to be announced; beyond it the writer waits, and so do those who publish.
const QUEUE: usize = 1024;
/// Between two looks at what was missed and what is idle.
const TIDY_EVERY: Duration = Duration::from_secs(5);

/// The bus of a single node: a channel from the writer to the pump.
#[derive(Debug)]
pub struct Local {
    bells: mpsc::Receiver<Vec<Appended>>,
}

impl Local {
    /// The bus, and what the store calls after each commit.
    pub fn new() -> (Self, Announcer) {
        let (sender, bells) = mpsc::channel(QUEUE);
        let announce: Announcer = Arc::new(move |appended| {
            // The pump is gone only when the process ends; readers find the commit in the store.
            drop(sender.blocking_send(appended));
        });
        (Self { bells }, announce)
    }
}

/// Brings what was announced to the hub, and rings its alarms, until the token is cancelled.
pub async fn pump(mut bus: Local, hub: Arc<Hub>, clock: Clock, stop: CancellationToken) {
    let mut tidy = tokio::time::interval(TIDY_EVERY);
    tidy.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let alarm = async {
            match hub.next_alarm() {
                Some(at) => tokio::time::sleep_until(clock.instant(at)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            bell = bus.bells.recv() => match bell {
                Some(appended) => take(&hub, clock, &appended).await,
                None => return,
            },
            () = alarm => hub.ring(clock.now()),
            () = hub.earlier_alarm() => {}
            _ = tidy.tick() => {
                if let Err(error) = hub.tidy(clock.now()).await {
                    tracing::error!(%error, "the heads of the topics could not be read");
                }
            }
            () = stop.cancelled() => return,
        }
    }
}

async fn take(hub: &Hub, clock: Clock, appended: &[Appended]) {
    for missed in hub.accept(clock.now(), appended) {
        if let Err(error) = hub.catch_up(clock.now(), &missed).await {
            // `tidy` tries again.
            tracing::error!(%error, topic = %missed, "what was missed could not be read");
        }
    }
}
