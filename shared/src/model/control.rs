//! What an operator sees and does: how the server does, what is sent to whom by hand, and who did that (V4).

use serde::{Deserialize, Serialize};

use crate::{AccountId, BroadcastId, ConnectionId, Cursor, Offset, Timestamp, Topic, change::domain_change};

/// `GET /api/websocket`: how the server does at this moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerStatus {
    pub version: String,
    pub started_at: Timestamp,
    /// It is about to end: everybody is told to come back later.
    pub draining: bool,
    pub connections: Connections,
    pub topics: u64,
    pub subscriptions: u64,
    /// Encoded publications in memory, in bytes.
    pub tail_bytes: u64,
    /// Publications by which the slowest reader is behind.
    pub slowest_reader_lag: u64,
    /// Resident memory of the process, in bytes; absent where that cannot be known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resident_bytes: Option<u64>,
    /// The last minutes, a sample a second, the earliest first. The rates of the last are those of this moment.
    pub samples: Vec<Sample>,
}

/// Connections by transport; a poll counts while it is held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Connections {
    pub websocket: u64,
    pub sse: u64,
    pub poll: u64,
    /// Accounts that have one at least.
    pub accounts: u64,
}

/// One second of the server. Rates are per second.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sample {
    pub at: Timestamp,
    pub connections: u64,
    pub subscriptions: u64,
    pub lag: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resident_bytes: Option<u64>,
    pub deliveries: f64,
    pub frames_sent: f64,
    pub frames_received: f64,
    pub bytes_sent: f64,
}

/// `POST /api/websocket`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Control {
    /// Publishes `data` on a topic, to all who follow it.
    Broadcast { channel: String, data: serde_json::Value },
    /// Publishes `data` to one account alone. Where it is a text, or has one under `text`, it is a notification as
    /// well.
    Notify { user_id: AccountId, data: serde_json::Value },
}

/// What came of it: where it stands in the topic's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Controlled {
    pub channel: Topic,
    pub cursor: Cursor,
}

domain_change! {
    /// What an operator, or a server with a key, publishes by hand.
    pub enum ControlChange {
        "broadcast" => Broadcast(Broadcast), about |broadcast| format!("broadcast:{}", broadcast.id);
        /// To one account alone.
        "notify" => Notify(Broadcast), about |broadcast| format!("notify:{}", broadcast.id);
    }
}

/// Payload of `broadcast` and `notify`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Broadcast {
    pub id: BroadcastId,
    /// As it was given; Touchline does not look inside.
    pub data: serde_json::Value,
}

/// `GET /api/admin/connections`: one of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionInfo {
    pub id: ConnectionId,
    pub transport: TransportKind,
    pub address: String,
    pub since: Timestamp,
    /// Whoever is signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
}

/// `GET /api/admin/connections/{id}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionDetail {
    #[serde(flatten)]
    pub about: ConnectionInfo,
    pub subscriptions: Vec<SubscriptionInfo>,
}

/// A topic that a connection follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SubscriptionInfo {
    pub topic: Topic,
    /// Up to where it has been handed to the connection.
    pub offset: Offset,
    /// Publications that it is behind.
    pub lag: u64,
}

/// How a session is drained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TransportKind {
    Websocket,
    Sse,
    Poll,
}

/// `GET /api/admin/topics`: one of those in memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TopicInfo {
    pub topic: Topic,
    pub head: Offset,
    pub subscriptions: u64,
    pub watchers: u64,
    /// Publications by which its slowest reader is behind.
    pub lag: u64,
    pub tail_bytes: u64,
}

/// `GET /api/admin/audit`: one act of an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    pub id: u64,
    pub at: Timestamp,
    /// `user:{id}` or `key:{id}`.
    pub by: String,
    /// `broadcast`, `notify`, `closeConnection`.
    pub action: String,
    /// The topic, the account or the connection that it was done to.
    pub target: String,
    /// The beginning of what was sent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}
