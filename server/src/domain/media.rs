//! Timeline items: posted, changed, deleted; each change published on the event's topic.

use shared::{
    Change, EventId, IdempotencyKey, MediaId, Topic, UploadId,
    change::MediaDeleted,
    limits,
    model::{
        event::Cover,
        media::{Attachment, Author, Media, MediaKind, MediaPatch, NewMedia},
        notification::NotificationKind,
    },
};

use super::{
    Refusal,
    notification::{self, Notice},
    required, text,
};
use crate::{
    auth::{
        Principal,
        permission::{self, Action},
    },
    ids::new_id,
    store::{StoreError, Tx, WorkError, event, log, media as rows, notification::About},
    time::timestamp,
};

/// A file that comes with the item instead of having been uploaded before.
pub type Attached = Option<(MediaKind, Attachment)>;

/// Posts an item to an event's timeline.
pub async fn post(
    tx: &mut Tx<'_>,
    principal: &Principal,
    event_id: &EventId,
    new: NewMedia,
    attached: Attached,
    at: i64,
) -> Result<Media, WorkError<Refusal>> {
    let author = author(principal, &new).map_err(WorkError::Refused)?;
    let body = text("text", &new.text, limits::MEDIA_TEXT_CHARS).map_err(WorkError::Refused)?;
    let by = principal.account_id();
    let (kind, attachment) = match (attached, &new.upload_id) {
        (Some((kind, attachment)), _) => {
            rows::insert_upload(tx, kind, &attachment, by, at).await?;
            rows::take_upload(tx, &attachment.upload_id, Some(event_id), by).await?;
            (kind, Some(attachment))
        }
        (None, Some(upload)) => {
            let taken = rows::take_upload(tx, upload, Some(event_id), by).await?;
            let (kind, attachment) =
                taken.ok_or_else(|| no_upload("there is no such upload, or it is in use"))?;
            (kind, Some(attachment))
        }
        (None, None) => (MediaKind::Text, None),
    };
    if attachment.is_none() && body.is_empty() {
        let message = "an item needs a text or a file".to_owned();
        return Err(WorkError::Refused(Refusal::Invalid { field: "text", message }));
    }
    let media = insert(tx, event_id, kind, author, body, attachment, new.key, at).await?;
    mention(tx, principal, &media, "", at).await?;
    Ok(media)
}

/// Tells who is mentioned in an item's text and was not in what it said before. A visitor could be anybody, and
/// mentions nobody.
async fn mention(
    tx: &mut Tx<'_>,
    principal: &Principal,
    media: &Media,
    before: &str,
    at: i64,
) -> Result<(), StoreError> {
    let Some(user) = principal.user() else { return Ok(()) };
    let known = notification::mentions(before);
    let names =
        notification::mentions(&media.text).into_iter().filter(|name| !known.contains(name)).collect();
    let notice = Notice {
        kind: NotificationKind::Mention,
        subject: format!("mention:media:{}", media.id),
        by: Some(user.person.clone()),
        reached: None,
        event_id: Some(media.event_id.clone()),
        media_id: Some(media.id.clone()),
        post_id: None,
        comment_id: None,
        match_id: None,
        text: media.text.clone(),
    };
    notification::mention(tx, names, &notice, at).await.map(drop)
}

/// Who is signed in posts under the account's name; a visitor or a server says one.
fn author(principal: &Principal, new: &NewMedia) -> Result<Author, Refusal> {
    match principal.user() {
        Some(user) => {
            Ok(Author { name: user.person.display_name.clone(), account_id: Some(user.person.id.clone()) })
        }
        None => Ok(Author {
            name: required("author", &new.author, limits::DISPLAY_NAME_CHARS)?,
            account_id: None,
        }),
    }
}

fn no_upload(message: &str) -> WorkError<Refusal> {
    WorkError::Refused(Refusal::Invalid { field: "uploadId", message: message.to_owned() })
}

#[expect(clippy::too_many_arguments, reason = "the fields of the row, each once")]
async fn insert(
    tx: &mut Tx<'_>,
    event_id: &EventId,
    kind: MediaKind,
    author: Author,
    text: String,
    attachment: Option<Attachment>,
    key: Option<IdempotencyKey>,
    at: i64,
) -> Result<Media, WorkError<Refusal>> {
    let mut posted = None;
    let cover = attachment.as_ref().filter(|_| kind == MediaKind::Photo).and_then(cover);
    let appended = log::append(tx, &Topic::event(event_id), at, |offset| {
        let media = Media {
            id: new_id(),
            event_id: event_id.clone(),
            offset,
            kind,
            author,
            text,
            attachment,
            created_at: timestamp(at),
            updated_at: timestamp(at),
            likes: 0,
            comments: 0,
            key,
        };
        posted = Some(media.clone());
        Change::MediaNew(Box::new(media))
    })
    .await?;
    let (Some(media), Some(_)) = (posted, appended) else {
        return Err(WorkError::Refused(Refusal::NotFound("event")));
    };
    rows::insert(tx, &media, at).await?;
    let cover = cover.map(|cover| json(&cover)).transpose()?;
    event::count_media(tx, event_id, 1, cover.as_deref()).await?;
    Ok(media)
}

