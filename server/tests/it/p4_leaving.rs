//! Who goes for good while no connection of theirs is open (P4): they are not named until a poll is overdue.

use serde_json::json;
use shared::{Topic, model::event::Event};

use crate::support::{Server, Somebody};

/// A poll that is answered at once; until the next the watcher is there.
async fn poll(who: &Somebody, topic: &Topic) {
    let answer = who.get(&format!("/api/poll?from={topic}&watcher=w&presence=true")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

fn there(server: &Server, topic: &Topic) -> u64 {
    server.app.hub.count(topic).people
}

#[tokio::test]
async fn p4_who_signs_out_between_two_polls_is_gone() {
    let server = Server::start().await;
    let topic = Topic::event(&server.event().await.id);
    let (ada, bob) = (server.register("ada").await, server.register("bob").await);
    poll(&ada, &topic).await;
    poll(&bob, &topic).await;
    assert_eq!((there(&server, &topic), there(&server, &Topic::online())), (2, 2));
    assert_eq!(ada.delete("/api/session").await.status, 204);
    assert_eq!((there(&server, &topic), there(&server, &Topic::online())), (1, 1));
    assert_eq!(bob.delete("/api/account/sessions").await.status, 204);
    assert_eq!((there(&server, &topic), there(&server, &Topic::online())), (0, 0));
}

#[tokio::test]
async fn p4_who_is_removed_between_two_polls_is_gone() {
    let server = Server::start().await;
    let (ada, bob) = (server.register("ada").await, server.register("bob").await);
    let body = json!({"title": "A wedding", "visibility": "private"});
    let event: Event = ada.post("/api/events", &body).await.read();
    let member = format!("/api/events/{}/members/bob", event.id);
    let request = ada.request(reqwest::Method::PUT, &member).json(&json!({"role": "viewer"}));
    assert_eq!(ada.send(request).await.status, 200);
    let topic = Topic::event(&event.id);
    poll(&bob, &topic).await;
    assert_eq!(there(&server, &topic), 1);
    assert_eq!(ada.delete(&member).await.status, 204);
    assert_eq!(
        (there(&server, &topic), there(&server, &Topic::online())),
        (0, 1),
        "there no more, and online"
    );
}
