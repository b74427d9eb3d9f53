//! Connections that are dead, stuck or never begin (E10), and what they cost until they are found.

use std::time::Duration;

use serde_json::json;
use shared::{ServerFrame, Topic};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::{
    Follower, RawSocket, Server, Transport,
    raw::{PING, PONG},
    until, within,
};

const QUICK: [&str; 4] = ["--heartbeat-interval-ms", "100", "--heartbeat-timeout-ms", "400"];

#[tokio::test]
async fn e10_a_silent_client_is_closed_and_leaves_no_trace() {
    let server = Server::with(&QUICK).await;
    let event = server.event().await;
    let path = format!("/api/ws/events/{}?watcher=silent", event.id);
    let mut socket = RawSocket::connect(server.address, &path, &[]).await;
    socket.next_of("subscribed").await;
    server.until_stats(&event, 1, 1).await;
    // It reads, and answers nothing: not even the server's pings.
    assert_eq!(socket.close_code().await, 4001);
    server.until_stats(&event, 0, 0).await;
    until("the connection is gone", async || server.app.connections.total() == 0).await;
}

#[tokio::test]
async fn e10_a_client_that_answers_or_speaks_lives_on() {
    let server = Server::with(&QUICK).await;
    let event = server.event().await;
    let path = format!("/api/ws/events/{}", event.id);
    let mut answering = RawSocket::connect(server.address, &path, &[]).await;
    let mut speaking = RawSocket::connect(server.address, &path, &[]).await;
    let mut pings = 0;
    // Three times as long as a silent client would live.
    while pings < 12 {
        let frame = answering.next().await.expect("it lives on");
        if frame.first == PING {
            answering.send(PONG, &frame.payload).await;
            speaking.send_text(r#"{"type":"ping"}"#).await;
            pings += 1;
        }
    }
    for _ in 0..pings {
        speaking.next_of("pong").await;
    }
    assert_eq!(server.stats(&event).await.subscriptions, 2);
}

#[tokio::test]
async fn e10_a_client_that_does_not_read_delays_nobody_and_is_closed() {
    let quick =
        ["--heartbeat-interval-ms", "100", "--heartbeat-timeout-ms", "5000", "--tail-bytes", "100000"];
    let server = Server::with(&quick).await;
    let event = server.event().await;
    let topic = Topic::event(&event.id);
    let mut stuck =
        RawSocket::connect_narrow(server.address, &format!("/api/ws/events/{}?watcher=s", event.id)).await;
    stuck.next_of("subscribed").await;
    let mut brisk = Follower::on(&server, Transport::WebSocket, &topic, None).await;
    brisk.next_subscribed().await;
    // Far more than the kernel takes for a reader that does not read.
    let long = "x".repeat(3900);
    let mut posted = 0;
    while posted < 4000 {
        server.say_many(&event, 200, &long).await;
        posted += 200;
        brisk.read_to(&topic, posted).await;
        let tail = server.app.hub.totals().tail_bytes;
        assert!(tail < 4 * 1024 * 1024, "a reader that is behind makes the server keep {tail} bytes");
    }
    // It keeps on speaking, so it is not the silence that ends it.
    let speak = async {
        while server.stats(&event).await.subscriptions > 1 {
            stuck.send_text(r#"{"type":"ping"}"#).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    within("the end of the stuck connection", speak).await;
    assert_eq!(server.stats(&event).await.watchers, 1);
}

#[tokio::test]
async fn e8_a_slow_reader_is_served_everything_in_order() {
    let server = Server::with(&["--tail-bytes", "100000"]).await;
    let event = server.event().await;
    let mut slow = RawSocket::connect_narrow(server.address, &format!("/api/ws/events/{}", event.id)).await;
    slow.next_of("subscribed").await;
    let long = "x".repeat(2000);
    for _ in 0..5 {
        server.say_many(&event, 200, &long).await;
    }
    for offset in 1..=1000 {
        let text = slow.next_of("media:new").await.text();
        let start = format!(r#"{{"type":"media:new","topic":"event:{}","offset":{offset},"#, event.id);
        assert!(text.starts_with(&start), "{offset}: {}", &text[..80]);
    }
}

#[tokio::test]
async fn e5_a_slow_reader_of_an_event_that_is_deleted_is_told_in_the_end() {
    let server = Server::with(&["--tail-bytes", "1000"]).await;
    let event = server.event().await;
    let mut slow = RawSocket::connect_narrow(server.address, &format!("/api/ws/events/{}", event.id)).await;
    slow.next_of("subscribed").await;
    let long = "x".repeat(3900);
    for _ in 0..15 {
        server.say_many(&event, 200, &long).await;
    }
    assert_eq!(server.delete(&format!("/api/events/{}", event.id)).await.status, 204);
    // What it has not had is gone with the event, and it is told so: no hole is passed over in silence.
    let ended: serde_json::Value = loop {
        let text = slow.next_text().await;
        if text.starts_with(r#"{"type":"unsubscribed""#) {
            break serde_json::from_str(&text).unwrap();
        }
    };
    assert_eq!(ended["payload"], json!({"code": "notFound"}));
}

#[tokio::test]
async fn a_head_that_never_ends_is_cut_off() {
    let server = Server::with(&["--header-timeout-ms", "300"]).await;
    let mut slow = TcpStream::connect(server.address).await.unwrap();
    slow.write_all(b"GET /api/events HTTP/1.1\r\nhost: x\r\nx-drip: ").await.unwrap();
    let drip = async {
        // A byte now and then keeps it alive for a server that only counts silence.
        while slow.write_all(b"a").await.is_ok() {
            let mut answer = [0; 512];
            let read = tokio::time::timeout(Duration::from_millis(20), slow.read(&mut answer)).await;
            if matches!(read, Ok(Ok(0) | Err(_))) {
                break;
            }
        }
    };
    within("the end of the slow connection", drip).await;
    // And a connection that says nothing at all.
    let mut mute = TcpStream::connect(server.address).await.unwrap();
    let mut rest = Vec::new();
    drop(within("the end of the mute connection", mute.read_to_end(&mut rest)).await);
    assert_eq!(server.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn e7_a_closing_handshake_that_never_ends_does_not_keep_the_session() {
    let server = Server::start().await;
    let event = server.event().await;
    let path = format!("/api/ws/events/{}", event.id);
    let mut socket = RawSocket::connect(server.address, &path, &[]).await;
    socket.next_of("subscribed").await;
    socket.send(crate::support::raw::CLOSE, &1001_u16.to_be_bytes()).await;
    // The client keeps its end open; the server lets go of it all the same.
    until("the session is gone", async || server.app.sessions.count() == 0).await;
    server.until_stats(&event, 0, 0).await;
    drop(socket);
}

#[tokio::test]
async fn e10_a_stream_and_a_poll_end_with_their_client() {
    let server = Server::with(&QUICK).await;
    let event = server.event().await;
    let mut stream = Follower::on(&server, Transport::Sse, &Topic::event(&event.id), None).await;
    assert!(matches!(stream.next_frame().await, ServerFrame::Connected(_)));
    server.until_stats(&event, 1, 1).await;
    drop(stream);
    server.until_stats(&event, 0, 0).await;
}

#[tokio::test]
async fn a_body_that_never_ends_is_cut_off() {
    let server = Server::with(&["--body-timeout-ms", "300"]).await;
    let event = server.event().await;
    for path in
        ["/api/events".to_owned(), format!("/api/events/{}/media", event.id), "/api/uploads".to_owned()]
    {
        let content_type =
            if path.ends_with("uploads") { "multipart/form-data; boundary=b" } else { "application/json" };
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: {content_type}\r\ncontent-length: 1000\r\n\r\n"
        );
        let mut stuck = TcpStream::connect(server.address).await.unwrap();
        stuck.write_all(head.as_bytes()).await.unwrap();
        stuck.write_all(br#"{"title":"#).await.unwrap();
        let mut answer = String::new();
        within("an answer and the end", stuck.read_to_string(&mut answer)).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 400"), "{path}: {answer}");
        assert!(answer.contains(r#""code":"truncated""#), "{path}: {answer}");
    }
    assert_eq!(server.get("/api/events").await.body["items"].as_array().unwrap().len(), 1);
}
