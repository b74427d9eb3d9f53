//! `/healthz`, `/readyz`, `/metrics`

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use shared::{ErrorCode, Topic};

use crate::{app::App, error::ApiError, store::log};

/// The process runs.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// The server takes traffic: the store answers, and it is not about to end.
pub async fn ready(State(app): State<App>) -> Result<&'static str, ApiError> {
    if app.is_draining() {
        return Err(ApiError::new(ErrorCode::Draining, "the server is shutting down"));
    }
    app.store.read(async |tx| log::extent(tx, &Topic::events()).await).await?;
    Ok("ok\n")
}

/// Prometheus text format, version 0.0.4.
pub async fn metrics(State(app): State<App>) -> impl IntoResponse {
    let text = app.metrics.render(&app);
    (StatusCode::OK, [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}
