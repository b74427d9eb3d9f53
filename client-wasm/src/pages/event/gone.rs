//! In place of an event that is not to be seen: it does not exist, does no longer, or is not open to who asks.
//! The three are told apart only by what this page has seen itself: who may not read an event learns nothing
//! of it, not even whether there is one.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::{
    components::{dynamic::dynamic, title::use_title},
    pages::sign_in,
    session::use_session,
};

/// Why there is nothing to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gone {
    /// It was not there when it was asked for.
    Missing,
    /// Its deletion was heard of.
    Deleted,
    /// It was seen, and the server has ended that.
    Closed,
}

/// The notice; `here` is the path to come back to after signing in.
#[component]
pub(crate) fn GoneNotice(why: Gone, here: String) -> impl IntoView {
    use_title().name("Not found");
    use_title().unread(0);
    let session = use_session();
    let (title, reason) = match why {
        Gone::Missing => {
            ("Event not found", "There is no event at this address any more, or there never was.")
        }
        Gone::Deleted => ("This event has been deleted", "There is no event at this address any more."),
        Gone::Closed => {
            ("You can no longer see this event", "It is no longer open to you, or it has been deleted.")
        }
    };
    let help = move || match (why, session.is_signed_in()) {
        (Gone::Deleted, _) => "",
        (_, true) => "If it is a private one, ask whoever runs it to add you.",
        (_, false) => "If it is a private one that you are a member of, sign in.",
    };
    let may_sign_in = move || why != Gone::Deleted && session.is_known() && !session.is_signed_in();
    view! {
        <div class="notice" role="alert">
            <h1>{title}</h1>
            <p>{reason} " " {dynamic(help)}</p>
            <p class="row">
                {dynamic(move || may_sign_in().then(|| view! { <A href=sign_in::address(&here) attr:class="btn btn-primary">"Sign in"</A> }))}
                <A href="/" attr:class="btn">"All events"</A>
            </p>
        </div>
    }
}
