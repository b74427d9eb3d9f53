//! The place for an event's matches on its page, before the part that draws them is fetched: whether there are any,
//! and who hears what changes about them. Reads no match.

use std::rc::Rc;

use leptos::{prelude::*, task::spawn_local};
use shared::{Change, EventId};

use crate::{api, components::dynamic::when, parts};

/// What the list of matches hears of.
#[derive(Debug)]
pub(crate) enum Heard<'a> {
    Change(&'a Change),
    /// There may have been more than was heard.
    Refresh,
}

type Hearer = Rc<dyn Fn(Heard<'_>)>;

/// The place.
#[derive(Clone, Copy)]
pub(crate) struct Matches {
    some: RwSignal<bool>,
    /// A match is being made.
    pub(crate) adding: RwSignal<bool>,
    hearer: StoredValue<Option<Hearer>, LocalStorage>,
}

impl Matches {
    pub(super) fn new() -> Self {
        Self {
            some: RwSignal::new(false),
            adding: RwSignal::new(false),
            hearer: StoredValue::new_local(None),
        }
    }

    /// Who draws the list hears of what changes, until the current owner is cleaned up.
    pub(crate) fn hear(self, hearer: Hearer) {
        self.hearer.set_value(Some(hearer));
        on_cleanup(move || {
            self.hearer.try_set_value(None);
        });
    }

    /// The event is read anew.
    pub(super) fn refresh(self, id: &EventId) {
        self.tell(Heard::Refresh);
        if !self.some.get_untracked() {
            let id = id.clone();
            spawn_local(async move {
                if api::has_matches(&id).await {
                    self.some.try_set(true);
                }
            });
        }
    }

    /// What is published about matches and what belongs to them.
    pub(super) fn change(self, change: &Change) {
        if let Change::Other(other) = change
            && other.type_name.starts_with("match:")
        {
            self.some.set(true);
        }
        self.tell(Heard::Change(change));
    }

    fn tell(self, heard: Heard<'_>) {
        // Taken out, so that it may be replaced.
        let hearer = self.hearer.get_value();
        if let Some(hearer) = hearer {
            hearer(heard);
        }
    }

    /// Draws what there is.
    pub(super) fn draw(self, id: EventId) -> impl IntoView {
        when(
            move || self.some.get() || self.adding.get(),
            move || {
                let id = id.clone();
                parts::later(parts::matches, || ().into_any(), move |draw| draw(id.clone(), self))
            },
        )
    }
}
