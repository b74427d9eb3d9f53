//! The door: how many plain HTTP connections one address may hold open (E11).
//!
//! A connection counts from its first byte until it is closed or becomes a WebSocket, which is counted by
//! itself from then on. One too many is told so and closed; an address that goes on knocking is not even
//! told. Proxies that are believed are not counted: behind them stand many. Called by the listener.

use std::{net::IpAddr, time::Duration};

use axum::{body::Body, response::IntoResponse as _};
use hyper::{Response, body::Incoming};
use shared::ErrorCode;

use super::{AddressGuard, AddressLimit};
use crate::{app::App, error::ApiError};

/// Connections of one address at a time that are told that they are too many.
const TOLD: usize = 16;
/// How long one of them may take to ask for something, so that it can be told.
pub(super) const TOLD_WITHIN: Duration = Duration::from_secs(5);

/// What becomes of a connection.
#[derive(Debug)]
pub(super) enum Admission {
    /// It is served, and counts while the guard lives. Proxies have none.
    Served(Option<AddressGuard>),
    /// It gets one answer, and that is a refusal.
    Told(AddressGuard),
    /// It is closed.
    Closed,
}

/// Counts the connections of each address.
#[derive(Debug)]
pub(super) struct Door {
    app: App,
    open: AddressLimit,
    told: AddressLimit,
}

impl Door {
    pub(super) fn new(app: App) -> Self {
        let open = AddressLimit::new(app.config.connections.max_http_connections_per_address);
        Self { app, open, told: AddressLimit::new(TOLD) }
    }

    pub(super) fn admit(&self, peer: IpAddr) -> Admission {
        // What is written as IPv6 by a listener on both is the same address.
        let peer = peer.to_canonical();
        if self.app.config.connections.trusted_proxies.iter().any(|net| net.contains(&peer)) {
            return Admission::Served(None);
        }
        if let Some(guard) = self.open.enter(peer) {
            return Admission::Served(Some(guard));
        }
        self.told.enter(peer).map_or(Admission::Closed, Admission::Told)
    }
}

/// The answer to whatever is asked on a connection too many.
pub(super) async fn refusal(
    _request: hyper::Request<Incoming>,
) -> Result<Response<Body>, std::convert::Infallible> {
    Ok(ApiError::new(ErrorCode::TooManyConnections, "too many connections from this address").into_response())
}
