//! Who reads a topic, who is there by reading it, and what they are told of that.
//!
//! Readers come and go, people are counted and named; what is published is the parent's business. Called by `hub`.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use shared::{
    AccountId, Offset, ServerFrame, WatcherId, frame::PresenceCount, model::control::SubscriptionInfo,
};

use super::{Alarm, Alarms, State, TopicHub};
use crate::{
    hub::{
        people::{Going, Told, Who},
        signal::Signal,
    },
    time::Millis,
};

/// How often the count of watchers is told, in milliseconds.
const COUNT_INTERVAL_MS: u64 = 1000;

#[derive(Debug)]
pub(super) struct Reader {
    signal: Arc<Signal>,
    slot: usize,
    watcher: Option<WatcherId>,
    /// Who is present by it.
    account: Option<AccountId>,
    /// It is told who is there.
    wants_people: bool,
    position: Arc<ReaderPosition>,
}

/// Who begins to read a topic, and what of it.
#[derive(Debug)]
pub struct Reading<'a> {
    pub signal: &'a Arc<Signal>,
    pub slot: usize,
    pub watcher: Option<&'a WatcherId>,
    /// Who is present by it.
    pub who: Option<Who>,
    /// It wants to be told who is there.
    pub people: bool,
    pub position: Offset,
}

/// How a reader goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    /// It said so, or may not stay.
    ForGood,
    /// Its connection is gone, which may be a reload.
    Dropped,
    /// A poller is between two polls, and expected back within so many milliseconds.
    Lingering(u64),
}

impl Leaving {
    fn going(self, now: Millis, grace_ms: u64) -> Going {
        match self {
            Self::ForGood => Going::ForGood,
            Self::Dropped => Going::Until(now.plus(grace_ms)),
            Self::Lingering(ms) => Going::Until(now.plus(ms.max(grace_ms))),
        }
    }
}

/// Where a reader stands, for who wants to know how far behind it is.
#[derive(Debug)]
pub struct ReaderPosition(AtomicU64);

impl ReaderPosition {
    pub fn get(&self) -> Offset {
        Offset(self.0.load(Ordering::Relaxed))
    }

    pub fn set(&self, offset: Offset) {
        self.0.store(offset.0, Ordering::Relaxed);
    }
}

/// A reader that has been added to a topic.
#[derive(Debug)]
pub struct Joined {
    /// Takes it out again.
    pub key: usize,
    /// To be kept up to date by the reader.
    pub position: Arc<ReaderPosition>,
}

/// The readers' signals, with their slots.
pub(super) type Listeners = Arc<[(Arc<Signal>, usize)]>;

/// The latest count of watchers, as a frame; only the latest matters.
#[derive(Debug, Default)]
pub(super) struct Count {
    told: Option<PresenceCount>,
    frame: Option<Arc<str>>,
    version: u64,
    /// A count was told less than a moment ago; the next waits.
    pub(super) open: bool,
}

impl TopicHub {
    /// Adds a reader. The signal is marked at once, so that it looks.
    pub(in crate::hub) fn join(&self, now: Millis, reading: Reading<'_>) -> (Joined, Alarms) {
        let Reading { signal, slot, watcher, who, people, position } = reading;
        let mut state = self.state.lock();
        let position = Arc::new(ReaderPosition(AtomicU64::new(position.0)));
        let key = state.readers.insert(Reader {
            signal: signal.clone(),
            slot,
            watcher: watcher.cloned(),
            account: who.as_ref().map(|who| who.person.id.clone()),
            wants_people: people,
            position: position.clone(),
        });
        state.listeners = None;
        state.watchers.enter(watcher);
        if people {
            state.people.read();
        }
        if let Some(who) = &who {
            state.people.enter(now, who);
        }
        signal.mark(slot);
        (Joined { key, position }, state.settle(now, self))
    }

    /// A reader wants to be told who is there, or does not any more.
    pub(in crate::hub) fn want_people(&self, key: usize, wants: bool) {
        let mut state = self.state.lock();
        let State { readers, people, .. } = &mut *state;
        let Some(reader) = readers.get_mut(key).filter(|reader| reader.wants_people != wants) else { return };
        reader.wants_people = wants;
        if wants { people.read() } else { people.unread() }
    }

    /// Publications by which the slowest reader is behind.
    pub(in crate::hub) fn slowest_lag(&self) -> u64 {
        let state = self.state.lock();
        let slowest = state.readers.iter().map(|(_, reader)| reader.position.get()).min();
        slowest.map_or(0, |position| state.visible.0.saturating_sub(position.0))
    }

    /// Where a session stands that reads the topic.
    pub(in crate::hub) fn read_by(&self, signal: &Arc<Signal>) -> Option<SubscriptionInfo> {
        let state = self.state.lock();
        let (_, reader) = state.readers.iter().find(|(_, reader)| Arc::ptr_eq(&reader.signal, signal))?;
        let offset = reader.position.get();
        let lag = state.visible.0.saturating_sub(offset.0);
        Some(SubscriptionInfo { topic: self.topic.clone(), offset, lag })
    }

