//! The pages about matches: watching one, recording one, a tournament, and their place on an event's page. All of
//! them are in the later part `pitch`; here is which of them an address asks for.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use shared::{MatchId, TournamentId};

mod board;
mod clock;
mod counted;
mod gone;
mod lineups;
mod log;
mod moments;
mod new_match;
pub(crate) mod of_event;
mod record;
mod signs;
mod stats;
mod tournament;
mod voice;
mod watch;
mod words;

use crate::{components::dynamic::dynamic, pages::not_found::NotFoundPage, session::use_session};

/// What an address of this part asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Asked {
    Watch(MatchId),
    Record(MatchId),
    Tournament(TournamentId),
    Nothing,
}

/// The page for `/matches/{id}`, `/matches/{id}/record` and `/tournaments/{id}`.
#[component]
pub(crate) fn PitchPage() -> impl IntoView {
    let params = use_params_map();
    let asked = Memo::new(move |_| {
        params.with(|params| {
            let get = |name: &str| params.get(name).unwrap_or_default();
            let id = get("id");
            match (get("kind").as_str(), get("page").as_str()) {
                ("matches", "") => id.parse().map(Asked::Watch).ok(),
                ("matches", "record") => id.parse().map(Asked::Record).ok(),
                ("tournaments", "") => id.parse().map(Asked::Tournament).ok(),
                _ => None,
            }
            .unwrap_or(Asked::Nothing)
        })
    });
    let session = use_session();
    dynamic(move || {
        // Somebody else sees another page.
        session.turns.track();
        match asked.get() {
            Asked::Watch(id) => view! { <watch::WatchPage id=id /> }.into_any(),
            Asked::Record(id) => view! { <record::RecordPage id=id /> }.into_any(),
            Asked::Tournament(id) => view! { <tournament::TournamentPage id=id /> }.into_any(),
            Asked::Nothing => view! { <NotFoundPage /> }.into_any(),
        }
    })
}
