//! Frames: one unit on the wire, the same text over WebSocket, SSE and poll.
//!
//! Every frame is `{"type": …, "payload": …}`. A publication carries `topic`, `offset`, `id` and
//! `timestamp` beside them, in front of the payload, so that who only routes need not read on.
//!
//! A reader must pass over types it does not know; a publication of unknown type still moves the
//! position ([`Change::Other`]).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    AccountId, Change, ConnectionId, DomainChange as _, EventId, IdempotencyKey, Offset, PublicationId,
    Timestamp, Topic,
    model::presence::{PersonGone, PersonThere, PresenceState},
    position::Epoch,
    rest::ErrorDetail,
};

mod client;

pub use client::{Auth, ClientFrame, Content, Ping, Publish, Subscribe, TopicName, Typing};

/// The version of the protocol; a change that old clients cannot pass over raises it.
pub const PROTOCOL_VERSION: u32 = 1;

/// One entry of a topic.
#[derive(Debug, Clone, PartialEq)]
pub struct Publication {
    pub topic: Topic,
    pub offset: Offset,
    pub id: PublicationId,
    pub timestamp: Timestamp,
    pub change: Change,
}

/// A publication as it is stored and encoded: the payload is JSON that nobody needs to read again.
#[derive(Debug, Clone, Copy)]
pub struct RawPublication<'a> {
    pub topic: &'a str,
    pub offset: Offset,
    pub id: &'a str,
    pub timestamp: &'a str,
    pub type_name: &'a str,
    pub payload: &'a str,
}

impl RawPublication<'_> {
    /// Appends the frame's text to `out`. All parts but the payload are plain identifiers by
    /// construction and need no escaping.
    pub fn encode_into(&self, out: &mut Vec<u8>) {
        use std::io::Write as _;
        let Self { topic, offset, id, timestamp, type_name, payload } = self;
        // Writing to a Vec cannot fail.
        let written = write!(
            out,
            r#"{{"type":"{type_name}","topic":"{topic}","offset":{offset},"id":"{id}","timestamp":"{timestamp}","payload":{payload}}}"#,
        );
        debug_assert!(written.is_ok());
    }
}

/// What a server says.
#[derive(Debug, Clone, PartialEq)]
pub enum ServerFrame {
    /// `connected`: the first frame of every connection.
    Connected(Connected),
    /// `subscribed`: answers `subscribe`, before any publication of that subscription.
    Subscribed(Topic, Subscribed),
    /// `unsubscribed`: answers `unsubscribe`, or says that the server ended the subscription.
    Unsubscribed(Topic, Unsubscribed),
    /// A publication, alone.
    Publication(Publication),
    /// `batch`: what gathered in a window.
    Batch(Topic, Batch),
    /// `presence:count`: how many watch. Not in the log: only the latest matters.
    PresenceCount(Topic, PresenceCount),
    /// `presence:state`: who is there, in place of everything said before.
    PresenceState(Topic, PresenceState),
    /// `presence:join`
    PresenceJoin(Topic, PersonThere),
    /// `presence:leave`
    PresenceLeave(Topic, PersonGone),
    /// `user:online`, on `online`
    UserOnline(Topic, PersonThere),
    /// `user:offline`, on `online`
    UserOffline(Topic, PersonGone),
    /// `typing:start`
    TypingStart(Topic, PersonThere),
    /// `typing:stop`
    TypingStop(Topic, PersonGone),
    /// `published`: answers `publish`. It is on the disk.
    Published(Topic, Published),
    /// `pong`: answers `ping`.
    Pong(Pong),
    /// `authenticated`: answers `auth`.
    Authenticated(Authenticated),
    /// `reconnect`: this connection is about to be closed; come back after the delay.
    Reconnect(Reconnect),
    /// `error`
    Error(ErrorDetail),
    /// A type from a later version.
    Unknown,
}

/// Payload of `connected`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Connected {
    /// The event that connecting subscribed to; absent on the general endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<EventId>,
    pub connection_id: ConnectionId,
    /// [`PROTOCOL_VERSION`] of the server.
    pub protocol: u32,
    /// A client that has sent nothing for this long sends `ping`, in milliseconds.
    pub heartbeat_interval_ms: u64,
    /// The server's clock.
    pub timestamp: Timestamp,
}

