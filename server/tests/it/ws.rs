//! The WebSocket (E1, E3): its first frames, what a client may say, and what is answered to nonsense.

use serde_json::{Value, json};
use shared::{ErrorCode, EventId, ServerFrame, Topic, frame::NotRecovered};

use crate::support::{
    Follower, RawSocket, Server,
    raw::{BINARY, CLOSE, CONTINUES, ENDS, PING, PONG, TEXT, TEXT_BEGINS},
    until,
};

#[tokio::test]
async fn e1_connecting_subscribes_to_the_event() {
    let server = Server::start().await;
    let event = server.event().await;
    server.say_many(&event, 3, "x").await;
    let epoch = server.cursor(&event).await.to_string().split_once('.').unwrap().0.to_owned();

    let mut follower =
        Follower::socket(&server, &format!("/api/ws/events/{}?since={epoch}.1", event.id)).await;
    let ServerFrame::Connected(connected) = follower.next_frame().await else {
        panic!("not connected first")
    };
    assert_eq!(connected.event_id.as_ref(), Some(&event.id));
    let ServerFrame::Subscribed(topic, subscribed) = follower.next_frame().await else {
        panic!("not subscribed")
    };
    assert_eq!((&topic, subscribed.recovered, subscribed.offset.0), (&Topic::event(&event.id), true, 1));
    assert_eq!(follower.read_to(&topic, 3).await.len(), 2);
}

#[tokio::test]
async fn e1_an_unknown_event_is_an_error_and_a_code_that_says_stay_away() {
    let server = Server::start().await;
    let gone = server.event().await;
    server.delete(&format!("/api/events/{}", gone.id)).await;
    for id in ["never-was", "not%20even%20an%20id", gone.id.as_str()] {
        let mut follower = Follower::socket(&server, &format!("/api/ws/events/{id}")).await;
        let (code, frames) = follower.read_to_close().await;
        let [ServerFrame::Error(error)] = &frames[..] else { panic!("{id}: {frames:?}") };
        assert_eq!((error.code, code), (ErrorCode::UnknownTopic, 4504), "{id}");
        assert!(!shared::code::may_reconnect(code));
    }
    until("all sessions are gone", async || server.app.sessions.count() == 0).await;
}

#[tokio::test]
async fn e1_what_is_no_handshake_is_refused_as_json() {
    let server = Server::start().await;
    let event = server.event().await;
    for path in ["/ws".to_owned(), format!("/api/ws/events/{}", event.id)] {
        let answer = server.get(&path).await;
        assert_eq!((answer.status, answer.code()), (400, "malformed"), "{path}");
    }
    let headers = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "8"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    assert_eq!(server.get_with("/ws", &headers).await.status, 400);
    assert_eq!(server.get("/ws?watcher=%20").await.status, 400);
}

#[tokio::test]
async fn e3_a_client_subscribes_by_event_and_by_topic_and_is_answered_in_order() {
    let server = Server::start().await;
    let event = server.event().await;
    let mut follower = Follower::socket(&server, "/ws").await;
    let ServerFrame::Connected(connected) = follower.next_frame().await else {
        panic!("not connected first")
    };
    assert_eq!((connected.event_id, connected.protocol), (None, 1));
    for (frame, topic) in [
        (json!({"type": "subscribe", "payload": {"eventId": event.id, "ref": 7}}), Topic::event(&event.id)),
        (json!({"type": "subscribe", "payload": {"topic": "events", "ref": 8}}), Topic::events()),
    ] {
        follower.send(&frame.to_string()).await;
        let (named, subscribed) = follower.next_subscribed().await;
        assert_eq!((named, json!(subscribed.reference)), (topic, frame["payload"]["ref"].clone()));
    }
    for (frame, reference) in [
        (json!({"type": "ping", "payload": {"ref": 9}}), Some(9)),
        (json!({"type": "ping"}), None),
        (json!({"type": "ping", "payload": null}), None),
    ] {
        follower.send(&frame.to_string()).await;
        let ServerFrame::Pong(pong) = follower.next_news().await else { panic!("no pong") };
        assert_eq!(pong.reference, reference);
    }
    follower.send(&json!({"type": "unsubscribe", "payload": {"topic": "events"}}).to_string()).await;
    assert!(
        matches!(follower.next_news().await, ServerFrame::Unsubscribed(topic, _) if topic == Topic::events())
    );
}

