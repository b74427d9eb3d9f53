//! The WebSocket handshake (RFC 6455 §4.2): from a request to a session on a bare TCP connection.

use axum::{
    body::Body,
    extract::{
        Path, Query, Request, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header},
    response::IntoResponse as _,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use sha1::{Digest as _, Sha1};
use shared::{
    CloseCode, Cursor, ErrorCode, EventId, Topic, WatcherId,
    frame::{Subscribe, TopicName},
    limits::CLIENT_FRAME_BYTES,
    rest::ErrorDetail,
};
use tokio::net::TcpStream;

use super::{session::Session, websocket};
use crate::{
    app::App,
    auth::{Principal, address::ClientAddress, origin},
    error::ApiError,
    ids::new_id,
    listener::{self, AddressGuard},
    time::unix_ms,
    wire::Decoder,
};

/// What a client appends to its key (RFC 6455 §1.3).
const HANDSHAKE_GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// The extension without context takeover: every message stands alone, so that one compression serves all.
const DEFLATE_ACCEPTED: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// `GET /ws?watcher=`
#[derive(Debug, Deserialize)]
pub struct GeneralQuery {
    watcher: Option<WatcherId>,
}

/// `GET /api/ws/events/{id}?since=&watcher=&presence=`
#[derive(Debug, Deserialize)]
pub struct EventQuery {
    since: Option<Cursor>,
    watcher: Option<WatcherId>,
    #[serde(default)]
    presence: bool,
}

/// Any topics on one connection.
pub async fn general(
    State(app): State<App>,
    principal: Result<Principal, ApiError>,
    query: Result<Query<GeneralQuery>, QueryRejection>,
    request: Request,
) -> Result<Response<Body>, ApiError> {
    let Query(query) = query?;
    open(app, principal, query.watcher, None, request)
}

/// One event, subscribed to by connecting (E1).
pub async fn event(
    State(app): State<App>,
    principal: Result<Principal, ApiError>,
    id: Result<Path<String>, PathRejection>,
    query: Result<Query<EventQuery>, QueryRejection>,
    request: Request,
) -> Result<Response<Body>, ApiError> {
    let (Path(id), Query(query)) = (id?, query?);
    // Even an id that cannot exist is answered on the socket: a browser shows no script the status of a
    // refused handshake.
    let id = id.parse::<EventId>().map_err(|_| ());
    open(app, principal, query.watcher, Some((id, query.since, query.presence)), request)
}

/// Which event, from where on, and whether who is there is wanted as well.
type WantedEvent = Option<(Result<EventId, ()>, Option<Cursor>, bool)>;

fn open(
    app: App,
    principal: Result<Principal, ApiError>,
    watcher: Option<WatcherId>,
    event: WantedEvent,
    mut request: Request,
) -> Result<Response<Body>, ApiError> {
    let accept = accept_key(request.headers())?;
    if app.is_draining() {
        return Err(ApiError::new(ErrorCode::Draining, "the server is shutting down"));
    }
    let address = ClientAddress::of(request.extensions());
    let refused = refusal(&app, &request, principal.as_ref().err())?;
    let principal = principal.unwrap_or(Principal::Visitor { address, may_post: false });
    let guard = app.connections.enter(address);
    let deflate = offers_deflate(request.headers());
    let Some(upgrade) = request.extensions_mut().remove::<hyper::upgrade::OnUpgrade>() else {
        return Err(ApiError::new(ErrorCode::Malformed, "this connection cannot be upgraded"));
    };
    let tasks = app.tasks.clone();
    tasks.clone().spawn(async move {
        let admitted = admit(upgrade, refused, guard).await;
        let Some((stream, leftover, guard)) = admitted else { return };
        let mut session = session(&app, principal, watcher);
        let begun = begin(&mut session, event).await;
        let decoder = Decoder::new(deflate, CLIENT_FRAME_BYTES);
        let mut connection = websocket::Connection::new(app, stream, session, decoder, deflate, guard);
        // What ended before the connection was registered did not reach it.
        let holds = connection.look_at_standing().await.map_err(|ending| ending.0);
        if let Err(code) = begun.and(holds) {
            connection.close(code).await;
            return;
        }
        // A task of its own, and a copy of what was read with the handshake: what the handshake needed is
        // larger than all that a connection at rest holds, and is freed here.
        let leftover = (!leftover.is_empty()).then(|| leftover.to_vec().into_boxed_slice());
        tasks.spawn(connection.run(leftover));
    });
    Ok(switching(&accept, deflate))
}

/// Why the connection may not be, and what is said of it.
type Refused = Option<(CloseCode, Option<ErrorDetail>)>;

/// A browser shows no script the status of a refused handshake, so who may not connect is told on the socket.
fn refusal(app: &App, request: &Request, error: Option<&ApiError>) -> Result<Refused, ApiError> {
    if !origin::is_allowed(request.headers(), &app.config.allowed_origins) {
        return Ok(Some((CloseCode::CrossSite, None)));
    }
    match error {
        None => Ok(None),
        Some(error) if error.0.code == ErrorCode::Unauthenticated => {
            Ok(Some((CloseCode::Unauthenticated, Some(error.0.clone()))))
        }
        // It may be better in a moment.
        Some(error) => Err(ApiError(error.0.clone())),
    }
}

/// Waits for the connection to be ours; closes it if it may not be.
async fn admit(
    upgrade: hyper::upgrade::OnUpgrade,
    refused: Refused,
    guard: Option<AddressGuard>,
) -> Option<(TcpStream, bytes::Bytes, AddressGuard)> {
    let upgraded = match upgrade.await {
        Ok(upgraded) => upgraded,
        Err(error) => {
            tracing::debug!(%error, "the client went away during the handshake");
            return None;
        }
    };
    let Some((stream, leftover)) = listener::into_tcp(upgraded) else {
        tracing::error!("an upgraded connection was not TCP");
        return None;
    };
    let (Some(guard), None) = (guard, &refused) else {
        let (code, error) = refused.unwrap_or((CloseCode::RateLimited, None));
        metrics::counter!("touchline_connections_refused_total", "code" => code.reason()).increment(1);
        websocket::refuse(stream, code, error).await;
        return None;
    };
    Some((stream, leftover, guard))
}

/// A session of a connection that has just come.
pub(super) fn session(app: &App, principal: Principal, watcher: Option<WatcherId>) -> Session {
    Session::new(app.hub.clone(), principal, new_id(), watcher, app.config.session(), app.clock.now())
}

/// The first frames: `connected`, and for an event its subscription.
async fn begin(session: &mut Session, event: WantedEvent) -> Result<(), CloseCode> {
    let Some((id, since, presence)) = event else {
        session.greet(None, unix_ms());
        return Ok(());
    };
    let unknown = "there is no such event";
    let Ok(id) = id else {
        session.complain_once(ErrorCode::UnknownTopic, unknown);
        return Err(CloseCode::NotFound);
    };
    let topic = Topic::event(&id);
    if !session.is_known(&topic).await {
        session.complain_once(ErrorCode::UnknownTopic, unknown);
        return Err(CloseCode::NotFound);
    }
    session.greet(Some(id), unix_ms());
    let since = since.map(|cursor| cursor.0);
    let subscribe = Subscribe { name: TopicName::Topic(topic), since, presence, reference: None };
    session.subscribe(subscribe).await.map_err(|ending| ending.0)
}

fn accept_key(headers: &HeaderMap) -> Result<String, ApiError> {
    let has = |name: HeaderName, wanted: &str| {
        headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.split(',').any(|token| token.trim().eq_ignore_ascii_case(wanted)))
    };
    let bad = |message: &str| ApiError::new(ErrorCode::Malformed, message);
    if !has(header::CONNECTION, "upgrade") || !has(header::UPGRADE, "websocket") {
        return Err(bad("this address is for WebSocket connections"));
    }
    if !has(header::SEC_WEBSOCKET_VERSION, "13") {
        return Err(bad("only version 13 of the WebSocket protocol is spoken here"));
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).ok_or_else(|| bad("the WebSocket key is missing"))?;
    let mut hash = Sha1::new();
    hash.update(key.as_bytes());
    hash.update(HANDSHAKE_GUID);
    Ok(STANDARD.encode(hash.finalize()))
}

