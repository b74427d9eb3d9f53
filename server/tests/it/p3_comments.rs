//! Comments and likes (P3): who may, what is counted, and what is gone when it is deleted.

use reqwest::Method;
use serde_json::{Value, json};
use server::store::Tx;
use shared::{
    Change, DomainChange as _, Topic,
    limits::COMMENT_TEXT_CHARS,
    model::{
        comment::{Comment, CommentChange, LikeChange, Liked},
        event::Event,
        media::Media,
    },
    rest::Page,
};

use crate::support::{Answer, Api, Follower, Server, Somebody, Transport, over_every_transport};

fn path(item: &Media) -> String {
    format!("/api/events/{}/media/{}", item.event_id, item.id)
}

async fn comment(by: &Api, item: &Media, text: &str) -> Answer {
    by.post(&format!("{}/comments", path(item)), &json!({"text": text})).await
}

async fn comments(by: &Api, item: &Media, query: &str) -> Page<Comment> {
    let answer = by.get(&format!("{}/comments{query}", path(item))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.read()
}

async fn like(by: &Api, item: &Media, liked: bool) -> Answer {
    let method = if liked { Method::PUT } else { Method::DELETE };
    by.send(by.request(method, &format!("{}/like", path(item)))).await
}

async fn counts(by: &Api, item: &Media) -> (u64, u64) {
    let item: Media = by.get(&path(item)).await.read();
    (item.likes, item.comments)
}

async fn private(owner: &Api) -> Event {
    owner.post("/api/events", &json!({"title": "A wedding", "visibility": "private"})).await.read()
}

/// Three people, and an item that the first has posted on an event of theirs.
async fn scene(server: &Server) -> (Somebody, Somebody, Event, Media) {
    let (ada, bob) = (server.register("ada").await, server.register("bob").await);
    let event = ada.event().await;
    let item = ada.say(&event, "the rocket").await;
    (ada, bob, event, item)
}

over_every_transport! { p3_comments_and_likes_are_live }

async fn p3_comments_and_likes_are_live(transport: Transport) {
    let server = Server::with(&["--window-event-ms", "0"]).await;
    let (_, bob, event, item) = scene(&server).await;
    let mut follower = Follower::on(&server, transport, &Topic::event(&event.id), None).await;
    follower.next_subscribed().await;
    let said: Comment = comment(&bob, &item, "Go!").await.read();
    assert_eq!((said.text.as_str(), &said.author), ("Go!", &bob.person));
    let heard = follower.next_publication().await.change.read::<CommentChange>();
    assert_eq!(heard, Some(CommentChange::New(Box::new(said))));
    let Change::MediaUpdate(counted) = follower.next_publication().await.change else { panic!("no count") };
    assert_eq!((counted.likes, counted.comments, &counted.text), (0, 1, &item.text));
    like(&bob, &item, true).await;
    let Change::MediaUpdate(counted) = follower.next_publication().await.change else { panic!("no count") };
    assert_eq!((counted.likes, counted.comments), (1, 1));
    assert_eq!(counted.updated_at, item.updated_at, "the item says what it said");
}

#[tokio::test]
async fn p3_a_burst_of_likes_is_one_change_of_the_item_within_a_window() {
    let server = Server::with(&["--window-event-ms", "1500"]).await;
    let (ada, _, event, item) = scene(&server).await;
    let mut people = Vec::new();
    for n in 0..6 {
        people.push(server.register(&format!("fan{n}")).await);
    }
    let topic = Topic::event(&event.id);
    let cursor = server.cursor(&event).await.0;
    let mut follower =
        Follower::on(&ada, Transport::WebSocket, &topic, Some(shared::Cursor(cursor).to_string())).await;
    follower.next_subscribed().await;
    let asked = people.iter().map(|person| like(person, &item, true));
    futures_util::future::join_all(asked).await;
    let (mut covered, mut shown, mut last) = (0, 0, 0);
    while covered < 6 {
        match follower.next_news().await {
            shared::ServerFrame::Publication(publication) => {
                (covered, shown) = (covered + 1, shown + 1);
                let Change::MediaUpdate(counted) = publication.change else { panic!("no count") };
                last = counted.likes;
            }
            shared::ServerFrame::Batch(_, batch) => {
                covered += batch.to.0 - batch.from.0 + 1;
                shown += batch.publications.len();
                let Some(Change::MediaUpdate(counted)) = batch.publications.last().map(|p| &p.change) else {
                    panic!("no count")
                };
                last = counted.likes;
            }
            _ => {}
        }
    }
    assert_eq!(last, 6);
    assert!(shown < 6, "{shown} frames' worth of one item");
}

#[tokio::test]
async fn p3_who_may_read_may_comment_and_like() {
    let server = Server::start().await;
    let (ada, bob, _, item) = scene(&server).await;
    assert_eq!(comment(&server, &item, "Hi").await.refusal(), (401, "unauthenticated", ""));
    assert_eq!(like(&server, &item, true).await.refusal(), (401, "unauthenticated", ""));
    assert_eq!(comment(&bob, &item, "Hi").await.status, 201);
    let hidden = private(&ada).await;
    let secret = ada.say(&hidden, "the dress").await;
    for answer in [
        comment(&bob, &secret, "Hi").await,
        like(&bob, &secret, true).await,
        bob.get(&format!("{}/comments", path(&secret))).await,
        bob.get(&format!("/api/events/{}/likes", hidden.id)).await,
    ] {
        assert_eq!(answer.refusal(), (404, "notFound", ""), "as if there were none");
    }
    let member = format!("/api/events/{}/members/bob", hidden.id);
    ada.send(ada.request(Method::PUT, &member).json(&json!({"role": "viewer"}))).await;
    assert_eq!(comment(&bob, &secret, "Lovely").await.status, 201, "a viewer does not post, and may comment");
    assert_eq!(like(&bob, &secret, true).await.status, 200);
    // The item of one event is none of another's.
    let elsewhere = Media { event_id: item.event_id.clone(), ..secret };
    assert_eq!(comment(&bob, &elsewhere, "Hi").await.refusal(), (404, "notFound", ""));
    assert_eq!(like(&ada, &elsewhere, true).await.refusal(), (404, "notFound", ""));
}

#[tokio::test]
async fn p3_liking_twice_is_liking_once() {
    let server = Server::start().await;
    let (ada, bob, event, item) = scene(&server).await;
    for likes in [1, 1] {
        assert_eq!(like(&bob, &item, true).await.read::<Liked>(), Liked { liked: true, likes });
    }
    like(&ada, &item, true).await;
    assert_eq!(counts(&server, &item).await, (2, 0));
    let liked: Vec<shared::MediaId> = bob.get(&format!("/api/events/{}/likes", event.id)).await.read();
    assert_eq!(liked, std::slice::from_ref(&item.id));
    for likes in [1, 1] {
        assert_eq!(like(&bob, &item, false).await.read::<Liked>(), Liked { liked: false, likes });
    }
    let liked: Value = bob.get(&format!("/api/events/{}/likes", event.id)).await.body;
    assert_eq!(liked, json!([]));
    assert_eq!(server.get(&format!("/api/events/{}/likes", event.id)).await.body, json!([]), "a visitor's");
}

#[tokio::test]
async fn p3_ones_likes_are_told_to_ones_other_devices() {
    let server = Server::start().await;
    let (_, bob, _, item) = scene(&server).await;
    let phone = server.sign_in("bob").await;
    let mut follower = Follower::on(&phone, Transport::WebSocket, &bob.topic(), None).await;
    follower.next_subscribed().await;
    for liked in [true, false] {
        like(&bob, &item, liked).await;
        let heard = follower.next_publication().await.change.read::<LikeChange>();
        let Some(LikeChange::Liked(told)) = heard else { panic!("{heard:?}") };
        assert_eq!((told.media_id, told.liked), (item.id.clone(), liked));
    }
}

#[tokio::test]
async fn p3_comments_come_in_pages_newest_first() {
    let server = Server::start().await;
    let (_, bob, _, item) = scene(&server).await;
    for n in 0..5 {
        comment(&bob, &item, &format!("number {n}")).await;
    }
    let (mut texts, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let page = comments(&server, &item, &query).await;
        texts.extend(page.items.into_iter().map(|comment| comment.text));
        let Some(next) = page.next else { break };
        query = format!("?limit=2&before={next}");
    }
    assert_eq!(texts, ["number 4", "number 3", "number 2", "number 1", "number 0"]);
    assert_eq!(counts(&server, &item).await, (0, 5));
}

#[tokio::test]
async fn p3_a_comment_sent_twice_is_stored_once() {
    let server = Server::start().await;
    let (_, bob, _, item) = scene(&server).await;
    let send = async |text: &str| {
        bob.post(&format!("{}/comments", path(&item)), &json!({"text": text, "key": "k1"})).await
    };
    let first = send("Go!").await;
    let second = send("Go!").await;
    assert_eq!((first.status, second.status, &first.body), (201, 200, &second.body));
    assert_eq!(send("No!").await.refusal(), (409, "keyReused", ""));
    assert_eq!(counts(&server, &item).await, (0, 1));
}

#[tokio::test]
async fn v8_comments_are_held_to_their_limits() {
    let server = Server::start().await;
    let (_, bob, event, item) = scene(&server).await;
    for text in ["", " \n ", "a\u{0}b", &"x".repeat(COMMENT_TEXT_CHARS + 1)] {
        assert_eq!(comment(&bob, &item, text).await.refusal(), (422, "invalid", "text"));
    }
    assert_eq!(comment(&bob, &item, &"ä".repeat(COMMENT_TEXT_CHARS)).await.status, 201);
    let address = format!("{}/comments", path(&item));
    for body in [json!({}), json!({"text": 5}), json!({"text": "x", "author": "Ada"}), json!([])] {
        assert_eq!(bob.post(&address, &body).await.code(), "malformed", "{body}");
    }
    let unknown = format!("/api/events/{}/media/nothing", event.id);
    assert_eq!(bob.post(&format!("{unknown}/comments"), &json!({"text": "x"})).await.status, 404);
    assert_eq!(bob.get(&format!("{unknown}/comments")).await.status, 404);
    assert_eq!(bob.send(bob.request(Method::PUT, &format!("{unknown}/like"))).await.status, 404);
    assert_eq!(bob.delete(&format!("{address}/nothing")).await.status, 404);
    assert_eq!(bob.get(&format!("{address}?before=%00")).await.status, 400);
    let script = "<script>alert(1)</script>";
    let said: Comment = comment(&bob, &item, script).await.read();
    assert_eq!(said.text, script, "kept as it is; whoever shows it escapes it");
}

#[tokio::test]
async fn p7_floods_of_likes_and_comments_are_limited() {
    let server = Server::with(&["--publish-per-second", "1"]).await;
    let (ada, bob, _, item) = scene(&server).await;
    let mut refused = 0;
    for n in 0..30 {
        let answer =
            if n % 2 == 0 { like(&bob, &item, n % 4 == 0).await } else { comment(&bob, &item, "x").await };
        refused += usize::from(answer.refusal() == (429, "rateLimited", ""));
    }
    assert!(refused >= 15, "{refused} of 30 refused");
    drop(ada);
}

#[tokio::test]
async fn p3_a_comment_is_its_authors_or_the_managers_to_delete() {
    let server = Server::start().await;
    let (ada, bob, event, item) = scene(&server).await;
    let eve = server.register("eve").await;
    let of = async |answer: Answer| format!("{}/comments/{}", path(&item), answer.read::<Comment>().id);
    let (first, second) =
        (of(comment(&bob, &item, "my secret").await).await, of(comment(&bob, &item, "more").await).await);
    assert_eq!(eve.delete(&first).await.refusal(), (403, "forbidden", ""));
    assert_eq!(server.delete(&first).await.refusal(), (401, "unauthenticated", ""));
    assert_eq!(bob.delete(&first).await.status, 204, "one's own");
    assert_eq!(ada.delete(&second).await.status, 204, "on one's event");
    assert_eq!(bob.delete(&first).await.refusal(), (404, "notFound", ""));
    assert_eq!((counts(&server, &item).await, comments(&server, &item, "").await.items.len()), ((0, 0), 0));
    for topic in [Topic::event(&event.id), ada.topic()] {
        let log = log_of(&server, &topic).await;
        assert!(!log.contains("my secret"), "{topic}: {log}");
    }
}

#[tokio::test]
async fn p3_what_was_said_under_an_item_goes_with_it() {
    let server = Server::start().await;
    let (ada, bob, event, item) = scene(&server).await;
    let kept = ada.say(&event, "another").await;
    comment(&bob, &item, "my secret, @ada").await;
    comment(&bob, &item, "my secret again").await;
    comment(&bob, &kept, "this stays").await;
    like(&bob, &item, true).await;
    assert_eq!(ada.delete(&path(&item)).await.status, 204);
    for topic in [Topic::event(&event.id), ada.topic()] {
        let log = log_of(&server, &topic).await;
        assert!(!log.contains("my secret") && log.contains("this stays"), "{topic}: {log}");
    }
    let listed = ada.get("/api/notifications").await;
    assert_eq!((&listed.body["unread"], listed.body["items"].as_array().unwrap().len()), (&json!(1), 1));
}

/// Everything that a topic's log has kept: types and payloads.
async fn log_of(server: &Server, topic: &Topic) -> String {
    let topic = topic.clone();
    let work =
        async move |tx: &mut Tx<'_>| server::store::log::read(tx, &topic, shared::Offset::ZERO, 1_000).await;
    let (_, publications) = server.app.store.read(work).await.unwrap().unwrap();
    let lines = publications.into_iter().map(|entry| format!("{} {}", entry.type_name, entry.payload));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn p3_the_changes_are_read_back_as_they_were_written() {
    for type_name in CommentChange::TYPES {
        assert!(Change::parse(type_name, "{}").is_ok_and(|change| change.type_name() == *type_name));
    }
}
