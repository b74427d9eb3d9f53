//! The client by its inputs and outputs alone.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod e10_heartbeat;
mod e8_resume;
mod e9_ladder;
mod m3_outbox;
mod p9_led;
mod p9_tabs;
mod pair;
mod script;
mod timeline;
mod v5_backoff;