    /// Removes a reader. A poller between two polls goes on counting until it is expected back.
    pub(in crate::hub) fn leave(&self, now: Millis, key: usize, leaving: Leaving) -> Alarms {
        let mut state = self.state.lock();
        let reader = state.readers.remove(key);
        state.listeners = None;
        let linger = match leaving {
            Leaving::Lingering(ms) => Some(now.plus(ms)),
            Leaving::ForGood | Leaving::Dropped => None,
        };
        let lingers = state.watchers.leave(reader.watcher, linger);
        if reader.wants_people {
            state.people.unread();
        }
        if let Some(account) = &reader.account {
            state.people.exit(now, account, leaving.going(now, self.grace_ms));
        }
        if state.readers.is_empty() {
            state.idle_since = now;
        }
        let mut alarms = state.settle(now, self);
        alarms.extend(lingers.map(|until| (until, Alarm::Linger)));
        alarms
    }

    /// Somebody is there without reading: on `online`, whoever has a connection.
    pub(in crate::hub) fn enter(&self, now: Millis, who: &Who) -> Alarms {
        let mut state = self.state.lock();
        state.people.enter(now, who);
        state.settle(now, self)
    }

    /// A connection of theirs has ended.
    pub(in crate::hub) fn exit(&self, now: Millis, account: &AccountId, leaving: Leaving) -> Alarms {
        let mut state = self.state.lock();
        state.people.exit(now, account, leaving.going(now, self.grace_ms));
        state.settle(now, self)
    }

    /// Somebody who has no connection left does not come back.
    pub(in crate::hub) fn forget(&self, now: Millis, account: &AccountId) -> Alarms {
        let mut state = self.state.lock();
        state.people.forget(now, account);
        state.settle(now, self)
    }

    /// What is known of somebody who is there.
    pub(in crate::hub) fn find(&self, account: &AccountId) -> Option<Who> {
        self.state.lock().people.find(account).cloned()
    }

    /// Somebody has another name now, or hides.
    pub(in crate::hub) fn change(&self, now: Millis, who: &Who) -> Alarms {
        let mut state = self.state.lock();
        state.people.change(now, who);
        state.settle(now, self)
    }

    /// Somebody who is there is typing, or is not any more.
    pub(in crate::hub) fn type_on(&self, now: Millis, account: &AccountId, on: bool) -> Alarms {
        let mut state = self.state.lock();
        state.people.type_on(now, account, on);
        state.settle(now, self)
    }

    /// Subscriptions and distinct watchers, this moment.
    pub fn count(&self) -> PresenceCount {
        self.state.lock().count_now()
    }

    /// The latest count as a frame's text, unless `seen` is its version.
    pub fn count_frame(&self, seen: u64) -> Option<(u64, Arc<str>)> {
        // Publications are much more frequent than counts: most readers need not lock for it.
        if self.count_version.load(Ordering::Acquire) == seen {
            return None;
        }
        let state = self.state.lock();
        let frame = state.count.frame.as_ref()?;
        (state.count.version != seen).then(|| (state.count.version, frame.clone()))
    }

    /// What a reader has yet to be told of who is there, who was told up to the version `seen`; 0 for one
    /// who was told nothing.
    pub fn people_told(&self, seen: u64) -> Option<Told> {
        if self.people_version.load(Ordering::Acquire) == seen {
            return None;
        }
        Some(self.state.lock().people.told(seen))
    }

    /// Since when nobody has read it; `None` while somebody does.
    pub(in crate::hub) fn idle_since(&self) -> Option<Millis> {
        let state = self.state.lock();
        let nobody_lingers = state.watchers.nobody_lingers() && state.people.is_empty();
        (state.readers.is_empty() && nobody_lingers && !state.window_open).then_some(state.idle_since)
    }

    pub(in crate::hub) fn readers(&self) -> usize {
        self.state.lock().readers.len()
    }
}

impl State {
    /// Whom to tell. Made anew only when readers have come or gone.
    pub(super) fn listeners(&mut self) -> Listeners {
        let readers = &self.readers;
        let make = || readers.iter().map(|(_, reader)| (reader.signal.clone(), reader.slot)).collect();
        self.listeners.get_or_insert_with(make).clone()
    }

    pub(super) fn wake_all(&self) {
        for (_, reader) in &self.readers {
            reader.signal.mark(reader.slot);
        }
    }

    pub(super) fn count_now(&self) -> PresenceCount {
        PresenceCount { people: self.people.count(), ..self.watchers.count(self.readers.len()) }
    }

    /// Tells the readers what has changed about who is there. Returns what to ask of the hub's timer.
    pub(super) fn settle(&mut self, now: Millis, topic: &TopicHub) -> Alarms {
        let version = self.people.version();
        let changed = topic.people_version.swap(version, Ordering::AcqRel) != version;
        // Where nobody wants to know names, not everybody is walked for each of the named who goes.
        if changed && self.people.has_readers() {
            for (_, reader) in self.readers.iter().filter(|(_, reader)| reader.wants_people) {
                reader.signal.mark(reader.slot);
            }
        }
        let mut alarms: Alarms = self.people.arm().map(|at| (at, Alarm::People)).into_iter().collect();
        alarms.extend(self.tell_count(now, topic));
        alarms
    }

    /// Tells the count if it has changed and the last was told long enough ago.
    pub(super) fn tell_count(&mut self, now: Millis, topic: &TopicHub) -> Option<(Millis, Alarm)> {
        if self.count.open {
            return None;
        }
        let count = self.count_now();
        if self.count.told == Some(count) {
            return None;
        }
        let text = ServerFrame::PresenceCount(topic.topic.clone(), count).encode().ok()?;
        self.count.told = Some(count);
        self.count.frame = Some(text.into());
        self.count.version += 1;
        topic.count_version.store(self.count.version, Ordering::Release);
        self.count.open = true;
        self.wake_all();
        Some((now.plus(COUNT_INTERVAL_MS), Alarm::Count))
    }
}
