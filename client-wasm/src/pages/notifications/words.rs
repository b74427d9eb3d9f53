//! What a notification says, and where it leads.

use shared::model::{
    account::Person,
    notification::{Notification, NotificationKind},
};

use crate::{components::icon::Icon, words::count};

/// What happened, in a sentence.
pub(super) fn sentence(told: &Notification) -> String {
    let who = told.by.as_ref().map_or("Somebody", |by| by.display_name.as_str());
    let others = told.count.saturating_sub(1);
    let what = if told.post_id.is_some() { "your post" } else { "what you posted" };
    match told.kind {
        NotificationKind::Mention if told.comment_id.is_some() => format!("{who} mentioned you in a comment"),
        NotificationKind::Mention => format!("{who} mentioned you"),
        NotificationKind::Comment if others == 0 => format!("{who} commented on {what}"),
        NotificationKind::Comment => {
            format!("{} on {what}, the last by {who}", count(told.count, "comment", "comments"))
        }
        NotificationKind::Like if others == 0 => format!("{who} likes what you posted"),
        NotificationKind::Like => {
            format!("{who} and {} like what you posted", count(others, "other", "others"))
        }
        NotificationKind::Milestone => format!("What you posted has {} likes", grouped(told.count)),
        NotificationKind::Match
        | NotificationKind::Success
        | NotificationKind::Warning
        | NotificationKind::Error => told.text.clone(),
    }
}

/// The beginning of what it is about.
pub(super) fn quote(told: &Notification) -> String {
    match told.kind {
        NotificationKind::Match => match told.count.saturating_sub(1) {
            0 => String::new(),
            earlier => format!("and {}", count(earlier, "update", "updates")),
        },
        // A word of the server is the sentence itself.
        NotificationKind::Success | NotificationKind::Warning | NotificationKind::Error => String::new(),
        _ => told.text.clone(),
    }
}

/// Where it happened: the item or the post, with its comments open where one of them is meant.
pub(super) fn address(told: &Notification) -> Option<String> {
    if let Some(of) = &told.match_id {
        return Some(format!("/matches/{of}"));
    }
    let comments = if told.comment_id.is_some() { "&comments=1" } else { "" };
    if let Some(post) = &told.post_id {
        return Some(format!("/posts?post={post}{comments}"));
    }
    let event = told.event_id.as_ref()?;
    let Some(media) = &told.media_id else { return Some(format!("/events/{event}")) };
    Some(format!("/events/{event}?item={media}{comments}"))
}

/// Who is shown beside it. Of a match it is told who plays, and not who records.
pub(super) fn whose(told: &Notification) -> Option<&Person> {
    told.by.as_ref().filter(|_| told.kind != NotificationKind::Match)
}

/// Stands for who did it, where nobody did.
pub(super) fn icon(told: Option<&Notification>) -> Icon {
    match told.map(|told| told.kind) {
        Some(NotificationKind::Milestone | NotificationKind::Like) => Icon::Heart,
        Some(NotificationKind::Success) => Icon::Check,
        _ => Icon::Bell,
    }
}

/// `1,000`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        let all = [0, 10, 999, 1_000, 12_345, 1_000_000].map(grouped);
        assert_eq!(all, ["0", "10", "999", "1,000", "12,345", "1,000,000"]);
    }
}
