//! M1: teams, players, matches, and what happens in them.

use serde_json::{Value, json};
use shared::{
    DomainChange as _, Topic,
    model::match_::{Match, MatchChange, MatchEvent, Side, Team},
    rest::{Page, Snapshot},
};

use crate::support::{Follower, Pitch, Server, Transport, pitch::at};

#[tokio::test]
async fn m1_a_team_has_players_who_keep_their_ids() {
    let server = Server::start().await;
    let event = server.event().await;
    let team = server.team(&event, "Lions").await;
    let numbers: Vec<_> = team.players.iter().map(|player| player.number.unwrap()).collect();
    assert_eq!(numbers, (1..=13).collect::<Vec<_>>());
    let path = format!("/api/teams/{}", team.id);
    let kept = &team.players[4];
    let changed = server
        .patch(&path, &json!({"short": "LIO", "players": [{"name": "New"}, {"id": kept.id, "name": "Kept", "number": 7}]}))
        .await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let changed: Team = changed.read();
    assert_eq!((changed.name.as_str(), changed.short.as_str()), ("Lions", "LIO"));
    let players: Vec<_> =
        changed.players.iter().map(|player| (player.name.as_str(), player.number)).collect();
    assert_eq!(players, [("Kept", Some(7)), ("New", None)], "by number, then by name");
    assert_eq!(changed.players[0].id, kept.id);
    assert_eq!(server.get(&path).await.read::<Snapshot<Team>>().item, changed);
    let listed: Page<Team> = server.get(&format!("/api/events/{}/teams", event.id)).await.read();
    assert_eq!(listed.items, [changed]);
    assert_eq!(server.delete(&path).await.status, 204);
    assert_eq!(server.get(&path).await.refusal(), (404, "notFound", ""));
}

#[tokio::test]
async fn m1_a_match_is_made_of_two_teams_of_its_event() {
    let server = Server::start().await;
    let pitch = Pitch::open(&server).await;
    let path = format!("/api/events/{}/matches", pitch.event.id);
    let [home, away] = &pitch.teams;
    let elsewhere = server.event().await;
    let stranger = server.team(&elsewhere, "Bears").await;
    let side = |team: &Team| json!({"teamId": team.id});
    for (body, field) in [
        (json!({"home": side(home), "away": side(home)}), "away"),
        (json!({"home": side(home), "away": side(&stranger)}), "away"),
        (json!({"home": {"teamId": "nobody"}, "away": side(away)}), "home"),
        (json!({"home": {"teamId": home.id, "starting": [away.players[0].id]}, "away": side(away)}), "home"),
        (json!({"home": side(home), "away": side(away), "halfMinutes": 0}), "halfMinutes"),
        (json!({"home": side(home), "away": side(away), "extraMinutes": 91}), "extraMinutes"),
        (json!({"home": side(home), "away": side(away), "title": "x".repeat(121)}), "title"),
        (json!({"home": side(home), "away": side(away), "startsAt": "2026-02-31T00:00:00.000Z"}), "startsAt"),
    ] {
        assert_eq!(server.post(&path, &body).await.refusal(), (422, "invalid", field), "{body}");
    }
    assert_eq!(server.post(&path, &json!({"home": side(home)})).await.refusal(), (400, "malformed", ""));
    let keyed = [("idempotency-key", "k")];
    let body = json!({"home": side(home), "away": side(away), "title": "Final", "halfMinutes": 25});
    let first = server.post_with(&path, &keyed, &body).await;
    let again = server.post_with(&path, &keyed, &body).await;
    assert_eq!((first.status, again.status, &first.body), (201, 200, &again.body));
    let made: Match = first.read();
    assert_eq!((made.sheet.half_minutes, made.sheet.home.name.as_str()), (25, "Lions"));
    let listed: Page<Match> = server.get(&path).await.read();
    assert_eq!(listed.items, [made, pitch.of.clone()]);
    let of_team: Page<Match> = server.get(&format!("/api/teams/{}/matches", home.id)).await.read();
    assert_eq!(of_team.items, listed.items);
    assert_eq!(
        server.delete(&format!("/api/teams/{}", home.id)).await.refusal(),
        (409, "conflict", "matches")
    );
}

