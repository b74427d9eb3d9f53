//! Comments on posts (P3): for those who work on them and nobody else; counted, told, and gone with the post.

use reqwest::Method;
use serde_json::{Value, json};
use shared::{
    Topic,
    limits::COMMENT_TEXT_CHARS,
    model::{
        comment::{Comment, CommentChange, Parent},
        notification::{Notification, NotificationKind, Notifications},
        post::{Post, PostChange, PostComments, PostLikes},
    },
    rest::Page,
};

use crate::{
    p3_comments::log_of,
    support::{Answer, Api, Follower, Server, Somebody, Transport, over_every_transport},
};

fn comments_of(post: &Post) -> String {
    format!("/api/posts/{}/comments", post.id)
}

async fn comment(by: &Api, post: &Post, text: &str) -> Answer {
    by.post(&comments_of(post), &json!({"text": text})).await
}

async fn said(by: &Api, post: &Post, text: &str) -> Comment {
    let answer = comment(by, post, text).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.read()
}

async fn notifications(of: &Api) -> Vec<Notification> {
    of.get("/api/notifications").await.read::<Notifications>().page.items
}

/// Two who work on a post of the first, and one who does not.
async fn scene(server: &Server) -> (Somebody, Somebody, Somebody, Post) {
    let (ada, ben) = (server.register("ada").await, server.register("ben").await);
    let eve = server.register("eve").await;
    let post = ada.draft(&json!({"text": "Lift-off!"})).await;
    let shared = ada.send(ada.request(Method::PUT, &format!("/api/posts/{}/editors/ben", post.id))).await;
    (ada, ben, eve, shared.read())
}

over_every_transport! { p3_comments_on_a_post_are_live_and_counted }

async fn p3_comments_on_a_post_are_live_and_counted(transport: Transport) {
    let server = Server::start().await;
    let (ada, ben, _, post) = scene(&server).await;
    let mut on_post = Follower::on(&ada, transport, &Topic::post(&post.id), None).await;
    on_post.next_subscribed().await;
    let mut own = [ada.listen(transport).await, ben.listen(transport).await];
    let written = said(&ben, &post, "Which hour?").await;
    assert_eq!(written.parent, Parent::Post { post_id: post.id.clone() });
    let heard = on_post.next_publication().await.change.read::<CommentChange>();
    assert_eq!(heard, Some(CommentChange::New(Box::new(written.clone()))));
    let counted = |comments| PostChange::Comments(PostComments { post_id: post.id.clone(), comments });
    for follower in &mut own {
        assert_eq!(follower.next_publication().await.change.read::<PostChange>(), Some(counted(1)));
    }
    let now = ben.post_now(&post).await;
    assert_eq!((now.comments, now.version), (1, post.version), "the post itself is the same");
    let page: Page<Comment> = ada.get(&comments_of(&post)).await.read();
    assert_eq!(page.items, std::slice::from_ref(&written));

    assert_eq!(ben.delete(&format!("{}/{}", comments_of(&post), written.id)).await.status, 204);
    let heard = on_post.next_publication().await.change.read::<CommentChange>();
    let Some(CommentChange::Delete(gone)) = heard else { panic!("{heard:?}") };
    assert_eq!((gone.parent, gone.comment_id), (written.parent, written.id));
    assert_eq!(own[1].next_publication().await.change.read::<PostChange>(), Some(counted(0)));
    assert_eq!(ada.post_now(&post).await.comments, 0);
    assert!(!log_of(&server, &Topic::post(&post.id)).await.contains("Which hour?"));
}

#[tokio::test]
async fn p3_who_works_on_a_post_comments_on_it_and_nobody_else() {
    let server = Server::start().await;
    let (ada, ben, eve, post) = scene(&server).await;
    let written = said(&ada, &post, "Check the hour").await;
    let own = format!("{}/{}", comments_of(&post), written.id);
    for answer in
        [comment(&eve, &post, "Hi").await, eve.get(&comments_of(&post)).await, eve.delete(&own).await]
    {
        assert_eq!(answer.refusal(), (404, "notFound", ""), "as if there were none");
    }
    assert_eq!(comment(&server, &post, "Hi").await.refusal(), (401, "unauthenticated", ""));
    assert_eq!(server.get(&comments_of(&post)).await.refusal(), (401, "unauthenticated", ""));
    assert_eq!(ben.delete(&own).await.refusal(), (403, "forbidden", ""), "another's, on another's post");
    let bens = said(&ben, &post, "Nine").await;
    assert_eq!(ada.delete(&format!("{}/{}", comments_of(&post), bens.id)).await.status, 204, "on one's post");
    // A comment on one post is none on another's, and none on an item.
    let other = ada.draft(&json!({"text": "another"})).await;
    let elsewhere = format!("{}/{}", comments_of(&other), written.id);
    assert_eq!(ada.delete(&elsewhere).await.refusal(), (404, "notFound", ""));
    assert_eq!(ada.get(&comments_of(&other)).await.body["items"], json!([]));
}

