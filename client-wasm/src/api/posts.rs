//! The REST calls about posts and webhooks.

use gloo_net::http::Request;
use serde::Serialize;
use shared::{
    PostId, Timestamp, WebhookId,
    model::post::{NewPost, NewWebhook, Post, PostLikes, PostPatch, Schedule, Webhook},
    rest::Page,
};

use super::{Answer, done, get, read, send, text};
use crate::browser::encode;

/// A page of the posts that one owns or edits, newest first.
pub(crate) async fn list(after: Option<&str>) -> Answer<Page<Post>> {
    match after {
        None => get("/api/posts?limit=200").await,
        Some(after) => get(&format!("/api/posts?limit=200&after={}", encode(after))).await,
    }
}

pub(crate) async fn create(new: &NewPost) -> Answer<Post> {
    send(Request::post("/api/posts"), new).await
}

pub(crate) async fn patch(id: &PostId, patch: &PostPatch) -> Answer<Post> {
    send(Request::patch(&format!("/api/posts/{id}")), patch).await
}

pub(crate) async fn delete(id: &PostId) -> Answer<()> {
    done(Request::delete(&format!("/api/posts/{id}")).build()).await
}

pub(crate) async fn schedule(id: &PostId, at: Timestamp) -> Answer<Post> {
    act(id, "schedule", &Schedule { at }).await
}

/// `unschedule`, `publish` or `retry`.
pub(crate) async fn turn(id: &PostId, what: &str) -> Answer<Post> {
    act(id, what, &()).await
}

async fn act(id: &PostId, what: &str, body: &impl Serialize) -> Answer<Post> {
    send(Request::post(&format!("/api/posts/{id}/{what}")), body).await
}

pub(crate) async fn set_liked(id: &PostId, liked: bool) -> Answer<PostLikes> {
    let url = format!("/api/posts/{id}/like");
    read(&text(if liked { Request::put(&url) } else { Request::delete(&url) }.build()).await?)
}

/// Shares a post with somebody, by name.
pub(crate) async fn share(id: &PostId, name: &str) -> Answer<Post> {
    let url = format!("/api/posts/{id}/editors/{}", encode(name));
    read(&text(Request::put(&url).build()).await?)
}

pub(crate) async fn unshare(id: &PostId, name: &str) -> Answer<()> {
    done(Request::delete(&format!("/api/posts/{id}/editors/{}", encode(name))).build()).await
}

pub(crate) async fn webhooks() -> Answer<Vec<Webhook>> {
    get("/api/webhooks").await
}

/// The answer says the secret, this once.
pub(crate) async fn create_webhook(url: &str) -> Answer<Webhook> {
    send(Request::post("/api/webhooks"), &NewWebhook { url: url.to_owned() }).await
}

pub(crate) async fn delete_webhook(id: &WebhookId) -> Answer<()> {
    done(Request::delete(&format!("/api/webhooks/{id}")).build()).await
}
