//! M1, P6: a match has the rights of its event, and so have its teams.

use serde_json::{Value, json};
use shared::{ErrorCode, ServerFrame, Topic, model::event::Event};

use crate::support::{Answer, Api, Follower, Pitch, Server, Somebody, Transport, pitch::at};

async fn event(owner: &Api, visibility: &str) -> Event {
    let answer = owner.post("/api/events", &json!({"title": "Season", "visibility": visibility})).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.read()
}

async fn put(by: &Api, event: &Event, name: &str, role: &str) -> Answer {
    let path = format!("/api/events/{}/members/{name}", event.id);
    by.send(by.request(reqwest::Method::PUT, &path).json(&json!({"role": role}))).await
}

async fn people(server: &Server) -> (Somebody, Somebody, Somebody) {
    (server.register("ada").await, server.register("bob").await, server.register("eve").await)
}

#[tokio::test]
async fn m1_a_private_match_does_not_exist_for_others() {
    let server = Server::start().await;
    let (ada, bob, eve) = people(&server).await;
    let pitch = Pitch::of(&ada, event(&ada, "private").await).await;
    put(&ada, &pitch.event, "bob", "viewer").await;
    let team = &pitch.teams[0].id;
    let event = &pitch.event.id;
    let reads = [
        pitch.path(""),
        pitch.path("/events"),
        format!("/api/teams/{team}"),
        format!("/api/teams/{team}/matches"),
        format!("/api/events/{event}/teams"),
        format!("/api/events/{event}/matches"),
    ];
    for path in &reads {
        assert_eq!(bob.get(path).await.status, 200, "{path}");
        for who in [&eve.api, &server.api] {
            assert_eq!(who.get(path).await.refusal(), (404, "notFound", ""), "{path}");
        }
    }
    let note = json!({"id": "n1", "at": at(1), "kind": "note"});
    assert_eq!(pitch.record(&bob, &note).await.refusal(), (403, "forbidden", ""), "a viewer reads");
    assert_eq!(pitch.record(&eve, &note).await.refusal(), (404, "notFound", ""));
    assert_eq!(eve.patch(&pitch.path(""), &json!({"title": "x"})).await.refusal(), (404, "notFound", ""));
    assert_eq!(eve.delete(&pitch.path("")).await.refusal(), (404, "notFound", ""));
    for topic in [pitch.topic(), Topic::team(team)] {
        let refused = eve.get(&format!("/api/poll?from={topic}")).await;
        assert_eq!(refused.body["frames"][0]["payload"]["code"], "unknownTopic");
        let nobodys = eve.get(&format!("/api/poll?from={}:nobody", topic.kind().name())).await;
        let without_name = |answer: &Answer| {
            let mut frame = answer.body["frames"][0].clone();
            frame["payload"]["topic"] = Value::Null;
            frame
        };
        assert_eq!(without_name(&refused), without_name(&nobodys), "as one that does not exist");
    }
}

#[tokio::test]
async fn m1_who_is_removed_hears_no_more_of_the_match() {
    let server = Server::start().await;
    let (ada, bob, _) = people(&server).await;
    let pitch = Pitch::of(&ada, event(&ada, "private").await).await;
    put(&ada, &pitch.event, "bob", "viewer").await;
    let topics = [pitch.topic(), Topic::team(&pitch.teams[1].id)];
    let from = topics.clone().map(|topic| (topic, None));
    let mut follower = Follower::follow(&bob, Transport::WebSocket, &from, "w").await;
    follower.next_subscribed().await;
    follower.next_subscribed().await;
    assert_eq!(pitch.record(&ada, &pitch.goal("g1")).await.status, 201);
    for _ in 0..4 {
        follower.next_publication().await;
    }
    let path = format!("/api/events/{}/members/bob", pitch.event.id);
    assert_eq!(ada.delete(&path).await.status, 204);
    assert_eq!(pitch.record(&ada, &pitch.goal("g2")).await.status, 201);
    let mut ended = Vec::new();
    while ended.len() < 2 {
        match follower.next_news().await {
            ServerFrame::Unsubscribed(topic, why) => {
                assert_eq!(why.code, Some(ErrorCode::Forbidden));
                ended.push(topic);
            }
            other => panic!("{other:?}"),
        }
    }
    ended.sort();
    assert_eq!(ended, topics);
}

#[tokio::test]
async fn m1_contributors_record_and_owners_correct_what_others_recorded() {
    let server = Server::start().await;
    let (ada, bob, eve) = people(&server).await;
    let pitch = Pitch::of(&ada, event(&ada, "public").await).await;
    for name in ["bob", "eve"] {
        put(&ada, &pitch.event, name, "contributor").await;
    }
    let recorded = pitch.record(&bob, &pitch.goal("g1")).await;
    assert_eq!((recorded.status, &recorded.body["author"]["name"]), (201, &json!("bob")));
    let strike = |id: &str, of: &str| json!({"id": id, "at": at(700), "kind": "strike", "of": of});
    assert_eq!(pitch.record(&eve, &strike("s1", "g1")).await.refusal(), (403, "forbidden", ""));
    assert_eq!(
        server.post(&pitch.path("/events"), &pitch.goal("g2")).await.refusal(),
        (401, "unauthenticated", "")
    );
    assert_eq!(pitch.record(&bob, &pitch.goal("g2")).await.status, 201);
    assert_eq!(pitch.record(&bob, &strike("s1", "g1")).await.status, 201, "one's own");
    assert_eq!(pitch.record(&ada, &strike("s2", "g2")).await.status, 201, "the owner");
    assert_eq!(pitch.state(&server).await.score.home, 0);
    assert_eq!(pitch.record(&eve, &pitch.goal("g1")).await.refusal(), (409, "keyReused", ""), "not hers");
    assert_eq!(eve.patch(&pitch.path(""), &json!({"title": "Derby"})).await.status, 200);
    assert_eq!(eve.delete(&pitch.path("")).await.refusal(), (403, "forbidden", ""));
    assert_eq!(ada.delete(&pitch.path("")).await.status, 204);
}
