//! Venues: made, changed, deleted; what guests say of them and what they offer; each change published on the
//! topics that carry it. How it is at a venue is counted anew with each, and told where venues are listed.

use shared::{
    PromotionId, Topic, UploadId, VenueId, VibeCheckId, limits,
    model::{
        media::{Author, MediaKind},
        venue::{
            HOUR_MS, NewPromotion, NewVenue, NewVibeCheck, Promotion, PromotionDeleted, PromotionPatch,
            PromotionStatus, Venue, VenueChange, VenueDeleted, VenueNow, VenueNowChanged, VenuePatch,
            VibeCheck, VibeCheckDeleted,
        },
    },
};

use super::{Refusal, required, text};
use crate::{
    auth::{
        Principal,
        permission::{self, Action},
    },
    ids::new_id,
    store::{StoreError, Tx, WorkError, log, media, venue as rows},
    time::{from_timestamp, timestamp},
};

const GONE: Refusal = Refusal::NotFound("venue");
const DAY_MS: i64 = 24 * HOUR_MS;
/// Promotions that begin or end in one transaction.
const TURNS_AT_ONCE: usize = 200;

/// Makes a venue, and its topics.
pub async fn create(
    tx: &mut Tx<'_>,
    principal: &Principal,
    new: NewVenue,
    at: i64,
) -> Result<Venue, WorkError<Refusal>> {
    let venue = Venue {
        id: new_id(),
        name: required("name", &new.name, limits::VENUE_NAME_CHARS).map_err(WorkError::Refused)?,
        description: text("description", &new.description, limits::VENUE_DESCRIPTION_CHARS)
            .map_err(WorkError::Refused)?,
        place: text("place", &new.place, limits::VENUE_PLACE_CHARS).map_err(WorkError::Refused)?,
        owner: principal.user().map(|user| user.person.clone()),
        now: VenueNow::default(),
        created_at: timestamp(at),
        updated_at: timestamp(at),
    };
    rows::insert(tx, &venue, at).await?;
    for topic in topics(&venue.id) {
        log::create_topic(tx, &topic).await?;
    }
    let made = || VenueChange::New(Box::new(venue.clone()));
    log::append(tx, &Topic::venue_updates(), at, |_| made()).await?;
    Ok(venue)
}

/// The topics of one venue.
fn topics(id: &VenueId) -> [Topic; 3] {
    [Topic::venue(id), Topic::vibe_checks(id), Topic::promotions(id)]
}

/// Says something of a venue where it is listed and where it is looked at.
async fn tell(tx: &mut Tx<'_>, id: &VenueId, at: i64, change: VenueChange) -> Result<(), StoreError> {
    for topic in [Topic::venue_updates(), Topic::venue(id)] {
        log::append(tx, &topic, at, |_| change.clone()).await?;
    }
    Ok(())
}

/// Changes a venue.
pub async fn change(
    tx: &mut Tx<'_>,
    id: &VenueId,
    patch: VenuePatch,
    at: i64,
) -> Result<Venue, WorkError<Refusal>> {
    let before = find(tx, id).await?;
    let mut venue = patched(before.clone(), patch).map_err(WorkError::Refused)?;
    if venue == before {
        return Ok(before);
    }
    venue.updated_at = timestamp(at);
    rows::update(tx, &venue, at).await?;
    tell(tx, id, at, VenueChange::Update(Box::new(venue.clone()))).await?;
    Ok(venue)
}

fn patched(mut venue: Venue, patch: VenuePatch) -> Result<Venue, Refusal> {
    if let Some(name) = patch.name {
        venue.name = required("name", &name, limits::VENUE_NAME_CHARS)?;
    }
    if let Some(description) = patch.description {
        venue.description = text("description", &description, limits::VENUE_DESCRIPTION_CHARS)?;
    }
    if let Some(place) = patch.place {
        venue.place = text("place", &place, limits::VENUE_PLACE_CHARS)?;
    }
    Ok(venue)
}

