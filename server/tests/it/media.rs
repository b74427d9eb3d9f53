//! `/api/events/{id}/media` (E16).

use reqwest::{
    Method,
    multipart::{Form, Part},
};
use serde_json::{Value, json};
use shared::limits;

use crate::support::{Server, api::fixture};

#[tokio::test]
async fn e16_an_item_is_posted_read_changed_and_deleted() {
    let server = Server::start().await;
    let event = server.event().await;
    let path = format!("/api/events/{}/media", event.id);
    let posted = server.post(&path, &json!({"author": " Ada ", "text": "  a\nb ", "key": "k1"})).await;
    assert_eq!(posted.status, 201);
    let own = format!("{path}/{}", posted.body["id"].as_str().unwrap());
    assert_eq!(posted.header("location"), own);
    assert_eq!(posted.body["author"], json!({"name": "Ada"}));
    assert_eq!((&posted.body["text"], &posted.body["key"]), (&json!("a\nb"), &json!("k1")));
    assert_eq!((&posted.body["kind"], &posted.body["offset"]), (&json!("text"), &json!(1)));
    assert_eq!(server.get(&own).await.body, posted.body);
    assert_eq!(server.get(&format!("/api/events/{}", event.id)).await.body["mediaCount"], 1);

    let changed = server.patch(&own, &json!({"text": "c"})).await;
    assert_eq!(
        (changed.status, &changed.body["text"], &changed.body["offset"]),
        (200, &json!("c"), &json!(1))
    );
    assert!(server.cursor(&event).await.to_string().ends_with(".2"));
    assert_eq!(server.patch(&own, &json!({"text": "c"})).await.body, changed.body);
    assert_eq!(server.patch(&own, &json!({})).await.body, changed.body);
    assert!(
        server.cursor(&event).await.to_string().ends_with(".2"),
        "what changes nothing publishes nothing"
    );

    assert_eq!(server.delete(&own).await.status, 204);
    for answer in
        [server.get(&own).await, server.delete(&own).await, server.patch(&own, &json!({"text": "d"})).await]
    {
        assert_eq!(answer.refusal(), (404, "notFound", ""));
    }
    assert_eq!(server.get(&format!("/api/events/{}", event.id)).await.body["mediaCount"], 0);
}

#[tokio::test]
async fn e16_a_timeline_is_read_newest_first_page_by_page() {
    let server = Server::start().await;
    let event = server.event().await;
    let posted = server.say_many(&event, 120, "x").await;
    let first = server.page(&event, "").await;
    assert_eq!((first.items.len(), first.next.is_some()), (limits::PAGE_ITEMS_DEFAULT, true));
    assert_eq!(first.items[0], posted[119]);
    // Newer items do not move the pages behind.
    server.say_many(&event, 5, "newer").await;
    let second = server.page(&event, &format!("?before={}", first.next.unwrap())).await;
    assert_eq!(second.items[0], posted[69]);
    let third = server.page(&event, &format!("?before={}", second.next.unwrap())).await;
    assert_eq!((third.items.len(), third.next, &third.items[19]), (20, None, &posted[0]));
    assert_eq!(server.page(&event, "?limit=0").await.items.len(), 1);
    assert_eq!(server.page(&event, "?limit=100000").await.items.len(), 125);
    assert_eq!(server.timeline(&event).await.len(), 125);
    for (query, items) in [("?before=1", 0), ("?before=0", 0), ("?kind=photo", 0), ("?kind=text&limit=5", 5)]
    {
        assert_eq!(server.page(&event, query).await.items.len(), items, "{query}");
    }
    let far = format!("?before={}", u64::MAX);
    assert_eq!(
        server.page(&event, &far).await.items.len(),
        limits::PAGE_ITEMS_DEFAULT,
        "everything is before that"
    );
    for bad in ["?before=x", "?kind=song", "?limit=-1", "?before=-1"] {
        let answer = server.get(&format!("/api/events/{}/media{bad}", event.id)).await;
        assert_eq!(answer.refusal(), (400, "malformed", ""), "{bad}");
    }
}

#[tokio::test]
async fn e16_an_array_is_all_or_nothing() {
    let server = Server::start().await;
    let event = server.event().await;
    let path = format!("/api/events/{}/media", event.id);
    let good = json!({"author": "Ada", "text": "good"});
    for (bad, refusal) in [
        (json!({"author": "", "text": "x"}), (422, "invalid", "author")),
        (json!({"author": "Ada"}), (422, "invalid", "text")),
        (json!({"author": "Ada", "uploadId": "nowhere"}), (422, "invalid", "uploadId")),
        (json!({"author": "Ada", "text": "x", "colour": 1}), (400, "malformed", "")),
    ] {
        assert_eq!(server.post(&path, &json!([good, good, bad])).await.refusal(), refusal, "{bad}");
    }
    assert_eq!(server.post(&path, &json!([])).await.status, 422);
    let many: Vec<_> = (0..=limits::BATCH_ITEMS).map(|_| good.clone()).collect();
    assert_eq!(server.post(&path, &json!(many)).await.status, 422);
    let page = server.page(&event, "").await;
    assert!(page.items.is_empty() && page.cursor.to_string().ends_with(".0"), "nothing of them was stored");

    let answer = server.post(&path, &json!(many[1..])).await;
    let offsets: Vec<_> =
        answer.body.as_array().unwrap().iter().map(|item| item["offset"].as_u64().unwrap()).collect();
    assert_eq!((answer.status, offsets), (201, (1..=limits::BATCH_ITEMS as u64).collect()));
}

