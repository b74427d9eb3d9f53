//! `/api/events` (E16).

use reqwest::Method;
use serde_json::{Value, json};
use shared::limits;

use crate::support::Server;

#[tokio::test]
async fn e16_an_event_is_created_read_changed_and_deleted() {
    let server = Server::start().await;
    let answer = server
        .post(
            "/api/events",
            &json!({"title": "  DSCOVR ", "description": "To L1", "place": "Cape", "startsAt": "2015-02-11T23:03:00.000Z"}),
        )
        .await;
    assert_eq!(answer.status, 201);
    let id = answer.body["id"].as_str().unwrap().to_owned();
    let path = format!("/api/events/{id}");
    assert_eq!(answer.header("location"), path);
    assert_eq!((&answer.body["title"], &answer.body["status"]), (&json!("DSCOVR"), &json!("scheduled")));

    let read = server.get(&path).await;
    let mut expected = answer.body.clone();
    expected["cursor"] = read.body["cursor"].clone();
    assert_eq!((read.status, &read.body), (200, &expected));
    assert!(read.body["cursor"].as_str().unwrap().ends_with(".0"));

    let changed = server.patch(&path, &json!({"status": "live"})).await;
    assert_eq!(
        (changed.status, &changed.body["status"], &changed.body["title"]),
        (200, &json!("live"), &json!("DSCOVR"))
    );
    let same = server.patch(&path, &json!({"status": "live", "title": "DSCOVR"})).await;
    assert_eq!((same.status, &same.body), (200, &changed.body), "what changes nothing publishes nothing");
    assert!(server.get(&path).await.body["cursor"].as_str().unwrap().ends_with(".1"));

    assert_eq!(server.delete(&path).await.status, 204);
    for answer in [
        server.get(&path).await,
        server.delete(&path).await,
        server.patch(&path, &json!({"title": "x"})).await,
    ] {
        assert_eq!(answer.refusal(), (404, "notFound", ""));
    }
    for below in ["/media", "/stats"] {
        assert_eq!(server.get(&format!("{path}{below}")).await.refusal(), (404, "notFound", ""), "{below}");
    }
    let post = server.post(&format!("{path}/media"), &json!({"author": "Ada", "text": "x"})).await;
    assert_eq!(post.refusal(), (404, "notFound", ""));
}

#[tokio::test]
async fn e16_events_are_listed_newest_first_page_by_page() {
    let server = Server::start().await;
    let mut ids = Vec::new();
    for n in 0..7 {
        let status = if n % 2 == 0 { "live" } else { "completed" };
        let answer = server.post("/api/events", &json!({"title": format!("E{n}"), "status": status})).await;
        ids.insert(0, answer.body["id"].clone());
    }
    let mut listed = Vec::new();
    let mut path = "/api/events?limit=3".to_owned();
    let mut sizes = Vec::new();
    loop {
        let page = server.get(&path).await.body;
        let items = page["items"].as_array().unwrap();
        sizes.push(items.len());
        listed.extend(items.iter().map(|event| event["id"].clone()));
        match page["next"].as_str() {
            Some(next) => path = format!("/api/events?limit=3&after={next}"),
            None => break,
        }
    }
    assert_eq!((listed, sizes), (ids.clone(), vec![3, 3, 1]));

    let live = server.get("/api/events?status=live").await.body;
    assert_eq!(live["items"].as_array().unwrap().len(), 4);
    assert_eq!(live["next"], Value::Null);
    assert!(live["cursor"].as_str().unwrap().ends_with(".7"), "the cursor of the list of events");

    // A page keeps its place while newer events come.
    let page = server.get("/api/events?limit=3").await.body;
    server.event().await;
    let next =
        server.get(&format!("/api/events?limit=3&after={}", page["next"].as_str().unwrap())).await.body;
    assert_eq!(next["items"][0]["id"], ids[3]);
}

#[tokio::test]
async fn p6_where_a_page_ends_tells_nothing_of_events_between() {
    let server = Server::start().await;
    let ada = server.register("ada").await;
    let first = server.event().await;
    for _ in 0..3 {
        let hidden = json!({"title": "A wedding", "visibility": "private"});
        assert_eq!(ada.post("/api/events", &hidden).await.status, 201);
    }
    let last = server.event().await;
    let page = server.get("/api/events?limit=1").await.body;
    let next = page["next"].as_str().unwrap();
    let made_at = server::time::from_timestamp(&last.created_at).unwrap();
    assert_eq!(next, format!("{made_at}.{}", last.id), "what is known of the page's last event anyway");
    let second = server.get(&format!("/api/events?limit=1&after={next}")).await.body;
    assert_eq!((&second["items"][0]["id"], &second["next"]), (&json!(first.id), &Value::Null));
    for nonsense in ["7", "x.y", ".", "7.no%20id"] {
        let answer = server.get(&format!("/api/events?after={nonsense}")).await;
        assert_eq!(answer.refusal(), (400, "malformed", ""), "{nonsense}");
    }
}

