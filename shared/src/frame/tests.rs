//! What every frame looks like on the wire: a changed line here is a change of the protocol.

use super::*;
use crate::{
    Position,
    change::{EventStatusChanged, OtherChange},
    model::{account::Person, event::EventStatus},
};

fn publication(change: Change) -> Publication {
    Publication {
        topic: "event:e1".parse().unwrap(),
        offset: Offset(7),
        id: "p7".parse().unwrap(),
        timestamp: "2026-11-21T20:14:05.123Z".parse().unwrap(),
        change,
    }
}

fn status() -> Change {
    Change::EventStatus(EventStatusChanged { event_id: "e1".parse().unwrap(), status: EventStatus::Live })
}

fn check(frame: &ServerFrame, text: &str) {
    assert_eq!(frame.encode().unwrap(), text);
    assert_eq!(&ServerFrame::decode(text).unwrap(), frame);
}

#[test]
fn e4_a_publication_carries_topic_offset_id_and_timestamp() {
    check(
        &ServerFrame::Publication(publication(status())),
        r#"{"type":"event:status","topic":"event:e1","offset":7,"id":"p7","timestamp":"2026-11-21T20:14:05.123Z","payload":{"eventId":"e1","status":"live"}}"#,
    );
}

#[test]
fn e12_a_batch_names_the_offsets_it_covers() {
    let batch = Batch { from: Offset(5), to: Offset(7), publications: vec![publication(status())] };
    check(
        &ServerFrame::Batch("event:e1".parse().unwrap(), batch),
        r#"{"type":"batch","topic":"event:e1","payload":{"from":5,"to":7,"publications":[{"type":"event:status","offset":7,"id":"p7","timestamp":"2026-11-21T20:14:05.123Z","payload":{"eventId":"e1","status":"live"}}]}}"#,
    );
}

#[test]
fn e2_control_frames() {
    let topic: Topic = "event:e1".parse().unwrap();
    check(
        &ServerFrame::Connected(Connected {
            event_id: Some("e1".parse().unwrap()),
            connection_id: "c1".parse().unwrap(),
            protocol: 1,
            heartbeat_interval_ms: 25_000,
            timestamp: "2026-11-21T20:14:05.123Z".parse().unwrap(),
        }),
        r#"{"type":"connected","payload":{"eventId":"e1","connectionId":"c1","protocol":1,"heartbeatIntervalMs":25000,"timestamp":"2026-11-21T20:14:05.123Z"}}"#,
    );
    check(
        &ServerFrame::Subscribed(
            topic.clone(),
            Subscribed {
                epoch: "k3".parse().unwrap(),
                offset: Offset(4),
                recovered: false,
                reason: Some(NotRecovered::EpochChanged),
                reference: Some(2),
            },
        ),
        r#"{"type":"subscribed","topic":"event:e1","payload":{"epoch":"k3","offset":4,"recovered":false,"reason":"epochChanged","ref":2}}"#,
    );
    check(
        &ServerFrame::PresenceCount(topic, PresenceCount { watchers: 2, subscriptions: 3, people: 0 }),
        r#"{"type":"presence:count","topic":"event:e1","payload":{"watchers":2,"subscriptions":3}}"#,
    );
    check(
        &ServerFrame::Reconnect(Reconnect { delay_ms: 750 }),
        r#"{"type":"reconnect","payload":{"delayMs":750}}"#,
    );
    check(
        &ServerFrame::Error(ErrorDetail::new(crate::ErrorCode::UnknownTopic, "no such topic")),
        r#"{"type":"error","payload":{"code":"unknownTopic","message":"no such topic"}}"#,
    );
}

