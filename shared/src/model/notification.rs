//! Notifications: what concerns one account, wherever it happened.

use serde::{Deserialize, Serialize};

use super::account::Person;
use crate::{
    Change, CommentId, DomainChange as _, EventId, MatchId, MediaId, NotificationId, PostId, Timestamp,
    change::domain_change,
};

/// What a notification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NotificationKind {
    /// Somebody wrote `@name`.
    Mention,
    /// Somebody commented on what the account posted.
    Comment,
    /// Somebody likes what the account posted.
    Like,
    /// So many like it now.
    Milestone,
    /// Something happened in a match that concerns a team or a player whom the account follows.
    Match,
    /// The server has something to say: it worked.
    Success,
    /// The server has something to say: look at it.
    Warning,
    /// The server has something to say: it did not work.
    Error,
}

impl NotificationKind {
    pub const ALL: [Self; 8] = [
        Self::Mention,
        Self::Comment,
        Self::Like,
        Self::Milestone,
        Self::Match,
        Self::Success,
        Self::Warning,
        Self::Error,
    ];

    /// As on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mention => "mention",
            Self::Comment => "comment",
            Self::Like => "like",
            Self::Milestone => "milestone",
            Self::Match => "match",
            Self::Success => "success",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl std::str::FromStr for NotificationKind {
    type Err = crate::text::InvalidText;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(crate::text::InvalidText { what: "a kind", rule: "the kind of a notification" })
    }
}

/// Something that concerns one account. What happens again before it is read is told in the same one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    pub id: NotificationId,
    pub kind: NotificationKind,
    /// Who did it last; absent where the server speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Person>,
    /// How many did it, or how often it happened, since the account has last read of it; of a milestone,
    /// the number reached.
    pub count: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<EventId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_id: Option<MediaId>,
    /// One of the account's own posts, or one that it works on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_id: Option<PostId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment_id: Option<CommentId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub match_id: Option<MatchId>,
    /// The beginning of what was written, or what the server says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    pub read: bool,
    /// When it last happened.
    pub at: Timestamp,
}

/// `GET /api/notifications`: newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notifications {
    #[serde(flatten)]
    pub page: crate::rest::Page<Notification>,
    pub unread: u64,
}

/// How many are unread: `GET /api/notifications/unread`, the answer to marking as read, and part of the payload
/// of every change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unread {
    pub unread: u64,
}

/// Payload of `notification:new` and `notification:update`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notified {
    pub notification: Notification,
    pub unread: u64,
}

/// Payload of `notification:read`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotificationsRead {
    /// Which; all there are if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notification_id: Option<NotificationId>,
    pub unread: u64,
}

/// Payload of `notification:delete`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotificationDeleted {
    pub notification_id: NotificationId,
    pub unread: u64,
}

/// `GET /api/events/{id}/mute` and `GET /api/events/{id}/media/{mediaId}/mute`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Muted {
    /// No notification comes of it.
    pub muted: bool,
}

/// What one has muted: `GET /api/mutes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mute {
    pub event_id: EventId,
    pub event_title: String,
    /// One item; the whole event if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_id: Option<MediaId>,
    /// The beginning of the item's text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

domain_change! {
    /// Changes of an account's notifications, on its own topic.
    pub enum NotificationChange {
        "notification:new" => New(Box<Notified>), about |told| log_item(&told.notification.id);
        /// It happened again before it was read.
        "notification:update" => Update(Box<Notified>), about |told| log_item(&told.notification.id);
        /// On whatever device. Of one and of all are two things: neither stands for the other.
        "notification:read" => Read(NotificationsRead), about |read| {
            format!("read:{}", read.notification_id.as_ref().map_or("all", NotificationId::as_str))
        };
        /// What it told of is gone, or no longer for the account to see.
        "notification:delete" => Delete(NotificationDeleted), about |gone| log_item(&gone.notification_id);
    }
}

/// How many are unread after a change, read by itself: who only counts need not know what is told.
pub fn unread_after(change: &Change) -> Option<u64> {
    let Change::Other(other) = change else { return None };
    if !NotificationChange::TYPES.contains(&&*other.type_name) {
        return None;
    }
    serde_json::from_str::<Unread>(&other.payload).ok().map(|told| told.unread)
}

/// Whether a change tells of a match, whose news a reader may want to hear later.
pub fn tells_of_match(change: &Change) -> bool {
    #[derive(Deserialize)]
    struct Told {
        notification: Kind,
    }
    #[derive(Deserialize)]
    struct Kind {
        kind: NotificationKind,
    }
    let Change::Other(other) = change else { return false };
    serde_json::from_str::<Told>(&other.payload)
        .is_ok_and(|told| told.notification.kind == NotificationKind::Match)
}

/// What the log calls a notification.
pub fn log_item(id: &NotificationId) -> String {
    format!("notification:{id}")
}