#[tokio::test]
async fn v8_what_cannot_be_an_item_is_refused_with_its_field() {
    let server = Server::start().await;
    let (event, other) = (server.event().await, server.event().await);
    let path = format!("/api/events/{}/media", event.id);
    for (body, refusal) in [
        (json!({"author": "Ada", "text": ""}), (422, "invalid", "text")),
        (
            json!({"author": "Ada", "text": "x".repeat(limits::MEDIA_TEXT_CHARS + 1)}),
            (422, "invalid", "text"),
        ),
        (json!({"author": "Ada", "text": "a\u{7}b"}), (422, "invalid", "text")),
        (
            json!({"author": "x".repeat(limits::DISPLAY_NAME_CHARS + 1), "text": "x"}),
            (422, "invalid", "author"),
        ),
        (json!({"author": "Ada", "text": "x", "uploadId": "nowhere"}), (422, "invalid", "uploadId")),
        (json!({"author": "Ada", "text": "x", "key": "no spaces"}), (400, "malformed", "")),
        (json!({"text": "x"}), (422, "invalid", "author")),
        (json!("x"), (400, "malformed", "")),
    ] {
        assert_eq!(server.post(&path, &body).await.refusal(), refusal, "{body}");
    }
    let longest = json!({"author": "ä".repeat(limits::DISPLAY_NAME_CHARS), "text": "ä".repeat(limits::MEDIA_TEXT_CHARS)});
    assert_eq!(server.post(&path, &longest).await.status, 201);

    let item = server.say(&event, "x").await;
    let own = format!("{path}/{}", item.id);
    assert_eq!(server.patch(&own, &json!({"text": " "})).await.refusal(), (422, "invalid", "text"));
    assert_eq!(server.patch(&own, &json!({"author": "Eve"})).await.refusal(), (400, "malformed", ""));
    let elsewhere = format!("/api/events/{}/media/{}", other.id, item.id);
    for answer in [server.get(&elsewhere).await, server.delete(&elsewhere).await] {
        assert_eq!(answer.refusal(), (404, "notFound", ""), "an item belongs to its event");
    }
}

#[tokio::test]
async fn e16_a_form_posts_an_item_with_its_file() {
    let server = Server::start().await;
    let event = server.event().await;
    let path = format!("/api/events/{}/media", event.id);
    let form = || {
        let file = Part::bytes(fixture("turned.jpg")).file_name("IMG_1.exe");
        Form::new()
            .text("author", "Ada")
            .text("text", "from the pad")
            .text("key", "form-1")
            .part("file", file)
    };
    let posted = server.send(server.request(Method::POST, &path).multipart(form())).await;
    assert_eq!(
        (posted.status, &posted.body["kind"], &posted.body["text"]),
        (201, &json!("photo"), &json!("from the pad"))
    );
    let again = server.send(server.request(Method::POST, &path).multipart(form())).await;
    assert_eq!((again.status, &again.body), (200, &posted.body), "posted twice, stored once");
    let other = Form::new()
        .text("author", "Ada")
        .text("key", "form-1")
        .part("file", Part::bytes(fixture("alpha.png")));
    let other = server.send(server.request(Method::POST, &path).multipart(other)).await;
    assert_eq!(other.refusal(), (409, "keyReused", ""));
    assert_eq!(server.timeline(&event).await.len(), 1);
    assert_eq!(stored_uploads(&server), 1, "the repeated and the refused file were removed");

    let text_only = Form::new().text("author", "Ada").text("text", "no file");
    assert_eq!(server.send(server.request(Method::POST, &path).multipart(text_only)).await.status, 201);
    let nobody = Form::new().text("author", " ").part("file", Part::bytes(fixture("alpha.png")));
    let refused = server.send(server.request(Method::POST, &path).multipart(nobody)).await;
    assert_eq!(refused.refusal(), (422, "invalid", "author"));
    let nowhere = Form::new().text("author", "Ada").part("file", Part::bytes(fixture("alpha.png")));
    let refused =
        server.send(server.request(Method::POST, "/api/events/nobody/media").multipart(nowhere)).await;
    assert_eq!(refused.refusal(), (404, "notFound", ""));
    assert_eq!(stored_uploads(&server), 1);
}

/// Uploads in their place on disk.
pub(crate) fn stored_uploads(server: &Server) -> usize {
    let shards = std::fs::read_dir(server.dir.path().join("media")).unwrap().flatten();
    shards.map(|shard| std::fs::read_dir(shard.path()).unwrap().count()).sum()
}

#[tokio::test]
async fn e16_the_cover_is_the_newest_photo() {
    let server = Server::start().await;
    let event = server.event().await;
    let path = format!("/api/events/{}/media", event.id);
    let mut items = Vec::new();
    for name in ["turned.jpg", "alpha.png"] {
        let upload = server.uploaded(name).await;
        items.push(server.post(&path, &json!({"author": "Ada", "uploadId": upload.upload_id})).await.body);
    }
    let cover = async || server.get(&format!("/api/events/{}", event.id)).await.body["cover"].clone();
    let smallest = |item: &Value| {
        let renditions = item["attachment"]["renditions"].as_array().cloned().unwrap_or_default();
        renditions.first().map_or(item["attachment"]["url"].clone(), |first| first["url"].clone())
    };
    assert_eq!(cover().await["url"], smallest(&items[1]));
    server.delete(&format!("{path}/{}", items[1]["id"].as_str().unwrap())).await;
    assert_eq!(cover().await["url"], smallest(&items[0]));
    server.delete(&format!("{path}/{}", items[0]["id"].as_str().unwrap())).await;
    assert_eq!(cover().await, Value::Null);
    assert_eq!(stored_uploads(&server), 0, "files go with their items");
}