#[test]
fn p4_who_is_there() {
    let (event, online) = (Topic::event(&"e1".parse().unwrap()), Topic::online());
    let ada = || Person { id: "a1".parse().unwrap(), name: "ada".to_owned(), display_name: "Ada".to_owned() };
    let there = || PersonThere { person: ada() };
    let gone = || PersonGone { user_id: "a1".parse().unwrap() };
    let of_ada = r#"{"person":{"id":"a1","name":"ada","displayName":"Ada"}}"#;
    let state = PresenceState { people: vec![ada()], total: 31, typing: vec![ada()] };
    check(
        &ServerFrame::PresenceState(event.clone(), state),
        r#"{"type":"presence:state","topic":"event:e1","payload":{"people":[{"id":"a1","name":"ada","displayName":"Ada"}],"total":31,"typing":[{"id":"a1","name":"ada","displayName":"Ada"}]}}"#,
    );
    check(
        &ServerFrame::PresenceCount(
            event.clone(),
            PresenceCount { watchers: 2, subscriptions: 3, people: 1 },
        ),
        r#"{"type":"presence:count","topic":"event:e1","payload":{"watchers":2,"subscriptions":3,"people":1}}"#,
    );
    for (frame, type_name, topic, payload) in [
        (ServerFrame::PresenceJoin(event.clone(), there()), "presence:join", &event, of_ada),
        (ServerFrame::PresenceLeave(event.clone(), gone()), "presence:leave", &event, r#"{"userId":"a1"}"#),
        (ServerFrame::TypingStart(event.clone(), there()), "typing:start", &event, of_ada),
        (ServerFrame::TypingStop(event.clone(), gone()), "typing:stop", &event, r#"{"userId":"a1"}"#),
        (ServerFrame::UserOnline(online.clone(), there()), "user:online", &online, of_ada),
        (ServerFrame::UserOffline(online.clone(), gone()), "user:offline", &online, r#"{"userId":"a1"}"#),
    ] {
        check(&frame, &format!(r#"{{"type":"{type_name}","topic":"{topic}","payload":{payload}}}"#));
    }
}

#[test]
fn e3_client_frames() {
    let since = Some(Position { epoch: "k3".parse().unwrap(), offset: Offset(9) });
    for (frame, text) in [
        (
            ClientFrame::Subscribe(Subscribe {
                name: TopicName::EventId("e1".parse().unwrap()),
                since,
                presence: false,
                reference: Some(1),
            }),
            r#"{"type":"subscribe","payload":{"eventId":"e1","since":{"epoch":"k3","offset":9},"ref":1}}"#,
        ),
        (
            ClientFrame::Unsubscribe(TopicName::Topic("events".parse().unwrap())),
            r#"{"type":"unsubscribe","payload":{"topic":"events"}}"#,
        ),
        (
            ClientFrame::Subscribe(Subscribe {
                name: TopicName::Topic(Topic::online()),
                since: Some(Position::online()),
                presence: true,
                reference: None,
            }),
            r#"{"type":"subscribe","payload":{"topic":"online","since":{"epoch":"0","offset":0},"presence":true}}"#,
        ),
        (
            ClientFrame::Typing(Typing { name: TopicName::EventId("e1".parse().unwrap()), on: true }),
            r#"{"type":"typing","payload":{"eventId":"e1","on":true}}"#,
        ),
        (ClientFrame::Ping(Ping::default()), r#"{"type":"ping","payload":{}}"#),
    ] {
        assert_eq!(frame.encode().unwrap(), text);
        assert_eq!(ClientFrame::decode(text).unwrap(), frame);
    }
    assert_eq!(ClientFrame::decode(r#"{"type":"ping"}"#).unwrap(), ClientFrame::Ping(Ping::default()));
}

#[test]
fn v8_a_bad_client_frame_is_answered_with_its_code() {
    for (text, code) in [
        ("{", crate::ErrorCode::Malformed),
        (r#"{"type":"subscribe"}"#, crate::ErrorCode::Malformed),
        (r#"{"type":"subscribe","payload":{"topic":"no such kind"}}"#, crate::ErrorCode::Malformed),
        (r#"{"type":"shout","payload":{}}"#, crate::ErrorCode::UnknownType),
    ] {
        assert_eq!(ClientFrame::decode(text).unwrap_err().code, code, "{text}");
    }
}

#[test]
fn what_a_later_version_says_is_passed_over_without_a_hole() {
    assert_eq!(
        ServerFrame::decode(r#"{"type":"weather","payload":{"rain":true}}"#).unwrap(),
        ServerFrame::Unknown
    );
    let later = r#"{"type":"poll:new","topic":"event:e1","offset":7,"id":"p7","timestamp":"2026-11-21T20:14:05.123Z","payload":[1]}"#;
    let unread = OtherChange { type_name: "poll:new".into(), payload: "[1]".into() };
    let frame = ServerFrame::Publication(publication(Change::Other(unread)));
    assert_eq!(ServerFrame::decode(later).unwrap(), frame);
    // Whoever hands it on hands on what was written.
    assert_eq!(frame.encode().unwrap(), later);
}

#[test]
fn nonsense_is_an_error_and_not_a_panic() {
    for bad in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"type":5}"#,
        r#"{"type":"connected"}"#,
        r#"{"type":"media:new","topic":"event:e1","offset":1,"payload":{}}"#,
        r#"{"type":"batch","payload":{"from":1,"to":1,"publications":[]}}"#,
        r#"{"type":"event:status","topic":"nope","offset":1,"id":"p","timestamp":"x","payload":{}}"#,
    ] {
        assert!(ServerFrame::decode(bad).is_err(), "{bad} was taken");
    }
}

#[test]
fn a_poll_answers_with_the_same_frames() {
    let text = r#"{"frames":[{"type":"reconnect","payload":{"delayMs":1}},{"type":"weather"}]}"#;
    assert_eq!(
        decode_poll(text).unwrap(),
        [ServerFrame::Reconnect(Reconnect { delay_ms: 1 }), ServerFrame::Unknown]
    );
}
