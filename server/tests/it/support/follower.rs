//! Following topics over any transport, with the client's first duty built in: every publication must
//! continue where the one before it ended. A hole or a double fails whatever test it happens in.

use std::collections::{HashMap, VecDeque};

use futures_util::{SinkExt as _, StreamExt as _};
use shared::{
    ClientFrame, Offset, Publication, ServerFrame, Topic,
    frame::{Batch, Subscribed},
};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest as _, protocol::CloseFrame},
};

use super::{Api, within};

/// The three ways to follow a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    WebSocket,
    Sse,
    Poll,
}

/// A topic, and the cursor after which it is wanted.
pub(crate) type From = (Topic, Option<String>);

/// Follows topics, and holds the server to its word.
pub(crate) struct Follower {
    feed: Feed,
    /// Read and not yet looked at.
    waiting: VecDeque<String>,
    /// Where each topic stands.
    at: HashMap<Topic, (String, Offset)>,
    /// Publications covered by the frames so far.
    pub(crate) covered: u64,
}

enum Feed {
    WebSocket(Box<WebSocketStream<MaybeTlsStream<TcpStream>>>),
    Sse(Events),
    Poll(Poller),
}

impl Follower {
    /// Follows several topics, each from its cursor on.
    pub(crate) async fn follow(api: &Api, transport: Transport, from: &[From], watcher: &str) -> Self {
        let feed = match transport {
            Transport::WebSocket => {
                Feed::WebSocket(Box::new(connect(api, &format!("/ws?watcher={watcher}")).await))
            }
            Transport::Sse => Feed::Sse(
                Events::open(api, &format!("/api/sse?{}watcher={watcher}", query(from)), None).await,
            ),
            Transport::Poll => Feed::Poll(Poller {
                api: api.clone(),
                from: from.to_vec(),
                watcher: watcher.to_owned(),
                answered: HashMap::new(),
            }),
        };
        let mut follower = Self { feed, waiting: VecDeque::new(), at: HashMap::new(), covered: 0 };
        if transport == Transport::WebSocket {
            for (topic, cursor) in from {
                follower.subscribe(topic, cursor.as_deref()).await;
            }
        }
        follower
    }

    /// Follows one topic; no cursor means from now on.
    pub(crate) async fn on(api: &Api, transport: Transport, topic: &Topic, cursor: Option<String>) -> Self {
        Self::follow(api, transport, &[(topic.clone(), cursor)], "test").await
    }

    /// Connects to a WebSocket's address.
    pub(crate) async fn socket(api: &Api, path: &str) -> Self {
        let feed = Feed::WebSocket(Box::new(connect(api, path).await));
        Self { feed, waiting: VecDeque::new(), at: HashMap::new(), covered: 0 }
    }

    /// Opens an event stream.
    pub(crate) async fn stream(api: &Api, path: &str, last_event_id: Option<&str>) -> Self {
        let feed = Feed::Sse(Events::open(api, path, last_event_id).await);
        Self { feed, waiting: VecDeque::new(), at: HashMap::new(), covered: 0 }
    }

    async fn subscribe(&mut self, topic: &Topic, cursor: Option<&str>) {
        let since = cursor.map(|cursor| cursor.parse().expect("a cursor"));
        let subscribe = shared::frame::Subscribe {
            name: shared::frame::TopicName::Topic(topic.clone()),
            since,
            presence: false,
            reference: None,
        };
        self.send(&ClientFrame::Subscribe(subscribe).encode().expect("a frame")).await;
    }

    /// Sends a text over the WebSocket.
    pub(crate) async fn send(&mut self, text: &str) {
        self.web_socket().send(Message::text(text)).await.expect("a connection");
    }

    pub(crate) fn web_socket(&mut self) -> &mut WebSocketStream<MaybeTlsStream<TcpStream>> {
        match &mut self.feed {
            Feed::WebSocket(socket) => socket,
            Feed::Sse(_) | Feed::Poll(_) => panic!("this is no WebSocket"),
        }
    }

    /// Where the stream stands, as a browser would say when it comes back.
    pub(crate) fn last_event_id(&self) -> &str {
        match &self.feed {
            Feed::Sse(events) => &events.last_id,
            Feed::WebSocket(_) | Feed::Poll(_) => panic!("this is no event stream"),
        }
    }

