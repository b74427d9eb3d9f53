//! Small pictures for what happens in a match. Always beside words that say the same.

use leptos::prelude::*;
use shared::model::match_::{Card, Outcome, What};

/// The picture for an entry; an empty place where there is none.
pub(super) fn sign(what: &What) -> AnyView {
    let scored = what.scores_for().is_some();
    let (class, path) = match what {
        What::OwnGoal { .. } => ("sign sign-own", BALL),
        What::ShootOutKick { outcome: Outcome::Scored, .. } => ("sign sign-goal", BALL),
        _ if scored => ("sign sign-goal", BALL),
        What::Card { card: Card::Yellow, .. } => ("sign sign-yellow", CARD),
        What::Card { card: Card::Red, .. } => ("sign sign-red", CARD),
        What::Substitution { .. } => ("sign", "M8 19V5m-4 4 4-4 4 4M16 5v14m4-4-4 4-4-4"),
        What::Penalty { .. } | What::ShootOutKick { .. } => ("sign", "M7 7l10 10M17 7 7 17"),
        What::Save { .. } => (
            "sign",
            "M5 12.5V8a1.500 1.500 0 0 1 3 0v3V5.500a1.500 1.500 0 0 1 3 0V11V4.500a1.500 1.500 0 0 1 3 0V11V6.500a1.500 1.500 0 0 1 3 0V14a6 6 0 0 1-6 6c-3 0-6-2.500-6-7.500",
        ),
        What::Shot { .. } => ("sign", "M4 19V6h16v13M12 13v.01"),
        What::Injury { .. } => ("sign", "M12 6v12M6 12h12"),
        What::Note => ("sign", "M6 8h12M6 12h12M6 16h7"),
        _ => return view! { <span class="sign" aria-hidden="true"></span> }.into_any(),
    };
    view! {
        <svg class=class viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
            <path d=path />
        </svg>
    }
    .into_any()
}

const BALL: &str = "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM12 8.500l3.400 2.500-1.300 4h-4.200l-1.300-4L12 8.500zM12 8.500v-5M15.400 11l4.800-1.500M14.100 15l2.900 4M9.900 15 7 19M8.600 11 3.800 9.500";
const CARD: &str = "M8 4h8a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1H8a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1z";
