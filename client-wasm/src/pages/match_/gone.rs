//! In place of a match or a tournament that is not to be seen.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::{
    components::{dynamic::dynamic, title::use_title},
    pages::{event::gone::Gone, sign_in},
    session::use_session,
};

/// The notice about a `thing` ("match"); `here` is the path to come back to after signing in.
#[component]
pub(super) fn NothingHere(why: Gone, thing: &'static str, here: String) -> impl IntoView {
    use_title().name("Not found");
    use_title().unread(0);
    let session = use_session();
    let (title, reason) = match why {
        Gone::Missing => (
            format!("There is no such {thing}"),
            format!("There is no {thing} at this address any more, or there never was."),
        ),
        Gone::Deleted => (
            format!("This {thing} has been deleted"),
            format!("There is no {thing} at this address any more."),
        ),
        Gone::Closed => (
            format!("You can no longer see this {thing}"),
            "It is no longer open to you, or it has been deleted.".to_owned(),
        ),
    };
    let may_sign_in = move || why != Gone::Deleted && session.is_known() && !session.is_signed_in();
    view! {
        <div class="notice" role="alert">
            <h1>{title}</h1>
            <p>{reason} {dynamic(move || may_sign_in().then_some(" If its event is a private one, sign in."))}</p>
            <p class="row">
                {dynamic(move || may_sign_in().then(|| view! { <A href=sign_in::address(&here) attr:class="btn btn-primary">"Sign in"</A> }))}
                <A href="/" attr:class="btn">"All events"</A>
            </p>
        </div>
    }
}
