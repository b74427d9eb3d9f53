//! One topic's log over plain HTTP, for who polls with whatever is at hand (V3): what was published since a
//! cursor or a time, at once or as soon as there is something, with an `ETag`.
//!
//! The answer to one address is the same for everybody who may read the topic. What everybody may read, proxies
//! may share for a second: a crowd of pollers behind one is one poller. Called by the handlers of resources
//! that are polled; never knows what it carries.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use metrics::counter;
use serde::Deserialize;
use shared::{ErrorCode, Offset, Position, Topic, frame::NotRecovered};

use super::{hold::Hold, poll};
use crate::{
    app::App,
    auth::{Principal, permission},
    error::ApiError,
    store::log,
};

/// Publications that an answer begins with when nobody has said since when.
const LATEST: u64 = 50;
/// What everybody may read, proxies may keep this long, so that those who ask together are answered together.
const SHARED: HeaderValue = HeaderValue::from_static("public, max-age=1");
const FOR_ONESELF: HeaderValue = HeaderValue::from_static("private, no-store");

/// `?since=&wait=`
#[derive(Debug, Default, Deserialize)]
pub struct UpdatesQuery {
    since: Option<Since>,
    wait: Option<u64>,
}

impl UpdatesQuery {
    pub fn new(since: Since, wait: Option<u64>) -> Self {
        Self { since: Some(since), wait }
    }
}

/// From where on updates are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Since {
    /// After the publication that a cursor stands at.
    Position(Position),
    /// What was published after this time (Unix, in milliseconds).
    Time(i64),
}

impl TryFrom<String> for Since {
    type Error = &'static str;

    /// A cursor, a time as in RFC 3339, or one in milliseconds since 1970.
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let time = || text.parse::<jiff::Timestamp>().ok().map(|at| Self::Time(at.as_millisecond()));
        let number = || {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse().ok().map(Self::Time)).flatten()
        };
        let position = || text.parse().ok().map(Self::Position);
        number()
            .or_else(position)
            .or_else(time)
            .ok_or("`since` is a cursor, or a time (RFC 3339, or in milliseconds)")
    }
}

/// Answers with what was published on `topic`.
pub async fn serve(
    app: &App,
    principal: Principal,
    topic: Topic,
    query: UpdatesQuery,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let (hub, _) = app.hub.readable(app.clock.now(), &principal, &topic).await?;
    let shared = permission::is_open(&topic);
    let since = since(app, &topic, query.since).await?;
    let head = hub.begin(None).0;
    let (begin, lost) = hub.begin(Some(&since));
    if let Some(reason) = lost {
        return respond(&begin, "", Some(reason), shared);
    }
    let known = is_known(headers, &tag(&head));
    let wait_s = poll::wait(query.wait);
    if known && wait_s > 0 {
        // The client has what there is: it waits for more, and is answered with all of it.
        let news = read(app, &principal, &topic, head.clone(), wait_s).await?;
        if news.0.is_empty() {
            return not_modified(&head, shared);
        }
        let (updates, end) = read(app, &principal, &topic, since, 0).await?;
        return respond(&end, &updates, None, shared);
    }
    if known {
        return not_modified(&head, shared);
    }
    let (updates, end) = read(app, &principal, &topic, since, wait_s).await?;
    respond(&end, &updates, None, shared)
}

/// The position that stands for `since`.
async fn since(app: &App, topic: &Topic, since: Option<Since>) -> Result<Position, ApiError> {
    let of = topic.clone();
    let found = match since {
        Some(Since::Position(position)) => return Ok(position),
        Some(Since::Time(time)) => {
            app.store.read(async move |tx| log::position_at(tx, &of, time).await).await?
        }
        None => {
            let extent = app.store.read(async move |tx| log::extent(tx, &of).await).await?;
            extent.map(|extent| {
                let offset = Offset(extent.head.0.saturating_sub(LATEST).max(extent.trimmed.0));
                Position { epoch: extent.epoch, offset }
            })
        }
    };
    found.ok_or_else(|| ApiError::new(ErrorCode::UnknownTopic, "there is no such topic"))
}

/// What was published after `since`, and the position after that.
async fn read(
    app: &App,
    principal: &Principal,
    topic: &Topic,
    since: Position,
    wait_s: u64,
) -> Result<(String, Position), ApiError> {
    let gone = || ApiError::new(ErrorCode::UnknownTopic, "there is no such topic");
    let (name, from) = (topic.clone(), since.clone());
    let begin = async move |session| Hold::begin_plain(session, name, from).await;
    let hold = poll::held(app, principal.clone(), None, wait_s, begin).await?.ok_or_else(gone)?;
    let (updates, last) = hold.finish_plain().ok_or_else(gone)?;
    Ok((updates, Position { offset: last.unwrap_or(since.offset), ..since }))
}

/// An answer is known by where it ends: its address says where it begins.
fn tag(end: &Position) -> String {
    format!("\"{end}\"")
}

/// Whether the client says that it has what the tag stands for (RFC 9110 §13.1.2).
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let tags = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    tags.flat_map(|tags| tags.split(',')).any(|known| known.trim().trim_start_matches("W/") == tag)
}

fn not_modified(head: &Position, shared: bool) -> Result<Response, ApiError> {
    labelled(StatusCode::NOT_MODIFIED.into_response(), head, shared)
}

fn respond(
    end: &Position,
    updates: &str,
    lost: Option<NotRecovered>,
    shared: bool,
) -> Result<Response, ApiError> {
    let reason = match lost {
        Some(reason) => format!(",\"reason\":{}", serde_json::to_string(&reason).unwrap_or_default()),
        None => String::new(),
    };
    let recovered = lost.is_none();
    let body = format!("{{\"updates\":[{updates}],\"cursor\":\"{end}\",\"recovered\":{recovered}{reason}}}");
    counter!("touchline_bytes_sent_total", "transport" => "updates").increment(body.len() as u64);
    let mut response = Body::from(body).into_response();
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    labelled(response, end, shared)
}

fn labelled(mut response: Response, end: &Position, shared: bool) -> Result<Response, ApiError> {
    let tag = HeaderValue::from_str(&tag(end))
        .map_err(|_| ApiError::new(ErrorCode::Internal, "a position is no header"))?;
    let headers = response.headers_mut();
    headers.insert(header::ETAG, tag);
    headers.insert(header::CACHE_CONTROL, if shared { SHARED } else { FOR_ONESELF });
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v3_since_is_a_cursor_or_a_time() {
        let since = |text: &str| Since::try_from(text.to_owned());
        assert_eq!(since("k3f9.17"), Ok(Since::Position("k3f9.17".parse().unwrap())));
        for time in ["1795292045123", "2026-11-21T20:14:05.123Z", "2026-11-21T21:14:05.123+01:00"] {
            assert_eq!(since(time), Ok(Since::Time(1_795_292_045_123)), "{time}");
        }
        for neither in ["", "yesterday", "k3f9", "k3f9.", "-1", "2026-11-21", "99999999999999999999", "1.2.3"]
        {
            assert!(since(neither).is_err(), "{neither:?} was taken");
        }
    }

    #[test]
    fn v3_a_tag_is_known_in_a_list_and_when_weak() {
        for (header, known) in
            [("\"e.7\"", true), ("W/\"e.7\"", true), ("\"e.1\", \"e.7\"", true), ("\"e.77\"", false)]
        {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_str(header).unwrap());
            assert_eq!(is_known(&headers, "\"e.7\""), known, "{header}");
        }
    }
}
