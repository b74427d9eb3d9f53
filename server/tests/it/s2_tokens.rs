//! Tokens (S2, S5) and keys of servers: shown in every way there is, refused for every reason, renewed and
//! over on a live connection.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Json, Router, extract::State, routing::get};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use parking_lot::Mutex;
use serde_json::{Value, json};
use server::{
    auth::{api_key, session},
    store::{Tx, WorkError, account as rows, api_key as keys},
    time::unix_ms,
};
use shared::{
    ErrorCode, ServerFrame, Topic,
    frame::Authenticated,
    model::{account::AccountRole, event::Event},
};

use crate::support::{Api, Follower, RawSocket, Server, Somebody, Transport, api::key_file, until};

/// A token of this server for somebody, good for so many seconds.
fn mint(server: &Server, someone: &Somebody, ttl_s: i64) -> String {
    server.app.tokens.mint(&someone.person.id, ttl_s).unwrap()
}

/// The same client with a token in place of a cookie.
fn bearing(server: &Server, token: &str) -> Api {
    server.api.showing("authorization", &format!("Bearer {token}"))
}

fn auth(token: &str) -> String {
    json!({"type": "auth", "payload": {"token": token, "ref": 7}}).to_string()
}

async fn authenticated(follower: &mut Follower) -> Authenticated {
    match follower.next_news().await {
        ServerFrame::Authenticated(answer) => answer,
        other => panic!("not authenticated but {other:?}"),
    }
}

async fn work<F>(server: &Server, work: F)
where
    F: AsyncFnOnce(&mut Tx<'_>) -> Result<(), WorkError<()>> + Send + 'static,
{
    server.app.store.write(work).await.unwrap().unwrap();
}

#[tokio::test]
async fn s2_a_token_is_taken_in_every_way_it_may_be_shown() {
    let server = Server::start().await;
    let event = server.event().await;
    let ada = server.register("ada").await;
    let token = mint(&server, &ada, 60);
    let topic = ada.topic();

    let bearer = bearing(&server, &token);
    assert_eq!(bearer.get("/api/account").await.body["name"], "ada");
    assert_eq!(bearer.get("/api/session").await.header("set-cookie"), "", "a token is no cookie");
    for transport in [Transport::WebSocket, Transport::Sse, Transport::Poll] {
        Follower::on(&bearer, transport, &topic, None).await.next_subscribed().await;
    }

    let subscribe = json!({"type": "subscribe", "payload": {"topic": topic}}).to_string();
    for path in [format!("/ws?token={token}"), format!("/api/ws/events/{}?token={token}", event.id)] {
        let mut socket = RawSocket::connect(server.address, &path, &[]).await;
        socket.next_of("connected").await;
        socket.send_text(&subscribe).await;
        let answer = socket.next_of("subscribed").await.text();
        assert!(path.starts_with("/api") || answer.contains("user:"), "{answer}");
    }
    for path in ["/api/sse?", "/api/poll?"] {
        let mut response = server
            .request(reqwest::Method::GET, &format!("{path}from={topic}&token={token}"))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200, "{path}");
        let piece = response.chunk().await.unwrap().unwrap();
        assert!(!piece.is_empty());
    }
    for path in ["stream", "updates"] {
        let url = format!("/api/events/{}/{path}?token=nonsense", event.id);
        assert_eq!(server.get(&url).await.refusal(), (401, "unauthenticated", ""), "{path} looks at it");
    }

    // Somewhere else a token in the query is not looked at: it would stand in everybody's logs.
    assert_eq!(server.get(&format!("/api/account?token={token}")).await.status, 401);
    assert_eq!(server.get("/api/events?token=nonsense").await.status, 200);

    let mut follower = Follower::socket(&server, "/ws").await;
    follower.send(&auth(&token)).await;
    let answer = authenticated(&mut follower).await;
    assert_eq!((answer.account_id, answer.reference), (ada.person.id.clone(), Some(7)));
    assert!(answer.expires_at.is_some());
    follower.send(&subscribe).await;
    assert_eq!(follower.next_subscribed().await.0, topic);
}

