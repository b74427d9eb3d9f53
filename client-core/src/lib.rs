//! The client's state machine. It knows no clock, no network, no storage and no page: the same code runs
//! in the browser, in the load generator and in the simulator, which drive it through [`Client`].
//!
//! ```text
//!              handle_input(now, Input)            poll_output() -> Output
//!   driver ────────────────────────────▶  Client  ────────────────────────▶ driver
//!              (until poll_timeout())
//! ```
//!
//! One input, then every output until `None`, then wait for the next input or for [`Client::poll_timeout`],
//! whichever is first. Nothing here can fail: nonsense from the peer is a transition.

pub mod client;
pub mod clocks;
mod connection;
mod core;
pub mod event_list;
pub mod outbox;
pub mod people;
pub mod post_list;
mod random;
pub mod relay;
pub mod subscription;
pub mod time;
pub mod timeline;

pub use client::{Attempt, Client, Config, Counters, Event, Input, Output, Status, Transport};
pub use time::Instant;
