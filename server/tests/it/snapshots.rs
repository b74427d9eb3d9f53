//! Every frame and every body, as they stand on the wire. A changed snapshot is a change of the protocol:
//! it belongs into `docs/protocol.md` and the changelog, and old clients must be able to pass over it.

use serde_json::{Map, Value, json};

use crate::support::{Follower, Server, Transport};

/// Replaces what differs from run to run by the name of what it is.
fn redacted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| {
                let value = match (name.as_str(), value) {
                    (
                        "id" | "accountId" | "commentId" | "connectionId" | "epoch" | "eventId" | "matchId"
                        | "mediaId" | "notificationId" | "off" | "player" | "teamId" | "thumbHash"
                        | "tournamentId" | "uploadId",
                        Value::String(_),
                    ) => {
                        json!(format!("[{name}]"))
                    }
                    ("at" | "timestamp" | "createdAt" | "updatedAt", Value::String(_)) => json!("[time]"),
                    ("topic", Value::String(topic)) => {
                        let name = topic.split_once(':').map(|(kind, _)| format!("{kind}:[id]"));
                        json!(name.as_ref().unwrap_or(topic))
                    }
                    ("starting", Value::Array(ids)) => json!(vec!["[id]"; ids.len()]),
                    ("cursor", Value::String(cursor)) => {
                        json!(format!("[epoch].{}", cursor.rsplit('.').next().unwrap_or_default()))
                    }
                    ("url", Value::String(url)) => {
                        json!(format!("/media/[uploadId]/{}", url.rsplit('/').next().unwrap_or_default()))
                    }
                    ("bytes" | "retryAfterMs", Value::Number(_)) => json!("[number]"),
                    // For people; may change.
                    ("message", Value::String(_)) => json!("[message]"),
                    (_, value) => redacted(value),
                };
                (name.clone(), value)
            });
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(redacted).collect(),
        // A list of ids, or where the next page begins.
        Value::String(id) if is_id(id) => json!("[id]"),
        other => other.clone(),
    }
}

/// As `server::ids::new_id` makes them.
fn is_id(text: &str) -> bool {
    text.len() == 26 && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
}

async fn next(follower: &mut Follower) -> Value {
    redacted(&serde_json::from_str(&follower.next_text().await.unwrap()).unwrap())
}

#[tokio::test]
async fn e4_every_frame() {
    let mut server = Server::with(&["--window-event-ms", "2000", "--drain-span-ms", "0"]).await;
    let event = server.event().await;
    let path = format!("/api/ws/events/{}?watcher=anna", event.id);
    let mut follower = Follower::socket(&server, &path).await;
    let mut frames = Vec::new();
    for _ in ["connected", "subscribed", "presence:count"] {
        frames.push(next(&mut follower).await);
    }
    let media = server.say(&event, "alone").await;
    frames.push(next(&mut follower).await);
    let own = format!("/api/events/{}/media/{}", event.id, media.id);
    server.patch(&own, &json!({"text": "changed"})).await;
    server
        .patch(&format!("/api/events/{}", event.id), &json!({"status": "completed", "place": "Cape"}))
        .await;
    server.delete(&own).await;
    frames.push(next(&mut follower).await);
    for said in [
        json!({"type": "ping", "payload": {"ref": 1}}),
        json!({"type": "subscribe", "payload": {"topic": "event:nobody", "ref": 2}}),
        json!({"type": "shout", "payload": {}}),
        json!({"type": "subscribe", "payload": {"topic": "events", "ref": 3, "since": {"epoch": "other", "offset": 1}}}),
        json!({"type": "unsubscribe", "payload": {"topic": "events"}}),
    ] {
        follower.send(&said.to_string()).await;
        let mut answer = next(&mut follower).await;
        // The count of the list's watchers may come before the answer to what was said next.
        if answer["type"] == "presence:count" {
            answer = next(&mut follower).await;
        }
        frames.push(answer);
    }
    server.delete(&format!("/api/events/{}", event.id)).await;
    while frames.last().is_none_or(|frame| frame["type"] != "unsubscribed" || frame["payload"] == json!({})) {
        frames.push(next(&mut follower).await);
    }
    let reconnect = tokio::spawn(async move { next(&mut follower).await });
    server.stop().await;
    frames.push(reconnect.await.unwrap());
    insta::assert_json_snapshot!("frames", frames);
}

#[tokio::test]
async fn e4_the_list_of_events_says() {
    let server = Server::start().await;
    let from = [(shared::Topic::events(), None)];
    let mut follower = Follower::follow(&server, Transport::Poll, &from, "w").await;
    follower.next_subscribed().await;
    let event = server.event().await;
    let mut frames = Vec::new();
    let path = format!("/api/events/{}", event.id);
    for change in [json!({"title": "Renamed"}), json!({"status": "cancelled"}), Value::Null] {
        frames.push(next_publication(&mut follower).await);
        if change.is_null() {
            server.delete(&path).await;
        } else {
            server.patch(&path, &change).await;
        }
    }
    frames.push(next_publication(&mut follower).await);
    insta::assert_json_snapshot!("list", frames);
}