#[tokio::test]
async fn s2_a_bad_token_is_refused_over_every_transport() {
    let server = Server::start().await;
    let event = server.event().await;
    let ada = server.register("ada").await;
    let good = mint(&server, &ada, 60);
    let expired = mint(&server, &ada, -5);
    // The signature's first character, since the last has bits that say nothing.
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let other = if signature.starts_with('A') { 'B' } else { 'A' };
    let forged = format!("{signed}.{other}{}", &signature[1..]);
    let nobody = server.app.tokens.mint(&"nobody".parse().unwrap(), 60).unwrap();
    for (token, why) in
        [(&expired, "expired"), (&forged, "signature"), (&nobody, "account"), (&"x".repeat(9000), "read")]
    {
        let answer = bearing(&server, token).get("/api/events").await;
        assert_eq!(answer.refusal(), (401, "unauthenticated", ""), "even for what everybody may read");
        assert!(answer.body["error"]["message"].as_str().unwrap().contains(why), "{}", answer.body);
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        for path in ["/api/sse?from=events", "/api/poll?from=events"] {
            assert_eq!(server.get(&format!("{path}&token={token}")).await.status, 401, "{why} {path}");
        }
        for path in ["/ws".to_owned(), format!("/api/ws/events/{}", event.id)] {
            let mut socket = RawSocket::connect(server.address, &format!("{path}?token={token}"), &[]).await;
            let (code, texts) = socket.read_to_close().await;
            assert_eq!(code, 4501, "{why}");
            assert!(texts.len() == 1 && texts[0].contains(why), "{texts:?}");
        }
        let mut follower = Follower::socket(&server, "/ws").await;
        follower.send(&auth(token)).await;
        let (code, frames) = follower.read_to_close().await;
        assert_eq!(code, 4501, "{why}");
        let Some(ServerFrame::Error(error)) = frames.last() else { panic!("{frames:?}") };
        assert_eq!((error.code, error.reference), (ErrorCode::Unauthenticated, Some(7)));
    }
    for other in ["Basic YWRhOnB3", "Bearer", "Digest x", "bearer "] {
        let answer = server.get_with("/api/events", &[("authorization", other)]).await;
        assert_eq!(answer.status, 401, "{other}");
    }
}

