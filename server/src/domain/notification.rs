//! Notifications: who is told of what. What happens again before it is read is told in the same one, so
//! that a burst of likes is one line and not a hundred. What is deleted, or no longer for an account to see,
//! is taken back from its list and from its log.
//!
//! Called inside the transaction of what is told of; publishes on the account's own topic.

use std::collections::BTreeSet;

use shared::{
    AccountId, CommentId, EventId, MatchId, MediaId, NotificationId, Offset, PostId, Topic,
    limits::MENTIONS,
    model::{
        account::Person,
        comment::Comment,
        notification::{
            Mute, Notification, NotificationChange, NotificationDeleted, NotificationKind, NotificationsRead,
            Notified, log_item,
        },
    },
    next_mention,
};

use crate::{
    auth::permission,
    ids::new_id,
    store::{
        StoreError, Tx, account, comment, log,
        notification::{self as rows, About},
        post,
    },
    time::timestamp,
};

/// What is kept of a text that is told of, in characters.
const EXCERPT_CHARS: usize = 120;

/// Something to be told.
#[derive(Debug, Clone)]
pub struct Notice {
    pub kind: NotificationKind,
    /// What happens again with the same subject goes into the same notification as long as it is unread.
    pub subject: String,
    /// Who did it; nobody, where the server speaks.
    pub by: Option<Person>,
    /// The number that was reached: a milestone, which is told once.
    pub reached: Option<u64>,
    pub event_id: Option<EventId>,
    pub media_id: Option<MediaId>,
    pub post_id: Option<PostId>,
    pub comment_id: Option<CommentId>,
    pub match_id: Option<MatchId>,
    pub text: String,
}

impl Notice {
    /// What the server has to say to an account: that something worked or did not, or wants to be looked at.
    pub fn of_system(kind: NotificationKind, text: &str) -> Self {
        Self {
            kind,
            // Never the same as another: each is told by itself.
            subject: format!("system:{}", new_id::<NotificationId>()),
            by: None,
            reached: None,
            event_id: None,
            media_id: None,
            post_id: None,
            comment_id: None,
            match_id: None,
            text: text.to_owned(),
        }
    }
}

/// Tells an account, unless it did it itself, may not read it or has muted it.
pub async fn tell(tx: &mut Tx<'_>, to: &AccountId, notice: Notice, at: i64) -> Result<(), StoreError> {
    if notice.by.as_ref().is_some_and(|by| by.id == *to) || !hears(tx, to, &notice).await? {
        return Ok(());
    }
    let before = rows::find(tx, to, &notice.subject).await?.map(|stored| stored.notification);
    if notice.reached.is_some() && before.is_some() {
        return Ok(());
    }
    let before = before.filter(|before| !before.read);
    let again = before.is_some();
    let count = before.as_ref().map_or(0, |before| before.count) + 1;
    let notification = Notification {
        id: before.map_or_else(new_id, |before| before.id),
        kind: notice.kind,
        by: notice.by,
        count: notice.reached.unwrap_or(count),
        event_id: notice.event_id,
        media_id: notice.media_id,
        post_id: notice.post_id,
        comment_id: notice.comment_id,
        match_id: notice.match_id,
        text: excerpt(&notice.text),
        read: false,
        at: timestamp(at),
    };
    if again {
        rows::update(tx, &notification, at).await?;
    } else {
        rows::insert(tx, to, &notice.subject, &notification, at).await?;
    }
    let told = Box::new(Notified { notification, unread: rows::unread(tx, to).await? });
    let change = |_| if again { NotificationChange::Update(told) } else { NotificationChange::New(told) };
    log::append(tx, &Topic::user(to), at, change).await.map(drop)
}

async fn hears(tx: &mut Tx<'_>, to: &AccountId, notice: &Notice) -> Result<bool, StoreError> {
    if let Some(post) = &notice.post_id {
        return Ok(post::part(tx, post, to).await?.is_some());
    }
    let Some(event) = &notice.event_id else { return Ok(true) };
    if !permission::may_hear(tx, to, event).await? || rows::is_muted(tx, to, event, None).await? {
        return Ok(false);
    }
    match &notice.media_id {
        Some(media) => Ok(!rows::is_muted(tx, to, event, Some(media)).await?),
        None => Ok(true),
    }
}

/// Tells everybody whom `notice`'s text mentions by one of `names`; returns who they are.
pub async fn mention(
    tx: &mut Tx<'_>,
    names: BTreeSet<String>,
    notice: &Notice,
    at: i64,
) -> Result<BTreeSet<AccountId>, StoreError> {
    let mut told = BTreeSet::new();
    for name in names {
        let stored = account::find_by_name(tx, &name).await?.filter(|stored| !stored.disabled);
        if let Some(stored) = stored {
            tell(tx, &stored.account.person.id, notice.clone(), at).await?;
            told.insert(stored.account.person.id);
        }
    }
    Ok(told)
}

/// The names that a text mentions (`@ada`), each once, [`MENTIONS`] at most.
pub fn mentions(text: &str) -> BTreeSet<String> {
    let (mut names, mut from) = (BTreeSet::new(), 0);
    while let Some(range) = next_mention(text, from).filter(|_| names.len() < MENTIONS) {
        from = range.end;
        names.insert(text[range.start + 1..range.end].to_ascii_lowercase());
    }
    names
}

