//! What lies in an outbox: drafts as they were recorded, and what has become of them. Knows nothing of lanes and
//! tries. Made by the page, kept by the storage, read by `outbox`.

use serde::{Deserialize, Serialize};
use shared::{AccountId, ErrorCode, IdempotencyKey, Topic, UploadId};

/// Under whose name a draft was recorded. Idempotency keys belong to an author: sent under another name, a draft
/// that had arrived would be stored again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Author {
    Visitor,
    Account(AccountId),
}

/// Something to be published, of whatever kind: it is posted to `path`, and the outbox does not look into `body`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Draft {
    /// Its identity, and the key under which the server stores it once.
    pub id: IdempotencyKey,
    /// Its lane: the topic on which it will be published. Drafts of a lane are sent in the order recorded.
    pub topic: Topic,
    pub author: Author,
    /// The address that takes it.
    pub path: String,
    /// JSON, without the key and without the files.
    pub body: String,
    /// How many files are uploaded before it, one after the other. Their bytes are the storage's affair.
    pub files: usize,
    /// What the page needs to show it again; nobody else looks at it.
    pub note: String,
}

/// Why the server did not take a draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    pub code: ErrorCode,
    /// For people.
    pub message: String,
    /// The field of the request that it is about.
    pub field: Option<String>,
}

/// A draft as the storage has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    pub draft: Draft,
    /// Its place: each draft that the storage takes gets a greater one than all before. `None` until then.
    pub number: Option<u64>,
    /// Counts the times that it was edited. An answer is about the version that was sent.
    pub version: u32,
    /// What its files have become, as far as they have been uploaded.
    pub uploads: Vec<UploadId>,
    /// It was refused and waits for somebody to decide.
    pub parked: Option<Refusal>,
}

impl Record {
    pub(super) const fn new(draft: Draft) -> Self {
        Self { draft, number: None, version: 0, uploads: Vec::new(), parked: None }
    }

    /// Which file is uploaded next; `None` when all are there.
    pub(super) fn next_file(&self) -> Option<usize> {
        Some(self.uploads.len()).filter(|next| *next < self.draft.files)
    }
}

/// What is done to a draft in the storage: only ever by who has its lane's lease, and only to what was read with
/// that lease. So each says which version it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    /// The server has it.
    Acknowledge { version: u32 },
    /// The server will not have it.
    Park { version: u32, refusal: Refusal },
    /// The server has its file of this number.
    Uploaded { version: u32, file: usize, upload: UploadId },
    /// The server has its files no more.
    UploadAnew { version: u32 },
    /// Somebody has changed it; it waits again.
    Edit { body: String, note: String },
    /// Somebody wants it tried again.
    Retry,
    /// Somebody gives it up.
    Discard,
}

/// What a command makes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Nothing,
    Changed,
    Removed,
}

impl Command {
    pub(super) fn apply(&self, record: &mut Record) -> Effect {
        match self {
            Self::Acknowledge { version } if *version == record.version => Effect::Removed,
            Self::Park { version, refusal } if *version == record.version => {
                record.parked = Some(refusal.clone());
                Effect::Changed
            }
            Self::Uploaded { version, file, upload }
                if *version == record.version && *file == record.uploads.len() =>
            {
                record.uploads.push(upload.clone());
                Effect::Changed
            }
            Self::UploadAnew { version } if *version == record.version => {
                record.uploads.clear();
                Effect::Changed
            }
            Self::Edit { body, note } => {
                record.draft.body.clone_from(body);
                record.draft.note.clone_from(note);
                record.version += 1;
                record.parked = None;
                Effect::Changed
            }
            Self::Retry => {
                record.parked = None;
                Effect::Changed
            }
            Self::Discard => Effect::Removed,
            // It was about what another tab has changed since.
            Self::Acknowledge { .. }
            | Self::Park { .. }
            | Self::Uploaded { .. }
            | Self::UploadAnew { .. } => Effect::Nothing,
        }
    }
}
