//! How those are shown who are on the same page: initials of the first, a number for the others, and who is typing.
//! In a part of its own; called by `presence`.

use client_core::people::People;
use leptos::prelude::*;
use shared::model::account::Person;

use super::Shown;
use crate::{
    components::{
        avatar::Avatar,
        dynamic::{dynamic, when},
    },
    driver::Live,
    session::Session,
};

/// So many are shown by their initials; the others are counted.
const FACES: usize = 5;

/// Nobody yet; for as long as the owner lasts that this is called under.
pub(crate) fn begin(live: Live, session: Session) -> Shown {
    let people = RwSignal::new(People::default());
    Effect::new(move || {
        if !live.shown.get().is_up() {
            people.maybe_update(People::disconnected);
        }
    });
    Shown {
        people,
        session,
        hear: |shown, frame| {
            shown.people.maybe_update(|people| people.handle(frame));
        },
        faces: |shown| view! { <Faces shown=shown /> }.into_any(),
        // It stands in the space below the composer: nothing moves when it comes or goes.
        typing: |shown| {
            view! { <p class="typing-line"><span>{dynamic(move || typing(shown))}</span></p> }.into_any()
        },
    }
}

/// The others who are named, and how many more there are.
fn others(shown: Shown) -> (Vec<Person>, u64) {
    let own = shown.session.account.get();
    let is_me = |person: &Person| own.as_ref().is_some_and(|own| own.person.id == person.id);
    shown.people.with(|people| {
        let others: Vec<_> = people.named().iter().filter(|p| !is_me(p)).take(FACES).cloned().collect();
        let me = own.as_ref().is_some_and(|own| !own.invisible);
        let more = people.total().saturating_sub(u64::from(me)).saturating_sub(others.len() as u64);
        (others, more)
    })
}

/// Who else is typing, in words; empty while nobody is.
fn typing(shown: Shown) -> String {
    let own = shown.session.id();
    shown.people.with(|people| {
        let typists: Vec<&str> = people
            .typing()
            .iter()
            .filter(|person| own.as_ref() != Some(&person.id))
            .map(|person| person.display_name.as_str())
            .collect();
        match typists[..] {
            [] => String::new(),
            [one] => format!("{one} is typing…"),
            [one, other] => format!("{one} and {other} are typing…"),
            _ => "Several people are typing…".to_owned(),
        }
    })
}

/// Up to five initials, and how many more.
#[component]
fn Faces(shown: Shown) -> impl IntoView {
    let others = Memo::new(move |_| others(shown));
    let more = move || others.with(|(_, more)| *more);
    when(
        move || others.with(|(named, _)| !named.is_empty()),
        move || {
            view! {
                <ul class="faces" aria-label="Also here">
                    <For each=move || others.with(|(named, _)| named.clone()) key=|person| person.clone() let:person>
                        <li title=person.display_name.clone()>
                            <Avatar name=person.display_name.clone() />
                            <span class="visually-hidden">{person.display_name.clone()}</span>
                        </li>
                    </For>
                    <li class="faces-more num" hidden=dynamic(move || more() == 0)>{dynamic(move || format!("+{}", more()))}</li>
                </ul>
            }
            .into_any()
        },
    )
}
