//! The bar at the top of every page: the way home, the connection, the colour scheme.

use std::time::Duration;

use leptos::prelude::*;
use leptos_router::components::A;

use super::{
    dynamic::dynamic,
    icon::{Icon, mark},
};
use crate::{
    browser::{self, Timer},
    driver::{Shown, use_live},
    storage::Theme,
};

/// The bar.
#[component]
pub(crate) fn Header() -> impl IntoView {
    view! {
        <header class="bar">
            <div class="bar-in">
                <A href="/" attr:class="brand">
                    {mark()}
                    "Touchline"
                </A>
                <span class="bar-space"></span>
                <Connection />
                <ThemeButton />
            </div>
        </header>
    }
}

/// Seconds until `next_try`, counted down while that is ahead and somebody looks.
pub(crate) fn countdown(shown: RwSignal<Shown>) -> Memo<Option<u64>> {
    let tick = RwSignal::new(0_u32);
    let running: StoredValue<Option<Timer>, LocalStorage> = StoredValue::new_local(None);
    let counting = Memo::new(move |_| matches!(shown.get(), Shown::Reconnecting { .. }));
    Effect::new(move || {
        let timer = counting.get().then(|| {
            Timer::every(Duration::from_millis(500), move || {
                if !browser::is_hidden() {
                    tick.update(|n| *n = n.wrapping_add(1));
                }
            })
        });
        running.set_value(timer.flatten());
    });
    Memo::new(move |_| {
        tick.track();
        match shown.get() {
            Shown::Reconnecting { next_try, .. } => {
                let left = next_try.since(browser::now());
                Some(left.as_millis().div_ceil(1000) as u64)
            }
            _ => None,
        }
    })
}

/// How the page is connected. It is a region with a name, not a live one: a countdown is not to be read out.
#[component]
fn Connection() -> impl IntoView {
    let live = use_live();
    let shown = live.shown;
    let seconds = countdown(shown);
    let words = move || match shown.get() {
        Shown::Connecting => "Connecting".to_owned(),
        Shown::Live => "Live".to_owned(),
        Shown::Polling => "Polling".to_owned(),
        Shown::Reconnecting { .. } => match seconds.get() {
            Some(left) if left > 0 => format!("Reconnecting in {left} s"),
            _ => "Reconnecting".to_owned(),
        },
        Shown::Offline { .. } => "Offline".to_owned(),
        Shown::Refused => "Disconnected".to_owned(),
    };
    let hint = move || match shown.get() {
        Shown::Live => "Updates appear at once",
        Shown::Polling => "Updates are fetched again and again: a direct connection is not to be had",
        _ => "",
    };
    view! {
        <section class="conn" aria-label="Connection" data-status=dynamic(move || shown.get().name()) title=hint>
            <span class="dot" aria-hidden="true"></span>
            <span class="num">{words}</span>
        </section>
    }
}

#[component]
fn ThemeButton() -> impl IntoView {
    let theme = RwSignal::new(Theme::remembered());
    let label = move || match theme.get() {
        Theme::System => "Colour scheme: as the system",
        Theme::Light => "Colour scheme: light",
        Theme::Dark => "Colour scheme: dark",
    };
    let turn = move |_| {
        let dark_now = browser::matches_media("(prefers-color-scheme: dark)");
        // From the system's choice first to its opposite: a press always shows something.
        let next = match (theme.get_untracked(), dark_now) {
            (Theme::System, true) => Theme::Light,
            (Theme::System, false) => Theme::Dark,
            (Theme::Light, true) | (Theme::Dark, false) => {
                if dark_now {
                    Theme::Dark
                } else {
                    Theme::Light
                }
            }
            (Theme::Light, false) | (Theme::Dark, true) => Theme::System,
        };
        next.apply();
        theme.set(next);
    };
    view! {
        <button class="icon-btn" type="button" aria-label=label title=label on:click=turn>
            {dynamic(move || match theme.get() {
                Theme::System => Icon::SunMoon.draw(),
                Theme::Light => Icon::Sun.draw(),
                Theme::Dark => Icon::Moon.draw(),
            })}
        </button>
    }
}