/// Whether one of the client's offers can be taken as it is (RFC 7692 §7.1). An offer that limits the
/// server's window is passed over: the shared bytes are made with the full one.
fn offers_deflate(headers: &HeaderMap) -> bool {
    let offers =
        headers.get_all(header::SEC_WEBSOCKET_EXTENSIONS).iter().filter_map(|value| value.to_str().ok());
    offers.flat_map(|value| value.split(',')).any(|offer| {
        let mut parts = offer.split(';').map(str::trim);
        parts.next() == Some("permessage-deflate")
            && parts.all(|parameter| {
                let name = parameter.split('=').next().unwrap_or_default().trim();
                matches!(
                    name,
                    "client_max_window_bits" | "server_no_context_takeover" | "client_no_context_takeover"
                ) || parameter.replace([' ', '"'], "") == "server_max_window_bits=15"
            })
    })
}

fn switching(accept: &str, deflate: bool) -> Response<Body> {
    let Ok(accept) = HeaderValue::from_str(accept) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    if deflate {
        headers.insert(header::SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static(DEFLATE_ACCEPTED));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_specifications_key() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "WebSocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        assert_eq!(accept_key(&headers).unwrap(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        headers.remove("connection");
        assert!(accept_key(&headers).is_err());
    }

    #[test]
    fn e13_an_offer_is_taken_only_as_it_can_be_kept() {
        for (offer, taken) in [
            ("permessage-deflate", true),
            ("permessage-deflate; client_max_window_bits", true),
            ("permessage-deflate; server_max_window_bits=10", false),
            ("permessage-deflate; server_max_window_bits=10, permessage-deflate", true),
            ("permessage-deflate; server_max_window_bits=15", true),
            ("permessage-deflate; invented=1", false),
            ("x-webkit-deflate-frame", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static(offer));
            assert_eq!(offers_deflate(&headers), taken, "{offer}");
        }
    }
}
