//! Who may read and write what on an event, and what becomes of those who follow it when that changes.

use serde_json::{Value, json};
use shared::{
    Change, DomainChange as _, ErrorCode, ServerFrame, Topic,
    model::{
        event::Event,
        member::{Access, Member, MemberRole},
    },
};

use crate::support::{Api, Follower, Server, Somebody, Transport, over_every_transport, within};

over_every_transport! {
    p6_a_member_who_is_removed_stops_receiving_at_once
    p6_what_a_window_holds_back_is_not_handed_over_after_a_removal
    p6_an_event_that_becomes_private_is_followed_by_its_members_alone
    p6_a_change_of_rights_is_nothing_to_those_who_keep_theirs
}

async fn event(owner: &Somebody, visibility: &str) -> Event {
    let answer = owner.post("/api/events", &json!({"title": "A wedding", "visibility": visibility})).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.read()
}

async fn grant(owner: &Somebody, event: &Event, whom: &Somebody, role: &str) {
    let path = format!("/api/events/{}/members/{}", event.id, whom.person.name);
    let answer = owner.send(owner.request(reqwest::Method::PUT, &path).json(&json!({"role": role}))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.read::<Member>().person, whom.person);
}

async fn remove(by: &Somebody, event: &Event, whom: &Somebody) -> u16 {
    by.delete(&format!("/api/events/{}/members/{}", event.id, whom.person.name)).await.status
}

async fn access(api: &Api, event: &Event) -> Access {
    api.get(&format!("/api/events/{}/access", event.id)).await.read()
}

/// Follows the event, and the list of events beside it: what happens there shows that nothing else came.
async fn follow(api: &Api, transport: Transport, event: &Event) -> Follower {
    let from = [(Topic::event(&event.id), None), (Topic::events(), None)];
    let mut follower = Follower::follow(api, transport, &from, "w").await;
    follower.next_subscribed().await;
    follower.next_subscribed().await;
    follower
}

/// The next frames up to a new event on the list.
async fn until_fence(server: &Server, follower: &mut Follower) -> Vec<ServerFrame> {
    server.event().await;
    let mut frames = Vec::new();
    loop {
        let frame = follower.next_news().await;
        if matches!(&frame, ServerFrame::Publication(p) if matches!(p.change, Change::EventNew(_))) {
            return frames;
        }
        frames.push(frame);
    }
}

fn texts(frames: &[ServerFrame]) -> Vec<String> {
    let publications = frames.iter().flat_map(|frame| match frame {
        ServerFrame::Publication(publication) => vec![publication],
        ServerFrame::Batch(_, batch) => batch.publications.iter().collect(),
        _ => Vec::new(),
    });
    publications
        .map(|publication| match &publication.change {
            Change::MediaNew(media) => media.text.clone(),
            Change::EventUpdate(event) => event.title.clone(),
            other => other.type_name().to_owned(),
        })
        .collect()
}

/// Whether the last that was heard is that the event is closed: to who follows it that the subscription has
/// ended, to a poller who asks again that there is no such topic.
fn ended(frames: &[ServerFrame], transport: Transport, event: &Event) -> bool {
    let topic = Topic::event(&event.id);
    match frames.last() {
        Some(ServerFrame::Unsubscribed(of, why)) => *of == topic && why.code == Some(ErrorCode::Forbidden),
        Some(ServerFrame::Error(detail)) => {
            transport == Transport::Poll
                && detail.code == ErrorCode::UnknownTopic
                && detail.topic.as_deref() == Some(topic.as_str())
        }
        _ => false,
    }
}

async fn p6_a_member_who_is_removed_stops_receiving_at_once(transport: Transport) {
    let server = Server::start().await;
    let (ada, bob) = (server.register("ada").await, server.register("bob").await);
    let event = event(&ada, "private").await;
    grant(&ada, &event, &bob, "viewer").await;
    let mut follower = follow(&bob, transport, &event).await;
    ada.say(&event, "one").await;
    assert_eq!(texts(&[follower.next_news().await]), ["one"]);

    assert_eq!(remove(&ada, &event, &bob).await, 204);
    ada.say(&event, "two").await;
    let frames = until_fence(&server, &mut follower).await;
    assert!(ended(&frames, transport, &event) && frames.len() == 1, "{frames:?}");

    let again = bob.get(&format!("/api/poll?from=event:{}", event.id)).await;
    assert_eq!(again.body["frames"][0]["payload"]["code"], "unknownTopic", "{}", again.body);
    grant(&ada, &event, &bob, "viewer").await;
    let mut back = Follower::on(&bob, transport, &Topic::event(&event.id), None).await;
    assert!(back.next_subscribed().await.1.offset.0 >= 4);
}

