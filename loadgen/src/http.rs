//! One HTTP connection to the server, kept alive, and the few requests that the load generator makes.
//!
//! Measures nothing. Called by the rows and by `driver`.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Method, Request, StatusCode, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use shared::{
    Cursor, EventId,
    model::{
        event::{Event, EventStatus, NewEvent},
        media::NewMedia,
    },
    rest::Snapshot,
};
use tokio::net::TcpStream;

/// A connection; requests go one after the other.
#[derive(Debug)]
pub(crate) struct Http {
    sender: http1::SendRequest<Full<Bytes>>,
    host: String,
}

impl Http {
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Ends with the sender; what goes wrong on the way comes out of the request as well.
        tokio::spawn(connection);
        Ok(Self { sender, host: address.to_string() })
    }

    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes)> {
        self.sender.ready().await?;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.host)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(body))?;
        let answer = self.sender.send_request(request).await?;
        let status = answer.status();
        Ok((status, answer.into_body().collect().await?.to_bytes()))
    }

    /// A request that has to succeed; its answer, parsed.
    async fn expect<T: DeserializeOwned>(&mut self, method: Method, path: &str, body: Bytes) -> Result<T> {
        let (status, answer) = self.send(method, path, body).await?;
        if !status.is_success() {
            bail!("{path} answered {status}: {}", String::from_utf8_lossy(&answer));
        }
        serde_json::from_slice(&answer).with_context(|| format!("{path} answered something else"))
    }

    /// Makes an account; the cookie of its session.
    pub(crate) async fn register(&mut self, name: &str) -> Result<String> {
        self.sender.ready().await?;
        let body = format!(r#"{{"name":"{name}","password":"correct horse"}}"#);
        let request = Request::post("/api/accounts")
            .header(header::HOST, &self.host)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))?;
        let answer = self.sender.send_request(request).await?;
        let status = answer.status();
        let cookie = answer.headers().get(header::SET_COOKIE).and_then(|value| value.to_str().ok());
        let cookie = cookie.and_then(|value| value.split(';').next()).map(str::to_owned);
        let body = answer.into_body().collect().await?.to_bytes();
        cookie.with_context(|| format!("registering answered {status}: {}", String::from_utf8_lossy(&body)))
    }

    /// What the server counts of itself.
    pub(crate) async fn metrics(&mut self) -> Result<String> {
        let (status, text) = self.send(Method::GET, "/metrics", Bytes::new()).await?;
        anyhow::ensure!(status.is_success(), "/metrics answered {status}");
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    pub(crate) async fn create_event(&mut self, title: &str) -> Result<EventId> {
        let event = NewEvent {
            visibility: None,
            title: title.to_owned(),
            description: String::new(),
            place: String::new(),
            status: Some(EventStatus::Live),
            starts_at: None,
        };
        let created: Event =
            self.expect(Method::POST, "/api/events", serde_json::to_vec(&event)?.into()).await?;
        Ok(created.id)
    }

    /// Where the event's topic stands now.
    pub(crate) async fn cursor(&mut self, event: &EventId) -> Result<Cursor> {
        let snapshot: Snapshot<Event> =
            self.expect(Method::GET, &format!("/api/events/{event}"), Bytes::new()).await?;
        Ok(snapshot.cursor)
    }

    /// Posts one item or an array of them, as [`body`] makes it. Success means that all are durable.
    pub(crate) async fn post(&mut self, event: &EventId, body: Bytes) -> Result<Bytes> {
        let path = media_path(event);
        let (status, answer) = self.send(Method::POST, &path, body).await?;
        if status != StatusCode::CREATED {
            bail!("{path} answered {status}: {}", String::from_utf8_lossy(&answer));
        }
        Ok(answer)
    }
}

fn media_path(event: &EventId) -> String {
    format!("/api/events/{event}/media")
}

/// The body that posts these texts: one item, or an array of several.
pub(crate) fn body(texts: Vec<String>) -> Result<Bytes> {
    let mut items: Vec<NewMedia> = texts
        .into_iter()
        .map(|text| NewMedia { author: "Loadgen".to_owned(), text, upload_id: None, key: None })
        .collect();
    let json = match (items.len(), items.pop()) {
        (1, Some(item)) => serde_json::to_vec(&item)?,
        (_, last) => {
            items.extend(last);
            serde_json::to_vec(&items)?
        }
    };
    Ok(json.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_item_goes_alone_and_several_in_an_array() {
        let json = |texts: &[&str]| {
            let bytes = body(texts.iter().map(|text| (*text).to_owned()).collect()).unwrap();
            serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()
        };
        assert_eq!(json(&["a"])["text"], "a");
        assert_eq!(json(&["a", "b"])[1]["text"], "b");
    }
}
