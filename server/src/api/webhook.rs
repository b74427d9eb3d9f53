//! `/api/webhooks`: where one's posts may be sent.

use axum::{
    Json,
    extract::{
        Path, State,
        rejection::{JsonRejection, PathRejection},
    },
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use shared::{
    WebhookId,
    model::post::{NewWebhook, Webhook},
};

use super::account::signed_in;
use crate::{
    app::App,
    auth::Principal,
    domain::post::webhook as domain,
    error::ApiError,
    store::{Tx, webhook as rows},
    time::unix_ms,
};

/// One's webhooks, without their secrets.
pub async fn list(State(app): State<App>, principal: Principal) -> Result<Json<Vec<Webhook>>, ApiError> {
    let account = signed_in(&principal)?.person.id.clone();
    Ok(Json(app.store.read(async move |tx| rows::list(tx, &account).await).await?))
}

/// Makes a webhook, and says its secret this once.
pub async fn create(
    State(app): State<App>,
    principal: Principal,
    body: Result<Json<NewWebhook>, JsonRejection>,
) -> Result<Response, ApiError> {
    let Json(new) = body?;
    signed_in(&principal)?;
    app.may_change(&principal, 1)?;
    let work = async move |tx: &mut Tx<'_>| domain::create(tx, &principal, new, unix_ms()).await;
    let webhook = app.store.write(work).await?.map_err(ApiError::from)?;
    let no_store = [(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"))];
    Ok((StatusCode::CREATED, no_store, Json(webhook)).into_response())
}

/// Forgets a webhook.
pub async fn delete(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<WebhookId>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let Path(id) = id?;
    signed_in(&principal)?;
    app.may_change(&principal, 1)?;
    let work = async move |tx: &mut Tx<'_>| domain::delete(tx, &principal, &id).await;
    app.store.write(work).await?.map_err(ApiError::from)?;
    Ok(StatusCode::NO_CONTENT)
}
