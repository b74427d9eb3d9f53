//! The real clients against the real store, hub and sessions, in one thread and in virtual time: a seed
//! decides the network, the faults and the order of everything, and replays it.
//!
//! `world` owns the time and the queue of what happens next; `link` is one connection or poll with the
//! server's session behind it; `page` is a browser tab with its client and timelines; `check` holds what a
//! page was given against what was committed; `fault` says what goes wrong. Nothing here sleeps, reads a
//! clock or opens a socket. Called by the binary and by the tests.

pub mod check;
mod fault;
mod link;
mod page;
mod server_side;
pub mod world;

pub use world::{Outcome, Plant, Report, run};
