//! Notifications (P3): who hears of what, once, and where it is read.

use reqwest::Method;
use serde_json::{Value, json};
use shared::model::{
    comment::Comment,
    event::Event,
    media::Media,
    notification::{Notification, NotificationChange, NotificationKind, Notifications},
};

use crate::support::{Answer, Api, Follower, PASSWORD, Server, Somebody, Transport};

fn path(item: &Media) -> String {
    format!("/api/events/{}/media/{}", item.event_id, item.id)
}

async fn comment(by: &Api, item: &Media, text: &str) -> Comment {
    let answer = by.post(&format!("{}/comments", path(item)), &json!({"text": text})).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.read()
}

async fn put(by: &Api, path: &str, body: &Value) -> Answer {
    by.send(by.request(Method::PUT, path).json(body)).await
}

async fn like(by: &Api, item: &Media) {
    assert_eq!(put(by, &format!("{}/like", path(item)), &Value::Null).await.status, 200);
}

async fn unlike(by: &Api, item: &Media) {
    assert_eq!(by.delete(&format!("{}/like", path(item))).await.status, 200);
}

async fn list(by: &Api) -> Notifications {
    let answer = by.get("/api/notifications").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.read()
}

/// What somebody has been told, newest first: the kind, how many, by whom.
async fn told(by: &Api) -> Vec<(NotificationKind, u64, String)> {
    let name = |n: &Notification| n.by.as_ref().map(|by| by.name.clone()).unwrap_or_default();
    list(by).await.page.items.iter().map(|n| (n.kind, n.count, name(n))).collect()
}

fn one(kind: NotificationKind, count: u64, by: &str) -> Vec<(NotificationKind, u64, String)> {
    vec![(kind, count, by.to_owned())]
}

async fn read_all(by: &Api) {
    assert_eq!(by.post("/api/notifications/read", &Value::Null).await.body, json!({"unread": 0}));
}

async fn scene(server: &Server) -> (Somebody, Somebody, Somebody, Event, Media) {
    let (ada, bob) = (server.register("ada").await, server.register("bob").await);
    let eve = server.register("eve").await;
    let event = ada.event().await;
    let item = ada.say(&event, "the rocket").await;
    (ada, bob, eve, event, item)
}

use NotificationKind::{Comment as Commented, Like, Mention, Milestone, Warning};

#[tokio::test]
async fn p3_a_mention_is_told_to_who_is_mentioned() {
    let server = Server::start().await;
    let (ada, bob, eve, event, item) = scene(&server).await;
    let mut follower = Follower::on(&bob, Transport::WebSocket, &bob.topic(), None).await;
    follower.next_subscribed().await;
    let said = ada.say(&event, "See this, @Bob and @nobody; mail eve@example.org").await;
    let heard = follower.next_publication().await.change.read::<NotificationChange>();
    let Some(NotificationChange::New(new)) = heard else { panic!("{heard:?}") };
    assert_eq!((new.notification.kind, new.unread), (Mention, 1));
    assert_eq!(new.notification.by.as_ref(), Some(&ada.person));
    assert_eq!(
        (new.notification.media_id, new.notification.event_id),
        (Some(said.id.clone()), Some(event.id))
    );

    comment(&ada, &item, "@bob?").await;
    assert_eq!(told(&bob).await, [one(Mention, 1, "ada"), one(Mention, 1, "ada")].concat());
    assert_eq!(told(&eve).await, []);
    // Whoever was mentioned already hears nothing of a change that mentions another.
    ada.patch(&path(&said), &json!({"text": "See this, @bob and @eve"})).await;
    assert_eq!((told(&bob).await.len(), told(&eve).await), (2, one(Mention, 1, "ada")));
}

#[tokio::test]
async fn p3_nobody_is_told_of_what_they_did_themselves() {
    let server = Server::start().await;
    let (ada, _, _, event, item) = scene(&server).await;
    ada.say(&event, "me, @ada").await;
    comment(&ada, &item, "me again, @ada").await;
    like(&ada, &item).await;
    assert_eq!(told(&ada).await, []);
    let visitors = server.event().await;
    server.say(&visitors, "@ada, says somebody").await;
    assert_eq!(told(&ada).await, [], "a visitor could be anybody, and mentions nobody");
}