/// One entry of every kind, each with everything that it may have.
fn every_kind(pitch: &Pitch) -> Vec<Value> {
    let (home, away) = (|n| pitch.player(Side::Home, n), |n| pitch.player(Side::Away, n));
    let mut kinds = vec![
        json!({"kind": "kickOff", "text": "Under way"}),
        json!({"kind": "addedTime", "minutes": 3}),
        json!({"kind": "stopped"}),
        json!({"kind": "resumed"}),
        json!({"kind": "goal", "side": "home", "player": home(8), "assist": home(7), "text": "A header"}),
        json!({"kind": "ownGoal", "side": "home", "player": home(3)}),
        json!({"kind": "shot", "side": "away", "player": away(9), "onTarget": true}),
        json!({"kind": "save", "side": "home", "player": home(0)}),
        json!({"kind": "card", "side": "away", "player": away(4), "card": "yellow"}),
        json!({"kind": "injury", "side": "away", "player": away(5)}),
        json!({"kind": "substitution", "side": "away", "player": away(11), "off": away(5)}),
        json!({"kind": "penalty", "side": "home", "player": home(9), "outcome": "saved"}),
        json!({"kind": "note", "text": "It rains"}),
    ];
    for phase in [
        "halfTime",
        "secondHalf",
        "fullTime",
        "extraTime",
        "extraHalfTime",
        "extraSecondHalf",
        "extraFullTime",
        "shootOut",
    ] {
        kinds.push(json!({"kind": phase}));
    }
    kinds.push(json!({"kind": "shootOutKick", "side": "home", "player": home(9), "outcome": "scored"}));
    kinds.push(json!({"kind": "shootOutOver"}));
    kinds.push(json!({"kind": "amend", "of": "e4", "to": {"at": at(70), "kind": "goal", "side": "home", "text": "No"}}));
    kinds.push(json!({"kind": "strike", "of": "e5", "text": "Not over the line"}));
    kinds.push(json!({"kind": "abandoned"}));
    for (n, entry) in kinds.iter_mut().enumerate() {
        entry["id"] = json!(format!("e{n}"));
        entry["at"] = json!(at(n as u32 * 60));
    }
    kinds
}

#[tokio::test]
async fn m1_every_kind_is_recorded_and_read_back() {
    let server = Server::start().await;
    let pitch = Pitch::open(&server).await;
    let kinds = every_kind(&pitch);
    let answer = pitch.record(&server, &json!(kinds)).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let stored: Vec<MatchEvent> = answer.read();
    assert_eq!(pitch.log(&server).await, stored);
    for ((sent, stored), body) in kinds.iter().zip(&stored).zip(answer.body.as_array().unwrap()) {
        for (name, value) in sent.as_object().unwrap() {
            assert_eq!(&body[name], value, "{name} of {sent}");
        }
        assert_eq!((&stored.match_id, stored.author.name.as_str()), (&pitch.of.id, ""));
    }
    assert!(stored.is_sorted_by_key(|event| event.offset));
    let state = pitch.state(&server).await;
    assert_eq!((state.score.home, state.score.away, state.entries as usize), (1, 0, kinds.len()));
}

