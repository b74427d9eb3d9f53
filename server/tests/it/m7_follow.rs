//! Following a team or a player (M7): who is told of what in a match, once, and for how long.

use reqwest::Method;
use serde_json::{Value, json};
use shared::model::{
    event::Event,
    follow::Follow,
    match_::Side,
    notification::{Notification, NotificationChange, NotificationKind, Notifications},
};

use crate::support::{Api, Follower, Pitch, Server, Somebody, Transport, pitch::at};

async fn put(by: &Api, path: &str, body: &Value) -> (u16, String, String) {
    let answer = by.send(by.request(Method::PUT, path).json(body)).await;
    let (status, code, field) = answer.refusal();
    (status, code.to_owned(), field.to_owned())
}

async fn follow(by: &Api, path: &str) {
    assert_eq!(put(by, path, &Value::Null).await.0, 204, "{path}");
}

fn team(pitch: &Pitch, n: usize) -> String {
    format!("/api/teams/{}/follow", pitch.teams[n].id)
}

fn player(pitch: &Pitch, side: Side, n: usize) -> String {
    let team = &pitch.of.sheet.of(side).team_id;
    format!("/api/teams/{team}/players/{}/follow", pitch.player(side, n))
}

async fn followed(by: &Api) -> Vec<Follow> {
    by.get("/api/follows").await.read()
}

async fn told(by: &Api) -> Vec<Notification> {
    by.get("/api/notifications").await.read::<Notifications>().page.items
}

/// What somebody was told last, and how often before it was read.
async fn last(by: &Api) -> (u64, String) {
    let all = told(by).await;
    assert!(all.iter().all(|one| one.kind == NotificationKind::Match), "{all:?}");
    all.first().map_or((0, String::new()), |one| (one.count, one.text.clone()))
}

/// The same, and it is read.
async fn hear(by: &Api) -> (u64, String) {
    let last = last(by).await;
    assert_eq!(by.post("/api/notifications/read", &Value::Null).await.status, 200);
    last
}

fn once(text: &str) -> (u64, String) {
    (1, text.to_owned())
}

async fn private(owner: &Somebody, guest: &str) -> Event {
    let answer = owner.post("/api/events", &json!({"title": "Season", "visibility": "private"})).await;
    let event: Event = answer.read();
    put(owner, &format!("/api/events/{}/members/{guest}", event.id), &json!({"role": "viewer"})).await;
    event
}

/// Ada records; bob follows the home team, eve its ninth player.
async fn scene(server: &Server) -> (Somebody, Somebody, Somebody, Pitch) {
    let (ada, bob) = (server.register("ada").await, server.register("bob").await);
    let eve = server.register("eve").await;
    let pitch = Pitch::open(server).await;
    follow(&bob, &team(&pitch, 0)).await;
    follow(&eve, &player(&pitch, Side::Home, 8)).await;
    (ada, bob, eve, pitch)
}

async fn record(pitch: &Pitch, by: &Api, id: &str, seconds: u32, what: Value) {
    let mut entry = json!({"id": id, "at": at(seconds)});
    entry.as_object_mut().unwrap().extend(what.as_object().unwrap().clone());
    let answer = pitch.record(by, &entry).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
}

