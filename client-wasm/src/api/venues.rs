//! The REST calls about venues.

use gloo_net::http::Request;
use shared::{
    IdempotencyKey, PromotionId, VenueId, VibeCheckId,
    model::venue::{
        NewPromotion, NewVenue, NewVibeCheck, Promotion, Venue, VenuePage, VenuePatch, VibeCheck,
    },
    rest::Page,
};

use super::{Answer, done, get, send};
use crate::browser::encode;

pub(crate) async fn list(after: Option<String>) -> Answer<Page<Venue>> {
    match after {
        None => get("/api/venues?limit=200").await,
        Some(after) => get(&format!("/api/venues?limit=200&after={}", encode(&after))).await,
    }
}

pub(crate) async fn create(new: &NewVenue, key: &IdempotencyKey) -> Answer<Venue> {
    send(Request::post("/api/venues").header("idempotency-key", key.as_str()), new).await
}

pub(crate) async fn one(id: &VenueId) -> Answer<VenuePage> {
    get(&format!("/api/venues/{id}")).await
}

pub(crate) async fn change(id: &VenueId, patch: &VenuePatch) -> Answer<Venue> {
    send(Request::patch(&format!("/api/venues/{id}")), patch).await
}

pub(crate) async fn delete(id: &VenueId) -> Answer<()> {
    done(Request::delete(&format!("/api/venues/{id}")).build()).await
}

pub(crate) async fn check(id: &VenueId, new: &NewVibeCheck, key: &IdempotencyKey) -> Answer<VibeCheck> {
    let request = Request::post(&format!("/api/venues/{id}/vibe-checks"));
    send(request.header("idempotency-key", key.as_str()), new).await
}

pub(crate) async fn delete_check(venue: &VenueId, id: &VibeCheckId) -> Answer<()> {
    done(Request::delete(&format!("/api/venues/{venue}/vibe-checks/{id}")).build()).await
}

pub(crate) async fn promote(id: &VenueId, new: &NewPromotion, key: &IdempotencyKey) -> Answer<Promotion> {
    let request = Request::post(&format!("/api/venues/{id}/promotions"));
    send(request.header("idempotency-key", key.as_str()), new).await
}

pub(crate) async fn delete_promotion(venue: &VenueId, id: &PromotionId) -> Answer<()> {
    done(Request::delete(&format!("/api/venues/{venue}/promotions/{id}")).build()).await
}
