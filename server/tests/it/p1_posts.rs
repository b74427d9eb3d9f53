//! `/api/posts`: written, shared, changed, scheduled, deleted; who hears of it, and who does not.

use serde_json::{Value, json};
use shared::{
    Change, ErrorCode, ServerFrame, Topic,
    limits::{POST_DESTINATIONS, WEBHOOK_URL_CHARS, WEBHOOKS},
    model::post::{Post, PostChange, PostStatus},
};

use crate::support::{Api, Follower, Server, Somebody, Transport, over_every_transport};

impl Somebody {
    /// An event of one's own.
    pub(crate) async fn own_event(&self, visibility: &str) -> shared::EventId {
        let new = json!({"title": "Launch", "status": "live", "visibility": visibility});
        let answer = self.api.post("/api/events", &new).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.read::<shared::model::event::Event>().id
    }

    pub(crate) async fn draft(&self, new: &Value) -> Post {
        let answer = self.api.post("/api/posts", new).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.read()
    }

    /// Does something with a post, and succeeds.
    pub(crate) async fn act(&self, post: &Post, what: &str, body: &Value) -> Post {
        let answer = self.api.post(&format!("/api/posts/{}/{what}", post.id), body).await;
        assert_eq!(answer.status, 200, "{what}: {}", answer.body);
        answer.read()
    }

