//! The frame of every page: what they share by context, the header, and which page stands where.

use leptos::prelude::*;
use leptos_router::{
    components::{Route, Router, Routes},
    path,
};

use crate::{
    browser,
    components::{announcer::Announcer, banner::Banner, header::Header, time::Clock, title::Title},
    driver::Live,
    pages::{event::EventPage, events::EventsPage, not_found::NotFoundPage},
    storage::Theme,
};

/// The whole app.
#[component]
pub(crate) fn App() -> impl IntoView {
    Theme::remembered().apply();
    provide_context(Clock::start());
    provide_context(Title::start());
    provide_context(Announcer::find());
    provide_context(Live::start());

    view! {
        <Router>
            <a
                class="skip btn"
                href="#main"
                on:click=move |event| {
                    event.prevent_default();
                    event.stop_propagation();
                    browser::focus("main");
                }
            >
                "Skip to content"
            </a>
            <Header />
            <main id="main" class="page" tabindex="-1">
                <Routes fallback=NotFoundPage>
                    <Route path=path!("/") view=EventsPage />
                    <Route path=path!("/events/:id") view=EventPage />
                </Routes>
            </main>
            <Banner />
        </Router>
    }
}
