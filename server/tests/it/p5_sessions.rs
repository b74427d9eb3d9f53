//! Sessions (P5): they last while they are used, are listed and ended; and what was opened with one ends with
//! it, at once, over every transport.

use std::time::Duration;

use serde_json::json;
use server::{
    auth::session,
    store::{Tx, WorkError, account as rows},
    time::{timestamp, unix_ms},
};
use shared::{ErrorCode, ServerFrame, Topic, model::account::SessionInfo};

use crate::support::{
    Answer, Follower, RawSocket, Server, Somebody, Transport, person::session_cookie, until, within,
};

const DAY_MS: i64 = 24 * 3600 * 1000;

/// Moves a session in time, as if it had been opened long ago.
async fn age(server: &Server, someone: &Somebody, seen_at: i64, expires_at: i64) {
    let hash = session::hash(someone.secret());
    let work = async move |tx: &mut Tx<'_>| {
        Ok::<_, WorkError<()>>(rows::renew_session(tx, &hash, seen_at, expires_at).await?)
    };
    server.app.store.write(work).await.unwrap().unwrap();
}

async fn sessions(someone: &Somebody) -> Vec<SessionInfo> {
    someone.get("/api/account/sessions").await.read()
}

#[tokio::test]
async fn p5_a_session_lasts_while_it_is_used() {
    let server = Server::with(&["--session-days", "7"]).await;
    let ada = server.register("ada").await;
    let now = unix_ms();
    age(&server, &ada, now - 6 * DAY_MS, now + DAY_MS).await;
    assert_eq!(ada.get("/api/account").await.status, 200);
    let renewed = sessions(&ada).await.remove(0);
    assert!(renewed.expires_at >= timestamp(now + 7 * DAY_MS), "{renewed:?}");
    assert!(renewed.seen_at >= timestamp(now));

    age(&server, &ada, now - 8 * DAY_MS, now - 1).await;
    assert_eq!(ada.get("/api/account").await.status, 401);
    let state = ada.get("/api/session").await;
    assert_eq!(state.body.get("account"), None);
    assert_eq!(state.header("set-cookie"), "", "another tab may just be signing in");
}

#[tokio::test]
async fn p5_what_is_no_cookie_of_ours_is_a_visitors() {
    let server = Server::start().await;
    let long = format!("touchline_session={}", "x".repeat(8000));
    for cookie in ["touchline_session=", "touchline_session=forged", "touchline_session=\"", "x=y", &long] {
        let someone = server.showing("cookie", cookie);
        assert_eq!(someone.get("/api/session").await.body.get("account"), None, "{cookie}");
        assert_eq!(someone.get("/api/account").await.status, 401, "{cookie}");
    }
}

