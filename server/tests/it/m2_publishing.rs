//! M2, M4, M5: recorded over the live connection or over REST, stored once, acknowledged as often as it is sent.

use serde_json::{Value, json};
use shared::{ErrorCode, ServerFrame, Topic, frame::Published, rest::ErrorDetail};

use crate::support::{Follower, Pitch, Server, Transport, pitch::at, within};

/// Says `publish`; the answer to it.
async fn publish(follower: &mut Follower, topic: &Topic, key: &str, content: &Value) -> ServerFrame {
    let payload = json!({"topic": topic, "key": key, "content": content, "ref": 7});
    follower.send(&json!({"type": "publish", "payload": payload}).to_string()).await;
    answer(follower).await
}

async fn answer(follower: &mut Follower) -> ServerFrame {
    loop {
        match follower.next_news().await {
            ServerFrame::Publication(_) => {}
            frame => return frame,
        }
    }
}

fn published(frame: ServerFrame) -> Published {
    match frame {
        ServerFrame::Published(_, published) => published,
        other => panic!("not published but {other:?}"),
    }
}

fn refused(frame: ServerFrame) -> ErrorDetail {
    match frame {
        ServerFrame::Error(detail) => detail,
        other => panic!("not refused but {other:?}"),
    }
}

/// What is published of an entry: all but its id, which is the key.
fn content(entry: &Value) -> Value {
    let mut content = entry.clone();
    content.as_object_mut().unwrap().remove("id");
    content
}

#[tokio::test]
async fn m2_what_is_acknowledged_is_stored_and_sent_twice_it_is_there_once() {
    let server = Server::start().await;
    let pitch = Pitch::open(&server).await;
    let mut recorder = Follower::socket(&server, "/ws?watcher=r").await;
    let goal = pitch.goal("g1");
    let first = published(publish(&mut recorder, &pitch.topic(), "g1", &content(&goal)).await);
    let log = pitch.log(&server).await;
    assert_eq!((log.len(), log[0].entry.id.as_str(), log[0].offset), (1, "g1", first.offset));
    assert_eq!((first.key.as_str(), first.reference), ("g1", Some(7)));
    let again = published(publish(&mut recorder, &pitch.topic(), "g1", &content(&goal)).await);
    assert_eq!(again, first);
    // Over REST it is the same draft; and what was posted there is known here.
    let over_rest = pitch.record(&server, &goal).await;
    assert_eq!((over_rest.status, &over_rest.body["offset"]), (200, &json!(first.offset)));
    let second = pitch.record(&server, &pitch.goal("g2")).await;
    assert_eq!(second.status, 201);
    let over_socket =
        published(publish(&mut recorder, &pitch.topic(), "g2", &content(&pitch.goal("g2"))).await);
    assert_eq!(json!(over_socket.offset), second.body["offset"]);
    assert_eq!(pitch.log(&server).await.len(), 2);
    assert_eq!(pitch.state(&server).await.score.home, 2);
}

#[tokio::test]
async fn m4_another_content_under_the_same_id_is_refused() {
    let server = Server::start().await;
    let pitch = Pitch::open(&server).await;
    assert_eq!(pitch.record(&server, &pitch.goal("g1")).await.status, 201);
    let mut other = pitch.goal("g1");
    other["side"] = json!("away");
    other.as_object_mut().unwrap().remove("player");
    let refused_over_rest = pitch.record(&server, &json!([pitch.goal("g2"), other])).await;
    assert_eq!(refused_over_rest.refusal(), (409, "keyReused", ""));
    assert_eq!(refused_over_rest.body["error"]["key"], "g1");
    let mut recorder = Follower::socket(&server, "/ws").await;
    let detail = refused(publish(&mut recorder, &pitch.topic(), "g1", &content(&other)).await);
    assert_eq!((detail.code, detail.key.unwrap().as_str()), (ErrorCode::KeyReused, "g1"));
    assert_eq!(pitch.log(&server).await.len(), 1, "nothing of the batch");
    let batch = pitch.record(&server, &json!([pitch.goal("g1"), pitch.goal("g2"), pitch.goal("g2")])).await;
    assert_eq!((batch.status, &batch.body[1]), (201, &batch.body[2]), "known, new, and the new one again");
    let again = pitch.record(&server, &json!([pitch.goal("g1"), pitch.goal("g2"), pitch.goal("g2")])).await;
    assert_eq!((again.status, &again.body), (200, &batch.body));
}

#[tokio::test]
async fn m4_many_at_once_with_one_id_make_one_entry() {
    let server = Server::start().await;
    let pitch = Pitch::open(&server).await;
    let mut sent = Vec::new();
    for _ in 0..20 {
        let (api, path, goal) = (server.api.clone(), pitch.path("/events"), pitch.goal("g1"));
        sent.push(tokio::spawn(async move { api.post(&path, &goal).await }));
    }
    let mut statuses = Vec::new();
    for answer in sent {
        statuses.push(within("an answer", answer).await.unwrap().status);
    }
    statuses.sort_unstable();
    assert_eq!((statuses[19], &statuses[..19]), (201, &[200; 19][..]));
    assert_eq!(pitch.state(&server).await.score.home, 1);
}

