//! One topic in memory: its tail, its window, its readers, who is there.
//!
//! It never waits and never reads the store; `hub` does that and brings it what it found.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwapOption;
use parking_lot::{Mutex, MutexGuard};
use shared::{Epoch, Offset, Position, Topic, frame::NotRecovered, limits::BATCH_PUBLICATIONS};
use slab::Slab;
use smallvec::SmallVec;

use super::{
    HubOptions,
    chunk::{Chunk, Slice},
    people::People,
    presence::Watchers,
};
use crate::{
    store::{Appended, Effect, log::Extent},
    time::Millis,
};

mod readers;

use readers::{Count, Listeners, Reader};
pub use readers::{Joined, Leaving, ReaderPosition, Reading};

/// What a topic asks of the hub's timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Alarm {
    /// The window ends: what was held back goes out.
    Window,
    /// The count of watchers may be told again.
    Count,
    /// A poller who has not come back is gone.
    Linger,
    /// Something is due about who is there.
    People,
}

/// Alarms to set.
pub(super) type Alarms = SmallVec<[(Millis, Alarm); 3]>;

/// What became of publications that were announced to a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// They are in the tail, or were before.
    All,
    /// Some are missing in between: the store has them.
    Hole,
}

/// A topic in memory.
#[derive(Debug)]
pub struct TopicHub {
    pub topic: Topic,
    window_ms: u64,
    tail_bytes_max: usize,
    grace_ms: u64,
    /// The version of the latest count, to be looked at without the lock.
    count_version: AtomicU64,
    /// The same of who is there.
    people_version: AtomicU64,
    state: Mutex<State>,
    /// The newest chunk, for the many readers who are at the head and are woken together: they take it
    /// without the lock. It ends at what is visible; there is none once the topic is closed.
    latest: ArcSwapOption<Chunk>,
    /// One reader at a time fetches what the tail no longer has; the others find it in `history`.
    pub(super) fetching: tokio::sync::Mutex<()>,
    /// Counts the changes of who may read the topic. Raised before anything that was committed after the
    /// change can be read here; see [`TopicHub::rights`].
    rights: AtomicU64,
    /// Whether everybody may read it, and as of which version of the rights that was found: one reader asks
    /// for all.
    pub(super) open: tokio::sync::Mutex<Option<(u64, bool)>>,
}

#[derive(Debug)]
struct State {
    epoch: Epoch,
    trimmed: Offset,
    closed: bool,
    /// The newest publication known here.
    head: Offset,
    /// The newest publication that readers are shown; behind `head` while a window holds some back.
    visible: Offset,
    tail: VecDeque<Arc<Chunk>>,
    tail_bytes: usize,
    /// Up to here content was taken out of the log after it had been encoded.
    redacted: Offset,
    /// Committed publications after `visible`.
    held: Vec<Appended>,
    window_open: bool,
    /// Chunks read from the store for readers who are behind the tail, newest last.
    history: VecDeque<Arc<Chunk>>,
    readers: Slab<Reader>,
    listeners: Option<Listeners>,
    watchers: Watchers,
    people: People,
    count: Count,
    idle_since: Millis,
}

/// What a reader finds.
#[derive(Debug)]
pub enum Next {
    Slice(Slice),
    /// The same, and nothing stands after it.
    Last(Slice),
    AtHead,
    /// The tail no longer has it.
    Behind,
    /// Retention has removed it: the reader has to start over.
    Expired,
    /// The topic is no more, and everything it said has been read.
    Closed,
}

/// Up to so many bytes over all readers are handed out on the thread that brings the news: some
/// milliseconds of writing.
const DIRECT_BYTES: usize = 2 * 1024 * 1024;
/// What a publication's frame is larger than its payload by, about.
const ENVELOPE_BYTES: usize = 200;
/// Chunks from the store kept for others who are behind as well.
const HISTORY_CHUNKS: usize = 8;

impl TopicHub {
    pub(super) fn new(
        topic: Topic,
        extent: &Extent,
        recent: &[Appended],
        options: &HubOptions,
        now: Millis,
    ) -> Self {
        let mut state = State {
            epoch: extent.epoch.clone(),
            trimmed: extent.trimmed,
            closed: extent.closed,
            head: extent.head,
            visible: extent.head,
            tail: VecDeque::new(),
            tail_bytes: 0,
            redacted: Offset::ZERO,
            held: Vec::new(),
            window_open: false,
            history: VecDeque::new(),
            readers: Slab::new(),
            listeners: None,
            watchers: Watchers::default(),
            people: People::new(&topic),
            count: Count::default(),
            idle_since: now,
        };
        for part in recent.chunks(BATCH_PUBLICATIONS) {
            state.push(part, false, options.tail_bytes);
        }
        Self {
            window_ms: options.window_ms(topic.kind()),
            tail_bytes_max: options.tail_bytes,
            grace_ms: options.grace_ms,
            count_version: AtomicU64::new(0),
            people_version: AtomicU64::new(state.people.version()),
            topic,
            state: Mutex::new(state),
            latest: ArcSwapOption::empty(),
            fetching: tokio::sync::Mutex::new(()),
            rights: AtomicU64::new(0),
            open: tokio::sync::Mutex::new(None),
        }
    }