#[tokio::test]
async fn p5_sessions_are_listed_and_ended_one_by_one() {
    let server = Server::start().await;
    let ada = server.register("ada").await;
    let phone = server.sign_in("ada").await;
    let bob = server.register("bob").await;
    let listed = sessions(&ada).await;
    assert_eq!(listed.len(), 2);
    assert_eq!(listed.iter().filter(|session| session.current).count(), 1);
    assert!(listed.iter().all(|session| session.address == "127.0.0.1"), "{listed:?}");
    let other = &listed.iter().find(|session| !session.current).unwrap().id;
    let path = format!("/api/account/sessions/{other}");
    assert_eq!(bob.delete(&path).await.refusal(), (404, "notFound", ""), "not somebody else's");

    let mut of_phone = Follower::socket(&phone, "/ws").await;
    let mut of_ada = Follower::socket(&ada, "/ws").await;
    for follower in [&mut of_phone, &mut of_ada] {
        assert!(matches!(follower.next_frame().await, ServerFrame::Connected(_)));
    }
    assert_eq!(ada.delete(&path).await.status, 204);
    assert_eq!(of_phone.read_to_close().await.0, 4501);
    assert_eq!(phone.get("/api/account").await.status, 401);
    assert_eq!(ada.delete(&path).await.status, 404);
    assert_eq!(sessions(&ada).await.len(), 1);
    of_ada.send(r#"{"type":"ping"}"#).await;
    assert!(matches!(of_ada.next_news().await, ServerFrame::Pong(_)), "this one goes on");
}

#[tokio::test]
async fn p5_signing_out_takes_the_cookie_and_ends_what_was_opened_with_it() {
    let server = Server::start().await;
    let ada = server.register("ada").await;
    let mut socket = Follower::socket(&ada, "/ws").await;
    assert!(matches!(socket.next_frame().await, ServerFrame::Connected(_)));
    let answer = ada.delete("/api/session").await;
    assert_eq!((answer.status, session_cookie(&answer)), (204, "touchline_session="));
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(socket.read_to_close().await.0, 4501);
    assert_eq!(ada.get("/api/account").await.status, 401);
    assert_eq!(ada.delete("/api/session").await.status, 204, "twice is no fault");
}

#[tokio::test]
async fn p5_signing_out_everywhere_ends_every_connection_at_once_over_every_transport() {
    let server = Server::start().await;
    let event = server.event().await;
    let ada = server.register("ada").await;
    let phone = server.sign_in("ada").await;
    let bob = server.register("bob").await;
    let topic = Topic::event(&event.id);

    let mut gone = vec![Follower::on(&ada, Transport::WebSocket, &topic, None).await];
    gone.push(Follower::on(&phone, Transport::WebSocket, &phone.topic(), None).await);
    let mut stream = Follower::on(&phone, Transport::Sse, &topic, None).await;
    let mut stays = vec![
        Follower::on(&bob, Transport::WebSocket, &topic, None).await,
        Follower::on(&server, Transport::WebSocket, &topic, None).await,
    ];
    for follower in gone.iter_mut().chain(&mut stays).chain([&mut stream]) {
        follower.next_subscribed().await;
    }
    let cursor = server.cursor(&event).await;
    let held = ada.clone();
    let path = format!("/api/poll?from={topic}@{cursor}&wait=50");
    let poll = tokio::spawn(async move { held.get(&path).await });
    until("the poll is held", async || server.app.sessions.count() == 6).await;

    assert_eq!(ada.delete("/api/account/sessions").await.status, 204);
    for mut follower in gone {
        assert_eq!(follower.read_to_close().await.0, 4501);
    }
    let told: Vec<ServerFrame> = {
        let mut told = Vec::new();
        while let Some(text) = stream.next_text().await {
            told.push(crate::support::follower::decode(&text));
        }
        told
    };
    assert!(
        told.iter().any(
            |frame| matches!(frame, ServerFrame::Error(error) if error.code == ErrorCode::Unauthenticated)
        ),
        "{told:?}"
    );
    let answer: Answer = within("the poll's end", poll).await.unwrap();
    assert_eq!(answer.refusal(), (401, "unauthenticated", ""));
    for someone in [&ada, &phone] {
        assert_eq!(someone.get("/api/account").await.status, 401);
    }
    server.say(&event, "still there").await;
    for mut follower in stays {
        follower.next_publication().await;
    }
}

#[tokio::test]
async fn p5_another_password_closes_the_connections_of_other_sessions() {
    let server = Server::start().await;
    let ada = server.register("ada").await;
    let phone = server.sign_in("ada").await;
    let (mut here, mut there) = (Follower::socket(&ada, "/ws").await, Follower::socket(&phone, "/ws").await);
    for follower in [&mut here, &mut there] {
        assert!(matches!(follower.next_frame().await, ServerFrame::Connected(_)));
    }
    let change = json!({"current": crate::support::PASSWORD, "new": "battery staple"});
    assert_eq!(ada.post("/api/account/password", &change).await.status, 204);
    assert_eq!(there.read_to_close().await.0, 4501);
    here.send(r#"{"type":"ping"}"#).await;
    assert!(matches!(here.next_news().await, ServerFrame::Pong(_)));
}

#[tokio::test]
async fn p5_a_connection_that_comes_while_one_signs_out_does_not_stay() {
    let server = Server::with(&["--max-connections-per-user", "64"]).await;
    server.register("ada").await;
    for _ in 0..30 {
        let ada = server.sign_in("ada").await;
        let cookie = [("cookie", ada.cookie.as_str())];
        // Spread over the sign-out, so that some are between being known and being registered when it ends.
        let sockets = (0..40).map(async |n| {
            tokio::time::sleep(Duration::from_micros(n * 100)).await;
            RawSocket::connect(server.address, "/ws", &cookie).await
        });
        let (mut sockets, out) =
            tokio::join!(futures_util::future::join_all(sockets), ada.delete("/api/session"));
        assert_eq!(out.status, 204);
        for socket in &mut sockets {
            // Whoever came after it is a visitor and stays; whoever was signed in is told to go.
            socket.send_text(&subscribe(&ada)).await;
        }
        for mut socket in sockets {
            loop {
                let frame = socket.next().await.expect("an answer or a close frame");
                let text = String::from_utf8_lossy(&frame.payload).into_owned();
                if frame.first == crate::support::raw::CLOSE {
                    assert_eq!(frame.payload[..2], 4501_u16.to_be_bytes());
                    break;
                }
                if text.starts_with(r#"{"type":"error""#) {
                    assert!(text.contains("unauthenticated"), "{text}");
                    break;
                }
                if text.starts_with(r#"{"type":"subscribed""#) {
                    // It was answered just before the end, which follows.
                    assert_eq!(socket.close_code().await, 4501);
                    break;
                }
            }
        }
    }
}

fn subscribe(someone: &Somebody) -> String {
    json!({"type": "subscribe", "payload": {"topic": someone.topic()}}).to_string()
}

#[tokio::test]
async fn p5_a_page_of_another_origin_opens_no_socket_with_the_cookie() {
    let server = Server::start().await;
    let ada = server.register("ada").await;
    let headers = [("cookie", ada.cookie.as_str()), ("origin", "https://evil.example")];
    let (code, texts) = RawSocket::connect(server.address, "/ws", &headers).await.read_to_close().await;
    assert_eq!((code, texts.len()), (4505, 0));
    let headers = [("cookie", ada.cookie.as_str()), ("origin", "https://touchline.test")];
    let mut own = RawSocket::connect(server.address, "/ws", &headers).await;
    own.next_of("connected").await;
    own.send_text(&subscribe(&ada)).await;
    own.next_of("subscribed").await;
}

#[tokio::test]
async fn p6_somebody_elses_own_topic_is_closed_over_every_transport() {
    let server = Server::start().await;
    let (ada, bob) = (server.register("ada").await, server.register("bob").await);
    for (who, status, code) in
        [(&bob.api, 403, ErrorCode::Forbidden), (&server.api, 401, ErrorCode::Unauthenticated)]
    {
        let mut follower = Follower::on(who, Transport::WebSocket, &ada.topic(), None).await;
        let ServerFrame::Error(error) = follower.next_news().await else { panic!("no refusal") };
        assert_eq!(error.code, code);
        let answer = who.get(&format!("/api/sse?from={}", ada.topic())).await;
        assert_eq!((answer.status, answer.code()), (status, code.as_str()));
        let poll = who.get(&format!("/api/poll?from={}", ada.topic())).await;
        assert!(!poll.bytes.windows(12).any(|part| part == b"\"subscribed\""), "{}", poll.body);
    }
    let mut own = Follower::on(&ada, Transport::WebSocket, &ada.topic(), None).await;
    own.next_subscribed().await;
}
