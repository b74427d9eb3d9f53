//! What was recorded here and is not acknowledged yet: kept in a storage that all tabs of a browser share, sent in
//! order, each exactly once as far as the server's log goes.
//!
//! ```text
//!   queued ──▶ in flight ──▶ acknowledged
//!      ▲            │
//!      └── failed ──┴──▶ parked (refused) ──▶ edited, tried again, or given up
//! ```
//!
//! Drafts of one topic are a **lane**: one is in flight at a time, and the next goes when the server has answered.
//! Where the answer says "not now", or none comes, the draft waits and goes again under the same key. Where it says
//! "never", that draft alone is parked, for somebody to decide, and the next one goes.
//!
//! Tabs share the storage, so each lane has a **lease** in it: the storage gives it to one tab for some seconds, and
//! with it, in one transaction, what lies in the lane. What had become of a draft is written, and the next is chosen,
//! only ever right after that. A tab whose lease has run out while a request was on its way does no harm: the next
//! tab sends the same draft under the same key, and whoever is answered first takes it out.
//!
//! A draft leaves the storage only after its acknowledgement was handed out. If the storage refuses, the page is told
//! and the drafts are sent all the same, for as long as the tab lives.
//!
//! It never sees a clock, a network or a database: they are inputs and outputs, as with
//! [`Client`](crate::Client). Storage is asked for by numbered [`Request`]s and answered by [`Input::Stored`].
//! Called by the page's driver of the outbox, and by the simulator.

mod answers;
mod draft;
mod entries;
mod exchange;
mod lane;
mod step;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use shared::{IdempotencyKey, Topic};

pub use self::{
    answers::RETRY_AFTER_MAX,
    draft::{Author, Draft, Record, Refusal},
    exchange::{Answer, Event, Input, Output, Reply, Request, Shown, State, StoreFault, Task, Try},
};
use self::{
    draft::Command,
    entries::{Added, Entries, Entry},
    lane::{Done, Lane},
};
use crate::{Instant, random::Random};

/// Numbers with units; the defaults are what the product ships.
#[derive(Debug, Clone)]
pub struct Config {
    /// Short, because a lane goes on only when each of its drafts has been answered, and answers get lost one by one.
    pub backoff_min: Duration,
    /// Shorter than the connection's: what was recorded is sent within 5 s of the network's return (M3), whether or
    /// not the browser says that it is back.
    pub backoff_max: Duration,
    /// For how long the storage gives a lane to a tab. Asked for anew while something is on its way; a tab that dies
    /// holds up the others for this long.
    pub lease: Duration,
    /// How long a request may be without any sign of progress.
    pub answer_timeout: Duration,
    /// The same once the network has come back, or the server was heard anew, for what has been silent for as long by
    /// then: it may have gone with the old network, and nobody says so.
    pub answer_timeout_anew: Duration,
    /// Time between two tries of a storage that fails.
    pub store_retry: Duration,
    /// Lanes that are sent from at a time.
    pub lanes_at_once: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            backoff_min: Duration::from_millis(100),
            backoff_max: Duration::from_secs(3),
            lease: Duration::from_secs(3),
            answer_timeout: Duration::from_secs(15),
            answer_timeout_anew: Duration::from_secs(2),
            store_retry: Duration::from_secs(5),
            lanes_at_once: 3,
        }
    }
}

/// What a task of the storage is for.
#[derive(Debug)]
enum Job {
    Load,
    Add(IdempotencyKey),
    Claim(Topic),
    Renew(Topic, Instant),
    /// What had become of a draft is written down.
    Write(Topic, IdempotencyKey, Vec<Command>),
    /// Nobody waits for it.
    Forget,
}

/// The state machine. See the module's page for what it does, and the crate's for how to drive it.
#[derive(Debug)]
pub struct Outbox {
    config: Config,
    now: Instant,
    random: Random,
    entries: Entries,
    lanes: BTreeMap<Topic, Lane>,
    jobs: BTreeMap<Task, Job>,
    outputs: VecDeque<Output>,
    last_task: u64,
    last_try: u64,
    running: bool,
    online: bool,
    author: Option<Author>,
    /// The storage has refused: drafts are sent without it, and it is tried again then.
    store_retry_at: Option<Instant>,
    changed: bool,
}

impl Outbox {
    /// An outbox that does nothing before [`Input::Start`]. Two with the same `seed`, fed the same inputs, do exactly
    /// the same.
    pub fn new(config: Config, seed: u64) -> Self {
        Self {
            config,
            now: Instant::default(),
            random: Random::new(seed),
            entries: Entries::default(),
            lanes: BTreeMap::new(),
            jobs: BTreeMap::new(),
            outputs: VecDeque::new(),
            last_task: 0,
            last_try: 0,
            running: false,
            online: true,
            author: None,
            store_retry_at: None,
            changed: false,
        }
    }

