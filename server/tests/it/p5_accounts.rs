//! Accounts (P5): made, signed in with, changed; and how often one may try.

use reqwest::Method;
use serde_json::{Value, json};
use server::{
    auth::session,
    store::{Tx, WorkError, account as rows},
    time::unix_ms,
};
use shared::model::account::{Account, AccountRole};

use crate::support::{PASSWORD, Server, person::session_cookie};

#[tokio::test]
async fn p5_an_account_comes_with_a_cookie_that_no_script_sees() {
    let server = Server::start().await;
    let new = json!({"name": " Ada ", "displayName": "Ada Lovelace", "password": PASSWORD});
    let answer = server.post("/api/accounts", &new).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let account: Account = answer.read();
    assert_eq!(
        (account.person.name.as_str(), account.person.display_name.as_str(), account.role),
        ("ada", "Ada Lovelace", AccountRole::User)
    );
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("touchline_session="), "{cookie}");
    assert!(cookie.ends_with("; HttpOnly; SameSite=Lax; Path=/; Max-Age=2592000"), "{cookie}");

    let ada = server.signed_in(&answer);
    let state = ada.get("/api/session").await;
    assert_eq!(state.body["account"]["name"], "ada");
    assert_eq!(state.header("cache-control"), "no-store");
    assert_eq!(session_cookie(&state), ada.cookie, "the cookie lasts while it is used");
    assert_eq!(ada.get("/api/account").await.read::<Account>(), account);

    let visitor = server.get("/api/session").await;
    assert_eq!(visitor.body, json!({"registration": "open", "visitorsMayPost": true}));
    assert_eq!(visitor.header("set-cookie"), "");
    assert_eq!(server.get("/api/account").await.refusal(), (401, "unauthenticated", ""));

    let secret = ada.secret().to_owned();
    assert_eq!(secret.len(), 43, "256 bits");
    for file in ["touchline.db", "touchline.db-wal"] {
        let bytes = std::fs::read(server.dir.path().join(file)).unwrap();
        for kept in [secret.as_bytes(), PASSWORD.as_bytes()] {
            assert!(!bytes.windows(kept.len()).any(|part| part == kept), "{file} tells a secret");
        }
    }
}

#[tokio::test]
async fn p5_over_tls_the_cookie_is_for_tls_alone() {
    let server = Server::with(&["--allowed-origin", "https://live.example"]).await;
    let new = json!({"name": "ada", "password": PASSWORD});
    let answer = server.post_with("/api/accounts", &[("origin", "https://live.example")], &new).await;
    assert!(answer.header("set-cookie").contains("; Secure;"), "{}", answer.header("set-cookie"));
}

#[tokio::test]
async fn p5_what_cannot_be_an_account_is_refused_by_its_field() {
    let server = Server::start().await;
    server.register("ada").await;
    let long = "x".repeat(61);
    for (new, refusal) in [
        (json!({"name": "a", "password": PASSWORD}), (422, "invalid", "name")),
        (json!({"name": "ada lovelace", "password": PASSWORD}), (422, "invalid", "name")),
        (json!({"name": "<script>", "password": PASSWORD}), (422, "invalid", "name")),
        (json!({"name": "bob", "password": "short"}), (422, "invalid", "password")),
        (json!({"name": "bob", "password": "x".repeat(257)}), (422, "invalid", "password")),
        (json!({"name": "bob", "password": PASSWORD, "displayName": long}), (422, "invalid", "displayName")),
        (
            json!({"name": "bob", "password": PASSWORD, "displayName": "a\u{0}"}),
            (422, "invalid", "displayName"),
        ),
        (json!({"name": "ADA", "password": PASSWORD}), (409, "conflict", "name")),
        (json!({"name": "bob"}), (400, "malformed", "")),
        (json!({"name": "bob", "password": PASSWORD, "role": "admin"}), (400, "malformed", "")),
        (json!([]), (400, "malformed", "")),
    ] {
        let answer = server.post("/api/accounts", &new).await;
        assert_eq!(answer.refusal(), refusal, "{new}");
        assert_eq!(answer.header("set-cookie"), "", "{new}");
    }
}