#[tokio::test]
async fn m7_who_follows_is_told_what_concerns_them() {
    let server = Server::start().await;
    let (ada, bob, eve, pitch) = scene(&server).await;
    let home = |n| pitch.player(Side::Home, n).to_string();
    let mut bell = Follower::on(&eve, Transport::WebSocket, &eve.topic(), None).await;
    bell.next_subscribed().await;

    record(&pitch, &ada, "k", 0, json!({"kind": "kickOff"})).await;
    assert_eq!(
        (hear(&bob).await, hear(&eve).await),
        (once("Lions 0–0 Tigers · Kick-off"), (0, String::new()))
    );
    record(
        &pitch,
        &ada,
        "g1",
        600,
        json!({"kind": "goal", "side": "home", "player": home(8), "assist": home(6)}),
    )
    .await;
    let goal = once("Lions 1–0 Tigers · 11’ Goal for Lions: Lions 09, assist Lions 07");
    assert_eq!((hear(&bob).await, last(&eve).await), (goal.clone(), goal));
    let heard = bell.next_publication().await.change.read::<NotificationChange>();
    let Some(NotificationChange::New(new)) = heard else { panic!("{heard:?}") };
    assert_eq!((new.unread, new.notification.match_id), (1, Some(pitch.of.id.clone())));
    hear(&eve).await;

    record(&pitch, &ada, "s", 700, json!({"kind": "shot", "side": "home", "player": home(8)})).await;
    record(&pitch, &ada, "c", 720, json!({"kind": "card", "side": "away", "card": "yellow"})).await;
    record(&pitch, &ada, "n", 730, json!({"kind": "note", "text": "It rains"})).await;
    assert_eq!((told(&bob).await.len(), told(&eve).await.len()), (2, 1), "nothing that concerns them");
    record(&pitch, &ada, "g2", 800, json!({"kind": "goal", "side": "away"})).await;
    assert_eq!(hear(&bob).await, once("Lions 1–1 Tigers · 14’ Goal for Tigers"));
    let change = json!({"kind": "substitution", "side": "home", "player": home(11), "off": home(8)});
    record(&pitch, &ada, "sub", 900, change).await;
    assert_eq!(hear(&eve).await, once("Lions 1–1 Tigers · 16’ Lions 12 comes on for Lions 09"));
    record(&pitch, &ada, "h", 2700, json!({"kind": "halfTime"})).await;
    assert_eq!(last(&bob).await, once("Lions 1–1 Tigers · Half-time"));
    assert_eq!(told(&ada).await, [], "who follows nothing hears nothing");
}

#[tokio::test]
async fn m7_an_entry_is_told_once_however_often_it_comes() {
    let server = Server::start().await;
    let (ada, bob, eve, pitch) = scene(&server).await;
    let cara = server.register("cara").await;
    record(&pitch, &ada, "k", 0, json!({"kind": "kickOff"})).await;
    assert_eq!(hear(&bob).await.0, 1);
    for status in [201, 200, 200] {
        assert_eq!(pitch.record(&ada, &pitch.goal("g1")).await.status, status);
    }
    assert_eq!((last(&bob).await.0, last(&eve).await.0), (1, 1));
    let other = json!({"id": "g1", "at": at(1), "kind": "goal", "side": "away"});
    assert_eq!(pitch.record(&ada, &other).await.status, 409);
    // A batch of which one is there already; another recorder presses kick-off as well.
    let note = json!({"id": "n", "at": at(2), "kind": "note"});
    assert_eq!(pitch.record(&ada, &json!([pitch.goal("g1"), note])).await.status, 201);
    assert_eq!(pitch.record(&cara, &json!({"id": "k2", "at": at(3), "kind": "kickOff"})).await.status, 201);
    assert_eq!((last(&bob).await.0, last(&eve).await.0), (1, 1));
    // All of a batch or nothing of it, and what is told with it.
    let bad = json!({"id": "x", "at": at(3), "kind": "goal", "side": "home", "player": "nobody"});
    assert_eq!(pitch.record(&ada, &json!([pitch.goal("g2"), bad])).await.status, 422);
    assert_eq!(last(&bob).await.0, 1);
    assert_eq!(pitch.record(&ada, &json!([pitch.goal("g2"), pitch.goal("g3")])).await.status, 201);
    assert_eq!(hear(&bob).await, (3, "Lions 3–0 Tigers · 11’ Goal for Lions: Lions 09".to_owned()));
    assert_eq!(told(&bob).await.len(), 2, "a burst is one line");
}

