//! One match, live: its sheet and its log, read from the server and followed without holes, counted here by the
//! reducer that the server counts by. With what this browser has recorded and the server does not have yet.
//! Draws nothing. Called by the pages that watch and record.

use std::time::Duration;

use client_core::clocks::ServerClock;
use futures_util::future::join;
use leptos::{prelude::*, task::spawn_local};
use shared::{
    Change, MatchId, ServerFrame, Topic,
    model::match_::{Entry, Match, MatchChange, MatchEvent},
};

use super::counted::Counted;
use crate::{
    api::{self, matches, people},
    browser::{self, Timer},
    driver::{Live, News, use_live},
    pages::event::{gone::Gone, load::earlier, rights::Rights},
    session::use_session,
    storage,
};

/// What the page knows of its match.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Known {
    Nothing,
    Match(Box<Match>),
    Gone(Gone),
}

/// One match.
#[derive(Clone, Copy)]
pub(super) struct MatchLog {
    id: StoredValue<MatchId>,
    live: Live,
    pub(super) rights: Rights,
    pub(super) known: RwSignal<Known>,
    /// In the order in which they came.
    stored: RwSignal<Vec<MatchEvent>>,
    /// Recorded here, and not stored.
    pub(super) pending: RwSignal<Vec<Entry>>,
    /// What is shown; held back by the delay.
    pub(super) counted: Memo<Counted>,
    /// Read at least once.
    pub(super) ready: RwSignal<bool>,
    pub(super) failed: RwSignal<Option<String>>,
    pub(super) watchers: RwSignal<Option<u64>>,
    clock: StoredValue<ServerClock>,
    /// Counts how often the server has said what time it is.
    pub(super) clock_set: RwSignal<u32>,
    /// The clocks of this machine have jumped: the server is to be asked what time it is.
    clock_in_doubt: RwSignal<bool>,
    /// How long everything is held back, in seconds.
    pub(super) delay_s: RwSignal<u32>,
}

impl MatchLog {
    /// Reads the match and follows it for as long as the current owner lives. `delayed`: by as much as the reader
    /// asked for.
    pub(super) fn follow(id: &MatchId, delayed: bool) -> Self {
        let live = use_live();
        let known = RwSignal::new(Known::Nothing);
        let stored = RwSignal::new(Vec::<MatchEvent>::new());
        let pending = RwSignal::new(Vec::<Entry>::new());
        let delay_s = RwSignal::new(if delayed { storage::spoiler_delay_s() } else { 0 });
        // Up to when what was stored is shown, in milliseconds since 1970; without a delay, all of it.
        let horizon = RwSignal::new(None::<i64>);
        let counted = Memo::new(move |_| {
            let horizon = horizon.get();
            known.with(|known| {
                let Known::Match(of) = known else { return Counted::default() };
                stored.with(|stored| match horizon {
                    None => pending.with(|pending| Counted::of(&of.sheet, stored, pending)),
                    Some(horizon) => {
                        let due: Vec<MatchEvent> = stored
                            .iter()
                            .filter(|event| event.created_at.unix_ms() <= horizon)
                            .cloned()
                            .collect();
                        Counted::of(&of.sheet, &due, &[])
                    }
                })
            })
        });
        let log = Self {
            id: StoredValue::new(id.clone()),
            live,
            rights: Rights::new(use_session()),
            known,
            stored,
            pending,
            counted,
            ready: RwSignal::new(false),
            failed: RwSignal::new(None),
            watchers: RwSignal::new(None),
            clock: StoredValue::new(ServerClock::default()),
            clock_set: RwSignal::new(0),
            clock_in_doubt: RwSignal::new(false),
            delay_s,
        };
        log.hold_back(horizon);
        log.keep_time();
        live.follow(Topic::of_match(id), None, move |news| match news {
            News::SnapshotNeeded => log.snapshot(),
            News::Publications { publications, .. } => {
                for publication in &publications {
                    log.apply(&publication.change);
                }
            }
            News::Presence(frame) => {
                if let ServerFrame::PresenceCount(_, count) = *frame {
                    log.watchers.set(Some(count.watchers));
                }
            }
            News::Refused { code, .. } if api::is_closed(code) => log.close(),
            News::Refused { message, .. } => log.failed.set(Some(message)),
        });
        log
    }

    /// Keeps `horizon` where the delay puts it: looks when something comes, and when the next of it is due.
    fn hold_back(self, horizon: RwSignal<Option<i64>>) {
        let timer = StoredValue::new_local(None::<Timer>);
        let due = RwSignal::new(0_u32);
        Effect::new(move || {
            due.track();
            self.clock_set.track();
            if self.delay_s.get() == 0 {
                horizon.set(None);
                timer.set_value(None);
                return;
            }
            let now = self.now_ms() as i64;
            horizon.set(Some(now));
            let next = self.stored.with(|stored| {
                stored.iter().map(|event| event.created_at.unix_ms()).filter(|at| *at > now).min()
            });
            let wait = |at: i64| Duration::from_millis((at - now) as u64);
            timer.set_value(
                next.and_then(|at| {
                    Timer::after(wait(at), move || due.update(|due| *due = due.wrapping_add(1)))
                }),
            );
        });
        on_cleanup(move || timer.dispose());
    }