async fn next_publication(follower: &mut Follower) -> Value {
    loop {
        let frame = next(follower).await;
        if !frame["offset"].is_null() {
            return frame;
        }
    }
}

#[tokio::test]
async fn e4_every_frame_and_body_of_a_match() {
    let server = Server::start().await;
    let event = server.event().await;
    let mut bodies = Map::new();
    let mut keep = |what: &str, answer: &crate::support::Answer| {
        bodies.insert(what.to_owned(), json!({"status": answer.status, "body": redacted(&answer.body)}));
    };
    let mut sides = Vec::new();
    let teams = format!("/api/events/{}/teams", event.id);
    for (name, short) in [("Lions", "LIO"), ("Tigers", "")] {
        let players = json!([{"name": "Ada", "number": 9}, {"name": "Bea"}]);
        let team = server.post(&teams, &json!({"name": name, "short": short, "players": players})).await;
        keep("POST /api/events/{id}/teams", &team);
        sides.push(json!({"teamId": team.body["id"], "starting": [team.body["players"][0]["id"]]}));
        if short.is_empty() {
            let path = format!("/api/teams/{}", team.body["id"].as_str().unwrap());
            keep("GET /api/teams/{id}", &server.get(&path).await);
            keep("PATCH /api/teams/{id}", &server.patch(&path, &json!({"short": "TIG"})).await);
        }
    }
    keep("GET /api/events/{id}/teams", &server.get(&teams).await);
    let whole =
        json!({"home": sides[0], "away": sides[1], "title": "Final", "startsAt": "2026-07-15T15:00:00.000Z"});
    let made = server.post(&format!("/api/events/{}/matches", event.id), &whole).await;
    keep("POST /api/events/{id}/matches", &made);
    let id = made.body["id"].as_str().unwrap().to_owned();
    let path = format!("/api/matches/{id}");
    let mut follower = Follower::socket(&server, "/ws").await;
    let mut frames = Vec::new();
    next(&mut follower).await;
    follower
        .send(&json!({"type": "subscribe", "payload": {"topic": format!("match:{id}")}}).to_string())
        .await;
    while frames.last().is_none_or(|frame: &Value| frame["type"] != "subscribed") {
        frames.push(next(&mut follower).await);
    }
    let player = &made.body["sheet"]["home"]["players"][0]["id"];
    let entry = json!({"id": "g1", "at": "2026-07-15T15:17:30.000Z", "kind": "goal", "side": "home", "player": player});
    keep("POST /api/matches/{id}/events", &server.post(&format!("{path}/events"), &entry).await);
    let strike = json!({"at": "2026-07-15T15:18:00.000Z", "kind": "strike", "of": "g1", "text": "Offside"});
    for content in [&strike, &json!({"at": "2026-07-15T15:18:00.000Z", "kind": "strike", "of": "g2"})] {
        let payload = json!({"topic": format!("match:{id}"), "key": "s1", "content": content, "ref": 4});
        follower.send(&json!({"type": "publish", "payload": payload}).to_string()).await;
        loop {
            let frame = next(&mut follower).await;
            frames.push(frame);
            if frames.last().is_some_and(|frame| frame["payload"]["ref"] == 4) {
                break;
            }
        }
    }
    keep("GET /api/matches/{id}", &server.get(&path).await);
    keep("GET /api/matches/{id}/events", &server.get(&format!("{path}/events")).await);
    keep("PATCH /api/matches/{id}", &server.patch(&path, &json!({"title": "The final"})).await);
    keep("DELETE /api/matches/{id}", &server.delete(&path).await);
    while frames.last().is_none_or(|frame| frame["type"] != "unsubscribed") {
        frames.push(next(&mut follower).await);
    }
    // What is told of those who watch, and an answer among what is published, have their own time.
    frames.retain(|frame| frame["type"] != "presence:count");
    frames.sort_by_key(|frame| frame["offset"].as_u64().unwrap_or(u64::MAX));
    insta::assert_json_snapshot!("match_frames", frames);
    insta::assert_json_snapshot!("match_bodies", bodies);
}

