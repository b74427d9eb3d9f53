//! A post on its way: what is due, one try at one destination, and what the post has come to.

use std::net::{IpAddr, Ipv4Addr};

use shared::{
    EventId, IdempotencyKey, MediaId,
    model::{
        media::{Attachment, Media, MediaKind, NewMedia},
        post::{DeliveryState, Destination, Post, PostChange, PostStatus, Target},
    },
};

use super::{
    PostId, Refusal, Step, StoreError, Topic, Tx, Work, account, begin, refused, rows, save, webhooks,
};
use crate::{
    auth::{
        Credential, Principal, User,
        permission::{self, Action},
    },
    domain,
    publish::{self, Keyed},
    store::{WorkError, post::Claimed},
    time::timestamp,
};

/// What came of one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// It arrived; as which item, on a timeline of this server.
    Delivered { media: Option<MediaId> },
    /// It did not; it is tried again at this time (Unix, in milliseconds).
    Again { at: i64, reason: String },
    /// It did not, and is not tried again by itself.
    Failed { reason: String },
}

/// A post that is due at one destination.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    pub post: Post,
    pub destination: Destination,
    /// A webhook's address and secret; `None` if it is gone, or this is an event.
    pub webhook: Option<(String, String)>,
}

impl Outgoing {
    /// The identity of this delivery through all of its tries: what makes a second one harmless.
    pub fn key(&self) -> String {
        format!("post-{}-{}", self.post.id, self.destination.id)
    }
}

/// Sends the scheduled posts that are due on their way, at most `limit`. One that cannot go fails alone.
pub async fn begin_due(tx: &mut Tx<'_>, at: i64, limit: usize) -> Work<()> {
    for id in rows::due(tx, at, limit).await? {
        let Some(mut post) = rows::find(tx, &id).await? else { continue };
        match begin(tx, &mut post, at).await {
            Ok(()) => {}
            Err(WorkError::Store(error)) => return Err(error.into()),
            // Not to be had by the ways in: what is scheduled is ready, and stays so.
            Err(WorkError::Refused(refusal)) => {
                post.status = PostStatus::Failed;
                post.failure = Some(words(refusal));
                save(tx, &mut post, PostChange::Failed, at).await?;
            }
        }
    }
    Ok(())
}

/// What is to be delivered under a claim; `None` if nothing is any more.
pub async fn outgoing(tx: &mut Tx<'_>, claimed: &Claimed) -> Result<Option<Outgoing>, StoreError> {
    let Some(post) = rows::find(tx, &claimed.post).await? else { return Ok(None) };
    if post.status != PostStatus::Publishing {
        return Ok(None);
    }
    let found = post.destinations.iter().find(|destination| {
        destination.id == claimed.destination && destination.state == DeliveryState::Waiting
    });
    let Some(destination) = found.cloned() else { return Ok(None) };
    let webhook = match &destination.target {
        Target::Webhook { webhook_id, .. } => webhooks::find(tx, &post.owner.id, webhook_id).await?,
        Target::Event { .. } => None,
    };
    Ok(Some(Outgoing { post, destination, webhook }))
}

/// Posts to an event's timeline as the owner, with the rights that the owner has at this moment, and notes
/// it in the same transaction. `attached` is a copy of the post's file that is the item's own. Says whether
/// the item was made now.
pub async fn post_to_event(
    tx: &mut Tx<'_>,
    outgoing: &Outgoing,
    event: &EventId,
    attached: domain::media::Attached,
    may_post: bool,
    at: i64,
) -> Work<bool> {
    if rows::find(tx, &outgoing.post.id).await?.is_none() {
        return refused(Refusal::NotFound("post"));
    }
    let principal = owner(tx, outgoing, may_post).await?;
    permission::require(tx, &principal, Action::Post, &Topic::event(event)).await?;
    let fault = |what: &str| StoreError::Fault(format!("the key of a delivery: {what}"));
    let key: IdempotencyKey = outgoing.key().parse().map_err(|_| fault("too long"))?;
    let keyed = Keyed::new(key.clone(), &("post", event)).map_err(|error| fault(&error.0.message))?;
    let text = outgoing.post.text.clone();
    let new = NewMedia { author: String::new(), text, upload_id: None, key: Some(key) };
    let by = principal.clone();
    let work = async |tx: &mut Tx<'_>, at| domain::media::post(tx, &by, event, new, attached, at).await;
    let outcome = publish::once::<Media, _>(tx, &principal, Some(keyed), at, work).await?;
    let is_new = matches!(outcome, publish::Outcome::Done(_));
    let media = Some(outcome.into_inner().id);
    settle(tx, &outgoing.post.id, &outgoing.destination.id, Attempt::Delivered { media }, at).await?;
    Ok(is_new)
}

