//! What is being posted from this browser, as far as the timeline shows it: local echoes with their previews and how
//! far they have come. It sends nothing: the outbox does, which is fetched with the composer, and says here what
//! becomes of each.

use std::rc::Rc;

use client_core::timeline::{Echo, EchoState};
use leptos::prelude::*;
use litemap::LiteMap;
use shared::{
    IdempotencyKey,
    model::media::{Media, MediaKind},
};

use super::feed::Feed;

/// A file as it lies on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Preview {
    pub(crate) url: String,
    /// Pixels; 0 for sound.
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// What somebody decides about an echo that was refused.
#[derive(Debug, Clone)]
pub(crate) enum Decision {
    Retry(IdempotencyKey),
    Discard(IdempotencyKey),
}

struct Sending {
    echo: Echo,
    progress: RwSignal<f64>,
    preview: Option<Preview>,
    done: bool,
}

type Decide = Rc<dyn Fn(Decision)>;

/// The posts of this page.
#[derive(Clone, Copy)]
pub(crate) struct Outgoing {
    posts: StoredValue<LiteMap<IdempotencyKey, Sending>, LocalStorage>,
    owner: StoredValue<Owner>,
    decide: StoredValue<Option<Decide>, LocalStorage>,
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
        let owner = StoredValue::new(Owner::current().unwrap_or_default());
        Self { posts, owner, decide: StoredValue::new_local(None) }
    }

    /// From now on decisions go there.
    pub(crate) fn decided_by(self, decide: Decide) {
        self.decide.set_value(Some(decide));
    }

    /// Somebody has decided.
    pub(crate) fn decide(self, decision: Decision) {
        if let Some(decide) = self.decide.get_value() {
            decide(decision);
        }
    }

    /// The local copy of a file that was posted from here.
    pub(crate) fn preview(self, key: &IdempotencyKey) -> Option<Preview> {
        self.posts.with_value(|posts| posts.get(key)?.preview.clone())
    }

    /// The share that has been sent, 0 to 1.
    pub(crate) fn progress(self, key: &IdempotencyKey) -> Option<RwSignal<f64>> {
        self.posts.try_with_value(|posts| posts.get(key).map(|sending| sending.progress)).flatten()
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

    /// The state in which an echo is shown, if it is.
    pub(crate) fn state(self, key: &IdempotencyKey) -> Option<EchoState> {
        self.posts.try_with_value(|posts| posts.get(key).map(|sending| sending.echo.state.clone())).flatten()
    }

    /// Shows an item that is on its way. What was just written here brings the reader to it.
    pub(crate) fn show(self, feed: Feed, echo: Echo, preview: Option<Preview>, just_now: bool) {
        let progress = self.owner.with_value(|owner| owner.with(|| RwSignal::new(0.0)));
        let sending = Sending { echo: echo.clone(), progress, preview, done: false };
        self.posts.update_value(|posts| {
            posts.insert(echo.key.clone(), sending);
        });
        if feed.kind.get_untracked().is_none_or(|kind| kind == echo.kind) {
            if just_now {
                feed.post(echo);
            } else {
                feed.echo(|timeline| timeline.add_echo(echo));
            }
        }
    }

    /// Something has changed about it.
    pub(crate) fn change(self, feed: Feed, key: &IdempotencyKey, text: String, state: EchoState) {
        let changed = self.posts.try_update_value(|posts| {
            let echo = &mut posts.get_mut(key)?.echo;
            if echo.state == state && echo.text == text {
                return None;
            }
            (echo.state, echo.text) = (state, text);
            Some(echo.clone())
        });
        if let Some(echo) = changed.flatten()
            && feed.kind.get_untracked().is_none_or(|kind| kind == echo.kind)
        {
            feed.echo(|timeline| timeline.add_echo(echo));
        }
    }

    /// The server has it.
    pub(crate) fn confirm(self, feed: Feed, key: &IdempotencyKey, media: Media) {
        self.posts.try_update_value(|posts| {
            if let Some(sending) = posts.get_mut(key) {
                sending.done = true;
            }
        });
        feed.echo(|timeline| timeline.confirm_echo(media));
    }

    /// It is not on its way any more.
    pub(crate) fn remove(self, feed: Feed, key: &IdempotencyKey) {
        self.posts.try_update_value(|posts| {
            posts.remove(key);
        });
        feed.echo(|timeline| timeline.remove_echo(key));
    }
}