#[tokio::test]
async fn e16_every_body() {
    let server = Server::start().await;
    let mut bodies = Map::new();
    let mut keep = |what: &str, answer: &crate::support::Answer| {
        bodies.insert(what.to_owned(), json!({"status": answer.status, "body": redacted(&answer.body)}));
    };
    let whole = json!({
        "title": "DSCOVR", "description": "To L1", "place": "Cape", "status": "live", "startsAt": "2015-02-11T23:03:00.000Z",
    });
    let created = server.post("/api/events", &whole).await;
    keep("POST /api/events", &created);
    let path = format!("/api/events/{}", created.body["id"].as_str().unwrap());
    let upload = server.upload("turned.jpg").await;
    keep("POST /api/uploads", &upload);
    let item =
        json!({"author": "Ada", "text": "the rocket", "key": "k", "uploadId": upload.body["uploadId"]});
    let posted = server.post(&format!("{path}/media"), &item).await;
    keep("POST /api/events/{id}/media", &posted);
    let own = format!("{path}/media/{}", posted.body["id"].as_str().unwrap());
    keep(
        "POST /api/events/{id}/media, an array",
        &server.post(&format!("{path}/media"), &json!([{"author": "Ada", "text": "x"}])).await,
    );
    keep("GET /api/events", &server.get("/api/events").await);
    keep("GET /api/events/{id}", &server.get(&path).await);
    keep("GET /api/events/{id}/stats", &server.get(&format!("{path}/stats")).await);
    keep("GET /api/events/{id}/media", &server.get(&format!("{path}/media?limit=1")).await);
    keep("GET /api/events/{id}/media/{mediaId}", &server.get(&own).await);
    keep("GET /api/events/{id}/updates", &server.get(&format!("{path}/updates")).await);
    keep("PATCH /api/events/{id}/media/{mediaId}", &server.patch(&own, &json!({"text": "y"})).await);
    keep("PATCH /api/events/{id}", &server.patch(&path, &json!({"status": "completed"})).await);
    keep("an error with a field", &server.post("/api/events", &json!({"title": ""})).await);
    keep("an error without one", &server.get("/api/nothing").await);
    keep("DELETE /api/events/{id}", &server.delete(&path).await);
    insta::assert_json_snapshot!("bodies", bodies);
}

#[tokio::test]
async fn p3_comments_likes_and_notifications() {
    let server = Server::with(&["--window-event-ms", "0"]).await;
    let (ada, bob) = (server.register("ada").await, server.register("bob").await);
    let event = ada.event().await;
    let item = ada.say(&event, "the rocket").await;
    let path = format!("/api/events/{}/media/{}", event.id, item.id);
    let from = [(shared::Topic::event(&event.id), None), (ada.topic(), None), (bob.topic(), None)];
    let mut followers = Vec::new();
    for (by, from) in [(&ada, &from[0]), (&ada, &from[1]), (&bob, &from[2])] {
        let mut follower = Follower::follow(by, Transport::Poll, std::slice::from_ref(from), "w").await;
        follower.next_subscribed().await;
        followers.push(follower);
    }
    let mut bodies = Map::new();
    let mut keep = |what: &str, answer: &crate::support::Answer| {
        bodies.insert(what.to_owned(), json!({"status": answer.status, "body": redacted(&answer.body)}));
    };
    let said = bob.post(&format!("{path}/comments"), &json!({"text": "Go, @ada!", "key": "k"})).await;
    keep("POST …/comments", &said);
    bob.post(&format!("{path}/comments"), &json!({"text": "Wow"})).await;
    keep("GET …/comments", &bob.get(&format!("{path}/comments?limit=1")).await);
    let put = bob.request(reqwest::Method::PUT, &format!("{path}/like"));
    keep("PUT …/like", &bob.send(put).await);
    keep("GET …/likes", &bob.get(&format!("/api/events/{}/likes", event.id)).await);
    let listed = ada.get("/api/notifications").await;
    keep("GET /api/notifications", &listed);
    keep("GET /api/notifications/unread", &ada.get("/api/notifications/unread").await);
    let newest = listed.body["items"][0]["id"].as_str().unwrap();
    keep("POST …/{id}/read", &ada.post(&format!("/api/notifications/{newest}/read"), &Value::Null).await);
    keep("POST …/read", &ada.post("/api/notifications/read", &Value::Null).await);
    keep("GET …/mute", &ada.get(&format!("{path}/mute")).await);
    keep("DELETE …/like", &bob.delete(&format!("{path}/like")).await);
    let written = format!("{path}/comments/{}", said.body["id"].as_str().unwrap());
    keep("DELETE …/comments/{commentId}", &bob.delete(&written).await);
    insta::assert_json_snapshot!("comments_bodies", bodies);

    let mut frames = Map::new();
    let expected = [("event:{id}", 8), ("user:{id} of the author", 6), ("user:{id} of who likes", 2)];
    for ((what, count), follower) in expected.iter().zip(&mut followers) {
        let mut heard = Vec::new();
        while heard.len() < *count {
            heard.push(next_publication(follower).await);
        }
        frames.insert((*what).to_owned(), Value::Array(heard));
    }
    insta::assert_json_snapshot!("comments_frames", frames);
}
