//! One event: its header, its timeline, and what can be done with both. Follows the topic `event:{id}`.

use leptos::{prelude::*, task::spawn_local};
use leptos_router::{
    NavigateOptions,
    components::A,
    hooks::{use_params_map, use_query_map},
};
use shared::{
    Change, EventId, MediaId, Topic,
    model::{
        event::{Event, EventPatch, EventStatus},
        media::MediaKind,
    },
};

pub(crate) mod composer;
mod edit;
pub(crate) mod feed;
mod feed_view;
mod linked;
mod load;
pub(crate) mod outgoing;
mod scroll;

use feed::{Feed, Phase};
use feed_view::FeedView;
use load::{Known, Loader};
use outgoing::Outgoing;

use crate::{
    api, browser,
    components::{
        announcer::use_announcer, dynamic::dynamic, icon::Icon, linked_text::linked_text,
        status_badge::StatusMenu, time::event_moment, title::use_title,
    },
    driver::{News, use_live},
    pages::not_found::NotFoundPage,
    words,
};

/// A description longer than this does not fit beside the timeline, in characters.
const LONG_CHARS: usize = 700;

/// The page, for whichever event the address names.
#[component]
pub(crate) fn EventPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| {
        params.with(|params| params.get("id")).and_then(|text| text.parse::<EventId>().ok())
    });
    dynamic(move || match id.get() {
        Some(id) => view! { <EventView id=id /> }.into_any(),
        None => view! { <NotFoundPage /> }.into_any(),
    })
}

#[component]
fn EventView(id: EventId) -> impl IntoView {
    let live = use_live();
    let title = use_title();
    let query = use_query_map();
    let kind = Memo::new(move |_| query.with(|query| query.get("kind")).and_then(|text| text.parse().ok()));
    let linked = Memo::new(move |_| {
        query.with(|query| query.get("item")).and_then(|text| text.parse::<MediaId>().ok())
    });

    let feed = Feed::new(use_announcer(), title, kind.get_untracked());
    let outgoing = Outgoing::new();
    let loader = Loader::new(&id, live, feed, outgoing);
    let watchers = RwSignal::new(None::<u64>);

    title.name("");
    title.unread(0);
    browser::scroll_to(0.0, false);
    live.follow(Topic::event(&id), None, move |update| match update {
        News::SnapshotNeeded => loader.snapshot(),
        News::Publications { publications, position } => {
            for publication in &publications {
                apply(loader.known, &publication.change);
            }
            feed.publications(&publications, &position);
        }
        News::Presence(count) => watchers.set(Some(count.watchers)),
        News::Refused { code, message } => {
            if code == shared::ErrorCode::NotFound || code == shared::ErrorCode::UnknownTopic {
                // The end of the subscription follows `event:delete`, which knows better.
                if !matches!(loader.known.get_untracked(), Known::Missing { .. }) {
                    loader.known.set(Known::Missing { deleted: false });
                }
            } else {
                feed.phase.set(Phase::Failed(message));
            }
        }
    });
    Effect::new(move |before: Option<Option<_>>| {
        let kind = kind.get();
        if before.is_some_and(|before| before != kind) {
            loader.filter(kind);
        }
        kind
    });
    Effect::new(move || {
        if let Known::Event(event) = loader.known.get() {
            title.name(event.title);
        }
    });

    let there = Memo::new(move |_| {
        loader.known.with(|known| match known {
            Known::Missing { deleted } => Some(*deleted),
            _ => None,
        })
    });
    let id = StoredValue::new(id);
    dynamic(move || {
        match there.get() {
        Some(deleted) => missing(deleted).into_any(),
        None => view! {
            <div class="event">
                <EventHead id=id.get_value() loader=loader watchers=watchers />
                <div class="event-main">
                    <FeedView id=id.get_value() feed=feed loader=loader outgoing=outgoing kind=kind linked=linked />
                </div>
            </div>
        }
        .into_any(),
    }
    })
}

fn missing(deleted: bool) -> impl IntoView {
    use_title().name("Not found");
    view! {
        <div class="notice">
            <h1>{if deleted { "This event has been deleted" } else { "Event not found" }}</h1>
            <p>"There is no event at this address any more, or there never was."</p>
            <A href="/" attr:class="btn">"All events"</A>
        </div>
    }
}

/// What a publication says about the event itself.
fn apply(known: RwSignal<Known>, change: &Change) {
    match change {
        Change::EventNew(event) | Change::EventUpdate(event) => known.set(Known::Event(event.clone())),
        Change::EventDelete(_) => known.set(Known::Missing { deleted: true }),
        Change::EventStatus(changed) => known.update(|known| {
            if let Known::Event(event) = known {
                event.status = changed.status;
            }
        }),
        Change::MediaNew(_)
        | Change::MediaUpdate(_)
        | Change::MediaDelete(_)
        | Change::EventAccess(_)
        | Change::Unknown => {}
    }
}

#[component]
fn EventHead(id: EventId, loader: Loader, watchers: RwSignal<Option<u64>>) -> impl IntoView {
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
                    <StatusMenu status=status on_choose=choose />
                    <span class="watching" hidden=dynamic(move || watchers.get().is_none())>
                        {Icon::Eye.draw()}
                        <span class="num">{dynamic(move || format!("{} watching", watchers.get().unwrap_or(0)))}</span>
                    </span>
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

/// The address of the page with a filter; filtering makes no new entry of the history.
fn address_of_kind(id: &EventId, kind: Option<MediaKind>) -> (String, NavigateOptions) {
    let address = match kind {
        None => format!("/events/{id}"),
        Some(kind) => format!("/events/{id}?kind={}", kind.as_str()),
    };
    (address, NavigateOptions { replace: true, scroll: false, ..Default::default() })
}

/// `3 new updates`.
fn updates(count: usize) -> String {
    words::count(count as u64, "new update", "new updates")
}
