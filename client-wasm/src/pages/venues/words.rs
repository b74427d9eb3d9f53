//! How it is at a venue, in words.

use shared::model::venue::{Crowd, VenueNow};

/// How full it is.
pub(super) const fn crowd_word(crowd: Crowd) -> &'static str {
    match crowd {
        Crowd::Quiet => "Quiet",
        Crowd::Steady => "Steady",
        Crowd::Busy => "Busy",
        Crowd::Packed => "Packed",
    }
}

/// `4.2 of 5`, or nothing.
pub(super) fn rating_words(now: &VenueNow) -> Option<String> {
    now.rating.map(|rating| format!("{rating:.1} of 5"))
}