#[tokio::test]
async fn p5_one_answer_for_a_wrong_name_and_a_wrong_password() {
    let server = Server::start().await;
    server.register("ada").await;
    let wrong = server.try_sign_in("ada", "wrong horse").await;
    let unknown = server.try_sign_in("nobody", PASSWORD).await;
    assert_eq!(wrong.refusal(), (401, "unauthenticated", ""));
    assert_eq!(wrong.body, unknown.body);
    let right = server.try_sign_in(" ADA ", PASSWORD).await;
    assert_eq!((right.status, &right.body["name"]), (200, &json!("ada")));
}

#[tokio::test]
async fn p5_signing_in_again_ends_what_the_browser_had_before() {
    let server = Server::start().await;
    let first = server.register("ada").await;
    let second = first.signed_in(&first.try_sign_in("ada", PASSWORD).await);
    assert_ne!(first.cookie, second.cookie, "nobody can plant a session");
    assert_eq!(first.get("/api/account").await.status, 401);
    assert_eq!(second.get("/api/account/sessions").await.body.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn p5_one_changes_what_is_ones_own() {
    let server = Server::start().await;
    let ada = server.register("ada").await;
    let patched = ada.patch("/api/account", &json!({"displayName": "Ada L.", "invisible": true})).await;
    let account: Account = patched.read();
    assert_eq!((account.person.display_name.as_str(), account.invisible), ("Ada L.", true));
    assert_eq!(ada.get("/api/account").await.read::<Account>(), account);
    for (patch, refusal) in [
        (json!({"displayName": " "}), (422, "invalid", "displayName")),
        (json!({"role": "admin"}), (400, "malformed", "")),
        (json!({"id": "somebody"}), (400, "malformed", "")),
    ] {
        assert_eq!(ada.patch("/api/account", &patch).await.refusal(), refusal, "{patch}");
    }
    assert_eq!(server.patch("/api/account", &json!({})).await.status, 401);
}

#[tokio::test]
async fn p5_people_are_found_by_who_is_signed_in() {
    let server = Server::start().await;
    let ada = server.register("ada").await;
    server.register("adam").await;
    server.register("bob").await;
    ada.patch("/api/account", &json!({"displayName": "Lovelace"})).await;
    let names = async |query: &str| {
        let people = ada.get(&format!("/api/people?q={query}")).await.body;
        let names = people.as_array().unwrap().iter().map(|person| person["name"].as_str().unwrap());
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(names("@AD").await, ["ada", "adam"]);
    assert_eq!(names("love").await, ["ada"]);
    assert_eq!(names("%25").await, Vec::<String>::new(), "no pattern, a beginning");
    assert_eq!(ada.get("/api/people?q=ad&limit=1").await.body.as_array().unwrap().len(), 1);
    assert_eq!(server.get("/api/people?q=ad").await.status, 401);
}

#[tokio::test]
async fn p5_a_closed_server_makes_no_accounts() {
    let server = Server::with(&["--registration", "closed"]).await;
    let answer = server.post("/api/accounts", &json!({"name": "ada", "password": PASSWORD})).await;
    assert_eq!(answer.refusal(), (403, "forbidden", ""));
    assert_eq!(server.get("/api/session").await.body["registration"], "closed");
}

/// An invitation to register that is over at `expires_at`.
async fn invite(server: &Server, code: &'static str, expires_at: i64) {
    let work = async move |tx: &mut Tx<'_>| {
        rows::insert_registration(tx, &session::hash(code), unix_ms(), expires_at).await?;
        Ok::<_, WorkError<()>>(())
    };
    server.app.store.write(work).await.unwrap().unwrap();
}

#[tokio::test]
async fn p5_an_invitation_to_register_is_good_for_one() {
    let server = Server::with(&["--registration", "invitation"]).await;
    let now = unix_ms();
    for (code, expires_at) in [("right", now + 60_000), ("stale", now - 1)] {
        invite(&server, code, expires_at).await;
    }
    let register = async |name: &str, code: Value| {
        let new = json!({"name": name, "password": PASSWORD, "invitation": code});
        server.post("/api/accounts", &new).await
    };
    for code in [Value::Null, json!(""), json!("wrong"), json!("stale"), json!("x".repeat(5000))] {
        assert_eq!(register("ada", code.clone()).await.refusal(), (403, "forbidden", ""), "{code}");
    }
    assert_eq!(register("ada", json!("right")).await.status, 201);
    assert_eq!(register("bob", json!("right")).await.refusal(), (403, "forbidden", ""));
}

#[tokio::test]
async fn p5_a_name_that_is_taken_costs_no_invitation() {
    let server = Server::with(&["--registration", "invitation"]).await;
    let now = unix_ms();
    for code in ["one", "two"] {
        invite(&server, code, now + 60_000).await;
    }
    let register = async |name: &str, code: &str| {
        let new = json!({"name": name, "password": PASSWORD, "invitation": code});
        server.post("/api/accounts", &new).await.status
    };
    assert_eq!(register("ada", "one").await, 201);
    assert_eq!(register("ada", "two").await, 409);
    assert_eq!(register("bob", "two").await, 201);
}

#[tokio::test]
async fn p7_sign_ins_are_limited_and_say_when_to_come_back() {
    let server = Server::with(&["--sign-ins-per-minute", "3"]).await;
    server.register("ada").await;
    for _ in 0..2 {
        assert_eq!(server.try_sign_in("ada", "wrong horse").await.status, 401);
    }
    let answer = server.try_sign_in("ada", PASSWORD).await;
    assert_eq!(answer.refusal(), (429, "rateLimited", ""), "even with the right one");
    let wait_ms = answer.body["error"]["retryAfterMs"].as_u64().unwrap();
    assert!((1..=20_001).contains(&wait_ms), "{wait_ms}");
    assert_eq!(answer.header("retry-after"), wait_ms.div_ceil(1000).to_string());
    let new = json!({"name": "bob", "password": PASSWORD});
    assert_eq!(server.post("/api/accounts", &new).await.status, 429, "making accounts counts as well");
    assert_eq!(server.get("/api/events").await.status, 200);
}

#[tokio::test]
async fn p7_passwords_at_work_are_bounded() {
    let server = Server::with(&["--passwords-at-once", "1"]).await;
    server.register("ada").await;
    let tries = (0..90).map(|_| server.try_sign_in("ada", "wrong horse"));
    let statuses: Vec<u16> = futures_util::future::join_all(tries).await.iter().map(|a| a.status).collect();
    let refused = statuses.iter().filter(|status| **status == 429).count();
    let worked = statuses.iter().filter(|status| **status == 401).count();
    assert_eq!(refused + worked, 90, "{statuses:?}");
    assert!(refused > 0 && worked >= 65, "{worked} were worked on, {refused} were sent away");
}

#[tokio::test]
async fn p5_another_password_ends_all_other_sessions() {
    let server = Server::start().await;
    let ada = server.register("ada").await;
    let other = server.sign_in("ada").await;
    let change = async |current: &str, new: &str| {
        ada.post("/api/account/password", &json!({"current": current, "new": new})).await
    };
    assert_eq!(change("wrong horse", "battery staple").await.refusal(), (422, "invalid", "current"));
    assert_eq!(change(PASSWORD, "short").await.refusal(), (422, "invalid", "new"));
    assert_eq!(other.get("/api/account").await.status, 200, "nothing has changed yet");
    assert_eq!(change(PASSWORD, "battery staple").await.status, 204);
    assert_eq!(other.get("/api/account").await.status, 401);
    assert_eq!(ada.get("/api/account").await.status, 200);
    assert_eq!(server.try_sign_in("ada", PASSWORD).await.status, 401);
    assert_eq!(server.try_sign_in("ada", "battery staple").await.status, 200);
}

#[tokio::test]
async fn p5_a_page_of_another_origin_neither_signs_in_nor_out() {
    let server = Server::start().await;
    let ada = server.register("ada").await;
    for (method, path, body) in [
        (Method::POST, "/api/session", json!({"name": "ada", "password": PASSWORD})),
        (Method::POST, "/api/accounts", json!({"name": "bob", "password": PASSWORD})),
        (Method::DELETE, "/api/session", Value::Null),
        (Method::DELETE, "/api/account/sessions", Value::Null),
        (Method::PATCH, "/api/account", json!({"displayName": "x"})),
        (Method::POST, "/api/account/password", json!({"current": PASSWORD, "new": "battery staple"})),
    ] {
        for header in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
            let request = ada.request(method.clone(), path).header(header.0, header.1).json(&body);
            let answer = ada.send(request).await;
            assert_eq!(answer.refusal(), (403, "crossSite", ""), "{method} {path} {header:?}");
            assert_eq!(answer.header("set-cookie"), "");
        }
    }
    assert_eq!(ada.get("/api/account").await.body["displayName"], "ada");
}
