//! Posts: written, scheduled, sent on their way, and what came of it. Each change is published, in the
//! transaction that makes it, on the topics of the owner and of the editors, and nowhere else (P1).
//!
//! Knows no clock and no network: the scheduler says what time it is and what a receiver answered.

use shared::{
    PostId, Timestamp, Topic, UploadId, limits,
    model::{
        account::Person,
        media::{Attachment, MediaKind},
        post::{
            self, DeliveryState, Destination, NewDestination, NewPost, Post, PostAccessChanged, PostChange,
            PostComments, PostDeleted, PostPatch, PostStatus, Target,
        },
    },
};

use super::{Refusal, notification, text};
use crate::{
    auth::{
        Principal,
        permission::{self, Action},
    },
    ids::new_id,
    store::{
        StoreError, Tx, WorkError, account, log, media, notification::About, post as rows,
        webhook as webhooks,
    },
    time::{from_timestamp, timestamp},
};

mod delivery;
mod liking;
mod sharing;
pub mod webhook;

pub use delivery::{Attempt, Outgoing, begin_due, copied, outgoing, post_to_event, settle, words};
pub use liking::like;
pub use sharing::{remove_editor, share};

type Work<T> = Result<T, WorkError<Refusal>>;
/// What has happened to a post: one of the changes that show it whole.
type Step = fn(Box<Post>) -> PostChange;

/// How far a time to publish at may lie in the past, in milliseconds: clocks differ.
const PAST_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 3600 * 1000;

fn refused<T>(refusal: Refusal) -> Work<T> {
    Err(WorkError::Refused(refusal))
}

fn invalid<T>(field: &'static str, message: &str) -> Work<T> {
    refused(Refusal::Invalid { field, message: message.to_owned() })
}

fn conflict<T>(field: &'static str, message: &str) -> Work<T> {
    refused(Refusal::Conflict { field, message: message.to_owned() })
}

/// Writes a draft.
pub async fn create(tx: &mut Tx<'_>, principal: &Principal, new: NewPost, at: i64) -> Work<Post> {
    let Some(user) = principal.user() else { return refused(Refusal::SignIn) };
    let id: PostId = new_id();
    let (kind, attachment) = match &new.upload_id {
        Some(upload) => {
            let (kind, attachment) = take(tx, principal, upload, &id).await?;
            (kind, Some(attachment))
        }
        None => (MediaKind::Text, None),
    };
    let destinations = destinations(tx, principal, &user.person, &[], new.destinations).await?;
    let post = Post {
        id,
        version: 1,
        status: PostStatus::Draft,
        owner: user.person.clone(),
        editors: Vec::new(),
        text: text("text", &new.text, limits::POST_TEXT_CHARS).map_err(WorkError::Refused)?,
        kind,
        attachment,
        destinations,
        publish_at: None,
        published_at: None,
        failure: None,
        comments: 0,
        liked_by: Vec::new(),
        created_at: timestamp(at),
        updated_at: timestamp(at),
    };
    rows::insert(tx, &post, at).await?;
    log::create_topic(tx, &Topic::post(&post.id)).await?;
    tell(tx, &post, |_| PostChange::Created as Step, at).await?;
    Ok(post)
}

async fn take(
    tx: &mut Tx<'_>,
    principal: &Principal,
    upload: &UploadId,
    post: &PostId,
) -> Work<(MediaKind, Attachment)> {
    match rows::take_upload(tx, upload, post, principal.account_id()).await? {
        Some(taken) => Ok(taken),
        None => invalid("uploadId", "there is no such upload, or it is in use"),
    }
}

/// What was asked for as destinations, checked; those there were keep what they know.
async fn destinations(
    tx: &mut Tx<'_>,
    principal: &Principal,
    owner: &Person,
    before: &[Destination],
    asked: Vec<NewDestination>,
) -> Work<Vec<Destination>> {
    if asked.len() > limits::POST_DESTINATIONS {
        let message = format!("{} destinations are allowed", limits::POST_DESTINATIONS);
        return invalid("destinations", &message);
    }
    let mut all: Vec<Destination> = Vec::with_capacity(asked.len());
    for new in asked {
        if all.iter().any(|known| known.target.asked() == new) {
            return invalid("destinations", "a destination is there twice");
        }
        match before.iter().find(|known| known.target.asked() == new) {
            Some(known) => all.push(known.clone()),
            None => all.push(waiting(target(tx, principal, owner, new).await?)),
        }
    }
    let had_it = |known: &&Destination| known.state == DeliveryState::Delivered;
    if before.iter().filter(had_it).any(|known| !all.contains(known)) {
        return invalid("destinations", "a destination that has the post cannot be left out");
    }
    Ok(all)
}

fn waiting(target: Target) -> Destination {
    Destination {
        id: new_id(),
        target,
        state: DeliveryState::Waiting,
        attempts: 0,
        next_attempt_at: None,
        reason: None,
        delivered_at: None,
        media_id: None,
    }
}

