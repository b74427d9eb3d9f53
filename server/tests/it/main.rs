//! The server from outside: real servers, real sockets, laid out as its addresses are.
//!
//! Most tests run a server inside this process, through the public parts of the library, each with a data
//! directory of its own. What is about the process (signals, a second server, metrics, being killed) runs
//! the real program. Nothing here waits for a time to pass: everything waits for a condition, with a bound.
//!
//! The names of the tests say which rows of the requirements they hold.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod support;

mod assets;
mod deflate;
mod delivery;
mod drain;
mod events;
mod faults;
mod files;
mod heartbeat;
mod hostile;
mod idempotency;
mod kill;
mod limits;
mod m1_matches;
mod m1_rights;
mod m2_publishing;
mod m5_watchers;
mod m6_state;
mod m7_follow;
mod m8_tournaments;
mod media;
mod metrics;
mod origin;
mod p1_posts;
mod p2_delivery;
mod p3_comments;
mod p3_notifications;
mod p3_posts;
mod p4_leaving;
mod p4_presence;
mod p5_accounts;
mod p5_sessions;
mod p5_sign_in;
mod p6_members;
mod p6_rights;
mod poll;
mod presence;
mod recovery;
mod s1_stories;
mod s1_stories_rights;
mod s2_tokens;
mod s4_connections;
mod s5_command_line;
mod snapshots;
mod sse;
mod uploads;
mod v1_venues;
mod v3_polling;
mod v4_control;
mod ws;
