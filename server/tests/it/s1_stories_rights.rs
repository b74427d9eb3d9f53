//! Stories, and who has no right to them: visitors, keys, other authors, who is locked out, and what is sent to
//! break something (S1, S3, P6, V8).

use reqwest::Method;
use serde_json::{Value, json};
use server::{
    auth::{api_key, session},
    store::{WorkError, account as accounts, api_key as keys},
    time::unix_ms,
};
use shared::{
    Topic, limits,
    model::{
        account::AccountRole,
        story::{Story, StoryChange},
    },
};

use crate::{
    s1_stories::{heard, listen, post_story, rail, react, seen, three, view},
    support::{Follower, Server, Somebody, Transport, within},
};

#[tokio::test]
async fn s1_visitors_have_no_part_in_stories() {
    let server = Server::start().await;
    let ben = server.register("ben").await;
    let story = post_story(&ben).await;
    let signed_out = (401, "unauthenticated", "");
    let upload = server.uploaded("alpha.png").await;
    let body = json!({"uploadId": upload.upload_id});
    assert_eq!(server.post("/api/stories", &body).await.refusal(), signed_out);
    assert_eq!(server.get("/api/stories").await.refusal(), signed_out);
    let path = format!("/api/stories/{}", story.id);
    assert_eq!(server.get(&path).await.refusal(), signed_out);
    assert_eq!(server.delete(&path).await.refusal(), signed_out);
    assert_eq!(server.get(&format!("{path}/viewers")).await.refusal(), signed_out);
    assert_eq!(server.post(&format!("{path}/view"), &Value::Null).await.refusal(), signed_out);
    let reaction = json!({"emoji": "❤️"});
    assert_eq!(server.post(&format!("{path}/reactions"), &reaction).await.refusal(), signed_out);
    let poll = server.get("/api/poll?from=stories&wait=0").await;
    assert_eq!(poll.body["frames"][0]["payload"]["code"], "unauthenticated", "{}", poll.body);
    assert_eq!(server.get(&story.attachment.url).await.refusal(), (404, "notFound", ""), "nor its file");
    let kept = ben.get(&story.attachment.url).await;
    assert_eq!((kept.status, kept.header("cache-control")), (200, "private, no-cache"));
}

#[tokio::test]
async fn v8_what_cannot_be_a_story_or_a_reaction_is_refused() {
    let server = Server::start().await;
    let [ada, ben, _] = three(&server).await;
    let story = post_story(&ben).await;
    let (sound, picture) = (ben.uploaded("sound.mp3").await, ben.uploaded("alpha.png").await);
    let long = "x".repeat(limits::STORY_TEXT_CHARS + 1);
    for (body, refusal) in [
        (json!({}), (400, "malformed", "")),
        (json!({"uploadId": "../etc"}), (400, "malformed", "")),
        (json!({"uploadId": picture.upload_id, "author": "ada"}), (400, "malformed", "")),
        (json!({"uploadId": "nowhere"}), (422, "invalid", "uploadId")),
        (json!({"uploadId": story.attachment.upload_id}), (422, "invalid", "uploadId")),
        (json!({"uploadId": sound.upload_id}), (422, "invalid", "uploadId")),
        (json!({"uploadId": picture.upload_id, "text": long}), (422, "invalid", "text")),
        (json!({"uploadId": picture.upload_id, "text": "a\u{0}"}), (422, "invalid", "text")),
    ] {
        assert_eq!(ben.post("/api/stories", &body).await.refusal(), refusal, "{body}");
    }
    let foreign = ada.post("/api/stories", &json!({"uploadId": picture.upload_id})).await;
    assert_eq!(foreign.refusal(), (422, "invalid", "uploadId"), "another's upload");
    assert_eq!(ben.post("/api/stories", &json!({"uploadId": picture.upload_id})).await.status, 201);

    let path = format!("/api/stories/{}/reactions", story.id);
    for emoji in ["", "x", "❤️❤️", "<b>", "🎉 ", &"🎉".repeat(5000)] {
        let answer = ada.post(&path, &json!({"emoji": emoji})).await;
        assert_eq!(answer.refusal(), (422, "invalid", "emoji"), "{emoji}");
    }
    for body in [json!({}), json!({"emoji": 1}), json!({"emoji": "🎉", "userId": ben.person.id})] {
        assert_eq!(ada.post(&path, &body).await.refusal(), (400, "malformed", ""), "{body}");
    }
    for id in ["never-was", "not%20an%20id", "..%2F..", &"x".repeat(200)] {
        for address in ["view", "reactions"] {
            let answer = ada.post(&format!("/api/stories/{id}/{address}"), &json!({"emoji": "🎉"})).await;
            assert_eq!(answer.refusal(), (404, "notFound", ""), "{id}");
        }
    }
    assert_eq!(seen(&ben, &story).await.views, Some(0));
    let elsewhere = ada.request(Method::POST, &format!("/stories/{}/view", story.id));
    let elsewhere = ada.send(elsewhere.header("origin", "https://elsewhere.example")).await;
    assert_eq!(elsewhere.code(), "crossSite", "another site's page with one's cookie");
}

