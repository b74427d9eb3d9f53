//! `/api/venues`: venues, what their guests say and what they offer.

use axum::{
    Json,
    extract::{
        Path, Query, State,
        rejection::{JsonRejection, PathRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::Deserialize;
use shared::{
    PromotionId, Topic, VenueId, VibeCheckId,
    limits::{MOOD_HOURS_SHOWN, VIBE_CHECKS_SHOWN},
    model::venue::{
        HOUR_MS, MoodHour, NewPromotion, NewVenue, NewVibeCheck, Promotion, PromotionPatch, Venue,
        VenueCursors, VenuePage, VenuePatch, VibeCheck,
    },
    rest::Page,
};

use super::{created, event::cursor, idempotency_key, page_items};
use crate::{
    app::App,
    auth::{
        Principal,
        permission::{self, Action, Decision},
    },
    domain::{self, Refusal},
    error::ApiError,
    publish::{Keyed, publish},
    store::{Tx, WorkError, log, venue as rows},
    time::unix_ms,
    transport::updates::{self, UpdatesQuery},
};

/// `GET /api/venues?limit=&after=`
#[derive(Debug, Deserialize)]
pub struct ListQuery {
    limit: Option<usize>,
    after: Option<After>,
}

/// The venue that a page ended with: when it was made, and its id.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct After(i64, VenueId);

impl TryFrom<String> for After {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let parts = text.split_once('.').and_then(|(at, id)| Some(Self(at.parse().ok()?, id.parse().ok()?)));
        parts.ok_or("`after` is the `next` of a page")
    }
}

/// Venues, the newest first, and the cursor to go live from.
pub async fn list(
    State(app): State<App>,
    principal: Principal,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<Page<Venue>>, ApiError> {
    let Query(query) = query?;
    let limit = page_items(query.limit);
    let work = async move |tx: &mut Tx<'_>| {
        let before = query.after.map(|After(made_at, id)| (made_at, id));
        let venues = rows::list(tx, before, limit + 1).await?;
        Ok((venues, log::position(tx, &Topic::venue_updates()).await?))
    };
    let (mut venues, position) = app.read_as(&principal, &Topic::venue_updates(), work).await?;
    let more = venues.len() > limit;
    venues.truncate(limit);
    let next = venues.last().filter(|_| more).map(|(made_at, venue)| format!("{made_at}.{}", venue.id));
    let items = venues.into_iter().map(|(_, venue)| venue).collect();
    Ok(Json(Page { items, next, cursor: cursor(position)? }))
}

/// Makes a venue.
pub async fn create(
    State(app): State<App>,
    principal: Principal,
    headers: HeaderMap,
    body: Result<Json<NewVenue>, JsonRejection>,
) -> Result<Response, ApiError> {
    let Json(new) = body?;
    app.may_change(&principal, 1)?;
    let keyed = idempotency_key(&headers)?.map(|key| Keyed::new(key, &("venue", &new))).transpose()?;
    let by = principal.clone();
    let work = async move |tx: &mut Tx<'_>, at| domain::venue::create(tx, &by, new, at).await;
    let outcome = publish(&app.store, &principal, Action::Post, &Topic::venue_updates(), keyed, work).await?;
    Ok(created(outcome, |venue: &Venue| format!("/api/venues/{}", venue.id)))
}

/// Everything that a venue's page shows, and where to go live from.
pub async fn read(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<VenueId>, PathRejection>,
) -> Result<Json<VenuePage>, ApiError> {
    let Path(id) = id?;
    let by = principal.clone();
    let work = async move |tx: &mut Tx<'_>| {
        let venue = rows::find(tx, &id).await?.ok_or(WorkError::Refused(Refusal::NotFound("venue")))?;
        let since = MoodHour::of(unix_ms()).from_ms - (MOOD_HOURS_SHOWN as i64 - 1) * HOUR_MS;
        let topics = [Topic::venue(&id), Topic::vibe_checks(&id), Topic::promotions(&id)];
        let mut positions = Vec::with_capacity(topics.len());
        for topic in &topics {
            positions.push(log::position(tx, topic).await?);
        }
        let manage = permission::decide(tx, &by, Action::Manage, &topics[0]).await?;
        let post = permission::decide(tx, &by, Action::Post, &topics[1]).await?;
        let checks = rows::checks(tx, &id, VIBE_CHECKS_SHOWN).await?;
        let promotions = rows::promotions(tx, &id).await?;
        let hours = rows::hours(tx, &id, since).await?;
        Ok((venue, checks, promotions, hours, positions, manage, post))
    };
    let (venue, vibe_checks, promotions, hours, positions, manage, post) = app.read(work).await?;
    let mut cursors = positions.into_iter().map(cursor);
    let mut next = || cursors.next().unwrap_or_else(|| cursor(None));
    let cursors = VenueCursors { venue: next()?, vibe_checks: next()?, promotions: next()? };
    let (may_manage, may_post) = (manage == Decision::Allowed, post == Decision::Allowed);
    Ok(Json(VenuePage { venue, promotions, vibe_checks, hours, cursors, may_manage, may_post }))
}

/// Changes a venue.
pub async fn change(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<VenueId>, PathRejection>,
    body: Result<Json<VenuePatch>, JsonRejection>,
) -> Result<Json<Venue>, ApiError> {
    let (Path(id), Json(patch)) = (id?, body?);
    app.may_change(&principal, 1)?;
    let topic = Topic::venue(&id);
    let work = async move |tx: &mut Tx<'_>, at| domain::venue::change(tx, &id, patch, at).await;
    let outcome = publish(&app.store, &principal, Action::Manage, &topic, None, work).await?;
    Ok(Json(outcome.into_inner()))
}

/// Deletes a venue with everything said of it.
pub async fn delete(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<VenueId>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let Path(id) = id?;
    app.may_change(&principal, 1)?;
    let topic = Topic::venue(&id);
    let work = async move |tx: &mut Tx<'_>, at| domain::venue::delete(tx, &id, at).await;
    let uploads = publish(&app.store, &principal, Action::Manage, &topic, None, work).await?.into_inner();
    app.remove_files(uploads).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Says how it is at a venue.
pub async fn check(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<VenueId>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<NewVibeCheck>, JsonRejection>,
) -> Result<Response, ApiError> {
    let (Path(id), Json(new)) = (id?, body?);
    app.may_change(&principal, 1)?;
    let keyed =
        idempotency_key(&headers)?.map(|key| Keyed::new(key, &("vibeCheck", &id, &new))).transpose()?;
    let (by, topic) = (principal.clone(), Topic::vibe_checks(&id));
    let work = async move |tx: &mut Tx<'_>, at| domain::venue::check(tx, &by, &id, new, at).await;
    let outcome = publish(&app.store, &principal, Action::Post, &topic, keyed, work).await?;
    Ok(created(outcome, |check: &VibeCheck| {
        format!("/api/venues/{}/vibe-checks/{}", check.venue_id, check.id)
    }))
}

/// Deletes a vibe check.
pub async fn delete_check(
    State(app): State<App>,
    principal: Principal,
    ids: Result<Path<(VenueId, VibeCheckId)>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let Path((venue, id)) = ids?;
    app.may_change(&principal, 1)?;
    let (by, topic) = (principal.clone(), Topic::vibe_checks(&venue));
    let work = async move |tx: &mut Tx<'_>, at| domain::venue::delete_check(tx, &by, &venue, &id, at).await;
    let upload = publish(&app.store, &principal, Action::Post, &topic, None, work).await?.into_inner();
    app.remove_files(upload).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Offers something from one time to another.
pub async fn promote(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<VenueId>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<NewPromotion>, JsonRejection>,
) -> Result<Response, ApiError> {
    let (Path(id), Json(new)) = (id?, body?);
    app.may_change(&principal, 1)?;
    let keyed =
        idempotency_key(&headers)?.map(|key| Keyed::new(key, &("promotion", &id, &new))).transpose()?;
    let topic = Topic::promotions(&id);
    let work = async move |tx: &mut Tx<'_>, at| domain::venue::promote(tx, &id, new, at).await;
    let outcome = publish(&app.store, &principal, Action::Manage, &topic, keyed, work).await?;
    app.turns.notify_one();
    let place = |made: &Promotion| format!("/api/venues/{}/promotions/{}", made.venue_id, made.id);
    Ok(created(outcome, place))
}

/// Changes a promotion that is not over.
pub async fn change_promotion(
    State(app): State<App>,
    principal: Principal,
    ids: Result<Path<(VenueId, PromotionId)>, PathRejection>,
    body: Result<Json<PromotionPatch>, JsonRejection>,
) -> Result<Json<Promotion>, ApiError> {
    let (Path((venue, id)), Json(patch)) = (ids?, body?);
    app.may_change(&principal, 1)?;
    let topic = Topic::promotions(&venue);
    let work =
        async move |tx: &mut Tx<'_>, at| domain::venue::change_promotion(tx, &venue, &id, patch, at).await;
    let outcome = publish(&app.store, &principal, Action::Manage, &topic, None, work).await?;
    app.turns.notify_one();
    Ok(Json(outcome.into_inner()))
}

/// Deletes a promotion.
pub async fn delete_promotion(
    State(app): State<App>,
    principal: Principal,
    ids: Result<Path<(VenueId, PromotionId)>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let Path((venue, id)) = ids?;
    app.may_change(&principal, 1)?;
    let topic = Topic::promotions(&venue);
    let work = async move |tx: &mut Tx<'_>, at| domain::venue::delete_promotion(tx, &venue, &id, at).await;
    publish(&app.store, &principal, Action::Manage, &topic, None, work).await?;
    Ok(StatusCode::NO_CONTENT)
}

type Updates = Result<Query<UpdatesQuery>, QueryRejection>;

/// What was published of all venues (V3).
pub async fn all_updates(
    State(app): State<App>,
    principal: Principal,
    query: Updates,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    updates::serve(&app, principal, Topic::venue_updates(), query?.0, &headers).await
}

/// What was published of one venue (V3).
pub async fn venue_updates(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<VenueId>, PathRejection>,
    query: Updates,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    updates::serve(&app, principal, Topic::venue(&id?.0), query?.0, &headers).await
}

/// What its guests said of a venue (V3).
pub async fn check_updates(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<VenueId>, PathRejection>,
    query: Updates,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    updates::serve(&app, principal, Topic::vibe_checks(&id?.0), query?.0, &headers).await
}

/// What was published of a venue's promotions (V3).
pub async fn promotion_updates(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<VenueId>, PathRejection>,
    query: Updates,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    updates::serve(&app, principal, Topic::promotions(&id?.0), query?.0, &headers).await
}
