//! Drains a session into the answer to a poll.
//!
//! A poll is a connection that lasts for one answer: it subscribes at the positions that the client names,
//! waits until there is something to say or the time is up, and answers with the frames that a WebSocket
//! would have received. Nothing is kept between two polls but that the watcher is still there.

use std::{future::poll_fn, task::Poll, time::Duration};

use axum::{
    body::Body,
    extract::{
        Path, Query, RawQuery, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use metrics::counter;
use rand::Rng as _;
use serde::Deserialize;
use shared::{
    Cursor, ErrorCode, EventId, Position, Topic, WatcherId,
    frame::{Subscribe, TopicName},
    limits::{POLL_TOPICS, POLL_WAIT_MAX_S},
    model::control::TransportKind,
};

use super::{authenticate, hold::Hold, session::Session, upgrade};
use crate::{app::App, auth::Principal, error::ApiError, time::unix_ms};

/// A topic, and the position after which it is wanted.
pub type From = (Topic, Option<Position>);

/// What a request for several topics asks for.
#[derive(Debug, Default)]
pub struct Wanted {
    pub from: Vec<From>,
    pub wait_s: u64,
    pub watcher: Option<WatcherId>,
    /// Who is there is wanted as well.
    pub presence: bool,
}

/// `<topic>[@<cursor>]`
pub fn parse_from(text: &str) -> Result<From, ApiError> {
    let (topic, since) = match text.split_once('@') {
        Some((topic, cursor)) => {
            let cursor: Cursor = cursor
                .parse()
                .map_err(|error: shared::text::InvalidText| ApiError::invalid("from", error.to_string()))?;
            (topic, Some(cursor.0))
        }
        None => (text, None),
    };
    let topic =
        topic.parse().map_err(|_| ApiError::new(ErrorCode::UnknownTopic, "there is no such topic"))?;
    Ok((topic, since))
}

/// Reads `from=…&from=…&wait=…&watcher=…&presence=…`.
pub fn wanted(query: &str) -> Result<Wanted, ApiError> {
    let mut wanted = Wanted::default();
    for (name, value) in form_pairs(query)? {
        match name.as_str() {
            "from" => wanted.from.push(parse_from(&value)?),
            "wait" => {
                let seconds = value.parse().map_err(|_| ApiError::invalid("wait", "whole seconds"))?;
                wanted.wait_s = wait(Some(seconds));
            }
            "watcher" => {
                let watcher = value.parse().map_err(|error: shared::text::InvalidText| {
                    ApiError::invalid("watcher", error.to_string())
                })?;
                wanted.watcher = Some(watcher);
            }
            "presence" => {
                let presence = value.parse().map_err(|_| ApiError::invalid("presence", "true or false"))?;
                wanted.presence = presence;
            }
            _ => {}
        }
    }
    if wanted.from.len() > POLL_TOPICS {
        return Err(ApiError::invalid("from", format!("{POLL_TOPICS} topics at most")));
    }
    Ok(wanted)
}

fn form_pairs(query: &str) -> Result<Vec<(String, String)>, ApiError> {
    let uri: axum::http::Uri = format!("/?{query}")
        .parse()
        .map_err(|_| ApiError::new(ErrorCode::Malformed, "the query cannot be read"))?;
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&uri)?;
    Ok(pairs)
}

pub(super) fn wait(seconds: Option<u64>) -> u64 {
    seconds.unwrap_or(0).min(POLL_WAIT_MAX_S)
}

/// `GET /api/events/{id}/updates?since=&wait=&watcher=&presence=`
#[derive(Debug, Deserialize)]
pub struct EventQuery {
    since: Option<Cursor>,
    wait: Option<u64>,
    watcher: Option<WatcherId>,
    #[serde(default)]
    presence: bool,
}

/// `GET /api/poll?from=<topic>[@<cursor>]&…&wait=&watcher=&presence=`
pub async fn topics(
    State(app): State<App>,
    principal: Principal,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let wanted = wanted(query.as_deref().unwrap_or_default())?;
    if wanted.from.is_empty() {
        return Err(ApiError::invalid("from", "name at least one topic"));
    }
    answer(app, principal, wanted).await
}

/// The same for one event.
pub async fn event(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<EventId>, PathRejection>,
    query: Result<Query<EventQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let (Path(id), Query(query)) = (id?, query?);
    let from = vec![(Topic::event(&id), query.since.map(|cursor| cursor.0))];
    // Of several topics one may be gone; of one alone the status says so.
    app.may_follow(&principal, &from[0].0).await?;
    let EventQuery { watcher, presence, .. } = query;
    answer(app, principal, Wanted { from, wait_s: wait(query.wait), watcher, presence }).await
}

/// Subscribes a session that lasts for one answer.
pub(super) async fn subscribe(
    session: &mut Session,
    topic: Topic,
    since: Option<Position>,
    presence: bool,
) -> Result<(), ApiError> {
    let subscribe = Subscribe { name: TopicName::Topic(topic), since, presence, reference: None };
    session
        .subscribe(subscribe)
        .await
        .map_err(|_| ApiError::new(ErrorCode::TooManySubscriptions, "too many of these topics cannot be had"))
}

/// A poll that is under way; when its client goes away, it is told the time.
struct Held {
    app: App,
    hold: Option<Hold>,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(hold) = &mut self.hold {
            hold.leave(self.app.clock.now());
        }
    }
}

