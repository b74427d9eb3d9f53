//! One story over the whole window, and the next when it is over. A press on the left or right side, the
//! arrow keys or the buttons go back and on; Space and a finger that rests hold it; Escape closes.

use leptos::{ev::KeyboardEvent, html, prelude::*};
use shared::{
    StoryId,
    model::{media::MediaKind, story::SeenStory},
};
use wasm_bindgen::JsCast;

use super::{Stories, audience::Audience, playback::Playback};
use crate::{
    browser,
    components::{
        avatar::Avatar,
        dynamic::{dynamic, when},
        icon::Icon,
        linked_text::linked_text,
        time::TimeAgo,
    },
};

mod foot;
mod stage;

use foot::{Own, Reactions};
use stage::Stage;

/// The viewer: open while `at` names a story.
#[component]
pub(super) fn StoryViewer(
    stories: Stories,
    audience: Audience,
    at: RwSignal<Option<StoryId>>,
) -> impl IntoView {
    let open = Memo::new(move |_| at.with(Option::is_some));
    Effect::new(move || {
        if !open.get() {
            audience.open(None);
        }
    });
    when(move || open.get(), move || view! { <Viewer stories=stories audience=audience at=at /> }.into_any())
}

/// What the parts of the viewer share.
#[derive(Clone, Copy)]
struct Show {
    stories: Stories,
    /// The story, for as long as there is one.
    current: Memo<Option<SeenStory>>,
    playback: Playback,
    /// A video's sound is off until somebody wants it.
    muted: RwSignal<bool>,
    broken: RwSignal<bool>,
    /// Counts how often the story was begun anew.
    again: RwSignal<u32>,
}

#[component]
fn Viewer(stories: Stories, audience: Audience, at: RwSignal<Option<StoryId>>) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let find = move |id: &Option<StoryId>| id.as_ref().and_then(|id| stories.find(id));
    let mine = untrack(|| at.with(find)).is_some_and(|seen| stories.is_mine(&seen.story.author));
    let walk = Memo::new(move |_| stories.walk(mine));
    let current = Memo::new(move |_| at.with(find));
    let place = Memo::new(move |before: Option<&usize>| {
        let place = at.with(|at| walk.with(|walk| walk.iter().position(|id| Some(id) == at.as_ref())));
        // What is gone has its place taken by the next.
        place.or(before.copied()).unwrap_or_default()
    });
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let go =
        move |to: Option<usize>| match to.and_then(|to| walk.with_untracked(|walk| walk.get(to).cloned())) {
            Some(id) => at.set(Some(id)),
            None => close(),
        };
    let forward = move || go(Some(place.get_untracked() + 1));
    let is_video = Memo::new(move |_| {
        current.with(|seen| seen.as_ref().is_some_and(|seen| seen.story.kind == MediaKind::Video))
    });
    let playback = Playback::start(is_video, forward);
    let show = Show {
        stories,
        current,
        playback,
        muted: RwSignal::new(true),
        broken: RwSignal::new(false),
        again: RwSignal::new(0),
    };
    let back = move || match place.get_untracked().checked_sub(1) {
        Some(before) => go(Some(before)),
        None => show.again.update(|again| *again += 1),
    };
    let id = Memo::new(move |_| current.with(|seen| seen.as_ref().map(|seen| seen.story.id.clone())));
    Effect::new(move || {
        let shown = id.get();
        show.again.track();
        playback.rewind();
        show.broken.set(false);
        match shown {
            Some(_) if mine => audience.open(shown),
            Some(_) => {}
            // Deleted or over while it was looked at.
            None => go(Some(place.get_untracked())),
        }
    });
    Effect::new(move || {
        if let Some(dialog) = dialog.get() {
            dialog.show_modal().ok();
        }
    });
    let on_key = move |event: KeyboardEvent| {
        let on_button = event.target().is_some_and(|target| target.has_type::<web_sys::HtmlButtonElement>());
        match event.key().as_str() {
            "ArrowLeft" => back(),
            "ArrowRight" => forward(),
            // On a button it presses the button.
            " " if !on_button => playback.paused.update(|paused| *paused = !*paused),
            _ => return,
        }
        event.prevent_default();
    };
    let label = move || {
        current.with(|seen| seen.as_ref().map(|seen| format!("Story by {}", seen.story.author.display_name)))
    };
    view! {
        <dialog
            class="story-view"
            node_ref=dialog
            aria-label=dynamic(label)
            on:close=move |_| at.set(None)
            on:keydown=on_key
        >
            <div class="story-in" data-running=dynamic(move || playback.running.get().to_string())>
                <Stage show=show back=Callback::new(move |()| back()) forward=Callback::new(move |()| forward()) />
                <Bars show=show id=id />
                <Head show=show is_video=is_video close=Callback::new(move |()| close()) />
                <div class="story-foot">
                    {dynamic(move || id.get().and_then(|_| current.get_untracked()).map(|seen| view! {
                        <p class="story-text">{linked_text(&seen.story.text)}</p>
                    }))}
                    {if mine {
                        view! { <Own show=show audience=audience /> }.into_any()
                    } else {
                        view! { <Reactions show=show id=id /> }.into_any()
                    }}
                </div>
            </div>
        </dialog>
    }
}

