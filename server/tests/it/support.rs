//! What every test stands on: a server, a client of its REST, and followers over every transport.

/// Runs each scenario over every transport.
macro_rules! over_every_transport {
    ($($scenario:ident)*) => {$(
        mod $scenario {
            use crate::support::Transport;
            #[tokio::test]
            async fn over_websocket() {
                super::$scenario(Transport::WebSocket).await;
            }
            #[tokio::test]
            async fn over_sse() {
                super::$scenario(Transport::Sse).await;
            }
            #[tokio::test]
            async fn over_poll() {
                super::$scenario(Transport::Poll).await;
            }
        }
    )*};
}
pub(crate) use over_every_transport;

pub(crate) mod api;
pub(crate) mod follower;
pub(crate) mod person;
pub(crate) mod pitch;
pub(crate) mod process;
pub(crate) mod raw;
pub(crate) mod receiver;
pub(crate) mod server;

use std::time::Duration;

pub(crate) use api::{Answer, Api};
pub(crate) use follower::{Follower, Transport};
pub(crate) use person::{PASSWORD, Somebody};
pub(crate) use pitch::Pitch;
pub(crate) use process::Process;
pub(crate) use raw::RawSocket;
pub(crate) use receiver::Receiver;
pub(crate) use server::Server;

/// How long anything may take that should take no time. Reached only when something is broken.
pub(crate) const BOUND: Duration = Duration::from_secs(15);

/// Waits for something that is to happen by itself.
#[track_caller]
pub(crate) fn within<F: Future>(what: &str, future: F) -> impl Future<Output = F::Output> {
    let caller = std::panic::Location::caller();
    async move {
        let outcome = tokio::time::timeout(BOUND, future).await;
        outcome.unwrap_or_else(|_| panic!("{what} did not happen within {BOUND:?} ({caller})"))
    }
}

/// Asks again and again until the answer is yes. The condition itself asks a server, so this never spins.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let asked = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    within(what, asked).await;
}