    /// Takes one input. Then drain [`Self::poll_output`].
    pub fn handle_input(&mut self, now: Instant, input: Input) {
        self.now = self.now.max(now);
        match input {
            Input::Start => self.start(),
            Input::Stop => self.stop(),
            Input::Author(author) => {
                self.changed |= self.author != author;
                self.author = author;
                self.wake();
            }
            Input::Online(online) => {
                self.online = online;
                self.hasten();
                self.wake();
            }
            Input::Connected => {
                self.hasten();
                self.wake();
            }
            Input::TryNow => {
                for lane in self.lanes.values_mut() {
                    lane.named_by_server = false;
                    lane.wake();
                }
            }
            Input::Touched => {
                // Whoever has touched it may have given a lane up.
                if !self.is_loose() {
                    self.lanes.values_mut().for_each(|lane| lane.claim_at = Instant(0));
                }
                self.load();
            }
            Input::Record(draft) => self.record(draft),
            Input::Edit { id, body, note } => self.command(&id, Command::Edit { body, note }),
            Input::Retry { id } => self.command(&id, Command::Retry),
            Input::Discard { id } => self.command(&id, Command::Discard),
            Input::Stored { task, result } => self.stored(task, result),
            Input::Progress { attempt } => self.progress(attempt),
            Input::Answered { attempt, answer } => self.answered(attempt, answer),
            Input::Timeout => {}
        }
        // After the input, so that an answer counts that comes together with its own timeout.
        self.fire();
        self.settle();
        if std::mem::take(&mut self.changed) {
            self.emit(Event::Changed);
        }
    }

    /// The next thing to do; `None` when all is done.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to hand in [`Input::Timeout`], unless something else comes first.
    pub fn poll_timeout(&self) -> Option<Instant> {
        if !self.running {
            return None;
        }
        let free = self.has_free_lane();
        let lanes = self.lanes.iter().filter_map(|(topic, lane)| match lane.sending() {
            Some(sending) => {
                let renew = lane.leased_until.map_or(sending.deadline, |_| sending.renew_at);
                Some(renew.min(sending.deadline))
            }
            None => self.idle_until(topic, lane).filter(|_| free),
        });
        lanes.chain(self.store_retry_at).min()
    }

    /// What has not been acknowledged, in the order in which it is sent.
    pub fn drafts(&self) -> impl Iterator<Item = Shown<'_>> {
        self.entries.visible().map(|entry| Shown {
            draft: &entry.record.draft,
            state: self.state(entry),
            tried: entry.tried,
            kept: entry.is_kept(),
        })
    }

    fn state(&self, entry: &Entry) -> State {
        let Record { draft, parked, .. } = &entry.record;
        let sending = self.lanes.get(&draft.topic).and_then(Lane::sending);
        match parked {
            Some(refusal) => State::Parked(refusal.clone()),
            None if sending.is_some_and(|sending| sending.id == draft.id) => State::Sending,
            None if self.author.as_ref().is_some_and(|author| *author != draft.author) => State::OfAnother,
            None => State::Waiting,
        }
    }

    fn start(&mut self) {
        self.running = true;
        self.wake();
        self.load();
        self.add_next();
    }

    /// What is on its way is given up, as far as this tab is concerned: it goes again, under the same key.
    fn stop(&mut self) {
        self.running = false;
        for topic in self.lanes.keys().cloned().collect::<Vec<_>>() {
            let Some(lane) = self.lanes.get_mut(&topic) else { continue };
            let attempt = lane.sending().map(|sending| sending.attempt);
            if let Some(attempt) = attempt {
                self.outputs.push_back(Output::Abort { attempt });
            }
            self.release(&topic);
        }
        self.changed = true;
    }

    fn record(&mut self, draft: Draft) {
        self.lane(&draft.topic).claim_at = Instant(0);
        self.entries.record(draft);
        self.changed = true;
        self.add_next();
    }

    /// Somebody decides about a draft.
    fn command(&mut self, id: &IdempotencyKey, command: Command) {
        if self.entries.is_over(id) {
            return;
        }
        let Some(entry) = self.entries.find(id) else { return };
        let topic = entry.record.draft.topic.clone();
        let lane = self.lane(&topic);
        lane.commands.push_back((id.clone(), command, Done::No));
        lane.claim_at = Instant(0);
        lane.wake();
    }

    fn lane(&mut self, topic: &Topic) -> &mut Lane {
        self.lanes.entry(topic.clone()).or_default()
    }

    /// Something speaks for it that sending works now.
    fn wake(&mut self) {
        self.lanes.values_mut().for_each(Lane::wake);
    }

    fn emit(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    fn ask(&mut self, job: Job, request: Request) -> Task {
        self.last_task += 1;
        let task = Task(self.last_task);
        self.jobs.insert(task, job);
        self.outputs.push_back(Output::Store { task, request });
        task
    }

    fn load(&mut self) {
        if self.running && !self.jobs.values().any(|job| matches!(job, Job::Load)) {
            self.ask(Job::Load, Request::Load);
        }
    }

    /// Asks the storage to take what it lacks, one after the other, so that it numbers them as they were recorded.
    fn add_next(&mut self) {
        let Some(entry) = self.entries.next_to_add() else { return };
        let record = Box::new(entry.record.clone());
        let id = record.draft.id.clone();
        let task = self.ask(Job::Add(id.clone()), Request::Add(record));
        if let Some(entry) = self.entries.find(&id) {
            entry.added = Added::Asked(task);
        }
    }

    fn in_flight(&self) -> BTreeSet<IdempotencyKey> {
        self.lanes.values().filter_map(Lane::sending).map(|sending| sending.id.clone()).collect()
    }

    fn has_free_lane(&self) -> bool {
        self.lanes.values().filter(|lane| !lane.is_idle()).count() < self.config.lanes_at_once
    }

    /// Whether the storage has refused, and has not done anything since.
    const fn is_loose(&self) -> bool {
        self.store_retry_at.is_some()
    }

    fn head(&self, topic: &Topic) -> Option<&Entry> {
        let author = self.author.as_ref().filter(|_| self.online && self.running)?;
        self.entries.head(topic, author, self.is_loose())
    }
}
