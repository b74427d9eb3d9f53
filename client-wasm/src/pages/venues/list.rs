//! All venues, and how it is there. Follows the topic `venue_updates`.

use leptos::{prelude::*, task::spawn_local};
use leptos_router::components::A;
use shared::{
    Change, Topic, VenueId,
    model::venue::{Venue, VenueChange},
};

use super::{
    form::NewVenueDialog,
    words::{crowd_word, rating_words},
};
use crate::{
    api::venues as api,
    browser,
    components::{
        dynamic::{dynamic, when},
        icon::{Icon, mark},
        time::TimeAgo,
        title::use_title,
    },
    driver::{Live, News, use_live},
    pages::sign_in,
    session::use_session,
    words,
};

/// What the page knows.
#[derive(Clone, Copy)]
struct Venues {
    all: RwSignal<Vec<Venue>>,
    loaded: RwSignal<bool>,
    failed: RwSignal<Option<String>>,
    live: Live,
}

impl Venues {
    fn load(self) {
        spawn_local(async move {
            let topic = Topic::venue_updates();
            let (mut all, mut after, mut first) = (Vec::new(), None, None);
            // As many pages as there are; the first one's cursor is the earliest.
            loop {
                match api::list(after).await {
                    Ok(page) => {
                        first.get_or_insert(page.cursor.0);
                        all.extend(page.items);
                        after = page.next;
                        if after.is_none() {
                            break;
                        }
                    }
                    Err(error) => {
                        if self.failed.try_set(Some(error.message)).is_none() {
                            self.live.snapshot_failed(topic);
                        }
                        return;
                    }
                }
            }
            // Where something was said last comes first; it stays where it is while it is looked at.
            all.sort_by(|a: &Venue, b: &Venue| {
                b.now.at.cmp(&a.now.at).then_with(|| b.created_at.cmp(&a.created_at))
            });
            // The page may have been left meanwhile.
            if self.all.try_set(all).is_none()
                && let Some(position) = first
            {
                self.failed.set(None);
                self.loaded.set(true);
                self.live.snapshot_applied(topic, position);
            }
        });
    }

    fn apply(self, change: &Change) {
        match change.read() {
            Some(VenueChange::New(venue) | VenueChange::Update(venue)) => {
                self.all.update(|all| match all.iter_mut().find(|known| known.id == venue.id) {
                    Some(known) => *known = *venue,
                    None => all.insert(0, *venue),
                });
            }
            Some(VenueChange::Now(changed)) => self.all.update(|all| {
                if let Some(known) = all.iter_mut().find(|known| known.id == changed.venue_id) {
                    known.now = changed.now;
                }
            }),
            Some(VenueChange::Delete(gone)) => {
                self.all.update(|all| all.retain(|known| known.id != gone.venue_id));
            }
            _ => {}
        }
    }

    fn find(self, id: &VenueId) -> Option<Venue> {
        self.all.with(|all| all.iter().find(|venue| venue.id == *id).cloned())
    }
}