/// One bar for each story of the author; that of the shown one fills.
#[component]
fn Bars(show: Show, id: Memo<Option<StoryId>>) -> impl IntoView {
    let counts = Memo::new(move |_| {
        let author = show.current.with(|seen| seen.as_ref().map(|seen| seen.story.author.id.clone()))?;
        show.stories.authors.with(|authors| {
            let stories = &authors.iter().find(|entry| entry.author.id == author)?.stories;
            let at = stories.iter().position(|seen| Some(&seen.story.id) == id.get().as_ref())?;
            Some((at, stories.len()))
        })
    });
    let bar = move |index: usize, at: usize| {
        let state = match index.cmp(&at) {
            std::cmp::Ordering::Less => "done",
            std::cmp::Ordering::Equal => "now",
            std::cmp::Ordering::Greater => "next",
        };
        let length = dynamic(move || format!("{}ms", show.playback.length.get().as_millis()));
        view! { <i data-state=state style:animation-duration=length></i> }
    };
    let words = move || counts.get().map(|(at, of)| format!("Story {} of {of}", at + 1));
    // Drawn anew when it is shown anew, so that it begins from empty.
    view! {
        <p class="visually-hidden">{words}</p>
        <div class="story-bars" aria-hidden="true">
            {dynamic(move || {
                let (_, loaded) = (id.get(), show.playback.loaded.get());
                counts.get().map(|(at, of)| {
                    view! { <span data-loaded=loaded.to_string()>{(0..of).map(|index| bar(index, at)).collect_view()}</span> }
                })
            })}
        </div>
    }
}

#[component]
fn Head(show: Show, is_video: Memo<bool>, close: Callback<()>) -> impl IntoView {
    let playback = show.playback;
    let name = Memo::new(move |before: Option<&String>| {
        let now = show.current.with(|seen| seen.as_ref().map(|seen| seen.story.author.display_name.clone()));
        now.or_else(|| before.cloned()).unwrap_or_default()
    });
    let posted = Memo::new(move |_| {
        show.current.with(|seen| seen.as_ref().map_or(0.0, |seen| browser::millis(&seen.story.created_at)))
    });
    let hold = move || if playback.paused.get() { ("Play", Icon::Play) } else { ("Pause", Icon::Pause) };
    let sound = move || if show.muted.get() { ("Sound on", Icon::Muted) } else { ("Sound off", Icon::Sound) };
    view! {
        <div class="story-head">
            <Avatar name=name />
            <span class="story-who"><b>{name}</b> <TimeAgo at=posted /></span>
            <span class="bar-space"></span>
            {when(move || is_video.get(), move || view! {
                <button class="icon-btn" type="button" aria-label=dynamic(move || sound().0) on:click=move |_| show.muted.update(|muted| *muted = !*muted)>
                    {dynamic(move || sound().1.draw())}
                </button>
            }.into_any())}
            <button class="icon-btn" type="button" aria-label=dynamic(move || hold().0) on:click=move |_| playback.paused.update(|paused| *paused = !*paused)>
                {dynamic(move || hold().1.draw())}
            </button>
            <button class="icon-btn" type="button" aria-label="Close" on:click=move |_| close.run(())>{Icon::Close.draw()}</button>
        </div>
    }
}
