//! Venues: places whose guests say how it is there at the moment (vibe checks), and whose hosts say what is on
//! (promotions).

use serde::{Deserialize, Serialize};

use super::{
    account::Person,
    media::{Attachment, Author},
};
use crate::{Cursor, PromotionId, Timestamp, UploadId, VenueId, VibeCheckId, change::domain_change};

/// How full it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Crowd {
    Quiet,
    Steady,
    Busy,
    Packed,
}

impl Crowd {
    pub const ALL: [Self; 4] = [Self::Quiet, Self::Steady, Self::Busy, Self::Packed];

    /// As on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Steady => "steady",
            Self::Busy => "busy",
            Self::Packed => "packed",
        }
    }

    /// From 1, the emptiest, to 4.
    pub const fn level(self) -> u64 {
        match self {
            Self::Quiet => 1,
            Self::Steady => 2,
            Self::Busy => 3,
            Self::Packed => 4,
        }
    }
}

impl std::str::FromStr for Crowd {
    type Err = crate::text::InvalidText;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rule = "one of quiet, steady, busy, packed";
        let found = Self::ALL.into_iter().find(|crowd| crowd.as_str() == text);
        found.ok_or(crate::text::InvalidText { what: "a crowd", rule })
    }
}

/// A venue, as everybody sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Venue {
    pub id: VenueId,
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Where it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
    /// Its host. Absent for one that a visitor or a server has made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Person>,
    pub now: VenueNow,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// How it is there, by the vibe checks of the [`MOOD_HOURS`](crate::limits::MOOD_HOURS) before the latest one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VenueNow {
    /// When it was last said; absent if nobody ever has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// How many have said it.
    pub checks: u64,
    /// The mean of their ratings, from 1 to 5, to a tenth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<f64>,
    /// As the latest who said so found it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crowd: Option<Crowd>,
    /// Promotions that are running.
    pub promotions: u64,
}

/// `POST /api/venues`. The idempotency key is the `Idempotency-Key` header, here and below.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewVenue {
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
}

/// `PATCH /api/venues/{id}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VenuePatch {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// What one guest says: a rating, how full it is, a line, a photo; one of them at least.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VibeCheck {
    pub id: VibeCheckId,
    pub venue_id: VenueId,
    pub author: Author,
    /// From 1 to 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crowd: Option<Crowd>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<Attachment>,
    pub created_at: Timestamp,
}

/// `POST /api/venues/{id}/vibe-checks`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewVibeCheck {
    /// The display name of a visitor. Who is signed in posts under the account's name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub author: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crowd: Option<Crowd>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// A photo, uploaded before by `POST /api/uploads`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload_id: Option<UploadId>,
}

/// Where a promotion stands. It moves on by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PromotionStatus {
    Scheduled,
    Running,
    Over,
}

impl PromotionStatus {
    pub const ALL: [Self; 3] = [Self::Scheduled, Self::Running, Self::Over];

    /// As on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Running => "running",
            Self::Over => "over",
        }
    }

    /// Where a promotion between two times stands at a third, all of them Unix in milliseconds.
    pub const fn at(now: i64, starts_at: i64, ends_at: i64) -> Self {
        if now >= ends_at {
            Self::Over
        } else if now >= starts_at {
            Self::Running
        } else {
            Self::Scheduled
        }
    }
}

impl std::str::FromStr for PromotionStatus {
    type Err = crate::text::InvalidText;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rule = "one of scheduled, running, over";
        let found = Self::ALL.into_iter().find(|status| status.as_str() == text);
        found.ok_or(crate::text::InvalidText { what: "a status", rule })
    }
}

/// Something that a venue offers from one time to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Promotion {
    pub id: PromotionId,
    pub venue_id: VenueId,
    pub title: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub status: PromotionStatus,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// `POST /api/venues/{id}/promotions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPromotion {
    pub title: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// At once, unless it says when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Timestamp>,
    pub ends_at: Timestamp,
}

/// `PATCH /api/venues/{id}/promotions/{promotionId}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PromotionPatch {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Timestamp>,
}

/// `GET /api/venues/{id}`: everything that a venue's page shows, and where to go live from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VenuePage {
    pub venue: Venue,
    /// Those that are not over: what ends first comes first.
    pub promotions: Vec<Promotion>,
    /// The latest first.
    pub vibe_checks: Vec<VibeCheck>,
    /// The last hours, the earliest first; hours in which nobody said anything are not among them.
    pub hours: Vec<MoodHour>,
    pub cursors: VenueCursors,
    /// Who asks may change the venue and its promotions.
    pub may_manage: bool,
    /// Who asks may post a vibe check.
    pub may_post: bool,
}

/// The positions of a venue's topics at which it was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VenueCursors {
    pub venue: Cursor,
    pub vibe_checks: Cursor,
    pub promotions: Cursor,
}

/// What was said in one hour of UTC, as sums, so that one more is an addition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MoodHour {
    /// Its beginning, Unix, in milliseconds.
    pub from_ms: i64,
    pub ratings: u64,
    pub rating_sum: u64,
    pub crowds: u64,
    /// Of [levels](Crowd::level).
    pub crowd_sum: u64,
}

