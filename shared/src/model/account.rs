//! Accounts: the people who sign in.

use serde::{Deserialize, Serialize};

use crate::{AccountId, SessionId, Timestamp};

/// What an account may do beside what its memberships allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AccountRole {
    User,
    /// May read and change everything.
    Admin,
}

impl AccountRole {
    pub const ALL: [Self; 2] = [Self::User, Self::Admin];

    /// As on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
        }
    }
}

impl std::str::FromStr for AccountRole {
    type Err = crate::text::InvalidText;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or(crate::text::InvalidText { what: "a role", rule: "one of user, admin" })
    }
}

/// Somebody, as everybody sees them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    pub id: AccountId,
    /// The name to sign in with and to be mentioned by (`@ada`): unique, in lower case.
    pub name: String,
    /// The name shown.
    pub display_name: String,
}

/// One's own account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    #[serde(flatten)]
    pub person: Person,
    pub role: AccountRole,
    /// Not shown among those who are present.
    pub invisible: bool,
    pub created_at: Timestamp,
}

/// `POST /api/accounts`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewAccount {
    /// 2 to 30 characters of a-z, 0-9, _ and -; upper case is taken as lower case.
    pub name: String,
    /// The name, unless given.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    pub password: String,
    /// Asked for where registration is by invitation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<String>,
}

/// `POST /api/session`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Credentials {
    pub name: String,
    pub password: String,
}

/// `PATCH /api/account`: what is absent stays as it is.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccountPatch {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invisible: Option<bool>,
}

/// `POST /api/account/password`. All other sessions end.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PasswordChange {
    pub current: String,
    pub new: String,
}

/// `GET /api/session`: who is asking, and what the server offers to who is not signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionState {
    /// Absent for a visitor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Account>,
    pub registration: Registration,
    /// Visitors may create events and post on events that nobody owns.
    pub visitors_may_post: bool,
}

/// Who may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Registration {
    Open,
    Invitation,
    Closed,
}

/// One sign-in of an account, for the list of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionInfo {
    pub id: SessionId,
    /// The session that asks.
    pub current: bool,
    /// What the browser calls itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user_agent: String,
    pub address: String,
    pub created_at: Timestamp,
    pub seen_at: Timestamp,
    pub expires_at: Timestamp,
}

macro_rules! hide_password {
    ($($name:ident)*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                // What holds a password is never printed.
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}
hide_password!(NewAccount Credentials PasswordChange AccountPatch);