/// Deletes a venue with everything said of it; returns the uploads whose files are to go once this is
/// committed.
pub async fn delete(tx: &mut Tx<'_>, id: &VenueId, at: i64) -> Result<Vec<UploadId>, WorkError<Refusal>> {
    find(tx, id).await?;
    let uploads = rows::uploads_of(tx, id).await?;
    for upload in &uploads {
        media::delete_upload(tx, upload).await?;
    }
    rows::delete(tx, id).await?;
    let deletion = VenueChange::Delete(VenueDeleted { venue_id: id.clone() });
    let list = Topic::venue_updates();
    log::append(tx, &list, at, |_| deletion.clone()).await?;
    log::redact(tx, &list, &format!("venue:{id}"), shared::Offset(1), &deletion).await?;
    for topic in topics(id) {
        log::append(tx, &topic, at, |_| deletion.clone()).await?;
        log::close_topic(tx, &topic).await?;
    }
    Ok(uploads)
}

/// Counts anew how it is at a venue, and tells it if that is news.
async fn count(tx: &mut Tx<'_>, venue: &Venue, at: i64) -> Result<(), StoreError> {
    let now = rows::count_now(tx, &venue.id, limits::MOOD_HOURS as i64 * HOUR_MS).await?;
    if now == venue.now {
        return Ok(());
    }
    rows::set_now(tx, &venue.id, &now).await?;
    let changed = VenueNowChanged { venue_id: venue.id.clone(), now };
    tell(tx, &venue.id, at, VenueChange::Now(changed)).await
}

/// Says how it is at a venue.
pub async fn check(
    tx: &mut Tx<'_>,
    principal: &Principal,
    id: &VenueId,
    new: NewVibeCheck,
    at: i64,
) -> Result<VibeCheck, WorkError<Refusal>> {
    let venue = find(tx, id).await?;
    let refused = WorkError::Refused;
    let author = author(principal, &new).map_err(refused)?;
    let said = text("text", &new.text, limits::VIBE_CHECK_TEXT_CHARS).map_err(refused)?;
    if new.rating.is_some_and(|rating| !(1..=limits::RATING_MAX).contains(&usize::from(rating))) {
        let message = format!("a rating is a whole number from 1 to {}", limits::RATING_MAX);
        return Err(refused(Refusal::Invalid { field: "rating", message }));
    }
    let photo = match &new.upload_id {
        None => None,
        Some(upload) => {
            let taken = media::take_upload(tx, upload, None, principal.account_id()).await?;
            let invalid =
                |message: &str| refused(Refusal::Invalid { field: "uploadId", message: message.to_owned() });
            let (kind, photo) = taken.ok_or_else(|| invalid("there is no such upload, or it is in use"))?;
            if kind != MediaKind::Photo {
                return Err(invalid("a vibe check takes a photo"));
            }
            Some(photo)
        }
    };
    if new.rating.is_none() && new.crowd.is_none() && said.is_empty() && photo.is_none() {
        let message = "say something: a rating, how full it is, a line or a photo".to_owned();
        return Err(refused(Refusal::Invalid { field: "rating", message }));
    }
    let check = VibeCheck {
        id: new_id(),
        venue_id: id.clone(),
        author,
        rating: new.rating,
        crowd: new.crowd,
        text: said,
        photo,
        created_at: timestamp(at),
    };
    let shown = VenueChange::CheckNew(Box::new(check.clone()));
    let offset = log::append(tx, &Topic::vibe_checks(id), at, |_| shown).await?;
    let offset = offset.ok_or_else(|| StoreError::Fault("a venue has no topic".to_owned()))?;
    rows::insert_check(tx, &check, offset, at).await?;
    count(tx, &venue, at).await?;
    Ok(check)
}

/// Who is signed in speaks under the account's name; a visitor or a server says one.
fn author(principal: &Principal, new: &NewVibeCheck) -> Result<Author, Refusal> {
    match principal.user() {
        Some(user) => {
            Ok(Author { name: user.person.display_name.clone(), account_id: Some(user.person.id.clone()) })
        }
        None => Ok(Author {
            name: required("author", &new.author, limits::DISPLAY_NAME_CHARS)?,
            account_id: None,
        }),
    }
}

