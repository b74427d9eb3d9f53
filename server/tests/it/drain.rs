//! Shutting down in good order (P10), by the real program.

use std::{collections::HashSet, time::Duration};

use reqwest::{
    Method,
    multipart::{Form, Part},
};
use shared::{ServerFrame, Topic};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::{Follower, Process, Transport, api::fixture, until, within};

/// How long the end may take.
const BOUND: Duration = Duration::from_secs(15);

#[tokio::test]
async fn p10_every_client_is_told_when_to_come_back() {
    const SPAN_MS: u64 = 3000;
    let dir = TempDir::new().unwrap();
    let mut process = Process::start(dir.path(), &["--drain-span-ms", "3000"]);
    let event = process.event().await;
    let topic = Topic::event(&event.id);
    let mut sockets = Vec::new();
    for _ in 0..50 {
        let mut follower = Follower::on(&process, Transport::WebSocket, &topic, None).await;
        follower.next_subscribed().await;
        sockets.push(follower);
    }
    let mut stream = Follower::on(&process, Transport::Sse, &topic, None).await;
    stream.next_subscribed().await;
    let cursor = process.cursor(&event).await;
    let path = format!("/api/events/{}/updates?since={cursor}&wait=50", event.id);
    let api = process.api.clone();
    let poll = tokio::spawn(async move { api.get(&path).await });
    process.until_stats(&event, 52, 2).await;

    process.terminate();
    let mut delays = HashSet::new();
    for mut socket in sockets {
        let (code, frames) = socket.read_to_close().await;
        assert_eq!(code, 4000);
        let Some(ServerFrame::Reconnect(reconnect)) = frames.last() else { panic!("{frames:?}") };
        assert!(reconnect.delay_ms <= SPAN_MS);
        delays.insert(reconnect.delay_ms);
    }
    assert!(delays.len() > 25, "the delays are spread: {delays:?}");
    assert!(matches!(stream.next_news().await, ServerFrame::Reconnect(_)));
    assert_eq!(stream.next_text().await, None, "the stream has ended");
    let answer = within("the answer to the poll", poll).await.unwrap();
    let frames = answer.body["frames"].as_array().unwrap();
    assert_eq!((answer.status, &frames.last().unwrap()["type"]), (200, &"reconnect".into()));
    assert!(process.ended(BOUND).await.success(), "{}", process.log());
    assert!(process.log().contains("stopped"), "{}", process.log());
}

#[tokio::test]
async fn p10_what_is_in_flight_is_finished_and_readiness_says_no() {
    let dir = TempDir::new().unwrap();
    let mut process = Process::start(dir.path(), &["--drain-span-ms", "100"]);
    let event = process.event().await;
    let jpeg = fixture("turned.jpg");
    let (begin, end) = jpeg.split_at(jpeg.len() / 2);
    let before = "--b\r\ncontent-disposition: form-data; name=\"author\"\r\n\r\nAda\r\n\
        --b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n\r\n";
    let after = "\r\n--b--\r\n";
    let head = format!(
        "POST /api/events/{}/media HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: {}\r\n\r\n{before}",
        event.id,
        before.len() + jpeg.len() + after.len()
    );
    let mut upload = TcpStream::connect(process.address).await.unwrap();
    upload.write_all(&[head.as_bytes(), begin].concat()).await.unwrap();
    let incoming = dir.path().join("media/incoming");
    until("the upload to begin", async || std::fs::read_dir(&incoming).unwrap().count() == 1).await;

    process.terminate();
    // As long as something is in flight, who asks whether to send more is told not to.
    until("readiness to say no", async || {
        let asked = process.try_send(process.request(Method::GET, "/readyz")).await;
        asked.is_ok_and(|answer| (answer.status, answer.code()) == (503, "draining"))
    })
    .await;
    upload.write_all(&[end, after.as_bytes()].concat()).await.unwrap();
    let mut answer = String::new();
    within("the answer", upload.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert!(process.ended(BOUND).await.success(), "{}", process.log());

    let process = Process::start(dir.path(), &[]);
    assert_eq!(process.timeline(&event).await.len(), 1, "what was answered is there");
}

#[tokio::test]
async fn p10_a_client_that_reads_nothing_does_not_hold_the_end_up() {
    let dir = TempDir::new().unwrap();
    let mut process = Process::start(dir.path(), &["--drain-span-ms", "0"]);
    let event = process.event().await;
    let path = format!("/api/ws/events/{}", event.id);
    let mut stuck = crate::support::RawSocket::connect_narrow(process.address, &path).await;
    stuck.next_of("subscribed").await;
    let long = "x".repeat(3900);
    for _ in 0..15 {
        process.say_many(&event, 200, &long).await;
    }
    // A connection that has asked nothing yet, as browsers open them in advance.
    let idle = TcpStream::connect(process.address).await.unwrap();
    process.terminate();
    assert!(process.ended(Duration::from_secs(14)).await.success(), "{}", process.log());
    drop((stuck, idle));
}

#[tokio::test]
async fn an_empty_form_is_no_reason_to_stay() {
    let dir = TempDir::new().unwrap();
    let mut process = Process::start(dir.path(), &[]);
    let form = Form::new().part("file", Part::bytes(Vec::new()));
    assert_eq!(process.send(process.request(Method::POST, "/api/uploads").multipart(form)).await.status, 400);
    process.terminate();
    assert!(process.ended(BOUND).await.success());
}
