//! Server-sent events: a stream of the same frames that a browser resumes by itself.

use serde_json::json;
use shared::{ServerFrame, Topic};

use crate::support::{Follower, Server, follower::From};

#[tokio::test]
async fn e8_last_event_id_resumes_every_topic_of_a_stream() {
    let server = Server::start().await;
    let (one, two) = (server.event().await, server.event().await);
    let (first, second) = (Topic::event(&one.id), Topic::event(&two.id));
    let path = format!("/api/sse?from={first}&from={second}");
    let mut follower = Follower::stream(&server, &path, None).await;
    assert!(matches!(follower.next_frame().await, ServerFrame::Connected(_)));
    follower.next_subscribed().await;
    follower.next_subscribed().await;
    server.say_many(&one, 2, "x").await;
    follower.read_to(&first, 2).await;
    let id = follower.last_event_id().to_owned();
    drop(follower);

    server.say_many(&one, 3, "missed").await;
    server.say_many(&two, 4, "missed").await;
    // A browser sends the address it knows, with its old positions, and the id it saw last.
    let mut follower = Follower::stream(&server, &path, Some(&id)).await;
    let (_, subscribed) = follower.next_subscribed().await;
    assert!(subscribed.recovered && subscribed.offset.0 == 2);
    assert!(follower.next_subscribed().await.1.recovered);
    follower.read_to(&first, 5).await;
    follower.read_to(&second, 4).await;
    assert_eq!(follower.covered, 7);
}

#[tokio::test]
async fn e8_last_event_id_wins_over_since_on_an_events_own_stream() {
    let server = Server::start().await;
    let event = server.event().await;
    let topic = Topic::event(&event.id);
    server.say_many(&event, 4, "x").await;
    let epoch = server.cursor(&event).await.0.epoch;
    let path = format!("/api/events/{}/stream?since={epoch}.1", event.id);
    for (id, offset) in [(None, 1), (Some(format!("{topic}@{epoch}.3")), 3)] {
        let mut follower = Follower::stream(&server, &path, id.as_deref()).await;
        let (_, subscribed) = follower.next_subscribed().await;
        assert_eq!((subscribed.recovered, subscribed.offset.0), (true, offset));
        assert_eq!(follower.read_to(&topic, 4).await.len() as u64, 4 - offset);
    }
}

#[tokio::test]
async fn e12_the_id_of_a_batch_is_its_end() {
    let server = Server::with(&["--window-event-ms", "500"]).await;
    let event = server.event().await;
    let topic = Topic::event(&event.id);
    let mut follower = Follower::stream(&server, &format!("/api/sse?from={topic}"), None).await;
    follower.next_subscribed().await;
    server.say(&event, "first").await;
    server.say_many(&event, 9, "rest").await;
    follower.read_to(&topic, 10).await;
    assert!(follower.last_event_id().ends_with(".10"), "{}", follower.last_event_id());
}

#[tokio::test]
async fn a_stream_of_nothing_is_a_plain_answer_that_a_browser_does_not_repeat() {
    let server = Server::start().await;
    for (path, refusal) in [
        ("/api/sse", (422, "invalid", "from")),
        ("/api/sse?from=nothing:1", (404, "unknownTopic", "")),
        ("/api/sse?from=event:nobody", (404, "unknownTopic", "")),
        ("/api/sse?from=events@x", (422, "invalid", "from")),
        ("/api/events/nobody/stream", (404, "unknownTopic", "")),
        ("/api/events/no%20id/stream", (404, "notFound", "")),
        ("/api/events/nobody/stream?since=x", (400, "malformed", "")),
    ] {
        assert_eq!(server.get(path).await.refusal(), refusal, "{path}");
    }
    assert_eq!(server.get_with("/api/sse?from=events", &[("last-event-id", "events@y")]).await.status, 422);
    assert_eq!(server.app.sessions.count(), 0);
    assert_eq!(server.app.connections.total(), 0);
}

#[tokio::test]
async fn e10_a_quiet_stream_carries_comments_so_that_the_dead_are_found() {
    let server = Server::with(&["--heartbeat-interval-ms", "50"]).await;
    let event = server.event().await;
    let mut response =
        server.http.get(server.url(&format!("/api/events/{}/stream", event.id))).send().await.unwrap();
    let mut text = String::new();
    let comments = async {
        while !text.ends_with(":\n\n:\n\n:\n\n") {
            text.push_str(
                std::str::from_utf8(&response.chunk().await.unwrap().expect("it goes on")).unwrap(),
            );
        }
    };
    crate::support::within("three heartbeats", comments).await;
    assert!(text.starts_with("retry: 1000\n\n"), "{text}");
}

#[tokio::test]
async fn a_topic_named_twice_is_one_subscription() {
    let server = Server::start().await;
    let event = server.event().await;
    let topic = Topic::event(&event.id);
    let from: [From; 2] = [(topic.clone(), None), (topic.clone(), None)];
    let mut follower = Follower::follow(&server, crate::support::Transport::Sse, &from, "w").await;
    follower.next_subscribed().await;
    follower.next_subscribed().await;
    assert_eq!(server.stats(&event).await.subscriptions, 1);
    server.patch(&format!("/api/events/{}", event.id), &json!({"status": "completed"})).await;
    follower.read_to(&topic, 1).await;
}
