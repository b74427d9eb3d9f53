//! The scheduler: sends posts on their way when they are due, and delivers them (P2).
//!
//! What is to be done, and when, stands in the store and nowhere else: a server that starts finds what the
//! one before it left. The task sleeps until the next thing is due, or until it is woken because something
//! has changed; it never looks around in between.
//!
//! A delivery is claimed by a lease in its row. To a timeline it is made in the transaction that notes it. To
//! a webhook it cannot be: killed between the two, it is sent again, with the same `Webhook-Id`.
//!
//! Never decides who may do what, which [`crate::domain::post`] does at the moment of the delivery. Started
//! by `app`, woken by the handlers of posts.

use std::{sync::Arc, time::Duration};

use serde::Serialize;
use shared::{
    EventId, Timestamp,
    model::{
        account::Person,
        media::{Attachment, MediaKind},
        post::{Post, Target},
    },
};
use tokio::{sync::Notify, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    domain::{
        Refusal,
        post::{self as domain, Attempt, Outgoing},
    },
    media::MediaFiles,
    store::{
        Store, StoreError, Tx, WorkError,
        post::{self as rows, Claimed},
    },
    time::timestamp,
    webhook::{Message, Sent, Webhooks},
};

/// Scheduled posts that one transaction sends on their way.
const DUE_AT_ONCE: usize = 64;
/// Longest sleep: a wall clock that was set is noticed after this.
const SLEEP_MAX_MS: i64 = 60_000;
/// After a failure of the store.
const STORE_RETRY_MS: i64 = 2_000;
/// Longest wait between two tries.
const RETRY_MAX_MS: u64 = 3600 * 1000;
/// What a lease is longer than the longest try.
const LEASE_MARGIN_MS: u64 = 60_000;
/// How long deliveries under way are waited for when the server ends.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// How deliveries are tried.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Tries at one destination.
    pub attempts: u32,
    /// Between the first try and the second, in milliseconds.
    pub retry_ms: u64,
    /// Longest that one try takes, in milliseconds.
    pub timeout_ms: u64,
    /// Deliveries at a time.
    pub at_once: usize,
    /// An account may post on events that nobody owns.
    pub may_post: bool,
}

/// The wall clock that the scheduler goes by, in milliseconds since 1970.
pub type WallClock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// The scheduler of one server.
pub struct Scheduler {
    store: Store,
    media: MediaFiles,
    webhooks: Webhooks,
    options: Options,
    now: WallClock,
    changed: Notify,
}