/// Deletes a vibe check, one's own or, with the right to, another's, from the log as well; returns the upload
/// whose files are to go once this is committed.
pub async fn delete_check(
    tx: &mut Tx<'_>,
    principal: &Principal,
    venue_id: &VenueId,
    id: &VibeCheckId,
    at: i64,
) -> Result<Option<UploadId>, WorkError<Refusal>> {
    let venue = find(tx, venue_id).await?;
    let found = rows::find_check(tx, venue_id, id).await?;
    let (check, offset) = found.ok_or(WorkError::Refused(Refusal::NotFound("vibe check")))?;
    let topic = Topic::vibe_checks(venue_id);
    let own = check.author.account_id.is_some() && check.author.account_id.as_ref() == principal.account_id();
    if !own {
        permission::require(tx, principal, Action::Manage, &topic).await?;
    }
    rows::delete_check(tx, id).await?;
    let deletion =
        VenueChange::CheckDelete(VibeCheckDeleted { venue_id: venue_id.clone(), vibe_check_id: id.clone() });
    log::append(tx, &topic, at, |_| deletion.clone()).await?;
    log::redact(tx, &topic, &format!("vibeCheck:{id}"), offset, &deletion).await?;
    count(tx, &venue, at).await?;
    let Some(photo) = check.photo else { return Ok(None) };
    media::delete_upload(tx, &photo.upload_id).await?;
    Ok(Some(photo.upload_id))
}

/// Offers something from one time to another.
pub async fn promote(
    tx: &mut Tx<'_>,
    venue_id: &VenueId,
    new: NewPromotion,
    at: i64,
) -> Result<Promotion, WorkError<Refusal>> {
    let venue = find(tx, venue_id).await?;
    if rows::count_promotions(tx, venue_id).await? >= limits::VENUE_PROMOTIONS {
        let message = format!("a venue has {} promotions at most", limits::VENUE_PROMOTIONS);
        return Err(WorkError::Refused(Refusal::Conflict { field: "promotions", message }));
    }
    let mut promotion = Promotion {
        id: new_id(),
        venue_id: venue_id.clone(),
        title: required("title", &new.title, limits::PROMOTION_TITLE_CHARS).map_err(WorkError::Refused)?,
        text: text("text", &new.text, limits::PROMOTION_TEXT_CHARS).map_err(WorkError::Refused)?,
        starts_at: new.starts_at.unwrap_or_else(|| timestamp(at)),
        ends_at: new.ends_at,
        status: PromotionStatus::Scheduled,
        created_at: timestamp(at),
        updated_at: timestamp(at),
    };
    promotion.status = standing(&promotion, at).map_err(WorkError::Refused)?;
    rows::put_promotion(tx, &promotion, at).await?;
    let made = VenueChange::PromotionNew(Box::new(promotion.clone()));
    log::append(tx, &Topic::promotions(venue_id), at, |_| made).await?;
    count(tx, &venue, at).await?;
    Ok(promotion)
}

/// Where a promotion stands at `at`, if its times are good.
fn standing(promotion: &Promotion, at: i64) -> Result<PromotionStatus, Refusal> {
    let time = |field, time| {
        let message = "there is no such day or time".to_owned();
        from_timestamp(time).ok_or(Refusal::Invalid { field, message })
    };
    let invalid = |field, message: String| Err(Refusal::Invalid { field, message });
    let starts_at = time("startsAt", &promotion.starts_at)?;
    let ends_at = time("endsAt", &promotion.ends_at)?;
    let longest = limits::PROMOTION_DAYS as i64 * DAY_MS;
    if ends_at <= starts_at {
        return invalid("endsAt", "a promotion ends after it has begun".to_owned());
    }
    if ends_at <= at {
        return invalid("endsAt", "that is over already".to_owned());
    }
    if starts_at - at > longest {
        return invalid("startsAt", format!("a promotion begins within {} days", limits::PROMOTION_DAYS));
    }
    if ends_at - starts_at > longest {
        return invalid("endsAt", format!("a promotion lasts {} days at most", limits::PROMOTION_DAYS));
    }
    Ok(PromotionStatus::at(at, starts_at, ends_at))
}

