//! Who else is on the page of an event, and who is typing there (P4): what is heard of it, kept until the part of the
//! program is there that shows it, which is fetched once there is somebody to show. Understands no more of a frame
//! than that; the rest is `shown`'s and `client_core::people`'s. Called by the event's page.

use client_core::people::People;
use leptos::{prelude::*, task::spawn_local};
use shared::ServerFrame;

use crate::{components::dynamic::dynamic, driver::Live, parts, session::Session};

pub(crate) mod shown;

/// So many frames are kept at most for a part that does not arrive. The state that a connection begins with
/// replaces them all.
const WAITING: usize = 256;

/// The presence on one page.
#[derive(Clone, Copy)]
pub(crate) struct Presence {
    /// What was heard and is not shown yet.
    waiting: StoredValue<Vec<ServerFrame>>,
    shown: RwSignal<Option<Shown>>,
    fetching: StoredValue<bool>,
    /// Of the page.
    owner: StoredValue<Owner>,
    live: Live,
    session: Session,
}

/// What the part brings.
#[derive(Clone, Copy)]
pub(crate) struct Shown {
    people: RwSignal<People>,
    session: Session,
    hear: fn(Self, &ServerFrame),
    faces: fn(Self) -> AnyView,
    typing: fn(Self) -> AnyView,
}

impl Presence {
    /// Nobody yet, for as long as the caller's own signals last.
    pub(crate) fn new(live: Live, session: Session) -> Self {
        Self {
            waiting: StoredValue::default(),
            shown: RwSignal::new(None),
            fetching: StoredValue::new(false),
            owner: StoredValue::new(Owner::current().unwrap_or_default()),
            live,
            session,
        }
    }

    /// A frame about the page's topic.
    pub(crate) fn hear(self, frame: ServerFrame) {
        if let Some(shown) = self.shown.get_untracked() {
            return (shown.hear)(shown, &frame);
        }
        let is_needed = self.names_another(&frame);
        self.waiting.update_value(|waiting| {
            if matches!(frame, ServerFrame::PresenceState(..)) {
                waiting.clear();
            }
            if waiting.len() < WAITING {
                waiting.push(frame);
            }
        });
        if is_needed && !self.fetching.get_value() {
            self.fetch();
        }
    }

    fn names_another(self, frame: &ServerFrame) -> bool {
        let own = self.session.account.with_untracked(|own| own.as_ref().map(|own| own.person.id.clone()));
        match frame {
            ServerFrame::PresenceState(_, state) => {
                state.people.iter().any(|person| Some(&person.id) != own.as_ref())
            }
            ServerFrame::PresenceJoin(_, there) | ServerFrame::TypingStart(_, there) => {
                Some(&there.person.id) != own.as_ref()
            }
            _ => false,
        }
    }

    fn fetch(self) {
        self.fetching.set_value(true);
        spawn_local(async move {
            let fetched = parts::presence().await;
            // The page may have been left meanwhile.
            let Some(owner) = self.owner.try_get_value() else { return };
            self.fetching.set_value(false);
            // Without it nobody is shown; who comes next has it asked for again.
            let Ok(begin) = fetched else { return };
            let shown = owner.with(|| begin(self.live, self.session));
            for frame in self.waiting.try_update_value(std::mem::take).unwrap_or_default() {
                (shown.hear)(shown, &frame);
            }
            self.shown.set(Some(shown));
        });
    }

    /// The others' initials.
    pub(crate) fn faces(self) -> impl IntoView {
        dynamic(move || self.shown.get().map_or_else(|| ().into_any(), |shown| (shown.faces)(shown)))
    }

    /// Who is typing.
    pub(crate) fn typing(self) -> impl IntoView {
        dynamic(move || self.shown.get().map_or_else(|| ().into_any(), |shown| (shown.typing)(shown)))
    }
}