fn excerpt(text: &str) -> String {
    let mut chars = text.chars();
    let mut short: String = chars.by_ref().take(EXCERPT_CHARS).collect();
    if chars.next().is_some() {
        short.push('…');
    }
    short
}

/// Marks one as read, or all; every device of the account hears of it.
pub async fn mark_read(
    tx: &mut Tx<'_>,
    account: &AccountId,
    id: Option<NotificationId>,
    at: i64,
) -> Result<u64, StoreError> {
    let changed = match &id {
        Some(id) => rows::mark_read(tx, account, id).await?,
        None => rows::mark_all_read(tx, account).await?,
    };
    let unread = rows::unread(tx, account).await?;
    if changed {
        let read = NotificationsRead { notification_id: id, unread };
        log::append(tx, &Topic::user(account), at, |_| NotificationChange::Read(read)).await?;
    }
    Ok(unread)
}

/// What an account has muted, each item in short.
pub async fn mutes(tx: &mut Tx<'_>, account: &AccountId) -> Result<Vec<Mute>, StoreError> {
    let mutes = rows::mutes(tx, account).await?;
    Ok(mutes.into_iter().map(|mute| Mute { text: excerpt(&mute.text), ..mute }).collect())
}

/// Takes notifications back: what they tell of is gone, or no longer for those accounts to see. Called before
/// the rows that they speak of go.
pub async fn withdraw(tx: &mut Tx<'_>, about: About<'_>, at: i64) -> Result<(), StoreError> {
    for (account, id) in rows::about(tx, about).await? {
        take_back(tx, &account, id, at).await?;
    }
    Ok(())
}

async fn take_back(
    tx: &mut Tx<'_>,
    account: &AccountId,
    id: NotificationId,
    at: i64,
) -> Result<(), StoreError> {
    rows::delete(tx, &id).await?;
    let (item, topic) = (log_item(&id), Topic::user(account));
    let gone = NotificationDeleted { notification_id: id, unread: rows::unread(tx, account).await? };
    let deletion = NotificationChange::Delete(gone);
    log::append(tx, &topic, at, |_| deletion.clone()).await?;
    log::redact(tx, &topic, &item, Offset(1), &deletion).await.map(drop)
}

/// Someone has taken a like back, or given it anew, that came first at `since`: an unread notification that
/// counted it says how many there are now.
pub async fn recount_likes(
    tx: &mut Tx<'_>,
    to: &AccountId,
    subject: &str,
    since: i64,
    liked: bool,
    at: i64,
) -> Result<(), StoreError> {
    let found = rows::find(tx, to, subject).await?;
    let counted = found.filter(|stored| !stored.notification.read && since >= stored.since);
    let Some(mut notification) = counted.map(|stored| stored.notification) else { return Ok(()) };
    notification.count = if liked { notification.count + 1 } else { notification.count.saturating_sub(1) };
    if notification.count == 0 {
        return take_back(tx, to, notification.id, at).await;
    }
    correct(tx, to, notification, at).await
}

/// A comment that `to` may have been told of is gone: so is what was told of it. Called after its row has gone.
pub async fn forget_comment(
    tx: &mut Tx<'_>,
    to: &AccountId,
    subject: &str,
    gone: &Comment,
    at: i64,
) -> Result<(), StoreError> {
    let Some(stored) = rows::find(tx, to, subject).await? else { return Ok(()) };
    let (mut notification, since) = (stored.notification, stored.since);
    if gone.created_at < timestamp(since) {
        return Ok(());
    }
    let latest = comment::latest_since(tx, &gone.parent, since, to).await?;
    notification.count = notification.count.saturating_sub(1);
    let Some(latest) = latest.filter(|_| notification.count > 0) else {
        return take_back(tx, to, notification.id, at).await;
    };
    notification.by = Some(latest.author);
    notification.text = excerpt(&latest.text);
    notification.comment_id = Some(latest.id);
    correct(tx, to, notification, at).await
}

/// Stores and tells what a notification says now, and leaves nothing in the log of what it said.
async fn correct(
    tx: &mut Tx<'_>,
    to: &AccountId,
    notification: Notification,
    at: i64,
) -> Result<(), StoreError> {
    rows::correct(tx, &notification).await?;
    let (item, topic) = (log_item(&notification.id), Topic::user(to));
    let told = Notified { notification, unread: rows::unread(tx, to).await? };
    let change = NotificationChange::Update(Box::new(told));
    log::append(tx, &topic, at, |_| change.clone()).await?;
    log::redact(tx, &topic, &item, Offset(1), &change).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p3_a_text_mentions_everybody_once_and_not_too_many() {
        assert_eq!(mentions("@Ada and @bob, and @ada").into_iter().collect::<Vec<_>>(), ["ada", "bob"]);
        let many = (10..99).map(|n| format!("@user{n}")).collect::<Vec<_>>().join(" ");
        assert_eq!(mentions(&many).len(), MENTIONS);
    }

    #[test]
    fn p3_what_is_told_of_is_told_in_short() {
        assert_eq!(excerpt("short"), "short");
        let cut = excerpt(&"ä".repeat(500));
        assert_eq!(cut.chars().count(), EXCERPT_CHARS + 1);
    }
}
