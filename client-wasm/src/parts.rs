//! The later parts of the program: what is fetched when it is first needed, so that whoever only follows an event
//! never downloads it. With the feature `split` each is a file of its own, which `cargo xtask` cuts out of the
//! program; without it (`trunk serve`) they are in the program and there at once.
//!
//! `soon` is fetched by nearly every timeline, once it stands; `write` by who writes; `desk` has the pages about accounts
//! and people, `board` those of posts, stories and venues. What several share is a file for each group of parts that share it,
//! so there are few parts.
//!
//! Called by the app's routes, by the place above a timeline, and where a dialog opens that only writers need. A part
//! holds what is reached from it alone: who names something of one elsewhere has it in the first part again.

use std::{future::Future, pin::Pin};

use leptos::{prelude::*, task::spawn_local};
use shared::{EventId, MediaId, model::media::Media};

use crate::{
    components::{
        announcer::Announcer,
        dynamic::{dynamic, when},
        lightbox::Lightbox,
        new_event::NewEventDialog,
    },
    driver::{Live, use_live},
    outbox::outbox,
    pages::{
        account::AccountPage,
        event::{
            comments::Comments,
            composer::{Composer, Writing},
            edit::{DeleteDialog, EditDialog},
            feed::Feed,
            likes::{Likes, turning},
            matches::Matches,
            outgoing::Outgoing,
            presence::{Shown, shown},
        },
        invitation::InvitationPage,
        match_::{PitchPage, of_event::EventMatches},
        notifications::NotificationsPage,
        people::PeoplePage,
        posts::PostsPage,
        sign_in::SignInPage,
        stories::StoriesPage,
        venues::VenuesPage,
    },
    session::{Session, use_session},
    thumb, unread,
};

/// The file could not be fetched.
#[derive(Debug)]
pub(crate) struct NotFetched;

#[cfg(feature = "split")]
impl From<wasm_split_helpers::SplitLoaderError> for NotFetched {
    fn from(_: wasm_split_helpers::SplitLoaderError) -> Self {
        Self
    }
}

/// Something to wait for.
pub(crate) type Fetch<T> = Pin<Box<dyn Future<Output = Result<T, NotFetched>>>>;

