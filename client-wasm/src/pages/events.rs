//! All events: live now, coming, over. Follows the topic `events`.

use client_core::event_list::{EventList, List};
use leptos::{prelude::*, task::spawn_local};
use leptos_router::components::A;
use shared::{
    Change, EventId, Topic,
    model::event::{Event, EventStatus},
};

use crate::{
    api, browser,
    components::{
        dynamic::{dynamic, when},
        event_card::EventCard,
        icon::{Icon, mark},
        title::use_title,
    },
    driver::{Live, News, use_live},
    pages::sign_in,
    parts,
    session::{Own, use_session},
    words,
};

/// In which order, under which name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    Live,
    Coming,
    Over,
}

impl Group {
    const ALL: [Self; 3] = [Self::Live, Self::Coming, Self::Over];

    const fn of(status: EventStatus) -> Self {
        match status {
            EventStatus::Live => Self::Live,
            EventStatus::Scheduled => Self::Coming,
            EventStatus::Completed | EventStatus::Cancelled => Self::Over,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Coming => "coming",
            Self::Over => "over",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Live => "Live now",
            Self::Coming => "Coming up",
            Self::Over => "Over",
        }
    }
}

/// What the page knows.
#[derive(Clone, Copy)]
struct State {
    events: RwSignal<EventList>,
    loaded: RwSignal<bool>,
    failed: RwSignal<Option<String>>,
    live: Live,
}

impl State {
    fn load(self) {
        self.events.update_untracked(EventList::begin_load);
        spawn_local(async move {
            let topic = Topic::events();
            let mut events = Vec::new();
            let mut after = None;
            let mut first = None;
            // As many pages as there are; the first one's cursor is the earliest.
            loop {
                match api::list_events(after).await {
                    Ok(page) => {
                        first.get_or_insert(page.cursor.0);
                        events.extend(page.items);
                        after = page.next;
                        if after.is_none() {
                            break;
                        }
                    }
                    Err(error) => {
                        self.events.try_update_untracked(EventList::load_failed);
                        if self.failed.try_set(Some(error.message)).is_none() {
                            self.live.snapshot_failed(topic);
                        }
                        return;
                    }
                }
            }
            // The page may have been left meanwhile.
            if self.events.try_update(|list| list.load(events)).is_some()
                && let Some(position) = first
            {
                self.failed.set(None);
                self.loaded.set(true);
                self.live.snapshot_applied(topic, position);
            }
        });
    }

    fn apply(self, list: List, change: Change) {
        self.events.update(|events| events.apply(list, change));
    }

    /// The events of a group: what is live by when it began, latest first; what comes, soonest first; what
    /// is over, latest first.
    fn group(self, group: Group) -> Vec<EventId> {
        self.events.with(|events| {
            let mut chosen: Vec<&Event> =
                events.iter().filter(|event| Group::of(event.status) == group).collect();
            let when = |event: &Event| event.starts_at.clone().unwrap_or_else(|| event.created_at.clone());
            chosen.sort_by(|a, b| match group {
                Group::Coming => when(a).cmp(&when(b)),
                Group::Live | Group::Over => when(b).cmp(&when(a)),
            });
            chosen.into_iter().map(|event| event.id.clone()).collect()
        })
    }
}

/// The page; anew when somebody else is signed in.
#[component]
pub(crate) fn EventsPage() -> impl IntoView {
    let session = use_session();
    dynamic(move || {
        session.turns.track();
        view! { <Events /> }.into_any()
    })
}

#[component]
fn Events() -> impl IntoView {
    let session = use_session();
    use_title().name("");
    use_title().unread(0);
    let live = use_live();
    let state = State {
        events: RwSignal::default(),
        loaded: RwSignal::new(false),
        failed: RwSignal::new(None),
        live,
    };
    live.follow(Topic::events(), None, move |update| match update {
        News::SnapshotNeeded => state.load(),
        News::Publications { publications, .. } => {
            for publication in publications {
                state.apply(List::Public, publication.change);
            }
        }
        News::Presence(_) => {}
        News::Refused { message, .. } => state.failed.set(Some(message)),
    });
    // Events that are on their members' lists alone.
    session.hear(move |own| match own {
        Own::Refresh => live.refresh(Topic::events()),
        Own::Publications(publications) => {
            for publication in publications {
                state.apply(List::Own, publication.change.clone());
            }
        }
    });
    browser::scroll_to(0.0, false);

    let creating = RwSignal::new(false);
    let none = move || state.loaded.get() && state.events.with(EventList::is_empty);
    view! {
        <div class="page-head">
            <h1>"Events"</h1>
            {dynamic(move || if session.is_signed_in() || session.visitors_may_post() {
                view! {
                    <button class="btn btn-primary" type="button" on:click=move |_| creating.set(true)>
                        {Icon::Plus.draw()}
                        "New event"
                    </button>
                }
                .into_any()
            } else if session.is_known() {
                view! { <A href=sign_in::address("/") attr:class="btn">"Sign in to start one"</A> }.into_any()
            } else {
                view! { <span class="btn unknown" aria-hidden="true"></span> }.into_any()
            })}
            <p>"Follow along as it happens, or start a timeline of your own."</p>
        </div>
        {when(move || !state.loaded.get(), move || dynamic(move || match state.failed.get() {
                Some(message) => view! {
                    <div class="notice" role="alert">
                        <h2>"The events could not be loaded"</h2>
                        <p>{message}</p>
                        <button class="btn" type="button" on:click=move |_| {
                            state.failed.set(None);
                            live.refresh(Topic::events());
                        }>"Try again"</button>
                    </div>
                }
                .into_any(),
                None => skeleton().into_any(),
            }).into_any())}
        {when(none, move || view! {
            <div class="empty">
                {mark()}
                <h2>"Nothing is on yet"</h2>
                <p>"A match, a wedding, a launch, a night out: make an event, share its address, and whoever opens it sees what you post as you post it."</p>
                {when(
                    move || session.is_signed_in() || session.visitors_may_post(),
                    move || view! {
                        <button class="btn btn-primary" type="button" on:click=move |_| creating.set(true)>"Start the first one"</button>
                    }.into_any(),
                )}
            </div>
        }.into_any())}
        {Group::ALL.into_iter().map(|group| group_view(state, group)).collect_view()}
        {when(
            move || creating.get(),
            move || parts::later(parts::new_event, || ().into_any(), move |draw| draw(creating)),
        )}
    }
}

fn group_view(state: State, group: Group) -> impl IntoView {
    let ids = Memo::new(move |_| state.group(group));
    let count = Memo::new(move |_| ids.with(Vec::len));
    let shown = Memo::new(move |_| count.get() > 0);
    when(
        move || shown.get(),
        move || {
            view! {
            <section class="group" data-group=group.name() aria-labelledby=format!("group-{}", group.name())>
                <h2 class="group-title" id=format!("group-{}", group.name())>
                    {group.title()}
                    <span class="num" aria-label=dynamic(move || words::count(count.get() as u64, "event", "events"))>{count}</span>
                </h2>
                <ul class="cards">
                    <For each=move || ids.get() key=|id| id.clone() let:id>
                        {
                            let event = Memo::new(move |_| state.events.with(|events| events.get(&id).cloned()));
                            view! { <li><EventCard event=event /></li> }
                        }
                    </For>
                </ul>
            </section>
    }.into_any()
        },
    )
}

fn skeleton() -> impl IntoView {
    let card = || view! { <li><div class="sk card-sk"></div></li> };
    view! { <ul class="cards" aria-hidden="true">{card()} {card()} {card()}</ul> }
}