    /// Asks the server for its time when the clocks here have jumped, as soon as it can be reached.
    fn keep_time(self) {
        Effect::new(move || {
            if !self.clock_in_doubt.get() || !self.live.shown.get().is_up() {
                return;
            }
            let id = self.id();
            spawn_local(async move {
                if let Ok((_, Some(ahead_ms))) = matches::one(&id).await
                    && !self.known.is_disposed()
                {
                    self.set_clock(ahead_ms);
                }
            });
        });
    }

    fn set_clock(self, ahead_ms: f64) {
        let (now, wall_ms) = (browser::now(), browser::wall_ms() as i64);
        self.clock.update_value(|clock| clock.set(now, wall_ms, ahead_ms as i64));
        self.clock_in_doubt.set(false);
        self.clock_set.update(|set| *set = set.wrapping_add(1));
    }

    /// The moment that is shown: now by the server's clock, less the delay. In milliseconds since 1970.
    pub(super) fn now_ms(self) -> f64 {
        self.server_ms() - f64::from(self.delay_s.get_untracked()) * 1000.0
    }

    /// Now, by the server's clock.
    pub(super) fn server_ms(self) -> f64 {
        let (now, wall_ms) = (browser::now(), browser::wall_ms() as i64);
        let read = |clock: &mut ServerClock| (clock.now_ms(now, wall_ms), clock.is_in_doubt());
        let (server_ms, in_doubt) = self.clock.try_update_value(read).unwrap_or((wall_ms, false));
        if in_doubt && !self.clock_in_doubt.get_untracked() {
            self.clock_in_doubt.set(true);
        }
        server_ms as f64
    }

    pub(super) fn id(self) -> MatchId {
        self.id.get_value()
    }

    /// Calls with the match, once there is one.
    pub(super) fn with<T: Default>(self, read: impl FnOnce(&Match) -> T) -> T {
        self.known.with(|known| match known {
            Known::Match(of) => read(of),
            _ => T::default(),
        })
    }

    /// Puts in what the server has stored.
    pub(super) fn insert(self, event: MatchEvent) {
        let is_new = self
            .stored
            .try_with_untracked(|stored| stored.iter().all(|known| known.entry.id != event.entry.id));
        if is_new == Some(true) {
            self.stored.update(|stored| stored.push(event));
        }
    }

    /// Somebody pressed "Try again".
    pub(super) fn again(self) {
        self.failed.set(None);
        self.live.refresh(Topic::of_match(&self.id()));
    }

    fn snapshot(self) {
        let id = self.id();
        let topic = Topic::of_match(&id);
        spawn_local(async move {
            let (of, page) = join(matches::one(&id), matches::entries(&id)).await;
            // The page may have been left.
            if self.known.is_disposed() {
                return;
            }
            match (of, page) {
                (Ok((of, ahead)), Ok(page)) => {
                    let position = earlier(of.cursor.0, page.cursor.0);
                    if let Some(ahead_ms) = ahead {
                        self.set_clock(ahead_ms);
                    }
                    self.failed.set(None);
                    self.known.set(Known::Match(Box::new(of.item)));
                    self.stored.set(page.items);
                    self.ready.set(true);
                    self.ask_access();
                    self.live.snapshot_applied(topic, position);
                }
                (Err(error), _) | (_, Err(error)) if error.is_closed() => self.close(),
                (Err(error), _) | (_, Err(error)) => {
                    if !self.ready.get_untracked() {
                        self.failed.set(Some(error.message));
                    }
                    self.live.snapshot_failed(topic);
                }
            }
        });
    }

    fn apply(self, change: &Change) {
        if matches!(change, Change::EventAccess(_)) {
            return self.ask_access();
        }
        match change.read() {
            Some(MatchChange::Event(event)) => self.insert(*event),
            Some(MatchChange::Update(of)) => self.known.set(Known::Match(of)),
            Some(MatchChange::Delete(_)) => self.known.set(Known::Gone(Gone::Deleted)),
            // Where it stands is counted here.
            _ => {}
        }
    }

    fn close(self) {
        let why = match self.known.get_untracked() {
            Known::Nothing => Gone::Missing,
            Known::Match(_) => Gone::Closed,
            Known::Gone(why) => why,
        };
        self.known.set(Known::Gone(why));
    }

    /// What the reader may do is what they may do with the event.
    fn ask_access(self) {
        let Known::Match(of) = self.known.get_untracked() else { return };
        spawn_local(async move {
            match people::access(&of.event_id).await {
                Ok(access) => {
                    self.rights.access.try_set(Some(access));
                }
                Err(error) if error.is_closed() && !self.known.is_disposed() => self.close(),
                // It is asked for again with the next snapshot; until then the server says no.
                Err(_) => {}
            }
        });
    }
}
