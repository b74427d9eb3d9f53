//! The REST calls of the pages, typed. Knows no page and no connection; uploads with progress are in
//! [`upload`].

use gloo_net::http::{Request, RequestBuilder};
use serde::{Serialize, de::DeserializeOwned};
use shared::{
    ErrorCode, EventId, MediaId,
    model::{
        event::{Event, EventPatch, NewEvent},
        media::{Media, MediaKind, MediaPatch},
    },
    rest::{ErrorBody, Page, Snapshot},
};

use crate::{browser::encode, offline};

pub(crate) mod follows;
pub(crate) mod matches;
pub(crate) mod people;
pub(crate) mod posts;
pub(crate) mod stories;
pub(crate) mod talk;
pub(crate) mod upload;
pub(crate) mod venues;

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    /// `None` where no answer came at all.
    pub(crate) code: Option<ErrorCode>,
    /// For people.
    pub(crate) message: String,
    /// The field that the message is about, by its name on the wire.
    pub(crate) field: Option<String>,
}

impl ApiError {
    /// No answer came.
    pub(crate) fn unreachable() -> Self {
        Self { code: None, message: "The server cannot be reached.".to_owned(), field: None }
    }

    /// What the page itself finds wrong with a field, without asking the server.
    pub(crate) fn of_field(field: &str, message: &str) -> Self {
        Self { code: Some(ErrorCode::Invalid), message: message.to_owned(), field: Some(field.to_owned()) }
    }

    /// Reads the body of an answer that is not a success.
    pub(crate) fn from_body(status: u16, body: &str) -> Self {
        match serde_json::from_str::<ErrorBody>(body) {
            Ok(body) => {
                let error = body.error;
                Self { code: Some(error.code), message: error.message, field: error.field }
            }
            Err(_) => Self {
                code: None,
                message: format!("The server answered with an error ({status})."),
                field: None,
            },
        }
    }

    /// Whether the same call may succeed in a moment.
    pub(crate) fn is_passing(&self) -> bool {
        self.code.is_none_or(ErrorCode::is_temporary)
    }

    /// Whether who asks is not to see it, or there is no such thing.
    pub(crate) fn is_closed(&self) -> bool {
        self.code.is_some_and(is_closed)
    }

    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self.code, Some(ErrorCode::NotFound | ErrorCode::UnknownTopic))
    }
}

/// Whether a code means that there is nothing to be seen by who asks.
pub(crate) const fn is_closed(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::NotFound | ErrorCode::UnknownTopic | ErrorCode::Forbidden | ErrorCode::Unauthenticated
    )
}

pub(crate) type Answer<T> = Result<T, ApiError>;

async fn text(request: Result<Request, gloo_net::Error>) -> Answer<String> {
    let request = request.map_err(|_| ApiError::unreachable())?;
    let response = request.send().await.map_err(|_| ApiError::unreachable())?;
    if let Some(as_of) = response.headers().get(offline::AS_OF) {
        offline::note(&as_of);
    }
    let body = response.text().await.map_err(|_| ApiError::unreachable())?;
    if response.ok() { Ok(body) } else { Err(ApiError::from_body(response.status(), &body)) }
}

fn read<T: DeserializeOwned>(body: &str) -> Answer<T> {
    serde_json::from_str(body).map_err(|error| ApiError {
        code: Some(ErrorCode::Malformed),
        message: format!("The server's answer makes no sense to this page: {error}. Reloading it may help."),
        field: None,
    })
}

async fn get<T: DeserializeOwned>(url: &str) -> Answer<T> {
    read(&text(Request::get(url).build()).await?)
}

async fn send<B: Serialize, T: DeserializeOwned>(builder: RequestBuilder, body: &B) -> Answer<T> {
    read(&text(builder.json(body)).await?)
}

/// A request that is answered with nothing.
async fn done(request: Result<Request, gloo_net::Error>) -> Answer<()> {
    text(request).await.map(|_| ())
}

pub(crate) async fn list_events(after: Option<String>) -> Answer<Page<Event>> {
    match after {
        None => get("/api/events?limit=200").await,
        Some(after) => get(&format!("/api/events?limit=200&after={}", encode(&after))).await,
    }
}

pub(crate) async fn create_event(event: &NewEvent) -> Answer<Event> {
    send(Request::post("/api/events"), event).await
}

pub(crate) async fn event(id: &EventId) -> Answer<Snapshot<Event>> {
    get(&format!("/api/events/{id}")).await
}

pub(crate) async fn patch_event(id: &EventId, patch: &EventPatch) -> Answer<Event> {
    send(Request::patch(&format!("/api/events/{id}")), patch).await
}

/// Whether an event has matches. Reads none of them: that is for who shows them.
pub(crate) async fn has_matches(id: &EventId) -> bool {
    let listed = text(Request::get(&format!("/api/events/{id}/matches")).build()).await;
    listed.is_ok_and(|list| !list.starts_with(r#"{"items":[]"#))
}

/// A page of the timeline, newest first.
pub(crate) async fn media_page(
    id: &EventId,
    kind: Option<MediaKind>,
    before: Option<&str>,
    limit: usize,
) -> Answer<Page<Media>> {
    let mut url = format!("/api/events/{id}/media?limit={limit}");
    if let Some(kind) = kind {
        url.push_str("&kind=");
        url.push_str(kind.as_str());
    }
    if let Some(before) = before {
        url.push_str("&before=");
        url.push_str(&encode(before));
    }
    get(&url).await
}

pub(crate) async fn media(event: &EventId, id: &MediaId) -> Answer<Media> {
    get(&format!("/api/events/{event}/media/{id}")).await
}

pub(crate) async fn patch_media(event: &EventId, id: &MediaId, patch: &MediaPatch) -> Answer<Media> {
    send(Request::patch(&format!("/api/events/{event}/media/{id}")), patch).await
}

pub(crate) async fn delete_media(event: &EventId, id: &MediaId) -> Answer<()> {
    done(Request::delete(&format!("/api/events/{event}/media/{id}")).build()).await
}
