//! Stories: `/api/stories` (S1), and who is told of them (S3).

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use shared::{
    AccountId, Change, ServerFrame, StoryId, Topic,
    model::story::{AuthorStories, SeenStory, Story, StoryChange, StoryViewer},
    rest::Page,
};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::support::{Api, Follower, Server, Somebody, Transport, until};

/// The most that a view may take to reach the author.
const TOLD_WITHIN: Duration = Duration::from_millis(100);

pub(crate) async fn three(server: &Server) -> [Somebody; 3] {
    [server.register("ada").await, server.register("ben").await, server.register("cleo").await]
}

pub(crate) async fn post_story(by: &Somebody) -> Story {
    let upload = by.uploaded("alpha.png").await;
    let answer = by.post("/api/stories", &json!({"uploadId": upload.upload_id, "text": "hello"})).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.read()
}

pub(crate) async fn rail(of: &Api) -> Page<AuthorStories> {
    let answer = of.get("/api/stories").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.read()
}

pub(crate) async fn seen(by: &Api, story: &Story) -> SeenStory {
    by.get(&format!("/api/stories/{}", story.id)).await.read()
}

pub(crate) async fn view(by: &Api, story: &Story) {
    let answer = by.post(&format!("/api/stories/{}/view", story.id), &Value::Null).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
}

pub(crate) async fn react(by: &Api, story: &Story, emoji: &str) {
    let answer = by.post(&format!("/api/stories/{}/reactions", story.id), &json!({"emoji": emoji})).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
}

/// What somebody hears of stories: their own topic and the rail's, from now on.
pub(crate) async fn listen(who: &Somebody) -> Follower {
    let topics = [(Topic::user(&who.person.id), None), (Topic::stories(), None)];
    let mut follower = Follower::follow(who, Transport::WebSocket, &topics, &who.person.name).await;
    for _ in topics {
        follower.next_subscribed().await;
    }
    follower
}

