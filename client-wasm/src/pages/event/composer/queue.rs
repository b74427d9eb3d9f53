//! What waits to be sent from this browser, of whatever event: how many there are, and a list to edit, try again and
//! give up. Stands in the composer's row, so that nothing below moves when it comes and goes.

use std::time::Duration;

use client_core::outbox::State;
use leptos::prelude::*;
use shared::limits::MEDIA_TEXT_CHARS;

use crate::{
    browser::Timer,
    components::{
        announcer::use_announcer,
        dynamic::{dynamic, when},
        sheet::{Sheet, use_sheet},
    },
    outbox::{Handle, Waiting},
};

/// What is sent sooner than this is not spoken of.
const GRACE: Duration = Duration::from_secs(1);

/// The button with the number, and the list that it opens.
#[component]
pub(super) fn Queue(outbox: Handle) -> impl IntoView {
    let told = outbox.told();
    let open = RwSignal::new(false);
    let shown = RwSignal::new(0_usize);
    let late: StoredValue<Option<Timer>, LocalStorage> = StoredValue::new_local(None);
    let waiting = told.waiting.clone();
    let count = {
        let waiting = waiting.clone();
        Memo::new(move |_| waiting.with(Vec::len))
    };
    Effect::new(move || {
        let now = count.get();
        if now == 0 || shown.get_untracked() > 0 {
            late.set_value(None);
            shown.set(now);
        } else if late.with_value(Option::is_none) {
            late.set_value(Timer::after(GRACE, move || {
                shown.try_set(count.try_get_untracked().unwrap_or(0));
            }));
        }
    });
    told.read_out(use_announcer());
    let outbox = StoredValue::new_local(outbox);
    let list = StoredValue::new_local(waiting);
    view! {
        {when(
            move || shown.get() > 0,
            move || view! {
                <button class="btn btn-small" type="button" aria-haspopup="dialog" on:click=move |_| open.set(true)>
                    {dynamic(move || format!("{} waiting", shown.get()))}
                </button>
            }.into_any(),
        )}
        <Sheet open=open title="Waiting to be sent">
            <ul class="waiting" aria-label="Waiting to be sent">
                {dynamic(move || {
                    let rows = list.with_value(|list| list.get());
                    if rows.is_empty() {
                        return view! { <li>"Everything has been sent."</li> }.into_any();
                    }
                    rows.into_iter().map(|row| draw(outbox.get_value(), row)).collect_view().into_any()
                })}
            </ul>
            <End />
        </Sheet>
    }
}

#[component]
fn End() -> impl IntoView {
    let sheet = use_sheet();
    view! {
        <div class="sheet-end">
            <button class="btn" type="button" on:click=move |_| sheet.close()>"Close"</button>
        </div>
    }
}

fn draw(outbox: Handle, row: Waiting) -> AnyView {
    let state = match &row.state {
        State::Waiting => "Waiting".to_owned(),
        State::Sending => "Sending…".to_owned(),
        State::Parked(refusal) => format!("Not sent. {}", refusal.message),
        State::OfAnother => {
            "Recorded under another name: it is sent when that is signed in again.".to_owned()
        }
    };
    let can_change = row.state != State::Sending;
    let is_text = row.text.is_some();
    let text = RwSignal::new(row.text.unwrap_or_default());
    let name = StoredValue::new(row.name);
    // What has no text of its own is its name.
    let words = move || {
        let (name, text) = (name.get_value(), text.get_untracked());
        if text.is_empty() { name } else { format!("{name}: {text}") }
    };
    let editing = RwSignal::new(false);
    let outbox = StoredValue::new_local(outbox);
    let id = StoredValue::new(row.id);
    let save = move |_| {
        editing.set(false);
        let text = text.get_untracked();
        outbox.with_value(|outbox| id.with_value(|id| outbox.edit(id, text.trim())));
    };
    view! {
        <li aria-label=words()>
            {dynamic(move || if editing.get() {
                view! {
                    <textarea aria-label="Text" maxlength=MEDIA_TEXT_CHARS.to_string() bind:value=text></textarea>
                    <button class="btn btn-small btn-primary" type="button" on:click=save>"Save"</button>
                }.into_any()
            } else {
                view! { <p>{words()}</p> }.into_any()
            })}
            <p class="hint">{state}</p>
            {can_change.then(|| view! {
                <div class="row">
                    {is_text.then(|| view! {
                        <button class="btn btn-small" type="button" on:click=move |_| editing.set(true)>"Edit"</button>
                    })}
                    <button class="btn btn-small" type="button" on:click=move |_| {
                        outbox.with_value(|outbox| id.with_value(|id| outbox.retry(id)));
                    }>"Retry"</button>
                    <button class="btn btn-small btn-quiet" type="button" on:click=move |_| {
                        outbox.with_value(|outbox| id.with_value(|id| outbox.discard(id)));
                    }>"Discard"</button>
                </div>
            })}
        </li>
    }
    .into_any()
}
