//! Posts: written now, published later, to one destination or several.

use serde::{Deserialize, Serialize};

use super::{
    account::Person,
    media::{Attachment, MediaKind, is_zero},
};
use crate::{
    DestinationId, EventId, IdempotencyKey, MediaId, PostId, Timestamp, UploadId, WebhookId,
    change::domain_change,
};

domain_change! {
    /// What has happened to a post. All but the last four are to be taken as "this is the post now".
    pub enum PostChange {
        /// Written, or shared with who is told.
        "post:created" => Created(Box<Post>), about |post| item(&post.id);
        "post:updated" => Updated(Box<Post>), about |post| item(&post.id);
        "post:publishing" => Publishing(Box<Post>), about |post| item(&post.id);
        "post:published" => Published(Box<Post>), about |post| item(&post.id);
        /// The post says why.
        "post:failed" => Failed(Box<Post>), about |post| item(&post.id);
        /// Deleted, or no longer shared with who is told.
        "post:deleted" => Deleted(PostDeleted), about |gone| item(&gone.post_id);
        /// Who may read or write the post has changed; on the post's own topic.
        "post:access" => Access(PostAccessChanged), about |changed| format!("access:{}", changed.post_id);
        /// So many comments stand under it now. The post itself is the same, and its version.
        "post:comments" => Comments(PostComments), about |counted| format!("comments:{}", counted.post_id);
        /// These like it now. The post itself is the same, and its version.
        "post:likes" => Likes(PostLikes), about |likes| format!("likes:{}", likes.post_id);
    }
}

/// What a publication about a post is about.
pub fn item(id: &PostId) -> String {
    format!("post:{id}")
}

/// Payload of `post:deleted`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PostDeleted {
    pub post_id: PostId,
}

/// Payload of `post:access`. Who may no longer read the post does not hear of it but by `unsubscribed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PostAccessChanged {
    pub post_id: PostId,
}

/// Payload of `post:comments`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PostComments {
    pub post_id: PostId,
    pub comments: u64,
}

/// Payload of `post:likes`, and what liking a post is answered with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PostLikes {
    pub post_id: PostId,
    /// In the order in which they came to like it.
    pub liked_by: Vec<Person>,
}

/// Where a post stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PostStatus {
    /// Being written.
    Draft,
    /// Goes out by itself at its time.
    Scheduled,
    /// On its way to its destinations; it cannot be changed.
    Publishing,
    /// At all of its destinations.
    Published,
    /// At least one destination did not take it, and is not tried again by itself.
    Failed,
}

impl PostStatus {
    pub const ALL: [Self; 5] =
        [Self::Draft, Self::Scheduled, Self::Publishing, Self::Published, Self::Failed];

    /// As on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Scheduled => "scheduled",
            Self::Publishing => "publishing",
            Self::Published => "published",
            Self::Failed => "failed",
        }
    }
}

impl std::str::FromStr for PostStatus {
    type Err = crate::text::InvalidText;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(crate::text::InvalidText {
            what: "a status",
            rule: "one of draft, scheduled, publishing, published, failed",
        })
    }
}

/// A post, as its owner and its editors see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Post {
    pub id: PostId,
    /// One more with every change, whoever made it: what `If-Match` is held against.
    pub version: u64,
    pub status: PostStatus,
    /// Whose it is, and under whose name it goes out.
    pub owner: Person,
    /// Who may change and publish it beside the owner.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub editors: Vec<Person>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    pub kind: MediaKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachment: Option<Attachment>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub destinations: Vec<Destination>,
    /// When it is to go out, or was to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publish_at: Option<Timestamp>,
    /// When the last destination had it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_at: Option<Timestamp>,
    /// Why it failed. For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// How many comments stand under it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub comments: u64,
    /// Who likes it, of those who work on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub liked_by: Vec<Person>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// One place that a post goes to, and how far it has got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Destination {
    pub id: DestinationId,
    #[serde(flatten)]
    pub target: Target,
    pub state: DeliveryState,
    /// Tries so far.
    pub attempts: u32,
    /// When it is tried next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<Timestamp>,
    /// Why the latest try failed. For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<Timestamp>,
    /// The item that the post became on an event's timeline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_id: Option<MediaId>,
}

/// What a destination is, as shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Target {
    /// An event's timeline on this server.
    Event { event_id: EventId },
    /// A webhook of the owner's. Its address may be a secret; its host is not.
    Webhook { webhook_id: WebhookId, host: String },
}

/// What a destination is, as asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum NewDestination {
    Event { event_id: EventId },
    Webhook { webhook_id: WebhookId },
}

impl Target {
    /// The same, as it would be asked for.
    pub fn asked(&self) -> NewDestination {
        match self {
            Self::Event { event_id } => NewDestination::Event { event_id: event_id.clone() },
            Self::Webhook { webhook_id, .. } => NewDestination::Webhook { webhook_id: webhook_id.clone() },
        }
    }
}

/// How far a post has got at one destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DeliveryState {
    Waiting,
    Delivered,
    /// Not tried again by itself.
    Failed,
}

impl DeliveryState {
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Delivered, Self::Failed];

    /// As on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

impl std::str::FromStr for DeliveryState {
    type Err = crate::text::InvalidText;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or(crate::text::InvalidText { what: "a state", rule: "one of waiting, delivered, failed" })
    }
}

/// `POST /api/posts`: a draft.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPost {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// An upload made before by `POST /api/uploads`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload_id: Option<UploadId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub destinations: Vec<NewDestination>,
    /// The idempotency key; the `Idempotency-Key` header does as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<IdempotencyKey>,
}

/// `PATCH /api/posts/{id}`: what is absent stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PostPatch {
    /// The version that was read; the `If-Match` header does as well. One of the two must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// An upload to take the place of the one there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload_id: Option<UploadId>,
    /// Takes the attachment away.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub remove_attachment: bool,
    /// All destinations; those that had the post already cannot be left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destinations: Option<Vec<NewDestination>>,
}

/// `POST /api/posts/{id}/schedule`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Schedule {
    pub at: Timestamp,
}

/// Somewhere that posts are sent to over HTTP, signed (standardwebhooks.com).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    pub id: WebhookId,
    pub url: String,
    /// What deliveries are signed with, `whsec_…`; said once, when the webhook is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    pub created_at: Timestamp,
}

/// `POST /api/webhooks`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewWebhook {
    pub url: String,
}
