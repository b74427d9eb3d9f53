//! Media: the items of an event's timeline.

use serde::{Deserialize, Serialize};

use crate::{AccountId, EventId, IdempotencyKey, MediaId, Offset, Timestamp, UploadId};

/// What an item is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MediaKind {
    Text,
    Photo,
    Video,
    Audio,
}

impl MediaKind {
    pub const ALL: [Self; 4] = [Self::Text, Self::Photo, Self::Video, Self::Audio];

    /// As on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Photo => "photo",
            Self::Video => "video",
            Self::Audio => "audio",
        }
    }
}

impl std::str::FromStr for MediaKind {
    type Err = crate::text::InvalidText;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(crate::text::InvalidText { what: "a kind", rule: "one of text, photo, video, audio" })
    }
}

/// One item of a timeline, as every reader sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Media {
    pub id: MediaId,
    pub event_id: EventId,
    /// The offset of the publication that first showed the item: its place in the timeline, for ever.
    pub offset: Offset,
    pub kind: MediaKind,
    /// Who posted it.
    pub author: Author,
    /// The text, or the caption.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// The file behind a photo, a video or a sound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachment: Option<Attachment>,
    pub created_at: Timestamp,
    /// Later than `created_at` once the item has been changed.
    pub updated_at: Timestamp,
    /// How many people like it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub likes: u64,
    /// How many comments stand under it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub comments: u64,
    /// The idempotency key it was posted with: joins the item to its local echo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<IdempotencyKey>,
}

fn is_zero<T: Default + PartialEq>(number: &T) -> bool {
    *number == T::default()
}

/// Who posted an item, as shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Author {
    pub name: String,
    /// Absent for a visitor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
}

/// A stored file and everything a page needs to show it without a jump.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attachment {
    pub upload_id: UploadId,
    /// Found by looking at the bytes (RFC 6838 name).
    pub content_type: String,
    /// Immutable; answers range requests.
    pub url: String,
    pub bytes: u64,
    /// Pixels, upright; absent for sound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Playing time of video and sound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// ThumbHash of the picture, base64 without padding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumb_hash: Option<String>,
    /// Smaller pictures, ascending by width: of the photo, or of a video's poster.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renditions: Vec<Rendition>,
}

/// One size of a picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rendition {
    pub width: u32,
    pub height: u32,
    pub url: String,
}

/// `POST /api/events/{id}/media` with JSON: an item, or up to [`crate::limits::BATCH_ITEMS`] of them in
/// an array. The multipart form has the same fields and a `file`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewMedia {
    /// The display name of a visitor who posts. Who is signed in posts under the account's name, whatever
    /// stands here.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub author: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// An upload made before by `POST /api/uploads`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload_id: Option<UploadId>,
    /// The idempotency key; for a single item the `Idempotency-Key` header does as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<IdempotencyKey>,
}

/// `PATCH /api/events/{id}/media/{mediaId}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MediaPatch {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}
