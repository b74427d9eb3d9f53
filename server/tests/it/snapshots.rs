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
                        "id" | "eventId" | "mediaId" | "uploadId" | "connectionId" | "epoch" | "thumbHash",
                        Value::String(_),
                    ) => {
                        json!(format!("[{name}]"))
                    }
                    ("timestamp" | "createdAt" | "updatedAt", Value::String(_)) => json!("[time]"),
                    ("topic", Value::String(topic)) if topic.starts_with("event:") => json!("event:[id]"),
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
        other => other.clone(),
    }
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
