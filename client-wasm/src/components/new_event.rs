//! The dialog that makes an event.

use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use leptos_router::hooks::use_navigate;
use shared::{
    limits::{EVENT_DESCRIPTION_CHARS, EVENT_PLACE_CHARS, EVENT_TITLE_CHARS},
    model::{
        event::{EventStatus, NewEvent},
        member::Visibility,
    },
};

use super::{
    dynamic::{dynamic, when},
    sheet::{Sheet, use_sheet},
};
use crate::{
    api, browser,
    session::use_session,
    words::{status_word, visibility_words},
};

/// The dialog; it goes to the event it has made.
#[component]
pub(crate) fn NewEventDialog(open: RwSignal<bool>) -> impl IntoView {
    view! {
        <Sheet open=open title="New event">
            <Form />
        </Sheet>
    }
}

#[component]
fn Form() -> impl IntoView {
    let sheet = use_sheet();
    let navigate = use_navigate();
    let title = RwSignal::new(String::new());
    let place = RwSignal::new(String::new());
    let description = RwSignal::new(String::new());
    let starts = RwSignal::new(String::new());
    let status = RwSignal::new(EventStatus::Live);
    let visibility = RwSignal::new(Visibility::Public);
    let session = use_session();
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);

    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        if title.with_untracked(|title| title.trim().is_empty()) {
            problem.set(Some("Give the event a title.".to_owned()));
            return;
        }
        busy.set(true);
        problem.set(None);
        let new = NewEvent {
            title: title.get_untracked().trim().to_owned(),
            description: description.get_untracked().trim().to_owned(),
            place: place.get_untracked().trim().to_owned(),
            status: Some(status.get_untracked()),
            visibility: Some(visibility.get_untracked()),
            // The field's text has no zone: it means the reader's own.
            starts_at: starts.with_untracked(|text| browser::timestamp(js_sys::Date::parse(text))),
        };
        let navigate = navigate.clone();
        spawn_local(async move {
            match api::create_event(&new).await {
                Ok(event) => {
                    sheet.close();
                    navigate(&format!("/events/{}", event.id), leptos_router::NavigateOptions::default());
                }
                Err(error) => {
                    busy.try_set(false);
                    problem.try_set(Some(error.message));
                }
            }
        });
    };
    view! {
        <form class="sheet-form" on:submit=submit novalidate>
            <div class="field">
                <label for="event-title">"Title"</label>
                <input id="event-title" class="input" required autofocus maxlength=EVENT_TITLE_CHARS.to_string() autocomplete="off" bind:value=title />
            </div>
            <div class="sheet-row">
                <div class="field">
                    <label for="event-place">"Place"</label>
                    <input id="event-place" class="input" maxlength=EVENT_PLACE_CHARS.to_string() autocomplete="off" bind:value=place />
                </div>
                <div class="field">
                    <label for="event-starts">"Starts at"</label>
                    <input id="event-starts" class="input" type="datetime-local" bind:value=starts />
                </div>
            </div>
            <div class="field">
                <label for="event-description">"Description"</label>
                <textarea id="event-description" class="input" rows="3" maxlength=EVENT_DESCRIPTION_CHARS.to_string() bind:value=description></textarea>
            </div>
            <div class="field">
                <label for="event-status">"Status"</label>
                <select
                    id="event-status"
                    class="input"
                    on:change=move |event| {
                        if let Ok(chosen) = event_target_value(&event).parse() {
                            status.set(chosen);
                        }
                    }
                >
                    {[EventStatus::Live, EventStatus::Scheduled, EventStatus::Completed, EventStatus::Cancelled]
                        .map(|entry| view! { <option value=entry.as_str()>{status_word(entry)}</option> })
                        .collect_view()}
                </select>
            </div>
            // A visitor's events are everybody's.
            {when(move || session.is_signed_in(), move || view! {
                <div class="field">
                    <label for="event-visibility">"Who sees it"</label>
                    <select
                        id="event-visibility"
                        class="input"
                        aria-describedby="event-visibility-hint"
                        on:change=move |event| {
                            if let Ok(chosen) = event_target_value(&event).parse() {
                                visibility.set(chosen);
                            }
                        }
                    >
                        {Visibility::ALL.map(|entry| view! { <option value=entry.as_str()>{visibility_words(entry).0}</option> }).collect_view()}
                    </select>
                    <p class="hint" id="event-visibility-hint">{move || visibility_words(visibility.get()).1}</p>
                </div>
            }.into_any())}
            <p class="error-text" role="alert" hidden=dynamic(move || problem.with(Option::is_none))>{problem}</p>
            <div class="sheet-end">
                <button class="btn btn-quiet" type="button" on:click=move |_| sheet.close()>"Cancel"</button>
                <button class="btn btn-primary" type="submit" aria-disabled=dynamic(move || busy.get().to_string())>"Create event"</button>
            </div>
        </form>
    }
}
