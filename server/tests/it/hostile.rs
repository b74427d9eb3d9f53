//! Bad input and hostile clients: what is not said elsewhere. Tokens are in `s2_tokens`, cookies of other
//! sites in `p5_accounts` and `p5_sessions`, floods in `limits` and `s4_connections`, uploads in `uploads`.

use serde_json::json;
use shared::limits;

use crate::support::{PASSWORD, Process, RawSocket, Server};

#[tokio::test]
async fn p5_who_one_is_is_never_taken_from_what_one_says() {
    let server = Server::start().await;
    let event = server.event().await;
    let (ada, bob) = (server.register("ada").await, server.register("bob").await);
    let path = format!("/api/events/{}/media", event.id);
    let bobs = &bob.person.id;
    for item in [
        json!({"text": "x", "accountId": bobs}),
        json!({"text": "x", "author": {"name": "bob", "accountId": bobs}}),
        json!({"text": "x", "userId": bobs}),
    ] {
        assert_eq!(ada.post(&path, &item).await.refusal(), (400, "malformed", ""), "{item}");
    }
    let item = ada.post(&path, &json!({"text": "x", "author": "bob"})).await;
    assert_eq!((&item.body["author"]["name"], item.status), (&json!("ada"), 201));
    assert_eq!(item.body["author"]["accountId"], json!(ada.person.id));
    for event in [json!({"title": "x", "owner": bobs}), json!({"title": "x", "ownerId": bobs})] {
        assert_eq!(ada.post("/api/events", &event).await.refusal(), (400, "malformed", ""), "{event}");
    }
    // The name of an account in a header or a query is nobody's word.
    for name in ["x-user-id", "x-forwarded-user", "remote-user"] {
        let answer = server.get_with("/api/session", &[(name, bobs.as_str())]).await;
        assert_eq!(answer.body.get("account"), None, "{name}");
    }
    assert_eq!(server.get(&format!("/api/account?userId={bobs}")).await.status, 401);
}