#[tokio::test]
async fn p3_who_may_not_read_it_is_not_told() {
    let server = Server::start().await;
    let (ada, bob, eve, ..) = scene(&server).await;
    let hidden: Event =
        ada.post("/api/events", &json!({"title": "A wedding", "visibility": "private"})).await.read();
    put(&ada, &format!("/api/events/{}/members/bob", hidden.id), &json!({"role": "viewer"})).await;
    let item = ada.say(&hidden, "the dress, @bob and @eve").await;
    comment(&bob, &item, "@eve should see it").await;
    assert_eq!((told(&bob).await.len(), told(&eve).await), (1, vec![]));
    assert_eq!(told(&ada).await, one(Commented, 1, "bob"));

    // Who is taken out finds nothing of it any more, and who is not in when it becomes private.
    let mut follower = Follower::on(&bob, Transport::WebSocket, &bob.topic(), None).await;
    follower.next_subscribed().await;
    assert_eq!(ada.delete(&format!("/api/events/{}/members/bob", hidden.id)).await.status, 204);
    let heard = follower.next_publication().await.change.read::<NotificationChange>();
    let Some(NotificationChange::Delete(gone)) = heard else { panic!("{heard:?}") };
    assert_eq!((gone.unread, told(&bob).await), (0, vec![]));
    let log = bob.get(&format!("/api/poll?from={}", bob.topic())).await;
    assert!(!log.body.to_string().contains("the dress"), "{}", log.body);
    let open = ada.event().await;
    ada.say(&open, "@eve").await;
    assert_eq!(told(&eve).await.len(), 1);
    ada.patch(&format!("/api/events/{}", open.id), &json!({"visibility": "private"})).await;
    assert_eq!(told(&eve).await, []);
}

#[tokio::test]
async fn p3_comments_are_told_in_one_notification_until_it_is_read() {
    let server = Server::start().await;
    let (ada, bob, eve, _, item) = scene(&server).await;
    let mut follower = Follower::on(&ada, Transport::WebSocket, &ada.topic(), None).await;
    follower.next_subscribed().await;
    comment(&bob, &item, "one").await;
    comment(&eve, &item, "two").await;
    let kinds = [follower.next_publication().await, follower.next_publication().await]
        .map(|publication| publication.change.read::<NotificationChange>());
    let [Some(NotificationChange::New(first)), Some(NotificationChange::Update(second))] = kinds else {
        panic!("{kinds:?}")
    };
    assert_eq!(first.notification.id, second.notification.id);
    assert_eq!((second.notification.count, second.unread, &*second.notification.text), (2, 1, "two"));
    read_all(&ada).await;
    comment(&bob, &item, "three").await;
    assert_eq!(told(&ada).await, [one(Commented, 1, "bob"), one(Commented, 2, "eve")].concat());
    // Who is mentioned in a comment on what they posted hears of it once.
    comment(&eve, &item, "four, @ada").await;
    assert_eq!(told(&ada).await[0], (Mention, 1, "eve".to_owned()));
    assert_eq!(told(&ada).await[1], (Commented, 1, "bob".to_owned()));
}

#[tokio::test]
async fn p3_a_deleted_comment_is_no_longer_told_of() {
    let server = Server::start().await;
    let (ada, bob, eve, _, item) = scene(&server).await;
    let first = comment(&bob, &item, "one").await;
    let second = comment(&eve, &item, "two, @bob").await;
    let of = |comment: &Comment| format!("{}/comments/{}", path(&item), comment.id);
    assert_eq!(eve.delete(&of(&second)).await.status, 204);
    assert_eq!((told(&ada).await, told(&bob).await), (one(Commented, 1, "bob"), vec![]));
    assert_eq!(list(&ada).await.page.items[0].text, "one");
    assert_eq!(bob.delete(&of(&first)).await.status, 204);
    assert_eq!((told(&ada).await, list(&ada).await.unread), (vec![], 0));
}

