//! The hub: the topics that somebody reads, in memory.
//!
//! A topic is loaded when its first reader comes and forgotten a while after its last has gone. The hub
//! takes publications in the order of their offsets; what it has missed it reads from the store. It is
//! told the time and never reads a clock; it never writes the store. Called by the pump in `bus`, by
//! sessions, and by the API for counts.

pub mod chunk;
pub mod people;
mod presence;
mod reading;
pub mod signal;
pub mod topic;

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use parking_lot::{Mutex, RwLock};
use shared::{
    AccountId, Offset, Position, Topic, TopicKind,
    frame::PresenceCount,
    limits::BATCH_PUBLICATIONS,
    model::control::{SubscriptionInfo, TopicInfo},
};
use tokio::sync::Notify;

use self::{
    chunk::{Chunk, Slice},
    people::Who,
    signal::Signal,
    topic::{Alarm, Next, Taken, TopicHub},
};
use crate::{
    store::{Appended, Effect, Store, StoreError, log},
    time::Millis,
};

/// How a hub behaves.
#[derive(Debug, Clone)]
pub struct HubOptions {
    /// Length of the window (E12) per topic kind, in milliseconds; 0 lets everything out at once.
    pub window_ms: [(TopicKind, u64); TopicKind::ALL.len()],
    /// Encoded publications kept in memory per topic, in bytes.
    pub tail_bytes: usize,
    /// A topic that nobody has read for this long is forgotten, in milliseconds.
    pub idle_ms: u64,
    /// Who has lost the last connection is present for this long, in milliseconds: a reload is no leaving.
    pub grace_ms: u64,
}

impl HubOptions {
    pub fn window_ms(&self, kind: TopicKind) -> u64 {
        self.window_ms.iter().find(|(of, _)| *of == kind).map_or(0, |(_, ms)| *ms)
    }
}

impl Default for HubOptions {
    fn default() -> Self {
        Self {
            window_ms: TopicKind::ALL.map(|kind| (kind, 1000)),
            tail_bytes: 8 * 1024 * 1024,
            idle_ms: 60_000,
            grace_ms: 15_000,
        }
    }
}

/// Why a topic cannot be read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TopicError {
    #[error("there is no such topic")]
    Unknown,
    #[error("sign in to follow this topic")]
    SignIn,
    #[error("this topic is not open to you")]
    Forbidden,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The topics in memory.
#[derive(Debug)]
pub struct Hub {
    store: Store,
    options: HubOptions,
    topics: RwLock<HashMap<Topic, Entry>>,
    /// `online`: always there, and in no store.
    online: Arc<TopicHub>,
    /// One topic is loaded at a time; who wants the same finds it loaded.
    loading: tokio::sync::Mutex<()>,
    alarms: Mutex<BTreeSet<(Millis, Alarm, Topic)>>,
    /// Told when an alarm earlier than all others was set.
    earlier_alarm: Notify,
    /// What was last said of people, and when: who comes with what was read of them before is shown as they
    /// are now. Kept for [`CHANGES_KEPT_MS`].
    changes: Mutex<HashMap<AccountId, (Millis, Who)>>,
}

/// Longer than it takes from reading who somebody is to their being there, in milliseconds.
const CHANGES_KEPT_MS: u64 = 60_000;

#[derive(Debug)]
enum Entry {
    /// Being read from the store; `announced` is the newest offset that was announced meanwhile.
    Loading {
        announced: Offset,
    },
    Ready(Arc<TopicHub>),
}

impl Entry {
    fn ready(&self) -> Option<Arc<TopicHub>> {
        match self {
            Self::Ready(topic) => Some(topic.clone()),
            Self::Loading { .. } => None,
        }
    }
}

impl Hub {
    pub fn new(store: Store, options: HubOptions) -> Self {
        let Position { epoch, offset } = Position::online();
        let extent = log::Extent { epoch, head: offset, trimmed: offset, closed: false };
        Self {
            online: Arc::new(TopicHub::new(Topic::online(), &extent, &[], &options, Millis(0))),
            store,
            options,
            topics: RwLock::default(),
            loading: tokio::sync::Mutex::default(),
            alarms: Mutex::default(),
            earlier_alarm: Notify::new(),
            changes: Mutex::default(),
        }
    }