impl std::fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scheduler").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Scheduler {
    pub fn new(
        store: Store,
        media: MediaFiles,
        webhooks: Webhooks,
        options: Options,
        now: WallClock,
    ) -> Self {
        Self { store, media, webhooks, options, now, changed: Notify::new() }
    }

    /// Something may be due earlier than it was.
    pub fn wake(&self) {
        self.changed.notify_one();
    }

    /// Runs until the token is cancelled. What the server before this one had claimed is free again.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut deliveries = JoinSet::new();
        let mut released = false;
        loop {
            let turned = async {
                if !released {
                    self.release().await?;
                    released = true;
                }
                self.turn(&mut deliveries).await
            };
            let next = match turned.await {
                Ok(next) => next,
                Err(error) => {
                    tracing::warn!(%error, "posts that are due could not be looked at; it is tried again");
                    Some((self.now)() + STORE_RETRY_MS)
                }
            };
            let wait_ms = next.map_or(SLEEP_MAX_MS, |next| (next - (self.now)()).clamp(0, SLEEP_MAX_MS));
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(wait_ms as u64)) => {}
                () = self.changed.notified() => {}
                Some(_) = deliveries.join_next() => {}
                () = stop.cancelled() => break,
            }
        }
        let rest = async { while deliveries.join_next().await.is_some() {} };
        if tokio::time::timeout(LAST_WORDS, rest).await.is_err() {
            tracing::info!("deliveries under way are tried again by the next server");
        }
    }

    async fn release(&self) -> Result<(), StoreError> {
        let released = self.write(async |tx, _| Ok(rows::release_leases(tx).await?)).await?;
        if released.is_ok_and(|count| count > 0) {
            tracing::info!("deliveries that were under way when the last server ended are tried again");
        }
        Ok(())
    }

    /// Does what is due; returns when there is something to do next, unless a delivery ends or somebody wakes
    /// it before.
    async fn turn(self: &Arc<Self>, deliveries: &mut JoinSet<()>) -> Result<Option<i64>, StoreError> {
        loop {
            while deliveries.try_join_next().is_some() {}
            let free = self.options.at_once.saturating_sub(deliveries.len());
            let next = self
                .store
                .read(async move |tx| {
                    let publication = rows::next_publication(tx).await?;
                    let delivery = if free > 0 { rows::next_delivery(tx).await? } else { None };
                    Ok(publication.into_iter().chain(delivery).min())
                })
                .await?;
            let now = (self.now)();
            if next.is_none_or(|next| next > now) {
                return Ok(next);
            }
            let lease_ms = self.options.timeout_ms.saturating_add(LEASE_MARGIN_MS);
            let lease_until = now.saturating_add(i64::try_from(lease_ms).unwrap_or(i64::MAX));
            let claimed = self
                .write(async move |tx, at| {
                    domain::begin_due(tx, at, DUE_AT_ONCE).await?;
                    Ok(rows::claim(tx, at, lease_until, free).await?)
                })
                .await?;
            for claimed in claimed.unwrap_or_default() {
                let scheduler = self.clone();
                deliveries.spawn(async move { scheduler.deliver(claimed).await });
            }
        }
    }

    async fn write<T, F>(&self, work: F) -> Result<Result<T, Refusal>, StoreError>
    where
        F: AsyncFnOnce(&mut Tx<'_>, i64) -> Result<T, WorkError<Refusal>> + Send + 'static,
        T: Send + 'static,
    {
        let at = (self.now)();
        self.store.write(async move |tx| work(tx, at).await).await
    }

    /// One try at one destination. Where the store fails, the lease ends by itself and it is tried again.
    async fn deliver(&self, claimed: Claimed) {
        if let Err(error) = self.try_to_deliver(&claimed).await {
            tracing::error!(%error, post = %claimed.post, "a delivery could not be noted; it is tried again");
        }
    }

    async fn try_to_deliver(&self, claimed: &Claimed) -> Result<(), StoreError> {
        let of = claimed.clone();
        let found = self.store.read(async move |tx| domain::outgoing(tx, &of).await).await?;
        let Some(outgoing) = found else { return Ok(()) };
        let attempt = match &outgoing.destination.target {
            Target::Event { event_id } => match self.to_event(&outgoing, event_id).await? {
                Some(attempt) => attempt,
                None => return Ok(()),
            },
            Target::Webhook { host, .. } => self.to_webhook(&outgoing, host).await,
        };
        if let Attempt::Failed { reason } = &attempt {
            tracing::info!(post = %claimed.post, destination = %claimed.destination, reason, "a post failed");
        }
        let of = claimed.clone();
        let settled = self
            .write(async move |tx, at| Ok(domain::settle(tx, &of.post, &of.destination, attempt, at).await?))
            .await?;
        debug_assert!(settled.is_ok());
        Ok(())
    }

    /// `None` when it has been posted and noted.
    async fn to_event(&self, outgoing: &Outgoing, event: &EventId) -> Result<Option<Attempt>, StoreError> {
        let copied = match &outgoing.post.attachment {
            Some(attachment) => match self.media.copy(&attachment.upload_id).await {
                Ok(upload) => Some((attachment.clone(), upload)),
                Err(error) => {
                    tracing::error!(%error, post = %outgoing.post.id, "the file of a post cannot be copied");
                    let reason = "the file cannot be read".to_owned();
                    return Ok(Some(self.again(outgoing, reason, None)));
                }
            },
            None => None,
        };
        let kind = outgoing.post.kind;
        let attached =
            copied.as_ref().and_then(|(attachment, upload)| domain::copied(attachment, kind, upload));
        let (of, event, may_post) = (outgoing.clone(), event.clone(), self.options.may_post);
        let posted = self
            .write(async move |tx, at| domain::post_to_event(tx, &of, &event, attached, may_post, at).await)
            .await;
        let is_new = matches!(posted, Ok(Ok(true)));
        if let Some((_, upload)) = copied.filter(|_| !is_new) {
            self.media.remove(&upload).await;
        }
        match posted? {
            Ok(_) => Ok(None),
            Err(refusal) => Ok(Some(Attempt::Failed { reason: domain::words(refusal) })),
        }
    }

    async fn to_webhook(&self, outgoing: &Outgoing, host: &str) -> Attempt {
        let failed = |reason: &str| Attempt::Failed { reason: format!("{host}: {reason}") };
        let Some((url, secret)) = &outgoing.webhook else { return failed("the webhook was removed") };
        let Some(secret) = domain::webhook::secret_bytes(secret) else {
            return failed("its secret is damaged; make the webhook anew");
        };
        let Some(body) = body(&outgoing.post) else { return failed("the post cannot be written as JSON") };
        let message = Message { id: &outgoing.key(), at_s: (self.now)() / 1000, body: &body };
        let sent = self.webhooks.send(url, &secret, message).await;
        let outcome = match sent {
            Sent::Taken => "taken",
            Sent::Later { .. } => "later",
            Sent::Refused { .. } => "refused",
        };
        metrics::counter!("touchline_webhooks_total", "outcome" => outcome).increment(1);
        match sent {
            Sent::Taken => Attempt::Delivered { media: None },
            Sent::Refused { reason } => failed(&reason),
            Sent::Later { reason, retry_after_ms } => {
                self.again(outgoing, format!("{host}: {reason}"), retry_after_ms)
            }
        }
    }

    /// Later, unless it has been tried often enough.
    fn again(&self, outgoing: &Outgoing, reason: String, retry_after_ms: Option<u64>) -> Attempt {
        let attempts = outgoing.destination.attempts;
        if attempts >= self.options.attempts {
            return Attempt::Failed { reason: format!("{reason}, {attempts} times") };
        }
        let wait_ms = backoff_ms(attempts, self.options.retry_ms, rand::random());
        let wait_ms = wait_ms.max(retry_after_ms.unwrap_or(0));
        Attempt::Again { at: (self.now)() + wait_ms as i64, reason }
    }
}

