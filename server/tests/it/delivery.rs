//! Delivery, the same over every transport. Each scenario is written once and run three times; that
//! nothing is missed, doubled or reordered is checked by the follower itself, in every one of them.

use serde_json::json;
use shared::{
    Change, ErrorCode, EventId, ServerFrame, Topic, frame::NotRecovered, model::event::EventStatus,
};

use crate::support::{Api, Follower, Server, Transport, follower::From, until, within};

macro_rules! over_every_transport {
    ($($scenario:ident)*) => {$(
        mod $scenario {
            use crate::support::Transport;
            #[tokio::test]
            async fn over_websocket() {
                super::$scenario(Transport::WebSocket).await;
            }
            #[tokio::test]
            async fn over_sse() {
                super::$scenario(Transport::Sse).await;
            }
            #[tokio::test]
            async fn over_poll() {
                super::$scenario(Transport::Poll).await;
            }
        }
    )*};
}

over_every_transport! {
    e5_every_change_arrives_once_in_commit_order
    e5_status_changes_reach_the_event_and_the_list
    e5_the_end_of_an_event_is_told_and_ends_the_subscription
    e5_what_was_deleted_is_not_shown_to_who_comes_later
    e6_a_client_on_many_events
    e6_many_clients_on_one_event_while_many_publish
    e8_what_was_missed_arrives_across_tail_and_store
    e8_a_client_that_drops_again_and_again_misses_nothing
    e8_a_position_that_cannot_be_kept_is_said_so
    e8_a_position_that_retention_removed_is_expired
    e8_a_restart_of_the_server_loses_no_position
    e12_the_first_goes_out_alone_and_the_rest_of_the_window_together
    e12_a_window_that_is_off_lets_everything_out_alone
    e12_a_reader_who_comes_in_the_middle_of_a_window_has_no_hole
    e16_from_a_snapshot_to_live_without_a_hole
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

async fn e8_what_was_missed_arrives_across_tail_and_store(transport: Transport) {
    // A tail of next to nothing: all but the newest is read from the store.
    let server = Server::with(&["--tail-bytes", "2000"]).await;
    let event = server.event().await;
    let topic = topic(&event.id);
    let mut follower = Follower::on(&server, transport, &topic, None).await;
    follower.next_subscribed().await;
    server.say(&event, "seen").await;
    follower.read_to(&topic, 1).await;
    let cursor = follower.cursor(&topic);
    drop(follower);

    for part in 0..4 {
        server.say_many(&event, 200, &format!("missed {part}-")).await;
    }
    let mut follower = Follower::on(&server, transport, &topic, Some(cursor)).await;
    let (_, subscribed) = follower.next_subscribed().await;
    assert!(subscribed.recovered && subscribed.offset.0 == 1);
    let live = server.say(&event, "live").await;
    let shown = follower.read_to(&topic, 802).await;
    assert_eq!(shown.len(), 801);
    assert!(matches!(&shown[800].change, Change::MediaNew(media) if media.id == live.id));
}

async fn e8_a_client_that_drops_again_and_again_misses_nothing(transport: Transport) {
    let server = Server::with(&["--tail-bytes", "3000"]).await;
    let event = server.event().await;
    let topic = topic(&event.id);
    let writer = {
        let (api, event) = (server.api.clone(), event.clone());
        tokio::spawn(async move {
            for n in 0..120 {
                api.say_many(&event, 1 + n % 4, "x").await;
            }
        })
    };
    let last = (0..120).map(|n| 1 + n % 4).sum::<u64>();
    let mut cursor = server.cursor(&event).await.to_string();
    let begun: u64 = cursor.split_once('.').unwrap().1.parse().unwrap();
    let mut covered = 0;
    let mut at = begun;
    while at < last {
        let mut follower = Follower::on(&server, transport, &topic, Some(cursor)).await;
        assert!(follower.next_subscribed().await.1.recovered);
        at = last.min(at + 25);
        follower.read_to(&topic, at).await;
        at = follower.offset(&topic).unwrap();
        covered += follower.covered;
        cursor = follower.cursor(&topic);
    }
    writer.await.unwrap();
    assert_eq!(covered, last - begun);
}

async fn e8_a_position_that_cannot_be_kept_is_said_so(transport: Transport) {
    let server = Server::start().await;
    let event = server.event().await;
    let topic = topic(&event.id);
    server.say_many(&event, 3, "x").await;
    let cursor = server.cursor(&event).await.to_string();
    let epoch = cursor.split_once('.').unwrap().0;
    for (asked, reason) in [
        (Some(format!("{epoch}.4")), NotRecovered::Ahead),
        (Some(format!("{epoch}.{}", u64::MAX)), NotRecovered::Ahead),
        (Some("otherlife.1".to_owned()), NotRecovered::EpochChanged),
        (None, NotRecovered::NoPosition),
    ] {
        let mut follower = Follower::on(&server, transport, &topic, asked.clone()).await;
        let (_, subscribed) = follower.next_subscribed().await;
        assert_eq!((subscribed.recovered, subscribed.reason), (false, Some(reason)), "{asked:?}");
        assert_eq!(
            format!("{}.{}", subscribed.epoch, subscribed.offset),
            server.cursor(&event).await.to_string()
        );
        // The subscription stands, from the head on.
        let media = server.say(&event, "after").await;
        let publication = follower.next_publication().await;
        assert!(matches!(publication.change, Change::MediaNew(shown) if *shown == media), "{asked:?}");
    }
}

async fn e8_a_position_that_retention_removed_is_expired(transport: Transport) {
    let server =
        Server::with(&["--retain-event-count", "5", "--retain-every-s", "1", "--tail-bytes", "1"]).await;
    let event = server.event().await;
    let topic = topic(&event.id);
    let begin = server.cursor(&event).await.to_string();
    server.say_many(&event, 40, "x").await;
    let epoch = begin.split_once('.').unwrap().0.to_owned();
    until("retention", async || {
        let answer = server.get(&format!("/api/events/{}/updates?since={begin}", event.id)).await;
        answer.body["frames"][0]["payload"]["reason"] == "expired"
    })
    .await;
    let mut follower = Follower::on(&server, transport, &topic, Some(begin)).await;
    let (_, subscribed) = follower.next_subscribed().await;
    assert_eq!((subscribed.reason, subscribed.offset.0), (Some(NotRecovered::Expired), 40));
    // What is kept is given in full.
    let mut follower = Follower::on(&server, transport, &topic, Some(format!("{epoch}.35"))).await;
    assert!(follower.next_subscribed().await.1.recovered);
    assert_eq!(follower.read_to(&topic, 40).await.len(), 5);
    // The timeline itself is not the log: its items are all there.
    assert_eq!(server.timeline(&event).await.len(), 40);
}

async fn e8_a_restart_of_the_server_loses_no_position(transport: Transport) {
    let mut server = Server::start().await;
    let event = server.event().await;
    let topic = topic(&event.id);
    server.say_many(&event, 10, "before").await;
    let epoch = server.cursor(&event).await.to_string().split_once('.').unwrap().0.to_owned();
    server.stop().await;
    let dir = server.dir.clone();
    drop(server);
    let server = Server::in_dir(dir, &[]).await;
    let mut follower = Follower::on(&server, transport, &topic, Some(format!("{epoch}.4"))).await;
    assert!(follower.next_subscribed().await.1.recovered);
    server.say(&event, "after").await;
    assert_eq!(follower.read_to(&topic, 11).await.len(), 7);
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

async fn e16_from_a_snapshot_to_live_without_a_hole(transport: Transport) {
    let server = Server::start().await;
    let event = server.event().await;
    let topic = topic(&event.id);
    let api = server.api.clone();
    let writer = {
        let (api, event) = (api.clone(), event.clone());
        tokio::spawn(async move {
            for n in 0..150 {
                api.say(&event, &n.to_string()).await;
            }
        })
    };
    let mut readers = Vec::new();
    for _ in 0..6 {
        let page = server.page(&event, "?limit=200").await;
        let (api, topic) = (api.clone(), topic.clone());
        readers.push(tokio::spawn(async move {
            let mut known: Vec<_> = page.items.iter().rev().map(|media| media.text.clone()).collect();
            let mut follower = Follower::on(&api, transport, &topic, Some(page.cursor.to_string())).await;
            assert!(follower.next_subscribed().await.1.recovered);
            for publication in follower.read_to(&topic, 150).await {
                let Change::MediaNew(media) = publication.change else {
                    panic!("only new items were posted")
                };
                known.push(media.text);
            }
            known
        }));
        server.say(&event, "between").await;
    }
    let stored =
        async || server.timeline(&event).await.into_iter().map(|media| media.text).collect::<Vec<_>>();
    for reader in readers {
        let known = within("the last item", reader).await.unwrap();
        assert_eq!(known[..150], stored().await[..150]);
    }
    writer.await.unwrap();
}