#[tokio::test]
async fn p3_a_burst_of_likes_is_one_notification_and_milestones_are_told_once() {
    let server = Server::start().await;
    let (ada, .., item) = scene(&server).await;
    let mut fans = Vec::new();
    for n in 0..12 {
        fans.push(server.register(&format!("fan{n}")).await);
    }
    for fan in &fans {
        like(fan, &item).await;
    }
    let all = told(&ada).await;
    assert_eq!(all, [one(Like, 12, "fan11"), one(Milestone, 10, "")].concat(), "twelve people, two lines");
    assert_eq!(list(&ada).await.unread, 2);
    for fan in &fans[..3] {
        unlike(fan, &item).await;
    }
    assert_eq!(told(&ada).await[0].1, 9, "what was taken back is not counted");
    like(&fans[0], &item).await;
    assert_eq!(told(&ada).await, [one(Like, 10, "fan11"), one(Milestone, 10, "")].concat(), "ten once more");
    read_all(&ada).await;
    unlike(&fans[0], &item).await;
    like(&fans[0], &item).await;
    assert_eq!(list(&ada).await.unread, 0, "the same like is not told twice");
}

#[tokio::test]
async fn p3_a_like_that_was_taken_back_unread_is_not_told() {
    let server = Server::start().await;
    let (ada, bob, .., item) = scene(&server).await;
    like(&bob, &item).await;
    assert_eq!(told(&ada).await, one(Like, 1, "bob"));
    unlike(&bob, &item).await;
    assert_eq!((told(&ada).await, list(&ada).await.unread), (vec![], 0));
}

#[tokio::test]
async fn p3_read_on_one_device_is_read_on_all() {
    let server = Server::start().await;
    let (ada, bob, eve, _, item) = scene(&server).await;
    let phone = server.sign_in("ada").await;
    comment(&bob, &item, "one").await;
    like(&eve, &item).await;
    let mut followers = Vec::new();
    for device in [&ada, &phone] {
        let mut follower = Follower::on(device, Transport::WebSocket, &ada.topic(), None).await;
        follower.next_subscribed().await;
        followers.push(follower);
    }
    let first = list(&phone).await.page.items[1].id.clone();
    let marked = phone.post(&format!("/api/notifications/{first}/read"), &Value::Null).await;
    assert_eq!(marked.body, json!({"unread": 1}));
    let again = phone.post(&format!("/api/notifications/{first}/read"), &Value::Null).await;
    assert_eq!(again.body, json!({"unread": 1}), "twice is once");
    read_all(&phone).await;
    read_all(&phone).await;
    for follower in &mut followers {
        let mut heard = Vec::new();
        for _ in 0..2 {
            let change = follower.next_publication().await.change.read::<NotificationChange>();
            let Some(NotificationChange::Read(read)) = change else { panic!("{change:?}") };
            heard.push((read.notification_id, read.unread));
        }
        assert_eq!(heard, [(Some(first.clone()), 1), (None, 0)]);
    }
    assert!(list(&ada).await.page.items.iter().all(|notification| notification.read));
    assert_eq!(ada.get("/api/notifications/unread").await.body, json!({"unread": 0}));
}