    /// The topic, read from the store if nobody has read it lately.
    pub async fn topic(&self, now: Millis, name: &Topic) -> Result<Arc<TopicHub>, TopicError> {
        if let Some(topic) = self.ready(name) {
            return open(topic);
        }
        let _one_at_a_time = self.loading.lock().await;
        if let Some(topic) = self.ready(name) {
            return open(topic);
        }
        self.topics.write().insert(name.clone(), Entry::Loading { announced: Offset::ZERO });
        // However this ends, also when nobody waits for it any more, nothing half-loaded stays behind.
        let _unfinished = Unfinished { hub: self, name };
        let loaded = loop {
            let found = self.read_recent(name).await;
            let mut topics = self.topics.write();
            let announced = match topics.get(name) {
                Some(Entry::Loading { announced }) => *announced,
                _ => Offset::ZERO,
            };
            match found {
                // Announced while it was being read, and not yet in what was read.
                Ok(Some((extent, _))) if extent.head < announced => {}
                Ok(Some((extent, recent))) => {
                    let topic = Arc::new(TopicHub::new(name.clone(), &extent, &recent, &self.options, now));
                    topics.insert(name.clone(), Entry::Ready(topic.clone()));
                    break topic;
                }
                Ok(None) => return Err(TopicError::Unknown),
                Err(error) => return Err(error.into()),
            }
        };
        open(loaded)
    }

    fn ready(&self, name: &Topic) -> Option<Arc<TopicHub>> {
        if name.kind() == TopicKind::Online {
            return Some(self.online.clone());
        }
        match self.topics.read().get(name) {
            Some(Entry::Ready(topic)) => Some(topic.clone()),
            _ => None,
        }
    }

    async fn read_recent(&self, name: &Topic) -> Result<Option<(log::Extent, Vec<Appended>)>, StoreError> {
        let name = name.clone();
        self.store
            .read(async move |tx| {
                let Some(extent) = log::extent(tx, &name).await? else { return Ok(None) };
                let after = extent.head.0.saturating_sub(BATCH_PUBLICATIONS as u64).max(extent.trimmed.0);
                log::read(tx, &name, Offset(after), BATCH_PUBLICATIONS).await
            })
            .await
    }

    /// Takes committed publications, in the order of their commits. Returns the topics of which some are
    /// missing; [`Hub::catch_up`] gets them.
    pub fn accept(&self, now: Millis, publications: &[Appended]) -> Vec<Topic> {
        let mut holes = Vec::new();
        for run in publications.chunk_by(|a, b| a.topic == b.topic) {
            let name = &run[0].topic;
            let Some(topic) = self.ready_or_noted(name, run) else { continue };
            let (taken, alarm) = topic.accept(now, run);
            if let Some((at, alarm)) = alarm {
                self.set_alarm(at, alarm, name);
            }
            if taken == Taken::Hole {
                holes.push(name.clone());
            }
            for entry in run {
                match entry.effect {
                    // The topic has seen to it.
                    Effect::None | Effect::Rights => {}
                    Effect::Redacts => topic.forget_encoded(),
                    Effect::Closes => topic.close(),
                }
            }
        }
        holes
    }

    /// The topic if it is in memory. While it is being loaded the newest announcement is noted instead.
    fn ready_or_noted(&self, name: &Topic, run: &[Appended]) -> Option<Arc<TopicHub>> {
        match self.topics.read().get(name) {
            None => return None,
            Some(Entry::Ready(topic)) => return Some(topic.clone()),
            Some(Entry::Loading { .. }) => {}
        }
        match self.topics.write().get_mut(name) {
            Some(Entry::Loading { announced }) => {
                let newest = run.last().map_or(Offset::ZERO, |last| last.offset);
                *announced = newest.max(*announced);
                None
            }
            Some(Entry::Ready(topic)) => Some(topic.clone()),
            None => None,
        }
    }

