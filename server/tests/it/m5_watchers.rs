//! M5: whoever watches the match, or either team, receives what happens in it, on any transport, in order.

use serde_json::json;
use shared::{
    Topic,
    model::match_::{MatchChange, Score},
};

use crate::support::{Follower, Pitch, Server, Transport, over_every_transport, pitch::at};

over_every_transport! { m5_watchers_of_the_match_and_of_both_teams_hear_of_it }

async fn m5_watchers_of_the_match_and_of_both_teams_hear_of_it(transport: Transport) {
    let server = Server::start().await;
    let pitch = Pitch::open(&server).await;
    let topics = [pitch.topic(), Topic::team(&pitch.teams[0].id), Topic::team(&pitch.teams[1].id)];
    let mut followers = Vec::new();
    for topic in &topics {
        let mut follower = Follower::on(&server, transport, topic, None).await;
        follower.next_subscribed().await;
        followers.push(follower);
    }
    let kick_off = json!({"id": "k", "at": at(0), "kind": "kickOff"});
    assert_eq!(pitch.record(&server, &kick_off).await.status, 201);
    assert_eq!(pitch.record(&server, &pitch.goal("g1")).await.status, 201);
    assert_eq!(pitch.record(&server, &kick_off).await.status, 200, "nobody hears it again");
    let strike = json!({"id": "s", "at": at(660), "kind": "strike", "of": "g1", "text": "Offside"});
    assert_eq!(pitch.record(&server, &json!([pitch.goal("g2"), strike])).await.status, 201);
    let log = pitch.log(&server).await;
    let state = pitch.state(&server).await;
    for (follower, topic) in followers.iter_mut().zip(&topics) {
        let from = follower.offset(topic).unwrap();
        let heard = follower.read_to(topic, from + 4 + 3).await;
        let mut events = Vec::new();
        let mut scores = Vec::new();
        for publication in heard {
            match publication.change.read::<MatchChange>() {
                Some(MatchChange::Event(event)) => events.push(*event),
                Some(MatchChange::State(changed)) => {
                    assert_eq!(changed.match_id, pitch.of.id);
                    scores.push(changed.state);
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(events, log, "on {topic}");
        assert_eq!(scores.last(), Some(&state));
        let goals: Vec<_> = scores.iter().map(|state| state.score).collect();
        assert_eq!(goals, [0, 1, 1].map(|home| Score { home, away: 0 }));
    }
}

#[tokio::test]
async fn m5_a_match_appears_where_its_teams_are_followed() {
    let server = Server::start().await;
    let pitch = Pitch::open(&server).await;
    let topic = Topic::team(&pitch.teams[0].id);
    let mut follower = Follower::on(&server, Transport::WebSocket, &topic, None).await;
    follower.next_subscribed().await;
    let second = server.match_of(&pitch.event, &pitch.teams[1], &pitch.teams[0]).await;
    let Some(MatchChange::New(new)) = follower.next_publication().await.change.read() else {
        panic!("not new")
    };
    assert_eq!(*new, second);
    let path = format!("/api/matches/{}", second.id);
    assert_eq!(server.patch(&path, &json!({"title": "Return"})).await.status, 200);
    let Some(MatchChange::Update(update)) = follower.next_publication().await.change.read() else {
        panic!("no update")
    };
    assert_eq!(update.title, "Return");
    assert_eq!(server.patch(&path, &json!({"title": "Return"})).await.status, 200, "nothing changes");
    assert_eq!(
        server.patch(&path, &json!({"homeStarting": ["nobody"]})).await.refusal(),
        (422, "invalid", "homeStarting")
    );
    assert_eq!(server.delete(&path).await.status, 204);
    let Some(MatchChange::Delete(gone)) = follower.next_publication().await.change.read() else {
        panic!("not gone")
    };
    assert_eq!(gone.match_id, second.id);
}