#[tokio::test]
async fn m1_what_makes_no_sense_is_refused_and_nothing_of_its_batch_is_stored() {
    let server = Server::start().await;
    let pitch = Pitch::open(&server).await;
    assert_eq!(pitch.record(&server, &json!([pitch.goal("g1")])).await.status, 201);
    let entry = |with: Value| {
        let mut entry = json!({"id": "e1", "at": at(60), "kind": "note"});
        entry.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
        entry
    };
    let stranger = pitch.player(Side::Away, 0);
    for (bad, field) in [
        (json!({"text": "x".repeat(501)}), "text"),
        (json!({"text": "a\u{0}b"}), "text"),
        (json!({"at": "2999-01-01T00:00:00.000Z"}), "at"),
        (json!({"at": "2026-02-31T00:00:00.000Z"}), "at"),
        (json!({"kind": "goal", "side": "home", "player": stranger}), "player"),
        (json!({"kind": "substitution", "side": "home", "off": stranger}), "player"),
        (json!({"kind": "strike", "of": "nothing"}), "of"),
        (json!({"kind": "strike", "of": "e1"}), "of"),
        (json!({"kind": "amend", "of": "g1", "to": {"at": at(1), "kind": "strike", "of": "g1"}}), "to"),
        (
            json!({"kind": "amend", "of": "g1", "to": {"at": at(1), "kind": "goal", "side": "home", "player": stranger}}),
            "player",
        ),
        (
            json!({"kind": "amend", "of": "g1", "to": {"at": at(1), "kind": "note", "text": "x".repeat(501)}}),
            "text",
        ),
    ] {
        let refused = pitch
            .record(&server, &json!([{"id": "e0", "at": at(1), "kind": "note"}, entry(bad.clone())]))
            .await;
        assert_eq!(refused.refusal(), (422, "invalid", field), "{bad}");
        assert_eq!(refused.body["error"]["key"], "e1", "the entry is named");
    }
    for malformed in [
        json!({"kind": "try"}),
        json!({"kind": "goal"}),
        json!({"id": "a b"}),
        json!({"at": "now"}),
        json!({"kind": "addedTime", "minutes": 256}),
    ] {
        assert_eq!(pitch.record(&server, &entry(malformed)).await.refusal(), (400, "malformed", ""));
    }
    let too_many: Vec<_> = (0..201).map(|n| entry(json!({"id": format!("n{n}")}))).collect();
    assert_eq!(pitch.record(&server, &json!(too_many)).await.refusal(), (422, "invalid", ""));
    assert_eq!(pitch.record(&server, &json!([])).await.refusal(), (422, "invalid", ""));
    assert_eq!(pitch.log(&server).await.len(), 1);

    let corrections = json!([
        {"id": "a1", "at": at(700), "kind": "amend", "of": "g1", "to": {"at": at(600), "kind": "note"}},
        {"id": "s1", "at": at(710), "kind": "strike", "of": "a1"},
    ]);
    assert_eq!(pitch.record(&server, &corrections).await.status, 201, "an amendment is struck");
    for bad in [
        json!({"kind": "strike", "of": "s1"}),
        json!({"kind": "amend", "of": "s1", "to": {"at": at(1), "kind": "note"}}),
        json!({"kind": "amend", "of": "a1", "to": {"at": at(1), "kind": "note"}}),
    ] {
        assert_eq!(pitch.record(&server, &entry(bad)).await.refusal(), (422, "invalid", "of"));
    }
    assert_eq!(pitch.state(&server).await.score.home, 1);
}

#[tokio::test]
async fn v8_the_log_of_a_match_has_an_end() {
    let server = Server::start().await;
    let pitch = Pitch::open(&server).await;
    for hundreds in 0..5 {
        let notes: Vec<_> = (0..200)
            .map(|n| json!({"id": format!("n{hundreds}-{n}"), "at": at(n), "kind": "note"}))
            .collect();
        assert_eq!(pitch.record(&server, &json!(notes)).await.status, 201);
    }
    assert_eq!(pitch.record(&server, &pitch.goal("g1")).await.refusal(), (409, "conflict", "events"));
    let known = json!({"id": "n0-0", "at": at(0), "kind": "note"});
    assert_eq!(pitch.record(&server, &known).await.status, 200, "what is there is still answered");
}

