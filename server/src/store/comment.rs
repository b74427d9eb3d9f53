//! Comments and likes in the store.

use shared::{
    AccountId, CommentId, EventId, MediaId,
    limits::LIKES_LISTED,
    model::{account::Person, comment::Comment},
};

use super::{Row, StoreError, Tx, tx::parse};
use crate::time::timestamp;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select c.id, c.event_id, c.media_id, a.id, a.name, a.display_name, c.text, c.created_at, c.key \
             from comment c join account a on a.id = c.account_id ",
            $rest
        )
    };
}

fn read(row: &Row<'_>) -> Result<Comment, StoreError> {
    Ok(Comment {
        id: row.parsed(0)?,
        event_id: row.parsed(1)?,
        media_id: row.parsed(2)?,
        author: Person { id: row.parsed(3)?, name: row.text(4)?, display_name: row.text(5)? },
        text: row.text(6)?,
        created_at: timestamp(row.int(7)?),
        key: row.opt_text(8)?.as_deref().map(parse).transpose()?,
    })
}

/// Stores a new comment and counts it.
pub async fn insert(tx: &mut Tx<'_>, comment: &Comment, at: i64) -> Result<(), StoreError> {
    tx.execute(
        "insert into comment (id, event_id, media_id, account_id, text, key, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        &[
            comment.id.as_str().into(),
            comment.event_id.as_str().into(),
            comment.media_id.as_str().into(),
            comment.author.id.as_str().into(),
            (&comment.text).into(),
            comment.key.as_ref().map(shared::IdempotencyKey::as_str).into(),
            at.into(),
        ],
    )
    .await?;
    count(tx, &comment.media_id, 0, 1).await
}

/// One comment under an item of an event.
pub async fn find(
    tx: &mut Tx<'_>,
    event: &EventId,
    media: &MediaId,
    id: &CommentId,
) -> Result<Option<Comment>, StoreError> {
    tx.first(
        select!("where c.id = $1 and c.media_id = $2 and c.event_id = $3"),
        &[id.as_str().into(), media.as_str().into(), event.as_str().into()],
        read,
    )
    .await
}

/// Removes a comment and counts it out.
pub async fn delete(tx: &mut Tx<'_>, comment: &Comment) -> Result<(), StoreError> {
    tx.execute("delete from comment where id = $1", &[comment.id.as_str().into()]).await?;
    count(tx, &comment.media_id, 0, -1).await
}

/// A page of an item's comments, newest first, older than `before`. Ids are in the order of time.
pub async fn list(
    tx: &mut Tx<'_>,
    event: &EventId,
    media: &MediaId,
    before: Option<&CommentId>,
    limit: usize,
) -> Result<Vec<Comment>, StoreError> {
    tx.all(
        select!(
            "where c.media_id = $1 and c.event_id = $2 and ($3 is null or c.id < $3) order by c.id desc limit $4"
        ),
        &[
            media.as_str().into(),
            event.as_str().into(),
            before.map(CommentId::as_str).into(),
            (limit as i64).into(),
        ],
        read,
    )
    .await
}

/// The newest comment that somebody else than `but` has written under an item since `since` (milliseconds
/// since 1970).
pub async fn latest_since(
    tx: &mut Tx<'_>,
    media: &MediaId,
    since: i64,
    but: &AccountId,
) -> Result<Option<Comment>, StoreError> {
    tx.first(
        select!(
            "where c.media_id = $1 and c.created_at >= $2 and c.account_id <> $3 order by c.id desc limit 1"
        ),
        &[media.as_str().into(), since.into(), but.as_str().into()],
        read,
    )
    .await
}

/// A like that has come or gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Like {
    /// It never was there before.
    pub is_first: bool,
    /// When it came for the first time (milliseconds since 1970).
    pub since: i64,
}

/// Records that somebody likes an item. `None`: they do already.
pub async fn like(
    tx: &mut Tx<'_>,
    media: &MediaId,
    account: &AccountId,
    at: i64,
) -> Result<Option<Like>, StoreError> {
    let again = set_liked(tx, media, account, true).await?;
    if again.is_some() {
        return Ok(again);
    }
    let inserted = tx
        .execute(
            "insert into media_like (media_id, account_id, liked, at) values ($1, $2, true, $3)
             on conflict (media_id, account_id) do nothing",
            &[media.as_str().into(), account.as_str().into(), at.into()],
        )
        .await?;
    if inserted == 0 {
        return Ok(None);
    }
    count(tx, media, 1, 0).await?;
    Ok(Some(Like { is_first: true, since: at }))
}

/// Takes a like back. `None`: there is none.
pub async fn unlike(
    tx: &mut Tx<'_>,
    media: &MediaId,
    account: &AccountId,
) -> Result<Option<Like>, StoreError> {
    set_liked(tx, media, account, false).await
}

/// Turns a like that has been there before.
async fn set_liked(
    tx: &mut Tx<'_>,
    media: &MediaId,
    account: &AccountId,
    liked: bool,
) -> Result<Option<Like>, StoreError> {
    let since = tx
        .first(
            "update media_like set liked = $3 where media_id = $1 and account_id = $2 and liked <> $3 returning at",
            &[media.as_str().into(), account.as_str().into(), liked.into()],
            |row| row.int(0),
        )
        .await?;
    let Some(since) = since else { return Ok(None) };
    count(tx, media, if liked { 1 } else { -1 }, 0).await?;
    Ok(Some(Like { is_first: false, since }))
}

/// Which of an event's items somebody likes: those posted last, [`LIKES_LISTED`] at most.
pub async fn liked(
    tx: &mut Tx<'_>,
    event: &EventId,
    account: &AccountId,
) -> Result<Vec<MediaId>, StoreError> {
    tx.all(
        "select l.media_id from media_like l join media m on m.id = l.media_id
         where l.account_id = $1 and l.liked and m.event_id = $2 order by m.\"offset\" desc limit $3",
        &[account.as_str().into(), event.as_str().into(), (LIKES_LISTED as i64).into()],
        |row| row.parsed(0),
    )
    .await
}

async fn count(tx: &mut Tx<'_>, media: &MediaId, likes: i64, comments: i64) -> Result<(), StoreError> {
    tx.execute(
        "update media set likes = likes + $1, comments = comments + $2 where id = $3",
        &[likes.into(), comments.into(), media.as_str().into()],
    )
    .await
    .map(drop)
}
