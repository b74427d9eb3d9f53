//! Comments and likes: what people say about an item of a timeline. What else can be commented on or liked
//! gets an id of its own beside `media_id`, of which one is there.

use serde::{Deserialize, Serialize};

use super::account::Person;
use crate::{CommentId, EventId, IdempotencyKey, MediaId, Timestamp, change::domain_change};

/// What somebody wrote under an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Comment {
    pub id: CommentId,
    pub event_id: EventId,
    pub media_id: MediaId,
    pub author: Person,
    pub text: String,
    pub created_at: Timestamp,
    /// The idempotency key it was sent with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<IdempotencyKey>,
}

/// `POST /api/events/{id}/media/{mediaId}/comments`
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
    pub media_id: MediaId,
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

/// What the log calls a comment: a part of its item, with which it goes.
pub fn log_item(media: &MediaId, comment: &CommentId) -> String {
    format!("media:{media}:comment:{comment}")
}

domain_change! {
    /// What people say about items. How many do is part of the item, and told by `media:update`.
    pub enum CommentChange {
        /// On the event's topic.
        "comment:new" => New(Box<Comment>), about |comment| log_item(&comment.media_id, &comment.id);
        /// On the event's topic.
        "comment:delete" => Delete(CommentDeleted), about |gone| log_item(&gone.media_id, &gone.comment_id);
    }
}

domain_change! {
    /// What one likes oneself, for all of one's devices.
    pub enum LikeChange {
        /// On the topic of the account that likes an item, or no longer does.
        "media:liked" => Liked(MediaLiked), about |liked| format!("liked:{}", liked.media_id);
    }
}