    pub(crate) async fn post_now(&self, post: &Post) -> Post {
        let answer = self.api.get(&format!("/api/posts/{}", post.id)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.read()
    }

    /// Follows what concerns oneself, from now on.
    pub(crate) async fn listen(&self, transport: Transport) -> Follower {
        let cursor = self.api.get("/api/posts").await.body["cursor"].as_str().unwrap().to_owned();
        // A poll from where nothing is new would be held before it says so.
        let is_poll = transport == Transport::Poll;
        let mut follower =
            Follower::on(&self.api, transport, &self.topic(), (!is_poll).then_some(cursor)).await;
        assert_eq!(follower.next_subscribed().await.1.recovered, !is_poll);
        follower
    }
}

/// A server on which the accounts of this test do not wait for each other.
pub(crate) async fn server() -> Server {
    Server::with(&["--webhook-allow-private", "--webhook-retry-ms", "20", "--webhook-attempts", "3"]).await
}

async fn next_change(follower: &mut Follower) -> PostChange {
    let change = follower.next_publication().await.change;
    change.read().unwrap_or_else(|| panic!("{change:?}"))
}

/// What is said of a post next: the type of it, and how the post stands.
pub(crate) async fn next_step(follower: &mut Follower) -> (&'static str, Post) {
    match next_change(follower).await {
        PostChange::Created(post) => ("post:created", *post),
        PostChange::Updated(post) => ("post:updated", *post),
        PostChange::Publishing(post) => ("post:publishing", *post),
        PostChange::Published(post) => ("post:published", *post),
        PostChange::Failed(post) => ("post:failed", *post),
        other @ (PostChange::Deleted(_)
        | PostChange::Access(_)
        | PostChange::Comments(_)
        | PostChange::Likes(_)) => {
            panic!("{other:?}")
        }
    }
}

async fn next_gone(follower: &mut Follower) -> String {
    match next_change(follower).await {
        PostChange::Deleted(gone) => gone.post_id.to_string(),
        other => panic!("{other:?}"),
    }
}

over_every_transport! { p1_owner_and_editors_hear_of_a_post_and_nobody_else }

async fn p1_owner_and_editors_hear_of_a_post_and_nobody_else(transport: Transport) {
    let server = server().await;
    let (ada, ben, eve) =
        (server.register("ada").await, server.register("ben").await, server.register("eve").await);
    let mut heard = [ada.listen(transport).await, ben.listen(transport).await, eve.listen(transport).await];
    let event = ada.own_event("unlisted").await;
    // One's own unlisted event is told to its members.
    assert!(matches!(heard[0].next_publication().await.change, Change::EventNew(_)));

    let post =
        ada.draft(&json!({"text": "Lift-off!", "destinations": [{"kind": "event", "eventId": event}]})).await;
    assert_eq!(next_step(&mut heard[0]).await, ("post:created", post.clone()));
    let shared = ada.api.put(&format!("/api/posts/{}/editors/ben", post.id)).await;
    assert_eq!(shared.status, 200, "{}", shared.body);
    let shared: Post = shared.read();
    assert_eq!(shared.editors, std::slice::from_ref(&ben.person));
    assert_eq!(next_step(&mut heard[0]).await, ("post:updated", shared.clone()));
    assert_eq!(next_step(&mut heard[1]).await, ("post:created", shared.clone()));

    let changed =
        ben.api.patch(&format!("/api/posts/{}", post.id), &json!({"text": "Lift-off", "version": 2})).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let published = ben.act(&post, "publish", &json!({})).await;
    assert_eq!(published.status, PostStatus::Publishing);
    for follower in &mut heard[..2] {
        let steps = [next_step(follower).await, next_step(follower).await, next_step(follower).await];
        assert_eq!(
            steps.each_ref().map(|(step, _)| *step),
            ["post:updated", "post:publishing", "post:published"]
        );
        assert_eq!(steps.each_ref().map(|(_, post)| post.version), [3, 4, 5]);
        assert_eq!(steps[2].1.text, "Lift-off");
    }
    // It was posted as the owner, whoever pressed the button.
    let items = server.page(&server.get(&format!("/api/events/{event}")).await.read(), "").await.items;
    assert_eq!(
        (items[0].text.as_str(), items[0].author.account_id.as_ref()),
        ("Lift-off", Some(&ada.person.id))
    );

    assert_eq!(ada.api.delete(&format!("/api/posts/{}/editors/ben", post.id)).await.status, 204);
    assert_eq!(next_gone(&mut heard[1]).await, post.id.to_string());
    assert_eq!(next_step(&mut heard[0]).await.0, "post:updated");
    assert_eq!(ada.api.delete(&format!("/api/posts/{}", post.id)).await.status, 204);
    assert_eq!(next_gone(&mut heard[0]).await, post.id.to_string());
    // What Ben and Eve hear next is their own: nothing of Ada's came in between.
    for (person, follower) in [(&ben, 1), (&eve, 2)] {
        let own = person.draft(&json!({"text": "mine"})).await;
        assert_eq!(next_step(&mut heard[follower]).await, ("post:created", own));
    }
}

#[tokio::test]
async fn p1_a_post_is_hidden_from_everybody_else() {
    let server = server().await;
    let (ada, ben, eve) =
        (server.register("ada").await, server.register("ben").await, server.register("eve").await);
    let post = ada.draft(&json!({"text": "secret"})).await;
    ada.api.put(&format!("/api/posts/{}/editors/ben", post.id)).await;
    let path = format!("/api/posts/{}", post.id);
    assert_eq!(eve.api.get(&path).await.refusal(), (404, "notFound", ""));
    assert_eq!(eve.api.patch(&path, &json!({"text": "x", "version": 2})).await.status, 404);
    for what in ["publish", "unschedule", "retry"] {
        assert_eq!(eve.api.post(&format!("{path}/{what}"), &json!({})).await.status, 404, "{what}");
    }
    assert_eq!(eve.api.delete(&path).await.status, 404);
    assert_eq!(eve.api.put(&format!("{path}/editors/eve")).await.status, 404);
    assert_eq!(eve.api.get("/api/posts").await.body["items"], json!([]));
    assert_eq!(server.get(&path).await.status, 401);
    assert_eq!(server.get("/api/posts").await.status, 401);
    assert_eq!(server.post("/api/posts", &json!({"text": "x"})).await.status, 401);
    // An editor changes it; deleting and sharing are the owner's.
    assert_eq!(ben.api.get(&path).await.status, 200);
    assert_eq!(ben.api.delete(&path).await.status, 403);
    assert_eq!(ben.api.put(&format!("{path}/editors/eve")).await.status, 403);
    // An editor may go by themself, and is out.
    assert_eq!(ben.api.delete(&format!("{path}/editors/ben")).await.status, 204);
    assert_eq!(ben.api.get(&path).await.status, 404);
}

#[tokio::test]
async fn p1_the_topic_of_a_post_is_its_peoples() {
    let server = server().await;
    let (ada, ben, eve) =
        (server.register("ada").await, server.register("ben").await, server.register("eve").await);
    let post = ada.draft(&json!({"text": "secret"})).await;
    ada.api.put(&format!("/api/posts/{}/editors/ben", post.id)).await;
    let subscribe = json!({"type": "subscribe", "payload": {"topic": Topic::post(&post.id)}}).to_string();
    for (api, allowed) in [(&ada.api, true), (&ben.api, true), (&eve.api, false), (&server.api, false)] {
        let mut follower = Follower::socket(api, "/ws").await;
        follower.send(&subscribe).await;
        let answer = follower.next_news().await;
        assert_eq!(matches!(answer, shared::ServerFrame::Subscribed(..)), allowed, "{answer:?}");
    }
}

over_every_transport! { p1_who_is_an_editor_no_more_hears_no_more_of_the_post }

async fn p1_who_is_an_editor_no_more_hears_no_more_of_the_post(transport: Transport) {
    let server = server().await;
    let (ada, ben, eve) =
        (server.register("ada").await, server.register("ben").await, server.register("eve").await);
    let post = ada.draft(&json!({"text": "secret"})).await;
    let (path, topic) = (format!("/api/posts/{}", post.id), Topic::post(&post.id));
    assert_eq!(ada.api.put(&format!("{path}/editors/ben")).await.status, 200);
    let mut owners = Follower::on(&ada.api, transport, &topic, None).await;
    let mut editors = Follower::on(&ben.api, transport, &topic, None).await;
    for follower in [&mut owners, &mut editors] {
        follower.next_subscribed().await;
    }
    // Who keeps their rights is told of the change, and hears on.
    assert_eq!(ada.api.put(&format!("{path}/editors/eve")).await.status, 200);
    for follower in [&mut owners, &mut editors] {
        assert!(matches!(next_change(follower).await, PostChange::Access(_)));
    }
    assert_eq!(ada.api.delete(&format!("{path}/editors/ben")).await.status, 204);
    match editors.next_news().await {
        ServerFrame::Unsubscribed(of, why) => assert_eq!((of, why.code), (topic, Some(ErrorCode::Forbidden))),
        // A poll that comes after it finds no such topic.
        ServerFrame::Error(error) if transport == Transport::Poll => {
            assert_eq!(error.code, ErrorCode::UnknownTopic);
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(next_change(&mut owners).await, PostChange::Access(_)));
    assert_eq!(eve.api.get(&path).await.status, 200);
}

#[tokio::test]
async fn p1_two_who_change_one_post_do_not_overwrite_each_other() {
    let server = server().await;
    let ada = server.register("ada").await;
    let post = ada.draft(&json!({"text": "one"})).await;
    let path = format!("/api/posts/{}", post.id);
    assert_eq!(ada.api.get(&path).await.header("etag"), "\"1\"");
    assert_eq!(ada.api.patch(&path, &json!({"text": "two"})).await.refusal(), (422, "invalid", "version"));
    let by_header = |version: &'static str, text: &'static str| {
        let request = ada.api.request(reqwest::Method::PATCH, &path).header("if-match", version);
        ada.api.send(request.json(&json!({"text": text})))
    };
    assert_eq!(by_header("\"1\"", "two").await.status, 200);
    assert_eq!(by_header("\"1\"", "three").await.refusal(), (409, "conflict", "version"));
    assert_eq!(by_header("nonsense", "three").await.refusal(), (422, "invalid", "If-Match"));
    assert_eq!(ada.api.patch(&path, &json!({"text": "four", "version": 2})).await.status, 200);
    assert_eq!(ada.post_now(&post).await.text, "four");
}

#[tokio::test]
async fn p1_texts_places_and_times_are_checked() {
    let server = server().await;
    let (ada, ben) = (server.register("ada").await, server.register("ben").await);
    let private = ben.own_event("private").await;
    let hook = ben.api.post("/api/webhooks", &json!({"url": "https://hooks.example/x"})).await;
    let hook = hook.body["id"].clone();
    for (new, field) in [
        (json!({"text": "x".repeat(4001)}), "text"),
        (json!({"text": "x", "uploadId": "nothing"}), "uploadId"),
        (json!({"text": "x", "destinations": [{"kind": "event", "eventId": "nothing"}]}), "destinations"),
        (json!({"text": "x", "destinations": [{"kind": "event", "eventId": private}]}), "destinations"),
        (json!({"text": "x", "destinations": [{"kind": "webhook", "webhookId": hook}]}), "destinations"),
    ] {
        assert_eq!(ada.api.post("/api/posts", &new).await.refusal(), (422, "invalid", field), "{new}");
    }
    let event = ada.own_event("private").await;
    let places = json!([{"kind": "event", "eventId": event}]);
    let twice = json!([{"kind": "event", "eventId": event}, {"kind": "event", "eventId": event}]);
    let refused = ada.api.post("/api/posts", &json!({"text": "x", "destinations": twice})).await;
    assert_eq!(refused.refusal(), (422, "invalid", "destinations"));

    let nowhere = ada.draft(&json!({"text": "x"})).await;
    let empty = ada.draft(&json!({"destinations": places})).await;
    let post = ada.draft(&json!({"text": "x", "destinations": places})).await;
    let path = |post: &Post, what: &str| format!("/api/posts/{}/{what}", post.id);
    let soon = json!({"at": shared_time(3600)});
    for (post, what, body, field) in [
        (&nowhere, "publish", json!({}), "destinations"),
        (&empty, "publish", json!({}), "text"),
        (&empty, "schedule", soon.clone(), "text"),
        (&post, "schedule", json!({"at": shared_time(-3600)}), "at"),
        (&post, "schedule", json!({"at": shared_time(367 * 24 * 3600)}), "at"),
        (&post, "schedule", json!({"at": "2027-02-31T00:00:00.000Z"}), "at"),
    ] {
        assert_eq!(ada.api.post(&path(post, what), &body).await.refusal(), (422, "invalid", field), "{body}");
    }
    let scheduled = ada.act(&post, "schedule", &soon).await;
    assert_eq!(scheduled.status, PostStatus::Scheduled);
    // What is scheduled stays fit to go out.
    let own = format!("/api/posts/{}", post.id);
    let emptied = ada.api.patch(&own, &json!({"text": "", "version": scheduled.version})).await;
    assert_eq!(emptied.refusal(), (422, "invalid", "text"));
    let draft = ada.act(&post, "unschedule", &json!({})).await;
    assert_eq!((draft.status, draft.publish_at), (PostStatus::Draft, None));
    assert_eq!(ada.api.post(&path(&post, "retry"), &json!({})).await.refusal(), (409, "conflict", "status"));
}

#[tokio::test]
async fn p1_v8_more_than_is_allowed_is_refused() {
    let server = server().await;
    let ada = server.register("ada").await;
    let mut places = Vec::new();
    for number in 0..=POST_DESTINATIONS {
        let new = json!({"url": format!("https://hooks.example/{number}")});
        let made = ada.api.post("/api/webhooks", &new).await;
        places.push(json!({"kind": "webhook", "webhookId": made.body["id"]}));
    }
    let refused = ada.api.post("/api/posts", &json!({"text": "x", "destinations": places})).await;
    assert_eq!(refused.refusal(), (422, "invalid", "destinations"));
    places.pop();
    assert_eq!(ada.api.post("/api/posts", &json!({"text": "x", "destinations": places})).await.status, 201);

    for number in places.len() + 1..WEBHOOKS {
        let new = json!({"url": format!("https://hooks.example/{number}")});
        assert_eq!(ada.api.post("/api/webhooks", &new).await.status, 201);
    }
    let one_more = ada.api.post("/api/webhooks", &json!({"url": "https://hooks.example/more"})).await;
    assert_eq!(one_more.refusal(), (409, "conflict", "url"));
    let long = format!("https://hooks.example/{}", "x".repeat(WEBHOOK_URL_CHARS));
    assert_eq!(ada.api.post("/api/webhooks", &json!({"url": long})).await.refusal(), (422, "invalid", "url"));

    // Nobody says whose a post is, or how it stands, but the server.
    for own in [json!({"owner": {"id": "a1"}}), json!({"status": "published"}), json!({"version": 7})] {
        let mut new = json!({"text": "x"});
        new.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
        assert_eq!(ada.api.post("/api/posts", &new).await.refusal(), (400, "malformed", ""), "{new}");
    }
    let post = ada.draft(&json!({"text": "<script>alert(1)</script>"})).await;
    assert_eq!(post.text, "<script>alert(1)</script>", "kept as written: whoever shows it escapes it");
    assert_eq!(ada.api.put(&format!("/api/posts/{}/editors/nobody", post.id)).await.status, 404);
    let again = ada.api.put(&format!("/api/posts/{}/editors/ada", post.id)).await;
    assert_eq!((again.status, again.body["version"].as_u64()), (200, Some(1)), "it is the owner's already");
}

/// A time so many seconds from now.
pub(crate) fn shared_time(seconds: i64) -> shared::Timestamp {
    server::time::timestamp(server::time::unix_ms() + seconds * 1000)
}

#[tokio::test]
async fn p1_lists_go_by_status_and_page_by_page() {
    let server = server().await;
    let ada = server.register("ada").await;
    let event = ada.own_event("private").await;
    let mut posts = Vec::new();
    for number in 0..5 {
        let places = json!([{"kind": "event", "eventId": event}]);
        posts.push(ada.draft(&json!({"text": format!("{number}"), "destinations": places})).await);
    }
    ada.act(&posts[1], "schedule", &json!({"at": shared_time(3600)})).await;
    let texts = |body: &Value| -> Vec<String> {
        let items = body["items"].as_array().unwrap();
        items.iter().map(|post| post["text"].as_str().unwrap().to_owned()).collect()
    };
    let first = ada.api.get("/api/posts?limit=3").await.body;
    assert_eq!(texts(&first), ["4", "3", "2"]);
    let next =
        ada.api.get(&format!("/api/posts?limit=3&after={}", first["next"].as_str().unwrap())).await.body;
    assert_eq!(texts(&next), ["1", "0"]);
    assert_eq!(next["next"], Value::Null);
    assert_eq!(texts(&ada.api.get("/api/posts?status=scheduled").await.body), ["1"]);
    assert_eq!(texts(&ada.api.get("/api/posts?status=draft").await.body), ["4", "3", "2", "0"]);
    assert_eq!(ada.api.get("/api/posts?status=lost").await.status, 400);
}

#[tokio::test]
async fn p1_written_twice_with_one_key_it_is_there_once() {
    let server = server().await;
    let ada = server.register("ada").await;
    let new = json!({"text": "once", "key": "draft-1"});
    let first = ada.api.post("/api/posts", &new).await;
    let again = ada.api.post("/api/posts", &new).await;
    assert_eq!((first.status, again.status), (201, 200));
    assert_eq!(first.body, again.body);
    let other = ada.api.post("/api/posts", &json!({"text": "other", "key": "draft-1"})).await;
    assert_eq!(other.refusal(), (409, "keyReused", ""));
}

#[tokio::test]
async fn p1_a_deleted_post_is_not_to_be_found_in_any_log() {
    let server = server().await;
    let (ada, ben) = (server.register("ada").await, server.register("ben").await);
    let begin = ada.api.get("/api/posts").await.body["cursor"].as_str().unwrap().to_owned();
    let post = ada.draft(&json!({"text": "regretted"})).await;
    ada.api.put(&format!("/api/posts/{}/editors/ben", post.id)).await;
    assert_eq!(ada.api.delete(&format!("/api/posts/{}", post.id)).await.status, 204);
    let mut follower = Follower::on(&ada.api, Transport::Sse, &ada.topic(), Some(begin)).await;
    let shown = follower.read_to(&ada.topic(), 3).await;
    assert!(
        shown.iter().all(|publication| matches!(publication.change.read(), Some(PostChange::Deleted(_)))),
        "{shown:?}"
    );
    assert_eq!(ben.api.get("/api/posts").await.body["items"], json!([]));
}

#[tokio::test]
async fn p1_the_file_of_a_draft_is_private_and_goes_out_as_a_copy() {
    let server = server().await;
    let (ada, eve) = (server.register("ada").await, server.register("eve").await);
    let (first, second) = (ada.own_event("public").await, ada.own_event("public").await);
    let attachment = ada.api.uploaded("turned.jpg").await;
    let places = json!([{"kind": "event", "eventId": first}, {"kind": "event", "eventId": second}]);
    let new = json!({"text": "look", "uploadId": attachment.upload_id, "destinations": places});
    let post = ada.draft(&new).await;
    assert_eq!(post.attachment.as_ref().unwrap().upload_id, attachment.upload_id);
    assert_eq!(ada.api.get(&attachment.url).await.status, 200);
    for other in [&eve.api, &server.api] {
        assert_eq!(other.get(&attachment.url).await.status, 404, "a draft's file is its people's");
    }
    let mut heard = ada.listen(Transport::WebSocket).await;
    ada.act(&post, "publish", &json!({})).await;
    while next_step(&mut heard).await.0 != "post:published" {}
    let mut files = Vec::new();
    for event in [&first, &second] {
        let page = server.page(&server.get(&format!("/api/events/{event}")).await.read(), "").await;
        let shown = page.items[0].attachment.clone().unwrap();
        assert_eq!(server.get(&shown.url).await.status, 200, "{}", shown.url);
        for rendition in &shown.renditions {
            assert_eq!(server.get(&rendition.url).await.status, 200, "{}", rendition.url);
        }
        files.push((page.items[0].id.clone(), shown));
    }
    // Each place has its own: what is deleted in one is still there in the other.
    let path = format!("/api/events/{first}/media/{}", files[0].0);
    assert_eq!(ada.api.delete(&path).await.status, 204);
    assert_eq!(server.get(&files[0].1.url).await.status, 404);
    assert_eq!(server.get(&files[1].1.url).await.status, 200);
    assert_eq!(ada.api.delete(&format!("/api/posts/{}", post.id)).await.status, 204);
    assert_eq!(ada.api.get(&attachment.url).await.status, 404);
    assert_eq!(server.get(&files[1].1.url).await.status, 200);
}

#[tokio::test]
async fn p2_a_webhooks_secret_is_said_once() {
    let server = server().await;
    let (ada, eve) = (server.register("ada").await, server.register("eve").await);
    let made = ada.api.post("/api/webhooks", &json!({"url": "https://hooks.example/T0K3N"})).await;
    assert_eq!((made.status, made.header("cache-control")), (201, "no-store"));
    assert!(made.body["secret"].as_str().unwrap().starts_with("whsec_"));
    let listed = ada.api.get("/api/webhooks").await.body;
    assert_eq!(
        listed,
        json!([{"id": made.body["id"], "url": "https://hooks.example/T0K3N", "createdAt": made.body["createdAt"]}])
    );
    assert_eq!(eve.api.get("/api/webhooks").await.body, json!([]));
    let path = format!("/api/webhooks/{}", made.body["id"].as_str().unwrap());
    assert_eq!(eve.api.delete(&path).await.status, 404);
    for url in ["nonsense", "ftp://hooks.example/", "https://ada:pw@hooks.example/"] {
        let refused = ada.api.post("/api/webhooks", &json!({"url": url})).await;
        assert_eq!(refused.refusal(), (422, "invalid", "url"), "{url}");
    }
    let again = ada.api.post("/api/webhooks", &json!({"url": "https://hooks.example/T0K3N"})).await;
    assert_eq!(again.refusal(), (409, "conflict", "url"));
    // Who shares a post sees where it goes, and not the address.
    let post = ada
        .draft(&json!({"text": "x", "destinations": [{"kind": "webhook", "webhookId": made.body["id"]}]}))
        .await;
    let seen = ada.api.get(&format!("/api/posts/{}", post.id)).await;
    assert_eq!(seen.body["destinations"][0]["host"], "hooks.example");
    assert!(!String::from_utf8(seen.bytes).unwrap().contains("T0K3N"));
    assert_eq!(ada.api.delete(&path).await.status, 204);
    assert_eq!(server.api.get("/api/webhooks").await.status, 401);
}

impl Api {
    pub(crate) async fn put(&self, path: &str) -> crate::support::Answer {
        self.send(self.request(reqwest::Method::PUT, path)).await
    }
}
