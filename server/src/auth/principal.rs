//! Who a request comes from.

use std::net::{IpAddr, Ipv4Addr};

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use shared::{
    AccountId, ErrorCode, SessionId,
    model::account::{AccountRole, Person},
};

use super::{address::ClientAddress, session};
use crate::{app::App, error::ApiError};

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

/// What somebody showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// The session behind a cookie.
    Session(SessionId),
    /// A token, which is over at this time (Unix, in milliseconds).
    Token { expires_at: i64 },
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
            Credential::Session(_) => None,
        }
    }
}

impl FromRequestParts<App> for Principal {
    type Rejection = ApiError;

    /// By what the request shows, never by what it says: the session's cookie, or a bearer's token.
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let address = ClientAddress::of(&parts.extensions);
        if parts.headers.contains_key(header::AUTHORIZATION) {
            return Err(ApiError::new(
                ErrorCode::Unauthenticated,
                "this kind of authorization is not known here",
            ));
        }
        if let Some(user) = session::user(app, address, &parts.headers).await? {
            return Ok(Self::User(Box::new(user)));
        }
        Ok(Self::Visitor { address, may_post: app.config.accounts.visitors_may_post })
    }
}
