//! Posts on their way: to timelines and to webhooks, through refusals, silence, restarts and kills.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shared::{
    EventId,
    model::post::{DeliveryState, Post, PostStatus},
};
use tempfile::TempDir;

use crate::{
    p1_posts::{next_step, server, shared_time},
    support::{Api, Process, Receiver, Server, Somebody, Transport, receiver::Reply, until},
};

/// A webhook of somebody's; its place as a destination, and its secret.
async fn webhook(owner: &Somebody, url: &str) -> (Value, String) {
    let made = owner.api.post("/api/webhooks", &json!({"url": url})).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let place = json!({"kind": "webhook", "webhookId": made.body["id"]});
    (place, made.body["secret"].as_str().unwrap().to_owned())
}

fn timeline(event: &EventId) -> Value {
    json!({"kind": "event", "eventId": event})
}

/// Publishes a post now and waits until it has arrived, or not.
async fn publish(owner: &Somebody, new: &Value) -> Post {
    let mut heard = owner.listen(Transport::WebSocket).await;
    let post = owner.draft(new).await;
    owner.act(&post, "publish", &json!({})).await;
    loop {
        let (step, post) = next_step(&mut heard).await;
        if matches!(step, "post:published" | "post:failed") {
            return post;
        }
    }
}

async fn texts(api: &Api, event: &EventId) -> Vec<String> {
    let answer = api.get(&format!("/api/events/{event}/media?limit=200")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let items = answer.body["items"].as_array().unwrap();
    items.iter().map(|item| item["text"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn p2_a_webhook_gets_the_post_signed() {
    let (server, receiver) = (server().await, Receiver::start(&[]).await);
    let ada = server.register("ada").await;
    let event = ada.own_event("private").await;
    let (place, secret) = webhook(&ada, &receiver.url).await;
    let post = publish(&ada, &json!({"text": "Lift-off!", "destinations": [timeline(&event), place]})).await;
    assert_eq!(post.status, PostStatus::Published, "{post:?}");
    assert!(post.published_at.is_some());
    let [delivery] = &receiver.deliveries()[..] else { panic!("{:?}", receiver.deliveries()) };
    assert!(delivery.is_signed_with(&secret));
    assert!(!delivery.is_signed_with("whsec_AAAA"));
    assert_eq!(delivery.id, format!("post-{}-{}", post.id, post.destinations[1].id));
    assert_eq!(
        delivery.body,
        json!({
            "type": "post.published",
            "timestamp": post.publish_at,
            "data": {"id": post.id, "author": ada.person, "kind": "text", "text": "Lift-off!"},
        })
    );
    assert_eq!(texts(&ada.api, &event).await, ["Lift-off!"]);
    let item = post.destinations[0].media_id.clone().unwrap();
    let item = ada.api.get(&format!("/api/events/{event}/media/{item}")).await.body;
    assert_eq!(item["key"], format!("post-{}-{}", post.id, post.destinations[0].id));
}

#[tokio::test]
async fn p2_a_scheduled_post_walks_through_its_statuses() {
    let server = server().await;
    let ada = server.register("ada").await;
    let event = ada.own_event("private").await;
    let mut heard = ada.listen(Transport::WebSocket).await;
    let post = ada.draft(&json!({"text": "soon", "destinations": [timeline(&event)]})).await;
    ada.act(&post, "schedule", &json!({"at": shared_time(1)})).await;
    let mut walked = Vec::new();
    while walked.last() != Some(&PostStatus::Published) {
        walked.push(next_step(&mut heard).await.1.status);
    }
    let steps = [PostStatus::Draft, PostStatus::Scheduled, PostStatus::Publishing, PostStatus::Published];
    assert_eq!(walked, steps);
    let done = ada.post_now(&post).await;
    assert!(done.published_at >= done.publish_at, "{done:?}");
}

#[tokio::test]
async fn p2_what_may_pass_is_tried_again_under_the_same_id() {
    let replies = [Reply::Status(500), Reply::Status(429)];
    let (server, receiver) = (server().await, Receiver::start(&replies).await);
    let ada = server.register("ada").await;
    let (place, secret) = webhook(&ada, &receiver.url).await;
    let post = publish(&ada, &json!({"text": "x", "destinations": [place]})).await;
    assert_eq!(post.status, PostStatus::Published);
    assert_eq!((post.destinations[0].attempts, &post.destinations[0].reason), (3, &None));
    let deliveries = receiver.deliveries();
    assert_eq!(deliveries.len(), 3);
    assert!(deliveries.iter().all(|delivery| delivery.is_signed_with(&secret)));
    assert!(
        deliveries
            .iter()
            .all(|delivery| (&delivery.id, &delivery.body) == (&deliveries[0].id, &deliveries[0].body))
    );
}

#[tokio::test]
async fn p2_after_the_last_try_it_has_failed_and_can_be_tried_again() {
    let replies = [Reply::Status(503); 3];
    let (server, receiver) = (server().await, Receiver::start(&replies).await);
    let ada = server.register("ada").await;
    let event = ada.own_event("private").await;
    let (place, _) = webhook(&ada, &receiver.url).await;
    let failed = publish(&ada, &json!({"text": "x", "destinations": [place, timeline(&event)]})).await;
    assert_eq!(failed.status, PostStatus::Failed);
    assert_eq!(failed.failure.as_deref(), Some("127.0.0.1: the receiver answered 503, 3 times"));
    let states = failed.destinations.iter().map(|destination| destination.state).collect::<Vec<_>>();
    assert_eq!(states, [DeliveryState::Failed, DeliveryState::Delivered]);
    // What has the post cannot be left out; what has it not can wait for a better text.
    let path = format!("/api/posts/{}", failed.id);
    let left_out = ada.api.patch(&path, &json!({"destinations": [], "version": failed.version})).await;
    assert_eq!(left_out.refusal(), (422, "invalid", "destinations"));
    assert_eq!(
        ada.api.post(&format!("{path}/publish"), &json!({})).await.refusal(),
        (409, "conflict", "status")
    );

    let mut heard = ada.listen(Transport::WebSocket).await;
    ada.act(&failed, "retry", &json!({})).await;
    assert_eq!(next_step(&mut heard).await.0, "post:publishing");
    let (step, done) = next_step(&mut heard).await;
    assert_eq!((step, done.failure), ("post:published", None));
    assert_eq!(texts(&ada.api, &event).await, ["x"], "it was there already");
    assert_eq!(receiver.counts().into_values().collect::<Vec<_>>(), [4]);
}

#[tokio::test]
async fn p2_a_refusal_is_not_tried_again_and_no_redirect_is_followed() {
    for (status, said) in [(400, "400"), (410, "410"), (302, "302"), (307, "307")] {
        let (server, receiver) = (server().await, Receiver::start(&[Reply::Status(status)]).await);
        let ada = server.register("ada").await;
        let (place, _) = webhook(&ada, &receiver.url).await;
        let post = publish(&ada, &json!({"text": "x", "destinations": [place]})).await;
        assert_eq!(post.failure, Some(format!("127.0.0.1: the receiver answered {said}")));
        assert_eq!((post.status, receiver.deliveries().len()), (PostStatus::Failed, 1));
    }
}

#[tokio::test]
async fn p2_silence_ends_and_what_is_not_there_fails() {
    let flags = ["--webhook-allow-private", "--webhook-retry-ms", "20", "--webhook-attempts", "5"];
    let server = Server::with(&[&flags[..], &["--webhook-timeout-ms", "300"]].concat()).await;
    let ada = server.register("ada").await;
    let silent = Receiver::start(&[Reply::Silence]).await;
    let (place, _) = webhook(&ada, &silent.url).await;
    let post = publish(&ada, &json!({"text": "x", "destinations": [place]})).await;
    assert_eq!(post.status, PostStatus::Published, "{post:?}");
    assert!(post.destinations[0].attempts >= 2, "{post:?}");

    let gone = Receiver::start(&[]).await.url.clone();
    let (place, _) = webhook(&ada, &gone).await;
    let post = publish(&ada, &json!({"text": "x", "destinations": [place]})).await;
    assert_eq!(post.failure.as_deref(), Some("127.0.0.1: the receiver cannot be reached, 5 times"));
}

#[tokio::test]
async fn p2_private_addresses_are_not_sent_to() {
    let (server, receiver) = (Server::start().await, Receiver::start(&[]).await);
    let ada = server.register("ada").await;
    let by_name = receiver.url.replace("127.0.0.1", "localhost");
    for url in [&receiver.url, &by_name] {
        let (place, _) = webhook(&ada, url).await;
        let post = publish(&ada, &json!({"text": "x", "destinations": [place]})).await;
        let reason = post.failure.unwrap();
        assert!(reason.ends_with("the address is not a public one"), "{reason}");
    }
    assert_eq!(receiver.deliveries(), []);
}

#[tokio::test]
async fn p2_the_owners_rights_at_the_moment_decide() {
    let server = server().await;
    let (ada, ben) = (server.register("ada").await, server.register("ben").await);
    // Readable, and not hers to post on.
    let event = ben.own_event("unlisted").await;
    let post = publish(&ada, &json!({"text": "x", "destinations": [timeline(&event)]})).await;
    assert_eq!(post.failure.as_deref(), Some("the owner may not post there"));
    assert_eq!(texts(&ben.api, &event).await, [] as [&str; 0]);
}

#[tokio::test]
async fn p2_a_webhook_that_was_removed_fails() {
    let (server, receiver) = (server().await, Receiver::start(&[]).await);
    let ada = server.register("ada").await;
    let (place, _) = webhook(&ada, &receiver.url).await;
    let mut heard = ada.listen(Transport::WebSocket).await;
    let post = ada.draft(&json!({"text": "x", "destinations": [place]})).await;
    let id = place["webhookId"].as_str().unwrap();
    assert_eq!(ada.api.delete(&format!("/api/webhooks/{id}")).await.status, 204);
    ada.act(&post, "publish", &json!({})).await;
    let failed = loop {
        let (step, post) = next_step(&mut heard).await;
        if step == "post:failed" {
            break post;
        }
    };
    assert_eq!(failed.failure.as_deref(), Some("127.0.0.1: the webhook was removed"));
    assert_eq!(receiver.deliveries(), []);
}

#[tokio::test]
async fn p2_a_post_that_is_deleted_on_its_way_stops() {
    let replies = [Reply::Status(500); 100];
    let server = Server::with(&["--webhook-allow-private", "--webhook-retry-ms", "600000"]).await;
    let receiver = Receiver::start(&replies).await;
    let ada = server.register("ada").await;
    let (place, _) = webhook(&ada, &receiver.url).await;
    let post = ada.draft(&json!({"text": "x", "destinations": [place]})).await;
    ada.act(&post, "publish", &json!({})).await;
    receiver.until(1).await;
    let tried = async || ada.post_now(&post).await.destinations[0].next_attempt_at.is_some();
    until("the first try is noted", tried).await;
    assert_eq!(ada.api.delete(&format!("/api/posts/{}", post.id)).await.status, 204);
    assert_eq!(ada.api.get(&format!("/api/posts/{}", post.id)).await.status, 404);
    assert_eq!(receiver.deliveries().len(), 1);
}

/// Somebody, at the server that took the place of the one they signed in to.
fn at(process: &Process, somebody: &Somebody) -> Somebody {
    Somebody { api: process.api.showing("cookie", &somebody.cookie), ..somebody.clone() }
}

const FLAGS: [&str; 3] = ["--webhook-allow-private", "--webhook-retry-ms", "50"];

/// The receiver has it and says nothing; the server is killed before it could note anything. The next server
/// sends it again under the same id, and notes it once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p2_killed_between_published_and_recorded_it_arrives_once() {
    let dir = TempDir::new().unwrap();
    let receiver = Receiver::start(&[Reply::Silence]).await;
    let mut process = Process::start(dir.path(), &FLAGS);
    let ada = process.register("ada").await;
    let event = ada.own_event("private").await;
    let (place, secret) = webhook(&ada, &receiver.url).await;
    let post = ada.draft(&json!({"text": "once", "destinations": [place, timeline(&event)]})).await;
    ada.act(&post, "publish", &json!({})).await;
    receiver.until(1).await;
    until("the timeline has it", async || texts(&ada.api, &event).await == ["once"]).await;
    process.kill();

    let process = Process::start(dir.path(), &FLAGS);
    let ada = at(&process, &ada);
    let deliveries = receiver.until(2).await;
    until("it is published", async || ada.post_now(&post).await.status == PostStatus::Published).await;
    assert_eq!(deliveries[0].id, deliveries[1].id, "the receiver can tell that it is the same");
    assert_eq!(deliveries[0].body, deliveries[1].body);
    assert!(deliveries.iter().all(|delivery| delivery.is_signed_with(&secret)));
    assert_eq!(receiver.counts().len(), 1);
    assert_eq!(texts(&ada.api, &event).await, ["once"]);
}

/// Kills at every moment: before a post is due, while it is on its way, after. Each arrives, once by its id.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p2_no_kill_loses_a_post_or_doubles_it() {
    const POSTS: usize = 12;
    let dir = TempDir::new().unwrap();
    let receiver = Receiver::start(&[Reply::Silence, Reply::Status(500), Reply::Silence]).await;
    let mut process = Process::start(dir.path(), &FLAGS);
    let mut ada = process.register("ada").await;
    let event = ada.own_event("private").await;
    let (place, _) = webhook(&ada, &receiver.url).await;
    let mut posts = Vec::new();
    for number in 0..POSTS {
        let text = format!("post {number}");
        let new = json!({"text": text, "destinations": [timeline(&event), place]});
        let post = ada.draft(&new).await;
        let at = server::time::timestamp(server::time::unix_ms() + 400 + 60 * number as i64);
        ada.act(&post, "schedule", &json!({"at": at})).await;
        posts.push((post, text));
    }
    for arrived in [1, 3, 6] {
        receiver.until(arrived).await;
        process.kill();
        process = Process::start(dir.path(), &FLAGS);
        ada = at(&process, &ada);
    }
    for (post, text) in &posts {
        until(text, async || ada.post_now(post).await.status == PostStatus::Published).await;
    }
    let mut shown = texts(&ada.api, &event).await;
    shown.sort();
    let mut expected: Vec<_> = posts.iter().map(|(_, text)| text.clone()).collect();
    expected.sort();
    assert_eq!(shown, expected, "each once on the timeline");
    let mut received = BTreeMap::new();
    for delivery in receiver.deliveries() {
        let text = delivery.body["data"]["text"].as_str().unwrap().to_owned();
        assert_eq!(*received.entry(delivery.id.clone()).or_insert(text.clone()), text);
    }
    let mut received: Vec<_> = received.into_values().collect();
    received.sort();
    assert_eq!(received, expected, "each under one id at the receiver");
}
