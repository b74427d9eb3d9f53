//! Polling: held until something happens, answered at once when there is something already.

use std::time::{Duration, Instant};

use shared::{ServerFrame, Topic};

use crate::support::{Api, Server, follower::decode, within};

async fn frames(api: &Api, path: &str) -> Vec<ServerFrame> {
    let answer = api.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.body["frames"].as_array().unwrap().iter().map(|frame| decode(&frame.to_string())).collect()
}

fn publications(frames: &[ServerFrame]) -> usize {
    frames.iter().filter(|frame| matches!(frame, ServerFrame::Publication(_))).count()
}

#[tokio::test]
async fn v3_a_poll_is_held_until_something_happens() {
    let server = Server::start().await;
    let event = server.event().await;
    let cursor = server.cursor(&event).await;
    let path = format!("/api/events/{}/updates?since={cursor}&wait=50", event.id);
    let api = server.api.clone();
    let held = tokio::spawn(async move { frames(&api, &path).await });
    server.until_stats(&event, 1, 1).await;
    assert!(!held.is_finished());
    server.say(&event, "now").await;
    let answered = within("the answer", held).await.unwrap();
    assert!(matches!(&answered[0], ServerFrame::Subscribed(_, subscribed) if subscribed.recovered));
    assert_eq!(publications(&answered), 1);
}

#[tokio::test]
async fn v3_a_poll_that_has_something_to_say_is_not_held() {
    let server = Server::start().await;
    let event = server.event().await;
    let begin = server.cursor(&event).await;
    server.say_many(&event, 3, "x").await;
    let head = server.cursor(&event).await;
    let begun = Instant::now();
    let news = frames(&server, &format!("/api/events/{}/updates?since={begin}&wait=50", event.id)).await;
    assert_eq!(publications(&news), 3);
    // No position, a foreign one, an event that is gone: each is news.
    for from in
        [format!("event:{}", event.id), format!("event:{}@other.1", event.id), "event:nobody@k.1".to_owned()]
    {
        let news =
            frames(&server, &format!("/api/poll?from=event:{}@{head}&from={from}&wait=50", event.id)).await;
        assert!(news.len() >= 2, "{news:?}");
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "none of them was held");
}

#[tokio::test]
async fn v3_a_poll_without_wait_answers_what_there_is() {
    let server = Server::start().await;
    let event = server.event().await;
    let head = server.cursor(&event).await;
    let nothing = frames(&server, &format!("/api/events/{}/updates?since={head}", event.id)).await;
    assert_eq!(publications(&nothing), 0);
    assert!(
        matches!(&nothing[0], ServerFrame::Subscribed(_, subscribed) if subscribed.recovered && subscribed.offset.0 == 0)
    );
}

#[tokio::test]
async fn e8_a_long_absence_is_answered_in_parts_that_fit_together() {
    let server = Server::with(&["--tail-bytes", "1000"]).await;
    let event = server.event().await;
    let mut cursor = server.cursor(&event).await.to_string();
    for part in 0..5 {
        server.say_many(&event, 100, &format!("{part} {}", "long ".repeat(500))).await;
    }
    let epoch = cursor.split_once('.').unwrap().0.to_owned();
    let (mut at, mut answers) = (0, 0);
    while at < 500 {
        let path = format!("/api/events/{}/updates?since={cursor}&wait=50", event.id);
        let answer = server.get(&path).await;
        assert!(answer.bytes.len() < 4 * 1024 * 1024, "{} bytes in one answer", answer.bytes.len());
        for frame in answer.body["frames"].as_array().unwrap() {
            if let ServerFrame::Publication(publication) = decode(&frame.to_string()) {
                at += 1;
                assert_eq!(publication.offset.0, at);
            }
        }
        cursor = format!("{epoch}.{at}");
        answers += 1;
    }
    assert!(answers > 1, "it was too much for one answer");
}

#[tokio::test]
async fn v8_a_poll_that_makes_no_sense_is_refused() {
    let server = Server::start().await;
    let event = server.event().await;
    let many = format!("/api/poll?{}", "from=events&".repeat(33));
    for (path, refusal) in [
        ("/api/poll", (422, "invalid", "from")),
        ("/api/poll?from=", (404, "unknownTopic", "")),
        ("/api/poll?from=nothing", (404, "unknownTopic", "")),
        ("/api/poll?from=events@", (422, "invalid", "from")),
        ("/api/poll?from=events&wait=-1", (422, "invalid", "wait")),
        ("/api/poll?from=events&watcher=a+b", (422, "invalid", "watcher")),
        ("/api/events/nobody/updates", (404, "unknownTopic", "")),
        (many.as_str(), (422, "invalid", "from")),
    ] {
        assert_eq!(server.get(path).await.refusal(), refusal, "{path}");
    }
    assert_eq!(server.get(&format!("/api/events/{}/updates?wait=soon", event.id)).await.status, 400);
    let topic = Topic::events();
    assert_eq!(
        frames(&server, &format!("/api/poll?from={topic}&wait=9999999")).await.len(),
        2,
        "at once: no position"
    );
}