#[tokio::test]
async fn m5_a_refusal_names_the_event_and_the_connection_goes_on() {
    let server = Server::start().await;
    let pitch = Pitch::open(&server).await;
    let mut recorder = Follower::socket(&server, "/ws").await;
    let note = json!({"at": at(1), "kind": "note"});
    let goal_of_nobody = json!({"at": at(1), "kind": "goal", "side": "home", "player": "nobody"});
    let nowhere: Topic = "match:nowhere".parse().unwrap();
    let cases = [
        (pitch.topic(), &goal_of_nobody, ErrorCode::Invalid),
        (pitch.topic(), &json!({"kind": "note"}), ErrorCode::Malformed),
        (pitch.topic(), &json!(null), ErrorCode::Malformed),
        (nowhere, &note, ErrorCode::NotFound),
        (Topic::team(&pitch.teams[0].id), &note, ErrorCode::Forbidden),
        (Topic::events(), &note, ErrorCode::Forbidden),
    ];
    // More of them than errors of protocol are borne.
    for round in 0..5 {
        for (n, (topic, content, code)) in cases.iter().enumerate() {
            let key = format!("e{round}-{n}");
            let detail = refused(publish(&mut recorder, topic, &key, content).await);
            assert_eq!(detail.code, *code, "{content}");
            assert_eq!(detail.key.unwrap().as_str(), key);
            assert_eq!((detail.topic, detail.reference), (Some(topic.to_string()), Some(7)));
        }
    }
    published(publish(&mut recorder, &pitch.topic(), "n1", &note).await);
    assert_eq!(pitch.log(&server).await.len(), 1);
}

#[tokio::test]
async fn m5_who_may_not_record_is_refused_over_the_connection_as_well() {
    let server = Server::start().await;
    let (ada, eve) = (server.register("ada").await, server.register("eve").await);
    let event = ada.post("/api/events", &json!({"title": "Derby", "visibility": "public"})).await.read();
    let pitch = Pitch::of(&ada, event).await;
    let note = json!({"at": at(1), "kind": "note"});
    for (who, code) in [(&eve.api, ErrorCode::Forbidden), (&server.api, ErrorCode::Unauthenticated)] {
        let mut recorder = Follower::socket(who, "/ws").await;
        assert_eq!(refused(publish(&mut recorder, &pitch.topic(), "n1", &note).await).code, code);
    }
    let mut recorder = Follower::socket(&ada, "/ws").await;
    published(publish(&mut recorder, &pitch.topic(), "n1", &note).await);
    assert_eq!(pitch.log(&server).await[0].author.account_id.as_ref(), Some(&ada.person.id));
}

#[tokio::test]
async fn p7_who_publishes_too_much_is_told_what_was_not_taken() {
    let server = Server::with(&["--publish-per-second", "1"]).await;
    let pitch = Pitch::open(&server).await;
    let mut recorder = Follower::socket(&server, "/ws").await;
    let mut taken = 0;
    let detail = loop {
        let note = json!({"at": at(1), "kind": "note"});
        match publish(&mut recorder, &pitch.topic(), &format!("n{taken}"), &note).await {
            ServerFrame::Published(..) => taken += 1,
            frame => break refused(frame),
        }
        assert!(taken < 1_000, "nobody minds");
    };
    assert_eq!(detail.code, ErrorCode::RateLimited);
    assert_eq!(detail.key.unwrap().as_str(), format!("n{taken}"));
    assert!(detail.retry_after_ms.is_some_and(|ms| ms > 0));
    assert_eq!(pitch.log(&server).await.len(), taken);
}

#[tokio::test]
async fn m3_what_was_recorded_in_order_is_answered_and_stored_in_order() {
    let server = Server::start().await;
    let pitch = Pitch::open(&server).await;
    let mut recorder = Follower::on(&server, Transport::WebSocket, &pitch.topic(), None).await;
    recorder.next_subscribed().await;
    for n in 0..20 {
        // The later it is sent the earlier it happened: the order of an outbox is not that of the clock.
        let content = json!({"at": at(60 - n), "kind": "note", "text": n.to_string()});
        let payload = json!({"topic": pitch.topic(), "key": format!("n{n}"), "content": content, "ref": n});
        recorder.send(&json!({"type": "publish", "payload": payload}).to_string()).await;
    }
    for n in 0..20 {
        let published = published(answer(&mut recorder).await);
        assert_eq!((published.key.as_str(), published.reference), (format!("n{n}").as_str(), Some(n)));
    }
    let texts: Vec<_> =
        pitch.log(&server).await.into_iter().map(|event| event.entry.happening.text).collect();
    assert_eq!(texts, (0..20).map(|n: u32| n.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn m2_an_item_of_a_timeline_is_published_like_a_post() {
    let server = Server::start().await;
    let event = server.event().await;
    let mut poster = Follower::socket(&server, "/ws").await;
    let topic = Topic::event(&event.id);
    let item = json!({"author": "Ada", "text": "From the pitch"});
    let first = published(publish(&mut poster, &topic, "k", &item).await);
    let again = published(publish(&mut poster, &topic, "k", &item).await);
    assert_eq!(again, first);
    let path = format!("/api/events/{}/media", event.id);
    let over_rest = server.post(&path, &json!({"author": "Ada", "text": "From the pitch", "key": "k"})).await;
    assert_eq!(over_rest.status, 200, "{}", over_rest.body);
    let timeline = server.timeline(&event).await;
    assert_eq!((timeline.len(), timeline[0].offset), (1, first.offset));
    let detail = refused(publish(&mut poster, &topic, "k2", &json!({"author": "Ada"})).await);
    assert_eq!((detail.code, detail.key.unwrap().as_str()), (ErrorCode::Invalid, "k2"));
}
