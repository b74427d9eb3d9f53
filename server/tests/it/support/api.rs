//! A client of the REST, small enough to read a test aloud.

use std::{net::SocketAddr, path::Path};

use reqwest::{
    Method, RequestBuilder,
    header::{HeaderMap, HeaderName},
    multipart::{Form, Part},
};
use serde_json::{Value, json};
use shared::{
    Cursor,
    model::{
        event::{Event, EventStats},
        media::{Attachment, Media},
    },
    rest::Page,
};

use super::until;

/// Talks to one server.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    pub(crate) http: reqwest::Client,
    pub(crate) address: SocketAddr,
    /// Sent with every request and every WebSocket: a cookie, a token.
    pub(crate) headers: HeaderMap,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
    /// `null` when the body is not JSON.
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("headers are text"))
    }

    /// The error's code; empty when this is no error.
    pub(crate) fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }

    /// The status, the error's code and its field: what a refusal is told by.
    pub(crate) fn refusal(&self) -> (u16, &str, &str) {
        (self.status, self.code(), self.body["error"]["field"].as_str().unwrap_or_default())
    }

    pub(crate) fn read<T: serde::de::DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.body))
    }
}

impl Api {
    pub(crate) fn new(address: SocketAddr) -> Self {
        server::use_ring_for_tls();
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { http, address, headers: HeaderMap::new() }
    }

    /// The same client, which shows something with all that it asks.
    pub(crate) fn showing(&self, name: &'static str, value: &str) -> Self {
        let mut showing = self.clone();
        showing.headers.insert(HeaderName::from_static(name), value.parse().expect("a header"));
        showing
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.url(path)).headers(self.headers.clone())
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        self.try_send(request).await.expect("an answer")
    }

    pub(crate) async fn try_send(&self, request: RequestBuilder) -> reqwest::Result<Answer> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await?.to_vec();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Ok(Answer { status, headers, bytes, body })
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn get_with(&self, path: &str, headers: &[(&'static str, &str)]) -> Answer {
        let request = headers.iter().fold(self.request(Method::GET, path), |request, (name, value)| {
            request.header(HeaderName::from_static(name), *value)
        });
        self.send(request).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn post_with(
        &self,
        path: &str,
        headers: &[(&'static str, &str)],
        body: &Value,
    ) -> Answer {
        let request = self.request(Method::POST, path).json(body);
        let request = headers
            .iter()
            .fold(request, |request, (name, value)| request.header(HeaderName::from_static(name), *value));
        self.send(request).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    // What most tests begin with.

    pub(crate) async fn event(&self) -> Event {
        let answer = self.post("/api/events", &json!({"title": "Launch", "status": "live"})).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.read()
    }

    pub(crate) async fn say(&self, event: &Event, text: &str) -> Media {
        let answer = self
            .post(&format!("/api/events/{}/media", event.id), &json!({"author": "Ada", "text": text}))
            .await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.read()
    }

    /// Posts `count` items in one request, so that they are committed together.
    pub(crate) async fn say_many(&self, event: &Event, count: usize, prefix: &str) -> Vec<Media> {
        let items: Vec<_> =
            (0..count).map(|n| json!({"author": "Ada", "text": format!("{prefix}{n}")})).collect();
        let answer = self.post(&format!("/api/events/{}/media", event.id), &Value::Array(items)).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.read()
    }

    pub(crate) async fn page(&self, event: &Event, query: &str) -> Page<Media> {
        self.get(&format!("/api/events/{}/media{query}", event.id)).await.read()
    }

    /// Every item of a timeline, oldest first, page by page.
    pub(crate) async fn timeline(&self, event: &Event) -> Vec<Media> {
        let mut all = Vec::new();
        let mut query = "?limit=200".to_owned();
        loop {
            let page = self.page(event, &query).await;
            all.extend(page.items);
            match page.next {
                Some(next) => query = format!("?limit=200&before={next}"),
                None => break,
            }
        }
        all.reverse();
        all
    }

    pub(crate) async fn cursor(&self, event: &Event) -> Cursor {
        self.page(event, "?limit=1").await.cursor
    }

    pub(crate) async fn stats(&self, event: &Event) -> EventStats {
        self.get(&format!("/api/events/{}/stats", event.id)).await.read()
    }

    pub(crate) async fn until_stats(&self, event: &Event, subscriptions: u64, watchers: u64) {
        let wanted = EventStats { subscriptions, watchers };
        until(&format!("{wanted:?}"), async || self.stats(event).await == wanted).await;
    }

    pub(crate) async fn upload(&self, name: &str) -> Answer {
        self.upload_bytes(name, fixture(name)).await
    }

    pub(crate) async fn upload_bytes(&self, name: &str, bytes: Vec<u8>) -> Answer {
        let form = Form::new().part("file", Part::bytes(bytes).file_name(name.to_owned()));
        self.send(self.request(Method::POST, "/api/uploads").multipart(form)).await
    }

    pub(crate) async fn uploaded(&self, name: &str) -> Attachment {
        let answer = self.upload(name).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.read()
    }

    /// The sum of a metric over the series whose labels contain `label`; 0 when there is none.
    pub(crate) async fn metric(&self, name: &str, label: &str) -> u64 {
        let text = String::from_utf8(self.get("/metrics").await.bytes).expect("metrics are text");
        let series = text.lines().filter(|line| {
            line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])) && line.contains(label)
        });
        series.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum::<f64>() as u64
    }
}

/// A file of `tests/fixtures/keys`.
pub(crate) fn key_file(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/keys").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A file of `tests/fixtures/media`.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/media").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
