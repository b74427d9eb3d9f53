//! Several connections of one person (S4), and what all of them together may do (P7).

use serde_json::json;
use shared::{ErrorCode, ServerFrame, Topic};

use crate::support::{Follower, PASSWORD, Process, RawSocket, Server, Transport, until};

#[tokio::test]
async fn s4_each_connection_receives_everything_and_the_newest_replaces_the_oldest() {
    let server = Server::with(&["--max-connections-per-user", "2"]).await;
    let event = server.event().await;
    let topic = Topic::event(&event.id);
    let (ada, bob) = (server.register("ada").await, server.register("bob").await);
    let phone = server.sign_in("ada").await;
    let mut others = Vec::new();
    for api in [&bob.api, &server.api, &server.api, &server.api] {
        others.push(Follower::on(api, Transport::WebSocket, &topic, None).await);
    }
    let mut first = Follower::on(&ada, Transport::WebSocket, &topic, None).await;
    first.next_subscribed().await;
    let mut second = Follower::on(&phone, Transport::Sse, &topic, None).await;
    second.next_subscribed().await;
    for follower in &mut others {
        follower.next_subscribed().await;
    }
    server.say(&event, "both hear it").await;
    for follower in [&mut first, &mut second] {
        follower.next_publication().await;
    }

    let mut third = Follower::on(&ada, Transport::WebSocket, &topic, None).await;
    third.next_subscribed().await;
    let code = first.read_to_close().await.0;
    assert_eq!(code, 4506);
    assert!(!shared::code::may_reconnect(code), "or the two would replace each other for ever");
    server.say(&event, "again").await;
    for follower in others.iter_mut().chain([&mut second]) {
        follower.next_publication().await;
    }
    third.next_publication().await;

    let mut fourth = Follower::on(&ada, Transport::WebSocket, &topic, None).await;
    fourth.next_subscribed().await;
    let mut told = None;
    while let Some(text) = second.next_text().await {
        if let ServerFrame::Error(error) = crate::support::follower::decode(&text) {
            told = Some(error.code);
        }
    }
    assert_eq!(told, Some(ErrorCode::TooManyConnections), "a stream has no close code");
    drop((third, fourth, others));
    until("nothing is left", async || server.app.sessions.count() == 0).await;
}

#[tokio::test]
async fn p7_what_an_account_publishes_is_limited_from_wherever_it_comes() {
    let server = Server::with(&["--publish-per-second", "2", "--trusted-proxy", "127.0.0.0/8"]).await;
    let event = server.event().await;
    let (ada, bob) = (server.register("ada").await, server.register("bob").await);
    let path = format!("/api/events/{}/media", event.id);
    let mut taken = 0;
    let mut last = 201;
    for n in 0..60 {
        let from = format!("192.0.2.{n}");
        last = ada.post_with(&path, &[("x-forwarded-for", &from)], &json!({"text": "x"})).await.status;
        taken += usize::from(last == 201);
    }
    assert_eq!(last, 429);
    assert!((20..55).contains(&taken), "ten times the rate in one go: {taken}");
    let answer = bob.post_with(&path, &[("x-forwarded-for", "192.0.2.99")], &json!({"text": "x"})).await;
    assert_eq!(answer.status, 201, "somebody else has an allowance of their own");
}

#[tokio::test]
async fn p7_who_publishes_on_and_on_is_told_then_disconnected_and_logged_once() {
    let dir = tempfile::TempDir::new().unwrap();
    let server = Process::start(dir.path(), &["--publish-per-second", "1"]);
    let event = server.event().await;
    let ada = server.register("ada").await;
    let mut follower = Follower::on(&ada, Transport::WebSocket, &Topic::event(&event.id), None).await;
    follower.next_subscribed().await;
    let path = format!("/api/events/{}/media", event.id);
    let mut refused = 0;
    while refused < 60 {
        let answer = ada.post(&path, &json!({"text": "x"})).await;
        refused += usize::from(answer.status == 429);
    }
    assert_eq!(follower.read_to_close().await.0, 4029);
    let logged = |server: &Process| server.log().matches("disconnected an abuser").count();
    until("it is in the log", async || logged(&server) > 0).await;
    let id = ada.person.id.to_string();
    let line = server.log().lines().find(|line| line.contains("disconnected an abuser")).unwrap().to_owned();
    assert!(line.contains(&id) && line.contains("publishing") && line.contains("127.0.0.1"), "{line}");
    assert_eq!(logged(&server), 1);
}

#[tokio::test]
async fn p7_frames_of_an_account_are_limited_over_all_its_connections() {
    let server = Server::with(&["--frames-per-second", "5"]).await;
    let ada = server.register("ada").await;
    let visitors = [("x-none", "x")];
    let cookie = [("cookie", ada.cookie.as_str())];
    for (headers, all_answered) in [(&visitors, true), (&cookie, false)] {
        let mut refused = 0;
        let mut sockets = Vec::new();
        for _ in 0..8 {
            let mut socket = RawSocket::connect(server.address, "/ws", headers).await;
            socket.next_of("connected").await;
            for _ in 0..9 {
                socket.send_text(r#"{"type":"ping"}"#).await;
            }
            sockets.push(socket);
        }
        for socket in &mut sockets {
            for _ in 0..9 {
                let text = socket.next_text().await;
                assert!(text.contains("pong") || text.contains("rateLimited"), "{text}");
                refused += usize::from(text.contains("rateLimited"));
            }
        }
        assert_eq!(refused == 0, all_answered, "{refused} of 72 were refused");
    }
    assert_eq!(server.try_sign_in("ada", PASSWORD).await.status, 200);
}
