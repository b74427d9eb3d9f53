//! Notifications in the store.

use shared::{
    AccountId, CommentId, EventId, MatchId, MediaId, NotificationId, PostId,
    limits::NOTIFICATIONS_KEPT,
    model::{
        account::Person,
        notification::{Mute, Notification},
    },
};

use super::{Row, StoreError, Tx, tx::parse};
use crate::time::timestamp;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select n.id, n.kind, n.count, n.event_id, n.media_id, n.comment_id, n.text, n.read, n.at, \
             a.id, a.name, a.display_name, n.created_at, n.post_id, n.match_id \
             from notification n left join account a on a.id = n.by_id ",
            $rest
        )
    };
}

fn read(row: &Row<'_>) -> Result<Notification, StoreError> {
    let by = match row.opt_text(9)? {
        Some(id) => Some(Person { id: parse(&id)?, name: row.text(10)?, display_name: row.text(11)? }),
        None => None,
    };
    Ok(Notification {
        id: row.parsed(0)?,
        kind: row.parsed(1)?,
        by,
        count: row.int(2)? as u64,
        event_id: row.opt_text(3)?.as_deref().map(parse).transpose()?,
        media_id: row.opt_text(4)?.as_deref().map(parse).transpose()?,
        post_id: row.opt_text(13)?.as_deref().map(parse).transpose()?,
        comment_id: row.opt_text(5)?.as_deref().map(parse).transpose()?,
        match_id: row.opt_text(14)?.as_deref().map(parse).transpose()?,
        text: row.text(6)?,
        read: row.bool(7)?,
        at: timestamp(row.int(8)?),
    })
}

/// A notification as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    pub notification: Notification,
    /// When it was made (milliseconds since 1970).
    pub since: i64,
}

/// The newest notification of an account about a subject, read or not.
pub async fn find(tx: &mut Tx<'_>, account: &AccountId, subject: &str) -> Result<Option<Stored>, StoreError> {
    tx.first(
        select!("where n.account_id = $1 and n.subject = $2 order by n.id desc limit 1"),
        &[account.as_str().into(), subject.into()],
        |row| Ok(Stored { notification: read(row)?, since: row.int(12)? }),
    )
    .await
}

/// Stores a new notification, and forgets the oldest beyond what is kept.
pub async fn insert(
    tx: &mut Tx<'_>,
    account: &AccountId,
    subject: &str,
    new: &Notification,
    at: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "insert into notification (id, account_id, kind, subject, by_id, count, event_id, media_id, comment_id,
           text, created_at, at, post_id, match_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12, $13)",
        &[
            new.id.as_str().into(),
            account.as_str().into(),
            new.kind.as_str().into(),
            subject.into(),
            new.by.as_ref().map(|by| by.id.as_str()).into(),
            (new.count as i64).into(),
            new.event_id.as_ref().map(EventId::as_str).into(),
            new.media_id.as_ref().map(MediaId::as_str).into(),
            new.comment_id.as_ref().map(CommentId::as_str).into(),
            (&new.text).into(),
            at.into(),
            new.post_id.as_ref().map(PostId::as_str).into(),
            new.match_id.as_ref().map(MatchId::as_str).into(),
        ],
    )
    .await?;
    tx.execute(
        "delete from notification where account_id = $1 and id in
           (select id from notification where account_id = $1 order by at desc, id desc limit 100 offset $2)",
        &[account.as_str().into(), (NOTIFICATIONS_KEPT as i64).into()],
    )
    .await
    .map(drop)
}

/// It happened again.
pub async fn update(tx: &mut Tx<'_>, changed: &Notification, at: i64) -> Result<(), StoreError> {
    tx.execute(
        "update notification set by_id = $1, count = $2, comment_id = $3, text = $4, at = $5 where id = $6",
        &[
            changed.by.as_ref().map(|by| by.id.as_str()).into(),
            (changed.count as i64).into(),
            changed.comment_id.as_ref().map(CommentId::as_str).into(),
            (&changed.text).into(),
            at.into(),
            changed.id.as_str().into(),
        ],
    )
    .await
    .map(drop)
}