#[tokio::test]
async fn v8_nobody_fills_the_rail() {
    let server = Server::start().await;
    let ben = server.register("ben").await;
    for _ in 0..limits::STORIES_PER_AUTHOR {
        within("a story", post_story(&ben)).await;
    }
    let upload = ben.uploaded("alpha.png").await;
    let refused = ben.post("/api/stories", &json!({"uploadId": upload.upload_id})).await;
    assert_eq!(refused.refusal(), (409, "conflict", "stories"));
}

#[tokio::test]
async fn s3_nobody_says_who_looks_but_the_cookie() {
    let server = Server::start().await;
    let [ada, ben, cleo] = three(&server).await;
    let story = post_story(&ben).await;
    let mut ben_hears = listen(&ben).await;
    // What is sent along is not looked at: there is nothing to say.
    let forged =
        json!({"viewer_id": cleo.person.id, "viewerId": cleo.person.id, "viewed_at": "1970-01-01T00:00:00Z"});
    let address = format!("/api/stories/{}", story.id);
    let query = format!("{address}/view?viewer_id={0}&viewerId={0}", cleo.person.id);
    assert_eq!(ada.post(&query, &forged).await.status, 204);
    let told = heard(&mut ben_hears).await;
    let [StoryChange::Viewed(viewed)] = &told[..] else { panic!("{told:?}") };
    assert_eq!(viewed.viewer_id, ada.person.id);
    for body in [
        json!({"emoji": "🎉", "user_id": cleo.person.id}),
        json!({"emoji": "🎉", "userId": cleo.person.id}),
        json!({"emoji": "🎉", "reacted_at": "1970-01-01T00:00:00Z"}),
    ] {
        let answer = ada.post(&format!("{address}/reactions"), &body).await;
        assert_eq!(answer.refusal(), (400, "malformed", ""), "{body}");
    }
    assert_eq!(heard(&mut ben_hears).await, []);
    assert!(!seen(&cleo, &story).await.seen);
}

#[tokio::test]
async fn p6_not_even_an_administrator_reads_who_has_seen_a_story() {
    let server = Server::start().await;
    let [ada, ben, cleo] = three(&server).await;
    let story = post_story(&ben).await;
    let promoted = server
        .app
        .store
        .write(async |tx| Ok::<_, WorkError<()>>(accounts::set_role(tx, "cleo", AccountRole::Admin).await?));
    assert!(promoted.await.unwrap().unwrap());
    let mut cleo_hears = listen_to_stories(&cleo).await;
    view(&ada, &story).await;
    react(&ada, &story, "🎉").await;
    let path = format!("/api/stories/{}", story.id);
    assert_eq!(cleo.get(&format!("{path}/viewers")).await.refusal(), (403, "forbidden", ""));
    let own = format!("/api/poll?from={}&wait=0", ben.topic());
    assert_eq!(cleo.get(&own).await.body["frames"][0]["payload"]["code"], "forbidden");
    assert_eq!(seen(&cleo, &story).await.views, None, "nor how many");
    assert_eq!(heard(&mut cleo_hears).await, []);
    // But what breaks the rules of the house is theirs to delete.
    assert_eq!(cleo.delete(&path).await.status, 204);
    assert_eq!(ben.get(&path).await.status, 404);
}

/// The rail alone, as who may not read another's own topic does.
async fn listen_to_stories(who: &Somebody) -> Follower {
    let mut follower = Follower::on(who, Transport::WebSocket, &Topic::stories(), None).await;
    follower.next_subscribed().await;
    follower
}

