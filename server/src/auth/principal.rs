//! Who a request comes from.

use std::{convert::Infallible, net::IpAddr};

use axum::{extract::FromRequestParts, http::request::Parts};

use super::address::ClientAddress;

/// Who acts. Until there are accounts everybody is a visitor; every handler takes one all the same, so
/// that a user is one variant more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    Visitor { address: IpAddr },
}

impl Principal {
    /// The author under whom idempotency keys are kept. Visitors share one: their keys are random, and a
    /// phone keeps its drafts while its address changes.
    pub fn author(&self) -> &'static str {
        match self {
            Self::Visitor { .. } => "visitor",
        }
    }

    /// Where the request came from, for limits.
    pub fn address(&self) -> IpAddr {
        match self {
            Self::Visitor { address } => *address,
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Principal {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::Visitor { address: ClientAddress::of(&parts.extensions) })
    }
}
