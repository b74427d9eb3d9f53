//! The one banner: since when the page is out of date, when it tries next, and "Try now"; afterwards, for a
//! few seconds, that it is back. It lies over the page, so that nothing moves, and its clock is not in a
//! live region: what is to be heard is said once, by the announcer.

use std::time::Duration;

use leptos::prelude::*;

use super::{announcer::use_announcer, dynamic::dynamic, header::countdown};
use crate::{
    browser::{self, Timer},
    driver::{Shown, use_live},
    offline,
};

/// How long "Back online" stays.
const BACK: Duration = Duration::from_secs(4);

/// What the banner says.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Saying {
    Nothing,
    Down { since_ms: f64, offline: bool },
    Refused,
    Back,
}

/// The banner.
#[component]
pub(crate) fn Banner() -> impl IntoView {
    let live = use_live();
    let announcer = use_announcer();
    let saying = RwSignal::new(Saying::Nothing);
    let going: StoredValue<Option<Timer>, LocalStorage> = StoredValue::new_local(None);

    Effect::new(move || {
        let shown = live.shown.get();
        let before = saying.get_untracked();
        let next = match (shown, before) {
            (Shown::Refused, _) => Saying::Refused,
            (shown, before) => match (shown.since(), before) {
                // "Since" is kept over the changes between offline and reconnecting.
                (Some(_), Saying::Down { since_ms, .. }) => {
                    Saying::Down { since_ms, offline: matches!(shown, Shown::Offline { .. }) }
                }
                (Some(since), _) => {
                    let age = browser::now().since(since).as_millis() as f64;
                    Saying::Down {
                        since_ms: browser::wall_ms() - age,
                        offline: matches!(shown, Shown::Offline { .. }),
                    }
                }
                (None, Saying::Down { .. }) if shown.is_up() => Saying::Back,
                // Signing in or out connects anew.
                (None, Saying::Refused) => Saying::Nothing,
                (None, before) => before,
            },
        };
        if next == before {
            return;
        }
        match (before, next) {
            (Saying::Down { .. }, Saying::Down { .. }) => {}
            (_, Saying::Down { .. }) => announcer.say("Connection lost. This page is out of date."),
            (_, Saying::Refused) => announcer.say("The server has closed the connection."),
            (_, Saying::Back) => announcer.say("Back online."),
            _ => {}
        }
        let gone = (next == Saying::Back).then(|| Timer::after(BACK, move || saying.set(Saying::Nothing)));
        going.set_value(gone.flatten());
        saying.set(next);
    });

    let seconds = countdown(live.shown);
    let kind = Memo::new(move |_| match saying.get() {
        Saying::Nothing => 0,
        Saying::Down { .. } => 1,
        Saying::Refused => 2,
        Saying::Back => 3,
    });
    let as_of = offline::as_of_ms();
    // What is shown may be older than the drop: a page that was opened without a network.
    let since = move || match (saying.get(), as_of.get()) {
        (Saying::Down { .. }, Some(as_of_ms)) => format!("As of {}.", browser::format_moment(as_of_ms)),
        (Saying::Down { since_ms, .. }, None) => {
            format!("Out of date since {}.", browser::format_clock(since_ms))
        }
        _ => String::new(),
    };
    let next = move || match (saying.get(), seconds.get()) {
        (Saying::Down { offline: true, .. }, _) => {
            "No network. It is tried again when there is one.".to_owned()
        }
        (_, Some(left)) if left > 0 => format!("Next try in {left} s."),
        _ => "Trying now…".to_owned(),
    };
    dynamic(move || {
        match kind.get() {
        1 => view! {
            <aside class="banner" aria-label="Connection lost">
                <div>
                    <b class="num">{since.clone()}</b>
                    " "
                    <span class="num">{next}</span>
                </div>
                <button class="btn btn-small" type="button" on:click=move |_| live.try_now()>"Try now"</button>
            </aside>
        }
        .into_any(),
        2 => view! {
            <aside class="banner" aria-label="Disconnected">
                <div><b>"The server has closed the connection."</b>" Reload the page to try again."</div>
            </aside>
        }
        .into_any(),
        3 => view! { <aside class="banner good" aria-label="Back online">"Back online"</aside> }.into_any(),
        _ => ().into_any(),
    }
    })
}
