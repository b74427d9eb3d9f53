//! Comments and likes in the store.

use shared::{
    AccountId, CommentId, EventId, MediaId, PostId,
    limits::LIKES_LISTED,
    model::{
        account::Person,
        comment::{Comment, Parent},
    },
};

use super::{Row, StoreError, Tx, tx::parse};
use crate::time::timestamp;

/// Comments under one item or post: `$1` is its id, `$2` the event's.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select c.id, c.event_id, c.media_id, c.post_id, a.id, a.name, a.display_name, c.text, c.created_at, \
             c.key from comment c join account a on a.id = c.account_id \
             where coalesce(c.media_id, c.post_id) = $1 and coalesce(c.event_id, '') = $2 and ",
            $rest
        )
    };
}

/// The second value of a `select!`.
fn event(parent: &Parent) -> &str {
    parent.event_id().map_or("", EventId::as_str)
}

fn read(row: &Row<'_>) -> Result<Comment, StoreError> {
    Ok(Comment {
        id: row.parsed(0)?,
        parent: parent(row)?,
        author: Person { id: row.parsed(4)?, name: row.text(5)?, display_name: row.text(6)? },
        text: row.text(7)?,
        created_at: timestamp(row.int(8)?),
        key: row.opt_text(9)?.as_deref().map(parse).transpose()?,
    })
}

fn parent(row: &Row<'_>) -> Result<Parent, StoreError> {
    match (row.opt_text(1)?, row.opt_text(2)?, row.opt_text(3)?) {
        (Some(event), Some(media), None) => {
            Ok(Parent::Media { event_id: parse(&event)?, media_id: parse(&media)? })
        }
        (None, None, Some(post)) => Ok(Parent::Post { post_id: parse(&post)? }),
        _ => Err(StoreError::Fault("a comment is nowhere, or in two places".to_owned())),
    }
}

/// Stores a new comment and counts it.
pub async fn insert(tx: &mut Tx<'_>, comment: &Comment, at: i64) -> Result<(), StoreError> {
    tx.execute(
        "insert into comment (id, event_id, media_id, post_id, account_id, text, key, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            comment.id.as_str().into(),
            comment.parent.event_id().map(EventId::as_str).into(),
            comment.parent.media_id().map(MediaId::as_str).into(),
            comment.parent.post_id().map(PostId::as_str).into(),
            comment.author.id.as_str().into(),
            (&comment.text).into(),
            comment.key.as_ref().map(shared::IdempotencyKey::as_str).into(),
            at.into(),
        ],
    )
    .await?;
    count_comments(tx, &comment.parent, 1).await
}

/// One comment under an item or a post.
pub async fn find(tx: &mut Tx<'_>, parent: &Parent, id: &CommentId) -> Result<Option<Comment>, StoreError> {
    let values = [parent.id().into(), event(parent).into(), id.as_str().into()];
    tx.first(select!("c.id = $3"), &values, read).await
}

/// Removes a comment and counts it out.
pub async fn delete(tx: &mut Tx<'_>, comment: &Comment) -> Result<(), StoreError> {
    tx.execute("delete from comment where id = $1", &[comment.id.as_str().into()]).await?;
    count_comments(tx, &comment.parent, -1).await
}

/// A page of the comments under an item or a post, newest first, older than `before`. Ids are in the order of
/// time.
pub async fn list(
    tx: &mut Tx<'_>,
    parent: &Parent,
    before: Option<&CommentId>,
    limit: usize,
) -> Result<Vec<Comment>, StoreError> {
    tx.all(
        select!("($3 is null or c.id < $3) order by c.id desc limit $4"),
        &[
            parent.id().into(),
            event(parent).into(),
            before.map(CommentId::as_str).into(),
            (limit as i64).into(),
        ],
        read,
    )
    .await
}

/// The newest comment that somebody else than `but` has written under an item or a post since `since`
/// (milliseconds since 1970).
pub async fn latest_since(
    tx: &mut Tx<'_>,
    parent: &Parent,
    since: i64,
    but: &AccountId,
) -> Result<Option<Comment>, StoreError> {
    tx.first(
        select!("c.created_at >= $3 and c.account_id <> $4 order by c.id desc limit 1"),
        &[parent.id().into(), event(parent).into(), since.into(), but.as_str().into()],
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
    count_likes(tx, media, 1).await?;
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
    count_likes(tx, media, if liked { 1 } else { -1 }).await?;
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

async fn count_likes(tx: &mut Tx<'_>, media: &MediaId, likes: i64) -> Result<(), StoreError> {
    let values = [likes.into(), media.as_str().into()];
    tx.execute("update media set likes = likes + $1 where id = $2", &values).await.map(drop)
}

async fn count_comments(tx: &mut Tx<'_>, parent: &Parent, comments: i64) -> Result<(), StoreError> {
    let sql = match parent {
        Parent::Media { .. } => "update media set comments = comments + $1 where id = $2",
        Parent::Post { .. } => "update post set comments = comments + $1 where id = $2",
    };
    tx.execute(sql, &[comments.into(), parent.id().into()]).await.map(drop)
}
