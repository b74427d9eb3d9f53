//! Errors at the edge: every answer that is not a success has this body, and faults are logged here, once.

use axum::{
    Json,
    extract::rejection::{JsonRejection, PathRejection, QueryRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use shared::{
    ErrorCode, IdempotencyKey,
    rest::{ErrorBody, ErrorDetail},
};

use crate::{domain::Refusal, hub::TopicError, media::IngestError, store::StoreError};

/// What a handler answers when it cannot do what was asked.
#[derive(Debug)]
pub struct ApiError(pub ErrorDetail);

impl ApiError {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self(ErrorDetail::new(code, message))
    }

    /// A value that was understood and is not allowed.
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self(ErrorDetail { field: Some(field.to_owned()), ..ErrorDetail::new(ErrorCode::Invalid, message) })
    }

    pub fn not_found(what: &str) -> Self {
        Self::new(ErrorCode::NotFound, format!("there is no such {what}"))
    }

    /// Names the draft that is refused.
    #[must_use]
    pub fn of(mut self, key: IdempotencyKey) -> Self {
        self.0.key = Some(Box::new(key));
        self
    }

    /// Too often: try again after this long.
    pub fn rate_limited(retry_after_ms: u64) -> Self {
        let detail = ErrorDetail::new(ErrorCode::RateLimited, "too many changes from this address");
        Self(ErrorDetail { retry_after_ms: Some(retry_after_ms), ..detail })
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let detail = self.0;
        let status =
            StatusCode::from_u16(detail.code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let sign_in = detail.code == ErrorCode::Unauthenticated;
        let retry_after = detail.retry_after_ms.map(|ms| HeaderValue::from(ms.div_ceil(1000).max(1)));
        let mut response = (status, Json(ErrorBody { error: detail })).into_response();
        if sign_in {
            // RFC 9110 §15.5.2 asks for a way to do it; a browser shows no dialog for this one.
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store refused");
        match error {
            StoreError::Unavailable(_) | StoreError::Closed => Self(ErrorDetail {
                retry_after_ms: Some(5000),
                ..ErrorDetail::new(
                    ErrorCode::StorageUnavailable,
                    "nothing was stored: the store cannot be written",
                )
            }),
            StoreError::Fault(_) => {
                Self::new(ErrorCode::Internal, "a fault of the server; its log has the details")
            }
        }
    }
}

impl From<TopicError> for ApiError {
    fn from(error: TopicError) -> Self {
        match error {
            TopicError::Unknown => Self::new(ErrorCode::UnknownTopic, "there is no such topic"),
            TopicError::SignIn => Refusal::SignIn.into(),
            TopicError::Forbidden => Refusal::Forbidden.into(),
            TopicError::Store(error) => error.into(),
        }
    }
}

impl From<IngestError> for ApiError {
    fn from(error: IngestError) -> Self {
        let code = error.code();
        if matches!(code, ErrorCode::Internal | ErrorCode::StorageUnavailable) {
            tracing::error!(%error, "an upload could not be stored");
        }
        Self::new(code, error.to_string())
    }
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                Self::new(ErrorCode::TooLarge, "the body is larger than allowed")
            }
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                Self::new(ErrorCode::UnsupportedMedia, "the body must be application/json")
            }
            _ if matches!(rejection, JsonRejection::BytesRejection(_)) => {
                Self::new(ErrorCode::Truncated, "the body broke off")
            }
            _ => Self::new(ErrorCode::Malformed, rejection.body_text()),
        }
    }
}

impl From<PathRejection> for ApiError {
    fn from(_: PathRejection) -> Self {
        Self::new(ErrorCode::NotFound, "there is nothing of that name")
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(ErrorCode::Malformed, rejection.body_text())
    }
}
