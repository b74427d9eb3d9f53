//! What every test stands on: a server, a client of its REST, and followers over every transport.

pub mod api;
pub mod follower;
pub mod process;
pub mod raw;
pub mod server;

use std::time::Duration;

pub use api::{Answer, Api};
pub use follower::{Follower, Transport};
pub use process::Process;
pub use raw::RawSocket;
pub use server::Server;

/// How long anything may take that should take no time. Reached only when something is broken.
pub const BOUND: Duration = Duration::from_secs(15);

/// Waits for something that is to happen by itself.
#[track_caller]
pub fn within<F: Future>(what: &str, future: F) -> impl Future<Output = F::Output> {
    let caller = std::panic::Location::caller();
    async move {
        match tokio::time::timeout(BOUND, future).await {
            Ok(value) => value,
            Err(_) => panic!("{what} did not happen within {BOUND:?} ({caller})"),
        }
    }
}

/// Asks again and again until the answer is yes. The condition itself asks a server, so this never spins.
pub async fn until<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let asked = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    within(what, asked).await;
}