#[tokio::test]
async fn m7_a_correction_takes_back_what_was_told() {
    let server = Server::start().await;
    let (ada, bob, eve, pitch) = scene(&server).await;
    let dan = server.register("dan").await;
    follow(&dan, &player(&pitch, Side::Home, 9)).await;
    record(&pitch, &ada, "k", 0, json!({"kind": "kickOff"})).await;
    assert_eq!(pitch.record(&ada, &pitch.goal("g1")).await.status, 201);
    let (_, scored) = (hear(&bob).await, hear(&eve).await);
    assert_eq!(scored, once("Lions 1–0 Tigers · 11’ Goal for Lions: Lions 09"));

    // It was another: whom that concerns is told so, each in their way.
    let to = json!({"kind": "goal", "at": at(600), "side": "home", "player": pitch.player(Side::Home, 9)});
    record(&pitch, &ada, "a1", 660, json!({"kind": "amend", "of": "g1", "to": to})).await;
    let corrected = once("Lions 1–0 Tigers · Corrected: 11’ Goal for Lions: Lions 10");
    assert_eq!((hear(&bob).await, hear(&dan).await), (corrected.clone(), corrected));
    assert_eq!(hear(&eve).await, once("Lions 1–0 Tigers · Taken back: 11’ Goal for Lions: Lions 09"));
    // A minute later is no news.
    let to = json!({"kind": "goal", "at": at(660), "side": "home", "player": pitch.player(Side::Home, 9)});
    record(&pitch, &ada, "a2", 670, json!({"kind": "amend", "of": "g1", "to": to})).await;
    assert_eq!((told(&bob).await.len(), told(&dan).await.len(), told(&eve).await.len()), (2, 1, 2));

    record(&pitch, &ada, "x1", 700, json!({"kind": "strike", "of": "g1"})).await;
    let gone = once("Lions 0–0 Tigers · Taken back: 12’ Goal for Lions: Lions 10");
    assert_eq!((hear(&bob).await, hear(&dan).await), (gone.clone(), gone));
    record(&pitch, &ada, "x2", 710, json!({"kind": "strike", "of": "g1"})).await;
    assert_eq!((told(&bob).await.len(), told(&eve).await.len()), (3, 2), "it is struck already");
    record(&pitch, &ada, "h", 2700, json!({"kind": "halfTime"})).await;
    record(&pitch, &ada, "x3", 2710, json!({"kind": "strike", "of": "h"})).await;
    assert_eq!(last(&bob).await, (2, "Lions 0–0 Tigers · Taken back: Half-time".to_owned()));
}

#[tokio::test]
async fn m7_recorders_are_not_told_of_their_own_entries() {
    let server = Server::start().await;
    let (ada, bob, _, pitch) = scene(&server).await;
    follow(&ada, &team(&pitch, 0)).await;
    assert_eq!(pitch.record(&ada, &pitch.goal("g1")).await.status, 201);
    assert_eq!((told(&ada).await, last(&bob).await.0), (vec![], 1));
    assert_eq!(pitch.record(&bob, &pitch.goal("g2")).await.status, 201);
    assert_eq!((last(&ada).await.0, last(&bob).await.0), (1, 1));
    // A visitor has no name to be told from others by.
    assert_eq!(pitch.record(&server, &pitch.goal("g3")).await.status, 201);
    assert_eq!((last(&ada).await.0, last(&bob).await.0), (2, 2));
}

#[tokio::test]
async fn m7_who_may_not_read_the_event_follows_nothing_of_it() {
    let server = Server::start().await;
    let (ada, bob) = (server.register("ada").await, server.register("bob").await);
    let eve = server.register("eve").await;
    let pitch = Pitch::of(&ada, private(&ada, "bob").await).await;
    let paths = [team(&pitch, 0), player(&pitch, Side::Away, 0)];
    for path in &paths {
        assert_eq!(put(&eve, path, &Value::Null).await, (404, "notFound".into(), String::new()));
        assert_eq!(put(&server, path, &Value::Null).await.0, 401, "whatever is there");
        assert_eq!(eve.delete(path).await.status, 204, "nobody learns whether it is there");
        follow(&bob, path).await;
        follow(&bob, path).await;
    }
    assert_eq!(followed(&bob).await.len(), 2, "twice is once");
    record(&pitch, &ada, "k", 0, json!({"kind": "kickOff"})).await;
    assert_eq!(last(&bob).await.0, 1);

    // Whoever is taken out finds nothing of it, is told nothing more, and hears again when they are back.
    assert_eq!(ada.delete(&format!("/api/events/{}/members/bob", pitch.event.id)).await.status, 204);
    assert_eq!((told(&bob).await, followed(&bob).await), (vec![], vec![]));
    assert_eq!(pitch.record(&ada, &pitch.goal("g1")).await.status, 201);
    assert_eq!(told(&bob).await, []);
    let log = bob.get(&format!("/api/poll?from={}", bob.topic())).await;
    assert!(!log.body.to_string().contains("Lions"), "{}", log.body);
    put(&ada, &format!("/api/events/{}/members/bob", pitch.event.id), &json!({"role": "viewer"})).await;
    assert_eq!(pitch.record(&ada, &pitch.goal("g2")).await.status, 201);
    assert_eq!((last(&bob).await.0, followed(&bob).await.len()), (1, 2));
    put(&bob, &format!("/api/events/{}/mute", pitch.event.id), &Value::Null).await;
    assert_eq!(pitch.record(&ada, &pitch.goal("g3")).await.status, 201);
    assert_eq!(last(&bob).await.0, 1, "muted");
}

