//! Drains a session into server-sent events (HTML Living Standard, "Server-sent events").
//!
//! Every event's `data` is one frame, the same text as on a WebSocket. Its `id` is where all the stream's
//! topics stand after it, so that `Last-Event-ID` is all a browser needs to go on without a hole.

use std::{convert::Infallible, future::poll_fn, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use futures_util::stream;
use metrics::{counter, gauge};
use rand::Rng as _;
use serde::Deserialize;
use shared::{
    Cursor, ErrorCode, EventId, Offset, ServerFrame, Topic, WatcherId, model::control::TransportKind,
};

use super::{
    authenticate,
    poll::{From, parse_from, wanted},
    session::{Outlet, Session},
    upgrade,
};
use crate::{
    app::App,
    auth::{Principal, standing},
    error::ApiError,
    hub::{chunk::Slice, topic::TopicHub},
    listener::{AddressGuard, SessionGuard},
    time::{Millis, unix_ms},
};

/// Bytes gathered into one piece of the body.
const GATHER_BYTES: usize = 64 * 1024;

/// `GET /api/events/{id}/stream?since=&watcher=&presence=`
#[derive(Debug, Deserialize)]
pub struct EventQuery {
    since: Option<Cursor>,
    watcher: Option<WatcherId>,
    #[serde(default)]
    presence: bool,
}

/// `GET /api/sse?from=<topic>[@<cursor>]&…&watcher=&presence=`
pub async fn topics(
    State(app): State<App>,
    principal: Principal,
    headers: HeaderMap,
    axum::extract::RawQuery(query): axum::extract::RawQuery,
) -> Result<Response, ApiError> {
    let query = wanted(query.as_deref().unwrap_or_default())?;
    let from = last_event_id(&headers)?.unwrap_or(query.from);
    if from.is_empty() {
        return Err(ApiError::invalid("from", "name at least one topic"));
    }
    open(app, principal, (query.watcher, query.presence), from).await
}

/// The same for one event.
pub async fn event(
    State(app): State<App>,
    principal: Principal,
    headers: HeaderMap,
    id: Result<Path<EventId>, PathRejection>,
    query: Result<Query<EventQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let (Path(id), Query(query)) = (id?, query?);
    let topic = Topic::event(&id);
    let since = match last_event_id(&headers)? {
        Some(from) => from.into_iter().find(|(named, _)| *named == topic).and_then(|(_, since)| since),
        None => query.since.map(|cursor| cursor.0),
    };
    open(app, principal, (query.watcher, query.presence), vec![(topic, since)]).await
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<Vec<From>>, ApiError> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    if text.is_empty() {
        return Ok(None);
    }
    text.split(',').map(parse_from).collect::<Result<_, _>>().map(Some)
}

struct Stream {
    app: App,
    session: Session,
    out: Events,
    started: bool,
    ended: bool,
    /// When what was shown for the stream was looked at last.
    looked_at: Millis,
    _guards: (AddressGuard, SessionGuard, Counted),
}

async fn open(
    app: App,
    principal: Principal,
    (watcher, presence): (Option<WatcherId>, bool),
    from: Vec<From>,
) -> Result<Response, ApiError> {
    if app.is_draining() {
        return Err(ApiError::new(ErrorCode::Draining, "the server is shutting down"));
    }
    let too_many = || ApiError::new(ErrorCode::TooManyConnections, "too many connections from this address");
    let address_guard = app.connections.enter(principal.address()).ok_or_else(too_many)?;
    let mut session = upgrade::session(&app, principal, watcher);
    session.greet(None, unix_ms());
    let mut out = Events::default();
    for (topic, since) in from {
        // A stream of one topic that does not exist is a plain 404; a browser would retry a stream.
        app.may_follow(session.principal(), &topic).await?;
        super::poll::subscribe(&mut session, topic, since, presence).await?;
    }
    out.positions =
        session.positions().map(|(topic, at)| (topic.topic.clone(), at.epoch, at.offset)).collect();
    let session_guard =
        app.sessions.enter(session.signal(), session.principal(), super::about(&session, TransportKind::Sse));
    // What ended before the stream was registered did not reach it.
    authenticate::still_holds(&app, &mut session).await.map_err(|ending| authenticate::why(ending.0))?;
    let stream = Stream {
        looked_at: app.clock.now(),
        app,
        session,
        out,
        started: false,
        ended: false,
        _guards: (address_guard, session_guard, Counted::new()),
    };
    let body = Body::from_stream(stream::unfold(stream, |mut stream| async move {
        let bytes = stream.next().await?;
        Some((Ok::<_, Infallible>(bytes), stream))
    }));
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    // nginx gathers an answer before it passes it on, unless told otherwise.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.session.leave(self.app.clock.now());
    }
}