/// The wait after so many tries: doubled with each, an hour at most, and a random part of the second half
/// of it, so that what failed together does not come back together. `chance` is from 0 up to 1.
fn backoff_ms(attempts: u32, retry_ms: u64, chance: f64) -> u64 {
    let doubled = retry_ms.saturating_mul(1_u64 << attempts.saturating_sub(1).min(30)).min(RETRY_MAX_MS);
    doubled / 2 + ((doubled / 2) as f64 * chance) as u64
}

/// What a webhook receives: the same for every try.
fn body(post: &Post) -> Option<String> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Data<'a> {
        id: &'a shared::PostId,
        author: &'a Person,
        kind: MediaKind,
        text: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        attachment: Option<&'a Attachment>,
    }
    #[derive(Serialize)]
    struct Body<'a> {
        #[serde(rename = "type")]
        type_name: &'static str,
        timestamp: Timestamp,
        data: Data<'a>,
    }
    let data = Data {
        id: &post.id,
        author: &post.owner,
        kind: post.kind,
        text: &post.text,
        attachment: post.attachment.as_ref(),
    };
    let timestamp = post.publish_at.clone().unwrap_or_else(|| timestamp(0));
    serde_json::to_string(&Body { type_name: "post.published", timestamp, data }).ok()
}

#[cfg(test)]
mod tests;
