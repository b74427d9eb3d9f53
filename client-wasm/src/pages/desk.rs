//! The pages that are fetched when one of them is first opened: whoever only follows an event never downloads
//! them. With the feature `split` they are in a file of their own, which `cargo xtask` cuts out of the program;
//! without it (`trunk serve`) they are part of the program. Called by the app's routes.

use leptos::{prelude::*, task::spawn_local};

use super::{account::AccountPage, invitation::InvitationPage, people::PeoplePage, sign_in::SignInPage};
use crate::components::dynamic::dynamic;

/// One of these pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Desk {
    Account,
    Invitation,
    People,
    SignIn,
}

/// What draws a page, once it is there.
type Draw = fn() -> AnyView;

/// The file could not be fetched.
#[derive(Debug)]
struct NotFetched;

#[cfg(feature = "split")]
impl From<wasm_split_helpers::SplitLoaderError> for NotFetched {
    fn from(_: wasm_split_helpers::SplitLoaderError) -> Self {
        Self
    }
}

/// Everything that is reached from here and from nowhere else is cut out of the program.
#[cfg_attr(feature = "split", wasm_split_helpers::wasm_split(desk, fallible))]
fn drawing(page: Desk) -> Result<Draw, NotFetched> {
    Ok(match page {
        Desk::Account => || view! { <AccountPage /> }.into_any(),
        Desk::Invitation => || view! { <InvitationPage /> }.into_any(),
        Desk::People => || view! { <PeoplePage /> }.into_any(),
        Desk::SignIn => || view! { <SignInPage /> }.into_any(),
    })
}

#[cfg(not(feature = "split"))]
async fn fetch(page: Desk) -> Result<Draw, NotFetched> {
    drawing(page)
}

#[cfg(feature = "split")]
async fn fetch(page: Desk) -> Result<Draw, NotFetched> {
    drawing(page).await
}

/// A page of these, as soon as it has been fetched.
pub(crate) fn desk(page: Desk) -> AnyView {
    let answer = RwSignal::new(None::<Result<Draw, ()>>);
    let ask = move || {
        answer.set(None);
        spawn_local(async move {
            let fetched = fetch(page).await.map_err(|NotFetched| ());
            // Nobody waits any more if another page has been opened meanwhile.
            answer.try_set(Some(fetched));
        });
    };
    ask();
    dynamic(move || match answer.get() {
        None => view! {
            <div class="shell" role="status" aria-label="Loading">
                <div class="sk sk-title"></div>
                <div class="sk sk-line"></div>
                <div class="sk sk-line sk-short"></div>
            </div>
        }
        .into_any(),
        Some(Ok(draw)) => draw(),
        Some(Err(())) => view! {
            <div class="notice" role="alert">
                <h1>"This page could not be loaded"</h1>
                <p>"Its program did not arrive. Are you connected?"</p>
                <button class="btn" type="button" on:click=move |_| ask()>"Try again"</button>
            </div>
        }
        .into_any(),
    })
    .into_any()
}
