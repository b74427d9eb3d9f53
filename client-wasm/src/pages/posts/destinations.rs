//! Where a post goes: timelines and webhooks, chosen from a list.

use leptos::prelude::*;
use shared::model::{
    event::Event,
    post::{NewDestination, Webhook},
};

use super::{State, webhooks::NewWebhook};
use crate::{
    components::{
        dynamic::{dynamic, when},
        icon::Icon,
    },
    session::use_session,
};

/// A place as the value of an option.
fn key(place: &NewDestination) -> String {
    match place {
        NewDestination::Event { event_id } => format!("event:{event_id}"),
        NewDestination::Webhook { webhook_id } => format!("webhook:{webhook_id}"),
    }
}

fn of_key(text: &str) -> Option<NewDestination> {
    match text.split_once(':')? {
        ("event", id) => Some(NewDestination::Event { event_id: id.parse().ok()? }),
        ("webhook", id) => Some(NewDestination::Webhook { webhook_id: id.parse().ok()? }),
        _ => None,
    }
}

fn of_event(event: &Event) -> (String, String) {
    (key(&NewDestination::Event { event_id: event.id.clone() }), event.title.clone())
}

fn of_webhook(webhook: &Webhook) -> (String, String) {
    (key(&NewDestination::Webhook { webhook_id: webhook.id.clone() }), webhook.url.clone())
}

impl State {
    /// What a place is called, for who is not told its address.
    pub(super) fn name_of(self, place: &NewDestination) -> String {
        let known = match place {
            NewDestination::Event { event_id } => {
                self.events.with(|events| events.get(event_id).map(|event| event.title.clone()))
            }
            NewDestination::Webhook { webhook_id } => self.webhooks.with(|webhooks| {
                webhooks.iter().find(|webhook| webhook.id == *webhook_id).map(|webhook| webhook.url.clone())
            }),
        };
        known.unwrap_or_else(|| match place {
            NewDestination::Event { .. } => "An event".to_owned(),
            NewDestination::Webhook { .. } => "A webhook of the owner's".to_owned(),
        })
    }
}

/// The value of the option that makes a webhook.
const NEW: &str = "new";

/// The places chosen, and the list to choose more from.
#[component]
pub(super) fn Destinations(state: State, chosen: RwSignal<Vec<NewDestination>>) -> impl IntoView {
    let session = use_session();
    let making = RwSignal::new(false);
    // One's own first: there one may post for sure.
    let timelines = move |own: bool| {
        let me = session.id();
        state.events.with(|all| {
            let wanted = all.values().rev().filter(|event| {
                (me.is_some() && event.owner.as_ref().map(|owner| &owner.id) == me.as_ref()) == own
            });
            wanted.map(of_event).collect::<Vec<_>>()
        })
    };
    let add = move |event: leptos::ev::Event| {
        let value = event_target_value(&event);
        making.set(value == NEW);
        if let Some(place) = of_key(&value) {
            chosen.update(|all| {
                if !all.contains(&place) {
                    all.push(place);
                }
            });
        }
        // Back to the invitation, so that the same can be chosen again after it was taken out.
        if value != NEW {
            let select: web_sys::HtmlSelectElement = event_target(&event);
            select.set_value("");
        }
    };
    view! {
        <div class="field">
            <label for="post-place">"Goes to"</label>
            <ul class="post-places" aria-label="Chosen destinations">
                <For each=move || chosen.get() key=key let:place>
                    {
                        let of = place.clone();
                        let name = Signal::derive(move || state.name_of(&of));
                        view! {
                            <li class="chip-small">
                                <span>{name}</span>
                                <button
                                    class="chip-x"
                                    type="button"
                                    aria-label=move || format!("Take out {}", name.get())
                                    on:click=move |_| chosen.update(|all| all.retain(|other| *other != place))
                                >
                                    {Icon::Close.draw()}
                                </button>
                            </li>
                        }
                    }
                </For>
            </ul>
            <select id="post-place" class="input" on:change=add>
                <option value="">"Add a destination…"</option>
                {dynamic(move || group("Your timelines", timelines(true)))}
                {dynamic(move || group("Other timelines", timelines(false)))}
                <optgroup label="Webhooks">
                    {dynamic(move || options(state.webhooks.with(|all| all.iter().map(of_webhook).collect())))}
                    <option value=NEW>"New webhook…"</option>
                </optgroup>
            </select>
            {when(move || making.get(), move || view! { <NewWebhook state=state chosen=chosen /> }.into_any())}
        </div>
    }
}

fn options(all: Vec<(String, String)>) -> AnyView {
    all.into_iter()
        .map(|(value, name)| view! { <option value=value>{name}</option> })
        .collect_view()
        .into_any()
}

fn group(label: &'static str, all: Vec<(String, String)>) -> AnyView {
    if all.is_empty() {
        return ().into_any();
    }
    view! { <optgroup label=label>{options(all)}</optgroup> }.into_any()
}
