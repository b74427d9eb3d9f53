//! What things are called on the page.

use shared::model::{event::EventStatus, media::MediaKind};

/// An event's status as people say it.
pub(crate) const fn status_word(status: EventStatus) -> &'static str {
    match status {
        EventStatus::Scheduled => "Scheduled",
        EventStatus::Live => "Live",
        EventStatus::Completed => "Completed",
        EventStatus::Cancelled => "Cancelled",
    }
}

/// A kind of item in the plural, for the filter.
pub(crate) const fn kind_plural(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Text => "Text",
        MediaKind::Photo => "Photos",
        MediaKind::Video => "Videos",
        MediaKind::Audio => "Audio",
    }
}

/// `1 update`, `3 updates`.
pub(crate) fn count(number: u64, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}