#[tokio::test]
async fn p3_v8_comments_on_posts_are_held_to_their_limits_and_stored_once() {
    let server = Server::start().await;
    let (ada, _, _, post) = scene(&server).await;
    for text in ["", " \n ", "a\u{0}b", &"x".repeat(COMMENT_TEXT_CHARS + 1)] {
        assert_eq!(comment(&ada, &post, text).await.refusal(), (422, "invalid", "text"));
    }
    for body in [json!({}), json!({"text": "x", "postId": "p"}), json!([])] {
        assert_eq!(ada.post(&comments_of(&post), &body).await.code(), "malformed", "{body}");
    }
    assert_eq!(ada.post("/api/posts/nothing/comments", &json!({"text": "x"})).await.status, 404);
    let send = async |text: &str| ada.post(&comments_of(&post), &json!({"text": text, "key": "k1"})).await;
    let (first, second) = (send("Once").await, send("Once").await);
    assert_eq!((first.status, second.status, &first.body), (201, 200, &second.body));
    assert_eq!(send("Other").await.refusal(), (409, "keyReused", ""));
    assert_eq!(ada.post_now(&post).await.comments, 1);
    for n in 0..3 {
        said(&ada, &post, &format!("number {n}")).await;
    }
    let page: Page<Comment> = ada.get(&format!("{}?limit=2", comments_of(&post))).await.read();
    let next = page.next.unwrap();
    let rest: Page<Comment> = ada.get(&format!("{}?limit=2&before={next}", comments_of(&post))).await.read();
    let texts = page.items.iter().chain(&rest.items).map(|comment| comment.text.as_str()).collect::<Vec<_>>();
    assert_eq!((texts, rest.next), (vec!["number 2", "number 1", "number 0", "Once"], None));
}

#[tokio::test]
async fn p3_a_comment_on_ones_post_is_told_and_a_mention_to_who_may_see_it() {
    let server = Server::start().await;
    let (ada, ben, eve, post) = scene(&server).await;
    said(&ben, &post, "One").await;
    let last = said(&ben, &post, "Two, @eve").await;
    said(&ada, &post, "Right, @ben").await;
    let [told] = &notifications(&ada).await[..] else { panic!("one for both") };
    assert_eq!((told.kind, told.count), (NotificationKind::Comment, 2));
    assert_eq!((&told.post_id, &told.event_id, &told.media_id), (&Some(post.id.clone()), &None, &None));
    assert_eq!((&told.comment_id, told.text.as_str()), (&Some(last.id.clone()), "Two, @eve"));
    let [mention] = &notifications(&ben).await[..] else { panic!("one mention") };
    assert_eq!((mention.kind, &mention.post_id), (NotificationKind::Mention, &Some(post.id.clone())));
    assert_eq!(notifications(&eve).await, [], "it is not hers to see");

    // What is deleted is told no more.
    assert_eq!(ben.delete(&format!("{}/{}", comments_of(&post), last.id)).await.status, 204);
    let [told] = &notifications(&ada).await[..] else { panic!("the other is left") };
    assert_eq!((told.count, told.text.as_str()), (1, "One"));
    // Nor is what one works on no more.
    let off = ada.delete(&format!("/api/posts/{}/editors/ben", post.id)).await;
    assert_eq!(off.status, 204);
    assert_eq!(notifications(&ben).await, []);
    assert!(!log_of(&server, &ben.topic()).await.contains("Right, @ben"));
}

#[tokio::test]
async fn p3_what_was_said_on_a_post_goes_with_it() {
    let server = Server::start().await;
    let (ada, ben, _, post) = scene(&server).await;
    said(&ben, &post, "my secret, @ada").await;
    said(&ada, &post, "my secret, @ben").await;
    assert_eq!(ada.delete(&format!("/api/posts/{}", post.id)).await.status, 204);
    for somebody in [&ada, &ben] {
        assert_eq!(notifications(somebody).await, []);
        assert_eq!(somebody.get("/api/notifications/unread").await.body, json!({"unread": 0}));
        assert_eq!(somebody.get(&comments_of(&post)).await.status, 404);
        let log = log_of(&server, &somebody.topic()).await;
        assert!(!log.contains("my secret"), "{log}");
    }
    assert!(!log_of(&server, &Topic::post(&post.id)).await.contains("my secret"));
    let none = server
        .app
        .store
        .read(async |tx| tx.first("select count(*) from comment", &[], |row| row.int(0)).await);
    assert_eq!(none.await.unwrap(), Some(0));
}