#[tokio::test]
async fn m1_a_deleted_match_is_gone_from_its_topics_and_their_logs() {
    let server = Server::start().await;
    let pitch = Pitch::open(&server).await;
    let spoken = json!({"id": "n1", "at": at(1), "kind": "note", "text": "a word too many"});
    assert_eq!(pitch.record(&server, &spoken).await.status, 201);
    let team = Topic::team(&pitch.teams[0].id);
    let from = [(pitch.topic(), None), (team.clone(), None)];
    let mut follower = Follower::follow(&server, Transport::WebSocket, &from, "w").await;
    follower.next_subscribed().await;
    follower.next_subscribed().await;
    assert_eq!(server.delete(&pitch.path("")).await.status, 204);
    let mut ended = Vec::new();
    while ended.len() < 3 {
        match follower.next_news().await {
            shared::ServerFrame::Publication(publication) => {
                assert!(matches!(publication.change.read::<MatchChange>(), Some(MatchChange::Delete(_))));
                ended.push(publication.topic.to_string());
            }
            shared::ServerFrame::Unsubscribed(topic, _) => ended.push(format!("end of {topic}")),
            other => panic!("{other:?}"),
        }
    }
    ended.sort();
    assert_eq!(ended, [format!("end of {}", pitch.topic()), pitch.topic().to_string(), team.to_string()]);
    assert_eq!(server.get(&pitch.path("")).await.refusal(), (404, "notFound", ""));
    assert_eq!(pitch.record(&server, &pitch.goal("g1")).await.refusal(), (404, "notFound", ""));
    for topic in [team, Topic::event(&pitch.event.id)] {
        let log = log_of(&server, &topic).await;
        assert!(log.iter().any(|entry| entry.contains("match:delete")));
        assert!(!log.iter().any(|entry| entry.contains("a word too many") || entry.contains("match:update")));
    }
}

#[tokio::test]
async fn m1_who_plays_no_more_is_named_no_more() {
    let server = Server::start().await;
    let pitch = Pitch::open(&server).await;
    let team = &pitch.teams[0];
    let players: Vec<_> =
        team.players[..12].iter().map(|player| json!({"id": player.id, "name": player.name})).collect();
    let mut follower = Follower::on(&server, Transport::WebSocket, &pitch.topic(), None).await;
    follower.next_subscribed().await;
    assert_eq!(
        server.patch(&format!("/api/teams/{}", team.id), &json!({"players": players})).await.status,
        200
    );
    let Some(MatchChange::Update(update)) = follower.next_publication().await.change.read() else {
        panic!("no update")
    };
    assert_eq!((update.sheet.home.players.len(), update.sheet.home.starting.len()), (12, 11));
    assert_eq!(*update, pitch.read(&server).await);
    for topic in [pitch.topic(), Topic::team(&team.id), Topic::event(&pitch.event.id)] {
        let log = log_of(&server, &topic).await;
        assert!(
            !log.is_empty() && !log.iter().any(|entry| entry.contains(&team.players[12].name)),
            "{topic}"
        );
    }
}

#[tokio::test]
async fn m1_an_event_takes_its_matches_with_it() {
    let server = Server::start().await;
    let pitch = Pitch::open(&server).await;
    assert_eq!(pitch.record(&server, &pitch.goal("g1")).await.status, 201);
    let mut follower = Follower::on(&server, Transport::WebSocket, &pitch.topic(), None).await;
    follower.next_subscribed().await;
    assert_eq!(server.delete(&format!("/api/events/{}", pitch.event.id)).await.status, 204);
    assert_eq!(follower.next_publication().await.change.type_name(), "event:delete");
    assert!(matches!(follower.next_news().await, shared::ServerFrame::Unsubscribed(..)));
    for path in [pitch.path(""), pitch.path("/events"), format!("/api/teams/{}", pitch.teams[0].id)] {
        assert_eq!(server.get(&path).await.refusal(), (404, "notFound", ""));
    }
}

/// Everything that a topic's log has kept: types and payloads.
async fn log_of(server: &Server, topic: &Topic) -> Vec<String> {
    let topic = topic.clone();
    let work = async move |tx: &mut server::store::Tx<'_>| {
        server::store::log::read(tx, &topic, shared::Offset::ZERO, 1_000).await
    };
    let (_, publications) = server.app.store.read(work).await.unwrap().unwrap();
    publications.into_iter().map(|entry| format!("{} {}", entry.type_name, entry.payload)).collect()
}