    /// The next frame's text; `None` when the feed has ended.
    pub(crate) async fn next_text(&mut self) -> Option<String> {
        loop {
            if let Some(text) = self.waiting.pop_front() {
                self.follow_up(&text);
                return Some(text);
            }
            let more = match &mut self.feed {
                Feed::WebSocket(socket) => within("a frame", next_message(socket)).await.ok(),
                Feed::Sse(events) => within("an event", events.next()).await,
                Feed::Poll(poller) => {
                    let frames = within("an answer", poller.poll(&self.at)).await;
                    self.waiting.extend(frames);
                    continue;
                }
            };
            self.waiting.push_back(more?);
        }
    }

    /// Notes what a frame covers, and that it fits what came before.
    fn follow_up(&mut self, text: &str) {
        match decode(text) {
            ServerFrame::Subscribed(topic, subscribed) => {
                self.at.insert(topic, (subscribed.epoch.to_string(), subscribed.offset));
            }
            ServerFrame::Publication(publication) => {
                self.cover(&publication.topic, publication.offset, publication.offset);
            }
            ServerFrame::Batch(topic, batch) => {
                let offsets: Vec<_> = batch.publications.iter().map(|p| p.offset).collect();
                assert!(offsets.is_sorted() && offsets.last().is_none_or(|last| *last == batch.to), "{text}");
                self.cover(&topic, batch.from, batch.to);
            }
            _ => {}
        }
    }

    fn cover(&mut self, topic: &Topic, from: Offset, to: Offset) {
        let (_, at) = self.at.get_mut(topic).unwrap_or_else(|| panic!("{topic} was not subscribed to"));
        assert_eq!(from, at.next(), "a hole or a double on {topic}");
        *at = to;
        self.covered += to.0 - from.0 + 1;
    }

    pub(crate) async fn next_frame(&mut self) -> ServerFrame {
        decode(&self.next_text().await.expect("the feed goes on"))
    }

    /// The next frame that is not a count of watchers or the greeting.
    pub(crate) async fn next_news(&mut self) -> ServerFrame {
        loop {
            match self.next_frame().await {
                ServerFrame::PresenceCount(..) | ServerFrame::Connected(_) => {}
                frame => return frame,
            }
        }
    }

    pub(crate) async fn next_subscribed(&mut self) -> (Topic, Subscribed) {
        match self.next_news().await {
            ServerFrame::Subscribed(topic, subscribed) => (topic, subscribed),
            other => panic!("not a subscription but {other:?}"),
        }
    }

    /// The next publication; it must come alone.
    pub(crate) async fn next_publication(&mut self) -> Publication {
        match self.next_news().await {
            ServerFrame::Publication(publication) => publication,
            other => panic!("not a publication but {other:?}"),
        }
    }

    pub(crate) async fn next_batch(&mut self) -> Batch {
        match self.next_news().await {
            ServerFrame::Batch(_, batch) => batch,
            other => panic!("not a batch but {other:?}"),
        }
    }

    /// Reads until `topic` is covered up to `upto`; what it was shown, in order.
    pub(crate) async fn read_to(&mut self, topic: &Topic, upto: u64) -> Vec<Publication> {
        let mut shown = Vec::new();
        while self.offset(topic).is_none_or(|at| at < upto) {
            match self.next_frame().await {
                ServerFrame::Publication(publication) => shown.push(publication),
                ServerFrame::Batch(_, batch) => shown.extend(batch.publications),
                ServerFrame::Unsubscribed(topic, why) => panic!("{topic} was ended: {why:?}"),
                ServerFrame::Error(error) => panic!("{error:?}"),
                _ => {}
            }
        }
        shown
    }

    /// The offset up to which a topic has been covered.
    pub(crate) fn offset(&self, topic: &Topic) -> Option<u64> {
        self.at.get(topic).map(|(_, offset)| offset.0)
    }

    /// The cursor to come back with.
    pub(crate) fn cursor(&self, topic: &Topic) -> String {
        let (epoch, offset) = &self.at[topic];
        format!("{epoch}.{offset}")
    }