/// What it says is put right, at the place where it stands.
pub async fn correct(tx: &mut Tx<'_>, changed: &Notification) -> Result<(), StoreError> {
    tx.execute(
        "update notification set by_id = $1, count = $2, comment_id = $3, text = $4 where id = $5",
        &[
            changed.by.as_ref().map(|by| by.id.as_str()).into(),
            (changed.count as i64).into(),
            changed.comment_id.as_ref().map(CommentId::as_str).into(),
            (&changed.text).into(),
            changed.id.as_str().into(),
        ],
    )
    .await
    .map(drop)
}

/// How many an account has not read.
pub async fn unread(tx: &mut Tx<'_>, account: &AccountId) -> Result<u64, StoreError> {
    let count = tx
        .first(
            "select count(*) from notification where account_id = $1 and not read",
            &[account.as_str().into()],
            |row| row.int(0),
        )
        .await?;
    Ok(count.unwrap_or(0) as u64)
}

/// A page of an account's notifications, the latest first. `before` is the time and the id of the last one
/// on the page before.
pub async fn list(
    tx: &mut Tx<'_>,
    account: &AccountId,
    before: Option<(i64, &NotificationId)>,
    limit: usize,
) -> Result<Vec<(i64, Notification)>, StoreError> {
    let (at, id) = before.map_or((i64::MAX, ""), |(at, id)| (at, id.as_str()));
    tx.all(
        select!(
            "where n.account_id = $1 and (n.at < $2 or (n.at = $2 and n.id < $3)) order by n.at desc, n.id desc limit $4"
        ),
        &[account.as_str().into(), at.into(), id.into(), (limit as i64).into()],
        |row| Ok((row.int(8)?, read(row)?)),
    )
    .await
}

/// Whether an account has a notification of that id.
pub async fn exists(tx: &mut Tx<'_>, account: &AccountId, id: &NotificationId) -> Result<bool, StoreError> {
    let values = [account.as_str().into(), id.as_str().into()];
    let found =
        tx.first("select 1 from notification where account_id = $1 and id = $2", &values, |_| Ok(())).await?;
    Ok(found.is_some())
}

/// Marks one as read; says whether it was unread.
pub async fn mark_read(
    tx: &mut Tx<'_>,
    account: &AccountId,
    id: &NotificationId,
) -> Result<bool, StoreError> {
    let marked = tx
        .execute(
            "update notification set read = true where account_id = $1 and id = $2 and not read",
            &[account.as_str().into(), id.as_str().into()],
        )
        .await?;
    Ok(marked > 0)
}

/// Marks all as read; says whether any was unread.
pub async fn mark_all_read(tx: &mut Tx<'_>, account: &AccountId) -> Result<bool, StoreError> {
    let marked = tx
        .execute(
            "update notification set read = true where account_id = $1 and not read",
            &[account.as_str().into()],
        )
        .await?;
    Ok(marked > 0)
}

