//! What a publication says has changed, and how that is written. Knows nothing of frames; called by `frame`.

use serde::{Deserialize, Serialize};

use crate::{
    EventId, MediaId,
    model::{
        event::{Event, EventStatus},
        media::Media,
    },
};

/// What a publication says has changed.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// `media:new`
    MediaNew(Box<Media>),
    /// `media:update`; within a window it stands for the `media:new` before it as well.
    MediaUpdate(Box<Media>),
    /// `media:delete`
    MediaDelete(MediaDeleted),
    /// `event:new`, on `events`
    EventNew(Box<Event>),
    /// `event:update`
    EventUpdate(Box<Event>),
    /// `event:delete`
    EventDelete(EventDeleted),
    /// `event:status`
    EventStatus(EventStatusChanged),
    /// `event:access`: who may read or write the event has changed.
    EventAccess(EventAccessChanged),
    /// A type from a later version: it moves the position and shows nothing.
    Unknown,
}

/// Payload of `media:delete`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MediaDeleted {
    pub media_id: MediaId,
}

/// Payload of `event:delete`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventDeleted {
    pub event_id: EventId,
}

/// Payload of `event:status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventStatusChanged {
    pub event_id: EventId,
    pub status: EventStatus,
}

/// Payload of `event:access`: what one may do is to be asked again. Who may no longer read the event does
/// not hear of it but by `unsubscribed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventAccessChanged {
    pub event_id: EventId,
}

impl Change {
    /// Every type of publication, in the order of the document.
    pub const TYPES: [&'static str; 8] = [
        "media:new",
        "media:update",
        "media:delete",
        "event:new",
        "event:update",
        "event:delete",
        "event:status",
        "event:access",
    ];

    /// The `type` of the frame.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::MediaNew(_) => "media:new",
            Self::MediaUpdate(_) => "media:update",
            Self::MediaDelete(_) => "media:delete",
            Self::EventNew(_) => "event:new",
            Self::EventUpdate(_) => "event:update",
            Self::EventDelete(_) => "event:delete",
            Self::EventStatus(_) => "event:status",
            Self::EventAccess(_) => "event:access",
            Self::Unknown => "",
        }
    }

    /// The `payload` of the frame.
    pub fn payload_json(&self) -> Result<String, serde_json::Error> {
        match self {
            Self::MediaNew(media) | Self::MediaUpdate(media) => serde_json::to_string(media),
            Self::MediaDelete(gone) => serde_json::to_string(gone),
            Self::EventNew(event) | Self::EventUpdate(event) => serde_json::to_string(event),
            Self::EventDelete(gone) => serde_json::to_string(gone),
            Self::EventStatus(changed) => serde_json::to_string(changed),
            Self::EventAccess(changed) => serde_json::to_string(changed),
            Self::Unknown => Ok("null".to_owned()),
        }
    }

    /// The item that the change is about. Within a window several changes to one item go out as the
    /// last one.
    pub fn item(&self) -> Option<String> {
        match self {
            Self::MediaNew(media) | Self::MediaUpdate(media) => Some(format!("media:{}", media.id)),
            Self::MediaDelete(gone) => Some(format!("media:{}", gone.media_id)),
            Self::EventNew(event) | Self::EventUpdate(event) => Some(format!("event:{}", event.id)),
            Self::EventDelete(gone) => Some(format!("event:{}", gone.event_id)),
            Self::EventStatus(changed) => Some(format!("status:{}", changed.event_id)),
            Self::EventAccess(changed) => Some(format!("access:{}", changed.event_id)),
            Self::Unknown => None,
        }
    }

    /// Reads a change back from its type and payload.
    pub fn parse(type_name: &str, payload: &str) -> Result<Self, serde_json::Error> {
        Ok(match type_name {
            "media:new" => Self::MediaNew(serde_json::from_str(payload)?),
            "media:update" => Self::MediaUpdate(serde_json::from_str(payload)?),
            "media:delete" => Self::MediaDelete(serde_json::from_str(payload)?),
            "event:new" => Self::EventNew(serde_json::from_str(payload)?),
            "event:update" => Self::EventUpdate(serde_json::from_str(payload)?),
            "event:delete" => Self::EventDelete(serde_json::from_str(payload)?),
            "event:status" => Self::EventStatus(serde_json::from_str(payload)?),
            "event:access" => Self::EventAccess(serde_json::from_str(payload)?),
            _ => Self::Unknown,
        })
    }
}