#[tokio::test]
async fn p3_what_is_muted_is_not_told() {
    let server = Server::start().await;
    let (ada, bob, eve, event, item) = scene(&server).await;
    let other = ada.say(&event, "another").await;
    let thread = format!("{}/mute", path(&item));
    assert_eq!(put(&ada, &thread, &Value::Null).await.status, 204);
    assert_eq!(put(&ada, &thread, &Value::Null).await.status, 204, "twice is once");
    assert_eq!(ada.get(&thread).await.body, json!({"muted": true}));
    comment(&bob, &item, "one, @ada").await;
    like(&eve, &item).await;
    assert_eq!(told(&ada).await, []);
    comment(&bob, &other, "two").await;
    assert_eq!(told(&ada).await, one(Commented, 1, "bob"), "only that item");
    let mute =
        json!({"eventId": event.id, "eventTitle": event.title, "mediaId": item.id, "text": "the rocket"});
    assert_eq!(ada.get("/api/mutes").await.body, json!([mute]));
    assert_eq!((bob.get("/api/mutes").await.body, server.get("/api/mutes").await.status), (json!([]), 401));

    let whole = format!("/api/events/{}/mute", event.id);
    assert_eq!(put(&ada, &whole, &Value::Null).await.status, 204);
    comment(&eve, &other, "three").await;
    assert_eq!(told(&ada).await, one(Commented, 1, "bob"));
    assert_eq!(ada.delete(&whole).await.status, 204);
    assert_eq!(ada.get(&whole).await.body, json!({"muted": false}));
    comment(&eve, &other, "four").await;
    assert_eq!(told(&ada).await, one(Commented, 2, "eve"));
    assert_eq!(ada.delete(&thread).await.status, 204);
    like(&bob, &item).await;
    assert_eq!(told(&ada).await[0], (Like, 1, "bob".to_owned()));
    // What one may not read one does not mute.
    let hidden: Event =
        ada.post("/api/events", &json!({"title": "A wedding", "visibility": "private"})).await.read();
    assert_eq!(put(&bob, &format!("/api/events/{}/mute", hidden.id), &Value::Null).await.status, 404);
    assert_eq!(put(&server, &whole, &Value::Null).await.status, 401);
    let unknown = format!("/api/events/{}/media/nothing/mute", event.id);
    assert_eq!(put(&ada, &unknown, &Value::Null).await.status, 404);
}

#[tokio::test]
async fn p3_the_list_comes_in_pages_latest_first() {
    let server = Server::start().await;
    let (ada, bob, _, event, _) = scene(&server).await;
    for n in 0..5 {
        bob.post(
            &format!("/api/events/{}/media", server.event().await.id),
            &json!({"text": format!("@ada {n}")}),
        )
        .await;
    }
    let (mut texts, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let page: Notifications = ada.get(&format!("/api/notifications{query}")).await.read();
        assert_eq!(page.unread, 5);
        texts.extend(page.page.items.into_iter().map(|n| n.text));
        let Some(next) = page.page.next else { break };
        query = format!("?limit=2&before={next}");
    }
    assert_eq!(texts, ["@ada 4", "@ada 3", "@ada 2", "@ada 1", "@ada 0"]);
    for before in ["x", "1", ".", "1.", "99999999999999999999.a", "1.a%00"] {
        let answer = ada.get(&format!("/api/notifications?before={before}")).await;
        assert_eq!(answer.refusal(), (422, "invalid", "before"), "{before}");
    }
    drop(event);
}

#[tokio::test]
async fn p3_notifications_are_their_holders_alone() {
    let server = Server::start().await;
    let (ada, bob, eve, _, item) = scene(&server).await;
    comment(&bob, &item, "one").await;
    let id = list(&ada).await.page.items[0].id.clone();
    let mark = format!("/api/notifications/{id}/read");
    assert_eq!(eve.post(&mark, &Value::Null).await.refusal(), (404, "notFound", ""));
    assert_eq!(eve.post("/api/notifications/nothing/read", &Value::Null).await.status, 404);
    read_all(&eve).await;
    assert_eq!(list(&ada).await.unread, 1, "nothing of another's was marked");
    for answer in [
        server.get("/api/notifications").await,
        server.get("/api/notifications/unread").await,
        server.post("/api/notifications/read", &Value::Null).await,
        server.post(&mark, &Value::Null).await,
    ] {
        assert_eq!(answer.refusal(), (401, "unauthenticated", ""));
    }
}

#[tokio::test]
async fn p3_one_hears_when_ones_password_was_changed() {
    let server = Server::start().await;
    let ada = server.register("ada").await;
    let change = json!({"current": PASSWORD, "new": "battery staple"});
    assert_eq!(ada.post("/api/account/password", &change).await.status, 204);
    assert_eq!(told(&ada).await, one(Warning, 1, ""));
}

#[tokio::test]
async fn p3_what_concerned_a_deleted_event_is_gone() {
    let server = Server::start().await;
    let (ada, bob, _, event, item) = scene(&server).await;
    comment(&bob, &item, "my secret").await;
    like(&bob, &item).await;
    assert_eq!(ada.delete(&format!("/api/events/{}", event.id)).await.status, 204);
    assert_eq!((told(&ada).await, list(&ada).await.unread), (vec![], 0));
}