/// The owner, as somebody who acts.
async fn owner(tx: &mut Tx<'_>, outgoing: &Outgoing, may_post: bool) -> Work<Principal> {
    let found = account::find(tx, &outgoing.post.owner.id).await?;
    let Some(stored) = found.filter(|stored| !stored.disabled) else { return refused(Refusal::Forbidden) };
    Ok(Principal::User(Box::new(User {
        person: stored.account.person,
        role: stored.account.role,
        invisible: stored.account.invisible,
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        may_post,
        by: Credential::Schedule,
    })))
}

/// Notes what came of a try, and what the post has come to with it. A post that is gone, or a destination
/// that has been settled before, is left alone.
pub async fn settle(
    tx: &mut Tx<'_>,
    post: &PostId,
    destination: &shared::DestinationId,
    attempt: Attempt,
    at: i64,
) -> Result<(), StoreError> {
    let Some(mut post) = rows::find(tx, post).await? else { return Ok(()) };
    let waiting = |known: &&mut Destination| {
        known.id == *destination && known.state == DeliveryState::Waiting && known.next_attempt_at.is_some()
    };
    let Some(known) = post.destinations.iter_mut().find(waiting) else { return Ok(()) };
    known.next_attempt_at = None;
    match attempt {
        Attempt::Delivered { media } => {
            known.state = DeliveryState::Delivered;
            known.reason = None;
            known.delivered_at = Some(timestamp(at));
            known.media_id = media;
        }
        Attempt::Again { at: next, reason } => {
            known.next_attempt_at = Some(timestamp(next));
            known.reason = Some(reason);
        }
        Attempt::Failed { reason } => {
            known.state = DeliveryState::Failed;
            known.reason = Some(reason);
        }
    }
    rows::update_destination(tx, known).await?;
    let step = conclude(&mut post, at).unwrap_or(PostChange::Updated);
    save(tx, &mut post, step, at).await
}

/// What a post on its way has come to, once nothing of it is waiting.
pub(super) fn conclude(post: &mut Post, at: i64) -> Option<Step> {
    let any = |state| post.destinations.iter().any(|destination| destination.state == state);
    if any(DeliveryState::Waiting) {
        return None;
    }
    if any(DeliveryState::Failed) {
        let reasons: Vec<&str> =
            post.destinations.iter().filter_map(|destination| destination.reason.as_deref()).collect();
        post.failure = Some(reasons.join("; "));
        post.status = PostStatus::Failed;
        return Some(PostChange::Failed);
    }
    post.status = PostStatus::Published;
    post.published_at = Some(timestamp(at));
    Some(PostChange::Published)
}

/// A refusal, as the reason that the owner reads.
pub fn words(refusal: Refusal) -> String {
    match refusal {
        Refusal::NotFound(what) => format!("the {what} does not exist any more"),
        Refusal::Invalid { message, .. } | Refusal::Conflict { message, .. } => message,
        Refusal::SignIn | Refusal::Forbidden => "the owner may not post there".to_owned(),
        Refusal::KeyReused => "it was posted before, as something else".to_owned(),
        Refusal::One { refusal, .. } => words(*refusal),
    }
}

/// The copy of a post's file that a timeline's item is to have.
pub fn copied(
    attachment: &Attachment,
    kind: MediaKind,
    upload: &shared::UploadId,
) -> domain::media::Attached {
    let (from, to) = (format!("/media/{}/", attachment.upload_id), format!("/media/{upload}/"));
    let mut copy = attachment.clone();
    copy.upload_id = upload.clone();
    copy.url = copy.url.replacen(&from, &to, 1);
    for rendition in &mut copy.renditions {
        rendition.url = rendition.url.replacen(&from, &to, 1);
    }
    Some((kind, copy))
}
