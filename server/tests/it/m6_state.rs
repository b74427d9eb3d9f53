//! M6: what the server counts from the log is pushed live, and equals a recount from scratch.

#[path = "../../../shared/tests/support/final_2018.rs"]
mod final_2018;

use final_2018::{Record, Team};
use serde_json::json;
use shared::{
    Topic,
    model::{
        event::Event,
        match_::{Entry, Match, MatchChange, MatchState, Phase, Recount, Score, Side},
    },
};

use crate::support::{Api, Follower, Pitch, Server, Transport, over_every_transport, pitch::at};

async fn team(api: &Api, event: &Event, record: &Record, team: &Team) -> serde_json::Value {
    let players: Vec<_> = record.names(team).into_iter().map(|name| json!({"name": name})).collect();
    let body = json!({"name": team.name, "short": team.id, "players": players});
    let made = api.post(&format!("/api/events/{}/teams", event.id), &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let made: shared::model::match_::Team = made.read();
    let begins = made.players.iter().filter(|player| team.eleven.contains(&player.name));
    json!({"teamId": made.id, "starting": begins.map(|player| &player.id).collect::<Vec<_>>()})
}

over_every_transport! { m6_the_final_of_2018_ends_four_to_two_for_everybody }

async fn m6_the_final_of_2018_ends_four_to_two_for_everybody(transport: Transport) {
    let server = Server::start().await;
    let event = server.event().await;
    let record = Record::read();
    let home = team(&server, &event, &record, &record.home).await;
    let away = team(&server, &event, &record, &record.away).await;
    let made =
        server.post(&format!("/api/events/{}/matches", event.id), &json!({"home": home, "away": away})).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let of: Match = made.read();
    let topic = Topic::of_match(&of.id);
    let mut watcher = Follower::on(&server, transport, &topic, None).await;
    watcher.next_subscribed().await;
    // The second half's beginning, which the record does not have, comes first; and some of it twice.
    let entries = record.entries(&of.sheet);
    let path = format!("/api/matches/{}/events", of.id);
    for (n, entry) in entries.iter().enumerate() {
        let status = server.post(&path, &json!(entry)).await.status;
        assert_eq!(status, 201);
        if n % 3 == 0 {
            assert_eq!(server.post(&path, &json!(entry)).await.status, 200);
        }
    }
    let mut heard: Vec<Entry> = Vec::new();
    let mut states: Vec<MatchState> = Vec::new();
    for publication in watcher.read_to(&topic, 2 * entries.len() as u64).await {
        match publication.change.read::<MatchChange>() {
            Some(MatchChange::Event(event)) => heard.push(event.entry),
            Some(MatchChange::State(changed)) => {
                assert_eq!(
                    changed.state,
                    Recount::of(&of.sheet, &heard).state,
                    "after {} entries",
                    heard.len()
                );
                states.push(changed.state);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((heard.len(), states.len()), (entries.len(), entries.len()));
    let last = states.last().unwrap();
    assert_eq!((last.score, last.phase), (Score { home: 4, away: 2 }, Phase::FullTime));
    let written = record.events.iter().rev().find_map(|event| event.score.clone());
    assert_eq!(written, Some(format!("{}-{}", last.score.home, last.score.away)));
    assert_eq!(last.winner(), Some(Side::Home));
    assert_eq!((last.home.stats.substitutions, last.away.stats.substitutions), (3, 2));
    let read: Match = server.get(&format!("/api/matches/{}", of.id)).await.read();
    assert_eq!(&read.state, last);
}

#[tokio::test]
async fn m6_another_sheet_is_another_count() {
    let server = Server::start().await;
    let pitch = Pitch::open(&server).await;
    let (off, on) = (pitch.player(Side::Home, 3), pitch.player(Side::Home, 11));
    let entries = json!([
        {"id": "k", "at": at(0), "kind": "kickOff"},
        {"id": "c", "at": at(1800), "kind": "substitution", "side": "home", "player": on, "off": off},
    ]);
    assert_eq!(pitch.record(&server, &entries).await.status, 201);
    let minute = |state: &MatchState| state.home.player(on).unwrap().on.unwrap().to_string();
    assert_eq!(minute(&pitch.state(&server).await), "31");
    let mut watcher = Follower::on(&server, Transport::WebSocket, &pitch.topic(), None).await;
    watcher.next_subscribed().await;
    assert_eq!(server.patch(&pitch.path(""), &json!({"halfMinutes": 25})).await.status, 200);
    let Some(MatchChange::Update(update)) = watcher.next_publication().await.change.read() else {
        panic!("no update")
    };
    let state = pitch.state(&server).await;
    assert_eq!((minute(&state).as_str(), &update.state), ("25+6", &state));
    let everybody: Vec<_> = pitch.of.sheet.home.players.iter().map(|player| &player.id).collect();
    assert_eq!(server.patch(&pitch.path(""), &json!({"homeStarting": everybody})).await.status, 200);
    let of = pitch.read(&server).await;
    assert_eq!(of.state.on_pitch(&of.sheet, Side::Home).len(), 12, "all but who went off");
}

#[tokio::test]
async fn m6_a_restarted_server_knows_where_the_match_stands() {
    let mut server = Server::start().await;
    let pitch = Pitch::open(&server).await;
    assert_eq!(pitch.record(&server, &pitch.goal("g1")).await.status, 201);
    let before = pitch.state(&server).await;
    server.stop().await;
    let server = Server::in_dir(server.dir.clone(), &[]).await;
    assert_eq!(pitch.state(&server).await, before);
    assert_eq!(pitch.record(&server, &pitch.goal("g1")).await.status, 200);
    assert_eq!(pitch.record(&server, &pitch.goal("g2")).await.status, 201);
    assert_eq!(pitch.state(&server).await.score.home, 2);
}
