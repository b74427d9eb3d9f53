//! There is nothing here.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::components::title::use_title;

/// The page for addresses that lead nowhere.
#[component]
pub(crate) fn NotFoundPage() -> impl IntoView {
    use_title().name("Not found");
    view! {
        <div class="notice">
            <h1>"Page not found"</h1>
            <p>"There is nothing at this address."</p>
            <A href="/" attr:class="btn">"All events"</A>
        </div>
    }
}
