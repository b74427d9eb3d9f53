//! Drives the real client state machine over real sockets: one task for each client, one for each of its
//! attempts. What the client reports is held against [`Continuity`] once more, independently of what it
//! believes itself.
//!
//! Called by the row that restarts the server.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use client_core::{Attempt, Client, Config, Event, Input, Instant, Output, Status};
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::Method;
use shared::{Change, MediaId, Position, ServerFrame, Topic, frame::decode_poll};
use tokio::{
    net::TcpStream,
    sync::mpsc,
    task::{AbortHandle, JoinSet},
};
use tokio_tungstenite::{
    client_async_with_config,
    tungstenite::{Message, protocol::WebSocketConfig},
};

use crate::{clock, frames::Continuity, http::Http};

/// Inputs that may wait for a client, and frames that may wait for its socket.
const QUEUE: usize = 64;

/// What one client has seen, read by others while it runs.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) live: AtomicU64,
    pub(crate) position: AtomicU64,
    pub(crate) holes: AtomicU64,
    pub(crate) doubles: AtomicU64,
    /// Snapshots, refusals and complaints: never expected where the log is whole.
    pub(crate) complaints: AtomicU64,
    pub(crate) connections: AtomicU64,
}

/// The items that one client was given, in the order of arrival.
pub(crate) type Record = Arc<Mutex<Vec<(u64, MediaId)>>>;

/// One client: follows one topic from a position on, until the task is aborted.
#[derive(Debug)]
pub(crate) struct Driver {
    address: SocketAddr,
    watcher: String,
    topic: Topic,
    client: Client,
    continuity: Continuity,
    progress: Arc<Progress>,
    record: Option<Record>,
    attempts: BTreeMap<Attempt, (mpsc::Sender<String>, AbortHandle)>,
    tasks: JoinSet<()>,
    inputs: (mpsc::Sender<Input>, mpsc::Receiver<Input>),
}

impl Driver {
    pub(crate) fn new(
        address: SocketAddr,
        topic: Topic,
        seed: u64,
        progress: Arc<Progress>,
        record: Option<Record>,
    ) -> Self {
        Self {
            address,
            watcher: format!("loadgen-{seed}"),
            topic,
            client: Client::new(Config::default(), seed),
            continuity: Continuity::after(0),
            progress,
            record,
            attempts: BTreeMap::new(),
            tasks: JoinSet::new(),
            inputs: mpsc::channel(QUEUE),
        }
    }

    /// Never returns by itself.
    pub(crate) async fn run(mut self, from: Position) {
        self.continuity = Continuity::after(from.offset.0);
        self.input(Input::Subscribe { topic: self.topic.clone(), position: Some(from) });
        self.input(Input::Start);
        loop {
            let timeout = self.client.poll_timeout();
            let input = tokio::select! {
                Some(input) = self.inputs.1.recv() => input,
                Some(_) = self.tasks.join_next() => continue,
                () = until(timeout) => Input::Timeout,
            };
            self.input(input);
        }
    }

    fn input(&mut self, input: Input) {
        if let Input::Closed { attempt, .. } = &input {
            self.attempts.remove(attempt);
        }
        self.client.handle_input(now(), input);
        while let Some(output) = self.client.poll_output() {
            self.output(output);
        }
    }

    fn output(&mut self, output: Output) {
        match output {
            Output::Open { attempt } => {
                self.progress.connections.fetch_add(1, Relaxed);
                let (sender, outgoing) = mpsc::channel(QUEUE);
                let url = format!("ws://{}/ws?watcher={}", self.address, self.watcher);
                let task = socket(self.address, url, attempt, self.inputs.0.clone(), outgoing);
                self.attempts.insert(attempt, (sender, self.tasks.spawn(task)));
            }
            Output::Poll { attempt, from, wait } => {
                let (sender, _) = mpsc::channel(QUEUE);
                let path = poll_path(&from, wait, &self.watcher);
                let task = poll(self.address, path, attempt, self.inputs.0.clone());
                self.attempts.insert(attempt, (sender, self.tasks.spawn(task)));
            }
            Output::Send { attempt, frame } => {
                let sent = self.attempts.get(&attempt).zip(frame.encode().ok());
                if let Some(((sender, _), text)) = sent
                    && sender.try_send(text).is_err()
                {
                    // The socket is gone or stuck; its task says so, or the heartbeat finds out.
                    self.progress.complaints.fetch_add(1, Relaxed);
                }
            }
            Output::Close { attempt } => {
                if let Some((_, task)) = self.attempts.remove(&attempt) {
                    task.abort();
                }
            }
            Output::Event(event) => self.event(event),
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Publications { publications, position, .. } => {
                for publication in publications {
                    let offset = publication.offset.0;
                    self.continuity.take(offset, offset, 1);
                    if let (Some(record), Change::MediaNew(media)) = (&self.record, publication.change) {
                        record.lock().unwrap_or_else(PoisonError::into_inner).push((offset, media.id));
                    }
                }
                // A client that moved further than its publications has passed over some.
                let claimed = position.offset.0;
                self.progress.holes.store(
                    self.continuity.holes + claimed.saturating_sub(self.continuity.position()),
                    Relaxed,
                );
                self.progress.doubles.store(self.continuity.doubles, Relaxed);
                self.progress.position.store(claimed, Relaxed);
            }
            Event::Status(status) => {
                self.progress.live.store(u64::from(status == Status::Live), Relaxed);
            }
            Event::SnapshotNeeded { topic, .. } => {
                self.progress.complaints.fetch_add(1, Relaxed);
                self.tasks.spawn(snapshot(self.address, topic, self.inputs.0.clone()));
            }
            Event::SubscriptionRefused { .. } | Event::Complaint { .. } => {
                self.progress.complaints.fetch_add(1, Relaxed);
            }
            // There are no other tabs.
            Event::Ephemeral { .. } | Event::LeaderSilent => {}
        }
    }
}

