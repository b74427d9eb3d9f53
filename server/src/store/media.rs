//! Timeline items and uploads in the store.

use shared::{
    AccountId, EventId, MediaId, Offset, UploadId,
    model::{
        media::{Attachment, Author, Media, MediaKind},
        member::Visibility,
    },
};

use super::{Row, StoreError, Tx, tx::parse};
use crate::time::timestamp;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select id, event_id, \"offset\", kind, author, text, attachment, key, created_at, updated_at, account_id, likes, comments from media ",
            $rest
        )
    };
}

fn read(row: &Row<'_>) -> Result<Media, StoreError> {
    Ok(Media {
        id: row.parsed(0)?,
        event_id: row.parsed(1)?,
        offset: row.offset(2)?,
        kind: row.parsed(3)?,
        author: Author {
            name: row.text(4)?,
            account_id: row.opt_text(10)?.as_deref().map(parse).transpose()?,
        },
        text: row.text(5)?,
        attachment: row.opt_text(6)?.as_deref().map(attachment).transpose()?,
        key: row.opt_text(7)?.as_deref().map(parse).transpose()?,
        created_at: timestamp(row.int(8)?),
        updated_at: timestamp(row.int(9)?),
        likes: row.int(11)? as u64,
        comments: row.int(12)? as u64,
    })
}

pub(super) fn attachment(json: &str) -> Result<Attachment, StoreError> {
    serde_json::from_str(json).map_err(|error| StoreError::Fault(error.to_string()))
}

pub(super) fn json(attachment: &Attachment) -> Result<String, StoreError> {
    serde_json::to_string(attachment).map_err(|error| StoreError::Fault(error.to_string()))
}

/// Stores a new item, at the offset of the publication that shows it.
pub async fn insert(tx: &mut Tx<'_>, media: &Media, at: i64) -> Result<(), StoreError> {
    let attachment = media.attachment.as_ref().map(json).transpose()?;
    tx.execute(
        "insert into media (event_id, \"offset\", id, kind, author, text, attachment, key, created_at, updated_at,
           account_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &[
            media.event_id.as_str().into(),
            media.offset.into(),
            media.id.as_str().into(),
            media.kind.as_str().into(),
            (&media.author.name).into(),
            (&media.text).into(),
            attachment.as_ref().into(),
            media.key.as_ref().map(shared::IdempotencyKey::as_str).into(),
            at.into(),
            at.into(),
            media.author.account_id.as_ref().map(AccountId::as_str).into(),
        ],
    )
    .await
    .map(drop)
}

/// Changes an item's text.
pub async fn update_text(tx: &mut Tx<'_>, id: &MediaId, text: &str, at: i64) -> Result<(), StoreError> {
    tx.execute(
        "update media set text = $1, updated_at = $2 where id = $3",
        &[text.into(), at.into(), id.as_str().into()],
    )
    .await
    .map(drop)
}

/// Removes an item.
pub async fn delete(tx: &mut Tx<'_>, id: &MediaId) -> Result<(), StoreError> {
    tx.execute("delete from media where id = $1", &[id.as_str().into()]).await.map(drop)
}

/// One item of an event.
pub async fn find(tx: &mut Tx<'_>, event: &EventId, id: &MediaId) -> Result<Option<Media>, StoreError> {
    tx.first(select!("where id = $1 and event_id = $2"), &[id.as_str().into(), event.as_str().into()], read)
        .await
}

/// The newest item of an event that has a picture.
pub async fn newest_picture(tx: &mut Tx<'_>, event: &EventId) -> Result<Option<Media>, StoreError> {
    tx.first(
        select!("where event_id = $1 and kind = 'photo' order by \"offset\" desc limit 1"),
        &[event.as_str().into()],
        read,
    )
    .await
}

