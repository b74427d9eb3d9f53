//! Presence: who is there at this moment. Told in frames, never stored, never in a log.

use serde::{Deserialize, Serialize};

use super::account::Person;
use crate::AccountId;

/// Payload of `presence:state`: who is there now, in place of everything said before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PresenceState {
    /// Who came first stands first; no more than are named ([`crate::TopicKind::people_named`]).
    pub people: Vec<Person>,
    /// How many there are, named or not.
    pub total: u64,
    /// Who is writing something, at most [`crate::limits::TYPING_NAMED`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub typing: Vec<Person>,
}

/// Payload of `presence:join`, `user:online` and `typing:start`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PersonThere {
    pub person: Person,
}

/// Payload of `presence:leave`, `user:offline` and `typing:stop`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PersonGone {
    pub user_id: AccountId,
}
