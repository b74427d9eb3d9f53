//! What an event is: title, status, who watches and who sees it. Changes its status.

use leptos::{prelude::*, task::spawn_local};
use leptos_router::components::A;
use shared::{
    EventId,
    model::{
        event::{Event, EventPatch, EventStatus},
        member::Visibility,
    },
};

use super::{
    load::{Known, Loader},
    matches::Matches,
    presence::Presence,
    rights::{Rights, Standing},
};
use crate::{
    api,
    components::{
        dynamic::{dynamic, when},
        icon::Icon,
        linked_text::linked_text,
        status_badge::{StatusBadge, StatusMenu},
        time::event_moment,
    },
    words::visibility_words,
};

/// A description longer than this does not fit beside the timeline, in characters.
const LONG_CHARS: usize = 700;

/// The header.
#[component]
pub(super) fn EventHead(
    id: EventId,
    loader: Loader,
    rights: Rights,
    watchers: RwSignal<Option<u64>>,
    presence: Presence,
    matches: Matches,
) -> impl IntoView {
    let event = move |read: fn(&Event) -> String| {
        Memo::new(move |_| {
            loader.known.with(|known| match known {
                Known::Event(event) => read(event),
                _ => String::new(),
            })
        })
    };
    let title = event(|event| event.title.clone());
    let place = event(|event| event.place.clone());
    let description = event(|event| event.description.clone());
    let begins = event(|event| event.starts_at.as_ref().map(event_moment).unwrap_or_default());
    let status = Memo::new(move |_| {
        loader.known.with(|known| match known {
            Known::Event(event) => event.status,
            _ => EventStatus::Scheduled,
        })
    });
    let visibility = Memo::new(move |_| {
        loader.known.with(|known| match known {
            Known::Event(event) => event.visibility,
            _ => Visibility::Public,
        })
    });
    let may_manage = Memo::new(move |_| rights.may_manage());
    let known = Memo::new(move |_| loader.known.with(|known| matches!(known, Known::Event(_))));
    let problem = RwSignal::new(None::<String>);
    let id = StoredValue::new(id);
    let choose = Callback::new(move |chosen: EventStatus| {
        let before = status.get_untracked();
        if chosen == before {
            return;
        }
        problem.set(None);
        set_status(loader.known, chosen);
        spawn_local(async move {
            let patch = EventPatch { status: Some(chosen), ..EventPatch::default() };
            if let Err(error) = api::patch_event(&id.get_value(), &patch).await {
                set_status(loader.known, before);
                problem.try_set(Some(format!("The status was not changed. {}", error.message)));
            }
        });
    });
    view! {
        <header class="event-head" class:long=dynamic(move || description.with(|text| text.chars().count() > LONG_CHARS))>
            <A href="/" attr:class="back">{Icon::ArrowLeft.draw()} "All events"</A>
            {dynamic(move || if known.get() { view! {
                <h1>{title}</h1>
                <div class="event-top">
                    {dynamic(move || if may_manage.get() {
                        view! { <StatusMenu status=status on_choose=choose /> }.into_any()
                    } else {
                        view! { <StatusBadge status=status /> }.into_any()
                    })}
                    <span class="watching" hidden=dynamic(move || watchers.get().is_none())>
                        {Icon::Eye.draw()}
                        <span class="num">{dynamic(move || format!("{} watching", watchers.get().unwrap_or(0)))}</span>
                    </span>
                    {presence.faces()}
                    {when(move || visibility.get() != Visibility::Public, move || view! {
                        <span class="watching" title=move || visibility_words(visibility.get()).1>
                            {Icon::Lock.draw()}
                            <span>{move || visibility_words(visibility.get()).0}</span>
                        </span>
                    }.into_any())}
                    {when(move || rights.sees_members(), move || view! {
                        <A href=format!("/events/{}/people", id.get_value()) attr:class="watching link">{Icon::People.draw()} "People"</A>
                    }.into_any())}
                    {when(move || rights.standing() == Standing::MayPost, move || view! {
                        <button class="watching link as-link" type="button" on:click=move |_| matches.adding.set(true)>{Icon::Plus.draw()} "New match"</button>
                    }.into_any())}
                </div>
                <p class="error-text" role="alert" hidden=dynamic(move || problem.with(Option::is_none))>{problem}</p>
                <p class="meta" hidden=dynamic(move || place.with(String::is_empty) && begins.with(String::is_empty))>
                    <span hidden=dynamic(move || place.with(String::is_empty))>{place}</span>
                    <span hidden=dynamic(move || begins.with(String::is_empty))>{begins}</span>
                </p>
                <p class="event-desc" hidden=dynamic(move || description.with(String::is_empty))>
                    {dynamic(move || description.with(|text| linked_text(text)))}
                </p>
            }.into_any() } else { view! {
                <div class="sk sk-title"></div>
                <div class="sk sk-line"></div>
                <div class="sk sk-line sk-short"></div>
            }.into_any() })}
        </header>
    }
}

fn set_status(known: RwSignal<Known>, status: EventStatus) {
    known.try_update(|known| {
        if let Known::Event(event) = known {
            event.status = status;
        }
    });
}