/// Payload of `subscribed`. What follows begins after `offset` and has no holes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscribed {
    pub epoch: Epoch,
    /// Publications after this offset follow.
    pub offset: Offset,
    /// True: `offset` is the one asked for, nothing was missed. False: the subscription begins at the
    /// head; fetch a snapshot and subscribe from its cursor. Never partly.
    pub recovered: bool,
    /// Why not, where `recovered` is false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<NotRecovered>,
    /// The `ref` of the `subscribe` that this answers.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<u64>,
}

/// Why a subscription does not begin where it was asked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NotRecovered {
    /// No position was given.
    NoPosition,
    /// The log has begun a new life since.
    EpochChanged,
    /// Retention has removed what comes next.
    Expired,
    /// The position lies beyond the head.
    Ahead,
}

/// Payload of `unsubscribed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unsubscribed {
    /// Absent when the client asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<crate::ErrorCode>,
}

/// Payload of `batch`: covers the offsets `from` to `to`, both included. Several changes to one item
/// stand as the last of them, so `publications` may be fewer than the offsets covered.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    pub from: Offset,
    pub to: Offset,
    pub publications: Vec<Publication>,
}

/// Payload of `presence:count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PresenceCount {
    /// Browsers and programs.
    pub watchers: u64,
    pub subscriptions: u64,
    /// People who are signed in and do not hide it, [named](PresenceState) or not.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub people: u64,
}

#[cfg_attr(
    target_pointer_width = "64",
    expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")
)]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Payload of `published`: the same however often the draft is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Published {
    pub key: IdempotencyKey,
    /// Its place on the topic.
    pub offset: Offset,
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<u64>,
}

/// Payload of `pong`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pong {
    /// The server's clock.
    pub timestamp: Timestamp,
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<u64>,
}

/// Payload of `authenticated`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Authenticated {
    pub account_id: AccountId,
    /// When the connection ends unless a later token comes; absent where it rests on a cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<u64>,
}

/// Payload of `reconnect`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reconnect {
    /// How long this client should wait; every client gets a delay of its own.
    pub delay_ms: u64,
}

/// A frame that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    #[error("not a frame: {0}")]
    Json(#[from] serde_json::Error),
    #[error("a publication lacks its {0}")]
    Incomplete(&'static str),
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "type", borrow)]
    type_name: std::borrow::Cow<'a, str>,
    topic: Option<Topic>,
    offset: Option<Offset>,
    id: Option<PublicationId>,
    timestamp: Option<Timestamp>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct RawBatch<'a> {
    from: Offset,
    to: Offset,
    #[serde(borrow)]
    publications: Vec<Envelope<'a>>,
}

impl Envelope<'_> {
    fn payload(&self) -> &str {
        self.payload.map_or("null", RawValue::get)
    }

    fn topic(&self) -> Result<Topic, DecodeError> {
        self.topic.clone().ok_or(DecodeError::Incomplete("topic"))
    }

    fn publication(self, topic: Topic) -> Result<Publication, DecodeError> {
        let change = Change::parse(&self.type_name, self.payload())?;
        Ok(Publication {
            topic,
            offset: self.offset.ok_or(DecodeError::Incomplete("offset"))?,
            id: self.id.ok_or(DecodeError::Incomplete("id"))?,
            timestamp: self.timestamp.ok_or(DecodeError::Incomplete("timestamp"))?,
            change,
        })
    }
}

/// The text of a frame that is no publication. For who says few kinds of them; [`ServerFrame::encode`] knows all.
pub fn plain<P: Serialize>(
    type_name: &str,
    topic: Option<&Topic>,
    payload: P,
) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    struct Plain<'a, P> {
        #[serde(rename = "type")]
        type_name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        topic: Option<&'a Topic>,
        payload: P,
    }
    serde_json::to_string(&Plain { type_name, topic, payload })
}

impl ServerFrame {
    /// Every type that is not a publication, in the order of the document.
    pub const CONTROL_TYPES: [&'static str; 17] = [
        "connected",
        "subscribed",
        "unsubscribed",
        "batch",
        "presence:count",
        "presence:state",
        "presence:join",
        "presence:leave",
        "user:online",
        "user:offline",
        "typing:start",
        "typing:stop",
        "published",
        "pong",
        "authenticated",
        "reconnect",
        "error",
    ];

