//! Who may read and write an event.

use serde::{Deserialize, Serialize};

use super::account::Person;
use crate::{InvitationId, Timestamp};

/// Who may see an event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Visibility {
    /// Everybody, and it is on the list of events.
    #[default]
    Public,
    /// Everybody who knows its address.
    Unlisted,
    /// Its members.
    Private,
}

impl Visibility {
    pub const ALL: [Self; 3] = [Self::Public, Self::Unlisted, Self::Private];

    /// As on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Unlisted => "unlisted",
            Self::Private => "private",
        }
    }
}

impl std::str::FromStr for Visibility {
    type Err = crate::text::InvalidText;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|visibility| visibility.as_str() == text).ok_or(crate::text::InvalidText {
            what: "a visibility",
            rule: "one of public, unlisted, private",
        })
    }
}

/// What a member may do; each may do what the one before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MemberRole {
    /// Reads.
    Viewer,
    /// Posts, and changes what is one's own.
    Contributor,
    /// Changes everything, and says who is a member.
    Owner,
}

impl MemberRole {
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Contributor, Self::Owner];

    /// As on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Contributor => "contributor",
            Self::Owner => "owner",
        }
    }
}

impl std::str::FromStr for MemberRole {
    type Err = crate::text::InvalidText;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or(crate::text::InvalidText { what: "a role", rule: "one of viewer, contributor, owner" })
    }
}

/// A member of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    pub person: Person,
    pub role: MemberRole,
    pub since: Timestamp,
}

/// `GET /api/events/{id}/access`: what who asks may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Access {
    /// Absent for who is no member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<MemberRole>,
    pub may_post: bool,
    pub may_manage: bool,
}

/// `PUT /api/events/{id}/members/{name}`: makes somebody a member, or changes what a member may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewMember {
    pub role: MemberRole,
}

/// `POST /api/events/{id}/invitations`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewInvitation {
    /// What who takes it becomes; not owner.
    pub role: MemberRole,
    /// How often it can be taken; without limit if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses: Option<u32>,
    /// Until when, in seconds from now; seven days if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_s: Option<u64>,
}

/// An invitation to an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    pub id: InvitationId,
    /// The secret of the link `/invitations/{code}`; said once, when it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    pub role: MemberRole,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses_left: Option<u32>,
    pub expires_at: Timestamp,
}

/// `GET /api/invitations/{code}`: what who holds the link is invited to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InvitationView {
    pub event_title: String,
    /// What who takes it becomes, unless they are more already.
    pub role: MemberRole,
}
