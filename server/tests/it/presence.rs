//! How many watch (E6), and that leaving is leaving (E7).

use futures_util::SinkExt as _;
use serde_json::json;
use shared::{ServerFrame, Topic};
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{BOUND, Follower, Server, Transport, until, within};

#[tokio::test]
async fn e6_the_count_follows_who_comes_and_goes_on_every_transport() {
    let server = Server::start().await;
    let event = server.event().await;
    let topic = Topic::event(&event.id);
    let from = [(topic.clone(), None)];
    for transport in [Transport::WebSocket, Transport::Sse] {
        let mut watching = Follower::follow(&server, transport, &from, "anna").await;
        assert_eq!(next_count(&mut watching).await, (1, 1), "{transport:?}");
        // The same browser again: a subscription more, and nobody more.
        let again = Follower::follow(&server, Transport::WebSocket, &from, "anna").await;
        assert_eq!(next_count(&mut watching).await, (1, 2), "{transport:?}");
        let other = Follower::follow(&server, Transport::Sse, &from, "ben").await;
        assert_eq!(next_count(&mut watching).await, (2, 3), "{transport:?}");
        drop((again, other));
        // At most one a second: what is told last is how it is.
        while next_count(&mut watching).await != (1, 1) {}
        drop(watching);
        server.until_stats(&event, 0, 0).await;
    }
}

async fn next_count(follower: &mut Follower) -> (u64, u64) {
    loop {
        if let ServerFrame::PresenceCount(_, count) = follower.next_frame().await {
            return (count.watchers, count.subscriptions);
        }
    }
}

#[tokio::test]
async fn e6_a_poll_tells_the_count_as_well() {
    let server = Server::start().await;
    let event = server.event().await;
    let _watching =
        Follower::follow(&server, Transport::WebSocket, &[(Topic::event(&event.id), None)], "anna").await;
    server.until_stats(&event, 1, 1).await;
    let told = async || {
        let answer = server.get(&format!("/api/events/{}/updates?watcher=ben", event.id)).await;
        let frames = answer.body["frames"].as_array().unwrap().clone();
        frames.into_iter().any(|frame| {
            frame["type"] == "presence:count"
                && frame["payload"] == json!({"watchers": 2, "subscriptions": 2})
        })
    };
    until("the count of two", told).await;
}

#[tokio::test]
async fn e6_a_poller_counts_between_its_polls() {
    let server = Server::start().await;
    let event = server.event().await;
    let path = format!("/api/events/{}/updates?watcher=anna", event.id);
    let cursor = server.cursor(&event).await;
    for _ in 0..3 {
        assert_eq!(server.get(&path).await.status, 200);
        assert_eq!(server.stats(&event).await.watchers, 1, "it comes back at its interval");
    }
    // A poll that was held for longer than a poller may be away, and answered for lack of news, leaves its
    // watcher there as well.
    assert_eq!(server.get(&format!("{path}&since={cursor}&wait=6")).await.status, 200);
    let stats = server.stats(&event).await;
    assert_eq!(
        (stats.watchers, stats.subscriptions),
        (1, 1),
        "a held poll that ran out is between two polls"
    );
}

#[tokio::test]
async fn e7_leaving_a_page_unsubscribes_at_once() {
    let server = Server::start().await;
    let event = server.event().await;
    let from = [(Topic::event(&event.id), None)];

    // A browser says goodbye.
    let mut follower = Follower::follow(&server, Transport::WebSocket, &from, "a").await;
    server.until_stats(&event, 1, 1).await;
    follower.web_socket().send(Message::Close(None)).await.unwrap();
    follower.read_to_close().await;
    server.until_stats(&event, 0, 0).await;

    // One that crashes does not: its kernel resets the connection.
    let follower = Follower::follow(&server, Transport::WebSocket, &from, "a").await;
    server.until_stats(&event, 1, 1).await;
    drop(follower);
    server.until_stats(&event, 0, 0).await;

    // A stream whose body is let go.
    let mut follower = Follower::follow(&server, Transport::Sse, &from, "a").await;
    follower.next_subscribed().await;
    server.until_stats(&event, 1, 1).await;
    drop(follower);
    server.until_stats(&event, 0, 0).await;

    // A long poll that is aborted.
    let cursor = server.cursor(&event).await;
    let path = format!("/api/events/{}/updates?since={cursor}&wait=50&watcher=a", event.id);
    let api = server.api.clone();
    let held = tokio::spawn(async move { api.get(&path).await.status });
    server.until_stats(&event, 1, 1).await;
    held.abort();
    server.until_stats(&event, 0, 0).await;
    until("the connections are gone", async || server.app.connections.total() == 0).await;
    until("the sessions are gone", async || server.app.sessions.count() == 0).await;
}

#[tokio::test]
async fn e7_an_unsubscribed_topic_is_quiet() {
    let server = Server::start().await;
    let (left, kept) = (server.event().await, server.event().await);
    let mut follower = Follower::socket(&server, "/ws?watcher=a").await;
    for event in [&left, &kept] {
        follower.send(&json!({"type": "subscribe", "payload": {"eventId": event.id}}).to_string()).await;
        follower.next_subscribed().await;
    }
    follower.send(&json!({"type": "unsubscribe", "payload": {"eventId": left.id}}).to_string()).await;
    let ServerFrame::Unsubscribed(topic, why) = follower.next_news().await else { panic!("no answer") };
    assert_eq!((topic, why.code), (Topic::event(&left.id), None));
    assert_eq!(server.stats(&left).await.subscriptions, 0);
    server.say(&left, "unheard").await;
    let heard = server.say(&kept, "heard").await;
    let publication = follower.next_publication().await;
    assert_eq!(publication.topic, Topic::event(&heard.event_id));
}

#[tokio::test]
async fn e7_a_connection_that_goes_in_the_middle_of_a_frame_leaves_no_trace() {
    let server = Server::start().await;
    let event = server.event().await;
    let path = format!("/api/ws/events/{}", event.id);
    let mut socket = crate::support::RawSocket::connect(server.address, &path, &[]).await;
    socket.next_of("subscribed").await;
    let whole = crate::support::raw::masked(crate::support::raw::TEXT, &[b' '; 2000]);
    socket.send_bytes(&whole[..1000]).await;
    server.until_stats(&event, 1, 1).await;
    socket.stream.shutdown().await.unwrap();
    within("the end of the session", server.until_stats(&event, 0, 0)).await;
    assert!(BOUND.as_secs() < 60, "well before the heartbeat would have noticed");
}