async fn p6_what_a_window_holds_back_is_not_handed_over_after_a_removal(transport: Transport) {
    let server = Server::with(&["--window-event-ms", "600000"]).await;
    let (ada, bob) = (server.register("ada").await, server.register("bob").await);
    let event = event(&ada, "private").await;
    grant(&ada, &event, &bob, "viewer").await;
    let mut follower = follow(&bob, transport, &event).await;
    let mut owners = follow(&ada, transport, &event).await;
    for text in ["one", "two", "three"] {
        ada.say(&event, text).await;
    }
    assert_eq!(remove(&ada, &event, &bob).await, 204);
    ada.say(&event, "four").await;
    let frames = until_fence(&server, &mut follower).await;
    assert!(ended(&frames, transport, &event), "{frames:?}");
    let heard = texts(&frames);
    assert!(["one", "two", "three"].starts_with(&heard.iter().map(String::as_str).collect::<Vec<_>>()[..]));
    // Who stays is told at once, whatever the window: a removal ends it.
    let heard = owners.read_to(&Topic::event(&event.id), 5).await;
    assert!(matches!(heard.last().unwrap().change, Change::EventAccess(_)), "{heard:?}");
}

async fn p6_an_event_that_becomes_private_is_followed_by_its_members_alone(transport: Transport) {
    let server = Server::start().await;
    let (ada, bob) = (server.register("ada").await, server.register("bob").await);
    let event = event(&ada, "unlisted").await;
    grant(&ada, &event, &bob, "viewer").await;
    let mut visitor = follow(&server, transport, &event).await;
    let mut member = follow(&bob, transport, &event).await;

    let patch = json!({"visibility": "private", "title": "Only for friends"});
    assert_eq!(ada.patch(&format!("/api/events/{}", event.id), &patch).await.status, 200);
    ada.say(&event, "now among us").await;
    let frames = until_fence(&server, &mut visitor).await;
    assert!(ended(&frames, transport, &event) && frames.len() == 1, "{frames:?}");
    let frames = until_fence(&server, &mut member).await;
    // Two fences: the first was for the other.
    let heard: Vec<_> = texts(&frames).into_iter().filter(|text| text != "event:new").collect();
    assert_eq!(heard, ["event:access", "Only for friends", "now among us"]);
}

async fn p6_a_change_of_rights_is_nothing_to_those_who_keep_theirs(transport: Transport) {
    let server = Server::start().await;
    let (ada, bob) = (server.register("ada").await, server.register("bob").await);
    let event = event(&ada, "public").await;
    let mut visitor = follow(&server, transport, &event).await;
    grant(&ada, &event, &bob, "contributor").await;
    bob.say(&event, "hello").await;
    assert_eq!(remove(&ada, &event, &bob).await, 204);
    ada.say(&event, "goodbye").await;
    let frames = until_fence(&server, &mut visitor).await;
    assert_eq!(texts(&frames), ["event:access", "hello", "event:access", "goodbye"]);
}

#[tokio::test]
async fn p6_a_poll_that_is_held_is_answered_when_its_reader_is_removed() {
    let server = Server::start().await;
    let (ada, bob) = (server.register("ada").await, server.register("bob").await);
    let event = event(&ada, "private").await;
    grant(&ada, &event, &bob, "viewer").await;
    let cursor = bob.cursor(&event).await;
    let path = format!("/api/events/{}/updates?since={cursor}&wait=50&watcher=w", event.id);
    let polling = tokio::spawn({
        let bob = bob.clone();
        async move { bob.get(&path).await }
    });
    ada.until_stats(&event, 1, 1).await;
    assert_eq!(remove(&ada, &event, &bob).await, 204);
    let answer = within("the answer", polling).await.unwrap();
    let mut frames = shared::frame::decode_poll(std::str::from_utf8(&answer.bytes).unwrap()).unwrap();
    frames.retain(|frame| !matches!(frame, ServerFrame::PresenceCount(..)));
    assert!(ended(&frames, Transport::WebSocket, &event), "{frames:?}");
    assert!(matches!(frames[..], [ServerFrame::Subscribed(..), _]), "{frames:?}");
}