async fn answer(app: App, principal: Principal, wanted: Wanted) -> Result<Response, ApiError> {
    let Wanted { from, wait_s, watcher, presence } = wanted;
    let begin = async move |session| Hold::begin(session, from, presence).await;
    let hold = held(&app, principal, watcher, wait_s, begin).await?;
    Ok(respond(hold.map(|hold| hold.finish(app.clock.now(), wait_s > 0)).unwrap_or_default()))
}

/// Holds a poll until there is something to say or its time is up.
pub(super) async fn held(
    app: &App,
    principal: Principal,
    watcher: Option<WatcherId>,
    wait_s: u64,
    begin: impl AsyncFnOnce(Session) -> Result<Hold, ApiError>,
) -> Result<Option<Hold>, ApiError> {
    if app.is_draining() {
        return Err(ApiError::new(ErrorCode::Draining, "the server is shutting down"));
    }
    let too_many = || ApiError::new(ErrorCode::TooManyConnections, "too many connections from this address");
    let _address_guard = app.connections.enter(principal.address()).ok_or_else(too_many)?;
    let over_in_ms = principal.expires_at().map(|at| u64::try_from(at - unix_ms()).unwrap_or(0));
    let mut session = upgrade::session(app, principal, watcher);
    let _session_guard = app.sessions.enter(
        session.signal(),
        session.principal(),
        super::about(&session, TransportKind::Poll),
    );
    // What ended before the poll was registered did not reach it.
    authenticate::still_holds(app, &mut session).await.map_err(|ending| authenticate::why(ending.0))?;
    let hold = begin(session).await?;
    let mut held = Held { app: app.clone(), hold: Some(hold) };
    // The next poll after the end of a token is refused; this one is not held beyond it.
    let wait_ms = over_in_ms.unwrap_or(u64::MAX).min(wait_s * 1000);
    let deadline = tokio::time::Instant::now() + Duration::from_millis(wait_ms);
    while let Some(hold) = &mut held.hold {
        let due = hold.look(app.clock.now()).await;
        if let Some(code) = hold.signal().ending() {
            if code != shared::CloseCode::Draining {
                return Err(authenticate::why(code));
            }
            let delay_ms = rand::rng().random_range(0..=app.config.drain_span_ms);
            hold.farewell(app.clock.now(), delay_ms).await;
            break;
        }
        if due.map_err(|_| unreadable())? {
            break;
        }
        let signal = hold.signal().clone();
        let marked = poll_fn(|cx| if signal.poll(cx) { Poll::Ready(()) } else { Poll::Pending });
        if tokio::time::timeout_at(deadline, marked).await.is_err() {
            break;
        }
    }
    Ok(held.hold.take())
}

fn unreadable() -> ApiError {
    ApiError::new(ErrorCode::StorageUnavailable, "the store cannot be read at present")
}

fn respond(body: String) -> Response {
    counter!("touchline_bytes_sent_total", "transport" => "poll").increment(body.len() as u64);
    let mut response = Body::from(body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e9_a_poll_names_its_topics_and_positions() {
        let wanted = wanted("from=event%3Ae1%40k.7&from=events&wait=99&watcher=w1&other=1").unwrap();
        assert_eq!(wanted.from.len(), 2);
        assert_eq!(wanted.from[0].0.as_str(), "event:e1");
        assert_eq!(wanted.from[0].1.as_ref().map(ToString::to_string).as_deref(), Some("k.7"));
        assert_eq!((wanted.from[1].1.as_ref(), wanted.wait_s), (None, POLL_WAIT_MAX_S));
    }

    #[test]
    fn v8_a_poll_that_makes_no_sense_is_refused() {
        for (query, code) in [
            ("from=event:e1@nonsense", ErrorCode::Invalid),
            ("from=nothing:e1", ErrorCode::UnknownTopic),
            ("from=events&wait=soon", ErrorCode::Invalid),
            ("from=events&watcher=%00", ErrorCode::Invalid),
            (&"from=events&".repeat(POLL_TOPICS + 1), ErrorCode::Invalid),
        ] {
            assert_eq!(super::wanted(query).unwrap_err().0.code, code, "{query}");
        }
    }
}
