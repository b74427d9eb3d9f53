//! What an operator sees and does: `/api/websocket` and `/api/admin` (V4).

use serde_json::{Value, json};
use server::{
    auth::{api_key, session},
    store::{WorkError, account, api_key as keys},
    time::unix_ms,
};
use shared::{
    ErrorCode, Topic,
    model::{
        account::AccountRole,
        control::{AuditEntry, ConnectionDetail, ControlChange, ServerStatus, TransportKind},
    },
};

use crate::support::{Api, Follower, Process, Server, Somebody, Transport, over_every_transport, until};

/// Ada runs the server.
async fn operator(server: &Server) -> Somebody {
    let ada = server.register("ada").await;
    let promoted = server.app.store.write(async |tx| {
        account::set_role(tx, "ada", AccountRole::Admin).await?;
        Ok::<_, WorkError<()>>(())
    });
    promoted.await.unwrap().unwrap();
    ada
}

async fn control(by: &Api, body: &Value) -> crate::support::Answer {
    by.post("/api/websocket", body).await
}

fn of_control(publication: &shared::Publication) -> ControlChange {
    publication.change.read().unwrap_or_else(|| panic!("not sent by hand: {:?}", publication.change))
}

over_every_transport! {
    v4_a_broadcast_reaches_all_who_follow_the_topic_and_is_in_its_log
}

async fn v4_a_broadcast_reaches_all_who_follow_the_topic_and_is_in_its_log(transport: Transport) {
    let server = Server::start().await;
    let ada = operator(&server).await;
    let event = server.event().await;
    let topic = Topic::event(&event.id);
    let mut follower = Follower::on(&server, transport, &topic, None).await;
    follower.next_subscribed().await;
    let data = json!({"kind": "weather", "text": "Rain at eight", "nested": [1, null, {"a": "ä"}]});
    let answer =
        control(&ada, &json!({"action": "broadcast", "channel": topic.as_str(), "data": data})).await;
    assert_eq!((answer.status, &answer.body["channel"]), (200, &json!(topic.as_str())), "{}", answer.body);
    let ControlChange::Broadcast(sent) = of_control(&follower.next_publication().await) else { panic!() };
    assert_eq!(sent.data, data);
    assert_eq!(answer.body["cursor"], follower.cursor(&topic));
    let log = ada.get(&format!("/api/admin/topics/{topic}/log?since=0")).await;
    assert_eq!(log.body["updates"][0]["payload"]["data"], data);
}

#[tokio::test]
async fn v4_a_notice_reaches_one_account_and_its_list() {
    let server = Server::start().await;
    let (ada, ben, cleo) =
        (operator(&server).await, server.register("ben").await, server.register("cleo").await);
    let mut hears = Follower::on(&ben, Transport::WebSocket, &ben.topic(), None).await;
    let mut other = Follower::on(&cleo, Transport::WebSocket, &cleo.topic(), None).await;
    for follower in [&mut hears, &mut other] {
        follower.next_subscribed().await;
    }
    let notify = |data: Value| json!({"action": "notify", "userId": ben.person.id, "data": data});
    assert_eq!(control(&ada, &notify(json!({"text": "Your photo is on the wall"}))).await.status, 200);
    let ControlChange::Notify(sent) = of_control(&hears.next_publication().await) else { panic!() };
    assert_eq!(sent.data["text"], "Your photo is on the wall");
    assert_eq!(control(&ada, &notify(json!({"machine": "only"}))).await.status, 200);
    let listed = ben.get("/api/notifications").await;
    let texts: Vec<_> = listed.body["items"].as_array().unwrap().iter().map(|item| &item["text"]).collect();
    assert_eq!(texts, [&json!("Your photo is on the wall")]);
    let to_cleo = json!({"action": "notify", "userId": cleo.person.id, "data": 1});
    assert_eq!(control(&ada, &to_cleo).await.status, 200);
    let ControlChange::Notify(first) = of_control(&other.next_publication().await) else { panic!() };
    assert_eq!(first.data, json!(1), "nothing of what another was told");
}

