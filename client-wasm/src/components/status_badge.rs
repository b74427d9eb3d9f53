//! Where an event stands, in a word and a colour; as a menu where it can be changed.

use leptos::prelude::*;
use shared::model::event::EventStatus;

use super::{
    dynamic::{dynamic, when},
    icon::Icon,
    menu::{Menu, MenuEntry},
};
use crate::words::status_word;

/// The badge alone.
#[component]
pub(crate) fn StatusBadge(#[prop(into)] status: Signal<EventStatus>) -> impl IntoView {
    view! { <span class="badge" data-status=dynamic(move || status.get().as_str())>{face(status)}</span> }
}

fn face(status: Signal<EventStatus>) -> impl IntoView {
    view! {
        {when(
            move || status.get() == EventStatus::Live,
            || view! { <span class="dot" aria-hidden="true"></span> }.into_any(),
        )}
        <span>{dynamic(move || status_word(status.get()))}</span>
    }
}

/// The badge as a menu of the four.
#[component]
pub(crate) fn StatusMenu(
    #[prop(into)] status: Signal<EventStatus>,
    on_choose: Callback<EventStatus>,
) -> impl IntoView {
    let label = Signal::derive(move || format!("Status: {}. Change it", status_word(status.get())));
    let wire = Signal::derive(move || status.get().as_str());
    view! {
        <Menu
            label=label
            class="badge as-button"
            status=wire
            side="left"
            face=dynamic(move || view! { {face(status)} {Icon::ChevronDown.draw()} }.into_any())
        >
            {EventStatus::ALL
                .into_iter()
                .map(|entry| {
                    view! {
                        <MenuEntry
                            checked=Signal::derive(move || status.get() == entry)
                            on_choose=Callback::new(move |()| on_choose.run(entry))
                        >
                            {status_word(entry)}
                            {when(
                                move || status.get() == entry,
                                || view! { <span class="tick">{Icon::Check.draw()}</span> }.into_any(),
                            )}
                        </MenuEntry>
                    }
                })
                .collect_view()}
        </Menu>
    }
}
