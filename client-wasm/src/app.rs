//! The frame of every page: what they share by context, the header, and which page stands where.

use leptos::prelude::*;
use leptos_router::{
    components::{Route, Router, Routes},
    path,
};

use crate::{
    browser,
    components::{
        announcer::Announcer, banner::Banner, header::Header, theme::Scheme, time::Clock, title::Title,
    },
    driver::Live,
    offline,
    pages::{event::EventPage, events::EventsPage, not_found::NotFoundPage},
    parts,
    session::Session,
};

/// The whole app.
#[component]
pub(crate) fn App() -> impl IntoView {
    provide_context(Scheme::start());
    provide_context(Clock::start());
    provide_context(Title::start());
    provide_context(Announcer::find());
    let live = Live::start();
    provide_context(live);
    offline::start(live);
    provide_context(Session::start(live));
    parts::when_signed_in(parts::unread);

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
                    <Route path=path!("/events/:id/people") view=|| parts::page(parts::people) />
                    <Route path=path!("/invitations/:code") view=|| parts::page(parts::invitation) />
                    <Route path=path!("/signin") view=|| parts::page(parts::sign_in) />
                    <Route path=path!("/notifications") view=|| parts::page(parts::notifications) />
                    <Route path=path!("/account") view=|| parts::page(parts::account) />
                    <Route path=path!("/stories") view=|| parts::page(parts::stories) />
                    <Route path=path!("/posts") view=|| parts::page(parts::posts) />
                    // Matches and tournaments; every further route is paid for by the first visit.
                    <Route path=path!("/:kind/:id/:page?") view=|| parts::page(parts::match_) />
                </Routes>
            </main>
            <Banner />
        </Router>
    }
}
