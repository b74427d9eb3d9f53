//! The real clients against the real store, hub, sessions and polls, in one thread and in virtual time: a
//! seed decides the network, the faults and the order of everything, and replays it.
//!
//! `world` owns the time and the queue of what happens next; `action` is what can happen. On the client's
//! side, `page` is a browser tab with its timelines and `browser` drives its client; `recorder` drives its
//! outbox, over the storage of its `device`; `people` write and read. In between, `link` is one connection or poll and `network` the way it takes. On the server's side,
//! `rest` answers requests and `server_side` keeps hub and sessions going. `fault` says what goes wrong and
//! `misfortune` makes it happen; `plant` are bugs put in on purpose. `rights` says who may read what, and changes it. `check` holds what a page is given
//! against what was committed and `judge` looks at everybody at the end. Nothing here sleeps, reads a clock
//! or opens a socket. Called by the binary and by the tests.

mod action;
mod browser;
pub mod check;
mod device;
mod fault;
mod judge;
mod link;
mod misfortune;
mod network;
mod page;
mod people;
mod plant;
mod recorder;
mod report;
mod rest;
mod rights;
mod server_side;
mod world;

pub use plant::Plant;
pub use report::{Outcome, Report};
pub use world::run;
