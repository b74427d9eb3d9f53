//! A receiver of webhooks: keeps what it gets, checks every signature, and answers as it is told to.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use tokio::{net::TcpListener, sync::Notify, task::JoinHandle};

use super::within;

/// What came in one POST.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Delivery {
    pub(crate) id: String,
    pub(crate) body: Value,
    /// `id.timestamp.body`, and the signature that came with it.
    signed: (String, String),
}

impl Delivery {
    /// Whether it was signed with this secret.
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("a secret")).expect("base64");
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("any length");
        mac.update(self.signed.0.as_bytes());
        self.signed.1 == format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// How one POST is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    Status(u16),
    /// It is taken, and the answer never comes.
    Silence,
}

#[derive(Debug, Default)]
struct Book {
    /// One for each of the next POSTs; 204 when there are none left.
    replies: Mutex<VecDeque<Reply>>,
    deliveries: Mutex<Vec<Delivery>>,
    came: Notify,
}

/// The receiver. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    book: Arc<Book>,
    running: JoinHandle<()>,
}

impl Receiver {
    pub(crate) async fn start(replies: &[Reply]) -> Self {
        let book =
            Arc::new(Book { replies: Mutex::new(replies.iter().copied().collect()), ..Book::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(receive).with_state(book.clone());
        let running = tokio::spawn(async move { axum::serve(listener, router).await.expect("a server") });
        Self { url, book, running }
    }

    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        self.book.deliveries.lock().expect("a book").clone()
    }

    /// How often each id came.
    pub(crate) fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for delivery in self.deliveries() {
            *counts.entry(delivery.id).or_default() += 1;
        }
        counts
    }

    /// Waits until so many deliveries have come in all.
    pub(crate) async fn until(&self, count: usize) -> Vec<Delivery> {
        let came = async {
            loop {
                let notified = self.book.came.notified();
                let deliveries = self.deliveries();
                if deliveries.len() >= count {
                    return deliveries;
                }
                notified.await;
            }
        };
        within(&format!("{count} deliveries"), came).await
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.running.abort();
    }
}

async fn receive(State(book): State<Arc<Book>>, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers[name].to_str().expect("headers are text").to_owned();
    let body = String::from_utf8(body.to_vec()).expect("UTF-8");
    let (id, time) = (header("webhook-id"), header("webhook-timestamp"));
    let signed = (format!("{id}.{time}.{body}"), header("webhook-signature"));
    let body = serde_json::from_str(&body).expect("JSON");
    let reply = book.replies.lock().expect("a book").pop_front();
    book.deliveries.lock().expect("a book").push(Delivery { id, body, signed });
    book.came.notify_waiters();
    match reply {
        None => StatusCode::NO_CONTENT.into_response(),
        Some(Reply::Silence) => std::future::pending().await,
        Some(Reply::Status(status)) => {
            let status = StatusCode::from_u16(status).expect("a status");
            // Where a redirect would lead nobody is to go.
            (status, [(header::LOCATION, "http://127.0.0.1:1/elsewhere")]).into_response()
        }
    }
}
