//! Compression (E13): permessage-deflate on the WebSocket, brotli and gzip on HTTP.

use serde_json::{Value, json};

use crate::support::{
    RawSocket, Server,
    raw::{COMPRESSED_TEXT, CONTINUES, ENDS, TEXT, deflate},
};

const OFFER: [(&str, &str); 1] = [("sec-websocket-extensions", "permessage-deflate; client_max_window_bits")];

#[tokio::test]
async fn e13_a_large_publication_travels_compressed_and_a_small_one_as_it_is() {
    let server = Server::start().await;
    let event = server.event().await;
    let path = format!("/api/ws/events/{}", event.id);
    let mut compressed = RawSocket::connect(server.address, &path, &OFFER).await;
    let mut plain = RawSocket::connect(server.address, &path, &[]).await;
    assert!(
        compressed.head.contains("sec-websocket-extensions: permessage-deflate; server_no_context_takeover")
    );
    assert!(!plain.head.contains("sec-websocket-extensions"));
    compressed.next_of("subscribed").await;
    plain.next_of("subscribed").await;

    server.say(&event, "short").await;
    let (small, same) = (compressed.next_of("media:new").await, plain.next_of("media:new").await);
    assert_eq!((small.first, small.text()), (TEXT, same.text()));

    server.say(&event, &"a long story, told twice. ".repeat(100)).await;
    let (large, same) = (compressed.next_of("media:new").await, plain.next_of("media:new").await);
    assert_eq!((large.first, same.first), (COMPRESSED_TEXT, TEXT));
    assert_eq!(large.text(), same.text(), "the very same text");
    assert!(
        large.payload.len() * 4 < same.payload.len(),
        "{} of {}",
        large.payload.len(),
        same.payload.len()
    );
}

#[tokio::test]
async fn e13_what_a_client_compresses_is_understood() {
    let server = Server::start().await;
    let mut socket = RawSocket::connect(server.address, "/ws", &OFFER).await;
    socket.next_of("connected").await;
    let ping = json!({"type": "ping", "payload": {"ref": 11}}).to_string();
    let packed = deflate(ping.as_bytes());
    socket.send(COMPRESSED_TEXT, &packed).await;
    // Compressed, in fragments: only the first says so (RFC 7692 §6.1).
    socket.send(0x41, &packed[..4]).await;
    socket.send(CONTINUES, &packed[4..9]).await;
    socket.send(ENDS, &packed[9..]).await;
    // Not compressed, on the same connection.
    socket.send_text(&ping).await;
    for _ in 0..3 {
        let pong: Value = serde_json::from_str(&socket.next_of("pong").await.text()).unwrap();
        assert_eq!(pong["payload"]["ref"], 11);
    }
}

#[tokio::test]
async fn v8_a_bomb_is_refused() {
    let server = Server::start().await;
    let mut socket = RawSocket::connect(server.address, "/ws", &OFFER).await;
    let bomb = deflate(&vec![b' '; 10 * 1024 * 1024]);
    assert!(bomb.len() < shared::limits::CLIENT_FRAME_BYTES, "it is small enough to be let in");
    socket.send(COMPRESSED_TEXT, &bomb).await;
    assert_eq!(socket.close_code().await, 1009);

    let mut socket = RawSocket::connect(server.address, "/ws", &OFFER).await;
    socket.send(COMPRESSED_TEXT, &[0xff; 40]).await;
    assert_eq!(socket.close_code().await, 1007, "what is no deflate stream");
}

#[tokio::test]
async fn e13_an_offer_that_cannot_be_kept_is_declined() {
    let server = Server::start().await;
    let narrow = [("sec-websocket-extensions", "permessage-deflate; server_max_window_bits=9")];
    let mut socket = RawSocket::connect(server.address, "/ws", &narrow).await;
    assert!(!socket.head.contains("sec-websocket-extensions"));
    assert_eq!(socket.next_of("connected").await.first, TEXT);
}

#[tokio::test]
async fn e13_answers_are_compressed_for_who_asks_and_streams_are_not() {
    let server = Server::start().await;
    let event = server.event().await;
    server.say_many(&event, 50, "words and more words ").await;
    let path = format!("/api/events/{}/media", event.id);
    let plain = server.get(&path).await;
    assert_eq!(plain.header("content-encoding"), "");
    for coding in ["br", "gzip"] {
        let answer = server.get_with(&path, &[("accept-encoding", coding)]).await;
        assert_eq!((answer.status, answer.header("content-encoding")), (200, coding));
        assert!(answer.bytes.len() * 2 < plain.bytes.len());
        assert!(answer.header("vary").contains("accept-encoding"));
    }
    let stream = server
        .http
        .get(server.url(&format!("/api/events/{}/stream", event.id)))
        .header("accept-encoding", "br, gzip")
        .send()
        .await
        .unwrap();
    assert_eq!(stream.headers().get("content-encoding"), None, "a stream goes out as it comes");
}