/// The page.
#[component]
pub(super) fn ListPage() -> impl IntoView {
    let (live, session) = (use_live(), use_session());
    use_title().name("Venues");
    use_title().unread(0);
    browser::scroll_to(0.0, false);
    let venues =
        Venues { all: RwSignal::default(), loaded: RwSignal::new(false), failed: RwSignal::new(None), live };
    live.follow(Topic::venue_updates(), None, move |news| match news {
        News::SnapshotNeeded => venues.load(),
        News::Publications { publications, .. } => {
            for publication in publications {
                venues.apply(&publication.change);
            }
        }
        News::Refused { message, .. } => venues.failed.set(Some(message)),
        News::Presence(_) => {}
    });
    let creating = RwSignal::new(false);
    let may_create = move || session.is_signed_in() || session.visitors_may_post();
    let ids = Memo::new(move |_| {
        venues.all.with(|all| all.iter().map(|venue| venue.id.clone()).collect::<Vec<_>>())
    });
    let none = move || venues.loaded.get() && venues.all.with(Vec::is_empty);
    view! {
        <div class="page-head">
            <h1>"Venues"</h1>
            {dynamic(move || if may_create() {
                view! {
                    <button class="btn btn-primary" type="button" on:click=move |_| creating.set(true)>
                        {Icon::Plus.draw()}
                        "New venue"
                    </button>
                }
                .into_any()
            } else if session.is_known() {
                view! { <A href=sign_in::address("/venues") attr:class="btn">"Sign in to add one"</A> }.into_any()
            } else {
                view! { <span class="btn unknown" aria-hidden="true"></span> }.into_any()
            })}
            <p>"How it is there at the moment, as told by those who are."</p>
        </div>
        {when(move || !venues.loaded.get(), move || dynamic(move || match venues.failed.get() {
            Some(message) => view! {
                <div class="notice" role="alert">
                    <h2>"The venues could not be loaded"</h2>
                    <p>{message}</p>
                    <button class="btn" type="button" on:click=move |_| {
                        venues.failed.set(None);
                        live.refresh(Topic::venue_updates());
                    }>"Try again"</button>
                </div>
            }
            .into_any(),
            None => skeleton().into_any(),
        }).into_any())}
        {when(none, move || view! {
            <div class="empty">
                {mark()}
                <h2>"No venues yet"</h2>
                <p>"A bar, a club, a hall, a market: add one, and whoever is there says how it is."</p>
                {when(may_create, move || view! {
                    <button class="btn btn-primary" type="button" on:click=move |_| creating.set(true)>"Add the first one"</button>
                }.into_any())}
            </div>
        }.into_any())}
        <h2 class="visually-hidden" id="venues-title">"All venues"</h2>
        <ul class="cards" aria-labelledby="venues-title">
            <For each=move || ids.get() key=|id| id.clone() let:id>
                {
                    let venue = Memo::new(move |_| venues.find(&id));
                    view! { <li>{card(venue)}</li> }
                }
            </For>
        </ul>
        <NewVenueDialog open=creating />
    }
}

fn skeleton() -> impl IntoView {
    let card = || view! { <li><div class="sk venue-sk"></div></li> };
    view! { <ul class="cards" aria-hidden="true">{card()} {card()} {card()}</ul> }
}

/// One venue among others.
fn card(venue: Memo<Option<Venue>>) -> impl IntoView {
    let part = move |read: fn(&Venue) -> String| {
        Memo::new(move |_| venue.with(|venue| venue.as_ref().map(read).unwrap_or_default()))
    };
    let href = part(|venue| format!("/venues/{}", venue.id));
    let name = part(|venue| venue.name.clone());
    let place = part(|venue| venue.place.clone());
    let now = Memo::new(move |_| {
        venue.with(|venue| venue.as_ref().map(|venue| venue.now.clone()).unwrap_or_default())
    });
    let at = Memo::new(move |_| now.with(|now| now.at.as_ref().map(browser::millis)));
    view! {
        <div class="card venue-card">
            <div class="card-body">
                <h3><A href=move || href.get()>{name}</A></h3>
                <p class="meta" hidden=dynamic(move || place.with(String::is_empty))>{place}</p>
                {dynamic(move || now.with(|now| match now.at {
                    Some(_) => view! {
                        <p class="venue-mood">
                            {now.crowd.map(|crowd| view! { <b class="crowd" data-crowd=crowd.as_str()>{crowd_word(crowd)}</b> })}
                            {rating_words(now).map(|words| view! { <span class="num">{words}</span> })}
                            <span class="num">{words::count(now.checks, "vibe check", "vibe checks")}</span>
                        </p>
                    }
                    .into_any(),
                    None => view! { <p class="venue-mood muted">"Nobody has said how it is yet"</p> }.into_any(),
                }))}
                <p class="meta">
                    {when(move || at.get().is_some(), move || {
                        view! { <TimeAgo at=Signal::derive(move || at.get().unwrap_or_default()) /> }.into_any()
                    })}
                    {when(move || now.with(|now| now.promotions > 0), move || view! {
                        <span class="venue-on">{dynamic(move || words::count(now.with(|now| now.promotions), "promotion on", "promotions on"))}</span>
                    }.into_any())}
                </p>
            </div>
        </div>
    }
}
