//! What stands below a story: reactions to another's; who has seen one's own, and the way to delete it.

use leptos::{prelude::*, task::spawn_local};
use shared::StoryId;

use super::{
    super::audience::{Audience, AudienceList},
    Show,
};
use crate::{
    api::stories as api,
    components::{
        dynamic::{dynamic, when},
        icon::Icon,
    },
};

/// What one reacts with, and how it is called.
const REACTIONS: [(&str, &str); 6] = [
    ("❤️", "love"),
    ("😂", "laughter"),
    ("😮", "surprise"),
    ("😢", "sadness"),
    ("👏", "applause"),
    ("🔥", "fire"),
];

/// What one reacts with. One reaction at a time: another takes its place.
#[component]
pub(super) fn Reactions(show: Show, id: Memo<Option<StoryId>>) -> impl IntoView {
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
pub(super) fn Own(show: Show, audience: Audience) -> impl IntoView {
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
