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

pub use gathered::tell_totals;