#[tokio::test]
async fn m7_what_is_followed_is_listed_and_left() {
    let server = Server::start().await;
    let (ada, bob, eve, pitch) = scene(&server).await;
    let ninth = player(&pitch, Side::Home, 8);
    let listed = json!([{
        "eventId": pitch.event.id, "eventTitle": pitch.event.title,
        "teamId": pitch.teams[0].id, "teamName": "Lions",
        "playerId": pitch.player(Side::Home, 8), "playerName": "Lions 09",
    }]);
    assert_eq!(eve.get("/api/follows").await.body, listed);
    assert_eq!(server.get("/api/follows").await.refusal(), (401, "unauthenticated", ""));
    for path in
        ["/api/teams/nothing/follow".to_owned(), format!("/api/teams/{}/players/x/follow", pitch.teams[0].id)]
    {
        assert_eq!(put(&bob, &path, &Value::Null).await.0, 404, "{path}");
    }
    assert_eq!(put(&server, &ninth, &Value::Null).await.0, 401);
    for _ in 0..2 {
        assert_eq!(eve.delete(&ninth).await.status, 204);
    }
    assert_eq!(pitch.record(&ada, &pitch.goal("g1")).await.status, 201);
    assert_eq!((told(&eve).await, followed(&eve).await), (vec![], vec![]));

    // A team that is changed keeps who follows its players; who has left it is followed no more, nor found by name.
    follow(&eve, &ninth).await;
    follow(&eve, &player(&pitch, Side::Home, 0)).await;
    assert_eq!(pitch.record(&ada, &pitch.goal("g2")).await.status, 201);
    let keeper = json!({"id": pitch.player(Side::Home, 0), "name": "Lions 01", "number": 1});
    let path = format!("/api/teams/{}", pitch.teams[0].id);
    assert_eq!(ada.patch(&path, &json!({"players": [keeper]})).await.status, 200);
    let names: Vec<_> = followed(&eve).await.into_iter().filter_map(|one| one.player_name).collect();
    assert_eq!(names, ["Lions 01"]);
    assert_eq!((told(&eve).await, told(&bob).await), (vec![], vec![]));
    let log = eve.get(&format!("/api/poll?from={}", eve.topic())).await;
    assert!(!log.body.to_string().contains("Lions 09"), "{}", log.body);

    // With the match goes what was told of it, with the team who follows it.
    record(&pitch, &ada, "k", 0, json!({"kind": "kickOff"})).await;
    assert_eq!(last(&bob).await.0, 1);
    assert_eq!(ada.delete(&pitch.path("")).await.status, 204);
    assert_eq!(told(&bob).await, []);
    assert_eq!(ada.delete(&path).await.status, 204);
    assert_eq!(followed(&bob).await, []);
}

#[tokio::test]
async fn m7_one_follows_so_many_and_no_more() {
    let server = Server::with(&["--publish-per-second", "1000"]).await;
    let ada = server.register("ada").await;
    let event = ada.event().await;
    let players: Vec<_> = (0..60).map(|n| json!({"name": format!("p{n}")})).collect();
    let mut paths = Vec::new();
    for n in 0..4 {
        let body = json!({"name": format!("team {n}"), "players": players});
        let made = ada.post(&format!("/api/events/{}/teams", event.id), &body).await.body;
        let team = made["id"].as_str().unwrap();
        let of_players = made["players"].as_array().unwrap().iter();
        let id = |player: &Value| player["id"].as_str().unwrap().to_owned();
        paths.extend(of_players.map(|player| format!("/api/teams/{team}/players/{}/follow", id(player))));
    }
    for path in &paths[..200] {
        follow(&ada, path).await;
    }
    assert_eq!(put(&ada, &paths[200], &Value::Null).await, (409, "conflict".into(), "follows".into()));
    follow(&ada, &paths[0]).await;
    assert_eq!(ada.delete(&paths[0]).await.status, 204);
    follow(&ada, &paths[200]).await;
}
