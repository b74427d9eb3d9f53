//! What is done now and then: retention, stories that are over, old idempotency keys, uploads that no item took.

use std::time::Duration;

use shared::{Topic, TopicKind};
use tokio_util::sync::CancellationToken;

use crate::{
    app::App,
    domain::story,
    store::{Store, StoreError, Tx, WorkError, account, idempotency, log, media, member, story as stories},
    time::unix_ms,
};

/// An upload that no item has taken is removed after this long, in milliseconds.
const UPLOAD_KEPT_MS: i64 = 24 * 3600 * 1000;
/// Files that no row speaks of are looked for only when they are older than this: the row may be on its way.
const FILES_WITHOUT_ROW: Duration = Duration::from_hours(1);
const DAY_MS: i64 = 24 * 3600 * 1000;

/// Begins the topics that belong to no resource. Run at every start.
pub async fn prepare(store: &Store) -> Result<(), StoreError> {
    let prepared = store
        .write(async |tx| {
            log::ensure_topic(tx, &Topic::events()).await?;
            log::ensure_topic(tx, &Topic::stories()).await?;
            log::ensure_topic(tx, &Topic::venue_updates()).await?;
            Ok::<_, WorkError<()>>(())
        })
        .await?;
    debug_assert!(prepared.is_ok());
    Ok(())
}

/// Runs until the token is cancelled.
pub async fn run(app: App, stop: CancellationToken) {
    let mut every = tokio::time::interval(Duration::from_secs(app.config.storage.retain_every_s));
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        // What is over is not put off until the next turn.
        let next_end = match expire_stories(&app).await {
            Ok(next_end) => next_end,
            Err(error) => {
                tracing::warn!(%error, "stories that are over could not be removed; it is tried again");
                None
            }
        };
        let over = async {
            match next_end {
                Some(end) => tokio::time::sleep(until(end)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = every.tick() => {}
            () = over => continue,
            () = stop.cancelled() => return,
        }
        if let Err(error) = once(&app).await {
            tracing::warn!(%error, "housekeeping could not be done; it is tried again");
        }
        app.publishing.retain_recent();
        app.publishing_by_account.retain_recent();
        app.frames_by_account.retain_recent();
        app.abuse.forget();
        app.passwords.forget_old_attempts();
        app.guesses.forget_old();
    }
}

async fn once(app: &App) -> Result<(), StoreError> {
    for kind in TopicKind::ALL {
        let retention = app.config.retention(kind);
        if retention == log::Retention::default() {
            continue;
        }
        let trimmed = app
            .store
            .write(async move |tx| Ok::<_, WorkError<()>>(log::trim(tx, kind, retention, unix_ms()).await?))
            .await?;
        for (topic, upto) in trimmed.unwrap_or_default() {
            app.hub.trim(&topic, upto);
        }
    }
    let keep_keys_ms = i64::from(app.config.storage.keep_keys_days) * DAY_MS;
    let done = app
        .store
        .write(async move |tx| {
            let now = unix_ms();
            idempotency::forget(tx, now - keep_keys_ms).await?;
            let over = account::delete_expired_sessions(tx, now).await?;
            member::delete_expired_invitations(tx, now).await?;
            let stale = media::stale_uploads(tx, now - UPLOAD_KEPT_MS).await?;
            for upload in &stale {
                media::delete_upload(tx, upload).await?;
            }
            Ok::<_, WorkError<()>>((over, stale))
        })
        .await?;
    let (over, stale) = done.unwrap_or_default();
    // A connection that asks for nothing by HTTP does not outlive its sign-in.
    for session in &over {
        app.sessions.end_session(session);
    }
    app.remove_files(stale).await;
    remove_files_without_row(app).await
}

/// How long it is until a time of the wall clock. The two clocks need not agree: what is woken too early
/// finds nothing to do and waits again.
fn until(end: i64) -> Duration {
    Duration::from_millis(u64::try_from(end - unix_ms()).unwrap_or(0).max(1))
}

/// What is over has not been shown since; now it leaves the log and the disk, too. Returns when the next
/// story will be over.
async fn expire_stories(app: &App) -> Result<Option<i64>, StoreError> {
    loop {
        let next = app.store.read(async |tx| stories::next_end(tx).await).await?;
        if next.is_none_or(|end| end > unix_ms()) {
            return Ok(next);
        }
        let work = async |tx: &mut Tx<'_>| Ok::<_, WorkError<()>>(story::expire(tx, unix_ms()).await?);
        let uploads = app.store.write(work).await?.unwrap_or_default();
        app.remove_files(uploads).await;
    }
}

/// A crash between the file in its place and the commit of its row leaves a file that nobody can name.
async fn remove_files_without_row(app: &App) -> Result<(), StoreError> {
    let files = match app.media.older_than(FILES_WITHOUT_ROW).await {
        Ok(files) => files,
        Err(error) => {
            tracing::warn!(%error, "the directory of uploads could not be read");
            return Ok(());
        }
    };
    let unknown = app
        .store
        .read(async move |tx| {
            let mut unknown = Vec::new();
            for upload in files {
                if !media::is_upload(tx, &upload).await? {
                    unknown.push(upload);
                }
            }
            Ok(unknown)
        })
        .await?;
    app.remove_files(unknown).await;
    Ok(())
}