    /// Reads what a topic has missed.
    pub async fn catch_up(&self, now: Millis, name: &Topic) -> Result<(), StoreError> {
        let Some(topic) = self.ready(name) else { return Ok(()) };
        loop {
            let (name, after) = (name.clone(), topic.head());
            let found = self
                .store
                .read(async move |tx| log::read(tx, &name, after, BATCH_PUBLICATIONS).await)
                .await?;
            let Some((extent, missed)) = found else { return Ok(()) };
            // Retention, or the end of the topic, was quicker: what is removed is not waited for.
            topic.skip(extent.trimmed);
            if missed.is_empty() {
                if extent.closed {
                    topic.close();
                }
                return Ok(());
            }
            tracing::debug!(topic = %topic.topic, after = after.0, count = missed.len(), "read what was not announced");
            if let (_, Some((at, alarm))) = topic.accept(now, &missed) {
                self.set_alarm(at, alarm, &topic.topic);
            }
            if topic.head() == after {
                tracing::error!(topic = %topic.topic, after = after.0, "what the store has does not follow");
                return Ok(());
            }
        }
    }

    /// What stands after `after`, read from the store: for a reader who is behind the tail. However many
    /// are behind at the same place, one of them reads.
    pub async fn fetch(&self, topic: &TopicHub, after: Offset) -> Result<Next, StoreError> {
        let _one_at_a_time = topic.fetching.lock().await;
        match topic.next(after) {
            Next::Behind => {}
            found => return Ok(found),
        }
        let name = topic.topic.clone();
        // Chunks begin at round places so that readers at different offsets share them.
        let aligned = Offset(after.0 - after.0 % BATCH_PUBLICATIONS as u64);
        let found =
            self.store.read(async move |tx| log::read(tx, &name, aligned, BATCH_PUBLICATIONS).await).await?;
        metrics::counter!("touchline_feed_store_reads_total").increment(1);
        let Some((extent, mut publications)) = found else { return Ok(Next::Closed) };
        topic.trim(extent.trimmed);
        if after < extent.trimmed {
            return Ok(Next::Expired);
        }
        let visible = topic.visible();
        publications.retain(|entry| entry.offset <= visible);
        let Some(chunk) = Chunk::encode(&publications, false).map(Arc::new) else { return Ok(Next::Expired) };
        let Some(slice) = Slice::after(&chunk, after) else { return Ok(Next::Expired) };
        if publications.len() == BATCH_PUBLICATIONS {
            topic.remember(chunk);
        }
        Ok(Next::Slice(slice))
    }

    fn set_alarms(&self, alarms: impl IntoIterator<Item = (Millis, Alarm)>, topic: &Topic) {
        for (at, alarm) in alarms {
            self.set_alarm(at, alarm, topic);
        }
    }

    fn set_alarm(&self, at: Millis, alarm: Alarm, topic: &Topic) {
        let mut alarms = self.alarms.lock();
        let earliest = alarms.first().is_none_or(|(first, ..)| at < *first);
        alarms.insert((at, alarm, topic.clone()));
        if earliest {
            self.earlier_alarm.notify_one();
        }
    }

    /// When [`Hub::ring`] is to be called next.
    pub fn next_alarm(&self) -> Option<Millis> {
        self.alarms.lock().first().map(|(at, ..)| *at)
    }

    /// Waits until an alarm has been set that is earlier than the one known before.
    pub async fn earlier_alarm(&self) {
        self.earlier_alarm.notified().await;
    }

    /// Rings every alarm whose time has come: windows end, counts are told, pollers are gone.
    pub fn ring(&self, now: Millis) {
        loop {
            let (_, alarm, name) = {
                let mut alarms = self.alarms.lock();
                match alarms.first() {
                    Some((at, ..)) if *at <= now => {}
                    _ => return,
                }
                match alarms.pop_first() {
                    Some(due) => due,
                    None => return,
                }
            };
            if let Some(topic) = self.ready(&name) {
                self.set_alarms(topic.ring(now, alarm), &name);
            }
        }
    }

