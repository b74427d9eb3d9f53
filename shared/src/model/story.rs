//! Stories: a photo or a video that whoever is signed in may look at until it is over.

use serde::{Deserialize, Serialize};

use super::{
    account::Person,
    media::{Attachment, MediaKind},
};
use crate::{AccountId, StoryId, Timestamp, UploadId, change::domain_change};

/// A story, as everybody sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Story {
    pub id: StoryId,
    pub author: Person,
    /// A photo or a video.
    pub kind: MediaKind,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    pub attachment: Attachment,
    pub created_at: Timestamp,
    /// From then on nobody is shown it.
    pub expires_at: Timestamp,
}

/// A story, and how who asks stands to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SeenStory {
    #[serde(flatten)]
    pub story: Story,
    /// Who asks has seen it; one's own always.
    pub seen: bool,
    /// The emoji with which who asks has reacted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reaction: Option<String>,
    /// How many others have seen it; said to its author alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub views: Option<u64>,
}

/// `GET /api/stories`: one entry of the rail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthorStories {
    pub author: Person,
    /// Oldest first; never empty.
    pub stories: Vec<SeenStory>,
}

/// `POST /api/stories`. The idempotency key is the `Idempotency-Key` header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewStory {
    /// A photo or a video, uploaded before by `POST /api/uploads`.
    pub upload_id: UploadId,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// `POST /api/stories/{id}/reactions`. It takes the place of one's reaction before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewReaction {
    /// One emoji, as the Unicode Consortium recommends them for interchange (UTS #51).
    pub emoji: String,
}

/// `GET /api/stories/{id}/viewers`: somebody who has seen a story, or reacted to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoryViewer {
    pub person: Person,
    /// Of the first time. Absent for who reacted without having said that they saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub viewed_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emoji: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reacted_at: Option<Timestamp>,
}

domain_change! {
    /// What is published about stories.
    pub enum StoryChange {
        "story:new" => New(Box<Story>), about |story| format!("story:{}", story.id);
        /// Deleted, or over.
        "story:delete" => Delete(StoryDeleted), about |gone| format!("story:{}", gone.story_id);
        /// To the story's author alone.
        "story.viewed" => Viewed(StoryViewed), about |viewed| format!("viewed:{}:{}", viewed.story_id, viewed.viewer_id);
        /// To the story's author alone.
        "story.reacted" => Reacted(StoryReacted), about |reacted| format!("reacted:{}:{}", reacted.story_id, reacted.user_id);
    }
}

/// Payload of `story:delete`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoryDeleted {
    pub story_id: StoryId,
    pub author_id: AccountId,
}

/// Payload of `story.viewed`: somebody's first view of a story. Its names are those that consumers have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoryViewed {
    pub story_id: StoryId,
    pub viewer_id: AccountId,
    pub viewed_at: Timestamp,
}

/// Payload of `story.reacted`: somebody's reaction to a story, or another one in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoryReacted {
    pub story_id: StoryId,
    pub user_id: AccountId,
    pub emoji: String,
    pub reacted_at: Timestamp,
}
