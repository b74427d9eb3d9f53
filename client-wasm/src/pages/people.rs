//! The people of an event: who sees it, who is a member and as what, and the links that invite. Follows the
//! topic `event:{id}`, as the timeline does: what others change shows here at once.

use futures_util::future::join3;
use leptos::{prelude::*, task::spawn_local};
use leptos_router::{components::A, hooks::use_params_map};
use shared::{
    Change, EventId, Timestamp, Topic,
    model::{
        event::Event,
        member::{Access, Member},
    },
};

mod invitations;
mod members;
mod online;
mod visibility;

use invitations::Invitations;
use members::Members;
use online::Online;
use visibility::WhoSees;

use crate::{
    api::{self, people},
    browser,
    components::{
        dynamic::{dynamic, when},
        icon::Icon,
        title::use_title,
    },
    driver::{Live, News, use_live},
    pages::{
        event::gone::{Gone, GoneNotice},
        not_found::NotFoundPage,
    },
    session::use_session,
};

/// Where the page stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    Loading,
    Ready,
    Gone(Gone),
    Failed(String),
}

/// What the page knows.
#[derive(Clone, Copy)]
struct Known {
    id: StoredValue<EventId>,
    live: Live,
    phase: RwSignal<Phase>,
    event: RwSignal<Option<Event>>,
    access: RwSignal<Option<Access>>,
    /// `None`: who asks may not know.
    members: RwSignal<Option<Vec<Member>>>,
    online: Online,
    /// When it was changed from here, until that is published: what was published or read before is older.
    changed: StoredValue<Option<Timestamp>>,
    /// Why what is shown could not be read anew, until it is.
    stale: RwSignal<Option<String>>,
    /// Counts what was asked for: the answer to an overtaken request is thrown away.
    round: StoredValue<u32>,
    /// The client waits for a snapshot, whichever request brings it.
    owed: StoredValue<bool>,
}

impl Known {
    fn new(id: EventId, live: Live) -> Self {
        Self {
            id: StoredValue::new(id),
            live,
            phase: RwSignal::new(Phase::Loading),
            event: RwSignal::new(None),
            access: RwSignal::new(None),
            members: RwSignal::new(None),
            online: Online::follow(live),
            changed: StoredValue::new(None),
            stale: RwSignal::new(None),
            round: StoredValue::new(0),
            owed: StoredValue::new(false),
        }
    }

    fn may_manage(self) -> bool {
        self.access.with(|access| access.is_some_and(|access| access.may_manage))
    }

    fn topic(self) -> Topic {
        self.id.with_value(Topic::event)
    }

    /// Reads everything anew; `snapshot` if the client waits for it.
    fn load(self, snapshot: bool) {
        self.round.update_value(|round| *round += 1);
        let round = self.round.get_value();
        self.owed.update_value(|owed| *owed |= snapshot);
        spawn_local(async move {
            let id = self.id.get_value();
            let (event, access, members) =
                join3(api::event(&id), people::access(&id), people::members(&id)).await;
            if self.round.try_get_value() != Some(round) {
                return;
            }
            let snapshot = self.owed.get_value();
            self.owed.set_value(false);
            let members = match members {
                Err(error) if error.is_closed() => Ok(None),
                members => members.map(Some),
            };
            match (event, access, members) {
                (Ok(event), Ok(access), Ok(members)) => {
                    // The newest word on the event itself comes with its publications.
                    let position = event.cursor.0;
                    self.learn(event.item);
                    self.access.set(Some(access));
                    self.members.set(members);
                    self.stale.set(None);
                    self.phase.set(Phase::Ready);
                    if snapshot {
                        self.live.snapshot_applied(self.topic(), position);
                    }
                }
                (Err(error), ..) | (_, Err(error), _) if error.is_closed() => self.close(),
                (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) => {
                    if self.phase.get_untracked() == Phase::Ready {
                        self.stale.set(Some(error.message));
                    } else {
                        self.phase.set(Phase::Failed(error.message));
                    }
                    if snapshot {
                        self.live.snapshot_failed(self.topic());
                    } else {
                        // Asked for again until it is answered, with pauses.
                        self.live.refresh(self.topic());
                    }
                }
            }
        });
    }