#[tokio::test]
async fn e3_subscribing_again_moves_the_position() {
    let server = Server::start().await;
    let event = server.event().await;
    let topic = Topic::event(&event.id);
    server.say_many(&event, 5, "x").await;
    let cursor = server.cursor(&event).await;
    let subscribe = |offset: u64, reference: u64| {
        let since = json!({"epoch": cursor.0.epoch, "offset": offset});
        json!({"type": "subscribe", "payload": {"eventId": event.id, "since": since, "ref": reference}})
            .to_string()
    };
    let mut follower = Follower::socket(&server, "/ws").await;
    for (reference, offset) in [(1, 5), (2, 2), (3, 0), (4, 5)] {
        follower.send(&subscribe(offset, reference)).await;
        let (_, subscribed) = follower.next_subscribed().await;
        assert_eq!((subscribed.reference, subscribed.recovered), (Some(reference), true));
        assert_eq!(follower.read_to(&topic, 5).await.len() as u64, 5 - offset);
    }
    assert_eq!(server.stats(&event).await.subscriptions, 1, "it is one subscription all the while");
    follower.send(&subscribe(6, 5)).await;
    let (_, subscribed) = follower.next_subscribed().await;
    assert_eq!((subscribed.reason, subscribed.offset.0), (Some(NotRecovered::Ahead), 5));
}