/// The smallest rendition of a photo, as a list shows it.
fn cover(photo: &Attachment) -> Option<Cover> {
    let thumb_hash = photo.thumb_hash.clone();
    match photo.renditions.first() {
        Some(small) => {
            Some(Cover { url: small.url.clone(), width: small.width, height: small.height, thumb_hash })
        }
        None => {
            let (width, height) = photo.width.zip(photo.height)?;
            Some(Cover { url: photo.url.clone(), width, height, thumb_hash })
        }
    }
}

fn json(cover: &Cover) -> Result<String, StoreError> {
    serde_json::to_string(cover).map_err(|error| StoreError::Fault(error.to_string()))
}

/// Changes an item's text.
pub async fn change(
    tx: &mut Tx<'_>,
    principal: &Principal,
    event_id: &EventId,
    id: &MediaId,
    patch: MediaPatch,
    at: i64,
) -> Result<Media, WorkError<Refusal>> {
    let mut media = find(tx, event_id, id).await?;
    may_change(tx, principal, &media).await?;
    let Some(new_text) = patch.text else { return Ok(media) };
    let new_text = text("text", &new_text, limits::MEDIA_TEXT_CHARS).map_err(WorkError::Refused)?;
    if new_text.is_empty() && media.attachment.is_none() {
        let message = "an item needs a text or a file".to_owned();
        return Err(WorkError::Refused(Refusal::Invalid { field: "text", message }));
    }
    if new_text == media.text {
        return Ok(media);
    }
    let before = std::mem::replace(&mut media.text, new_text);
    media.updated_at = timestamp(at);
    rows::update_text(tx, id, &media.text, at).await?;
    log::append(tx, &Topic::event(event_id), at, |_| Change::MediaUpdate(Box::new(media.clone()))).await?;
    mention(tx, principal, &media, &before, at).await?;
    Ok(media)
}

/// Deletes an item, from the log as well; returns the upload whose files are to go once this is committed.
pub async fn delete(
    tx: &mut Tx<'_>,
    principal: &Principal,
    event_id: &EventId,
    id: &MediaId,
    at: i64,
) -> Result<Option<UploadId>, WorkError<Refusal>> {
    let media = find(tx, event_id, id).await?;
    may_change(tx, principal, &media).await?;
    let topic = Topic::event(event_id);
    let deletion = Change::MediaDelete(MediaDeleted { media_id: id.clone() });
    log::append(tx, &topic, at, |_| deletion.clone()).await?;
    // And what was said under it.
    log::redact_all(tx, &topic, &format!("media:{id}"), &deletion).await?;
    notification::withdraw(tx, About::Media(id), at).await?;
    rows::delete(tx, id).await?;
    event::count_media(tx, event_id, -1, None).await?;
    if media.kind == MediaKind::Photo {
        let newest = rows::newest_picture(tx, event_id).await?.and_then(|newest| newest.attachment);
        let cover = newest.as_ref().and_then(cover).map(|cover| json(&cover)).transpose()?;
        event::set_cover(tx, event_id, cover.as_deref()).await?;
    }
    let Some(attachment) = media.attachment else { return Ok(None) };
    rows::delete_upload(tx, &attachment.upload_id).await?;
    Ok(Some(attachment.upload_id))
}

/// One's own item is one's own to change; another's takes the right to manage the event.
async fn may_change(tx: &mut Tx<'_>, principal: &Principal, media: &Media) -> Result<(), WorkError<Refusal>> {
    let own = media.author.account_id.is_some() && media.author.account_id.as_ref() == principal.account_id();
    if own {
        return Ok(());
    }
    permission::require(tx, principal, Action::Manage, &Topic::event(&media.event_id)).await
}

async fn find(tx: &mut Tx<'_>, event_id: &EventId, id: &MediaId) -> Result<Media, WorkError<Refusal>> {
    rows::find(tx, event_id, id).await?.ok_or(WorkError::Refused(Refusal::NotFound("item")))
}
