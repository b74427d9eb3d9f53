//! Comments and likes: what people say about an item of a timeline, and those who work on a post about that.
//! What else can be commented on is a [`Parent`] of its own.

use serde::{Deserialize, Serialize};

use super::account::Person;
use crate::{CommentId, EventId, IdempotencyKey, MediaId, PostId, Timestamp, Topic, change::domain_change};

/// What a comment stands under: its ids on the wire, of which one group is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub enum Parent {
    /// An item of an event's timeline.
    Media { event_id: EventId, media_id: MediaId },
    /// A post, before or after it has gone out.
    Post { post_id: PostId },
}

impl Parent {
    /// Where comments under it are published, and whose rights decide about them.
    pub fn topic(&self) -> Topic {
        match self {
            Self::Media { event_id, .. } => Topic::event(event_id),
            Self::Post { post_id } => Topic::post(post_id),
        }
    }

    pub const fn event_id(&self) -> Option<&EventId> {
        match self {
            Self::Media { event_id, .. } => Some(event_id),
            Self::Post { .. } => None,
        }
    }

    pub const fn media_id(&self) -> Option<&MediaId> {
        match self {
            Self::Media { media_id, .. } => Some(media_id),
            Self::Post { .. } => None,
        }
    }

    pub const fn post_id(&self) -> Option<&PostId> {
        match self {
            Self::Media { .. } => None,
            Self::Post { post_id } => Some(post_id),
        }
    }

    /// The id of the item or the post itself.
    pub fn id(&self) -> &str {
        match self {
            Self::Media { media_id, .. } => media_id.as_str(),
            Self::Post { post_id } => post_id.as_str(),
        }
    }

    /// Where its comments are asked for.
    pub fn comments_path(&self) -> String {
        match self {
            Self::Media { event_id, media_id } => format!("/api/events/{event_id}/media/{media_id}/comments"),
            Self::Post { post_id } => format!("/api/posts/{post_id}/comments"),
        }
    }
}

/// What somebody wrote under an item or a post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Comment {
    pub id: CommentId,
    #[serde(flatten)]
    pub parent: Parent,
    pub author: Person,
    pub text: String,
    pub created_at: Timestamp,
    /// The idempotency key it was sent with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<IdempotencyKey>,
}

/// `POST /api/events/{id}/media/{mediaId}/comments` and `POST /api/posts/{id}/comments`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewComment {
    /// 1 to [`crate::limits::COMMENT_TEXT_CHARS`] characters. `@name` mentions somebody.
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<IdempotencyKey>,
}

/// `PUT` and `DELETE /api/events/{id}/media/{mediaId}/like` answer with this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Liked {
    /// Whether who asks likes it.
    pub liked: bool,
    /// How many people do.
    pub likes: u64,
}

/// Payload of `comment:delete`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CommentDeleted {
    #[serde(flatten)]
    pub parent: Parent,
    pub comment_id: CommentId,
}

/// Payload of `media:liked`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MediaLiked {
    pub event_id: EventId,
    pub media_id: MediaId,
    pub liked: bool,
}

/// What the log calls a comment: a part of its item or post, with which it goes.
pub fn log_item(parent: &Parent, comment: &CommentId) -> String {
    let kind = match parent {
        Parent::Media { .. } => "media",
        Parent::Post { .. } => "post",
    };
    format!("{kind}:{}:comment:{comment}", parent.id())
}

domain_change! {
    /// What people say about items and posts. How many do is told by `media:update`, of which it is a part, and by
    /// `post:comments`.
    pub enum CommentChange {
        /// On the event's topic, or the post's.
        "comment:new" => New(Box<Comment>), about |comment| log_item(&comment.parent, &comment.id);
        /// On the event's topic, or the post's.
        "comment:delete" => Delete(CommentDeleted), about |gone| log_item(&gone.parent, &gone.comment_id);
    }
}

domain_change! {
    /// What one likes oneself, for all of one's devices.
    pub enum LikeChange {
        /// On the topic of the account that likes an item, or no longer does.
        "media:liked" => Liked(MediaLiked), about |liked| format!("liked:{}", liked.media_id);
    }
}