/// Everything that was published to a follower up to a `pong`, which the server answers in its place.
pub(crate) async fn heard(follower: &mut Follower) -> Vec<StoryChange> {
    follower.send(r#"{"type":"ping","payload":{"ref":77}}"#).await;
    let mut heard = Vec::new();
    loop {
        match follower.next_frame().await {
            ServerFrame::Publication(publication) => heard.push(of_stories(&publication.change)),
            ServerFrame::Batch(_, batch) => {
                heard.extend(batch.publications.iter().map(|publication| of_stories(&publication.change)));
            }
            ServerFrame::Pong(pong) if pong.reference == Some(77) => return heard,
            _ => {}
        }
    }
}

fn of_stories(change: &Change) -> StoryChange {
    change.read().unwrap_or_else(|| panic!("nothing about a story: {change:?}"))
}

async fn told_of_view(follower: &mut Follower) -> (StoryId, AccountId) {
    match of_stories(&follower.next_publication().await.change) {
        StoryChange::Viewed(viewed) => (viewed.story_id, viewed.viewer_id),
        other => panic!("not a view but {other:?}"),
    }
}

async fn told_of_reaction(follower: &mut Follower) -> (AccountId, String) {
    match of_stories(&follower.next_publication().await.change) {
        StoryChange::Reacted(reacted) => (reacted.user_id, reacted.emoji),
        other => panic!("not a reaction but {other:?}"),
    }
}

#[tokio::test]
async fn s1_a_story_is_posted_seen_by_others_and_deleted() {
    let server = Server::start().await;
    let [ada, ben, cleo] = three(&server).await;
    let mut cleo_hears = listen(&cleo).await;
    let story = post_story(&ben).await;
    assert_eq!((&story.author, story.text.as_str()), (&ben.person, "hello"));
    assert!(story.expires_at > story.created_at);
    let told = of_stories(&cleo_hears.next_publication().await.change);
    assert_eq!(told, StoryChange::New(Box::new(story.clone())));

    let page = rail(&ada).await;
    assert_eq!((page.items.len(), &page.items[0].author), (1, &ben.person));
    let [listed] = &page.items[0].stories[..] else { panic!("{page:?}") };
    assert_eq!((&listed.story, listed.seen, listed.views), (&story, false, None));
    assert_eq!((seen(&ben, &story).await.seen, seen(&ben, &story).await.views), (true, Some(0)));

    view(&ada, &story).await;
    react(&ada, &story, "🎉").await;
    let now = seen(&ada, &story).await;
    assert_eq!((now.seen, now.reaction.as_deref(), now.views), (true, Some("🎉"), None));
    assert!(!seen(&cleo, &story).await.seen, "what one has seen is one's own");
    assert_eq!(seen(&ben, &story).await.views, Some(1));

    assert_eq!(ada.get(&story.attachment.url).await.status, 200);
    let path = format!("/api/stories/{}", story.id);
    assert_eq!(cleo.delete(&path).await.refusal(), (403, "forbidden", ""));
    assert_eq!(ben.delete(&path).await.status, 204);
    match cleo_hears.next_news().await {
        ServerFrame::Publication(gone) => {
            assert!(matches!(of_stories(&gone.change), StoryChange::Delete(_)), "{gone:?}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(ben.get(&path).await.refusal(), (404, "notFound", ""));
    assert_eq!(ben.delete(&path).await.refusal(), (404, "notFound", ""));
    assert_eq!(ada.get(&story.attachment.url).await.status, 404);
    assert!(rail(&ada).await.items.is_empty());
    // Nor does the log say any more what it showed.
    let told = ada.get(&format!("/api/poll?from=stories@{}&wait=0", zero(&page.cursor))).await;
    assert!(!told.body.to_string().contains("hello"), "{}", told.body);
}

/// The beginning of the log that a cursor is of.
fn zero(cursor: &shared::Cursor) -> String {
    format!("{}.0", cursor.to_string().split_once('.').unwrap().0)
}

#[tokio::test]
async fn s3_the_author_hears_of_a_view_at_once_and_nobody_else_does() {
    let server = Server::start().await;
    let [ada, ben, cleo] = three(&server).await;
    let story = post_story(&ben).await;
    let (mut ada_hears, mut ben_hears, mut cleo_hears) =
        (listen(&ada).await, listen(&ben).await, listen(&cleo).await);
    // Once without a measurement, so that the connections are warm.
    react(&ada, &story, "🎉").await;
    told_of_reaction(&mut ben_hears).await;

    let begun = Instant::now();
    let (told, ()) = tokio::join!(told_of_view(&mut ben_hears), view(&ada, &story));
    let took = begun.elapsed();
    assert_eq!(told, (story.id.clone(), ada.person.id.clone()));
    assert!(took < TOLD_WITHIN, "{took:?}");

    assert_eq!(heard(&mut cleo_hears).await, [], "a third hears nothing");
    assert_eq!(heard(&mut ada_hears).await, [], "who looks hears nothing");
    let refused = cleo.get(&format!("/api/poll?from=user:{}&wait=0", ben.person.id)).await;
    let why = &refused.body["frames"][0]["payload"]["code"];
    assert_eq!(why, "forbidden", "nor by asking for the author's topic: {}", refused.body);
}

#[tokio::test]
async fn s3_the_payloads_have_the_names_that_consumers_have() {
    let server = Server::start().await;
    let [ada, ben, _] = three(&server).await;
    let story = post_story(&ben).await;
    let mut ben_hears = listen(&ben).await;
    view(&ada, &story).await;
    react(&ada, &story, "❤️").await;
    let mut frames = Vec::new();
    while frames.len() < 2 {
        let frame: Value = serde_json::from_str(&ben_hears.next_text().await.unwrap()).unwrap();
        if frame["topic"] == format!("user:{}", ben.person.id) && frame["offset"].is_number() {
            frames.push(frame);
        }
    }
    let payloads: Vec<_> = frames.iter().map(|frame| (&frame["type"], &frame["payload"])).collect();
    let (viewed_at, reacted_at) = (&payloads[0].1["viewed_at"], &payloads[1].1["reacted_at"]);
    assert_eq!(
        payloads,
        [
            (
                &json!("story.viewed"),
                &json!({"story_id": story.id, "viewer_id": ada.person.id, "viewed_at": viewed_at})
            ),
            (
                &json!("story.reacted"),
                &json!({"story_id": story.id, "user_id": ada.person.id, "emoji": "❤️", "reacted_at": reacted_at})
            ),
        ]
    );
    assert!(viewed_at.as_str().unwrap() <= reacted_at.as_str().unwrap());
}

#[tokio::test]
async fn s3_a_repeated_view_counts_and_tells_once_however_many_come_at_once() {
    let server = Server::start().await;
    let [ada, ben, _] = three(&server).await;
    let story = post_story(&ben).await;
    let mut ben_hears = listen(&ben).await;
    let views: Vec<_> = (0..20)
        .map(|_| {
            let (ada, story) = (ada.clone(), story.clone());
            tokio::spawn(async move { view(&ada, &story).await })
        })
        .collect();
    for view in views {
        view.await.unwrap();
    }
    view(&ada, &story).await;
    assert_eq!(heard(&mut ben_hears).await.len(), 1);
    assert_eq!(seen(&ben, &story).await.views, Some(1));
}

#[tokio::test]
async fn s3_a_changed_reaction_is_told_and_the_same_again_is_not() {
    let server = Server::start().await;
    let [ada, ben, cleo] = three(&server).await;
    let story = post_story(&ben).await;
    let mut ben_hears = listen(&ben).await;
    for emoji in ["❤️", "❤", "❤️", "😂", "😂", "❤️"] {
        react(&ada, &story, emoji).await;
    }
    react(&cleo, &story, "❤️").await;
    let (ada_id, cleo_id) = (&ada.person.id, &cleo.person.id);
    for (who, emoji) in [(ada_id, "❤️"), (ada_id, "😂"), (ada_id, "❤️"), (cleo_id, "❤️")] {
        assert_eq!(told_of_reaction(&mut ben_hears).await, (who.clone(), emoji.to_owned()));
    }
    assert_eq!(heard(&mut ben_hears).await, []);
}

#[tokio::test]
async fn s3_the_authors_own_acts_are_told_to_nobody() {
    let server = Server::start().await;
    let [ada, ben, _] = three(&server).await;
    let story = post_story(&ben).await;
    let (mut ada_hears, mut ben_hears) = (listen(&ada).await, listen(&ben).await);
    view(&ben, &story).await;
    react(&ben, &story, "❤️").await;
    assert_eq!(heard(&mut ben_hears).await, []);
    assert_eq!(heard(&mut ada_hears).await, []);
    let own = seen(&ben, &story).await;
    assert_eq!((own.views, own.reaction.as_deref()), (Some(0), Some("❤️")));
    let viewers: Page<StoryViewer> = ben.get(&format!("/api/stories/{}/viewers", story.id)).await.read();
    assert!(viewers.items.is_empty(), "{viewers:?}");
}

#[tokio::test]
async fn s6_the_author_reads_who_has_seen_a_story_page_by_page_and_goes_live_from_there() {
    let server = Server::start().await;
    let ben = server.register("ben").await;
    let story = post_story(&ben).await;
    let mut people = Vec::new();
    for number in 0..5 {
        let somebody = server.register(&format!("viewer-{number}")).await;
        view(&somebody, &story).await;
        people.push(somebody);
    }
    react(&people[0], &story, "👏").await;
    let path = format!("/api/stories/{}/viewers", story.id);
    let first: Page<StoryViewer> = ben.get(&format!("{path}?limit=3")).await.read();
    let rest: Page<StoryViewer> =
        ben.get(&format!("{path}?limit=3&before={}", first.next.as_ref().unwrap())).await.read();
    assert_eq!(rest.next, None);
    let all: Vec<_> = first.items.iter().chain(&rest.items).collect();
    assert_eq!(
        all.iter().map(|viewer| &viewer.person).collect::<Vec<_>>(),
        people.iter().rev().map(|somebody| &somebody.person).collect::<Vec<_>>()
    );
    assert_eq!(all[4].emoji.as_deref(), Some("👏"));
    assert!(all[4].viewed_at < all[4].reacted_at, "a later reaction does not move the view");

    let from = [(Topic::user(&ben.person.id), Some(first.cursor.to_string()))];
    let mut live = Follower::follow(&ben, Transport::WebSocket, &from, "ben").await;
    assert!(live.next_subscribed().await.1.recovered);
    react(&people[1], &story, "🔥").await;
    assert_eq!(told_of_reaction(&mut live).await.0, people[1].person.id);
    assert_eq!(people[0].get(&path).await.refusal(), (403, "forbidden", ""));
}

#[tokio::test]
async fn s1_a_story_that_is_over_is_shown_to_nobody_and_then_gone() {
    // Housekeeping comes after the test's own looks: that it is over is decided by every read.
    let flags = ["--story-ttl-s", "1", "--retain-every-s", "3600"];
    let dir = Arc::new(TempDir::new().unwrap());
    let mut server = Server::in_dir(dir.clone(), &flags).await;
    let [ada, ben, _] = three(&server).await;
    let story = post_story(&ben).await;
    let path = format!("/api/stories/{}", story.id);
    until("it is over", async || ada.get(&path).await.status == 404).await;
    assert!(rail(&ada).await.items.is_empty());
    assert!(rail(&ben).await.items.is_empty());
    for who in [&ada, &ben] {
        assert_eq!(who.get(&story.attachment.url).await.status, 404, "nor its file");
        for (address, body) in [("view", Value::Null), ("reactions", json!({"emoji": "❤️"}))] {
            let answer = who.post(&format!("{path}/{address}"), &body).await;
            assert_eq!(answer.refusal(), (404, "notFound", ""), "{address}");
        }
        assert_eq!(who.delete(&path).await.refusal(), (404, "notFound", ""));
        assert_eq!(who.get(&format!("{path}/viewers")).await.refusal(), (404, "notFound", ""));
    }
    let upload = story.attachment.upload_id.clone();
    let file = story.attachment.url.rsplit('/').next().unwrap().to_owned();
    let stored = server.app.media.path(&upload, &file).unwrap();
    assert!(stored.exists());

    server.stop().await;
    let server = Server::in_dir(dir, &["--story-ttl-s", "1", "--retain-every-s", "1"]).await;
    let ada = server.showing("cookie", &ada.cookie);
    let mut hears = Follower::on(&ada, Transport::Poll, &Topic::stories(), None).await;
    let (topic, subscribed) = hears.next_subscribed().await;
    if subscribed.offset.0 < 2 {
        hears.read_to(&topic, 2).await;
    }
    until("its file is gone", async || !stored.exists()).await;
    let told = ada.get(&format!("/api/poll?from=stories@{}.0&wait=0", subscribed.epoch)).await;
    assert!(!told.body.to_string().contains("hello"), "{}", told.body);
}

#[tokio::test]
async fn s1_posted_twice_with_one_key_is_one_story() {
    let server = Server::start().await;
    let ben = server.register("ben").await;
    let upload = ben.uploaded("clip.webm").await;
    let body = json!({"uploadId": upload.upload_id});
    let key = [("idempotency-key", "k1")];
    let first = ben.post_with("/api/stories", &key, &body).await;
    let second = ben.post_with("/stories", &key, &body).await;
    assert_eq!((first.status, second.status, &first.body), (201, 200, &second.body));
    assert_eq!(first.body["kind"], "video");
    assert_eq!(first.header("location"), format!("/api/stories/{}", first.body["id"].as_str().unwrap()));
    assert_eq!(rail(&ben).await.items[0].stories.len(), 1);
    let other = ben.uploaded("alpha.png").await;
    let reused = ben.post_with("/api/stories", &key, &json!({"uploadId": other.upload_id})).await;
    assert_eq!(reused.refusal(), (409, "keyReused", ""));
}

#[tokio::test]
async fn s1_the_short_addresses_do_the_same_and_a_browser_gets_the_page() {
    let server = Server::start().await;
    let [ada, ben, _] = three(&server).await;
    let upload = ben.uploaded("alpha.png").await;
    let story: Story = ben.post("/stories", &json!({"uploadId": upload.upload_id})).await.read();
    assert_eq!(ada.post(&format!("/stories/{}/view", story.id), &Value::Null).await.status, 204);
    let reacted = ada.post(&format!("/stories/{}/reactions", story.id), &json!({"emoji": "😍"})).await;
    assert_eq!(reacted.status, 204);
    assert_eq!(seen(&ada, &story).await.reaction.as_deref(), Some("😍"));
    let page = ada.get("/stories").await;
    assert!(page.header("content-type").starts_with("text/html"), "{:?}", page.headers);
}

#[tokio::test]
async fn s1_who_posted_last_comes_first_page_by_page() {
    let server = Server::start().await;
    let [ada, ben, cleo] = three(&server).await;
    let (first, second) = (post_story(&ada).await, post_story(&ada).await);
    for who in [&ben, &cleo] {
        post_story(who).await;
    }
    let page: Page<AuthorStories> = ada.get("/api/stories?limit=2").await.read();
    let names: Vec<_> = page.items.iter().map(|entry| entry.author.name.as_str()).collect();
    assert_eq!(names, ["cleo", "ben"]);
    let next = page.next.unwrap();
    let page: Page<AuthorStories> = ada.get(&format!("/api/stories?limit=2&before={next}")).await.read();
    let ids: Vec<_> = page.items[0].stories.iter().map(|seen| &seen.story.id).collect();
    assert_eq!((page.next, ids), (None, vec![&first.id, &second.id]), "oldest first");
}