#[tokio::test]
async fn p3_an_editor_who_goes_hears_no_more_of_what_is_said() {
    let server = Server::start().await;
    let (ada, ben, _, post) = scene(&server).await;
    let mut follower = Follower::on(&ben, Transport::WebSocket, &Topic::post(&post.id), None).await;
    follower.next_subscribed().await;
    said(&ada, &post, "before").await;
    assert!(follower.next_publication().await.change.read::<CommentChange>().is_some());
    assert_eq!(ada.delete(&format!("/api/posts/{}/editors/ben", post.id)).await.status, 204);
    said(&ada, &post, "after").await;
    // What comes instead is that it is over.
    let frame: Value = loop {
        let frame: Value = serde_json::from_str(&follower.next_text().await.unwrap()).unwrap();
        assert!(!frame.to_string().contains("after"), "{frame}");
        if frame["type"] == "unsubscribed" {
            break frame;
        }
    };
    assert_eq!(frame["payload"]["code"], "forbidden");
}

over_every_transport! { p3_likes_of_a_post_are_live_and_change_no_version }

async fn p3_likes_of_a_post_are_live_and_change_no_version(transport: Transport) {
    let server = Server::start().await;
    let (ada, ben, _, post) = scene(&server).await;
    let mut own = [ada.listen(transport).await, ben.listen(transport).await];
    let path = format!("/api/posts/{}/like", post.id);
    let turn = async |by: &Api, method: Method| {
        let answer = by.send(by.request(method, &path)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.read::<PostLikes>()
    };
    let by_ben = turn(&ben, Method::PUT).await;
    assert_eq!(by_ben, PostLikes { post_id: post.id.clone(), liked_by: vec![ben.person.clone()] });
    assert_eq!(turn(&ben, Method::PUT).await, by_ben, "twice is once");
    let both = turn(&ada, Method::PUT).await;
    assert_eq!(both.liked_by, [ben.person.clone(), ada.person.clone()]);
    let left = turn(&ben, Method::DELETE).await;
    for follower in &mut own {
        let mut heard = Vec::new();
        while heard.len() < 3 {
            // The owner is told by a notification as well.
            heard.extend(follower.next_publication().await.change.read::<PostChange>());
        }
        assert_eq!(heard, [&by_ben, &both, &left].map(|likes| PostChange::Likes(likes.clone())));
    }
    let now = ada.post_now(&post).await;
    assert_eq!((now.version, now.liked_by), (post.version, left.liked_by));
}

#[tokio::test]
async fn p3_the_owner_is_told_of_a_like_once_and_who_may_not_see_the_post_likes_nothing() {
    let server = Server::start().await;
    let (ada, ben, eve, post) = scene(&server).await;
    let path = format!("/api/posts/{}/like", post.id);
    let turn = async |by: &Api, method: Method| by.send(by.request(method, &path)).await;
    assert_eq!(turn(&ada, Method::PUT).await.status, 200);
    assert!(notifications(&ada).await.is_empty(), "nobody is told of what they did themselves");
    assert_eq!(turn(&ben, Method::PUT).await.status, 200);
    let told = notifications(&ada).await;
    let [like] = &told[..] else { panic!("{told:?}") };
    assert_eq!(
        (like.kind, &like.by, &like.post_id),
        (NotificationKind::Like, &Some(ben.person.clone()), &Some(post.id.clone()))
    );
    assert_eq!(turn(&ben, Method::DELETE).await.status, 200);
    assert!(notifications(&ada).await.is_empty(), "taken back before it was read");
    assert_eq!(turn(&ben, Method::PUT).await.status, 200);
    assert!(notifications(&ada).await.is_empty(), "the same again is no news");
    assert_eq!(turn(&eve, Method::PUT).await.refusal(), (404, "notFound", ""));
    assert_eq!(turn(&server, Method::PUT).await.refusal(), (401, "unauthenticated", ""));
    // Who works on it no more likes it no more.
    let gone = ada.delete(&format!("/api/posts/{}/editors/ben", post.id)).await;
    assert_eq!(gone.status, 204);
    assert_eq!(ada.post_now(&post).await.liked_by, std::slice::from_ref(&ada.person));
}
