//! What is being posted from this page: each with its idempotency key, made before the first try and kept
//! for every further one. Shows itself in the timeline as a local echo.

use std::time::Duration;

use client_core::timeline::{Echo, EchoState};
use leptos::{prelude::*, task::spawn_local};
use litemap::LiteMap;
use shared::{EventId, IdempotencyKey, model::media::MediaKind};

use super::feed::Feed;
use crate::{
    api::{
        self, ApiError,
        upload::{self, Post},
    },
    browser,
};

/// Waits before the second and the third try of a post that failed for a passing reason.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];

/// A file as it lies on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Preview {
    pub(crate) url: String,
    /// Pixels; 0 for sound.
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// An item that somebody wants to post.
#[derive(Debug, Clone)]
pub(crate) struct NewPost {
    pub(crate) author: String,
    pub(crate) text: String,
    pub(crate) kind: MediaKind,
    pub(crate) file: Option<web_sys::File>,
    pub(crate) poster: Option<web_sys::Blob>,
    pub(crate) preview: Option<Preview>,
}

struct Sending {
    post: Post,
    echo: Echo,
    progress: RwSignal<f64>,
    preview: Option<Preview>,
    done: bool,
}

/// The posts of this page.
#[derive(Clone, Copy)]
pub(crate) struct Outgoing {
    posts: StoredValue<LiteMap<IdempotencyKey, Sending>, LocalStorage>,
    owner: StoredValue<Owner>,
}

impl Outgoing {
    pub(crate) fn new() -> Self {
        let posts: StoredValue<LiteMap<IdempotencyKey, Sending>, LocalStorage> =
            StoredValue::new_local(LiteMap::new());
        on_cleanup(move || {
            posts.try_with_value(|posts| {
                for preview in posts.values().filter_map(|sending| sending.preview.as_ref()) {
                    web_sys::Url::revoke_object_url(&preview.url).ok();
                }
            });
        });
        Self { posts, owner: StoredValue::new(Owner::current().unwrap_or_default()) }
    }

    /// The local copy of a file that was posted from here.
    pub(crate) fn preview(self, key: &IdempotencyKey) -> Option<Preview> {
        self.posts.with_value(|posts| posts.get(key)?.preview.clone())
    }

    /// The share that has been sent, 0 to 1.
    pub(crate) fn progress(self, key: &IdempotencyKey) -> Option<RwSignal<f64>> {
        self.posts.with_value(|posts| posts.get(key).map(|sending| sending.progress))
    }

    /// The echoes of a kind that are still shown as such, for a list that is made anew.
    pub(crate) fn echoes(self, kind: Option<MediaKind>) -> Vec<Echo> {
        self.posts.with_value(|posts| {
            let waiting = posts.values().filter(|sending| !sending.done);
            waiting
                .map(|sending| sending.echo.clone())
                .filter(|echo| kind.is_none_or(|kind| kind == echo.kind))
                .collect()
        })
    }

    /// Shows the item and posts it; who is `signed_in` posts under the account's name, whatever is sent.
    pub(crate) fn post(self, event: EventId, feed: Feed, new: NewPost, signed_in: bool) {
        let Ok(key) = browser::random_id().parse::<IdempotencyKey>() else { return };
        let echo = Echo {
            key: key.clone(),
            kind: new.kind,
            text: new.text.clone(),
            author: new.author.clone(),
            preview: new.preview.as_ref().map(|preview| preview.url.clone()),
            state: EchoState::Sending,
        };
        let author = if signed_in { String::new() } else { new.author };
        let post = Post { key: key.clone(), author, text: new.text, file: new.file, poster: new.poster };
        let progress = self.owner.with_value(|owner| owner.with(|| RwSignal::new(0.0)));
        let sending = Sending { post, echo: echo.clone(), progress, preview: new.preview, done: false };
        self.posts.update_value(|posts| {
            posts.insert(key.clone(), sending);
        });
        if feed.kind.get_untracked().is_none_or(|kind| kind == new.kind) {
            feed.post(echo);
        }
        self.send(event, feed, key);
    }

    /// Tries again, with the same key.
    pub(crate) fn retry(self, event: EventId, feed: Feed, key: IdempotencyKey) {
        self.state(feed, &key, EchoState::Sending);
        self.send(event, feed, key);
    }

    /// Gives it up.
    pub(crate) fn discard(self, feed: Feed, key: &IdempotencyKey) {
        self.posts.update_value(|posts| {
            posts.remove(key);
        });
        feed.echo(|timeline| timeline.remove_echo(key));
    }

    fn state(self, feed: Feed, key: &IdempotencyKey, state: EchoState) {
        self.posts.update_value(|posts| {
            if let Some(sending) = posts.get_mut(key) {
                sending.echo.state = state.clone();
            }
        });
        feed.echo(|timeline| timeline.set_echo_state(key, state));
    }

    fn send(self, event: EventId, feed: Feed, key: IdempotencyKey) {
        let Some(Some((post, progress))) = self
            .posts
            .try_with_value(|posts| posts.get(&key).map(|sending| (sending.post.clone(), sending.progress)))
        else {
            return;
        };
        spawn_local(async move {
            let mut pauses = PAUSES.iter();
            let answer = loop {
                progress.try_set(0.0);
                let answer = try_once(&event, &post, progress).await;
                match (&answer, pauses.next()) {
                    (Err(error), Some(pause)) if error.is_passing() => browser::pause(*pause).await,
                    _ => break answer,
                }
            };
            // The page may have been left meanwhile.
            if self.posts.try_with_value(|posts| posts.contains_key(&key)) != Some(true) {
                return;
            }
            match answer {
                Ok(media) => {
                    self.posts.update_value(|posts| {
                        if let Some(sending) = posts.get_mut(&key) {
                            sending.done = true;
                            sending.post.file = None;
                            sending.post.poster = None;
                        }
                    });
                    feed.echo(|timeline| timeline.confirm_echo(media));
                }
                Err(ApiError { code, message, .. }) => {
                    self.state(feed, &key, EchoState::Failed { code, message });
                }
            }
        });
    }
}

async fn try_once(
    event: &EventId,
    post: &Post,
    progress: RwSignal<f64>,
) -> Result<shared::model::media::Media, ApiError> {
    if post.file.is_some() {
        upload::post(event, post, move |share| {
            progress.try_set(share);
        })
        .await
    } else {
        api::post_text(event, post).await
    }
}