#[tokio::test]
async fn p6_roles_say_who_posts_and_who_manages() {
    let server = Server::start().await;
    let (ada, bob, eve) =
        (server.register("ada").await, server.register("bob").await, server.register("eve").await);
    let event = event(&ada, "public").await;
    grant(&ada, &event, &bob, "contributor").await;
    grant(&ada, &event, &eve, "viewer").await;
    let media = format!("/api/events/{}/media", event.id);
    let text = json!({"author": "Somebody else", "text": "hello"});

    assert_eq!(server.get(&media).await.status, 200, "everybody reads what is public");
    assert_eq!(server.post(&media, &text).await.refusal(), (401, "unauthenticated", ""));
    assert_eq!(eve.post(&media, &text).await.refusal(), (403, "forbidden", ""));
    let bobs = bob.post(&media, &text).await;
    assert_eq!((bobs.status, &bobs.body["author"]["name"]), (201, &json!("bob")), "under one's own name");
    let bobs = format!("{media}/{}", bobs.body["id"].as_str().unwrap());
    let adas = format!("{media}/{}", ada.say(&event, "welcome").await.id);

    let other = json!({"text": "something else"});
    assert_eq!(bob.patch(&adas, &other).await.refusal(), (403, "forbidden", ""), "another's");
    assert_eq!(bob.delete(&adas).await.refusal(), (403, "forbidden", ""));
    assert_eq!(bob.patch(&bobs, &other).await.status, 200, "one's own");
    assert_eq!(ada.patch(&bobs, &json!({"text": "by the owner"})).await.status, 200);
    let own = format!("/api/events/{}", event.id);
    assert_eq!(bob.patch(&own, &json!({"title": "Mine"})).await.refusal(), (403, "forbidden", ""));
    assert_eq!(server.delete(&own).await.refusal(), (401, "unauthenticated", ""));

    grant(&ada, &event, &bob, "viewer").await;
    assert_eq!(bob.delete(&bobs).await.refusal(), (403, "forbidden", ""), "who may not post any more");
    let rights = [access(&ada, &event).await, access(&bob, &event).await, access(&server, &event).await];
    let role = |role, may_post, may_manage| Access { role, may_post, may_manage };
    assert_eq!(
        rights,
        [
            role(Some(MemberRole::Owner), true, true),
            role(Some(MemberRole::Viewer), false, false),
            role(None, false, false)
        ]
    );
    assert_eq!(ada.delete(&bobs).await.status, 204);
}

/// Everything that can be asked about an event.
fn questions(id: &str) -> Vec<(reqwest::Method, String, Option<Value>)> {
    use reqwest::Method;
    let of = |rest: &str| format!("/api/events/{id}{rest}");
    let get = |rest: &str| (Method::GET, of(rest), None);
    vec![
        get(""),
        get("/media"),
        get("/media/m1"),
        get("/stats"),
        get("/access"),
        get("/members"),
        get("/invitations"),
        get("/updates"),
        get("/stream"),
        (Method::PATCH, of(""), Some(json!({"title": "x"}))),
        (Method::DELETE, of(""), None),
        (Method::POST, of("/media"), Some(json!({"author": "x", "text": "x"}))),
        (Method::PATCH, of("/media/m1"), Some(json!({"text": "x"}))),
        (Method::DELETE, of("/media/m1"), None),
        (Method::PUT, of("/members/ada"), Some(json!({"role": "viewer"}))),
        (Method::DELETE, of("/members/eve"), None),
        (Method::DELETE, of("/members/ada"), None),
        (Method::POST, of("/invitations"), Some(json!({"role": "viewer"}))),
        (Method::DELETE, of("/invitations/i1"), None),
        (Method::GET, format!("/api/poll?from=event:{id}"), None),
        (Method::GET, format!("/api/sse?from=event:{id}"), None),
    ]
}