/// A function that gives `$value` as soon as the part is there.
macro_rules! in_part {
    ($part:ident, $(#[$doc:meta])* fn $name:ident() -> $type:ty { $value:expr }) => {
        $(#[$doc])*
        pub(crate) fn $name() -> Fetch<$type> {
            #[cfg(feature = "split")]
            #[wasm_split_helpers::wasm_split($part, fallible)]
            fn fetched() -> Result<$type, NotFetched> {
                Ok($value)
            }
            #[cfg(not(feature = "split"))]
            fn fetched() -> std::future::Ready<Result<$type, NotFetched>> {
                std::future::ready(Ok($value))
            }
            Box::pin(fetched())
        }
    };
}

/// What draws a page.
pub(crate) type Page = fn() -> AnyView;

in_part!(
    desk,
    /// One's own account.
    fn account() -> Page {
        || view! { <AccountPage /> }.into_any()
    }
);
in_part!(
    desk,
    /// What an invitation is to, and taking it.
    fn invitation() -> Page {
        || view! { <InvitationPage /> }.into_any()
    }
);
in_part!(
    desk,
    /// One's notifications.
    fn notifications() -> Page {
        || view! { <NotificationsPage /> }.into_any()
    }
);
in_part!(
    desk,
    /// The people of an event.
    fn people() -> Page {
        || view! { <PeoplePage /> }.into_any()
    }
);
in_part!(
    board,
    /// One's posts.
    fn posts() -> Page {
        || view! { <PostsPage /> }.into_any()
    }
);
in_part!(
    desk,
    /// Signing in, and making an account.
    fn sign_in() -> Page {
        || view! { <SignInPage /> }.into_any()
    }
);

in_part!(
    board,
    /// Everybody's stories.
    fn stories() -> Page {
        || view! { <StoriesPage /> }.into_any()
    }
);

in_part!(
    board,
    /// All venues, or one.
    fn venues() -> Page {
        || view! { <VenuesPage /> }.into_any()
    }
);

/// What draws the light-box.
pub(crate) type Photo = fn(Feed, RwSignal<Option<MediaId>>) -> AnyView;

in_part!(
    soon,
    /// A photo over the whole window.
    fn lightbox() -> Photo {
        |feed, photo| view! { <Lightbox feed=feed photo=photo /> }.into_any()
    }
);

/// What makes a ThumbHash a background.
pub(crate) type Blur = fn(&str) -> Option<String>;

in_part!(
    soon,
    /// What stands in a picture's place until it is there.
    fn blur() -> Blur {
        thumb::background
    }
);

/// What begins to show who else is on a page.
pub(crate) type Presence = fn(Live, Session) -> Shown;

in_part!(
    soon,
    /// Who else is on the page of an event, and who is typing there.
    fn presence() -> Presence {
        shown::begin
    }
);

in_part!(
    pitch,
    /// A match, the recorder of one, or a tournament.
    fn match_() -> Page {
        || view! { <PitchPage /> }.into_any()
    }
);

/// What draws the matches of an event.
pub(crate) type List = fn(EventId, Matches) -> AnyView;

in_part!(
    pitch,
    /// The matches of an event.
    fn matches() -> List {
        |event, place| view! { <EventMatches id=event place=place /> }.into_any()
    }
);

/// What draws the composer of an event.
pub(crate) type Compose = fn(EventId, Feed, Outgoing, Writing) -> AnyView;

in_part!(
    write,
    /// The composer.
    fn composer() -> Compose {
        |event, feed, outgoing, writing| {
            view! { <Composer event=event feed=feed outgoing=outgoing writing=writing /> }.into_any()
        }
    }
);

/// What sees to an outbox.
pub(crate) type Sender = fn(Session, Live);

in_part!(
    write,
    /// The outbox, for a page without a composer.
    fn sender() -> Sender {
        |session, live| {
            outbox(session, live);
        }
    }
);

/// What draws the dialog that makes an event.
pub(crate) type Begin = fn(RwSignal<bool>) -> AnyView;

in_part!(
    write,
    /// The dialog that makes an event.
    fn new_event() -> Begin {
        |open| view! { <NewEventDialog open=open /> }.into_any()
    }
);

/// What draws a dialog about an item.
pub(crate) type Change = fn(StoredValue<EventId>, RwSignal<Option<Media>>) -> AnyView;

in_part!(
    write,
    /// Changing an item's text.
    fn edit() -> Change {
        |event, media| view! { <EditDialog event=event media=media /> }.into_any()
    }
);
in_part!(
    write,
    /// Deleting an item.
    fn delete() -> Change {
        |event, media| view! { <DeleteDialog event=event media=media /> }.into_any()
    }
);

in_part!(
    write,
    /// The comments on an item.
    fn comments() -> Change {
        |event, media| view! { <Comments event=event about=media /> }.into_any()
    }
);

/// What is begun for who is signed in.
pub(crate) type Follow = fn();

in_part!(
    soon,
    /// How many notifications are unread.
    fn unread() -> Follow {
        unread::count
    }
);
in_part!(
    soon,
    /// What the reader likes on an event.
    fn likes() -> Follow {
        turning::follow
    }
);

/// What turns a like.
pub(crate) type Turn = fn(Likes, Announcer, MediaId);

in_part!(
    soon,
    /// Liking an item, or no longer.
    fn turn() -> Turn {
        turning::turn
    }
);

/// Begins what a part brings, once, as soon as somebody is signed in and it is there; it ends with the current owner.
pub(crate) fn when_signed_in(fetch: fn() -> Fetch<Follow>) {
    let (session, live) = (use_session(), use_live());
    let owner = Owner::current().unwrap_or_default();
    let begun = StoredValue::new(false);
    Effect::new(move || {
        // What did not arrive is asked for again when the connection is back.
        if !session.is_signed_in() || !live.shown.get().is_up() || begun.get_value() {
            return;
        }
        let owner = owner.clone();
        spawn_local(async move {
            if let Ok(follow) = fetch().await
                && begun.try_update_value(|begun| std::mem::replace(begun, true)) == Some(false)
            {
                owner.with(follow);
            }
        });
    });
}

/// A dialog about an item, fetched when there is one that it is about.
pub(crate) fn about(
    fetch: fn() -> Fetch<Change>,
    event: StoredValue<EventId>,
    media: RwSignal<Option<Media>>,
) -> impl IntoView {
    when(
        move || media.with(Option::is_some),
        move || later(fetch, || ().into_any(), move |draw| draw(event, media)),
    )
}

/// Draws what a part brings, and until then what says that it is coming.
pub(crate) fn later<T: Copy + Send + Sync + 'static>(
    fetch: fn() -> Fetch<T>,
    waiting: fn() -> AnyView,
    draw: impl Fn(T) -> AnyView + Send + 'static,
) -> AnyView {
    let answer = RwSignal::new(None::<Result<T, ()>>);
    let ask = move || {
        answer.set(None);
        spawn_local(async move {
            let fetched = fetch().await.map_err(|NotFetched| ());
            // Nobody waits any more if the reader has gone on meanwhile.
            answer.try_set(Some(fetched));
        });
    };
    ask();
    dynamic(move || match answer.get() {
        None => waiting(),
        Some(Ok(brought)) => draw(brought),
        Some(Err(())) => view! {
            <div class="notice" role="alert">
                <h2>"This part of the page could not be loaded"</h2>
                <p>"It did not arrive. Are you connected?"</p>
                <button class="btn" type="button" on:click=move |_| ask()>"Try again"</button>
            </div>
        }
        .into_any(),
    })
    .into_any()
}

/// A page, and before it the shell that every page begins with.
pub(crate) fn page(fetch: fn() -> Fetch<Page>) -> AnyView {
    let shell = || {
        view! {
            <div class="shell" role="status" aria-label="Loading">
                <div class="sk sk-title"></div>
                <div class="sk sk-line"></div>
                <div class="sk sk-line sk-short"></div>
            </div>
        }
        .into_any()
    };
    later(fetch, shell, |draw| draw())
}
