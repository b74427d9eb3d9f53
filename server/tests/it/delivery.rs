//! Delivery, the same over every transport. Each scenario is written once and run three times; that
//! nothing is missed, doubled or reordered is checked by the follower itself, in every one of them.
//! What is about coming back is in `recovery`.

use serde_json::json;
use shared::{
    Change, ErrorCode, EventId, ServerFrame, Topic, frame::NotRecovered, model::event::EventStatus,
};

use crate::support::{Api, Follower, Server, Transport, follower::From, over_every_transport, until, within};

over_every_transport! {
    e5_every_change_arrives_once_in_commit_order
    e5_status_changes_reach_the_event_and_the_list
    e5_the_end_of_an_event_is_told_and_ends_the_subscription
    e5_what_was_deleted_is_not_shown_to_who_comes_later
    e6_a_client_on_many_events
    e6_many_clients_on_one_event_while_many_publish
    e12_the_first_goes_out_alone_and_the_rest_of_the_window_together
    e12_a_window_that_is_off_lets_everything_out_alone
    e12_a_reader_who_comes_in_the_middle_of_a_window_has_no_hole
}

fn topic(event: &EventId) -> Topic {
    Topic::event(event)
}

async fn e5_every_change_arrives_once_in_commit_order(transport: Transport) {
    let server = Server::start().await;
    let event = server.event().await;
    let topic = topic(&event.id);
    let mut follower = Follower::on(&server, transport, &topic, None).await;
    let (_, subscribed) = follower.next_subscribed().await;
    assert_eq!((subscribed.offset.0, subscribed.reason), (0, Some(NotRecovered::NoPosition)));

    // Read as they come: a deletion takes what it deletes out of the log for whoever has not read it yet.
    let posted = server.say(&event, "lift-off").await;
    let path = format!("/api/events/{}/media/{}", event.id, posted.id);
    let mut shown = follower.read_to(&topic, 1).await;
    assert_eq!(server.patch(&path, &json!({"text": "lift-off!"})).await.status, 200);
    shown.extend(follower.read_to(&topic, 2).await);
    let other = server.say(&event, "max-q").await;
    shown.extend(follower.read_to(&topic, 3).await);
    assert_eq!(server.delete(&path).await.status, 204);
    shown.extend(follower.read_to(&topic, 4).await);

    let changes: Vec<_> = shown.iter().map(|publication| &publication.change).collect();
    let [
        Change::MediaNew(first),
        Change::MediaUpdate(better),
        Change::MediaNew(second),
        Change::MediaDelete(gone),
    ] = changes[..]
    else {
        panic!("{changes:?}");
    };
    assert_eq!(**first, posted);
    assert_eq!((&better.id, better.text.as_str(), better.offset.0), (&posted.id, "lift-off!", 1));
    assert_eq!((&second.id, &gone.media_id), (&other.id, &posted.id));
    let offsets: Vec<_> = shown.iter().map(|publication| publication.offset.0).collect();
    assert_eq!(offsets, [1, 2, 3, 4]);
    let mut ids: Vec<_> = shown.iter().map(|publication| publication.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 4, "every publication has an id of its own");
}

async fn e5_status_changes_reach_the_event_and_the_list(transport: Transport) {
    let server = Server::start().await;
    let event = server.event().await;
    let (own, list) = (topic(&event.id), Topic::events());
    let mut follower =
        Follower::follow(&server, transport, &[(own.clone(), None), (list.clone(), None)], "w").await;
    follower.next_subscribed().await;
    let (_, subscribed) = follower.next_subscribed().await;
    let listed = subscribed.offset.0;

    let path = format!("/api/events/{}", event.id);
    server.patch(&path, &json!({"status": "completed"})).await;
    server.patch(&path, &json!({"title": "Landing", "status": "cancelled"})).await;

    let mut shown = follower.read_to(&own, 3).await;
    shown.extend(follower.read_to(&list, listed + 3).await);
    for about in [&own, &list] {
        let changes: Vec<_> = shown.iter().filter(|p| p.topic == *about).map(|p| &p.change).collect();
        let [Change::EventStatus(first), Change::EventUpdate(whole), Change::EventStatus(last)] = changes[..]
        else {
            panic!("{about}: {changes:?}");
        };
        assert_eq!((first.status, last.status), (EventStatus::Completed, EventStatus::Cancelled));
        assert_eq!((whole.title.as_str(), whole.status), ("Landing", EventStatus::Cancelled));
    }
}