#[tokio::test]
async fn s2_a_token_is_over_at_the_next_heartbeat_unless_it_is_renewed() {
    let server = Server::with(&["--heartbeat-interval-ms", "50"]).await;
    let ada = server.register("ada").await;
    let short = mint(&server, &ada, 4);
    let mut renewed = Follower::socket(&server, &format!("/ws?token={short}")).await;
    let mut left = Follower::socket(&server, &format!("/ws?token={short}")).await;
    let mut stream =
        Follower::stream(&server, &format!("/api/sse?from={}&token={short}", ada.topic()), None).await;
    renewed.send(&auth(&mint(&server, &ada, 3600))).await;
    let answer = authenticated(&mut renewed).await;
    assert!(answer.expires_at.unwrap() > server::time::timestamp(unix_ms() + 3_500_000));

    let (code, frames) = left.read_to_close().await;
    assert_eq!(code, 4501);
    assert!(
        matches!(frames.last(), Some(ServerFrame::Error(error)) if error.code == ErrorCode::Unauthenticated),
        "{frames:?}"
    );
    let mut last = String::new();
    while let Some(text) = stream.next_text().await {
        last = if text.contains("\"error\"") { text } else { last };
    }
    assert!(last.contains("unauthenticated"), "the stream has ended as well: {last}");
    renewed.send(r#"{"type":"ping"}"#).await;
    assert!(matches!(renewed.next_news().await, ServerFrame::Pong(_)), "the other goes on");
}

#[tokio::test]
async fn s2_a_token_of_somebody_else_is_refused_on_a_live_connection() {
    let server = Server::start().await;
    let (ada, bob) = (server.register("ada").await, server.register("bob").await);
    for path in [format!("/ws?token={}", mint(&server, &ada, 60)), "/ws".to_owned()] {
        let someone = if path == "/ws" { &ada.api } else { &server.api };
        let mut follower = Follower::socket(someone, &path).await;
        follower.send(&auth(&mint(&server, &bob, 60))).await;
        let (code, frames) = follower.read_to_close().await;
        assert_eq!(code, 4503, "{path}");
        let Some(ServerFrame::Error(error)) = frames.last() else { panic!("{frames:?}") };
        assert_eq!((error.code, error.reference), (ErrorCode::Forbidden, Some(7)));
    }
}

#[tokio::test]
async fn s2_what_rests_on_a_cookie_goes_on_resting_on_it() {
    let server = Server::start().await;
    let ada = server.register("ada").await;
    let mut follower = Follower::socket(&ada, "/ws").await;
    follower.send(&auth(&mint(&server, &ada, 60))).await;
    assert_eq!(authenticated(&mut follower).await.expires_at, None);
    assert_eq!(ada.delete("/api/session").await.status, 204);
    assert_eq!(follower.read_to_close().await.0, 4501);
}

#[tokio::test]
async fn p5_signing_out_everywhere_ends_connections_of_tokens_as_well() {
    let server = Server::start().await;
    let ada = server.register("ada").await;
    let mut follower = Follower::socket(&server, "/ws").await;
    follower.send(&auth(&mint(&server, &ada, 60))).await;
    authenticated(&mut follower).await;
    assert_eq!(ada.delete("/api/account/sessions").await.status, 204);
    assert_eq!(follower.read_to_close().await.0, 4501);
}

#[tokio::test]
async fn p6_another_role_and_a_closed_account_end_connections_at_the_next_heartbeat() {
    let server = Server::with(&["--heartbeat-interval-ms", "50"]).await;
    let ada = server.register("ada").await;
    let token = mint(&server, &ada, 60);
    for by in [&ada.api, &bearing(&server, &token)] {
        let mut follower = Follower::socket(by, "/ws").await;
        assert!(matches!(follower.next_frame().await, ServerFrame::Connected(_)));
        work(&server, async |tx| {
            assert!(rows::set_role(tx, "ada", AccountRole::Admin).await?);
            Ok(())
        })
        .await;
        let code = follower.read_to_close().await.0;
        assert_eq!(code, 4005);
        assert!(shared::code::may_reconnect(code), "the next connection knows");

        let mut follower = Follower::socket(by, "/ws").await;
        assert!(matches!(follower.next_frame().await, ServerFrame::Connected(_)));
        work(&server, async |tx| {
            rows::set_role(tx, "ada", AccountRole::User).await?;
            assert!(rows::set_disabled(tx, "ada", true).await?);
            Ok(())
        })
        .await;
        assert_eq!(follower.read_to_close().await.0, 4501);
        assert_eq!(by.get("/api/account").await.status, 401);
        assert_eq!(server.try_sign_in("ada", crate::support::PASSWORD).await.status, 401);
        work(&server, async |tx| Ok(rows::set_disabled(tx, "ada", false).await.map(drop)?)).await;
    }
}

#[tokio::test]
async fn p6_a_renewed_token_keeps_no_rights_from_before() {
    let server = Server::start().await;
    let (ada, bob) = (server.register("ada").await, server.register("bob").await);
    let event: Event = bob.post("/api/events", &json!({"title": "x", "visibility": "private"})).await.read();
    let as_a = async |role: AccountRole| {
        work(&server, async move |tx| Ok(rows::set_role(tx, "ada", role).await.map(drop)?)).await;
    };
    as_a(AccountRole::Admin).await;
    let bearer = bearing(&server, &mint(&server, &ada, 60));
    let mut follower = Follower::on(&bearer, Transport::WebSocket, &Topic::event(&event.id), None).await;
    follower.next_subscribed().await;
    as_a(AccountRole::User).await;
    follower.send(&auth(&mint(&server, &ada, 3600))).await;
    assert_eq!(
        follower.read_to_close().await.0,
        4005,
        "she does not wait for the next heartbeat to be found"
    );
    let mut follower = Follower::on(&bearer, Transport::WebSocket, &Topic::event(&event.id), None).await;
    assert!(matches!(follower.next_news().await, ServerFrame::Error(_)), "and now she is nobody special");
}

/// An issuer whose keys change, and who counts how often they are asked for.
#[derive(Clone, Default)]
struct Issuer {
    keys: Arc<Mutex<Vec<Value>>>,
    asked: Arc<AtomicUsize>,
}

impl Issuer {
    async fn start(&self) -> String {
        let router = Router::new()
            .route(
                "/keys",
                get(async |State(issuer): State<Self>| {
                    issuer.asked.fetch_add(1, Ordering::Relaxed);
                    Json(json!({"keys": issuer.keys.lock().clone()}))
                }),
            )
            .route("/elsewhere", get(async || axum::response::Redirect::temporary("/keys")))
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        format!("http://{address}")
    }

    /// Has these keys from now on.
    fn has(&self, keys: &[(&str, &str)]) {
        let jwk = |(id, file): &(&str, &str)| {
            let (algorithm, key) = private(file);
            let mut jwk = serde_json::to_value(Jwk::from_encoding_key(&key, algorithm).unwrap()).unwrap();
            jwk["kid"] = json!(id);
            jwk["use"] = json!("sig");
            jwk
        };
        *self.keys.lock() = keys.iter().map(jwk).collect();
    }
}

fn private(file: &str) -> (Algorithm, EncodingKey) {
    let pem = key_file(&format!("{file}.pem"));
    match file {
        "ec" => (Algorithm::ES256, EncodingKey::from_ec_pem(&pem).unwrap()),
        "ed" => (Algorithm::EdDSA, EncodingKey::from_ed_pem(&pem).unwrap()),
        _ => (Algorithm::RS256, EncodingKey::from_rsa_pem(&pem).unwrap()),
    }
}

fn issued(file: &str, id: &str, subject: &str) -> String {
    let (algorithm, key) = private(file);
    let header = Header { kid: Some(id.to_owned()), ..Header::new(algorithm) };
    let claims = json!({"sub": subject, "name": "Grace Hopper", "exp": unix_ms() / 1000 + 60});
    jsonwebtoken::encode(&header, &claims, &key).unwrap()
}

#[tokio::test]
async fn s5_keys_at_an_address_are_fetched_and_may_change() {
    let issuer = Issuer::default();
    issuer.has(&[("a", "rsa"), ("b", "ed")]);
    let url = format!("{}/keys", issuer.start().await);
    let server =
        Server::with(&["--jwt-jwks-url", &url, "--jwt-jwks-at-most-every-s", "0", "--jwt-create-accounts"])
            .await;
    let who = async |token: &str| {
        let answer = bearing(&server, token).get("/api/account").await;
        (answer.status, answer.body["displayName"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(who(&issued("rsa", "a", "grace")).await, (200, "Grace Hopper".to_owned()));
    assert_eq!(who(&issued("ed", "b", "grace")).await.0, 200, "the same account");
    assert_eq!(who(&issued("ed", "a", "grace")).await.0, 401, "a key is for one algorithm");
    assert_eq!(who(&issued("ec", "c", "grace")).await.0, 401, "not there yet");
    issuer.has(&[("c", "ec"), ("d", "other")]);
    assert_eq!(who(&issued("ec", "c", "grace")).await.0, 200, "a new key is asked for");
    assert_eq!(who(&issued("rsa", "a", "grace")).await.0, 401, "and an old one is not good any more");
    assert_eq!(who(&issued("other", "d", "not a name")).await.0, 401);
    let people = rows_of(&server).await;
    assert_eq!(people, ["grace"]);
}

async fn rows_of(server: &Server) -> Vec<String> {
    let all = server.app.store.read(async |tx| rows::list(tx).await).await.unwrap();
    all.into_iter().map(|stored| stored.account.person.name).collect()
}

#[tokio::test]
async fn s5_unknown_keys_make_nobody_ask_the_issuer_too_often() {
    let issuer = Issuer::default();
    issuer.has(&[("a", "rsa")]);
    let url = format!("{}/keys", issuer.start().await);
    let server = Server::with(&["--jwt-jwks-url", &url]).await;
    until("the keys are there", async || {
        // Nobody of that name has an account, and none is made: the signature is good all the same.
        let answer = bearing(&server, &issued("rsa", "a", "grace")).get("/api/account").await;
        answer.body["error"]["message"].as_str().unwrap().contains("account")
    })
    .await;
    for n in 0..20 {
        let token = issued("rsa", &format!("k{n}"), "grace");
        assert_eq!(bearing(&server, &token).get("/api/account").await.status, 401);
    }
    assert_eq!(issuer.asked.load(Ordering::Relaxed), 1);
    assert!(rows_of(&server).await.is_empty());
}

#[tokio::test]
async fn s5_an_issuers_answer_is_not_followed_elsewhere_and_bounded() {
    let issuer = Issuer::default();
    issuer.has(&[("a", "rsa")]);
    let base = issuer.start().await;
    let elsewhere =
        Server::with(&["--jwt-jwks-url", &format!("{base}/elsewhere"), "--jwt-create-accounts"]).await;
    assert_eq!(bearing(&elsewhere, &issued("rsa", "a", "grace")).get("/api/account").await.status, 401);
    assert_eq!(issuer.asked.load(Ordering::Relaxed), 0);

    issuer.keys.lock().push(json!({"kty": "invented", "x": "y".repeat(300_000)}));
    let large = Server::with(&["--jwt-jwks-url", &format!("{base}/keys"), "--jwt-create-accounts"]).await;
    assert_eq!(bearing(&large, &issued("rsa", "a", "grace")).get("/api/account").await.status, 401);
    assert_eq!(issuer.asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_key_of_a_server_opens_what_an_administrator_may() {
    let server = Server::with(&["--visitors-may-post", "false", "--heartbeat-interval-ms", "50"]).await;
    let key = api_key::new_key();
    let hash = session::hash(&key);
    work(&server, async move |tx| {
        assert!(keys::insert(tx, "k1", &hash, "club", unix_ms()).await?);
        Ok(())
    })
    .await;
    let club = bearing(&server, &key);
    let event = club.event().await;
    club.say(&event, "from the club").await;
    assert_eq!(server.post("/api/events", &json!({"title": "x"})).await.status, 401);
    assert_eq!(
        bearing(&server, "tlk_unknown").get("/api/events").await.refusal(),
        (401, "unauthenticated", "")
    );
    let in_query = format!("/api/poll?from=events&token={key}");
    assert_eq!(server.get(&in_query).await.status, 401, "a key does not belong into an address");

    let mut follower = Follower::on(&club, Transport::WebSocket, &Topic::event(&event.id), None).await;
    follower.next_subscribed().await;
    work(&server, async |tx| Ok(keys::delete(tx, "club").await.map(drop)?)).await;
    assert_eq!(follower.read_to_close().await.0, 4501);
    assert_eq!(club.get("/api/events").await.status, 401);
}
