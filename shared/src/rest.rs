//! Shapes that every REST resource shares.

use serde::{Deserialize, Serialize};

use crate::{Cursor, ErrorCode, IdempotencyKey};

/// One page of a list, and the place to go live from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Asks for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The position of the topic at which this page was read: subscribe from here and nothing is missed.
    pub cursor: Cursor,
}

/// A single resource, and the place to go live from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot<T> {
    #[serde(flatten)]
    pub item: T,
    /// The position of the topic at which the resource was read.
    pub cursor: Cursor,
}

/// The body of every answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    pub error: ErrorDetail,
}

/// What went wrong: the payload of an `error` frame, and the inside of [`ErrorBody`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorDetail {
    pub code: ErrorCode,
    /// For people. English; may change.
    pub message: String,
    /// The field of the request that is at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// When to try again, in milliseconds from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// The idempotency key, or the id, of the one that is refused, where several were sent or the answer is a frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Box<IdempotencyKey>>,
    /// In a frame: the topic that the error is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// In a frame: the `ref` of the client's frame that is answered.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<u64>,
}

impl ErrorDetail {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            field: None,
            retry_after_ms: None,
            key: None,
            topic: None,
            reference: None,
        }
    }
}