    /// The topic of a frame that is about one and has no place in its log, nor is about following it: what is
    /// true at this moment, and told again to whoever subscribes.
    pub const fn ephemeral(&self) -> Option<&Topic> {
        match self {
            Self::PresenceCount(topic, _)
            | Self::PresenceState(topic, _)
            | Self::PresenceJoin(topic, _)
            | Self::PresenceLeave(topic, _)
            | Self::UserOnline(topic, _)
            | Self::UserOffline(topic, _)
            | Self::TypingStart(topic, _)
            | Self::TypingStop(topic, _) => Some(topic),
            Self::Connected(_)
            | Self::Subscribed(..)
            | Self::Unsubscribed(..)
            | Self::Publication(_)
            | Self::Batch(..)
            | Self::Published(..)
            | Self::Pong(_)
            | Self::Authenticated(_)
            | Self::Reconnect(_)
            | Self::Error(_)
            | Self::Unknown => None,
        }
    }

    /// The place in a topic that a client stands at when it has taken the frame in; no offset where the frame is
    /// [`ephemeral`](Self::ephemeral). `None` for what is no news of a topic.
    pub fn place(&self) -> Option<(&Topic, Option<Offset>)> {
        match self {
            Self::Publication(publication) => Some((&publication.topic, Some(publication.offset))),
            Self::Batch(topic, batch) => Some((topic, Some(batch.to))),
            frame => frame.ephemeral().map(|topic| (topic, None)),
        }
    }

    /// The frame's text. Publications are encoded by [`RawPublication::encode_into`] on the server;
    /// this gives the same bytes and serves tests and clients that record frames.
    pub fn encode(&self) -> Result<String, serde_json::Error> {
        match self {
            Self::Connected(p) => plain("connected", None, p),
            Self::Subscribed(topic, p) => plain("subscribed", Some(topic), p),
            Self::Unsubscribed(topic, p) => plain("unsubscribed", Some(topic), p),
            Self::Publication(publication) => {
                let payload = publication.change.payload_json()?;
                let mut out = Vec::with_capacity(payload.len() + 160);
                publication.raw(&payload).encode_into(&mut out);
                Ok(String::from_utf8_lossy(&out).into_owned())
            }
            Self::Batch(topic, batch) => {
                let payloads = batch
                    .publications
                    .iter()
                    .map(|publication| publication.change.payload_json())
                    .collect::<Result<Vec<_>, _>>()?;
                let raw = batch.publications.iter().zip(&payloads).map(|(p, payload)| p.raw(payload));
                let mut out = Vec::new();
                encode_batch_into(&mut out, topic.as_str(), batch.from, batch.to, raw);
                Ok(String::from_utf8_lossy(&out).into_owned())
            }
            Self::PresenceCount(topic, p) => plain("presence:count", Some(topic), p),
            Self::PresenceState(topic, p) => plain("presence:state", Some(topic), p),
            Self::PresenceJoin(topic, p) => plain("presence:join", Some(topic), p),
            Self::PresenceLeave(topic, p) => plain("presence:leave", Some(topic), p),
            Self::UserOnline(topic, p) => plain("user:online", Some(topic), p),
            Self::UserOffline(topic, p) => plain("user:offline", Some(topic), p),
            Self::TypingStart(topic, p) => plain("typing:start", Some(topic), p),
            Self::TypingStop(topic, p) => plain("typing:stop", Some(topic), p),
            Self::Published(topic, p) => plain("published", Some(topic), p),
            Self::Pong(p) => plain("pong", None, p),
            Self::Authenticated(p) => plain("authenticated", None, p),
            Self::Reconnect(p) => plain("reconnect", None, p),
            Self::Error(p) => plain("error", None, p),
            Self::Unknown => plain("", None, ()),
        }
    }