    /// Reads until the server closes the WebSocket; the code, and the frames that came before it.
    pub(crate) async fn read_to_close(&mut self) -> (u16, Vec<ServerFrame>) {
        let mut frames = Vec::new();
        while let Some(text) = self.waiting.pop_front() {
            frames.push(decode(&text));
        }
        loop {
            let socket = self.web_socket();
            match within("the end of the connection", next_message(socket)).await {
                Ok(text) => frames.push(decode(&text)),
                Err(close) => return (close.map_or(1005, |close| close.code.into()), frames),
            }
        }
    }
}

pub(crate) fn decode(text: &str) -> ServerFrame {
    ServerFrame::decode(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

async fn connect(api: &Api, path: &str) -> WebSocketStream<MaybeTlsStream<TcpStream>> {
    let url = format!("ws://{}{path}", api.address);
    let mut request = url.into_client_request().expect("an address");
    request.headers_mut().extend(api.headers.clone());
    within("a connection", tokio_tungstenite::connect_async(request)).await.expect("a WebSocket").0
}

/// The next text; at the end the close frame, if there was one.
async fn next_message(
    socket: &mut WebSocketStream<MaybeTlsStream<TcpStream>>,
) -> Result<String, Option<CloseFrame>> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => return Ok(text.as_str().to_owned()),
            Some(Ok(Message::Close(close))) => return Err(close),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return Err(None),
        }
    }
}

fn query(from: &[From]) -> String {
    let named = from.iter().map(|(topic, cursor)| match cursor {
        Some(cursor) => format!("from={topic}@{cursor}&"),
        None => format!("from={topic}&"),
    });
    named.collect()
}

/// An event stream (HTML Living Standard, "Server-sent events"), as much of it as the server uses.
struct Events {
    body: std::pin::Pin<Box<dyn futures_util::Stream<Item = reqwest::Result<bytes::Bytes>> + Send>>,
    unread: Vec<u8>,
    last_id: String,
}

impl Events {
    async fn open(api: &Api, path: &str, last_event_id: Option<&str>) -> Self {
        let mut request = api.request(reqwest::Method::GET, path);
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let response = within("a stream", request.send()).await.expect("an answer");
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: Box::pin(response.bytes_stream()), unread: Vec::new(), last_id: String::new() }
    }

    async fn next(&mut self) -> Option<String> {
        loop {
            while let Some(end) = self.unread.windows(2).position(|two| two == b"\n\n") {
                let block: Vec<u8> = self.unread.drain(..end + 2).collect();
                let block = String::from_utf8(block).expect("UTF-8");
                let mut data = None;
                for line in block.lines() {
                    match line.split_once(": ") {
                        Some(("id", id)) => id.clone_into(&mut self.last_id),
                        Some(("data", text)) => data = Some(text.to_owned()),
                        Some(("retry", _)) | None => {}
                        Some((field, _)) => panic!("an unknown field {field}"),
                    }
                }
                if data.is_some() {
                    return data;
                }
            }
            let piece = self.body.next().await?;
            self.unread.extend_from_slice(&piece.ok()?);
        }
    }
}

/// A poller: asks, answers itself with the frames, asks again from where it stands.
struct Poller {
    api: Api,
    from: Vec<From>,
    watcher: String,
    /// How often each topic has been confirmed: only the first is news.
    answered: HashMap<Topic, usize>,
}

impl Poller {
    async fn poll(&mut self, at: &HashMap<Topic, (String, Offset)>) -> Vec<String> {
        let from: Vec<From> = self
            .from
            .iter()
            .map(|(topic, cursor)| {
                let at = at.get(topic).map(|(epoch, offset)| format!("{epoch}.{offset}"));
                (topic.clone(), at.or_else(|| cursor.clone()))
            })
            .collect();
        let path = format!("/api/poll?{}wait=10&watcher={}", query(&from), self.watcher);
        let answer = self.api.get(&path).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let frames = answer.body["frames"].as_array().expect("frames").iter().map(ToString::to_string);
        let mut news = Vec::new();
        for text in frames {
            match decode(&text) {
                ServerFrame::Subscribed(topic, subscribed) => {
                    let seen = self.answered.entry(topic).or_default();
                    *seen += 1;
                    if *seen > 1 && subscribed.recovered {
                        continue;
                    }
                }
                // What has ended is not asked for again.
                ServerFrame::Unsubscribed(topic, _) => self.from.retain(|(named, _)| *named != topic),
                _ => {}
            }
            news.push(text);
        }
        news
    }
}
