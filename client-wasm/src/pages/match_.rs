//! The pages about matches: watching one, recording one, a tournament, and their place on an event's page. All of
//! them are in the later part `pitch`; here is which of them an address asks for.

use leptos::prelude::*;
use leptos_router::hooks::use_location;
use shared::{MatchId, TournamentId};

mod board;
mod clock;
mod counted;
mod follows;
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

impl Asked {
    /// `None` for an address that is not of this part.
    fn of(path: &str) -> Option<Self> {
        let mut segments = path.trim_matches('/').split('/');
        let (kind, id, page) = (segments.next()?, segments.next()?, segments.next());
        Some(match (kind, page) {
            ("matches", None) => id.parse().map_or(Self::Nothing, Self::Watch),
            ("matches", Some("record")) => id.parse().map_or(Self::Nothing, Self::Record),
            ("tournaments", None) => id.parse().map_or(Self::Nothing, Self::Tournament),
            _ => return None,
        })
    }
}

/// The page for `/matches/{id}`, `/matches/{id}/record` and `/tournaments/{id}`.
#[component]
pub(crate) fn PitchPage() -> impl IntoView {
    let path = use_location().pathname;
    let asked = Memo::new(move |before: Option<&Asked>| {
        // On the way to another page the address changes first: what is shown stays.
        path.with(|path| Asked::of(path)).or_else(|| before.cloned()).unwrap_or(Asked::Nothing)
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
