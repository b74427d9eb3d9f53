//! The REST calls about comments and notifications.

use gloo_net::http::Request;
use shared::{
    CommentId, EventId, MediaId, NotificationId,
    model::{
        comment::{Comment, NewComment},
        notification::{Mute, Muted, Notifications, Unread},
    },
    rest::Page,
};

use super::{Answer, done, get, send};
use crate::browser::encode;

fn item(event: &EventId, media: &MediaId) -> String {
    format!("/api/events/{event}/media/{media}")
}

/// A page of an item's comments, newest first.
pub(crate) async fn comments(
    event: &EventId,
    media: &MediaId,
    before: Option<String>,
) -> Answer<Page<Comment>> {
    let path = item(event, media);
    match before {
        None => get(&format!("{path}/comments")).await,
        Some(before) => get(&format!("{path}/comments?before={}", encode(&before))).await,
    }
}

pub(crate) async fn comment(event: &EventId, media: &MediaId, new: &NewComment) -> Answer<Comment> {
    send(Request::post(&format!("{}/comments", item(event, media))), new).await
}

pub(crate) async fn delete_comment(event: &EventId, media: &MediaId, id: &CommentId) -> Answer<()> {
    done(Request::delete(&format!("{}/comments/{id}", item(event, media))).build()).await
}

/// Likes an item, or no longer.
pub(crate) async fn set_liked(event: &EventId, id: &MediaId, liked: bool) -> Answer<()> {
    let url = format!("{}/like", item(event, id));
    done(if liked { Request::put(&url) } else { Request::delete(&url) }.build()).await
}

/// The items of an event that one likes.
pub(crate) async fn likes(event: &EventId) -> Answer<Vec<MediaId>> {
    get(&format!("/api/events/{event}/likes")).await
}

/// How many of one's notifications are unread.
pub(crate) async fn unread() -> Answer<u64> {
    get::<Unread>("/api/notifications/unread").await.map(|answer| answer.unread)
}

/// A page of one's notifications, the latest first.
pub(crate) async fn notifications(before: Option<String>) -> Answer<Notifications> {
    match before {
        None => get("/api/notifications").await,
        Some(before) => get(&format!("/api/notifications?before={}", encode(&before))).await,
    }
}

/// Marks one as read, or all.
pub(crate) async fn mark_read(id: Option<&NotificationId>) -> Answer<()> {
    let url = match id {
        Some(id) => format!("/api/notifications/{id}/read"),
        None => "/api/notifications/read".to_owned(),
    };
    done(Request::post(&url).build()).await
}

fn mute(event: &EventId, media: Option<&MediaId>) -> String {
    match media {
        Some(media) => format!("{}/mute", item(event, media)),
        None => format!("/api/events/{event}/mute"),
    }
}

/// Whether no notification comes of an item.
pub(crate) async fn is_muted(event: &EventId, media: &MediaId) -> Answer<bool> {
    get::<Muted>(&mute(event, Some(media))).await.map(|answer| answer.muted)
}

/// Sets whether notifications come of an event, or of one item.
pub(crate) async fn set_muted(event: &EventId, media: Option<&MediaId>, muted: bool) -> Answer<()> {
    let url = mute(event, media);
    done(if muted { Request::put(&url) } else { Request::delete(&url) }.build()).await
}

/// What one has muted.
pub(crate) async fn mutes() -> Answer<Vec<Mute>> {
    get("/api/mutes").await
}
