//! What things are called on the page.

use shared::model::{
    event::EventStatus,
    media::MediaKind,
    member::{MemberRole, Visibility},
    post::PostStatus,
};

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

/// Where a post stands.
pub(crate) const fn post_status_word(status: PostStatus) -> &'static str {
    match status {
        PostStatus::Draft => "Draft",
        PostStatus::Scheduled => "Scheduled",
        PostStatus::Publishing => "Publishing",
        PostStatus::Published => "Published",
        PostStatus::Failed => "Failed",
    }
}

/// What a member is called.
pub(crate) const fn role_word(role: MemberRole) -> &'static str {
    match role {
        MemberRole::Viewer => "Viewer",
        MemberRole::Contributor => "Contributor",
        MemberRole::Owner => "Owner",
    }
}

/// Who sees an event, in a word and in a sentence.
pub(crate) const fn visibility_words(visibility: Visibility) -> (&'static str, &'static str) {
    match visibility {
        Visibility::Public => ("Public", "Everybody sees it, and it is on the list of events."),
        Visibility::Unlisted => ("Unlisted", "Whoever has the link sees it; it is on no list."),
        Visibility::Private => ("Private", "Its members see it, and nobody else."),
    }
}

/// A browser by what it calls itself: `Firefox on Linux`.
pub(crate) fn browser_name(user_agent: &str) -> String {
    // In this order: each calls itself by the names of those after it as well.
    const BROWSERS: [(&str, &str); 5] = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 6] = [
        ("Android", "Android"),
        ("iPhone", "an iPhone"),
        ("iPad", "an iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "a Mac"),
        ("Linux", "Linux"),
    ];
    let find = |names: &[(&str, &'static str)]| {
        names.iter().find(|(sign, _)| user_agent.contains(sign)).map(|(_, name)| *name)
    };
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) if user_agent.is_empty() => "A program".to_owned(),
        (None, None) => user_agent.chars().take(60).collect(),
    }
}
