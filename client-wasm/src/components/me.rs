//! At the end of the bar: who is signed in, with a menu, or the way to sign in.

use leptos::{prelude::*, task::spawn_local};
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate},
};
use shared::model::account::Account;

use super::{
    announcer::use_announcer,
    avatar::Avatar,
    dynamic::dynamic,
    icon::Icon,
    menu::{Menu, MenuEntry},
    theme::ThemeEntry,
};
use crate::{browser, pages::sign_in, session::use_session, storage};

/// As in `people.css`: the bar leaves out the button for the colour scheme, and links to pages.
const NARROW: &str = "(max-width: 620px)";

/// The avatar with its menu, or "Sign in".
#[component]
pub(crate) fn Me() -> impl IntoView {
    let session = use_session();
    let location = use_location();
    // Back to where one is, unless one is signing in already.
    let here = Memo::new(move |_| {
        let (path, search) = (location.pathname.get(), location.search.get());
        let search = search.trim_start_matches('?');
        match path.as_str() {
            "/signin" => None,
            _ if search.is_empty() => Some(path),
            _ => Some(format!("{path}?{search}")),
        }
    });
    let known = Memo::new(move |_| session.is_known());
    dynamic(move || match (session.account.get(), known.get()) {
        (Some(account), _) => view! { <AccountMenu account=account /> }.into_any(),
        (None, true) => {
            let href = move || here.get().map(|here| sign_in::address(&here));
            view! { <a class="btn btn-small" href=href hidden=move || here.get().is_none()>"Sign in"</a> }
                .into_any()
        }
        (None, false) => view! { <span class="avatar unknown" aria-hidden="true"></span> }.into_any(),
    })
}

/// Asks, where something has not been sent yet: it stays on this device, and goes when the same person is back.
pub(crate) fn leaves_nothing_behind() -> bool {
    let unsent = storage::unsent();
    unsent == 0
        || browser::window()
            .confirm_with_message(&format!(
                "{unsent} not sent yet. Signed out, they wait on this device until you are back. Sign out?"
            ))
            .unwrap_or(true)
}

#[component]
fn AccountMenu(account: Account) -> impl IntoView {
    let session = use_session();
    let announcer = use_announcer();
    let navigate = use_navigate();
    let to = move |path: &'static str| {
        let navigate = navigate.clone();
        Callback::new(move |()| navigate(path, NavigateOptions::default()))
    };
    let (to_account, to_posts) = (to("/account"), to("/posts"));
    let sign_out = Callback::new(move |()| {
        if !leaves_nothing_behind() {
            return;
        }
        spawn_local(async move {
            match session.sign_out().await {
                // A page of one's own has nothing to show any more, and sees to that itself.
                Ok(()) => announcer.say("You are signed out."),
                Err(error) => announcer.say(format!("You are still signed in. {}", error.message)),
            }
        });
    });
    let shown = account.person.display_name;
    let name = account.person.name;
    let label = format!("Account of {shown}");
    let face = shown.clone();
    view! {
        <Menu
            label=label
            class="icon-btn me"
            side="right"
            face=dynamic(move || view! { <Avatar name=Signal::stored(face.clone()) /> }.into_any())
        >
            <div class="menu-head" aria-hidden="true">
                <b>{shown.clone()}</b>
                <span class="hint">{format!("@{name}")}</span>
            </div>
            <MenuEntry on_choose=to_account>{Icon::Edit.draw()} "Account"</MenuEntry>
            // Drawn when the menu opens: only where the bar has no room for them.
            {browser::matches_media(NARROW).then(|| view! {
                <MenuEntry on_choose=to_posts>{Icon::Send.draw()} "Posts"</MenuEntry>
                <ThemeEntry />
            })}
            <MenuEntry on_choose=sign_out>{Icon::Leave.draw()} "Sign out"</MenuEntry>
        </Menu>
    }
}