    /// Takes announced publications, oldest first. Those known already are passed over. Returns an alarm
    /// to set, if a window was opened.
    pub(super) fn accept(&self, now: Millis, publications: &[Appended]) -> (Taken, Option<(Millis, Alarm)>) {
        let mut outcome = (Taken::All, None);
        let changes_rights = |entry: &Appended| entry.effect == Effect::Rights;
        for run in publications.chunk_by(|a, b| !changes_rights(a) && !changes_rights(b)) {
            let (taken, alarm) = if changes_rights(&run[0]) {
                self.accept_rights(now, &run[0])
            } else {
                self.accept_run(now, run)
            };
            outcome = (taken, outcome.1.or(alarm));
        }
        outcome
    }

    /// Takes a publication that says that rights have changed. What a window held back goes out first, as
    /// it was allowed; from then on everybody is decided on anew.
    fn accept_rights(&self, now: Millis, entry: &Appended) -> (Taken, Option<(Millis, Alarm)>) {
        let mut state = self.state.lock();
        if entry.offset != state.head.next() || entry.epoch != state.epoch {
            let known = entry.offset <= state.head;
            return (if known { Taken::All } else { Taken::Hole }, None);
        }
        if !state.held.is_empty() {
            self.release(state, true);
            state = self.state.lock();
        }
        self.rights.fetch_add(1, Ordering::AcqRel);
        state.head = entry.offset;
        state.held.push(entry.clone());
        let opens = self.window_ms > 0 && !state.window_open;
        state.window_open |= opens;
        self.release(state, false);
        (Taken::All, opens.then(|| (now.plus(self.window_ms), Alarm::Window)))
    }

    fn accept_run(&self, now: Millis, publications: &[Appended]) -> (Taken, Option<(Millis, Alarm)>) {
        let mut state = self.state.lock();
        let mut fresh = Vec::new();
        for entry in publications {
            if entry.offset == state.head.next() && entry.epoch == state.epoch {
                state.head = entry.offset;
                fresh.push(entry.clone());
            } else if entry.offset > state.head {
                break;
            }
        }
        let complete = publications.last().is_none_or(|last| last.offset <= state.head);
        let taken = if complete { Taken::All } else { Taken::Hole };
        if fresh.is_empty() {
            return (taken, None);
        }
        state.held.append(&mut fresh);
        if state.window_open {
            return (taken, None);
        }
        state.window_open = self.window_ms > 0;
        self.release(state, self.window_ms > 0);
        (taken, (self.window_ms > 0).then(|| (now.plus(self.window_ms), Alarm::Window)))
    }

    /// The time of an alarm has come. Returns the next ones to set.
    pub(super) fn ring(&self, now: Millis, alarm: Alarm) -> Alarms {
        let mut state = self.state.lock();
        match alarm {
            Alarm::Window if state.held.is_empty() => {
                state.window_open = false;
                return Alarms::new();
            }
            Alarm::Window => {
                self.release(state, true);
                return Alarms::from_iter([(now.plus(self.window_ms), Alarm::Window)]);
            }
            Alarm::Count => state.count.open = false,
            Alarm::Linger => state.watchers.expire(now),
            Alarm::People => state.people.ring(now),
        }
        state.settle(now, self)
    }

    /// Which version of the rights is in force here. Whoever takes a slice and then finds the version at
    /// which they were decided on has been allowed everything in it.
    pub fn rights(&self) -> u64 {
        self.rights.load(Ordering::Acquire)
    }

    /// Shows what was held back, then tells the readers; they find the newest chunk already there.
    fn release(&self, mut state: MutexGuard<'_, State>, gathered: bool) {
        let bytes = state.show(gathered, self.tail_bytes_max);
        self.latest.store(state.tail.back().filter(|_| !state.closed).cloned());
        let listeners = state.listeners();
        drop(state);
        // A little to many is handed out here; a lot is left to the readers' own tasks, on all threads.
        if bytes.saturating_mul(listeners.len()) <= DIRECT_BYTES {
            listeners.iter().for_each(|(signal, slot)| signal.mark_and_serve(*slot));
        } else {
            listeners.iter().for_each(|(signal, slot)| signal.mark(*slot));
        }
    }