#[tokio::test]
async fn v8_nonsense_is_answered_with_its_code_and_the_connection_goes_on() {
    let server = Server::start().await;
    let unknown: EventId = "nobody".parse().unwrap();
    let mut follower = Follower::socket(&server, "/ws").await;
    for (text, code) in [
        ("", ErrorCode::Malformed),
        ("hello", ErrorCode::Malformed),
        ("[]", ErrorCode::Malformed),
        ("{}", ErrorCode::Malformed),
        (r#"{"type":7}"#, ErrorCode::Malformed),
        (r#"{"type":"subscribe"}"#, ErrorCode::Malformed),
        (r#"{"type":"subscribe","payload":{"eventId":""}}"#, ErrorCode::Malformed),
        (r#"{"type":"subscribe","payload":{"topic":"nothing:1"}}"#, ErrorCode::Malformed),
        (r#"{"type":"subscribe","payload":{"topic":"events","since":5}}"#, ErrorCode::Malformed),
        (
            r#"{"type":"subscribe","payload":{"topic":"events","since":{"epoch":"k","offset":-1}}}"#,
            ErrorCode::Malformed,
        ),
        (r#"{"type":"publish","payload":{}}"#, ErrorCode::Malformed),
        (r#"{"type":"shout","payload":{}}"#, ErrorCode::UnknownType),
        (r#"{"type":"connected","payload":{}}"#, ErrorCode::UnknownType),
        (
            &json!({"type": "subscribe", "payload": {"eventId": unknown, "ref": 3}}).to_string(),
            ErrorCode::UnknownTopic,
        ),
    ] {
        follower.send(text).await;
        let ServerFrame::Error(error) = follower.next_news().await else { panic!("no error for {text}") };
        assert_eq!(error.code, code, "{text}");
        if code == ErrorCode::UnknownTopic {
            assert_eq!((error.topic.as_deref(), error.reference), (Some("event:nobody"), Some(3)));
        }
    }
    follower.send(r#"{"type":"ping"}"#).await;
    assert!(matches!(follower.next_news().await, ServerFrame::Pong(_)));
}

#[tokio::test]
async fn v8_who_goes_on_with_nonsense_is_closed_and_told_to_stay_away() {
    let server = Server::with(&["--frames-per-second", "1000"]).await;
    let mut follower = Follower::socket(&server, "/ws").await;
    for _ in 0..40 {
        follower.send("nonsense").await;
    }
    let (code, frames) = follower.read_to_close().await;
    assert_eq!(code, 4500);
    let errors = frames.iter().filter(|frame| matches!(frame, ServerFrame::Error(_))).count();
    assert!((10..40).contains(&errors), "told {errors} times before");
}

#[tokio::test]
async fn v8_what_breaks_the_protocol_is_closed_with_its_code() {
    let server = Server::start().await;
    let too_long = vec![b'a'; shared::limits::CLIENT_FRAME_BYTES + 1];
    for (what, bytes, code) in [
        ("invalid UTF-8", masked(TEXT, &[0xc3, 0x28]), 1007),
        ("a frame over the limit", masked(TEXT, &too_long), 1009),
        (
            "fragments over the limit",
            [masked(TEXT_BEGINS, &too_long[..9000]), masked(ENDS, &too_long[..9000])].concat(),
            1009,
        ),
        ("not masked", vec![TEXT, 2, b'{', b'}'], 1002),
        ("a reserved opcode", masked(0x83, b""), 1002),
        ("compressed without having agreed", masked(0xc1, b"x"), 1002),
        ("a continuation of nothing", masked(ENDS, b"x"), 1002),
        ("a ping in fragments", masked(0x09, b""), 1002),
        ("a ping too long", masked(PING, &[0; 126]), 1002),
        ("a close code that may not be sent", masked(CLOSE, &1006_u16.to_be_bytes()), 1002),
        ("binary", masked(BINARY, b"x"), 1003),
    ] {
        let mut socket = RawSocket::connect(server.address, "/ws", &[]).await;
        socket.next_of("connected").await;
        socket.send_bytes(&bytes).await;
        assert_eq!(socket.close_code().await, code, "{what}");
        assert_eq!(socket.next().await, None, "nothing comes after the close frame");
    }
    until("all sessions are gone", async || server.app.sessions.count() == 0).await;
}

fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    crate::support::raw::masked(first, payload)
}

#[tokio::test]
async fn the_largest_frame_that_is_allowed_is_taken() {
    let server = Server::start().await;
    let mut socket = RawSocket::connect(server.address, "/ws", &[]).await;
    let ping = r#"{"type":"ping","payload":{"ref":1}}"#;
    let padded = format!("{}{ping}", " ".repeat(shared::limits::CLIENT_FRAME_BYTES - ping.len()));
    socket.send_text(&padded).await;
    socket.next_of("pong").await;
}

#[tokio::test]
async fn a_message_may_come_in_fragments_with_control_frames_between_and_byte_by_byte() {
    let server = Server::start().await;
    let mut socket = RawSocket::connect(server.address, "/ws", &[]).await;
    socket.next_of("connected").await;
    let ping = br#"{"type":"ping","payload":{"ref":42}}"#;
    let parts = [
        masked(TEXT_BEGINS, &ping[..5]),
        masked(PING, b"between"),
        masked(CONTINUES, &ping[5..20]),
        masked(CONTINUES, b""),
        masked(ENDS, &ping[20..]),
    ];
    for byte in parts.concat() {
        socket.send_bytes(&[byte]).await;
    }
    let pong = socket.next().await.unwrap();
    assert_eq!((pong.first, &pong.payload[..]), (PONG, &b"between"[..]));
    let answer: Value = serde_json::from_str(&socket.next_of("pong").await.text()).unwrap();
    assert_eq!(answer["payload"]["ref"], 42);
}

#[tokio::test]
async fn a_close_is_answered_with_the_same_code() {
    let server = Server::start().await;
    for (payload, code) in [
        (&b""[..], 1000),
        (&1000_u16.to_be_bytes(), 1000),
        (&1001_u16.to_be_bytes(), 1001),
        (&4321_u16.to_be_bytes(), 4321),
    ] {
        let mut socket = RawSocket::connect(server.address, "/ws", &[]).await;
        socket.send(CLOSE, payload).await;
        assert_eq!(socket.close_code().await, code);
        assert_eq!(socket.next().await, None);
    }
}

#[tokio::test]
async fn frames_that_came_with_the_handshake_are_not_lost() {
    let server = Server::start().await;
    let event = server.event().await;
    let subscribe = json!({"type": "subscribe", "payload": {"eventId": event.id, "ref": 5}}).to_string();
    let mut request = b"GET /ws HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        .to_vec();
    request.extend(masked(TEXT, subscribe.as_bytes()));
    let mut socket = RawSocket::connect_with(server.address, &request).await;
    let answer: Value = serde_json::from_str(&socket.next_of("subscribed").await.text()).unwrap();
    assert_eq!(answer["payload"]["ref"], 5);
}