/// Whether the post may go there is decided when it goes; here only that there is such a place, in the eyes
/// of who asks.
async fn target(tx: &mut Tx<'_>, principal: &Principal, owner: &Person, new: NewDestination) -> Work<Target> {
    match new {
        NewDestination::Event { event_id } => {
            let topic = Topic::event(&event_id);
            match permission::require(tx, principal, Action::Read, &topic).await {
                Ok(()) => Ok(Target::Event { event_id }),
                Err(WorkError::Refused(_)) => invalid("destinations", "there is no such event"),
                Err(error) => Err(error),
            }
        }
        NewDestination::Webhook { webhook_id } => match webhooks::find(tx, &owner.id, &webhook_id).await? {
            Some((url, _)) => Ok(Target::Webhook { webhook_id, host: webhook::host(&url) }),
            None => invalid("destinations", "the owner has no such webhook"),
        },
    }
}

async fn find(tx: &mut Tx<'_>, id: &PostId) -> Work<Post> {
    rows::find(tx, id).await?.ok_or(WorkError::Refused(Refusal::NotFound("post")))
}

/// Changes a draft, a scheduled or a failed post that stands at `patch.version`. Returns with it the upload
/// whose files are to go once this is committed.
pub async fn change(
    tx: &mut Tx<'_>,
    principal: &Principal,
    id: &PostId,
    patch: PostPatch,
    at: i64,
) -> Work<(Post, Option<UploadId>)> {
    let before = find(tx, id).await?;
    match patch.version {
        None => return invalid("version", "say which version was read, here or in If-Match"),
        Some(version) if version != before.version => {
            return conflict("version", "the post has been changed since it was read");
        }
        Some(_) => {}
    }
    if matches!(before.status, PostStatus::Publishing | PostStatus::Published) {
        return conflict("status", "the post has gone out");
    }
    let mut post = before.clone();
    if let Some(new_text) = &patch.text {
        post.text = text("text", new_text, limits::POST_TEXT_CHARS).map_err(WorkError::Refused)?;
    }
    if let Some(asked) = patch.destinations {
        post.destinations = destinations(tx, principal, &before.owner, &before.destinations, asked).await?;
    }
    let mut gone = None;
    if patch.upload_id.is_some() || patch.remove_attachment {
        gone = post.attachment.take().map(|old| old.upload_id);
        post.kind = MediaKind::Text;
    }
    if let Some(upload) = &patch.upload_id {
        let (kind, attachment) = take(tx, principal, upload, id).await?;
        (post.kind, post.attachment) = (kind, Some(attachment));
    }
    if post == before {
        return Ok((post, None));
    }
    if post.status == PostStatus::Scheduled {
        ready(&post)?;
    }
    if let Some(gone) = &gone {
        media::delete_upload(tx, gone).await?;
    }
    rows::put_destinations(tx, &post).await?;
    save(tx, &mut post, PostChange::Updated, at).await?;
    Ok((post, gone))
}

/// Whether there is something to publish, and somewhere.
fn ready(post: &Post) -> Work<()> {
    if post.text.is_empty() && post.attachment.is_none() {
        return invalid("text", "a post needs a text or a file");
    }
    if post.destinations.is_empty() {
        return invalid("destinations", "a post needs a destination");
    }
    Ok(())
}

/// Gives a draft, a scheduled or a failed post a time to go out at.
pub async fn schedule(tx: &mut Tx<'_>, id: &PostId, publish_at: Timestamp, at: i64) -> Work<Post> {
    let mut post = find(tx, id).await?;
    if matches!(post.status, PostStatus::Publishing | PostStatus::Published) {
        return conflict("status", "the post has gone out");
    }
    ready(&post)?;
    match from_timestamp(&publish_at) {
        None => return invalid("at", "there is no such day or time"),
        Some(time) if time < at - PAST_MS => return invalid("at", "this time has passed"),
        Some(time) if time > at + limits::POST_SCHEDULE_DAYS as i64 * DAY_MS => {
            return invalid("at", &format!("{} days ahead at most", limits::POST_SCHEDULE_DAYS));
        }
        Some(_) => {}
    }
    if post.status == PostStatus::Scheduled && post.publish_at.as_ref() == Some(&publish_at) {
        return Ok(post);
    }
    post.status = PostStatus::Scheduled;
    post.publish_at = Some(publish_at);
    post.failure = None;
    save(tx, &mut post, PostChange::Updated, at).await?;
    Ok(post)
}

/// Makes a scheduled post a draft again.
pub async fn unschedule(tx: &mut Tx<'_>, id: &PostId, at: i64) -> Work<Post> {
    let mut post = find(tx, id).await?;
    match post.status {
        PostStatus::Draft => return Ok(post),
        PostStatus::Scheduled => {}
        _ => return conflict("status", "the post is not scheduled"),
    }
    post.status = PostStatus::Draft;
    post.publish_at = None;
    save(tx, &mut post, PostChange::Updated, at).await?;
    Ok(post)
}

