//! What has been recorded here and is not on the server yet: sent one after another, in the order in which it was
//! recorded, each with the id that it was given when it happened, however often that takes. What the server refuses
//! waits alone for a decision and lets the next go.
//!
//! It lives as long as the page, whichever address that shows. The only type that sends: an outbox that survives the
//! page takes its place by having the same five functions. Draws nothing.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    time::Duration,
};

use leptos::{prelude::*, task::spawn_local};
use shared::{
    ErrorCode, MatchEventId, MatchId,
    model::match_::{Entry, MatchEvent},
};

use crate::{
    api::matches as api,
    browser::{self, Listener, Timer},
};

/// Before the second try, and at most before any.
const RETRY_FIRST: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(8);

/// An entry on its way.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Draft {
    pub(super) entry: Entry,
    pub(super) standing: Standing,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Standing {
    Waiting,
    /// The server will not have it, for this reason.
    Refused(String),
    Stored(Box<MatchEvent>),
}

struct Sending {
    of: MatchId,
    drafts: ArcRwSignal<Vec<Draft>>,
    /// The one that the server has been asked to take, and has not answered.
    under_way: RefCell<Option<MatchEventId>>,
    tries: Cell<u32>,
    retry: RefCell<Option<Timer>>,
    /// Nobody leaves the page unasked while something waits.
    _leaving: Listener,
    _online: Listener,
}

thread_local! {
    static QUEUES: RefCell<BTreeMap<MatchId, Rc<Sending>>> = RefCell::default();
}

/// The queue of one match.
#[derive(Clone, Copy)]
pub(super) struct Queue {
    sending: StoredValue<Rc<Sending>, LocalStorage>,
    pub(super) drafts: RwSignal<Vec<Draft>>,
}

impl Queue {
    /// The one queue of this match.
    pub(super) fn of(id: &MatchId) -> Self {
        let sending = QUEUES.with_borrow_mut(|queues| {
            Rc::clone(queues.entry(id.clone()).or_insert_with(|| Sending::start(id.clone())))
        });
        Self { drafts: RwSignal::from(sending.drafts.clone()), sending: StoredValue::new_local(sending) }
    }

    /// Puts an entry at the end.
    pub(super) fn push(self, entry: Entry) {
        let sending = self.sending.get_value();
        sending.drafts.update(|drafts| drafts.push(Draft { entry, standing: Standing::Waiting }));
        sending.pump();
    }

    /// Takes an entry back, if it has not gone out.
    pub(super) fn take_back(self, id: &MatchEventId) -> bool {
        let sending = self.sending.get_value();
        let is_under_way = sending.under_way.borrow().as_ref() == Some(id);
        if is_under_way || sending.standing(id).is_none_or(|standing| matches!(standing, Standing::Stored(_)))
        {
            return false;
        }
        // Tried before without an answer: the server may have it.
        if sending.tries.get() > 0 && sending.first_waiting().as_ref() == Some(id) {
            return false;
        }
        sending.drafts.update(|drafts| drafts.retain(|draft| draft.entry.id != *id));
        true
    }

    /// Gives up what was refused.
    pub(super) fn discard(self, id: &MatchEventId) {
        self.drafts.update(|drafts| drafts.retain(|draft| draft.entry.id != *id));
    }

    /// What the server has stored since this was last asked.
    pub(super) fn take_stored(self) -> Vec<MatchEvent> {
        let is_stored = |draft: &Draft| matches!(draft.standing, Standing::Stored(_));
        if !self.drafts.with(|drafts| drafts.iter().any(is_stored)) {
            return Vec::new();
        }
        let mut stored = Vec::new();
        self.drafts.update(|drafts| {
            for draft in std::mem::take(drafts) {
                match draft.standing {
                    Standing::Stored(event) => stored.push(*event),
                    _ => drafts.push(draft),
                }
            }
        });
        stored
    }

    /// The connection is back: what waits is tried at once.
    pub(super) fn now(self) {
        self.sending.get_value().now();
    }
}

impl Sending {
    fn start(of: MatchId) -> Rc<Self> {
        Rc::new_cyclic(|me: &std::rc::Weak<Self>| {
            let drafts = ArcRwSignal::new(Vec::<Draft>::new());
            let waiting = drafts.clone();
            let leaving = browser::listen(&browser::window(), "beforeunload", move |event| {
                if waiting
                    .with_untracked(|drafts| drafts.iter().any(|draft| draft.standing == Standing::Waiting))
                {
                    event.prevent_default();
                }
            });
            let me = me.clone();
            let online = browser::listen(&browser::window(), "online", move |_| {
                if let Some(me) = me.upgrade() {
                    me.now();
                }
            });
            Self {
                of,
                drafts,
                under_way: RefCell::default(),
                tries: Cell::new(0),
                retry: RefCell::default(),
                _leaving: leaving,
                _online: online,
            }
        })
    }

    fn standing(&self, id: &MatchEventId) -> Option<Standing> {
        self.drafts.with_untracked(|drafts| {
            drafts.iter().find(|draft| draft.entry.id == *id).map(|draft| draft.standing.clone())
        })
    }

    fn first_waiting(&self) -> Option<MatchEventId> {
        self.drafts.with_untracked(|drafts| {
            let first = drafts.iter().find(|draft| draft.standing == Standing::Waiting);
            first.map(|draft| draft.entry.id.clone())
        })
    }

    fn settle(&self, id: &MatchEventId, standing: Standing) {
        self.drafts.update(|drafts| {
            if let Some(draft) = drafts.iter_mut().find(|draft| draft.entry.id == *id) {
                draft.standing = standing;
            }
        });
    }

    fn now(self: &Rc<Self>) {
        let spent = self.retry.take();
        self.pump();
        drop(spent);
    }

    /// Sends the first that waits, unless one is under way or its time has not come.
    fn pump(self: &Rc<Self>) {
        if self.under_way.borrow().is_some() || self.retry.borrow().is_some() {
            return;
        }
        let next = self.first_waiting().and_then(|id| {
            self.drafts.with_untracked(|drafts| {
                drafts.iter().find(|draft| draft.entry.id == id).map(|draft| draft.entry.clone())
            })
        });
        let Some(entry) = next else { return };
        self.under_way.replace(Some(entry.id.clone()));
        let me = Rc::clone(self);
        spawn_local(async move {
            let answer = api::record(&me.of, &entry).await;
            me.under_way.replace(None);
            match answer {
                Ok(event) => {
                    me.tries.set(0);
                    me.settle(&entry.id, Standing::Stored(Box::new(event)));
                }
                Err(error) if error.code.is_none_or(ErrorCode::is_temporary) => return me.later(),
                Err(error) => {
                    me.tries.set(0);
                    me.settle(&entry.id, Standing::Refused(error.message));
                }
            }
            me.pump();
        });
    }

    fn later(self: &Rc<Self>) {
        let tries = self.tries.get();
        self.tries.set(tries + 1);
        let delay = RETRY_FIRST.saturating_mul(1 << tries.min(8)).min(RETRY_MAX);
        let me = Rc::downgrade(self);
        let timer = Timer::after(delay, move || {
            if let Some(me) = me.upgrade() {
                me.now();
            }
        });
        self.retry.replace(timer);
    }
}
