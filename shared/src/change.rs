//! What a publication says has changed, and how that is written. Knows nothing of frames; called by `frame`.
//!
//! [`Change`] holds what the list of events and their timelines are made of, and hands on everything else
//! unread: a browser that shows a timeline need not carry the code that reads matches. Every other domain
//! has a type of changes of its own beside its model, which is a [`DomainChange`].

use serde::{Deserialize, Serialize};

use crate::{
    EventId, MediaId,
    model::{
        event::{Event, EventStatus},
        media::Media,
    },
};

/// The changes of one domain: what a server appends, and what those who show the domain read.
pub trait DomainChange: Sized {
    /// Every type of publication of the domain, in the order of the document.
    const TYPES: &'static [&'static str];

    /// The `type` of the frame: one of [`TYPES`](Self::TYPES).
    fn type_name(&self) -> &str;

    /// The `payload` of the frame.
    fn payload_json(&self) -> Result<String, serde_json::Error>;

    /// The item that the change is about. Within a window several changes to one item go out as the
    /// last one; `None` is about nothing that another change could stand for.
    fn item(&self) -> Option<String>;

    /// Reads a change back from its type and payload. `None`: it is another domain's.
    fn parse(type_name: &str, payload: &str) -> Result<Option<Self>, serde_json::Error>;
}

/// Writes a domain's type of changes: one line per type of publication, with the payload and the item it is about.
macro_rules! domain_change {
    (
        $(#[$about:meta])*
        pub enum $name:ident {
            $($(#[$what:meta])* $type_name:literal => $variant:ident($payload:ty), about $item:expr;)*
        }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq)]
        pub enum $name {
            $($(#[$what])* #[doc = concat!("`", $type_name, "`")] $variant($payload),)*
        }

        impl $crate::change::DomainChange for $name {
            const TYPES: &'static [&'static str] = &[$($type_name),*];

            fn type_name(&self) -> &str {
                match self {
                    $(Self::$variant(_) => $type_name,)*
                }
            }

            fn payload_json(&self) -> Result<String, serde_json::Error> {
                match self {
                    $(Self::$variant(payload) => serde_json::to_string(payload),)*
                }
            }

            fn item(&self) -> Option<String> {
                match self {
                    $(Self::$variant(payload) => {
                        let item: fn(&$payload) -> String = $item;
                        Some(item(payload))
                    })*
                }
            }

            fn parse(type_name: &str, payload: &str) -> Result<Option<Self>, serde_json::Error> {
                match type_name {
                    $($type_name => serde_json::from_str(payload).map(Self::$variant).map(Some),)*
                    _ => Ok(None),
                }
            }
        }
    };
}

pub(crate) use domain_change;

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
    /// What is no part of a timeline, or of a later version: it moves the position, and [who shows the
    /// domain](Change::read) reads it.
    Other(OtherChange),
}

/// A change as it was written, unread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherChange {
    pub type_name: Box<str>,
    /// JSON.
    pub payload: Box<str>,
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
    /// The change, where it is one of the domain `D`. A payload that is not what its type promises is none.
    pub fn read<D: DomainChange>(&self) -> Option<D> {
        match self {
            Self::Other(other) => D::parse(&other.type_name, &other.payload).ok().flatten(),
            _ => None,
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
            _ => Self::Other(OtherChange { type_name: type_name.into(), payload: payload.into() }),
        })
    }
}

impl DomainChange for Change {
    const TYPES: &'static [&'static str] = &[
        "media:new",
        "media:update",
        "media:delete",
        "event:new",
        "event:update",
        "event:delete",
        "event:status",
        "event:access",
    ];

    fn type_name(&self) -> &str {
        match self {
            Self::MediaNew(_) => "media:new",
            Self::MediaUpdate(_) => "media:update",
            Self::MediaDelete(_) => "media:delete",
            Self::EventNew(_) => "event:new",
            Self::EventUpdate(_) => "event:update",
            Self::EventDelete(_) => "event:delete",
            Self::EventStatus(_) => "event:status",
            Self::EventAccess(_) => "event:access",
            Self::Other(other) => &other.type_name,
        }
    }

    fn payload_json(&self) -> Result<String, serde_json::Error> {
        match self {
            Self::MediaNew(media) | Self::MediaUpdate(media) => serde_json::to_string(media),
            Self::MediaDelete(gone) => serde_json::to_string(gone),
            Self::EventNew(event) | Self::EventUpdate(event) => serde_json::to_string(event),
            Self::EventDelete(gone) => serde_json::to_string(gone),
            Self::EventStatus(changed) => serde_json::to_string(changed),
            Self::EventAccess(changed) => serde_json::to_string(changed),
            Self::Other(other) => Ok(other.payload.clone().into_string()),
        }
    }

    fn item(&self) -> Option<String> {
        match self {
            Self::MediaNew(media) | Self::MediaUpdate(media) => Some(format!("media:{}", media.id)),
            Self::MediaDelete(gone) => Some(format!("media:{}", gone.media_id)),
            Self::EventNew(event) | Self::EventUpdate(event) => Some(format!("event:{}", event.id)),
            Self::EventDelete(gone) => Some(format!("event:{}", gone.event_id)),
            Self::EventStatus(changed) => Some(format!("status:{}", changed.event_id)),
            Self::EventAccess(changed) => Some(format!("access:{}", changed.event_id)),
            Self::Other(_) => None,
        }
    }

    fn parse(type_name: &str, payload: &str) -> Result<Option<Self>, serde_json::Error> {
        Self::parse(type_name, payload).map(Some)
    }
}
