//! Touchline's server: every topic is a durable log, and a client is a cursor moving along it.
//!
//! Dependencies point one way: `main → app → api, transport → publish, feed → hub, store, bus`. The
//! last three do not know each other's insides; `ARCHITECTURE.md` has the map.

pub mod api;
pub mod app;
pub mod assets;
pub mod auth;
pub mod bus;
pub mod command;
pub mod config;
pub mod data_dir;
pub mod domain;
pub mod error;
pub mod hub;
pub mod ids;
pub mod listener;
pub mod media;
pub mod metrics;
pub mod monitor;
pub mod publish;
pub mod scheduler;
pub mod store;
pub mod time;
pub mod transport;
pub mod turns;
pub mod webhook;
pub mod wire;

/// Who speaks TLS to others speaks it with `ring`. Call it before a client is made; more than once is no harm.
pub fn use_ring_for_tls() {
    // It fails if there is one already, which is this one.
    drop(rustls::crypto::ring::default_provider().install_default());
}
