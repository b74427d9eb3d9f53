//! Sent twice, stored once (M4's ground): idempotency keys.

use serde_json::{Value, json};
use server::{
    store::{WorkError, idempotency},
    time::unix_ms,
};

use crate::support::{Server, until, within};

#[tokio::test]
async fn the_same_request_again_is_answered_and_not_done_again() {
    let server = Server::start().await;
    let event = server.event().await;
    let path = format!("/api/events/{}/media", event.id);
    let item = json!({"author": "Ada", "text": "once", "key": "k"});
    let first = server.post(&path, &item).await;
    let again = server.post(&path, &item).await;
    assert_eq!((first.status, again.status, &first.body), (201, 200, &again.body));
    // The header is another place for the same key.
    let by_header =
        server.post_with(&path, &[("idempotency-key", "k")], &json!({"author": "Ada", "text": "once"})).await;
    assert_eq!((by_header.status, &by_header.body), (200, &first.body));
    for other in [
        json!({"author": "Ada", "text": "twice", "key": "k"}),
        json!({"author": "Eve", "text": "once", "key": "k"}),
    ] {
        assert_eq!(server.post(&path, &other).await.refusal(), (409, "keyReused", ""), "{other}");
    }
    let elsewhere = server.event().await;
    let other = server.post(&format!("/api/events/{}/media", elsewhere.id), &item).await;
    assert_eq!(other.refusal(), (409, "keyReused", ""), "another event is another request");
    assert_eq!(server.timeline(&event).await.len(), 1);
    let bad = server.post_with(&path, &[("idempotency-key", "a b")], &item).await;
    assert_eq!(bad.refusal(), (422, "invalid", "Idempotency-Key"));
}

#[tokio::test]
async fn an_event_is_created_once() {
    let server = Server::start().await;
    let create = async |title: &str| {
        server.post_with("/api/events", &[("idempotency-key", "e")], &json!({"title": title})).await
    };
    let first = create("x").await;
    let again = create("x").await;
    assert_eq!((first.status, again.status, &again.body), (201, 200, &first.body));
    assert_eq!(create("y").await.refusal(), (409, "keyReused", ""));
    assert_eq!(server.get("/api/events").await.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_refused_request_does_not_use_its_key_up() {
    let server = Server::start().await;
    let event = server.event().await;
    let path = format!("/api/events/{}/media", event.id);
    assert_eq!(server.post(&path, &json!({"author": "", "text": "x", "key": "k"})).await.status, 422);
    assert_eq!(server.post(&path, &json!({"author": "Ada", "text": "x", "key": "k"})).await.status, 201);
}

#[tokio::test]
async fn an_array_may_hold_items_that_are_stored_already() {
    let server = Server::start().await;
    let event = server.event().await;
    let path = format!("/api/events/{}/media", event.id);
    let item = |n: u32| json!({"author": "Ada", "text": n.to_string(), "key": format!("k{n}")});
    let first = server.post(&path, &json!([item(1), item(2)])).await;
    let more = server.post(&path, &json!([item(2), item(3), item(1)])).await;
    assert_eq!(more.status, 201);
    assert_eq!((&more.body[0], &more.body[2]), (&first.body[1], &first.body[0]));
    assert_eq!(server.post(&path, &json!([item(3), item(2)])).await.status, 200);
    let mut reused = item(4);
    reused["key"] = json!("k1");
    assert_eq!(server.post(&path, &json!([item(5), reused])).await.refusal(), (409, "keyReused", ""));
    assert_eq!(server.timeline(&event).await.len(), 3);
}

#[tokio::test]
async fn many_at_once_with_one_key_make_one_item() {
    let server = Server::start().await;
    let event = server.event().await;
    let mut sent = Vec::new();
    for _ in 0..20 {
        let (api, path) = (server.api.clone(), format!("/api/events/{}/media", event.id));
        sent.push(tokio::spawn(async move {
            api.post(&path, &json!({"author": "Ada", "text": "once", "key": "k"})).await
        }));
    }
    let mut statuses = Vec::new();
    let mut bodies: Vec<Value> = Vec::new();
    for answer in sent {
        let answer = within("an answer", answer).await.unwrap();
        statuses.push(answer.status);
        bodies.push(answer.body);
    }
    statuses.sort_unstable();
    assert_eq!((statuses[19], &statuses[..19]), (201, &[200; 19][..]));
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    assert_eq!(server.timeline(&event).await.len(), 1);
}

#[tokio::test]
async fn m4_a_key_is_kept_for_as_long_as_a_phone_may_keep_what_it_has_not_sent() {
    let server = Server::with(&["--retain-every-s", "1"]).await;
    let event = server.event().await;
    let path = format!("/api/events/{}/media", event.id);
    let item = |key: &str| json!({"author": "Ada", "text": "once", "key": key});
    let (young, old) = (server.post(&path, &item("young")).await, server.post(&path, &item("old")).await);
    assert_eq!((young.status, old.status), (201, 201));
    // As if one had been sent almost thirty days ago, and the other a little more.
    let age = async |key: &'static str, days: i64, minutes: i64| {
        let at = unix_ms() - (days * 24 * 60 + minutes) * 60_000;
        let aged = server.app.store.write(async move |tx| {
            let values = [at.into(), key.into()];
            Ok::<_, WorkError<()>>(
                tx.execute("update idempotency set at = $1 where key = $2", &values).await?,
            )
        });
        assert_eq!(aged.await.expect("a store").expect("it is done"), 1);
    };
    age("young", 30, -60).await;
    age("old", 30, 60).await;
    let known = async |key: &'static str| {
        let read = server
            .app
            .store
            .read(async move |tx| idempotency::find(tx, "visitor", &key.parse().expect("a key")).await);
        read.await.expect("a store").is_some()
    };
    until("the old key is forgotten", async || !known("old").await).await;
    let again = server.post(&path, &item("young")).await;
    assert_eq!((again.status, &again.body), (200, &young.body));
    let mut other = item("young");
    other["text"] = json!("something else");
    assert_eq!(server.post(&path, &other).await.refusal(), (409, "keyReused", ""));
    assert_eq!(server.timeline(&event).await.len(), 2);
}

#[tokio::test]
async fn m4_a_key_belongs_to_its_author() {
    let server = Server::start().await;
    let event = server.event().await;
    let path = format!("/api/events/{}/media", event.id);
    let ada = server.register("ada").await;
    let item = json!({"author": "Ada", "text": "mine", "key": "k"});
    let visitor = server.post(&path, &item).await;
    let account = ada.post(&path, &item).await;
    assert_eq!((visitor.status, account.status), (201, 201), "two authors, two items");
    assert_ne!(visitor.body["id"], account.body["id"]);
    assert_eq!(ada.post(&path, &item).await.status, 200);
    assert_eq!(server.timeline(&event).await.len(), 2);
}
