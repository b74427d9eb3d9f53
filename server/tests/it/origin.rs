//! Pages of other origins (P5, P10): what they may not do, and what an operator may allow.

use reqwest::Method;
use serde_json::json;

use crate::support::{RawSocket, Server};

const CLUB: &str = "https://club.example";
const EVIL: &str = "https://evil.example";

#[tokio::test]
async fn p5_a_page_of_another_origin_changes_nothing() {
    let server = Server::with(&["--allowed-origin", CLUB]).await;
    let event = server.event().await;
    let body = json!({"title": "x"});
    for headers in [
        vec![("origin", EVIL)],
        vec![("origin", "null")],
        vec![("origin", EVIL), ("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-site", "cross-site")],
    ] {
        let answer = server.post_with("/api/events", &headers, &body).await;
        assert_eq!((answer.status, answer.code()), (403, "crossSite"), "{headers:?}");
    }
    for method in [Method::PATCH, Method::DELETE] {
        let request =
            server.request(method, &format!("/api/events/{}", event.id)).header("origin", EVIL).json(&body);
        assert_eq!(server.send(request).await.refusal(), (403, "crossSite", ""));
    }
    let form = reqwest::multipart::Form::new().text("file", "x");
    let upload = server.request(Method::POST, "/api/uploads").header("origin", EVIL).multipart(form);
    assert_eq!(server.send(upload).await.status, 403);
    assert_eq!(server.get("/api/events").await.body["items"].as_array().unwrap().len(), 1);

    let own = format!("http://{}", server.address);
    for headers in
        [vec![("origin", own.as_str())], vec![("origin", CLUB)], vec![("sec-fetch-site", "same-origin")]]
    {
        assert_eq!(server.post_with("/api/events", &headers, &body).await.status, 201, "{headers:?}");
    }
}

#[tokio::test]
async fn p5_a_socket_of_a_foreign_page_is_closed_and_told_to_stay_away() {
    let server = Server::with(&["--allowed-origin", CLUB]).await;
    let event = server.event().await;
    for path in ["/ws".to_owned(), format!("/api/ws/events/{}", event.id)] {
        let mut foreign = RawSocket::connect(server.address, &path, &[("origin", EVIL)]).await;
        let (code, texts) = foreign.read_to_close().await;
        assert_eq!((code, texts.len()), (4505, 0), "{path}");
        for origin in [CLUB, "http://touchline.test", "https://touchline.test"] {
            let mut allowed = RawSocket::connect(server.address, &path, &[("origin", origin)]).await;
            allowed.next_of("connected").await;
        }
    }
}

#[tokio::test]
async fn p10_an_allowed_origin_may_read_the_answers() {
    let server = Server::with(&["--allowed-origin", CLUB]).await;
    for (origin, allowed) in [(CLUB, CLUB), (EVIL, "")] {
        let answer = server.get_with("/api/events", &[("origin", origin)]).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, allowed));
        let mut vary = answer.headers.get_all("vary").iter();
        assert!(vary.any(|vary| vary.to_str().unwrap().contains("origin")), "a cache keeps them apart");
        let preflight = server
            .request(Method::OPTIONS, "/api/events")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type,idempotency-key");
        let answer = server.send(preflight).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, allowed));
        assert!(answer.header("access-control-allow-headers").contains("idempotency-key"));
    }
    let posted = server.post_with("/api/events", &[("origin", CLUB)], &json!({"title": "x"})).await;
    assert_eq!((posted.status, posted.header("access-control-allow-origin")), (201, CLUB));
}

#[tokio::test]
async fn every_answer_says_that_nothing_is_to_be_sniffed() {
    let server = Server::start().await;
    for path in ["/api/events", "/api/nothing", "/healthz", "/missing.js"] {
        assert_eq!(server.get(path).await.header("x-content-type-options"), "nosniff", "{path}");
    }
}