/// A page of an event's items, newest first, older than `before`.
pub async fn list(
    tx: &mut Tx<'_>,
    event: &EventId,
    kind: Option<MediaKind>,
    before: Option<Offset>,
    limit: usize,
) -> Result<Vec<Media>, StoreError> {
    let before = before.unwrap_or(Offset(i64::MAX as u64)).into();
    let limit = (limit as i64).into();
    match kind {
        Some(kind) => {
            let sql = select!(
                "where event_id = $1 and \"offset\" < $2 and kind = $3 order by \"offset\" desc limit $4"
            );
            tx.all(sql, &[event.as_str().into(), before, kind.as_str().into(), limit], read).await
        }
        None => {
            let sql = select!("where event_id = $1 and \"offset\" < $2 order by \"offset\" desc limit $3");
            tx.all(sql, &[event.as_str().into(), before, limit], read).await
        }
    }
}

/// The uploads behind an event's items.
pub async fn uploads_of(tx: &mut Tx<'_>, event: &EventId) -> Result<Vec<UploadId>, StoreError> {
    let attachments = tx
        .all(
            "select attachment from media where event_id = $1 and attachment is not null",
            &[event.as_str().into()],
            |row| attachment(&row.text(0)?),
        )
        .await?;
    Ok(attachments.into_iter().map(|attachment| attachment.upload_id).collect())
}

/// Records a stored file, and who sent it: nobody, for a visitor.
pub async fn insert_upload(
    tx: &mut Tx<'_>,
    kind: MediaKind,
    attachment: &Attachment,
    by: Option<&AccountId>,
    at: i64,
) -> Result<(), StoreError> {
    let json = json(attachment)?;
    tx.execute(
        "insert into upload (id, kind, attachment, created_at, account_id) values ($1, $2, $3, $4, $5)",
        &[
            attachment.upload_id.as_str().into(),
            kind.as_str().into(),
            (&json).into(),
            at.into(),
            by.map(AccountId::as_str).into(),
        ],
    )
    .await
    .map(drop)
}

/// Takes an upload for an item: each serves one item only. `None` if there is none, it is taken, or
/// somebody else sent it. Who may read `event` may read its files.
pub async fn take_upload(
    tx: &mut Tx<'_>,
    id: &UploadId,
    event: Option<&EventId>,
    by: Option<&AccountId>,
) -> Result<Option<(MediaKind, Attachment)>, StoreError> {
    tx.first(
        "update upload set used = true, event_id = $2
         where id = $1 and not used and (account_id is null or account_id = $3)
         returning kind, attachment",
        &[id.as_str().into(), event.map(EventId::as_str).into(), by.map(AccountId::as_str).into()],
        |row| Ok((row.parsed(0)?, attachment(&row.text(1)?)?)),
    )
    .await
}

/// The event that an upload's files are shown on, for who may have them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownOn {
    pub event: EventId,
    pub visibility: Visibility,
    /// Somebody may make it private.
    pub owned: bool,
}

/// Where an upload's files are shown; `None` as long as no item has taken it.
pub async fn shown_on(tx: &mut Tx<'_>, id: &UploadId) -> Result<Option<ShownOn>, StoreError> {
    tx.first(
        "select e.id, e.visibility, e.owner_id from upload u join event e on e.id = u.event_id where u.id = $1",
        &[id.as_str().into()],
        |row| {
            let visibility = parse::<Visibility>(&row.text(1)?)?;
            Ok(ShownOn { event: row.parsed(0)?, visibility, owned: row.opt_text(2)?.is_some() })
        },
    )
    .await
}

/// Whether there is an upload of that id, in use or not.
pub async fn is_upload(tx: &mut Tx<'_>, id: &UploadId) -> Result<bool, StoreError> {
    Ok(tx.first("select 1 from upload where id = $1", &[id.as_str().into()], |_| Ok(())).await?.is_some())
}

/// Forgets an upload.
pub async fn delete_upload(tx: &mut Tx<'_>, id: &UploadId) -> Result<(), StoreError> {
    tx.execute("delete from upload where id = $1", &[id.as_str().into()]).await.map(drop)
}

/// Uploads made before `before` (milliseconds since 1970) that no item has taken.
pub async fn stale_uploads(tx: &mut Tx<'_>, before: i64) -> Result<Vec<UploadId>, StoreError> {
    tx.all("select id from upload where not used and created_at < $1", &[before.into()], |row| row.parsed(0))
        .await
}
