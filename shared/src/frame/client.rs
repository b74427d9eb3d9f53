//! What a client says: the frames that go from it to the server, and what they hold.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{EventId, IdempotencyKey, Position, Topic, rest::ErrorDetail};

/// What a client says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", content = "payload", rename_all = "camelCase")]
pub enum ClientFrame {
    /// Answered by `subscribed` or `error`. Subscribing again moves the subscription to the new position.
    Subscribe(Subscribe),
    /// Answered by `unsubscribed`.
    Unsubscribe(TopicName),
    /// Not answered, unless by `error`.
    Typing(Typing),
    /// Answered by `published` once it is on the disk, or by `error`.
    Publish(Publish),
    /// Answered by `pong`.
    Ping(Ping),
    /// Answered by `authenticated` or `error`.
    Auth(Auth),
}

impl ClientFrame {
    /// Every type, in the order of the document.
    pub const TYPES: [&'static str; 6] = ["subscribe", "unsubscribe", "typing", "publish", "ping", "auth"];

    pub fn encode(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// Reads a frame from a client. The error is what the `error` frame answers.
    pub fn decode(text: &str) -> Result<Self, ErrorDetail> {
        #[derive(Deserialize)]
        struct Incoming<'a> {
            #[serde(rename = "type", borrow)]
            type_name: std::borrow::Cow<'a, str>,
            #[serde(borrow)]
            payload: Option<&'a RawValue>,
        }
        let malformed =
            |error: serde_json::Error| ErrorDetail::new(crate::ErrorCode::Malformed, error.to_string());
        let incoming: Incoming<'_> = serde_json::from_str(text).map_err(malformed)?;
        let payload = incoming.payload.map_or("{}", RawValue::get);
        match &*incoming.type_name {
            "subscribe" => serde_json::from_str(payload).map(Self::Subscribe).map_err(malformed),
            "unsubscribe" => serde_json::from_str(payload).map(Self::Unsubscribe).map_err(malformed),
            "typing" => serde_json::from_str(payload).map(Self::Typing).map_err(malformed),
            "publish" => serde_json::from_str(payload).map(Self::Publish).map_err(malformed),
            "ping" if payload == "null" => Ok(Self::Ping(Ping::default())),
            "ping" => serde_json::from_str(payload).map(Self::Ping).map_err(malformed),
            "auth" => serde_json::from_str(payload).map(Self::Auth).map_err(malformed),
            _ => Err(ErrorDetail::new(crate::ErrorCode::UnknownType, "no such type of frame")),
        }
    }
}

/// Names a topic in one of two ways: `{"eventId": …}` for an event's timeline, `{"topic": …}` for any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TopicName {
    EventId(EventId),
    Topic(Topic),
}

impl TopicName {
    pub fn topic(&self) -> Topic {
        match self {
            Self::EventId(id) => Topic::event(id),
            Self::Topic(topic) => topic.clone(),
        }
    }
}

/// Payload of `subscribe`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscribe {
    #[serde(flatten)]
    pub name: TopicName,
    /// Everything after this position is to follow. Absent: from the head on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Position>,
    /// Who is there is wanted as well, with their names.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub presence: bool,
    /// Comes back in the answer.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<u64>,
}

/// Payload of `typing`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Typing {
    #[serde(flatten)]
    pub name: TopicName,
    /// Said again every few seconds for as long as it is so.
    pub on: bool,
}

/// Payload of `publish`: a draft for a topic. What it may hold is the topic's domain's to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Publish {
    pub topic: Topic,
    /// The idempotency key: sent twice, it is stored once and answered twice.
    pub key: IdempotencyKey,
    pub content: Content,
    /// Comes back in the answer.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<u64>,
}

/// JSON as it was written, for who knows what it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Box<RawValue>", into = "Box<RawValue>")]
pub struct Content(Box<str>);

impl Content {
    /// Writes what is to be published.
    pub fn new(content: &impl Serialize) -> Result<Self, serde_json::Error> {
        serde_json::to_string(content).map(|text| Self(text.into()))
    }

    pub fn read<T: serde::de::DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.0)
    }
}

impl From<Box<RawValue>> for Content {
    fn from(raw: Box<RawValue>) -> Self {
        Self(raw.into())
    }
}

impl From<Content> for Box<RawValue> {
    fn from(content: Content) -> Self {
        RawValue::from_string(content.0.into()).unwrap_or_else(|_| RawValue::NULL.to_owned())
    }
}

/// Payload of `ping`; may be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ping {
    /// Comes back in the answer.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<u64>,
}

/// Payload of `auth`: says who one is, or goes on being it with a later token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Auth {
    pub token: String,
    /// Comes back in the answer.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<u64>,
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What a token says is never printed.
        f.debug_struct("Auth").field("reference", &self.reference).finish_non_exhaustive()
    }
}
