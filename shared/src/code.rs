//! Stable codes. Programs act on these; the message beside them is for people and may change.

use serde::{Deserialize, Serialize};

/// What went wrong, in an `error` frame and in the body of every HTTP answer that is not a success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ErrorCode {
    /// The frame or body is not JSON, or not of the form that its type asks for.
    Malformed,
    /// A frame of a type that this server does not know.
    UnknownType,
    /// A value was understood and is not allowed; `field` names it.
    Invalid,
    /// No such topic, or none of that kind.
    UnknownTopic,
    /// The resource does not exist (any more).
    NotFound,
    /// The method is not one that this address answers to.
    MethodNotAllowed,
    /// Signing in would help.
    Unauthenticated,
    /// Signing in would not help.
    Forbidden,
    /// The request comes from a page of another origin.
    CrossSite,
    /// The idempotency key was used before, for something else.
    KeyReused,
    /// The resource has been changed since it was read.
    Conflict,
    /// Larger than the limit for it.
    TooLarge,
    /// The bytes are not of a media type that is taken, or not what they claim to be.
    UnsupportedMedia,
    /// The upload broke off, or the file is damaged.
    Truncated,
    /// Too many at once, or too often; `retryAfterMs` says when to try again.
    RateLimited,
    /// More subscriptions on one connection than are allowed.
    TooManySubscriptions,
    /// More connections from one address than are allowed.
    TooManyConnections,
    /// The store cannot be written at present (disk full, read-only): nothing was stored.
    StorageUnavailable,
    /// The server is shutting down; come back in a moment.
    Draining,
    /// A fault of the server; its log has the details.
    Internal,
}

impl ErrorCode {
    /// Every code, in the order of the document.
    pub const ALL: [Self; 20] = [
        Self::Malformed,
        Self::UnknownType,
        Self::Invalid,
        Self::UnknownTopic,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::CrossSite,
        Self::KeyReused,
        Self::Conflict,
        Self::TooLarge,
        Self::UnsupportedMedia,
        Self::Truncated,
        Self::RateLimited,
        Self::TooManySubscriptions,
        Self::TooManyConnections,
        Self::StorageUnavailable,
        Self::Draining,
        Self::Internal,
    ];

    /// The code as it stands on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::UnknownType => "unknownType",
            Self::Invalid => "invalid",
            Self::UnknownTopic => "unknownTopic",
            Self::NotFound => "notFound",
            Self::MethodNotAllowed => "methodNotAllowed",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::CrossSite => "crossSite",
            Self::KeyReused => "keyReused",
            Self::Conflict => "conflict",
            Self::TooLarge => "tooLarge",
            Self::UnsupportedMedia => "unsupportedMedia",
            Self::Truncated => "truncated",
            Self::RateLimited => "rateLimited",
            Self::TooManySubscriptions => "tooManySubscriptions",
            Self::TooManyConnections => "tooManyConnections",
            Self::StorageUnavailable => "storageUnavailable",
            Self::Draining => "draining",
            Self::Internal => "internal",
        }
    }

    /// The HTTP status that carries this code (RFC 9110 §15).
    pub const fn http_status(self) -> u16 {
        match self {
            Self::Malformed | Self::UnknownType | Self::Truncated => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden | Self::CrossSite => 403,
            Self::UnknownTopic | Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::KeyReused | Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::UnsupportedMedia => 415,
            Self::Invalid => 422,
            Self::RateLimited | Self::TooManySubscriptions | Self::TooManyConnections => 429,
            Self::Internal => 500,
            Self::StorageUnavailable | Self::Draining => 503,
        }
    }

    /// Whether the same request may succeed later without being changed.
    pub const fn is_temporary(self) -> bool {
        matches!(
            self,
            Self::RateLimited
                | Self::TooManySubscriptions
                | Self::TooManyConnections
                | Self::StorageUnavailable
                | Self::Draining
                | Self::Internal
        )
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a WebSocket was closed (RFC 6455 §7.4.2, private use). The range is the policy: 4000–4499 come
/// back, 4500–4999 do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum CloseCode {
    /// The server is shutting down; a `reconnect` frame named the delay.
    Draining = 4000,
    /// Nothing was heard from the client for too long.
    HeartbeatLost = 4001,
    /// The client takes what it is sent too slowly; it resumes at its position.
    TooSlow = 4002,
    /// The client left the feed it had; for instance a newer connection of the same tab.
    Superseded = 4003,
    /// The server cannot read its store at present.
    StorageUnavailable = 4004,
    /// What the account may do has changed; the next connection knows.
    RoleChanged = 4005,
    /// An operator has closed the connection by hand.
    ClosedByOperator = 4006,
    /// Too many connections from this address, or too many frames a second.
    RateLimited = 4029,
    /// The frames make no sense to this server.
    ProtocolViolation = 4500,
    /// Signing in is asked for.
    Unauthenticated = 4501,
    /// This principal may not connect here.
    Forbidden = 4503,
    /// The event does not exist.
    NotFound = 4504,
    /// The browser page that opened the socket is of another origin.
    CrossSite = 4505,
    /// The account has too many connections; a newer one took this one's place.
    Replaced = 4506,
}

impl CloseCode {
    /// Every code, in the order of the document.
    pub const ALL: [Self; 14] = [
        Self::Draining,
        Self::HeartbeatLost,
        Self::TooSlow,
        Self::Superseded,
        Self::StorageUnavailable,
        Self::RoleChanged,
        Self::ClosedByOperator,
        Self::RateLimited,
        Self::ProtocolViolation,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::CrossSite,
        Self::Replaced,
    ];

    pub const fn number(self) -> u16 {
        self as u16
    }

    /// The reason text sent beside the number; stable, for logs and dashboards.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Draining => "draining",
            Self::HeartbeatLost => "heartbeat lost",
            Self::TooSlow => "too slow",
            Self::Superseded => "superseded",
            Self::StorageUnavailable => "storage unavailable",
            Self::RoleChanged => "role changed",
            Self::ClosedByOperator => "closed by operator",
            Self::RateLimited => "rate limited",
            Self::ProtocolViolation => "protocol violation",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not found",
            Self::CrossSite => "cross-site",
            Self::Replaced => "replaced",
        }
    }
}

/// What a client does after a connection was closed with `code`. Every number but 4500–4999 (and 1008,
/// policy violation) leaves the way back open.
pub const fn may_reconnect(code: u16) -> bool {
    !(code == 1008 || (code >= 4500 && code <= 4999))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_text_is_what_serde_writes() {
        for code in ErrorCode::ALL {
            assert_eq!(serde_json::to_string(&code).unwrap(), format!("\"{code}\""));
        }
    }

    #[test]
    fn the_range_is_the_policy() {
        for code in CloseCode::ALL {
            assert_eq!(may_reconnect(code.number()), (4000..4500).contains(&code.number()), "{code:?}");
        }
        assert!(may_reconnect(1001) && may_reconnect(1006) && !may_reconnect(1008));
    }
}
