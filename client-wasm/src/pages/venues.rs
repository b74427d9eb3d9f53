//! The pages about venues: all of them, and one. Both are in the later part `board`; here is which of them an address
//! asks for.

use leptos::prelude::*;
use leptos_router::hooks::use_location;
use shared::VenueId;

mod chart;
mod check;
mod form;
mod list;
mod promotions;
mod venue;
mod words;

use crate::{components::dynamic::dynamic, pages::not_found::NotFoundPage, session::use_session};

/// What an address of this part asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Asked {
    All,
    One(VenueId),
    Nothing,
}

impl Asked {
    /// `None` for an address that is not of this part.
    fn of(path: &str) -> Option<Self> {
        let mut segments = path.trim_matches('/').split('/');
        match (segments.next()?, segments.next()) {
            ("venues", None) => Some(Self::All),
            ("venues", Some(id)) => Some(id.parse().map_or(Self::Nothing, Self::One)),
            _ => None,
        }
    }
}

/// The page for `/venues` and `/venues/{id}`.
#[component]
pub(crate) fn VenuesPage() -> impl IntoView {
    let path = use_location().pathname;
    let asked = Memo::new(move |before: Option<&Asked>| {
        // On the way to another page the address changes first: what is shown stays.
        path.with(|path| Asked::of(path)).or_else(|| before.cloned()).unwrap_or(Asked::Nothing)
    });
    let session = use_session();
    dynamic(move || {
        // Somebody else may do something else.
        session.turns.track();
        match asked.get() {
            Asked::All => view! { <list::ListPage /> }.into_any(),
            Asked::One(id) => view! { <venue::VenuePage id=id /> }.into_any(),
            Asked::Nothing => view! { <NotFoundPage /> }.into_any(),
        }
    })
}
