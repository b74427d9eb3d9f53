//! Venues, vibe checks and promotions: their topics (V1), their addresses (V2), and who may do what (V8).

use std::time::Duration;

use serde_json::{Value, json};
use shared::{
    ErrorCode, Publication, ServerFrame, Topic,
    model::venue::{Crowd, Promotion, PromotionStatus, Venue, VenueChange, VenuePage, VibeCheck},
    rest::Page,
};

use crate::support::{Api, Follower, Server, Transport, over_every_transport, until};

pub(crate) async fn venue(by: &Api, name: &str) -> Venue {
    let answer = by.post("/api/venues", &json!({"name": name, "place": "Canal 3"})).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.read()
}

pub(crate) async fn check(by: &Api, venue: &Venue, said: &Value) -> VibeCheck {
    let answer = by.post(&format!("/api/venues/{}/vibe-checks", venue.id), said).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.read()
}

pub(crate) async fn page(by: &Api, venue: &Venue) -> VenuePage {
    let answer = by.get(&format!("/api/venues/{}", venue.id)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.read()
}

pub(crate) fn of_venues(publication: &Publication) -> VenueChange {
    publication.change.read().unwrap_or_else(|| panic!("nothing about a venue: {:?}", publication.change))
}

async fn next(follower: &mut Follower) -> VenueChange {
    of_venues(&follower.next_publication().await)
}

/// A time `ms` from now, as on the wire.
fn in_ms(ms: i64) -> String {
    server::time::timestamp(server::time::unix_ms() + ms).to_string()
}

over_every_transport! {
    v1_v2_each_change_is_published_on_its_topics
}

async fn v1_v2_each_change_is_published_on_its_topics(transport: Transport) {
    let server = Server::start().await;
    let (ada, ben) = (server.register("ada").await, server.register("ben").await);
    let mut all = Follower::on(&server, transport, &Topic::venue_updates(), None).await;
    all.next_subscribed().await;
    let made = venue(&ada, "The Lock").await;
    assert_eq!(next(&mut all).await, VenueChange::New(Box::new(made.clone())));

    let mut one = Follower::on(&server, transport, &Topic::venue(&made.id), None).await;
    let mut checks = Follower::on(&server, transport, &Topic::vibe_checks(&made.id), None).await;
    let mut promotions = Follower::on(&server, transport, &Topic::promotions(&made.id), None).await;
    for follower in [&mut one, &mut checks, &mut promotions] {
        follower.next_subscribed().await;
    }
    let said = check(&ben, &made, &json!({"rating": 4, "crowd": "busy", "text": "Good band"})).await;
    assert_eq!(
        (&said.author.name, said.author.account_id.as_ref()),
        (&"ben".to_owned(), Some(&ben.person.id))
    );
    assert_eq!(next(&mut checks).await, VenueChange::CheckNew(Box::new(said.clone())));
    for follower in [&mut all, &mut one] {
        let VenueChange::Now(changed) = next(follower).await else { panic!("not how it is there") };
        assert_eq!(
            (changed.now.checks, changed.now.rating, changed.now.crowd),
            (1, Some(4.0), Some(Crowd::Busy))
        );
    }
    let body = json!({"title": "Happy hour", "endsAt": in_ms(3_600_000)});
    let promotion: Promotion = ada.post(&format!("/api/venues/{}/promotions", made.id), &body).await.read();
    assert_eq!(promotion.status, PromotionStatus::Running);
    assert_eq!(next(&mut promotions).await, VenueChange::PromotionNew(Box::new(promotion.clone())));
    for follower in [&mut all, &mut one] {
        let VenueChange::Now(changed) = next(follower).await else { panic!("not how it is there") };
        assert_eq!(changed.now.promotions, 1);
    }
    let renamed = ada.patch(&format!("/api/venues/{}", made.id), &json!({"name": "The Weir"})).await;
    let renamed: Venue = renamed.read();
    for follower in [&mut all, &mut one] {
        assert_eq!(next(follower).await, VenueChange::Update(Box::new(renamed.clone())));
    }
    assert_eq!(ada.delete(&format!("/api/venues/{}", made.id)).await.status, 204);
    let VenueChange::Delete(gone) = next(&mut all).await else { panic!("not a deletion") };
    assert_eq!(gone.venue_id, made.id);
    for follower in [&mut one, &mut checks, &mut promotions] {
        match follower.next_news().await {
            ServerFrame::Publication(last) => {
                assert!(matches!(of_venues(&last), VenueChange::Delete(_)), "{last:?}");
            }
            // A poll that comes after the end finds no topic.
            ServerFrame::Error(error) if transport == Transport::Poll => {
                assert_eq!(error.code, ErrorCode::UnknownTopic);
            }
            other => panic!("not the end but {other:?}"),
        }
    }
    assert_eq!(ada.get(&format!("/api/venues/{}", made.id)).await.status, 404);
}

#[tokio::test]
async fn v2_a_page_has_everything_and_the_places_to_go_live_from() {
    let server = Server::start().await;
    let ada = server.register("ada").await;
    let made = venue(&ada, "The Lock").await;
    check(&ada, &made, &json!({"rating": 2})).await;
    check(&ada, &made, &json!({"rating": 5, "crowd": "packed"})).await;
    let photo = ada.uploaded("alpha.png").await;
    let pictured = check(&ada, &made, &json!({"uploadId": photo.upload_id})).await;
    let own = page(&ada, &made).await;
    assert_eq!((own.may_manage, own.may_post), (true, true));
    assert_eq!(
        (own.venue.now.checks, own.venue.now.rating, own.venue.now.crowd),
        (3, Some(3.5), Some(Crowd::Packed))
    );
    assert_eq!(own.vibe_checks.len(), 3);
    assert_eq!((&own.vibe_checks[0], own.vibe_checks[2].rating), (&pictured, Some(2)));
    let sums: u64 = own.hours.iter().map(|hour| hour.rating_sum).sum();
    assert_eq!(sums, 7, "{:?}", own.hours);
    let cursor = own.cursors.vibe_checks.to_string();
    let mut follower =
        Follower::on(&server, Transport::WebSocket, &Topic::vibe_checks(&made.id), Some(cursor)).await;
    assert!(follower.next_subscribed().await.1.recovered);
    let later = check(&ada, &made, &json!({"text": "Later"})).await;
    assert_eq!(next(&mut follower).await, VenueChange::CheckNew(Box::new(later)));
    let listed: Page<Venue> = server.get("/api/venues").await.read();
    assert_eq!((listed.items.len(), listed.items[0].now.checks), (1, 4));
}

#[tokio::test]
async fn v2_venues_are_listed_page_by_page() {
    let server = Server::start().await;
    let mut made = Vec::new();
    for number in 0..5 {
        made.push(venue(&server, &format!("Venue {number}")).await.id);
    }
    let (mut listed, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let page: Page<Venue> = server.get(&format!("/api/venues{query}")).await.read();
        listed.extend(page.items.into_iter().map(|venue| venue.id));
        let Some(next) = page.next else { break };
        query = format!("?limit=2&after={next}");
    }
    made.reverse();
    assert_eq!(listed, made);
}

#[tokio::test]
async fn v1_a_promotion_begins_and_ends_by_itself() {
    let server = Server::start().await;
    let ada = server.register("ada").await;
    let made = venue(&ada, "The Lock").await;
    let mut follower = Follower::on(&server, Transport::WebSocket, &Topic::promotions(&made.id), None).await;
    follower.next_subscribed().await;
    let (begin, end) = (Duration::from_millis(300), Duration::from_millis(700));
    let started = tokio::time::Instant::now();
    let body = json!({"title": "Two for one", "startsAt": in_ms(300), "endsAt": in_ms(700)});
    let answer = ada.post(&format!("/api/venues/{}/promotions", made.id), &body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let VenueChange::PromotionNew(shown) = next(&mut follower).await else { panic!("not a promotion") };
    assert_eq!(shown.status, PromotionStatus::Scheduled);
    for (status, not_before) in [(PromotionStatus::Running, begin), (PromotionStatus::Over, end)] {
        let VenueChange::PromotionUpdate(shown) = next(&mut follower).await else { panic!("not a turn") };
        assert_eq!(shown.status, status);
        assert!(started.elapsed() + Duration::from_millis(20) >= not_before, "{status:?} too early");
    }
    let left = page(&ada, &made).await;
    assert_eq!((left.promotions.len(), left.venue.now.promotions), (0, 0));
    let late = ada
        .patch(&format!("/api/venues/{}/promotions/{}", made.id, shown.id), &json!({"endsAt": in_ms(60_000)}))
        .await;
    assert_eq!(late.refusal(), (409, "conflict", "status"));
}

#[tokio::test]
async fn v1_a_promotion_that_was_due_while_the_server_was_down_is_turned_at_its_start() {
    let mut server = Server::start().await;
    let made = venue(&server, "The Lock").await;
    let body = json!({"title": "Two for one", "endsAt": in_ms(200)});
    let answer = server.post(&format!("/api/venues/{}/promotions", made.id), &body).await;
    let promotion: Promotion = answer.read();
    server.stop().await;
    let end = promotion.ends_at.unix_ms();
    until("its end", async || server::time::unix_ms() > end).await;
    let server = Server::in_dir(server.dir.clone(), &[]).await;
    until("the end of the promotion", async || page(&server, &made).await.promotions.is_empty()).await;
    assert_eq!(page(&server, &made).await.venue.now.promotions, 0);
}

#[tokio::test]
async fn v2_the_same_key_makes_one_of_each() {
    let server = Server::start().await;
    let ada = server.register("ada").await;
    let made = venue(&ada, "The Lock").await;
    let key = [("idempotency-key", "k1")];
    let said = json!({"rating": 3});
    let path = format!("/api/venues/{}/vibe-checks", made.id);
    let first = ada.post_with(&path, &key, &said).await;
    let second = ada.post_with(&path, &key, &said).await;
    assert_eq!((first.status, second.status, &first.body), (201, 200, &second.body));
    assert_eq!(page(&ada, &made).await.vibe_checks.len(), 1);
    let other = ada.post_with(&path, &key, &json!({"rating": 4})).await;
    assert_eq!(other.refusal(), (409, "keyReused", ""));
}

#[tokio::test]
async fn v8_what_makes_no_sense_is_refused() {
    let server = Server::start().await;
    let ada = server.register("ada").await;
    let made = venue(&ada, "The Lock").await;
    let long = "x".repeat(300);
    for (said, field) in [
        (json!({}), "rating"),
        (json!({"rating": 0}), "rating"),
        (json!({"rating": 6}), "rating"),
        (json!({"text": "  "}), "rating"),
        (json!({"text": long}), "text"),
        (json!({"uploadId": "nothing"}), "uploadId"),
    ] {
        let answer = ada.post(&format!("/api/venues/{}/vibe-checks", made.id), &said).await;
        assert_eq!(answer.refusal(), (422, "invalid", field), "{said}");
    }
    let video = ada.uploaded("upright.mp4").await;
    let answer = ada
        .post(&format!("/api/venues/{}/vibe-checks", made.id), &json!({"uploadId": video.upload_id}))
        .await;
    assert_eq!(answer.refusal(), (422, "invalid", "uploadId"));
    for (body, field) in [
        (json!({"title": "", "endsAt": in_ms(1000)}), "title"),
        (json!({"title": "a", "endsAt": in_ms(-1000)}), "endsAt"),
        (json!({"title": "a", "startsAt": in_ms(2000), "endsAt": in_ms(1000)}), "endsAt"),
        (json!({"title": "a", "endsAt": "2026-02-31T00:00:00.000Z"}), "endsAt"),
        (json!({"title": "a", "endsAt": in_ms(400 * 24 * 3_600_000)}), "endsAt"),
        (
            json!({"title": "a", "startsAt": in_ms(400 * 24 * 3_600_000), "endsAt": in_ms(401 * 24 * 3_600_000)}),
            "startsAt",
        ),
    ] {
        let answer = ada.post(&format!("/api/venues/{}/promotions", made.id), &body).await;
        assert_eq!(answer.refusal(), (422, "invalid", field), "{body}");
    }
    assert_eq!(ada.post("/api/venues", &json!({"name": " "})).await.refusal(), (422, "invalid", "name"));
    assert_eq!(ada.post("/api/venues/none/vibe-checks", &json!({"rating": 3})).await.status, 404);
    assert_eq!(
        ada.post("/api/venues/none/promotions", &json!({"title": "a", "endsAt": in_ms(1000)})).await.status,
        404
    );
}

#[tokio::test]
async fn v8_a_host_alone_changes_a_venue_and_visitors_only_look() {
    let server = Server::with(&["--visitors-may-post", "false"]).await;
    let (ada, ben) = (server.register("ada").await, server.register("ben").await);
    let made = venue(&ada, "The Lock").await;
    let at = format!("/api/venues/{}", made.id);
    let offer = json!({"title": "a", "endsAt": in_ms(60_000)});
    let name = json!({"name": "Mine"});
    assert_eq!(server.post("/api/venues", &name).await.refusal(), (401, "unauthenticated", ""));
    assert_eq!(
        server.post(&format!("{at}/vibe-checks"), &json!({"author": "x", "rating": 1})).await.status,
        401
    );
    for (who, status) in [(&server.api, 401), (&ben.api, 403)] {
        assert_eq!(who.patch(&at, &name).await.status, status);
        assert_eq!(who.delete(&at).await.status, status);
        assert_eq!(who.post(&format!("{at}/promotions"), &offer).await.status, status);
        assert!(!page(who, &made).await.may_manage);
    }
    let said = check(&ben, &made, &json!({"rating": 5})).await;
    let of_ada = check(&ada, &made, &json!({"rating": 1, "text": "secret"})).await;
    let path = |check: &VibeCheck| format!("{at}/vibe-checks/{}", check.id);
    assert_eq!(ben.delete(&path(&of_ada)).await.status, 403);
    assert_eq!(ben.delete(&path(&said)).await.status, 204);
    assert_eq!(ada.delete(&path(&of_ada)).await.status, 204);
    let left = page(&ada, &made).await;
    assert_eq!((left.vibe_checks.len(), left.venue.now.checks, left.venue.now.at), (0, 0, None));
    // What was said is out of the log as well.
    let log = server.get(&format!("{at}/vibe-checks?since=0")).await;
    assert_eq!(log.body["updates"].as_array().map(Vec::len), Some(4), "{}", log.body);
    assert!(!log.body.to_string().contains("secret"), "{}", log.body);
}

#[tokio::test]
async fn v1_a_topic_that_does_not_exist_is_a_clear_error() {
    let server = Server::start().await;
    for topic in ["venue:none", "vibe_checks:none", "promotions:none"] {
        let answer = server.get(&format!("/api/poll?from={topic}")).await;
        let frames = answer.body["frames"].to_string();
        assert!(frames.contains("unknownTopic") && frames.contains(topic), "{frames}");
    }
}