    /// Retention has removed what stood up to `upto`.
    pub fn trim(&self, name: &Topic, upto: Offset) {
        if let Some(topic) = self.ready(name) {
            topic.trim(upto);
        }
    }

    /// Forgets topics that nobody reads, and reads the heads of the others: a bell that was missed is
    /// found here. Call it now and then.
    pub async fn tidy(&self, now: Millis) -> Result<(), StoreError> {
        self.changes.lock().retain(|_, (at, _)| now.since(*at) < CHANGES_KEPT_MS);
        let idle_ms = self.options.idle_ms;
        let is_idle = |topic: &Arc<TopicHub>| {
            Arc::strong_count(topic) == 1
                && topic.idle_since().is_some_and(|since| now.since(since) >= idle_ms)
        };
        self.topics.write().retain(|_, entry| !matches!(entry, Entry::Ready(topic) if is_idle(topic)));
        let read: Vec<Topic> = {
            let topics = self.topics.read();
            topics
                .values()
                .filter_map(|entry| match entry {
                    Entry::Ready(topic) if topic.readers() > 0 => Some(topic.topic.clone()),
                    _ => None,
                })
                .collect()
        };
        for name in read {
            self.catch_up(now, &name).await?;
        }
        Ok(())
    }

    /// The topic's readers and watchers; zero for a topic that nobody reads.
    pub fn count(&self, name: &Topic) -> PresenceCount {
        self.ready(name)
            .map_or(PresenceCount { watchers: 0, subscriptions: 0, people: 0 }, |topic| topic.count())
    }

    /// Publications by which the slowest reader of any topic is behind.
    pub fn slowest_reader_lag(&self) -> u64 {
        let topics = self.topics.read();
        let lags = topics.values().filter_map(|entry| match entry {
            Entry::Ready(topic) => Some(topic.slowest_lag()),
            Entry::Loading { .. } => None,
        });
        lags.max().unwrap_or(0)
    }

    /// What one session reads, and how far it is.
    pub fn read_by(&self, signal: &Arc<Signal>) -> Vec<SubscriptionInfo> {
        let topics: Vec<_> = self.topics.read().values().filter_map(Entry::ready).collect();
        topics.iter().chain([&self.online]).filter_map(|topic| topic.read_by(signal)).collect()
    }

    /// The topics in memory.
    pub fn list(&self) -> Vec<TopicInfo> {
        let topics: Vec<_> = self.topics.read().values().filter_map(Entry::ready).collect();
        let about = |topic: &Arc<TopicHub>| {
            let count = topic.count();
            TopicInfo {
                topic: topic.topic.clone(),
                head: topic.head(),
                subscriptions: count.subscriptions,
                watchers: count.watchers,
                lag: topic.slowest_lag(),
                tail_bytes: topic.tail_bytes() as u64,
            }
        };
        topics.iter().map(about).collect()
    }

    /// Topics, readers and bytes of tails in memory, for metrics.
    pub fn totals(&self) -> Totals {
        let topics = self.topics.read();
        topics.values().fold(Totals::default(), |mut totals, entry| {
            if let Entry::Ready(topic) = entry {
                totals.topics += 1;
                totals.subscriptions += topic.readers();
                totals.tail_bytes += topic.tail_bytes();
            }
            totals
        })
    }
}

/// Takes a topic that is still being loaded out again when it is dropped.
struct Unfinished<'h> {
    hub: &'h Hub,
    name: &'h Topic,
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        let mut topics = self.hub.topics.write();
        if matches!(topics.get(self.name), Some(Entry::Loading { .. })) {
            topics.remove(self.name);
        }
    }
}

/// Sums over the topics in memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    pub topics: usize,
    pub subscriptions: usize,
    pub tail_bytes: usize,
}

fn open(topic: Arc<TopicHub>) -> Result<Arc<TopicHub>, TopicError> {
    if topic.is_closed() { Err(TopicError::Unknown) } else { Ok(topic) }
}

#[cfg(test)]
mod tests;
