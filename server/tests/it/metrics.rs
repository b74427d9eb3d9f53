//! `/metrics` (V7): what is counted, and that it goes back to nothing when the clients have gone (E14).

use serde_json::json;
use shared::Topic;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::{Follower, Process, RawSocket, Transport, raw::masked, until};

#[tokio::test]
async fn v7_counts_return_to_zero_when_clients_have_gone() {
    let dir = TempDir::new().unwrap();
    let process = Process::start(dir.path(), &[]);
    let event = process.event().await;
    let topic = Topic::event(&event.id);
    let mut followers = Vec::new();
    for transport in [Transport::WebSocket, Transport::WebSocket, Transport::Sse, Transport::Poll] {
        let mut follower = Follower::on(&process, transport, &topic, None).await;
        follower.next_subscribed().await;
        followers.push(follower);
    }
    // One that is in the middle of a frame.
    let mut halfway = RawSocket::connect(process.address, "/ws", &[]).await;
    halfway.next_of("connected").await;
    halfway.send_bytes(&masked(crate::support::raw::TEXT, &[b' '; 9000])[..5000]).await;

    process.say_many(&event, 10, "x").await;
    for follower in &mut followers {
        follower.read_to(&topic, 10).await;
    }
    assert_eq!(process.metric("touchline_connections", r#"transport="websocket""#).await, 3);
    assert_eq!(process.metric("touchline_connections", r#"transport="sse""#).await, 1);
    assert!(process.metric("touchline_subscriptions", "").await >= 3);
    assert!(process.metric("touchline_sessions", "").await >= 4);
    until("the half frame is counted", async || {
        process.metric("touchline_connection_buffer_bytes", "").await >= 5000
    })
    .await;
    for (transport, delivered) in [("websocket", 20), ("sse", 10), ("poll", 10)] {
        let label = format!(r#"transport="{transport}""#);
        assert_eq!(process.metric("touchline_deliveries_total", &label).await, delivered, "{transport}");
        assert!(process.metric("touchline_frames_sent_total", &label).await > delivered / 2, "{transport}");
        assert!(process.metric("touchline_bytes_sent_total", &label).await > 1000, "{transport}");
    }
    assert!(process.metric("touchline_commit_batch_size_count", "").await >= 2);
    assert!(process.metric("touchline_resident_bytes", "").await > 1_000_000);

    drop((followers, halfway));
    for gauge in [
        "touchline_connections",
        "touchline_sessions",
        "touchline_subscriptions",
        "touchline_connection_buffer_bytes",
        "touchline_slowest_reader_lag",
    ] {
        until(&format!("{gauge} at zero"), async || process.metric(gauge, "").await == 0).await;
    }
}

#[tokio::test]
async fn v7_errors_and_refusals_are_counted_by_their_code() {
    let dir = TempDir::new().unwrap();
    let process = Process::start(dir.path(), &["--max-connections-per-address", "1"]);
    let mut follower = Follower::socket(&process, "/ws").await;
    follower.send("nonsense").await;
    follower.send(&json!({"type": "invented"}).to_string()).await;
    follower.next_news().await;
    follower.next_news().await;
    assert_eq!(Follower::socket(&process, "/ws").await.read_to_close().await.0, 4029);
    assert_eq!(process.metric("touchline_client_errors_total", r#"code="malformed""#).await, 1);
    assert_eq!(process.metric("touchline_client_errors_total", r#"code="unknownType""#).await, 1);
    assert_eq!(process.metric("touchline_connections_refused_total", r#"code="rate limited""#).await, 1);
    assert_eq!(process.metric("touchline_frames_received_total", "").await, 2);
}

#[tokio::test]
async fn v7_connections_that_are_too_many_are_counted() {
    let dir = TempDir::new().unwrap();
    let process = Process::start(dir.path(), &["--max-http-connections-per-address", "1"]);
    // The connection that this is asked on stays open, and is the one.
    let refused =
        async || process.metric("touchline_connections_refused_total", r#"code="tooManyConnections""#).await;
    assert_eq!(refused().await, 0);
    let mut other = TcpStream::connect(process.address).await.unwrap();
    other.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    other.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 429"), "{}", String::from_utf8_lossy(&answer));
    assert_eq!(refused().await, 1);
}

#[tokio::test]
async fn e14_connections_that_come_and_go_leave_no_memory() {
    let dir = TempDir::new().unwrap();
    let process = Process::start(dir.path(), &[]);
    let event = process.event().await;
    let path = format!("/api/ws/events/{}", event.id);
    let round = async || {
        let mut sockets = Vec::new();
        for _ in 0..500 {
            let mut socket = RawSocket::connect(process.address, &path, &[]).await;
            socket.next_of("subscribed").await;
            sockets.push(socket);
        }
        let full = process.metric("touchline_resident_bytes", "").await;
        drop(sockets);
        until("all are gone", async || process.metric("touchline_sessions", "").await == 0).await;
        full
    };
    let first = round().await;
    round().await;
    round().await;
    let last = round().await;
    // The allocator takes memory in pieces of a mebibyte or so; a leak of 4 KiB each would be 6 MB.
    assert!(
        last < first + 4_000_000,
        "five hundred cost {} bytes more than the first five hundred",
        last - first
    );
}
