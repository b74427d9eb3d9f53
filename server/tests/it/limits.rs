//! Limits (E11, P7, V8): told first, then enforced, and back to nothing afterwards.

use std::net::SocketAddr;

use serde_json::json;
use shared::{ErrorCode, ServerFrame, Topic};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::{Follower, RawSocket, Server, Transport, until};

#[tokio::test]
async fn e11_connections_of_an_address_are_limited_over_all_transports() {
    let server = Server::with(&["--max-connections-per-address", "3"]).await;
    let event = server.event().await;
    let topic = Topic::event(&event.id);
    let mut held = Vec::new();
    for transport in [Transport::WebSocket, Transport::WebSocket, Transport::Sse] {
        let mut follower = Follower::on(&server, transport, &topic, None).await;
        follower.next_subscribed().await;
        held.push(follower);
    }
    let (code, frames) = Follower::socket(&server, "/ws").await.read_to_close().await;
    assert_eq!((code, frames.len()), (4029, 0));
    assert!(shared::code::may_reconnect(code));
    for path in [format!("/api/events/{}/updates", event.id), format!("/api/sse?from={topic}")] {
        let answer = server.get(&path).await;
        assert_eq!((answer.status, answer.code()), (429, "tooManyConnections"), "{path}");
    }
    assert_eq!(server.get("/api/events").await.status, 200, "plain requests are not connections");
    held.clear();
    until("the address has none left", async || server.app.connections.total() == 0).await;
    Follower::on(&server, Transport::WebSocket, &topic, None).await.next_subscribed().await;
}

/// A connection that is open; what was sent on it is not answered yet.
async fn open(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.expect("a connection")
}

/// Asks on the connection and reads until the server closes it.
async fn ask(stream: &mut TcpStream) -> String {
    let request = "GET /api/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    // A connection that is closed at once says so here or there.
    stream.write_all(request.as_bytes()).await.ok();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok();
    String::from_utf8(answer).expect("text")
}

