//! Three ways to drain feeds: WebSocket, server-sent events, poll. What a connection may do and has done
//! is the session's; a transport moves its bytes.

mod authenticate;
mod bucket;
mod gathered;
pub mod hold;
pub mod poll;
mod publishing;
pub mod session;
pub mod sse;
pub mod updates;
pub mod upgrade;
pub mod websocket;

use shared::model::control::TransportKind;

use crate::{listener::About, time::unix_ms};
pub use gathered::tell_totals;

/// What an operator is told of a session.
fn about(session: &session::Session, transport: TransportKind) -> About {
    About {
        connection: session.connection().clone(),
        transport,
        address: session.principal().address(),
        since: unix_ms(),
    }
}