impl Stream {
    /// The next piece of the body; `None` ends it.
    async fn next(&mut self) -> Option<Bytes> {
        if self.ended {
            return None;
        }
        if !self.started {
            self.started = true;
            // How long a browser waits before it comes back, in milliseconds.
            self.out.text.push_str("retry: 1000\n\n");
        }
        let beat = Duration::from_millis(self.app.config.connections.heartbeat_interval_ms);
        loop {
            self.look_at_standing(beat).await;
            if self.session.drain(self.app.clock.now(), &mut self.out).await.is_err() {
                self.ended = true;
            }
            if let Some(code) = self.session.signal().ending()
                && !self.ended
            {
                self.ended = true;
                if code != shared::CloseCode::Draining {
                    let detail = authenticate::why(code).0;
                    self.session.complain_once(detail.code, &detail.message);
                }
                let span = self.app.config.drain_span_ms;
                let delay_ms = rand::rng().random_range(0..=span);
                self.session.farewell(delay_ms);
                let drained = self.session.drain(self.app.clock.now(), &mut self.out).await;
                debug_assert!(drained.is_ok());
                self.out.line(format_args!("retry: {}\n\n", delay_ms.max(1)));
            }
            if !self.out.text.is_empty() || self.ended {
                return self.out.take();
            }
            let signal = self.session.signal().clone();
            let marked =
                poll_fn(
                    |cx| if signal.poll(cx) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending },
                );
            if tokio::time::timeout(beat, marked).await.is_err() {
                // A comment keeps proxies from closing a quiet stream, and finds clients that are gone.
                return Some(Bytes::from_static(b":\n\n"));
            }
        }
    }
}

impl Stream {
    /// Ends the stream if what was shown for it no longer holds; looks once in a heartbeat.
    async fn look_at_standing(&mut self, every: Duration) {
        let now = self.app.clock.now();
        if u128::from(now.since(self.looked_at)) < every.as_millis() {
            return;
        }
        self.looked_at = now;
        if let Some(code) = standing::ends(&self.app, self.session.principal()).await {
            self.session.signal().end(code);
        }
    }
}

/// Counts a stream while it lives.
struct Counted;

impl Counted {
    fn new() -> Self {
        gauge!("touchline_connections", "transport" => "sse").increment(1);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        gauge!("touchline_connections", "transport" => "sse").decrement(1);
    }
}

/// Frames as events.
#[derive(Default)]
struct Events {
    text: String,
    positions: Vec<(Topic, shared::Epoch, Offset)>,
}

impl Events {
    fn take(&mut self) -> Option<Bytes> {
        let text = std::mem::take(&mut self.text);
        counter!("touchline_bytes_sent_total", "transport" => "sse").increment(text.len() as u64);
        (!text.is_empty()).then(|| text.into())
    }

    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        append(&mut self.text, text);
    }

    fn event(&mut self, data: &str) {
        self.text.push_str("id: ");
        for (index, (topic, epoch, offset)) in self.positions.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            append(&mut self.text, format_args!("{comma}{topic}@{epoch}.{offset}"));
        }
        // Frames are JSON on one line.
        self.text.push_str("\ndata: ");
        self.text.push_str(data);
        self.text.push_str("\n\n");
        counter!("touchline_frames_sent_total", "transport" => "sse").increment(1);
    }
}

fn append(out: &mut String, text: std::fmt::Arguments<'_>) {
    use std::fmt::Write as _;
    // Writing to a String cannot fail.
    let written = out.write_fmt(text);
    debug_assert!(written.is_ok());
}

impl Outlet for Events {
    fn control(&mut self, text: &str) {
        if text.starts_with(r#"{"type":"unsubscribed""#)
            && let Ok(ServerFrame::Unsubscribed(ended, _)) = ServerFrame::decode(text)
        {
            // Who comes back asks for what there still is.
            self.positions.retain(|(topic, ..)| *topic != ended);
        }
        self.event(text);
    }

    fn shared(&mut self, text: &Arc<str>) {
        self.event(text);
    }

    fn slice(&mut self, topic: &TopicHub, slice: &Slice) {
        counter!("touchline_deliveries_total", "transport" => "sse").increment(slice.publications());
        for (offset, text) in slice.texts() {
            if let Some(position) = self.positions.iter_mut().find(|(name, ..)| *name == topic.topic) {
                position.2 = offset;
            }
            self.event(text);
        }
    }

    fn is_full(&self) -> bool {
        self.text.len() >= GATHER_BYTES
    }
}