/// An hour, in milliseconds.
pub const HOUR_MS: i64 = 3600 * 1000;

impl MoodHour {
    /// The hour of a time, in which nobody has said anything.
    pub const fn of(at_ms: i64) -> Self {
        let from_ms = at_ms - at_ms.rem_euclid(HOUR_MS);
        Self { from_ms, ratings: 0, rating_sum: 0, crowds: 0, crowd_sum: 0 }
    }

    /// Counts what somebody said.
    pub fn add(&mut self, rating: Option<u8>, crowd: Option<Crowd>) {
        if let Some(rating) = rating {
            self.ratings += 1;
            self.rating_sum += u64::from(rating);
        }
        if let Some(crowd) = crowd {
            self.crowds += 1;
            self.crowd_sum += crowd.level();
        }
    }

    /// The mean rating, from 1 to 5.
    pub fn rating(&self) -> Option<f64> {
        (self.ratings > 0).then(|| self.rating_sum as f64 / self.ratings as f64)
    }

    /// The mean level of the crowd, from 1 to 4.
    pub fn crowd(&self) -> Option<f64> {
        (self.crowds > 0).then(|| self.crowd_sum as f64 / self.crowds as f64)
    }
}

/// Counts a vibe check in its hour; `hours` stay in order.
pub fn count(hours: &mut Vec<MoodHour>, check: &VibeCheck) {
    let hour = MoodHour::of(check.created_at.unix_ms());
    let place = match hours.binary_search_by_key(&hour.from_ms, |hour| hour.from_ms) {
        Ok(place) => place,
        Err(place) => {
            hours.insert(place, hour);
            place
        }
    };
    hours[place].add(check.rating, check.crowd);
}

domain_change! {
    /// What is published about venues.
    pub enum VenueChange {
        "venue:new" => New(Box<Venue>), about |venue| format!("venue:{}", venue.id);
        "venue:update" => Update(Box<Venue>), about |venue| format!("venue:{}", venue.id);
        /// How it is there has changed.
        "venue:now" => Now(VenueNowChanged), about |changed| format!("now:{}", changed.venue_id);
        "venue:delete" => Delete(VenueDeleted), about |gone| format!("venue:{}", gone.venue_id);
        "vibeCheck:new" => CheckNew(Box<VibeCheck>), about |check| format!("vibeCheck:{}", check.id);
        "vibeCheck:delete" => CheckDelete(VibeCheckDeleted), about |gone| format!("vibeCheck:{}", gone.vibe_check_id);
        "promotion:new" => PromotionNew(Box<Promotion>), about |promotion| format!("promotion:{}", promotion.id);
        /// Changed, begun or over.
        "promotion:update" => PromotionUpdate(Box<Promotion>), about |promotion| format!("promotion:{}", promotion.id);
        "promotion:delete" => PromotionDelete(PromotionDeleted), about |gone| format!("promotion:{}", gone.promotion_id);
    }
}

/// Payload of `venue:now`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VenueNowChanged {
    pub venue_id: VenueId,
    pub now: VenueNow,
}

/// Payload of `venue:delete`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VenueDeleted {
    pub venue_id: VenueId,
}

/// Payload of `vibeCheck:delete`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VibeCheckDeleted {
    pub venue_id: VenueId,
    pub vibe_check_id: VibeCheckId,
}

/// Payload of `promotion:delete`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PromotionDeleted {
    pub venue_id: VenueId,
    pub promotion_id: PromotionId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v1_a_promotion_stands_where_its_times_say() {
        for (now, status) in [
            (9, PromotionStatus::Scheduled),
            (10, PromotionStatus::Running),
            (19, PromotionStatus::Running),
            (20, PromotionStatus::Over),
        ] {
            assert_eq!(PromotionStatus::at(now, 10, 20), status, "{now}");
        }
    }

    #[test]
    fn v9_hours_are_counted_in_order_whatever_comes_first() {
        let said = |at: &str, rating, crowd| VibeCheck {
            id: "v1".parse().unwrap(),
            venue_id: "x1".parse().unwrap(),
            author: Author { name: "Ann".to_owned(), account_id: None },
            rating,
            crowd,
            text: String::new(),
            photo: None,
            created_at: at.parse().unwrap(),
        };
        let late = said("2026-11-21T21:00:00.000Z", Some(5), None);
        let early = said("2026-11-21T20:59:59.999Z", Some(2), Some(Crowd::Quiet));
        let earlier = said("2026-11-21T20:00:00.000Z", None, Some(Crowd::Packed));
        let mut hours = Vec::new();
        for check in [&late, &early, &earlier] {
            count(&mut hours, check);
        }
        let seen: Vec<_> = hours.iter().map(|hour| (hour.rating(), hour.crowd())).collect();
        assert_eq!(seen, [(Some(2.0), Some(2.5)), (Some(5.0), None)]);
        assert_eq!(hours[1].from_ms - hours[0].from_ms, HOUR_MS);
    }
}
