//! HTTP in, HTTP out: one file per resource. Handlers read the request, call the domain through `publish`
//! or the store's reads, and answer; they hold no rules of their own.

pub mod account;
pub mod comment;
pub mod control;
pub mod event;
pub mod files;
pub mod follow;
pub mod health;
pub mod match_;
pub mod media;
pub mod member;
pub mod notification;
pub mod post;
pub mod session;
pub mod story;
pub mod team;
pub mod tournament;
pub mod upload;
pub mod venue;
pub mod webhook;

use std::error::Error as _;

use axum::{
    Json,
    body::Bytes,
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use http_body_util::LengthLimitError;
use serde::{Deserialize, Serialize};
use shared::{ErrorCode, IdempotencyKey, limits};

use crate::{error::ApiError, publish::Outcome};

/// `/api/…` that is nothing.
pub async fn not_found() -> ApiError {
    ApiError::not_found("address")
}

/// A method that the address does not answer to.
pub async fn method_not_allowed() -> ApiError {
    ApiError::new(ErrorCode::MethodNotAllowed, "this address does not answer to that method")
}

/// 201 for what was made now, 200 for what an idempotency key had made before.
fn created<T: Serialize>(outcome: Outcome<T>, location: impl Fn(&T) -> String) -> Response {
    let (status, value) = match outcome {
        Outcome::Done(value) => (StatusCode::CREATED, value),
        Outcome::Before(value) => (StatusCode::OK, value),
    };
    let location = HeaderValue::from_str(&location(&value));
    let mut response = (status, Json(value)).into_response();
    if let Ok(location) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// The `Idempotency-Key` header.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, ApiError> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().ok().and_then(|text| text.parse().ok());
    key.map(Some)
        .ok_or_else(|| ApiError::invalid("Idempotency-Key", "1 to 64 characters of A-Z, a-z, 0-9, _ and -"))
}

/// A JSON body that may be one thing or an array of them.
async fn json_body(request: Request) -> Result<Bytes, ApiError> {
    let body = axum::body::to_bytes(request.into_body(), limits::JSON_BODY_BYTES).await.map_err(|error| {
        if matches!(error.source(), Some(cause) if cause.is::<LengthLimitError>()) {
            return ApiError::new(ErrorCode::TooLarge, "the body is larger than allowed");
        }
        ApiError::new(ErrorCode::Truncated, "the body broke off")
    })?;
    Ok(body.slice_ref(body.trim_ascii()))
}

fn parse<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| ApiError::new(ErrorCode::Malformed, error.to_string()))
}

/// Items on a page: what was asked for, within the limits.
fn page_items(limit: Option<usize>) -> usize {
    limit.unwrap_or(limits::PAGE_ITEMS_DEFAULT).clamp(1, limits::PAGE_ITEMS_MAX)
}
