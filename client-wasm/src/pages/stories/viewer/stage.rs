//! The photo or the video of the viewer, and what a press on it does.

use std::time::Duration;

use leptos::{ev::PointerEvent, html, prelude::*, task::spawn_local};
use shared::model::{media::MediaKind, story::Story};

use super::{
    super::picture::{photo, words},
    Show,
};
use crate::{
    api::stories as api,
    browser,
    components::{
        dynamic::dynamic,
        icon::Icon,
        picture::{blur, blur_of, size},
    },
};

/// A press that lasts longer holds the story and does not go on.
const HOLD: Duration = Duration::from_millis(300);

/// The photo or the video, and the two sides to press.
#[component]
pub(super) fn Stage(show: Show, back: Callback<()>, forward: Callback<()>) -> impl IntoView {
    let playback = show.playback;
    let stage = NodeRef::<html::Div>::new();
    let pressed = StoredValue::new(None::<client_core::Instant>);
    let on_down = move |event: PointerEvent| {
        if event.button() == 0 {
            pressed.set_value(Some(browser::now()));
            playback.held.set(true);
        }
    };
    let on_up = move |event: PointerEvent| {
        playback.held.set(false);
        let Some(since) = pressed.try_update_value(Option::take).flatten() else { return };
        let Some(stage) = stage.get_untracked() else { return };
        if browser::now().since(since) >= HOLD {
            return;
        }
        let area = stage.get_bounding_client_rect();
        if f64::from(event.client_x()) < area.left() + area.width() / 3.0 {
            back.run(());
        } else {
            forward.run(());
        }
    };
    let let_go = move |_| {
        pressed.set_value(None);
        playback.held.set(false);
    };
    let story = Memo::new(move |_| show.current.with(|seen| seen.as_ref().map(|seen| seen.story.clone())));
    let loaded = move |well: bool| {
        // What cannot be had is passed by all the same.
        show.broken.set(!well);
        playback.loaded.set(true);
        if well {
            note_view(show);
        }
    };
    view! {
        <div
            class="story-stage"
            node_ref=stage
            // What the picture leaves free.
            style:background-image=dynamic(move || story.with(|story| blur(story.as_ref()?.attachment.thumb_hash.as_deref())))
            tabindex="-1"
            autofocus
            on:pointerdown=on_down
            on:pointerup=on_up
            on:pointercancel=let_go
            on:pointerleave=let_go
            on:contextmenu=|event| event.prevent_default()
        >
            {dynamic(move || {
                show.again.track();
                story.get().map(|story| if story.kind == MediaKind::Video {
                    view! { <Video show=show story=story over=forward /> }.into_any()
                } else {
                    photo(&story, loaded)
                })
            })}
            <p class="story-broken" hidden=dynamic(move || !show.broken.get())>"This cannot be shown any more."</p>
        </div>
        <button class="icon-btn story-side prev" type="button" aria-label="Previous story" on:click=move |_| back.run(())>
            {Icon::ArrowLeft.draw()}
        </button>
        <button class="icon-btn story-side next" type="button" aria-label="Next story" on:click=move |_| forward.run(())>
            {Icon::ArrowRight.draw()}
        </button>
    }
}

/// The first time that one sees another's story, the server is told.
fn note_view(show: Show) {
    let Some(seen) = show.current.get_untracked().filter(|seen| !seen.seen) else { return };
    let id = seen.story.id;
    spawn_local(async move {
        // Without an answer it counts as new, and is told again the next time.
        if api::view(&id).await.is_ok() {
            show.stories.change(&id, |seen| seen.seen = true);
        }
    });
}

#[component]
fn Video(show: Show, story: Story, over: Callback<()>) -> impl IntoView {
    let video = NodeRef::<html::Video>::new();
    let playback = show.playback;
    let hash = blur_of(story.attachment.thumb_hash.as_ref());
    let poster = story.attachment.renditions.last().map(|rendition| rendition.url.clone());
    let (width, height) = size(&story.attachment);
    Effect::new(move || {
        let running = playback.running.get();
        let Some(video) = video.get() else { return };
        if !running {
            video.pause().ok();
        } else if let Ok(promise) = video.play() {
            spawn_local(async move {
                // Paused before it has begun, or the browser will not have it: the button shows which.
                wasm_bindgen_futures::JsFuture::from(promise).await.ok();
            });
        }
    });
    let known = move |_| {
        if let Some(seconds) = video.get_untracked().map(|video| video.duration()).filter(|s| s.is_finite()) {
            playback.length.set(Duration::from_secs_f64(seconds.max(0.1)));
        }
    };
    let ready = move |_| {
        playback.loaded.set(true);
        note_view(show);
    };
    // Not from within the video's own call: the video goes with what it leads to.
    let ended = move |_| queue_microtask(move || over.run(()));
    let broken = move |_| {
        show.broken.set(true);
        playback.loaded.set(true);
    };
    view! {
        <video
            node_ref=video
            src=story.attachment.url.clone()
            poster=poster
            width=width.to_string()
            height=height.to_string()
            aria-label=words(&story)
            prop:muted=dynamic(move || show.muted.get())
            playsinline
            preload="auto"
            style:background-image=hash
            on:loadedmetadata=known
            on:canplay=ready
            on:ended=ended
            on:error=broken
        ></video>
    }
}