#[tokio::test]
async fn p4_who_looks_at_the_rail_is_told_to_nobody() {
    let server = Server::start().await;
    let [ada, ben, _] = three(&server).await;
    let mut ada_hears = listen_to_stories(&ada).await;
    let mut ben_hears = Follower::socket(&ben, "/ws").await;
    ben_hears.send(r#"{"type":"subscribe","payload":{"topic":"stories","presence":true}}"#).await;
    ben_hears.next_subscribed().await;
    ada_hears.send(r#"{"type":"typing","payload":{"topic":"stories","on":true}}"#).await;
    heard(&mut ada_hears).await;
    ben_hears.send(r#"{"type":"ping","payload":{"ref":5}}"#).await;
    loop {
        let text = ben_hears.next_text().await.unwrap();
        assert!(!text.contains("\"ada\""), "{text}");
        if text.contains("pong") {
            break;
        }
    }
}

#[tokio::test]
async fn p6_the_key_of_a_server_reads_the_rail_and_has_no_eyes() {
    let server = Server::start().await;
    let ben = server.register("ben").await;
    let story = post_story(&ben).await;
    let key = api_key::new_key();
    let hash = session::hash(&key);
    let made = server.app.store.write(async move |tx| {
        Ok::<_, WorkError<()>>(keys::insert(tx, "k1", &hash, "club", unix_ms()).await?)
    });
    assert!(made.await.unwrap().unwrap());
    let club = server.showing("authorization", &format!("Bearer {key}"));
    let page = rail(&club).await;
    let [listed] = &page.items[0].stories[..] else { panic!("{page:?}") };
    assert_eq!((&listed.story, listed.seen, listed.views), (&story, false, None));
    assert!(!seen(&club, &story).await.seen);
    assert_eq!(club.get(&story.attachment.url).await.status, 200);
    let path = format!("/api/stories/{}", story.id);
    for (address, body) in [("view", Value::Null), ("reactions", json!({"emoji": "❤️"}))] {
        let status = club.post(&format!("{path}/{address}"), &body).await.status;
        assert_eq!(status, 401, "{address}");
    }
    assert_eq!(club.get(&format!("{path}/viewers")).await.status, 401);
    assert_eq!(seen(&ben, &story).await.views, Some(0));
}

#[tokio::test]
async fn v8_a_script_is_text_and_stays_it() {
    let server = Server::start().await;
    let [ada, ben, _] = three(&server).await;
    let script = r#"<script>alert(1)</script><img src=x onerror="alert(2)">{{7*7}} '; drop table story; --"#;
    let upload = ben.uploaded("alpha.png").await;
    let posted = ben.post("/api/stories", &json!({"uploadId": upload.upload_id, "text": script})).await;
    assert_eq!(posted.status, 201, "{}", posted.body);
    let story: Story = posted.read();
    let answer = ada.get(&format!("/api/stories/{}", story.id)).await;
    assert_eq!(answer.body["text"], script);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn v8_what_is_too_large_is_not_read() {
    let server = Server::start().await;
    let [ada, ben, _] = three(&server).await;
    let story = post_story(&ben).await;
    let large = "x".repeat(limits::JSON_BODY_BYTES);
    for (path, body) in [
        ("/api/stories".to_owned(), json!({"uploadId": "u", "text": large})),
        (format!("/api/stories/{}/reactions", story.id), json!({"emoji": large})),
        (format!("/stories/{}/reactions", story.id), json!({"emoji": large})),
    ] {
        assert_eq!(ada.post(&path, &body).await.refusal(), (413, "tooLarge", ""), "{path}");
    }
}

#[tokio::test]
async fn v8_anothers_upload_serves_nobody_else_whatever_it_is_for() {
    let server = Server::start().await;
    let [ada, ben, _] = three(&server).await;
    let upload = ben.uploaded("alpha.png").await;
    let refused = (422, "invalid", "uploadId");
    let body = json!({"uploadId": upload.upload_id});
    assert_eq!(ada.post("/api/stories", &body).await.refusal(), refused);
    let event = server.event().await;
    let path = format!("/api/events/{}/media", event.id);
    assert_eq!(ada.post(&path, &body).await.refusal(), refused);
    let item = json!({"author": "Eve", "uploadId": upload.upload_id});
    assert_eq!(server.post(&path, &item).await.refusal(), refused, "nor a visitor");
    assert_eq!(ben.post("/api/stories", &body).await.status, 201, "it is still there for who sent it");
    assert_eq!(ben.post(&path, &body).await.refusal(), refused, "and serves once");
}

#[tokio::test]
async fn p6_the_stories_of_who_is_locked_out_are_shown_to_nobody() {
    let server = Server::start().await;
    let [ada, ben, _] = three(&server).await;
    let story = post_story(&ben).await;
    let disable = async |disabled: bool| {
        let work = server.app.store.write(async move |tx| {
            Ok::<_, WorkError<()>>(accounts::set_disabled(tx, "ben", disabled).await?)
        });
        assert!(work.await.unwrap().unwrap());
    };
    let path = format!("/api/stories/{}", story.id);
    disable(true).await;
    assert!(rail(&ada).await.items.is_empty());
    assert_eq!(ada.get(&path).await.refusal(), (404, "notFound", ""));
    assert_eq!(ada.get(&story.attachment.url).await.status, 404, "nor the file");
    let viewed = ada.post(&format!("{path}/view"), &Value::Null).await;
    assert_eq!(viewed.refusal(), (404, "notFound", ""));
    disable(false).await;
    assert_eq!(ada.get(&path).await.status, 200);
    assert_eq!(ada.get(&story.attachment.url).await.status, 200);
}