#[tokio::test]
async fn p6_a_private_event_is_not_to_be_told_from_one_that_does_not_exist() {
    let server = Server::start().await;
    let (ada, eve) = (server.register("ada").await, server.register("eve").await);
    let hidden = event(&ada, "private").await.id.to_string();
    ada.say(&ada.get(&format!("/api/events/{hidden}")).await.read(), "a secret").await;
    let missing = hidden.chars().rev().collect::<String>();
    for who in [&server.api, &eve.api] {
        for ((method, path, body), (_, other, _)) in questions(&hidden).into_iter().zip(questions(&missing)) {
            let mut answers = Vec::new();
            for path in [&path, &other] {
                let request = who.request(method.clone(), path);
                let request = body.iter().fold(request, reqwest::RequestBuilder::json);
                let mut answer = who.send(request).await;
                answer.headers.remove("date");
                let body = String::from_utf8(answer.bytes).unwrap().replace(&hidden, &missing);
                answers.push((answer.status, answer.headers, body));
            }
            assert!(answers[0].0 == 404 || path.starts_with("/api/poll"), "{method} {path}: {answers:?}");
            assert_eq!(answers[0], answers[1], "{method} {path}");
        }
        let mut said = Vec::new();
        for id in [&hidden, &missing] {
            let mut socket = Follower::socket(who, &format!("/api/ws/events/{id}")).await;
            let mut general = Follower::socket(who, "/ws").await;
            general.next_frame().await;
            general.send(&format!(r#"{{"type":"subscribe","payload":{{"eventId":"{id}","ref":1}}}}"#)).await;
            let refused = general.next_text().await.unwrap().replace(&hidden, &missing);
            said.push((socket.read_to_close().await, refused));
        }
        assert_eq!(said[0].0.0, 4504);
        assert_eq!(said[0], said[1]);
    }
    let listed: Value = server.get("/api/events").await.body;
    assert_eq!(listed["items"], json!([]), "and it is on nobody's list");
    assert_eq!(ada.get("/api/events").await.body["items"][0]["id"], json!(hidden), "but its members'");
}

#[tokio::test]
async fn p6_a_file_of_who_may_not_post_is_not_looked_at() {
    use reqwest::multipart::{Form, Part};
    let server = Server::start().await;
    let (ada, eve) = (server.register("ada").await, server.register("eve").await);
    for (visibility, refusals) in [
        ("public", [(401, "unauthenticated", ""), (403, "forbidden", "")]),
        ("private", [(404, "notFound", ""), (404, "notFound", "")]),
    ] {
        let path = format!("/api/events/{}/media", event(&ada, visibility).await.id);
        // Who may post is told that this is no picture.
        let request = |who: &Api| {
            let file = Part::bytes(b"no picture".to_vec()).file_name("x.jpg");
            who.request(reqwest::Method::POST, &path).multipart(Form::new().part("file", file))
        };
        assert_eq!(ada.send(request(&ada)).await.code(), "unsupportedMedia");
        for (who, refusal) in [&server.api, &eve.api].into_iter().zip(refusals) {
            assert_eq!(who.send(request(who)).await.refusal(), refusal, "{visibility}");
        }
    }
}

#[tokio::test]
async fn p6_files_of_a_private_event_are_its_members_alone() {
    let server = Server::start().await;
    let (ada, bob) = (server.register("ada").await, server.register("bob").await);
    let event = event(&ada, "private").await;
    grant(&ada, &event, &bob, "viewer").await;
    let upload = ada.uploaded("turned.jpg").await;
    let item = json!({"text": "", "uploadId": upload.upload_id});
    let posted = ada.post(&format!("/api/events/{}/media", event.id), &item).await;
    assert_eq!(posted.status, 201, "{}", posted.body);

    let whole = bob.get(&upload.url).await;
    assert_eq!((whole.status, whole.header("cache-control")), (200, "private, no-cache"));
    let tag = whole.header("etag").to_owned();
    let asked: [&[(&str, &str)]; 3] = [&[], &[("range", "bytes=0-9")], &[("if-none-match", tag.as_str())]];
    for (headers, status) in asked.iter().zip([200, 206, 304]) {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (header(name), *value)).collect();
        assert_eq!(bob.get_with(&upload.url, &headers).await.status, status);
        let refused = server.get_with(&upload.url, &headers).await;
        assert_eq!(refused.refusal(), (404, "notFound", ""), "to a visitor");
        let missing = server.get("/media/aaaaaaaaaaaaaaaaaaaaaaaaaa/original.jpg").await;
        assert_eq!(refused.body, missing.body, "as if there were none");
    }
    assert_eq!(remove(&ada, &event, &bob).await, 204);
    for headers in asked {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (header(name), *value)).collect();
        assert_eq!(bob.get_with(&upload.url, &headers).await.refusal(), (404, "notFound", ""));
    }
    let path = format!("/api/events/{}", event.id);
    assert_eq!(ada.patch(&path, &json!({"visibility": "unlisted"})).await.status, 200);
    let shown = server.get(&upload.url).await;
    assert_eq!(
        shown.header("cache-control"),
        "private, max-age=31536000, immutable",
        "no proxy keeps what may be private again"
    );
    assert_eq!(
        server.get(&ada.uploaded("alpha.png").await.url).await.header("cache-control"),
        shown.header("cache-control"),
        "nor what is not posted yet"
    );
}

fn header(name: &str) -> &'static str {
    if name == "range" { "range" } else { "if-none-match" }
}
