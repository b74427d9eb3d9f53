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
    offline,
    pages::{event::EventPage, events::EventsPage, not_found::NotFoundPage},
    parts,
    session::Session,
    storage,
};

/// What was recorded on an earlier visit is sent from whatever page the app begins with, as soon as there is a
/// connection.
fn send_what_waits(session: Session, live: Live) {
    if storage::unsent() == 0 {
        return;
    }
    let owner = Owner::current().unwrap_or_default();
    Effect::new(move || {
        if session.is_known() && live.shown.get().is_up() {
            let owner = owner.clone();
            spawn_local(async move {
                // Without the part it is sent from the next page that has it.
                if let Ok(send) = parts::sender().await {
                    owner.with(|| send(session, live));
                }
            });
        }
    });
}

/// What draws a page: one type for all of them, as the router is compiled anew for every type of view.
type View = fn() -> AnyView;

const EVENTS: View = || view! { <EventsPage /> }.into_any();
const EVENT: View = || view! { <EventPage /> }.into_any();
const PEOPLE: View = || parts::page(parts::people);
const INVITATION: View = || parts::page(parts::invitation);
const PITCH: View = || parts::page(parts::match_);
const SIGN_IN: View = || parts::page(parts::sign_in);
const ACCOUNT: View = || parts::page(parts::account);
const NOTIFICATIONS: View = || parts::page(parts::notifications);
const POSTS: View = || parts::page(parts::posts);
const STORIES: View = || parts::page(parts::stories);
const VENUES: View = || parts::page(parts::venues);

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
    let session = Session::start(live);
    provide_context(session);
    send_what_waits(session, live);
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
                    <Route path=path!("/") view=EVENTS />
                    <Route path=path!("/events/:id") view=EVENT />
                    <Route path=path!("/events/:id/people") view=PEOPLE />
                    <Route path=path!("/invitations/:code") view=INVITATION />
                    <Route path=path!("/matches/:id") view=PITCH />
                    <Route path=path!("/matches/:id/record") view=PITCH />
                    <Route path=path!("/tournaments/:id") view=PITCH />
                    <Route path=path!("/signin") view=SIGN_IN />
                    <Route path=path!("/account") view=ACCOUNT />
                    <Route path=path!("/notifications") view=NOTIFICATIONS />
                    <Route path=path!("/posts") view=POSTS />
                    <Route path=path!("/stories") view=STORIES />
                    // One route: from the list to a venue the page stays, so nothing is followed twice.
                    <Route path=path!("/venues/*rest") view=VENUES />
                </Routes>
            </main>
            <Banner />
        </Router>
    }
}
