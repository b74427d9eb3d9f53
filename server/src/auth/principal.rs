//! Who a request comes from.

use std::net::{IpAddr, Ipv4Addr};

use axum::{
    extract::{FromRequestParts, MatchedPath, Query},
    http::{HeaderValue, header, request::Parts},
};
use shared::{
    AccountId, ErrorCode, SessionId,
    model::account::{Account, AccountRole, Person},
};

use super::{address::ClientAddress, api_key, session, token};
use crate::{
    app::{App, AppState},
    error::ApiError,
};

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// Somebody who is not signed in.
    Visitor {
        address: IpAddr,
        /// The operator lets visitors create events and post on events that nobody owns.
        may_post: bool,
    },
    /// Somebody with an account.
    User(Box<User>),
    /// A server with an API key: may do what an administrator may.
    Key { id: Box<str>, address: IpAddr },
}

/// Somebody with an account, as they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub person: Person,
    pub role: AccountRole,
    /// Not shown among those who are present.
    pub invisible: bool,
    pub address: IpAddr,
    /// As a visitor may: post on events that nobody owns.
    pub may_post: bool,
    pub by: Credential,
}

impl User {
    pub fn new(app: &AppState, account: Account, address: IpAddr, by: Credential) -> Self {
        Self {
            person: account.person,
            role: account.role,
            invisible: account.invisible,
            address,
            may_post: app.config.accounts.visitors_may_post,
            by,
        }
    }
}

/// What somebody showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// The session behind a cookie.
    Session(SessionId),
    /// A token, which is over at this time (Unix, in milliseconds).
    Token { expires_at: i64 },
    /// Nothing: the server acts for the account, as it was told to before.
    Schedule,
}

/// The author under whom the server itself acts, for idempotency keys.
pub const SYSTEM: &str = "system";

impl Principal {
    /// Somebody of whom nothing is known: may what everybody may.
    pub const fn anybody() -> Self {
        Self::Visitor { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), may_post: false }
    }

    /// The author under whom idempotency keys are kept. Visitors share one: their keys are random, and a
    /// phone keeps its drafts while its address changes.
    pub fn author(&self) -> String {
        match self {
            Self::Visitor { .. } => "visitor".to_owned(),
            Self::User(user) => format!("user:{}", user.person.id),
            Self::Key { id, .. } => format!("key:{id}"),
        }
    }

    /// Where the request came from, for limits.
    pub fn address(&self) -> IpAddr {
        match self {
            Self::Visitor { address, .. } | Self::Key { address, .. } => *address,
            Self::User(user) => user.address,
        }
    }

    /// Who it is, for logs: an account, a key, or else an address.
    pub fn who(&self) -> String {
        match self {
            Self::Visitor { address, .. } => address.to_string(),
            Self::User(user) => user.person.id.to_string(),
            Self::Key { id, .. } => id.to_string(),
        }
    }

    pub fn user(&self) -> Option<&User> {
        match self {
            Self::User(user) => Some(user),
            Self::Visitor { .. } | Self::Key { .. } => None,
        }
    }

    pub fn account_id(&self) -> Option<&AccountId> {
        self.user().map(|user| &user.person.id)
    }

    /// Whether nothing is closed to it.
    pub fn is_admin(&self) -> bool {
        match self {
            Self::Visitor { .. } => false,
            Self::User(user) => user.role == AccountRole::Admin,
            Self::Key { .. } => true,
        }
    }

    /// When it is over by itself (Unix, in milliseconds).
    pub fn expires_at(&self) -> Option<i64> {
        match self.user()?.by {
            Credential::Token { expires_at } => Some(expires_at),
            Credential::Session(_) | Credential::Schedule => None,
        }
    }
}

/// The addresses that take a token in their query: those that a browser opens without being able to send a
/// header. Elsewhere a query is no place for it.
const TOKEN_IN_QUERY: [&str; 6] = [
    "/ws",
    "/api/ws/events/{id}",
    "/api/sse",
    "/api/poll",
    "/api/events/{id}/stream",
    "/api/events/{id}/updates",
];

impl FromRequestParts<App> for Principal {
    type Rejection = ApiError;

    /// By what the request shows, never by what it says: a bearer's token or key, or the session's cookie.
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let address = ClientAddress::of(&parts.extensions);
        if let Some(value) = parts.headers.get(header::AUTHORIZATION) {
            return match bearer(value) {
                Some(key) if api_key::is_key(key) => api_key::principal(app, address, key).await,
                Some(shown) => Ok(Self::User(Box::new(token::user(app, address, shown).await?))),
                None => Err(ApiError::new(
                    ErrorCode::Unauthenticated,
                    "this kind of authorization is not known here",
                )),
            };
        }
        if let Some(shown) = token_in_query(parts) {
            return Ok(Self::User(Box::new(token::user(app, address, &shown).await?)));
        }
        if let Some(user) = session::user(app, address, &parts.headers).await? {
            return Ok(Self::User(Box::new(user)));
        }
        Ok(Self::Visitor { address, may_post: app.config.accounts.visitors_may_post })
    }
}

/// What stands behind `Bearer` (RFC 6750 §2.1).
fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, shown) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| shown.trim())
}

fn token_in_query(parts: &Parts) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Shown {
        token: String,
    }
    let path = parts.extensions.get::<MatchedPath>()?;
    if !TOKEN_IN_QUERY.contains(&path.as_str()) {
        return None;
    }
    Query::<Shown>::try_from_uri(&parts.uri).ok().map(|Query(shown)| shown.token)
}