    /// What stands after `after` in memory.
    pub fn next(&self, after: Offset) -> Next {
        if let Some(latest) = &*self.latest.load() {
            if after >= latest.to() {
                return Next::AtHead;
            }
            if let Some(slice) = Slice::after(latest, after) {
                return Next::Last(slice);
            }
        }
        let state = self.state.lock();
        if after >= state.visible {
            return if state.closed && after >= state.head { Next::Closed } else { Next::AtHead };
        }
        if after < state.trimmed {
            return Next::Expired;
        }
        // Most readers are one chunk behind: look from the end.
        let found = state.tail.iter().rev().take_while(|chunk| chunk.to() > after).last();
        if let Some(slice) = found.and_then(|chunk| Slice::after(chunk, after)) {
            let is_last = slice.to() == state.visible && !state.closed;
            return if is_last { Next::Last(slice) } else { Next::Slice(slice) };
        }
        match state.history.iter().find_map(|chunk| Slice::after(chunk, after)) {
            Some(slice) => Next::Slice(slice),
            None => Next::Behind,
        }
    }

    /// Keeps a chunk from the store for readers who are behind.
    pub(super) fn remember(&self, chunk: Arc<Chunk>) {
        let mut state = self.state.lock();
        if state.history.len() == HISTORY_CHUNKS {
            state.history.pop_front();
        }
        state.history.push_back(chunk);
    }

    /// Drops encoded publications after a deletion took their content out of the log; readers who have
    /// not had them read the store. What readers at the head have yet to see stays until the next comes.
    pub(super) fn forget_encoded(&self) {
        let mut state = self.state.lock();
        state.history.clear();
        state.redacted = state.head;
        state.forget_redacted(1);
    }

    /// Goes on after `upto` if that is ahead: what stood in between has been removed from the store before
    /// it was brought here. Readers who have not had it have to start over.
    pub(super) fn skip(&self, upto: Offset) {
        let mut state = self.state.lock();
        if upto <= state.head {
            return;
        }
        // Rights may have changed in what was removed.
        self.rights.fetch_add(1, Ordering::AcqRel);
        state.head = upto;
        state.visible = upto;
        state.trimmed = upto;
        self.latest.store(None);
        state.held.clear();
        state.tail.clear();
        state.tail_bytes = 0;
        state.history.clear();
        state.wake_all();
    }

    pub(super) fn trim(&self, upto: Offset) {
        let mut state = self.state.lock();
        state.trimmed = state.trimmed.max(upto);
        state.history.retain(|chunk| chunk.to() > upto);
    }

    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        self.latest.store(None);
        state.history.clear();
        state.wake_all();
    }

    /// Whether nobody may subscribe any more.
    pub fn is_closed(&self) -> bool {
        self.state.lock().closed
    }

    /// Where a subscription asked for `since` begins, and why not there.
    pub fn begin(&self, since: Option<&Position>) -> (Position, Option<NotRecovered>) {
        let state = self.state.lock();
        let at_head = Position { epoch: state.epoch.clone(), offset: state.visible };
        let Some(since) = since else { return (at_head, Some(NotRecovered::NoPosition)) };
        let reason = if since.epoch != state.epoch {
            NotRecovered::EpochChanged
        } else if since.offset < state.trimmed {
            NotRecovered::Expired
        } else if since.offset > state.head {
            NotRecovered::Ahead
        } else {
            return (since.clone(), None);
        };
        (at_head, Some(reason))
    }

    /// The newest publication known here.
    pub fn head(&self) -> Offset {
        self.state.lock().head
    }

    /// The newest publication shown to readers.
    pub fn visible(&self) -> Offset {
        self.state.lock().visible
    }

    pub(super) fn tail_bytes(&self) -> usize {
        self.state.lock().tail_bytes
    }
}

impl State {
    /// Drops the oldest chunks whose content was taken out of the log; `keep` of them stay.
    fn forget_redacted(&mut self, keep: usize) {
        while self.tail.len() > keep && self.tail.front().is_some_and(|oldest| oldest.from() <= self.redacted)
        {
            if let Some(chunk) = self.tail.pop_front() {
                self.tail_bytes -= chunk.size_bytes();
            }
        }
    }

    /// Makes what was held back visible; the readers are yet to be told. Returns the bytes that each of
    /// them will be sent, about.
    fn show(&mut self, gathered: bool, tail_bytes_max: usize) -> usize {
        // A deletion that a window held back comes after what it deletes.
        self.forget_redacted(0);
        let held = std::mem::take(&mut self.held);
        for part in held.chunks(BATCH_PUBLICATIONS) {
            self.push(part, gathered, tail_bytes_max);
        }
        self.visible = self.head;
        held.iter().map(|entry| entry.payload.len() + ENVELOPE_BYTES).sum()
    }

    fn push(&mut self, part: &[Appended], gathered: bool, tail_bytes_max: usize) {
        let Some(chunk) = Chunk::encode(part, gathered) else { return };
        debug_assert!(self.tail.back().is_none_or(|last| last.to().next() == chunk.from()));
        self.tail_bytes += chunk.size_bytes();
        self.tail.push_back(Arc::new(chunk));
        while self.tail_bytes > tail_bytes_max && self.tail.len() > 1 {
            if let Some(oldest) = self.tail.pop_front() {
                self.tail_bytes -= oldest.size_bytes();
            }
        }
    }
}
