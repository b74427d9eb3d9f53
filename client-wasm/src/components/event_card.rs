//! An event in a list.

use leptos::prelude::*;
use leptos_router::components::A;
use shared::model::{
    event::{Event, EventStatus},
    member::Visibility,
};

use super::{
    dynamic::{dynamic, when},
    icon::mark,
    picture::blur_of,
    status_badge::StatusBadge,
    time::event_moment,
};
use crate::words;

/// The card; empty for the moment between an event's end and the list's.
#[component]
pub(crate) fn EventCard(#[prop(into)] event: Signal<Option<Event>>) -> impl IntoView {
    let part = move |read: fn(&Event) -> String| {
        Memo::new(move |_| event.with(|event| event.as_ref().map(read).unwrap_or_default()))
    };
    let title = part(|event| event.title.clone());
    let place = part(|event| event.place.clone());
    let description = part(|event| event.description.clone());
    let href = part(|event| format!("/events/{}", event.id));
    let when = part(|event| match (&event.starts_at, event.status) {
        (Some(at), EventStatus::Live) => format!("Since {}", lower_first(&event_moment(at))),
        (Some(at), _) => event_moment(at),
        (None, _) => String::new(),
    });
    let updates = part(|event| words::count(event.media_count, "update", "updates"));
    let visibility = part(|event| match event.visibility {
        Visibility::Public => String::new(),
        other => words::visibility_words(other).0.to_owned(),
    });
    let cover = Memo::new(move |_| event.with(|event| event.as_ref().and_then(|event| event.cover.clone())));
    let status = Memo::new(move |_| {
        event.with(|event| event.as_ref().map_or(EventStatus::Scheduled, |event| event.status))
    });
    let badge = move || view! { <StatusBadge status=status /> };
    view! {
        <div class="card">
            {dynamic(move || match cover.get() {
                Some(cover) => {
                    let background = blur_of(cover.thumb_hash.as_ref());
                    view! {
                        <div class="card-cover" style:background-image=background>
                            <img src=cover.url width=cover.width.to_string() height=cover.height.to_string() alt="" loading="lazy" decoding="async" />
                            {badge()}
                        </div>
                    }
                    .into_any()
                }
                None => view! { <div class="card-cover none">{mark()} {badge()}</div> }.into_any(),
            })}
            <div class="card-body">
                <h3><A href=move || href.get()>{title}</A></h3>
                <p class="card-desc" hidden=dynamic(move || description.with(String::is_empty))>{description}</p>
                <p class="meta">
                    <Optional text=visibility />
                    <Optional text=place />
                    <Optional text=when />
                    <span class="num">{updates}</span>
                </p>
            </div>
        </div>
    }
}

#[component]
fn Optional(#[prop(into)] text: Signal<String>) -> impl IntoView {
    let there = Memo::new(move |_| text.with(|text| !text.is_empty()));
    when(move || there.get(), move || view! { <span>{text}</span> }.into_any())
}

fn lower_first(text: &str) -> String {
    // "Today" within a sentence; names of days keep their capital.
    text.strip_prefix("Today").map_or_else(|| text.to_owned(), |rest| format!("today{rest}"))
}