    /// Shows the event, unless it has been changed from here since.
    fn learn(self, event: Event) {
        let is_older =
            self.changed.with_value(|changed| changed.as_ref().is_some_and(|at| event.updated_at < *at));
        if !is_older {
            self.event.set(Some(event));
        }
    }

    fn published(self, event: Event) {
        self.changed.update_value(|changed| {
            changed.take_if(|at| event.updated_at >= *at);
        });
        self.learn(event);
    }

    /// The server's answer to a change that was made here; the page may have been left meanwhile.
    fn has_changed(self, event: Event) {
        let is_known =
            |known: &Option<Event>| known.as_ref().is_some_and(|known| known.updated_at >= event.updated_at);
        if self.event.try_with_untracked(is_known) == Some(false) {
            self.changed.set_value(Some(event.updated_at.clone()));
            self.event.set(Some(event));
        }
    }

    fn close(self) {
        let why = match self.phase.get_untracked() {
            Phase::Ready => Gone::Closed,
            Phase::Gone(why) => why,
            Phase::Loading | Phase::Failed(_) => Gone::Missing,
        };
        self.phase.set(Phase::Gone(why));
    }

    fn apply(self, change: Change) {
        match change {
            Change::EventUpdate(event) => self.published(*event),
            Change::EventDelete(_) => self.phase.set(Phase::Gone(Gone::Deleted)),
            Change::EventAccess(_) => self.load(false),
            _ => {}
        }
    }
}

/// The page, for whichever event the address names.
#[component]
pub(crate) fn PeoplePage() -> impl IntoView {
    let params = use_params_map();
    let session = use_session();
    let id = Memo::new(move |_| {
        params.with(|params| params.get("id")).and_then(|text| text.parse::<EventId>().ok())
    });
    dynamic(move || {
        session.turns.track();
        match id.get() {
            Some(id) => view! { <People id=id /> }.into_any(),
            None => view! { <NotFoundPage /> }.into_any(),
        }
    })
}

#[component]
fn People(id: EventId) -> impl IntoView {
    let live = use_live();
    let known = Known::new(id, live);
    use_title().name("People");
    use_title().unread(0);
    browser::scroll_to(0.0, false);
    live.follow(known.topic(), None, move |news| match news {
        News::SnapshotNeeded => known.load(true),
        News::Publications { publications, .. } => {
            for publication in publications {
                known.apply(publication.change);
            }
        }
        News::Presence(_) => {}
        News::Refused { code, .. } if api::is_closed(code) => known.close(),
        News::Refused { message, .. } => known.phase.set(Phase::Failed(message)),
    });
    let here = move || known.id.with_value(|id| format!("/events/{id}"));
    // What is read anew is shown in place: nothing is drawn again while the page stays what it is.
    let phase = Memo::new(move |_| known.phase.get());
    dynamic(move || {
        match phase.get() {
        Phase::Loading => view! { <div class="narrow wide" aria-hidden="true"><div class="sk sk-title"></div><div class="sk sk-block"></div></div> }.into_any(),
        Phase::Gone(why) => view! { <GoneNotice why=why here=format!("{}/people", here()) /> }.into_any(),
        Phase::Failed(message) => view! {
            <div class="notice" role="alert">
                <h1>"The people could not be loaded"</h1>
                <p>{message}</p>
                <button class="btn" type="button" on:click=move |_| known.live.refresh(known.topic())>"Try again"</button>
            </div>
        }
        .into_any(),
        Phase::Ready => view! {
            <div class="narrow wide">
                <div>
                    <A href=here() attr:class="back">{Icon::ArrowLeft.draw()} {move || known.event.with(|e| e.as_ref().map(|e| e.title.clone()))}</A>
                    <h1>"People"</h1>
                </div>
                <WhoSees known=known />
                <Members known=known />
                {when(move || known.may_manage(), move || view! { <Invitations known=known /> }.into_any())}
            </div>
        }
        .into_any(),
    }
    })
}