    /// Reads a frame. Unknown types are [`ServerFrame::Unknown`], or a publication of
    /// [`Change::Other`] where they carry an offset.
    pub fn decode(text: &str) -> Result<Self, DecodeError> {
        let envelope: Envelope<'_> = serde_json::from_str(text)?;
        if let Some(frame) = Self::decode_presence(&envelope)? {
            return Ok(frame);
        }
        Ok(match &*envelope.type_name {
            "connected" => Self::Connected(serde_json::from_str(envelope.payload())?),
            "subscribed" => Self::Subscribed(envelope.topic()?, serde_json::from_str(envelope.payload())?),
            "unsubscribed" => {
                Self::Unsubscribed(envelope.topic()?, serde_json::from_str(envelope.payload())?)
            }
            "batch" => {
                let topic = envelope.topic()?;
                let raw: RawBatch<'_> = serde_json::from_str(envelope.payload())?;
                let publications = raw
                    .publications
                    .into_iter()
                    .map(|entry| entry.publication(topic.clone()))
                    .collect::<Result<_, _>>()?;
                Self::Batch(topic, Batch { from: raw.from, to: raw.to, publications })
            }
            "published" => Self::Published(envelope.topic()?, serde_json::from_str(envelope.payload())?),
            "pong" => Self::Pong(serde_json::from_str(envelope.payload())?),
            "authenticated" => Self::Authenticated(serde_json::from_str(envelope.payload())?),
            "reconnect" => Self::Reconnect(serde_json::from_str(envelope.payload())?),
            "error" => Self::Error(serde_json::from_str(envelope.payload())?),
            _ if envelope.offset.is_some() => {
                let topic = envelope.topic()?;
                Self::Publication(envelope.publication(topic)?)
            }
            _ => Self::Unknown,
        })
    }

    /// The frames that say who is there; `None` for all others.
    fn decode_presence(envelope: &Envelope<'_>) -> Result<Option<Self>, DecodeError> {
        fn about<P: serde::de::DeserializeOwned>(
            envelope: &Envelope<'_>,
            frame: fn(Topic, P) -> ServerFrame,
        ) -> Result<Option<ServerFrame>, DecodeError> {
            Ok(Some(frame(envelope.topic()?, serde_json::from_str(envelope.payload())?)))
        }
        match &*envelope.type_name {
            "presence:count" => about(envelope, Self::PresenceCount),
            "presence:state" => about(envelope, Self::PresenceState),
            "presence:join" => about(envelope, Self::PresenceJoin),
            "presence:leave" => about(envelope, Self::PresenceLeave),
            "user:online" => about(envelope, Self::UserOnline),
            "user:offline" => about(envelope, Self::UserOffline),
            "typing:start" => about(envelope, Self::TypingStart),
            "typing:stop" => about(envelope, Self::TypingStop),
            _ => Ok(None),
        }
    }
}

impl Publication {
    fn raw<'a>(&'a self, payload: &'a str) -> RawPublication<'a> {
        RawPublication {
            topic: self.topic.as_str(),
            offset: self.offset,
            id: self.id.as_str(),
            timestamp: self.timestamp.as_str(),
            type_name: self.change.type_name(),
            payload,
        }
    }
}

/// Appends the text of a `batch` frame to `out`; the entries are publications without their topic.
pub fn encode_batch_into<'a>(
    out: &mut Vec<u8>,
    topic: &str,
    from: Offset,
    to: Offset,
    publications: impl Iterator<Item = RawPublication<'a>>,
) {
    use std::io::Write as _;
    // Writing to a Vec cannot fail.
    let mut written = write!(
        out,
        r#"{{"type":"batch","topic":"{topic}","payload":{{"from":{from},"to":{to},"publications":["#,
    );
    for (index, entry) in publications.enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let RawPublication { offset, id, timestamp, type_name, payload, .. } = entry;
        written = written.and(write!(
            out,
            r#"{comma}{{"type":"{type_name}","offset":{offset},"id":"{id}","timestamp":"{timestamp}","payload":{payload}}}"#,
        ));
    }
    written = written.and(out.write_all(b"]}}"));
    debug_assert!(written.is_ok());
}

/// The texts of the frames in the answer to a poll, `{"frames": […]}`: those that a connection would have
/// received.
pub fn split_poll(text: &str) -> Result<Vec<&str>, DecodeError> {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        frames: Vec<&'a RawValue>,
    }
    let answer: Answer<'_> = serde_json::from_str(text)?;
    Ok(answer.frames.into_iter().map(RawValue::get).collect())
}

/// Reads the answer to a poll.
pub fn decode_poll(text: &str) -> Result<Vec<ServerFrame>, DecodeError> {
    split_poll(text)?.into_iter().map(ServerFrame::decode).collect()
}

#[cfg(test)]
mod tests;