/// Notifications that tell of the same thing.
#[derive(Debug, Clone, Copy)]
pub enum About<'a> {
    Event(&'a EventId),
    /// An event, to one account.
    EventTo(&'a EventId, &'a AccountId),
    /// An event, to all who are not its members.
    EventToStrangers(&'a EventId),
    Media(&'a MediaId),
    Post(&'a PostId),
    /// A post, to one account.
    PostTo(&'a PostId, &'a AccountId),
    Match(&'a MatchId),
    /// Being mentioned in a comment.
    MentionIn(&'a CommentId),
}

/// Which they are, and whose.
pub async fn about(
    tx: &mut Tx<'_>,
    about: About<'_>,
) -> Result<Vec<(AccountId, NotificationId)>, StoreError> {
    let read = |row: &Row<'_>| Ok((row.parsed(0)?, row.parsed(1)?));
    match about {
        About::Event(event) => {
            let sql = "select account_id, id from notification where event_id = $1";
            tx.all(sql, &[event.as_str().into()], read).await
        }
        About::EventTo(event, account) => {
            let sql = "select account_id, id from notification where event_id = $1 and account_id = $2";
            tx.all(sql, &[event.as_str().into(), account.as_str().into()], read).await
        }
        About::EventToStrangers(event) => {
            let sql = "select account_id, id from notification where event_id = $1
                         and account_id not in (select account_id from event_member where event_id = $1)";
            tx.all(sql, &[event.as_str().into()], read).await
        }
        About::Media(media) => {
            let sql = "select account_id, id from notification where media_id = $1";
            tx.all(sql, &[media.as_str().into()], read).await
        }
        About::Post(post) => {
            let sql = "select account_id, id from notification where post_id = $1";
            tx.all(sql, &[post.as_str().into()], read).await
        }
        About::PostTo(post, account) => {
            let sql = "select account_id, id from notification where post_id = $1 and account_id = $2";
            tx.all(sql, &[post.as_str().into(), account.as_str().into()], read).await
        }
        About::Match(of) => {
            let sql = "select account_id, id from notification where match_id = $1";
            tx.all(sql, &[of.as_str().into()], read).await
        }
        About::MentionIn(comment) => {
            let sql = "select account_id, id from notification where comment_id = $1 and kind = 'mention'";
            tx.all(sql, &[comment.as_str().into()], read).await
        }
    }
}

/// Removes one.
pub async fn delete(tx: &mut Tx<'_>, id: &NotificationId) -> Result<(), StoreError> {
    tx.execute("delete from notification where id = $1", &[id.as_str().into()]).await.map(drop)
}

/// Sets whether an account hears of an event, or of one item of it.
pub async fn set_muted(
    tx: &mut Tx<'_>,
    account: &AccountId,
    event: &EventId,
    media: Option<&MediaId>,
    muted: bool,
) -> Result<(), StoreError> {
    let sql = if muted {
        "insert into mute (account_id, event_id, media_id) values ($1, $2, $3) on conflict do nothing"
    } else {
        "delete from mute where account_id = $1 and event_id = $2 and coalesce(media_id, '') = coalesce($3, '')"
    };
    let values = [account.as_str().into(), event.as_str().into(), media.map(MediaId::as_str).into()];
    tx.execute(sql, &values).await.map(drop)
}

/// Whether an account has muted an event, or exactly that item of it.
pub async fn is_muted(
    tx: &mut Tx<'_>,
    account: &AccountId,
    event: &EventId,
    media: Option<&MediaId>,
) -> Result<bool, StoreError> {
    let found = tx
        .first(
            "select 1 from mute
             where account_id = $1 and event_id = $2 and coalesce(media_id, '') = coalesce($3, '')",
            &[account.as_str().into(), event.as_str().into(), media.map(MediaId::as_str).into()],
            |_| Ok(()),
        )
        .await?;
    Ok(found.is_some())
}

/// What an account has muted and may read still, the events it has been on for longest last.
pub async fn mutes(tx: &mut Tx<'_>, account: &AccountId) -> Result<Vec<Mute>, StoreError> {
    tx.all(
        "select e.id, e.title, x.id, x.text from mute u
         join event e on e.id = u.event_id
         left join media x on x.id = u.media_id
         where u.account_id = $1 and (e.visibility <> 'private' or exists
           (select 1 from event_member m where m.event_id = e.id and m.account_id = $1))
         order by e.created_at desc, e.id desc, x.\"offset\" desc",
        &[account.as_str().into()],
        |row| {
            Ok(Mute {
                event_id: row.parsed(0)?,
                event_title: row.text(1)?,
                media_id: row.opt_text(2)?.as_deref().map(parse).transpose()?,
                text: row.opt_text(3)?.unwrap_or_default(),
            })
        },
    )
    .await
}