async fn e5_the_end_of_an_event_is_told_and_ends_the_subscription(transport: Transport) {
    let server = Server::start().await;
    let event = server.event().await;
    let topic = topic(&event.id);
    let mut follower = Follower::on(&server, transport, &topic, None).await;
    follower.next_subscribed().await;
    server.say(&event, "one").await;
    follower.read_to(&topic, 1).await;
    let waiting = tokio::spawn(async move { [follower.next_news().await, follower.next_news().await] });
    until("the follower waits", async || server.app.sessions.count() == 1).await;
    assert_eq!(server.delete(&format!("/api/events/{}", event.id)).await.status, 204);

    let [gone, ended] = within("the end", waiting).await.unwrap();
    let ServerFrame::Publication(gone) = gone else { panic!("{gone:?}") };
    assert!(matches!(gone.change, Change::EventDelete(about) if about.event_id == event.id));
    let ServerFrame::Unsubscribed(ended, why) = ended else { panic!("{ended:?}") };
    assert_eq!((&ended, why.code), (&topic, Some(ErrorCode::NotFound)));

    // Who asks from now on learns that there is nothing any more.
    let answer = server.get(&format!("/api/poll?from={topic}@k.1&wait=50")).await;
    let frames = answer.body["frames"].as_array().unwrap();
    assert_eq!((frames.len(), &frames[0]["payload"]["code"]), (1, &json!("unknownTopic")), "{frames:?}");
}

async fn e5_what_was_deleted_is_not_shown_to_who_comes_later(transport: Transport) {
    for window_ms in ["0", "1000"] {
        deleted_for_good(transport, window_ms).await;
    }
}

async fn deleted_for_good(transport: Transport, window_ms: &str) {
    let server = Server::with(&["--window-event-ms", window_ms]).await;
    let event = server.event().await;
    let topic = topic(&event.id);
    let mut early = Follower::on(&server, transport, &topic, None).await;
    early.next_subscribed().await;
    let begin = server.cursor(&event).await.to_string();
    let secret = server.say(&event, "my telephone number").await;
    let path = format!("/api/events/{}/media/{}", event.id, secret.id);
    server.patch(&path, &json!({"text": "my other telephone number"})).await;
    server.say_many(&event, 3, "x").await;
    server.delete(&path).await;
    server.say(&event, "y").await;
    early.read_to(&topic, 7).await;
    let epoch = begin.split_once('.').unwrap().0.to_owned();
    for from in 0..7 {
        let mut late = Follower::on(&server, transport, &topic, Some(format!("{epoch}.{from}"))).await;
        assert!(late.next_subscribed().await.1.recovered);
        let shown = late.read_to(&topic, 7).await;
        assert_eq!(late.covered, 7 - from, "the offsets stay: there is no hole");
        assert!(from > 0 || !format!("{shown:?}").contains("telephone"), "{shown:?}");
    }
}

async fn e6_a_client_on_many_events(transport: Transport) {
    let server = Server::start().await;
    let mut events = Vec::new();
    for _ in 0..5 {
        events.push(server.event().await);
    }
    let from: Vec<From> = events.iter().map(|event| (topic(&event.id), None)).collect();
    let mut follower = Follower::follow(&server, transport, &from, "one").await;
    for _ in &events {
        follower.next_subscribed().await;
    }
    for round in 0..10 {
        for event in &events {
            server.say(event, &format!("round {round}")).await;
        }
    }
    for event in &events {
        follower.read_to(&topic(&event.id), 10).await;
    }
    assert_eq!(follower.covered, 50);
}

