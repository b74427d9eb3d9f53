//! How far a story has come: runs while nothing holds it, and says when it is over. Draws nothing.

use std::time::Duration;

use client_core::Instant;
use leptos::prelude::*;

use crate::browser::{self, Listener, Timer};

/// How long a photo is shown.
pub(super) const PHOTO: Duration = Duration::from_secs(6);

/// The playback of one story after another.
#[derive(Clone, Copy)]
pub(super) struct Playback {
    /// Somebody pressed pause; from the start for who asked for little motion.
    pub(super) paused: RwSignal<bool>,
    /// A finger rests on it.
    pub(super) held: RwSignal<bool>,
    /// It can be seen.
    pub(super) loaded: RwSignal<bool>,
    /// Something lies over it: the list of viewers, a question.
    pub(super) covered: RwSignal<bool>,
    /// How long it takes; a video says so itself.
    pub(super) length: RwSignal<Duration>,
    /// Whether it is running.
    pub(super) running: Memo<bool>,
}

impl Playback {
    /// Runs until the current owner is cleaned up. `over` is called when a photo has been shown for its
    /// time; the end of a video is the video's to say.
    pub(super) fn start(is_video: Memo<bool>, over: impl Fn() + Clone + 'static) -> Self {
        let (held, loaded, covered) = (RwSignal::new(false), RwSignal::new(false), RwSignal::new(false));
        let paused = RwSignal::new(browser::wants_less_motion());
        // Nobody looks at the page.
        let hidden = RwSignal::new(browser::is_hidden());
        let length = RwSignal::new(PHOTO);
        let running = Memo::new(move |_| {
            loaded.get() && !paused.get() && !held.get() && !covered.get() && !hidden.get()
        });
        let listener: Listener = browser::listen(&browser::document(), "visibilitychange", move |_| {
            hidden.set(browser::is_hidden());
        });
        let playback = Self { paused, held, loaded, covered, length, running };
        playback.keep_time(is_video, over, listener);
        playback
    }

    /// Begins anew, for another story.
    pub(super) fn rewind(self) {
        self.loaded.set(false);
        self.length.set(PHOTO);
    }

    fn keep_time(self, is_video: Memo<bool>, over: impl Fn() + Clone + 'static, listener: Listener) {
        // The timer of the photo that runs, when it began to, and for how long it had run before.
        let timer: StoredValue<(Option<Timer>, Option<Instant>, Duration), LocalStorage> =
            StoredValue::new_local((None, None, Duration::ZERO));
        Effect::new(move || {
            let (running, loaded) = (self.running.get(), self.loaded.get());
            let mut spent = None;
            timer.update_value(|(timer, since, before)| {
                spent = timer.take();
                if let Some(since) = since.take() {
                    *before += browser::now().since(since);
                }
                if !loaded {
                    *before = Duration::ZERO;
                }
                if running && !is_video.get_untracked() {
                    *since = Some(browser::now());
                    let over = over.clone();
                    // Not from within the timer's own call: what it leads to drops the timer.
                    *timer =
                        Timer::after(PHOTO.saturating_sub(*before), move || queue_microtask(over.clone()));
                }
            });
            drop(spent);
        });
        let listener = StoredValue::new_local(Some(listener));
        on_cleanup(move || {
            timer.dispose();
            listener.dispose();
        });
    }
}