/// The clock that the clients are told.
fn now() -> Instant {
    Instant(clock::nanoseconds() / 1_000_000)
}

async fn until(timeout: Option<Instant>) {
    match timeout {
        Some(at) => tokio::time::sleep(at.since(now())).await,
        None => std::future::pending().await,
    }
}

/// A WebSocket attempt from its opening to its end, told to the client as inputs.
async fn socket(
    address: SocketAddr,
    url: String,
    attempt: Attempt,
    inputs: mpsc::Sender<Input>,
    outgoing: mpsc::Receiver<String>,
) {
    // Why it failed is of no use to the client: it comes back either way.
    let code = converse(address, &url, attempt, &inputs, outgoing).await.unwrap_or_default();
    tell(&inputs, Input::Closed { attempt, code, retry_after: None }).await;
}

/// The close code, where there was one.
async fn converse(
    address: SocketAddr,
    url: &str,
    attempt: Attempt,
    inputs: &mpsc::Sender<Input>,
    mut outgoing: mpsc::Receiver<String>,
) -> Result<Option<u16>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    // Thousands of clients share this process: no more buffer than a frame or two.
    let config = WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(0);
    let (mut socket, _) = client_async_with_config(url, stream, Some(config)).await?;
    tell(inputs, Input::Opened { attempt }).await;
    loop {
        let message = tokio::select! {
            message = socket.next() => message,
            text = outgoing.recv() => {
                let Some(text) = text else { return Ok(None) };
                socket.send(Message::text(text)).await?;
                continue;
            }
        };
        match message.transpose()? {
            Some(Message::Text(text)) => {
                let input = match ServerFrame::decode(&text) {
                    Ok(frame) => Input::Received { attempt, frame },
                    Err(_) => Input::ReceivedNonsense { attempt },
                };
                tell(inputs, input).await;
            }
            Some(Message::Close(frame)) => return Ok(frame.map(|frame| frame.code.into())),
            Some(_) => {}
            None => return Ok(None),
        }
    }
}

async fn poll(address: SocketAddr, path: String, attempt: Attempt, inputs: mpsc::Sender<Input>) {
    let ask = async {
        let (status, answer) = Http::connect(address).await?.send(Method::GET, &path, Bytes::new()).await?;
        if !status.is_success() {
            bail!("{path} answered {status}");
        }
        Ok(decode_poll(std::str::from_utf8(&answer)?)?)
    };
    let input = match ask.await {
        Ok(frames) => Input::Polled { attempt, frames },
        Err(_) => Input::Closed { attempt, code: None, retry_after: None },
    };
    tell(&inputs, input).await;
}

async fn snapshot(address: SocketAddr, topic: Topic, inputs: mpsc::Sender<Input>) {
    let ask = async {
        let event = topic.event_id().context("only events are followed here")?;
        Http::connect(address).await?.cursor(&event).await
    };
    let input = match ask.await {
        Ok(cursor) => Input::SnapshotApplied { topic, position: cursor.0 },
        Err(_) => Input::SnapshotFailed { topic },
    };
    tell(&inputs, input).await;
}

/// The receiver is gone only when the driver is, and then nobody needs to know.
async fn tell(inputs: &mpsc::Sender<Input>, input: Input) {
    drop(inputs.send(input).await);
}

fn poll_path(from: &[(Topic, Option<Position>)], wait: Duration, watcher: &str) -> String {
    let mut path = format!("/api/poll?wait={}&watcher={watcher}", wait.as_secs());
    for (topic, position) in from {
        path.push_str("&from=");
        path.push_str(topic.as_str());
        if let Some(position) = position {
            path.push('@');
            path.push_str(&position.to_string());
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poll_names_every_topic_and_its_position() {
        let from = [
            ("events".parse().unwrap(), None),
            ("event:a".parse().unwrap(), Some("k.7".parse::<Position>().unwrap())),
        ];
        assert_eq!(
            poll_path(&from, Duration::from_secs(25), "w"),
            "/api/poll?wait=25&watcher=w&from=events&from=event:a@k.7"
        );
    }
}
