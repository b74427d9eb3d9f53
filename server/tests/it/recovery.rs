//! Coming back and going live (E8, E16), the same over every transport: whatever a client missed arrives,
//! once, in order, or it is told that it cannot.

use shared::{Change, EventId, Topic, frame::NotRecovered};

use crate::support::{Follower, Server, Transport, over_every_transport, until, within};

over_every_transport! {
    e8_what_was_missed_arrives_across_tail_and_store
    e8_a_client_that_drops_again_and_again_misses_nothing
    e8_a_position_that_cannot_be_kept_is_said_so
    e8_a_position_that_retention_removed_is_expired
    e8_a_restart_of_the_server_loses_no_position
    e16_from_a_snapshot_to_live_without_a_hole
}

fn topic(event: &EventId) -> Topic {
    Topic::event(event)
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