async fn e6_many_clients_on_one_event_while_many_publish(transport: Transport) {
    const CLIENTS: usize = 20;
    const PUBLISHERS: usize = 8;
    const EACH: usize = 15;
    let server = Server::start().await;
    let event = server.event().await;
    let topic = topic(&event.id);
    let api: Api = server.api.clone();
    let mut readers = Vec::new();
    for _ in 0..CLIENTS {
        let mut follower = Follower::on(&api, transport, &topic, None).await;
        follower.next_subscribed().await;
        let topic = topic.clone();
        readers.push(tokio::spawn(async move { follower.read_to(&topic, (PUBLISHERS * EACH) as u64).await }));
    }
    let mut publishers = Vec::new();
    for publisher in 0..PUBLISHERS {
        let (api, event) = (api.clone(), event.clone());
        publishers.push(tokio::spawn(async move {
            for n in 0..EACH {
                api.say(&event, &format!("{publisher}-{n}")).await;
            }
        }));
    }
    for publisher in publishers {
        publisher.await.unwrap();
    }
    let stored: Vec<_> = server.timeline(&event).await.into_iter().map(|media| media.id).collect();
    assert_eq!(stored.len(), PUBLISHERS * EACH);
    for reader in readers {
        let shown = within("the last publication", reader).await.unwrap();
        let shown: Vec<_> = shown
            .into_iter()
            .map(|publication| match publication.change {
                Change::MediaNew(media) => media.id,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(shown, stored, "what is shown is what is stored, in the same order");
    }
}

async fn e12_the_first_goes_out_alone_and_the_rest_of_the_window_together(transport: Transport) {
    let server = Server::with(&["--window-event-ms", "2500"]).await;
    let event = server.event().await;
    let topic = topic(&event.id);
    let mut follower = Follower::on(&server, transport, &topic, None).await;
    follower.next_subscribed().await;

    let first = server.say(&event, "first").await;
    let alone = follower.next_publication().await;
    assert!(matches!(alone.change, Change::MediaNew(media) if media.id == first.id));

    let second = server.say(&event, "second").await;
    let path = format!("/api/events/{}/media/{}", event.id, second.id);
    server.patch(&path, &json!({"text": "second, better"})).await;
    let third = server.say(&event, "third").await;
    server.patch(&path, &json!({"text": "second, best"})).await;

    let batch = follower.next_batch().await;
    assert_eq!((batch.from.0, batch.to.0), (2, 5));
    let [third_shown, second_shown] = &batch.publications[..] else { panic!("{:?}", batch.publications) };
    assert!(matches!(&third_shown.change, Change::MediaNew(media) if media.id == third.id));
    let Change::MediaUpdate(second_shown) = &second_shown.change else { panic!("{second_shown:?}") };
    assert_eq!((second_shown.text.as_str(), second_shown.offset.0), ("second, best", 2));
}

async fn e12_a_window_that_is_off_lets_everything_out_alone(transport: Transport) {
    let server = Server::start().await;
    let event = server.event().await;
    let topic = topic(&event.id);
    let mut follower = Follower::on(&server, transport, &topic, None).await;
    follower.next_subscribed().await;
    server.say_many(&event, 30, "x").await;
    for offset in 1..=30 {
        assert_eq!(follower.next_publication().await.offset.0, offset);
    }
}

async fn e12_a_reader_who_comes_in_the_middle_of_a_window_has_no_hole(transport: Transport) {
    let server = Server::with(&["--window-event-ms", "2500"]).await;
    let event = server.event().await;
    let topic = topic(&event.id);
    let mut early = Follower::on(&server, transport, &topic, None).await;
    early.next_subscribed().await;
    server.say_many(&event, 2, "shown").await;
    early.read_to(&topic, 2).await;
    server.say_many(&event, 4, "held").await;
    // The snapshot knows of what the window still holds back; a subscription from it is not ahead.
    let page = server.page(&event, "").await;
    assert_eq!(page.items.len(), 6);
    let mut late = Follower::on(&server, transport, &topic, Some(page.cursor.to_string())).await;
    let (_, subscribed) = late.next_subscribed().await;
    assert!(subscribed.recovered && subscribed.offset.0 == 6, "{subscribed:?}");
    // And one that stands in the middle of what will become a batch.
    let epoch = page.cursor.to_string().split_once('.').unwrap().0.to_owned();
    let mut middle = Follower::on(&server, transport, &topic, Some(format!("{epoch}.4"))).await;
    assert!(middle.next_subscribed().await.1.recovered);
    assert_eq!(middle.read_to(&topic, 6).await.len(), 2);
    early.read_to(&topic, 6).await;
    server.say(&event, "later").await;
    for follower in [&mut early, &mut late, &mut middle] {
        follower.read_to(&topic, 7).await;
    }
    assert_eq!((early.covered, late.covered, middle.covered), (7, 1, 3));
}
