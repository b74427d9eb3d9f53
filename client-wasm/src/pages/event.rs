//! One event: its header, its timeline, and what can be done with both. Follows the topic `event:{id}`.

use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_params_map, use_query_map},
};
use shared::{Change, EventId, MediaId, ServerFrame, Topic, model::media::MediaKind};

pub(crate) mod comments;
pub(crate) mod composer;
pub(crate) mod ear;
pub(crate) mod edit;
pub(crate) mod feed;
mod feed_view;
pub(crate) mod gone;
mod head;
pub(crate) mod likes;
mod linked;
pub(crate) mod load;
pub(crate) mod matches;
pub(crate) mod outgoing;
mod place;
mod place_to_write;
pub(crate) mod presence;
pub(crate) mod rights;
mod scroll;

use composer::Writing;
use ear::{Ear, Said};
use feed::{Feed, Phase};
use feed_view::FeedView;
use gone::{Gone, GoneNotice};
use head::EventHead;
use likes::Likes;
use load::{Known, Loader};
use matches::Matches;
use outgoing::Outgoing;
use place::Place;
use presence::Presence;
use rights::Rights;

use crate::{
    api, browser,
    components::{announcer::use_announcer, dynamic::dynamic, title::use_title},
    driver::{News, use_live},
    pages::not_found::NotFoundPage,
    parts,
    session::use_session,
    words,
};

/// The page, for whichever event the address names.
#[component]
pub(crate) fn EventPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| {
        params.with(|params| params.get("id")).and_then(|text| text.parse::<EventId>().ok())
    });
    let session = use_session();
    dynamic(move || {
        let Some(id) = id.get() else { return view! { <NotFoundPage /> }.into_any() };
        let writing = Writing::new();
        Effect::new(move || writing.belongs_to(session.id()));
        dynamic(move || {
            // Somebody else sees another page.
            session.turns.track();
            view! { <EventView id=id.clone() writing=writing /> }.into_any()
        })
        .into_any()
    })
}

#[component]
fn EventView(id: EventId, writing: Writing) -> impl IntoView {
    let live = use_live();
    let title = use_title();
    let query = use_query_map();
    let kind = Memo::new(move |_| query.with(|query| query.get("kind")).and_then(|text| text.parse().ok()));
    let linked = Memo::new(move |_| {
        query.with(|query| query.get("item")).and_then(|text| text.parse::<MediaId>().ok())
    });

    let feed = Feed::new(use_announcer(), title, kind.get_untracked());
    let (likes, ear) = (Likes::new(&id), Ear::new());
    provide_context(likes);
    provide_context(ear);
    parts::when_signed_in(parts::likes);
    let outgoing = Outgoing::new();
    let rights = Rights::new(use_session());
    provide_context(rights);
    // A link to an item says where to go.
    let place = if linked.get_untracked().is_none() { Place::kept(&id) } else { None };
    let loader = Loader::new(&id, live, feed, outgoing, rights, place);
    place::keep(&id, feed);
    let watchers = RwSignal::new(None::<u64>);
    let presence = Presence::new(live, use_session());
    let matches = Matches::new();
    let of = id.clone();

    title.name("");
    title.unread(0);
    browser::scroll_to(0.0, false);
    live.follow(Topic::event(&id), None, move |update| match update {
        News::SnapshotNeeded => {
            matches.refresh(&of);
            loader.snapshot();
            ear.say(Said::Refresh);
        }
        News::Publications { publications, position } => {
            for publication in &publications {
                apply(loader, likes, &publication.change);
                matches.change(&publication.change);
            }
            feed.publications(&publications, &position);
            ear.say(Said::Publications(&publications));
        }
        News::Presence(frame) => {
            if let ServerFrame::PresenceCount(_, count) = &*frame {
                watchers.set(Some(count.watchers));
            }
            presence.hear(*frame);
        }
        News::Refused { code, .. } if api::is_closed(code) => loader.close(),
        News::Refused { message, .. } => feed.phase.set(Phase::Failed(message)),
    });
    Effect::new(move |before: Option<Option<_>>| {
        let kind = kind.get();
        if before.is_some_and(|before| before != kind) {
            loader.filter(kind);
        }
        kind
    });
    Effect::new(move || {
        if let Known::Event(event) = loader.known.get() {
            title.name(event.title);
        }
    });

    let gone = Memo::new(move |_| {
        loader.known.with(|known| match known {
            Known::Gone(why) => Some(*why),
            _ => None,
        })
    });
    let id = StoredValue::new(id);
    dynamic(move || {
        match gone.get() {
        Some(why) => view! { <GoneNotice why=why here=format!("/events/{}", id.get_value()) /> }.into_any(),
        None => view! {
            <div class="event">
                <EventHead id=id.get_value() loader=loader rights=rights watchers=watchers presence=presence matches=matches />
                <div class="event-main">
                    {matches.draw(id.get_value())}
                    <FeedView id=id.get_value() feed=feed loader=loader outgoing=outgoing writing=writing rights=rights presence=presence likes=likes kind=kind linked=linked />
                </div>
            </div>
        }
        .into_any(),
    }
    })
}

/// What a publication says about the event itself, and about how many like an item.
fn apply(loader: Loader, likes: Likes, change: &Change) {
    let known = loader.known;
    match change {
        Change::EventNew(event) | Change::EventUpdate(event) => known.set(Known::Event(event.clone())),
        Change::EventDelete(_) => known.set(Known::Gone(Gone::Deleted)),
        Change::EventStatus(changed) => known.update(|known| {
            if let Known::Event(event) = known {
                event.status = changed.status;
            }
        }),
        Change::EventAccess(_) => loader.ask_access(),
        Change::MediaUpdate(media) => likes.counted(&media.id),
        Change::MediaNew(_) | Change::MediaDelete(_) | Change::Other(_) => {}
    }
}

/// The address of the page with a filter; filtering makes no new entry of the history.
fn address_of_kind(id: &EventId, kind: Option<MediaKind>) -> (String, NavigateOptions) {
    let address = match kind {
        None => format!("/events/{id}"),
        Some(kind) => format!("/events/{id}?kind={}", kind.as_str()),
    };
    (address, NavigateOptions { replace: true, scroll: false, ..Default::default() })
}

/// `3 new updates`.
fn updates(count: usize) -> String {
    words::count(count as u64, "new update", "new updates")
}
