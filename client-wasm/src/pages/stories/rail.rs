//! The rail of those who have stories, and one's own with how many have seen each.

use leptos::prelude::*;
use shared::{AccountId, StoryId};

use super::{Stories, picture};
use crate::{
    browser,
    components::{
        avatar::Avatar,
        dynamic::{dynamic, when},
        time::TimeAgo,
    },
    words::count,
};

/// Everybody else who has stories.
#[component]
pub(super) fn Rail(stories: Stories, at: RwSignal<Option<StoryId>>) -> impl IntoView {
    let others = Memo::new(move |_| {
        stories.authors.with(|authors| {
            let others = authors.iter().filter(|author| !stories.is_mine(&author.author));
            others.map(|author| author.author.id.clone()).collect::<Vec<_>>()
        })
    });
    when(
        move || others.with(|others| !others.is_empty()),
        move || {
            view! {
                <ul class="story-rail" aria-label="People with stories">
                    <For each=move || others.get() key=|id| id.clone() let:id>
                        <li>{face(stories, at, id)}</li>
                    </For>
                </ul>
            }
            .into_any()
        },
    )
}

fn face(stories: Stories, at: RwSignal<Option<StoryId>>, id: AccountId) -> impl IntoView {
    let of = id.clone();
    let facts = Memo::new(move |_| {
        stories.authors.with(|authors| {
            let author = authors.iter().find(|author| author.author.id == of)?;
            let new = author.stories.iter().filter(|seen| !seen.seen).count();
            Some((author.author.display_name.clone(), new))
        })
    });
    let name = Memo::new(move |_| facts.get().map(|(name, _)| name).unwrap_or_default());
    let new = move || facts.get().map_or(0, |(_, new)| new);
    let label = move || match new() {
        0 => format!("{}, nothing new", name.get()),
        new => format!("{}, {}", name.get(), count(new as u64, "new story", "new stories")),
    };
    view! {
        <button
            class="story-face"
            type="button"
            aria-label=dynamic(label)
            data-new=dynamic(move || (new() > 0).to_string())
            on:click=move |_| at.set(stories.beginning(&id))
        >
            <Avatar name=name />
            <span class="story-name">{name}</span>
        </button>
    }
}

/// One's own stories, with how many have seen each.
#[component]
pub(super) fn OwnStories(stories: Stories, at: RwSignal<Option<StoryId>>) -> impl IntoView {
    let ids = Memo::new(move |_| {
        // The newest first.
        stories.own().into_iter().rev().map(|seen| seen.story.id).collect::<Vec<_>>()
    });
    when(
        move || ids.with(|ids| !ids.is_empty()),
        move || {
            view! {
                <section class="group" aria-labelledby="own-stories">
                    <h2 class="group-title" id="own-stories">"Your stories"</h2>
                    <ul class="story-own">
                        <For each=move || ids.get() key=|id| id.clone() let:id>
                            <li>{own_card(stories, at, id)}</li>
                        </For>
                    </ul>
                </section>
            }
            .into_any()
        },
    )
}

fn own_card(stories: Stories, at: RwSignal<Option<StoryId>>, id: StoryId) -> impl IntoView {
    let of = id.clone();
    let Some(story) = untrack(|| stories.find(&id)).map(|seen| seen.story) else {
        return ().into_any();
    };
    let views = Memo::new(move |_| stories.find(&of).and_then(|seen| seen.views).unwrap_or_default());
    let posted = browser::millis(&story.created_at);
    let text = story.text.clone();
    let label = if text.is_empty() { "Your story".to_owned() } else { format!("Your story: {text}") };
    view! {
        <button class="story-card" type="button" aria-label=label on:click=move |_| at.set(Some(id.clone()))>
            {picture::cover(&story)}
            <span class="story-card-text">
                <span class="num">{dynamic(move || format!("Seen by {}", views.get()))}</span>
                <TimeAgo at=Signal::stored(posted) />
            </span>
        </button>
    }
    .into_any()
}
