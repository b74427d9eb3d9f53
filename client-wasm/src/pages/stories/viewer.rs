//! One story over the whole window, and the next when it is over. A press on the left or right side, the
//! arrow keys or the buttons go back and on; Space and a finger that rests hold it; Escape closes.

use std::time::Duration;

use leptos::{
    ev::{KeyboardEvent, PointerEvent},
    html,
    prelude::*,
    task::spawn_local,
};
use shared::{
    StoryId,
    model::{
        media::MediaKind,
        story::{SeenStory, Story},
    },
};
use wasm_bindgen::JsCast;

use super::{
    Stories,
    audience::{Audience, AudienceList},
    picture::{photo, words},
    playback::Playback,
};
use crate::{
    api::stories as api,
    browser,
    components::{
        avatar::Avatar,
        dynamic::{dynamic, when},
        icon::Icon,
        linked_text::linked_text,
        picture::blur,
        time::TimeAgo,
    },
};

/// A press that lasts longer holds the story and does not go on.
const HOLD: Duration = Duration::from_millis(300);
/// What one reacts with, and how it is called.
const REACTIONS: [(&str, &str); 6] = [
    ("❤️", "love"),
    ("😂", "laughter"),
    ("😮", "surprise"),
    ("😢", "sadness"),
    ("👏", "applause"),
    ("🔥", "fire"),
];

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

/// The photo or the video, and the two sides to press.
#[component]
fn Stage(show: Show, back: Callback<()>, forward: Callback<()>) -> impl IntoView {
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
    let hash = blur(story.attachment.thumb_hash.as_deref());
    let poster = story.attachment.renditions.last().map(|rendition| rendition.url.clone());
    let (width, height) = crate::components::picture::size(&story.attachment);
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

/// What one reacts with. One reaction at a time: another takes its place.
#[component]
fn Reactions(show: Show, id: Memo<Option<StoryId>>) -> impl IntoView {
    let problem = RwSignal::new(None::<String>);
    let chosen =
        Memo::new(move |_| show.current.with(|seen| seen.as_ref().and_then(|seen| seen.reaction.clone())));
    Effect::new(move || {
        id.track();
        problem.set(None);
    });
    let react = move |emoji: &'static str| {
        let Some(id) = id.get_untracked() else { return };
        let before = chosen.get_untracked();
        show.stories.change(&id, |seen| seen.reaction = Some(emoji.to_owned()));
        problem.set(None);
        spawn_local(async move {
            if let Err(error) = api::react(&id, emoji).await {
                show.stories.change(&id, |seen| {
                    // Unless another was chosen meanwhile.
                    if seen.reaction.as_deref() == Some(emoji) {
                        seen.reaction = before;
                    }
                });
                problem.try_set(Some(error.message));
            }
        });
    };
    let buttons = REACTIONS.map(|(emoji, name)| {
        let is_chosen = move || chosen.with(|chosen| chosen.as_deref() == Some(emoji)).to_string();
        view! {
            <button class="story-react" type="button" aria-label=format!("React with {name}") aria-pressed=dynamic(is_chosen) on:click=move |_| react(emoji)>
                {emoji}
            </button>
        }
    });
    view! {
        <p class="error-text" role="alert" hidden=dynamic(move || problem.with(Option::is_none))>{problem}</p>
        <div class="story-reactions" role="group" aria-label="React">{buttons.collect_view()}</div>
    }
}

/// Below one's own story: who has seen it, and the way to delete it.
#[component]
fn Own(show: Show, audience: Audience) -> impl IntoView {
    let open = RwSignal::new(false);
    let asking = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let playback = show.playback;
    Effect::new(move || playback.covered.set(open.get() || asking.get()));
    let views =
        move || show.current.with(|seen| seen.as_ref().and_then(|seen| seen.views)).unwrap_or_default();
    let delete = move |_| {
        let Some(id) = show.current.with_untracked(|seen| seen.as_ref().map(|seen| seen.story.id.clone()))
        else {
            return;
        };
        asking.set(false);
        spawn_local(async move {
            // The rail shows that it is gone when the publication comes.
            if let Err(error) = api::delete(&id).await {
                problem.try_set(Some(error.message));
            }
        });
    };
    view! {
        <p class="error-text" role="alert" hidden=dynamic(move || problem.with(Option::is_none))>{problem}</p>
        {when(move || open.get(), move || view! {
            <div class="story-panel"><AudienceList audience=audience /></div>
        }.into_any())}
        {when(move || asking.get(), move || view! {
            <div class="story-panel story-ask" role="group" aria-label="Delete this story?">
                <b>"Delete this story?"</b>
                <button class="btn btn-small btn-danger" type="button" on:click=delete>"Delete"</button>
                <button class="btn btn-small" type="button" on:click=move |_| asking.set(false)>"Keep"</button>
            </div>
        }.into_any())}
        <div class="story-own-row">
            <button class="btn" type="button" aria-expanded=dynamic(move || open.get().to_string()) on:click=move |_| { asking.set(false); open.update(|open| *open = !*open); }>
                {Icon::Eye.draw()}
                <span class="num">{dynamic(move || format!("Seen by {}", views()))}</span>
            </button>
            <button class="icon-btn" type="button" aria-label="Delete story" on:click=move |_| { open.set(false); asking.update(|asking| *asking = !*asking); }>
                {Icon::Trash.draw()}
            </button>
        </div>
    }
}