#[tokio::test]
async fn v8_what_cannot_be_an_event_is_refused_with_its_field() {
    let server = Server::start().await;
    let event = server.event().await;
    let long = |chars: usize| "ä".repeat(chars + 1);
    for (body, refusal) in [
        (json!({"title": ""}), (422, "invalid", "title")),
        (json!({"title": " \n"}), (422, "invalid", "title")),
        (json!({"title": "a\u{0}b"}), (422, "invalid", "title")),
        (json!({"title": long(limits::EVENT_TITLE_CHARS)}), (422, "invalid", "title")),
        (
            json!({"title": "x", "description": long(limits::EVENT_DESCRIPTION_CHARS)}),
            (422, "invalid", "description"),
        ),
        (json!({"title": "x", "place": long(limits::EVENT_PLACE_CHARS)}), (422, "invalid", "place")),
        (json!({"title": "x", "startsAt": "2026-02-30T10:00:00.000Z"}), (422, "invalid", "startsAt")),
        (json!({"title": "x", "startsAt": "yesterday"}), (400, "malformed", "")),
        (json!({"title": "x", "status": "over"}), (400, "malformed", "")),
        (json!({"title": "x", "colour": "red"}), (400, "malformed", "")),
        (json!({"title": 5}), (400, "malformed", "")),
        (json!({}), (400, "malformed", "")),
        (json!([]), (400, "malformed", "")),
    ] {
        assert_eq!(server.post("/api/events", &body).await.refusal(), refusal, "{body}");
        if body.get("title").is_some() {
            let path = format!("/api/events/{}", event.id);
            assert_eq!(server.patch(&path, &body).await.refusal(), refusal, "a change to {body}");
        }
    }
    let longest = json!({
        "title": "ä".repeat(limits::EVENT_TITLE_CHARS),
        "description": "ä".repeat(limits::EVENT_DESCRIPTION_CHARS),
        "place": "ä".repeat(limits::EVENT_PLACE_CHARS),
    });
    assert_eq!(server.post("/api/events", &longest).await.status, 201);
    let unchanged = server.get(&format!("/api/events/{}", event.id)).await;
    assert_eq!(unchanged.body["title"], "Launch");
}

#[tokio::test]
async fn v8_requests_that_make_no_sense_have_stable_answers() {
    let server = Server::start().await;
    let event = server.event().await;
    let path = format!("/api/events/{}", event.id);
    for (method, path, refusal) in [
        (Method::GET, "/api/events/nobody", (404, "notFound", "")),
        (Method::GET, "/api/events/no%20such%20id", (404, "notFound", "")),
        (Method::GET, "/api/events/%ff", (404, "notFound", "")),
        (Method::GET, "/api/events?status=over", (400, "malformed", "")),
        (Method::GET, "/api/events?limit=many", (400, "malformed", "")),
        (Method::GET, "/api/nothing", (404, "notFound", "")),
        (Method::POST, "/api/nothing/at/all", (404, "notFound", "")),
        (Method::GET, "/api", (404, "notFound", "")),
        (Method::PUT, "/api/events", (405, "methodNotAllowed", "")),
        (Method::POST, path.as_str(), (405, "methodNotAllowed", "")),
        (Method::DELETE, "/healthz", (405, "methodNotAllowed", "")),
        (Method::POST, "/anything/else", (405, "methodNotAllowed", "")),
    ] {
        let answer = server.send(server.request(method.clone(), path)).await;
        assert_eq!(answer.refusal(), refusal, "{method} {path}");
    }
}

#[tokio::test]
async fn v8_bodies_of_the_wrong_kind_or_size_are_refused() {
    let server = Server::start().await;
    let event = server.event().await;
    let large = format!(r#"{{"title":"{}"}}"#, "x".repeat(limits::JSON_BODY_BYTES));
    for path in ["/api/events".to_owned(), format!("/api/events/{}/media", event.id)] {
        for (content_type, body, refusal) in [
            ("application/json", "{".to_owned(), (400, "malformed", "")),
            ("application/json", String::new(), (400, "malformed", "")),
            ("application/json", "\u{feff}{}".to_owned(), (400, "malformed", "")),
            ("text/plain", r#"{"title":"x"}"#.to_owned(), (415, "unsupportedMedia", "")),
            ("application/json", large.clone(), (413, "tooLarge", "")),
        ] {
            let request = server.request(Method::POST, &path).header("content-type", content_type).body(body);
            assert_eq!(server.send(request).await.refusal(), refusal, "{path} {content_type}");
        }
        let request = server.request(Method::POST, &path).body(r#"{"title":"x"}"#);
        assert_eq!(server.send(request).await.refusal(), (415, "unsupportedMedia", ""), "no content type");
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let request =
        server.request(Method::POST, "/api/events").header("content-type", "application/json").body(deep);
    assert_eq!(server.send(request).await.status, 400);
}
