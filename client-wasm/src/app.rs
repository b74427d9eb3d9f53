//! The frame of every page: what they share by context, the header, and which page stands where.

use leptos::{prelude::*, task::spawn_local};
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
    pages::{event::EventPage, events::EventsPage, not_found::NotFoundPage},
    parts,
    session::Session,
    storage,
};

/// What was recorded on an earlier visit is sent from whatever page the app begins with.
fn send_what_waits(session: Session) {
    if storage::unsent() > 0 {
        Effect::new(move || {
            if session.is_known() {
                spawn_local(async move {
                    // Without the part it is sent from the next page that has it.
                    if let Ok(send) = parts::sender().await {
                        send(session);
                    }
                });
            }
        });
    }
}

/// The whole app.
#[component]
pub(crate) fn App() -> impl IntoView {
    provide_context(Scheme::start());
    provide_context(Clock::start());
    provide_context(Title::start());
    provide_context(Announcer::find());
    let live = Live::start();
    provide_context(live);
    let session = Session::start(live);
    provide_context(session);
    send_what_waits(session);

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
                    <Route path=path!("/account") view=|| parts::page(parts::account) />
                </Routes>
            </main>
            <Banner />
        </Router>
    }
}
