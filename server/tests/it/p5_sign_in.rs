//! Signing in (P5): what a sign-in does not outlive, and for whom its cookie is.

use serde_json::json;
use server::store::{WorkError, account as rows};

use crate::support::{Follower, Server, person::session_cookie, until};

#[tokio::test]
async fn p5_a_sign_in_that_is_under_way_does_not_outlive_a_change_of_the_password() {
    let server = Server::with(&["--passwords-at-once", "1", "--sign-ins-per-minute", "100"]).await;
    let account = server.register("ada").await.person.id;
    // One password is looked at at a time: the others have their turn after it, with what they read before.
    let credentials = json!({"name": "ada", "password": "correct horse"});
    let mut signing_in = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (api, credentials) = (server.api.clone(), credentials.clone());
        signing_in.spawn(async move { api.post("/api/session", &credentials).await.status });
    }
    assert_eq!(signing_in.join_next().await.unwrap().unwrap(), 200);
    let of = account.clone();
    let changed = server.app.store.write(async move |tx| {
        rows::set_password(tx, &of, "another").await?;
        Ok::<_, WorkError<()>>(rows::delete_sessions(tx, &of, None).await?)
    });
    changed.await.unwrap().unwrap();
    signing_in.join_all().await;
    let left = server.app.store.read(async move |tx| rows::sessions(tx, &account, None, 0).await);
    assert_eq!(left.await.unwrap(), [], "the old password has ended with its sessions");
}

#[tokio::test]
async fn p5_a_cookie_for_tls_stays_one_and_only_a_session_renews_it() {
    let server = Server::start().await;
    let origins = [format!("https://{}", server.address), format!("http://{}", server.address)];
    for (origin, name, secure) in [(&origins[0], "ada", true), (&origins[1], "bob", false)] {
        let new = json!({"name": name, "password": "correct horse"});
        let made = server.post_with("/api/accounts", &[("origin", origin)], &new).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let cookie = session_cookie(&made);
        // A page names no origin when it asks for what is its own.
        let renewed = server.get_with("/api/session", &[("cookie", cookie)]).await;
        assert_eq!(session_cookie(&renewed), cookie);
        for answer in [&made, &renewed] {
            let set = answer.header("set-cookie");
            assert_eq!(set.contains("; Secure;"), secure, "{set}");
        }
        let again = server.post_with("/api/session", &[("origin", origin), ("cookie", cookie)], &new).await;
        assert_ne!(session_cookie(&again), cookie);
        let late = server.get_with("/api/session", &[("cookie", cookie)]).await;
        assert_eq!(late.header("set-cookie"), "", "the cookie that has taken its place stays");
    }
}

#[tokio::test]
async fn p5_a_connection_ends_with_the_session_that_is_over() {
    let server = Server::with(&["--retain-every-s", "1"]).await;
    let ada = server.register("ada").await;
    let mut socket = Follower::socket(&ada, "/ws").await;
    socket.next_frame().await;
    let aged = server.app.store.write(async |tx| {
        Ok::<_, WorkError<()>>(tx.execute("update session set expires_at = 0", &[]).await?)
    });
    assert_eq!(aged.await.unwrap().unwrap(), 1);
    assert_eq!(socket.read_to_close().await.0, 4501);
    until("nobody is left", async || server.app.sessions.count() == 0).await;
}

#[tokio::test]
async fn p5_people_are_found_in_any_alphabet_and_not_all_at_once() {
    let server = Server::start().await;
    let ada = server.register("ada").await;
    for (name, shown) in [("anne", "Änne"), ("olga", "Ольга"), ("bob", "Anton")] {
        let new = json!({"name": name, "displayName": shown, "password": "correct horse"});
        assert_eq!(server.post("/api/accounts", &new).await.status, 201);
    }
    let found = async |q: &str| {
        let people = ada.get(&format!("/api/people?q={q}")).await.body;
        let names = people.as_array().unwrap().iter().map(|person| person["name"].as_str().unwrap());
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    for beginning in ["ä", "Ä", "äNN", "@anne"] {
        assert_eq!(found(beginning).await, ["anne"], "{beginning}");
    }
    assert_eq!(found("ол").await, ["olga"]);
    assert_eq!(found("AN").await, ["anne", "bob"], "by either name, each once");
    assert_eq!(found("_").await, [""; 0], "a beginning, no pattern");
    for nothing in ["/api/people", "/api/people?q=%20@"] {
        assert_eq!(ada.get(nothing).await.refusal(), (422, "invalid", "q"));
    }
    ada.patch("/api/account", &json!({"displayName": "Özlem"})).await;
    assert_eq!(found("öz").await, ["ada"], "by the name of now");
}

#[tokio::test]
async fn p7_looking_for_people_is_limited() {
    let server = Server::start().await;
    let ada = server.register("ada").await;
    let mut looks = 0;
    let refused = loop {
        looks += 1;
        let answer = ada.get("/api/people?q=a").await;
        if answer.status != 200 {
            break answer;
        }
        assert!(looks < 10_000, "nobody minds");
    };
    assert_eq!(refused.refusal(), (429, "rateLimited", ""));
    assert!(looks > 200, "who types fast is not stopped: {looks}");
}