/// Changes a promotion that is not over.
pub async fn change_promotion(
    tx: &mut Tx<'_>,
    venue_id: &VenueId,
    id: &PromotionId,
    patch: PromotionPatch,
    at: i64,
) -> Result<Promotion, WorkError<Refusal>> {
    let venue = find(tx, venue_id).await?;
    let before = find_promotion(tx, venue_id, id).await?;
    if before.status == PromotionStatus::Over {
        let message = "a promotion that is over stays what it was".to_owned();
        return Err(WorkError::Refused(Refusal::Conflict { field: "status", message }));
    }
    let mut after = patched_promotion(before.clone(), patch).map_err(WorkError::Refused)?;
    after.status = standing(&after, at).map_err(WorkError::Refused)?;
    if after == before {
        return Ok(before);
    }
    store(tx, &venue, &mut after, at).await?;
    Ok(after)
}

fn patched_promotion(mut promotion: Promotion, patch: PromotionPatch) -> Result<Promotion, Refusal> {
    if let Some(title) = patch.title {
        promotion.title = required("title", &title, limits::PROMOTION_TITLE_CHARS)?;
    }
    if let Some(new_text) = patch.text {
        promotion.text = text("text", &new_text, limits::PROMOTION_TEXT_CHARS)?;
    }
    promotion.starts_at = patch.starts_at.unwrap_or(promotion.starts_at);
    promotion.ends_at = patch.ends_at.unwrap_or(promotion.ends_at);
    Ok(promotion)
}

/// Stores a promotion that has changed, and tells it.
async fn store(tx: &mut Tx<'_>, venue: &Venue, promotion: &mut Promotion, at: i64) -> Result<(), StoreError> {
    promotion.updated_at = timestamp(at);
    rows::put_promotion(tx, promotion, at).await?;
    let update = VenueChange::PromotionUpdate(Box::new(promotion.clone()));
    log::append(tx, &Topic::promotions(&venue.id), at, |_| update).await?;
    count(tx, venue, at).await
}

/// Deletes a promotion, from the log as well.
pub async fn delete_promotion(
    tx: &mut Tx<'_>,
    venue_id: &VenueId,
    id: &PromotionId,
    at: i64,
) -> Result<(), WorkError<Refusal>> {
    let venue = find(tx, venue_id).await?;
    find_promotion(tx, venue_id, id).await?;
    rows::delete_promotion(tx, id).await?;
    let topic = Topic::promotions(venue_id);
    let deletion = VenueChange::PromotionDelete(PromotionDeleted {
        venue_id: venue_id.clone(),
        promotion_id: id.clone(),
    });
    log::append(tx, &topic, at, |_| deletion.clone()).await?;
    log::redact(tx, &topic, &format!("promotion:{id}"), shared::Offset(1), &deletion).await?;
    Ok(count(tx, &venue, at).await?)
}

/// Begins and ends some of the promotions that are due; says how many those were.
pub async fn turn(tx: &mut Tx<'_>, at: i64) -> Result<usize, StoreError> {
    let due = rows::due(tx, at, TURNS_AT_ONCE).await?;
    let turned = due.len();
    for mut promotion in due {
        let Some(venue) = rows::find(tx, &promotion.venue_id).await? else { continue };
        let (starts_at, ends_at) = (promotion.starts_at.unix_ms(), promotion.ends_at.unix_ms());
        promotion.status = PromotionStatus::at(at, starts_at, ends_at);
        store(tx, &venue, &mut promotion, at).await?;
    }
    Ok(turned)
}

async fn find(tx: &mut Tx<'_>, id: &VenueId) -> Result<Venue, WorkError<Refusal>> {
    rows::find(tx, id).await?.ok_or(WorkError::Refused(GONE))
}

async fn find_promotion(
    tx: &mut Tx<'_>,
    venue: &VenueId,
    id: &PromotionId,
) -> Result<Promotion, WorkError<Refusal>> {
    let found = rows::find_promotion(tx, venue, id).await?;
    found.ok_or(WorkError::Refused(Refusal::NotFound("promotion")))
}