/// Sends a draft or a scheduled post on its way, now.
pub async fn publish_now(tx: &mut Tx<'_>, id: &PostId, at: i64) -> Work<Post> {
    let mut post = find(tx, id).await?;
    match post.status {
        PostStatus::Draft | PostStatus::Scheduled => {}
        // Asked for twice: it is on its way.
        PostStatus::Publishing | PostStatus::Published => return Ok(post),
        PostStatus::Failed => return conflict("status", "the post has failed; retry it"),
    }
    post.publish_at = Some(timestamp(at));
    begin(tx, &mut post, at).await?;
    Ok(post)
}

/// Tries a failed post again where it did not arrive.
pub async fn retry(tx: &mut Tx<'_>, id: &PostId, at: i64) -> Work<Post> {
    let mut post = find(tx, id).await?;
    match post.status {
        PostStatus::Failed => {}
        PostStatus::Publishing | PostStatus::Published => return Ok(post),
        _ => return conflict("status", "the post has not failed"),
    }
    begin(tx, &mut post, at).await?;
    Ok(post)
}

/// Every destination that does not have the post is due from now on.
async fn begin(tx: &mut Tx<'_>, post: &mut Post, at: i64) -> Work<()> {
    ready(post)?;
    post.status = PostStatus::Publishing;
    post.failure = None;
    for destination in &mut post.destinations {
        if destination.state != DeliveryState::Delivered {
            *destination = Destination {
                id: destination.id.clone(),
                next_attempt_at: Some(timestamp(at)),
                ..waiting(destination.target.clone())
            };
        }
    }
    rows::put_destinations(tx, post).await?;
    save(tx, post, PostChange::Publishing, at).await?;
    // Nothing is left to do where the destinations that failed have been taken out.
    if let Some(step) = delivery::conclude(post, at) {
        save(tx, post, step, at).await?;
    }
    Ok(())
}

/// Deletes a post, from the logs as well; what it became on timelines stays. Returns the upload whose files
/// are to go once this is committed.
pub async fn delete(tx: &mut Tx<'_>, id: &PostId, at: i64) -> Work<Option<UploadId>> {
    let post = find(tx, id).await?;
    let topic = Topic::post(id);
    for person in people(&post) {
        gone(tx, &Topic::user(&person.id), id, at).await?;
    }
    log::append(tx, &topic, at, |_| PostChange::Deleted(PostDeleted { post_id: id.clone() })).await?;
    log::close_topic(tx, &topic).await?;
    notification::withdraw(tx, About::Post(id), at).await?;
    rows::delete(tx, id).await?;
    let upload = post.attachment.map(|attachment| attachment.upload_id);
    if let Some(upload) = &upload {
        media::delete_upload(tx, upload).await?;
    }
    Ok(upload)
}

/// Says on `topic` that a post is gone, and takes out what was said of it there before.
async fn gone(tx: &mut Tx<'_>, topic: &Topic, id: &PostId, at: i64) -> Result<(), StoreError> {
    let deletion = PostChange::Deleted(PostDeleted { post_id: id.clone() });
    log::append(tx, topic, at, |_| deletion.clone()).await?;
    log::redact(tx, topic, &post::item(id), shared::Offset(1), &deletion).await.map(drop)
}

fn people(post: &Post) -> impl Iterator<Item = &Person> {
    std::iter::once(&post.owner).chain(&post.editors)
}

/// Stores a changed post as its next version, and says so to everybody whose it is.
async fn save(tx: &mut Tx<'_>, post: &mut Post, step: Step, at: i64) -> Result<(), StoreError> {
    save_and_tell(tx, post, |_| step, at).await
}

async fn save_and_tell(
    tx: &mut Tx<'_>,
    post: &mut Post,
    step: impl Fn(&Person) -> Step,
    at: i64,
) -> Result<(), StoreError> {
    post.version += 1;
    post.updated_at = timestamp(at);
    rows::update(tx, post, at).await?;
    tell(tx, post, step, at).await
}

async fn tell(
    tx: &mut Tx<'_>,
    post: &Post,
    step: impl Fn(&Person) -> Step,
    at: i64,
) -> Result<(), StoreError> {
    for person in people(post) {
        let change = |_| step(person)(Box::new(post.clone()));
        log::append(tx, &Topic::user(&person.id), at, change).await?;
    }
    Ok(())
}

/// Says to everybody whose a post is how many comments stand under it. The post is not changed by it, so that
/// whoever is changing it is not overtaken.
pub async fn tell_comments(tx: &mut Tx<'_>, post: &Post, at: i64) -> Result<(), StoreError> {
    for person in people(post) {
        let counted = PostComments { post_id: post.id.clone(), comments: post.comments };
        log::append(tx, &Topic::user(&person.id), at, |_| PostChange::Comments(counted)).await?;
    }
    Ok(())
}
