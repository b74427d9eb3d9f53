//! The bar at the top of every page: the way home and to other pages, the connection, the colour scheme, and
//! who is signed in.

use std::{rc::Rc, time::Duration};

use leptos::prelude::*;
use leptos_router::{components::A, hooks::use_location};

use super::{
    bell::Bell,
    dynamic::dynamic,
    icon::{Icon, mark},
    me::Me,
    theme::ThemeButton,
};
use crate::{
    browser::{self, WhileSeen},
    driver::{Shown, use_live},
    session::use_session,
};

/// The bar.
#[component]
pub(crate) fn Header() -> impl IntoView {
    view! {
        <header class="bar">
            <div class="bar-in">
                <A href="/" attr:class="brand">
                    {mark()}
                    <span class="brand-name">"Touchline"</span>
                </A>
                <Pages />
                <span class="bar-space"></span>
                <Connection />
                <ThemeButton />
                // What concerns who is signed in: what is new for them, and their account.
                <Bell />
                <Me />
            </div>
        </header>
    }
}

/// A page that the bar leads to. On a phone the icon stands for the name.
struct Link {
    href: &'static str,
    name: &'static str,
    icon: Icon,
    /// Not where room is scarce: the mark leads there already, or the menu of the account does.
    wide_only: bool,
    /// For who is signed in alone.
    own: bool,
}

const PAGES: [Link; 4] = [
    Link { href: "/", name: "Events", icon: Icon::Calendar, wide_only: true, own: false },
    Link { href: "/stories", name: "Stories", icon: Icon::Story, wide_only: false, own: false },
    Link { href: "/venues", name: "Venues", icon: Icon::Place, wide_only: false, own: false },
    Link { href: "/posts", name: "Posts", icon: Icon::Send, wide_only: true, own: true },
];

#[component]
fn Pages() -> impl IntoView {
    let path = use_location().pathname;
    let session = use_session();
    let links = PAGES.map(|Link { href, name, icon, wide_only, own }| {
        let here = move || path.with(|path| path == href).then_some("page");
        let hidden = move || own && !session.is_signed_in();
        view! {
            <a class="nav-link" class:wide-only=wide_only href=href aria-current=dynamic(here) aria-label=name hidden=dynamic(hidden)>
                {icon.draw()}
                <span>{name}</span>
            </a>
        }
    });
    view! { <nav class="bar-nav" aria-label="Pages">{links.collect_view()}</nav> }
}

/// Seconds until `next_try`, counted down while that is ahead and somebody looks.
pub(crate) fn countdown(shown: RwSignal<Shown>) -> Memo<Option<u64>> {
    let tick = RwSignal::new(0_u32);
    let running: StoredValue<Option<WhileSeen>, LocalStorage> = StoredValue::new_local(None);
    let counting = Memo::new(move |_| matches!(shown.get(), Shown::Reconnecting { .. }));
    Effect::new(move || {
        running.set_value(counting.get().then(|| {
            let count = move || tick.update(|n| *n = n.wrapping_add(1));
            browser::while_seen(Duration::from_millis(500), Rc::new(count))
        }));
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
