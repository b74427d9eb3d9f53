//! `/api/websocket` and `/api/admin`: for whoever runs the server (V4).

use axum::{
    Json,
    extract::{
        Path, Query, State,
        rejection::{JsonRejection, PathRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::{Deserialize, Serialize};
use shared::{
    ConnectionId, Cursor, ErrorCode, Topic,
    model::control::{
        AuditEntry, ConnectionDetail, ConnectionInfo, Control, Controlled, ServerStatus, TopicInfo,
    },
};

use super::{idempotency_key, page_items};
use crate::{
    app::App,
    auth::Principal,
    domain::control as domain,
    error::ApiError,
    metrics::resident_bytes,
    publish::{Keyed, once},
    store::{Tx, WorkError, audit},
    time::{timestamp, unix_ms},
    transport::updates::{self, UpdatesQuery},
};

/// Connections and topics on one page: those with most to tell.
const LISTED: usize = 500;

/// How the server does.
pub async fn status(State(app): State<App>, principal: Principal) -> Result<Json<ServerStatus>, ApiError> {
    domain::operator(&principal)?;
    let totals = app.hub.totals();
    Ok(Json(ServerStatus {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: timestamp(app.started_at),
        draining: app.is_draining(),
        connections: app.sessions.by_transport(),
        topics: totals.topics as u64,
        subscriptions: totals.subscriptions as u64,
        tail_bytes: totals.tail_bytes as u64,
        slowest_reader_lag: app.hub.slowest_reader_lag(),
        resident_bytes: resident_bytes(),
        samples: app.monitor.samples(),
    }))
}

/// Sends something by hand, to all who follow a topic or to one account.
pub async fn control(
    State(app): State<App>,
    principal: Principal,
    headers: HeaderMap,
    body: Result<Json<Control>, JsonRejection>,
) -> Result<Json<Controlled>, ApiError> {
    domain::operator(&principal)?;
    let Json(control) = body?;
    app.may_change(&principal, 1)?;
    let keyed = idempotency_key(&headers)?.map(|key| Keyed::new(key, &("control", &control))).transpose()?;
    let work = async move |tx: &mut Tx<'_>| {
        let by = principal.clone();
        let work = async move |tx: &mut Tx<'_>, at: i64| {
            let (channel, position) = match control {
                Control::Broadcast { channel, data } => {
                    domain::broadcast(tx, &by, &channel, data, at).await?
                }
                Control::Notify { user_id, data } => domain::notify(tx, &by, &user_id, data, at).await?,
            };
            Ok(Controlled { channel, cursor: Cursor(position) })
        };
        once(tx, &principal, keyed, unix_ms(), work).await
    };
    let outcome = app.store.write(work).await?.map_err(ApiError::from)?;
    Ok(Json(outcome.into_inner()))
}

/// A list without pages.
#[derive(Debug, Serialize)]
pub struct Listed<T> {
    items: Vec<T>,
    /// How many there are in all.
    total: usize,
}

/// Connections, the latest first.
pub async fn connections(
    State(app): State<App>,
    principal: Principal,
) -> Result<Json<Listed<ConnectionInfo>>, ApiError> {
    domain::operator(&principal)?;
    let items = app.sessions.list(LISTED);
    Ok(Json(Listed { items, total: app.sessions.count() }))
}

/// One connection, and what it follows.
pub async fn connection(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<ConnectionId>, PathRejection>,
) -> Result<Json<ConnectionDetail>, ApiError> {
    domain::operator(&principal)?;
    let Path(id) = id?;
    let (about, signal) = app.sessions.find(&id).ok_or_else(|| ApiError::not_found("connection"))?;
    Ok(Json(ConnectionDetail { about, subscriptions: app.hub.read_by(&signal) }))
}

/// Ends a connection. Its client comes back if it wants to.
pub async fn close(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<ConnectionId>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    domain::operator(&principal)?;
    let Path(id) = id?;
    let (about, signal) = app.sessions.find(&id).ok_or_else(|| ApiError::not_found("connection"))?;
    let (by, target) = (principal.author(), id.to_string());
    let detail = about.account_id.map(|account| account.to_string()).unwrap_or(about.address);
    let work = async move |tx: &mut Tx<'_>| {
        Ok::<_, WorkError<()>>(audit::note(tx, &by, "closeConnection", &target, &detail, unix_ms()).await?)
    };
    let noted = app.store.write(work).await?;
    debug_assert!(noted.is_ok());
    signal.end(shared::CloseCode::ClosedByOperator);
    Ok(StatusCode::NO_CONTENT)
}

/// Topics in memory, those with most readers first.
pub async fn topics(
    State(app): State<App>,
    principal: Principal,
) -> Result<Json<Listed<TopicInfo>>, ApiError> {
    domain::operator(&principal)?;
    let mut items = app.hub.list();
    let total = items.len();
    items.sort_by(|a, b| {
        b.subscriptions.cmp(&a.subscriptions).then_with(|| a.topic.as_str().cmp(b.topic.as_str()))
    });
    items.truncate(LISTED);
    Ok(Json(Listed { items, total }))
}

/// A topic's log. What concerns one account or one post alone is not an operator's to read.
pub async fn log(
    State(app): State<App>,
    principal: Principal,
    topic: Result<Path<String>, PathRejection>,
    query: Result<Query<UpdatesQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    domain::operator(&principal)?;
    let Path(topic) = topic?;
    let topic: Topic =
        topic.parse().map_err(|_| ApiError::new(ErrorCode::UnknownTopic, "there is no such topic"))?;
    updates::serve(&app, principal, topic, query?.0, &headers).await
}

/// `?limit=&before=`
#[derive(Debug, Deserialize)]
pub struct AuditQuery {
    limit: Option<usize>,
    before: Option<i64>,
}

/// Who did what, the latest first.
pub async fn audit_log(
    State(app): State<App>,
    principal: Principal,
    query: Result<Query<AuditQuery>, QueryRejection>,
) -> Result<Json<Vec<AuditEntry>>, ApiError> {
    domain::operator(&principal)?;
    let Query(AuditQuery { limit, before }) = query?;
    let limit = page_items(limit);
    Ok(Json(app.store.read(async move |tx| audit::list(tx, before, limit).await).await?))
}