#[tokio::test]
async fn v8_scripts_in_texts_and_names_are_served_as_the_text_they_are() {
    const SCRIPT: &str = r#"</script><script>alert(1)</script><img src=x onerror="alert(1)">"#;
    let server = Server::start().await;
    let ada = server.register("ada").await;
    let named = ada.patch("/api/account", &json!({"displayName": &SCRIPT[..60]})).await;
    assert_eq!(named.body["displayName"], json!(SCRIPT[..60].trim()));
    let event = ada.post("/api/events", &json!({"title": SCRIPT, "description": SCRIPT})).await;
    assert_eq!(event.body["title"], SCRIPT);
    let id = event.body["id"].as_str().unwrap().to_owned();
    let item = ada.post(&format!("/api/events/{id}/media"), &json!({"text": SCRIPT})).await;
    assert_eq!(item.body["text"], SCRIPT);
    for path in
        ["/api/events", &format!("/api/events/{id}"), &format!("/api/events/{id}/media"), "/api/account"]
    {
        let answer = ada.get(path).await;
        assert!(answer.header("content-type").starts_with("application/json"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    }
    // What a file calls itself goes nowhere: it is known by its content and served under a name made here.
    for name in ["\"><script>alert(1)</script>.png", "../../etc/passwd", "x.html", "a\u{202e}gnp.js"] {
        let answer = ada.upload_bytes(name, crate::support::api::fixture("alpha.png")).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let url = answer.body["url"].as_str().unwrap();
        assert!(url.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._-".contains(&b)), "{url}");
        assert!(!url.contains(".."), "{url}");
        let served = server.get(url).await;
        assert!(served.header("content-type").starts_with("image/"), "{}", served.header("content-type"));
        assert_eq!(served.header("x-content-type-options"), "nosniff");
    }
    for (name, bytes) in [
        ("x.svg", &b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"[..]),
        ("x.png", b"<html><script>alert(1)</script></html>"),
    ] {
        assert_eq!(ada.upload_bytes(name, bytes.to_vec()).await.refusal().0, 415, "{name}");
    }
}

#[tokio::test]
async fn v8_whatever_is_too_large_is_refused_with_its_code() {
    let server = Server::start().await;
    let ada = server.register("ada").await;
    let large = "x".repeat(limits::JSON_BODY_BYTES + 1);
    for path in ["/api/session", "/api/accounts", "/api/events", "/api/account/password"] {
        let answer = ada.post(path, &json!({"name": large, "password": large})).await;
        assert_eq!((answer.status, answer.code()), (413, "tooLarge"), "{path}");
    }
    let password = "x".repeat(limits::PASSWORD_BYTES_MAX * 1000);
    assert_eq!(server.try_sign_in("ada", &password).await.status, 401, "it costs no more than any other");
    let header = "x".repeat(64 * 1024);
    let answer =
        server.try_send(server.request(reqwest::Method::GET, "/api/session").header("cookie", header)).await;
    // Some of it may still be on its way when the answer comes, and then there is none.
    assert!(!matches!(&answer, Ok(answer) if answer.status != 431), "{answer:?}");

    let frame = json!({"type": "auth", "payload": {"token": "x".repeat(limits::CLIENT_FRAME_BYTES)}});
    let mut socket = RawSocket::connect(server.address, "/ws", &[]).await;
    socket.send_text(&frame.to_string()).await;
    assert_eq!(socket.close_code().await, 1009);
    let token = "x".repeat(limits::TOKEN_BYTES + 1);
    let mut socket = RawSocket::connect(server.address, "/ws", &[]).await;
    socket.send_text(&json!({"type": "auth", "payload": {"token": token}}).to_string()).await;
    assert_eq!(socket.close_code().await, 4501);
    assert_eq!(server.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn p7_passwords_and_invitations_cannot_be_guessed_at_leisure() {
    let server = Server::with(&["--sign-ins-per-minute", "5", "--registration", "invitation"]).await;
    let mut statuses = Vec::new();
    for n in 0..8 {
        let new =
            json!({"name": format!("guest{n}"), "password": PASSWORD, "invitation": format!("guess{n}")});
        statuses.push(server.post("/api/accounts", &new).await.status);
    }
    assert_eq!(statuses, [403, 403, 403, 403, 403, 429, 429, 429]);
    assert_eq!(server.try_sign_in("ada", "guess").await.status, 429, "one allowance for all guessing");
}

#[tokio::test]
async fn s2_no_token_and_no_password_is_ever_logged() {
    let dir = tempfile::TempDir::new().unwrap();
    let mut server = Process::talkative(dir.path(), &[]);
    let ada = server.register("ada").await;
    assert_eq!(server.try_sign_in("ada", "a wrong guess").await.status, 401);
    let secrets = [PASSWORD, "a wrong guess", "hush.hush.hush", "tlk_hush", ada.secret()];
    for path in ["/ws", "/api/sse?from=events", "/api/poll?from=events"] {
        let sign = if path.contains('?') { '&' } else { '?' };
        let path = format!("{path}{sign}token=hush.hush.hush");
        if path.starts_with("/ws") {
            let mut socket = RawSocket::connect(server.address, &path, &[]).await;
            assert_eq!(socket.close_code().await, 4501);
        } else {
            assert_eq!(server.get(&path).await.status, 401);
        }
    }
    let mut socket = RawSocket::connect(server.address, "/ws", &[]).await;
    socket.send_text(r#"{"type":"auth","payload":{"token":"hush.hush.hush"}}"#).await;
    assert_eq!(socket.close_code().await, 4501);
    for shown in ["Bearer hush.hush.hush", "Bearer tlk_hush"] {
        assert_eq!(server.get_with("/api/events", &[("authorization", shown)]).await.status, 401);
    }
    server.terminate();
    server.ended(crate::support::BOUND).await;
    let log = server.log();
    assert!(log.contains("a token was refused") && log.contains("a sign-in was refused"), "{log}");
    for secret in secrets {
        assert!(!log.contains(secret), "the log has {secret}");
    }
}