#[tokio::test]
async fn e11_plain_connections_of_an_address_are_limited_and_told() {
    let limit = ["--max-http-connections-per-address", "2"];
    let server = Server::with(&limit).await;
    let mut kept = [open(server.address).await, open(server.address).await];
    let refused = ask(&mut open(server.address).await).await;
    assert!(refused.starts_with("HTTP/1.1 429"), "{refused}");
    assert!(refused.contains(r#""code":"tooManyConnections""#), "{refused}");

    // Those that only knock are told as long as they are few, and closed without a word after that.
    let mut knocking = Vec::new();
    for _ in 0..16 {
        knocking.push(open(server.address).await);
    }
    assert_eq!(ask(&mut open(server.address).await).await, "");
    drop(knocking);

    let served = ask(&mut kept[0]).await;
    assert!(served.starts_with("HTTP/1.1 200"), "{served}");
    let served = async || ask(&mut open(server.address).await).await.starts_with("HTTP/1.1 200");
    until("there is room for another", served).await;

    // A connection that has become a WebSocket is counted as such, and no longer here.
    let mut sockets = Vec::new();
    for _ in 0..3 {
        let mut socket = RawSocket::connect(server.address, "/ws", &[]).await;
        socket.next_of("connected").await;
        sockets.push(socket);
    }
    drop(sockets);
}

#[tokio::test]
async fn e11_a_trusted_proxy_may_have_any_number_of_connections() {
    let limit = ["--max-http-connections-per-address", "1", "--trusted-proxy", "127.0.0.0/8"];
    let server = Server::with(&limit).await;
    let _kept = [open(server.address).await, open(server.address).await];
    let served = ask(&mut open(server.address).await).await;
    assert!(served.starts_with("HTTP/1.1 200"), "{served}");
}

#[tokio::test]
async fn e11_a_forwarded_address_is_believed_from_a_trusted_proxy_only() {
    let one = [("x-forwarded-for", "192.0.2.1")];
    let other = [("x-forwarded-for", "192.0.2.2")];
    let spoofed = [("x-forwarded-for", "192.0.2.3, 192.0.2.1")];

    let direct = Server::with(&["--max-connections-per-address", "1"]).await;
    let mut first = RawSocket::connect(direct.address, "/ws", &one).await;
    first.next_of("connected").await;
    let mut second = RawSocket::connect(direct.address, "/ws", &other).await;
    assert_eq!(second.close_code().await, 4029, "the header is nobody's word here");

    let behind =
        Server::with(&["--max-connections-per-address", "1", "--trusted-proxy", "127.0.0.0/8"]).await;
    let mut first = RawSocket::connect(behind.address, "/ws", &one).await;
    first.next_of("connected").await;
    let mut second = RawSocket::connect(behind.address, "/ws", &other).await;
    second.next_of("connected").await;
    let mut third = RawSocket::connect(behind.address, "/ws", &spoofed).await;
    assert_eq!(third.close_code().await, 4029, "what stands further left is the client's own invention");
}

#[tokio::test]
async fn v8_subscriptions_of_a_connection_are_limited() {
    let server = Server::with(&["--max-subscriptions-per-connection", "3"]).await;
    let mut events = Vec::new();
    for _ in 0..4 {
        events.push(server.event().await);
    }
    let mut follower = Follower::socket(&server, "/ws").await;
    let subscribe =
        |n: usize| json!({"type": "subscribe", "payload": {"eventId": events[n].id, "ref": n}}).to_string();
    for n in 0..3 {
        follower.send(&subscribe(n)).await;
        follower.next_subscribed().await;
    }
    follower.send(&subscribe(3)).await;
    let ServerFrame::Error(error) = follower.next_news().await else { panic!("no error") };
    assert_eq!((error.code, error.reference), (ErrorCode::TooManySubscriptions, Some(3)));
    // Moving one that stands is no further one, and leaving one makes room.
    follower.send(&subscribe(0)).await;
    follower.next_subscribed().await;
    follower.send(&json!({"type": "unsubscribe", "payload": {"eventId": events[1].id}}).to_string()).await;
    assert!(matches!(follower.next_news().await, ServerFrame::Unsubscribed(..)));
    follower.send(&subscribe(3)).await;
    let (topic, _) = follower.next_subscribed().await;
    server.say(&events[3], "heard").await;
    assert_eq!(follower.next_publication().await.topic, topic);
}

#[tokio::test]
async fn p7_too_many_frames_are_told_then_closed() {
    let server = Server::with(&["--frames-per-second", "5"]).await;
    let mut follower = Follower::socket(&server, "/ws").await;
    for _ in 0..60 {
        follower.send(r#"{"type":"ping"}"#).await;
    }
    let (code, frames) = follower.read_to_close().await;
    assert_eq!(code, 4029);
    let pongs = frames.iter().filter(|frame| matches!(frame, ServerFrame::Pong(_))).count();
    assert!((10..20).contains(&pongs), "{pongs} were answered: twice the rate at once, then the rate");
    let limited = frames.iter().filter_map(|frame| match frame {
        ServerFrame::Error(error) => Some((error.code, error.retry_after_ms.is_some())),
        _ => None,
    });
    let limited: Vec<_> = limited.collect();
    assert!(
        limited.len() > 10 && limited.iter().all(|told| *told == (ErrorCode::RateLimited, true)),
        "{limited:?}"
    );
}

#[tokio::test]
async fn v8_changes_of_an_address_are_limited_and_say_when_to_come_back() {
    let server = Server::with(&["--publish-per-second", "2"]).await;
    let event = server.event().await;
    let path = format!("/api/events/{}/media", event.id);
    let item = json!({"author": "Ada", "text": "x"});
    let mut answer = server.post(&path, &item).await;
    let mut taken = 0;
    while answer.status == 201 {
        taken += 1;
        answer = server.post(&path, &item).await;
    }
    assert!((10..100).contains(&taken), "ten times the rate in one go: {taken}");
    assert_eq!((answer.status, answer.code()), (429, "rateLimited"));
    assert!(
        answer.body["error"]["retryAfterMs"].as_u64().is_some_and(|ms| (1..=600).contains(&ms)),
        "{}",
        answer.body
    );
    assert_eq!(answer.header("retry-after"), "1");
    // An array counts as many as it holds; one that could never pass is told so.
    let many: Vec<_> = (0..50).map(|_| item.clone()).collect();
    let answer = server.post(&path, &json!(many)).await;
    assert_eq!((answer.status, answer.code()), (413, "tooLarge"));
    for other in
        [server.delete(&format!("/api/events/{}", event.id)).await, server.upload("turned.jpg").await]
    {
        assert_eq!(other.status, 429);
    }
    assert_eq!(server.timeline(&event).await.len(), taken);
}

#[tokio::test]
async fn v8_a_client_that_does_not_take_its_answers_gets_no_more() {
    let server = Server::with(&["--frames-per-second", "1000000", "--heartbeat-interval-ms", "100"]).await;
    let mut socket = RawSocket::connect_narrow(server.address, "/ws").await;
    socket.next_of("connected").await;
    let ping = crate::support::raw::masked(crate::support::raw::TEXT, br#"{"type":"ping"}"#);
    let many = ping.repeat(2000);
    // It sends and does not read, until the server has had enough.
    let flood = async {
        while server.app.sessions.count() > 0 {
            let sent =
                tokio::time::timeout(std::time::Duration::from_millis(20), socket.send_bytes(&many)).await;
            drop(sent);
        }
    };
    crate::support::within("the end of the connection", flood).await;
}