#[tokio::test]
async fn v4_what_is_sent_twice_with_one_key_is_published_once() {
    let server = Server::start().await;
    let ada = operator(&server).await;
    let body = json!({"action": "broadcast", "channel": "events", "data": 1});
    let key = [("idempotency-key", "k1")];
    let first = ada.post_with("/api/websocket", &key, &body).await;
    let second = ada.post_with("/api/websocket", &key, &body).await;
    assert_eq!((first.status, second.status, &first.body), (200, 200, &second.body));
    let log = ada.get("/api/admin/topics/events/log?since=0").await;
    assert_eq!(log.body["updates"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn v4_what_cannot_be_sent_is_refused() {
    let server = Server::start().await;
    let ada = operator(&server).await;
    let broadcast =
        |channel: &str, data: Value| json!({"action": "broadcast", "channel": channel, "data": data});
    for channel in ["event:none", "nothing:1", "", "venue:none"] {
        let answer = control(&ada, &broadcast(channel, json!(1))).await;
        assert_eq!((answer.status, answer.code()), (404, "notFound"), "{channel}");
    }
    let own = format!("user:{}", ada.person.id);
    for channel in [own.as_str(), "online", "post:p1"] {
        let answer = control(&ada, &broadcast(channel, json!(1))).await;
        assert_eq!(answer.refusal(), (422, "invalid", "channel"), "{channel}");
    }
    let large = "x".repeat(shared::limits::BROADCAST_BYTES);
    assert_eq!(control(&ada, &broadcast("events", json!(large))).await.refusal(), (422, "invalid", "data"));
    let nobody = json!({"action": "notify", "userId": "nobody", "data": 1});
    assert_eq!(control(&ada, &nobody).await.status, 404);
    for nonsense in
        [json!({}), json!({"action": "explode"}), json!({"action": "broadcast", "channel": "events"})]
    {
        assert!(matches!(control(&ada, &nonsense).await.status, 400 | 422), "{nonsense}");
    }
    assert_eq!(ada.get("/api/admin/audit").await.body, json!([]), "what was refused is no act");
}

#[tokio::test]
async fn v4_nobody_else_sees_or_does_any_of_it() {
    let server = Server::start().await;
    let (_, ben) = (operator(&server).await, server.register("ben").await);
    let body = json!({"action": "broadcast", "channel": "events", "data": 1});
    for (who, status) in [(&server.api, 401), (&ben.api, 403)] {
        assert_eq!(control(who, &body).await.status, status);
        for path in [
            "/api/websocket",
            "/api/admin/connections",
            "/api/admin/connections/c1",
            "/api/admin/topics",
            "/api/admin/topics/events/log",
            "/api/admin/audit",
        ] {
            assert_eq!(who.get(path).await.status, status, "{path}");
        }
        assert_eq!(who.delete("/api/admin/connections/c1").await.status, status);
    }
}

#[tokio::test]
async fn v4_p6_not_even_an_operator_reads_what_concerns_one_account() {
    let server = Server::start().await;
    let (ada, ben) = (operator(&server).await, server.register("ben").await);
    let answer = ada.get(&format!("/api/admin/topics/{}/log", ben.topic())).await;
    assert_eq!((answer.status, answer.code()), (403, "forbidden"));
}

#[tokio::test]
async fn v4_a_server_with_a_key_controls_and_the_audit_says_who_did() {
    let server = Server::start().await;
    let ada = operator(&server).await;
    let key = api_key::new_key();
    let hash = session::hash(&key);
    let stored = server.app.store.write(async move |tx| {
        keys::insert(tx, "k1", &hash, "club", unix_ms()).await?;
        Ok::<_, WorkError<()>>(())
    });
    stored.await.unwrap().unwrap();
    let club = server.showing("authorization", &format!("Bearer {key}"));
    for (by, text) in [(&club, "first"), (&ada.api, "second")] {
        let body = json!({"action": "broadcast", "channel": "events", "data": text});
        assert_eq!(control(by, &body).await.status, 200);
    }
    let audit: Vec<AuditEntry> = club.get("/api/admin/audit").await.read();
    let told: Vec<_> = audit
        .iter()
        .map(|entry| (entry.by.as_str(), entry.action.as_str(), entry.target.as_str(), entry.detail.as_str()))
        .collect();
    let by_ada = format!("user:{}", ada.person.id);
    assert_eq!(
        told,
        [
            (by_ada.as_str(), "broadcast", "events", "\"second\""),
            ("key:k1", "broadcast", "events", "\"first\"")
        ]
    );
    let older: Vec<AuditEntry> = ada.get(&format!("/api/admin/audit?before={}", audit[0].id)).await.read();
    assert_eq!(older, audit[1..]);
}

#[tokio::test]
async fn v4_a_connection_is_looked_at_and_closed() {
    let server = Server::start().await;
    let (ada, ben) = (operator(&server).await, server.register("ben").await);
    let event = ben.event().await;
    let topic = Topic::event(&event.id);
    let mut follower = Follower::on(&ben, Transport::WebSocket, &topic, None).await;
    follower.next_subscribed().await;
    ben.say(&event, "one").await;
    follower.next_publication().await;
    let status: ServerStatus = ada.get("/api/websocket").await.read();
    assert_eq!((status.connections.websocket, status.connections.accounts, status.subscriptions), (1, 1, 1));
    let listed = ada.get("/api/admin/connections").await;
    assert_eq!(
        (&listed.body["total"], &listed.body["items"][0]["accountId"]),
        (&json!(1), &json!(ben.person.id))
    );
    let path = format!("/api/admin/connections/{}", listed.body["items"][0]["id"].as_str().unwrap());
    let detail: ConnectionDetail = ada.get(&path).await.read();
    assert_eq!(
        (detail.about.transport, detail.about.address.as_str()),
        (TransportKind::Websocket, "127.0.0.1")
    );
    let [subscription] = &detail.subscriptions[..] else { panic!("{detail:?}") };
    assert_eq!((&subscription.topic, subscription.offset.0, subscription.lag), (&topic, 1, 0));
    let topics = ada.get("/api/admin/topics").await;
    assert_eq!(
        (&topics.body["items"][0]["topic"], &topics.body["items"][0]["subscriptions"]),
        (&json!(topic.as_str()), &json!(1))
    );
    assert_eq!(ada.delete(&path).await.status, 204);
    assert_eq!(follower.read_to_close().await.0, 4006);
    until("the connection is gone", async || ada.get(&path).await.status == 404).await;
    let audit: Vec<AuditEntry> = ada.get("/api/admin/audit").await.read();
    assert_eq!(
        (audit[0].action.as_str(), audit[0].detail.as_str()),
        ("closeConnection", ben.person.id.as_str())
    );
    let missing = ada.delete(&path).await;
    assert_eq!((missing.status, missing.code()), (404, ErrorCode::NotFound.as_str()));
}

#[tokio::test]
async fn v4_v7_the_status_tells_rates_as_they_are() {
    let dir = tempfile::TempDir::new().unwrap();
    let process = Process::start(dir.path(), &[]);
    let made = std::process::Command::new(env!("CARGO_BIN_EXE_touchline"))
        .args(["key", "add", "club", "--data-dir", &dir.path().display().to_string()])
        .output()
        .unwrap();
    let said = String::from_utf8(made.stdout).unwrap();
    let key =
        said.split_whitespace().find(|word| word.starts_with("tlk_")).unwrap_or_else(|| panic!("{said}"));
    let club = process.showing("authorization", &format!("Bearer {key}"));
    let event = process.event().await;
    let topic = Topic::event(&event.id);
    let mut follower = Follower::on(&process, Transport::WebSocket, &topic, None).await;
    follower.next_subscribed().await;
    let sent = std::cell::Cell::new(0_u32);
    until("a sample with deliveries", async || {
        sent.set(sent.get() + 1);
        process.say(&event, &sent.get().to_string()).await;
        let status: ServerStatus = club.get("/api/websocket").await.read();
        status
            .samples
            .iter()
            .any(|sample| sample.deliveries > 0.0 && sample.bytes_sent > 0.0 && sample.connections == 1)
    })
    .await;
    let status: ServerStatus = club.get("/api/websocket").await.read();
    assert!(status.resident_bytes.is_some_and(|bytes| bytes > 1_000_000) && !status.draining);
    let delivered: f64 = status.samples.iter().map(|sample| sample.deliveries).sum();
    assert!(delivered <= f64::from(sent.get()) * 1.5 + 1.0, "{delivered} deliveries of {}", sent.get());
}
