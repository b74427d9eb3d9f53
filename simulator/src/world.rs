//! The world: time, what happens next, and what is known to be true.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use client_core::{Input, Instant, outbox};
use parking_lot::Mutex;
use rand::{Rng, SeedableRng, rngs::SmallRng, seq::IndexedRandom as _};
use server::{
    hub::Hub,
    store::{Appended, OpenError, Store},
    time::Millis,
};
use shared::{EventId, IdempotencyKey};

use crate::{
    Outcome, Plant, Report,
    action::Action,
    check::Truth,
    device::Device,
    link::Link,
    page::Page,
    recorder::{Answers, Recorded, Senders},
    rights::Rights,
};

/// How long things go wrong, in milliseconds of virtual time.
pub(crate) const FAULTS_FOR_MS: u64 = 180_000;
/// How long after that everybody must be caught up: the longest backoff, a hidden page's heartbeat and the
/// longest pause between polls, one after the other.
const HEALED_WITHIN_MS: u64 = 150_000;
/// How long after everybody has left nothing may be left of them: a heartbeat that is missed, then the
/// time for which a topic without readers is kept, and the look at it.
const FORGOTTEN_WITHIN_MS: u64 = 60_000 + 60_000 + 10_000;
/// Steps after which a run is taken to be stuck.
const STEPS_MAX: u64 = 5_000_000;
/// Actions on their way at one time.
const QUEUE_MAX: usize = 50_000;
/// Lengths of the window (E12), in milliseconds.
const WINDOWS_MS: [u64; 3] = [0, 200, 1_000];
/// Bytes of a topic kept in memory: little, so that readers who are behind read the store.
const TAILS_BYTES: [usize; 3] = [1, 1_024, 8_192];
/// Publications of a topic that retention keeps, where it is on.
const KEEP: std::ops::Range<u64> = 3..80;

pub(crate) struct World {
    pub(crate) now: u64,
    pub(crate) rng: SmallRng,
    pub(crate) queue: BTreeMap<(u64, u64), Action>,
    pub(crate) report: Report,
    pub(crate) plant: Option<Plant>,
    pub(crate) trace: bool,
    last_number: u64,

    pub(crate) store: Store,
    /// What the store has announced and nobody has looked at yet.
    pub(crate) commits: Arc<Mutex<Vec<Vec<Appended>>>>,
    /// `None` while the server is down.
    pub(crate) hub: Option<Arc<Hub>>,
    pub(crate) server_life: u64,
    pub(crate) window_ms: u64,
    pub(crate) tail_bytes: usize,
    /// Newest publications that retention keeps; `None` keeps all.
    pub(crate) keep: Option<u64>,
    pub(crate) deaf_bus: bool,

    pub(crate) pages: Vec<Page>,
    pub(crate) devices: Vec<Device>,
    pub(crate) links: BTreeMap<u64, Link>,

    pub(crate) events: Vec<EventId>,
    pub(crate) truth: Truth,
    pub(crate) rights: Rights,
    /// Texts of the drafts that the server has acknowledged.
    pub(crate) acknowledged: BTreeSet<String>,
    /// What was recorded on pages, in that order.
    pub(crate) recorded: Vec<(IdempotencyKey, Recorded)>,
    pub(crate) answers: Answers,
    pub(crate) sending: Senders,
}

/// Runs one seed to its end.
///
/// # Errors
/// When the store does not open.
pub fn run(seed: u64, plant: Option<Plant>, trace: bool) -> Result<Outcome, OpenError> {
    let mut world = World::new(seed, plant, trace)?;
    world.later(0, Action::Tidy);
    world.later(500, Action::People);
    world.later(2_000, Action::Misfortune);
    world.later(5_000, Action::Trim);
    world.later(1_000, Action::Revisit);
    world.later(4_000, Action::Decide);
    world.run_until(FAULTS_FOR_MS);
    world.heal();
    world.run_until(FAULTS_FOR_MS + HEALED_WITHIN_MS);
    world.judge();
    world.leave_all();
    world.run_until(FAULTS_FOR_MS + HEALED_WITHIN_MS + FORGOTTEN_WITHIN_MS);
    world.judge_leftovers();
    let report = Report { virtual_ms: world.now, publications: world.truth.publications(), ..world.report };
    Ok(if report.is_good() { Ok(report) } else { Err(Box::new(report)) })
}

impl World {
    fn new(seed: u64, plant: Option<Plant>, trace: bool) -> Result<Self, OpenError> {
        let mut dice = SmallRng::seed_from_u64(seed);
        let commits: Arc<Mutex<Vec<Vec<Appended>>>> = Arc::default();
        let heard = commits.clone();
        let store = Store::inline(Arc::new(move |appended| heard.lock().push(appended)))?;
        let mut world = Self {
            now: 0,
            rng: SmallRng::seed_from_u64(seed ^ 0x5eed),
            queue: BTreeMap::new(),
            report: Report::default(),
            plant,
            trace,
            last_number: 0,
            store,
            commits,
            hub: None,
            server_life: 0,
            window_ms: WINDOWS_MS.choose(&mut dice).copied().unwrap_or_default(),
            tail_bytes: TAILS_BYTES.choose(&mut dice).copied().unwrap_or_default(),
            keep: dice.random_bool(0.5).then(|| dice.random_range(KEEP)),
            deaf_bus: false,
            pages: Vec::new(),
            devices: Vec::new(),
            links: BTreeMap::new(),
            events: (0..dice.random_range(1..4)).filter_map(|n| format!("e{n}").parse().ok()).collect(),
            truth: Truth::default(),
            rights: Rights::default(),
            acknowledged: BTreeSet::new(),
            recorded: Vec::new(),
            answers: Answers::new(),
            sending: Senders::new(),
        };
        world.first_rights();
        world.create_events();
        world.start_server();
        for index in 0..dice.random_range(3..9) {
            let latency = dice.random_range(2..150);
            let followed = dice.random_range(1..=world.events.len());
            // Every third is a further tab of the browser before.
            if world.devices.is_empty() || dice.random_ratio(2, 3) {
                world.devices.push(Device::default());
            }
            let device = world.devices.len() - 1;
            world.pages.push(Page::new(dice.random(), 0, device, &world.events[..followed], latency));
            world.open_page(index);
        }
        Ok(world)
    }

    pub(crate) fn later(&mut self, delay_ms: u64, action: Action) {
        self.at(self.now + delay_ms, action);
    }

    pub(crate) fn at(&mut self, at: u64, action: Action) {
        let number = self.new_number();
        self.queue.insert((at.max(self.now), number), action);
        if self.queue.len() > QUEUE_MAX {
            self.report.violations.unbounded += 1;
        }
    }

    /// A number that nothing else in this world has.
    pub(crate) const fn new_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// Tells who traces the run what happened to a page.
    pub(crate) fn say(&self, page: usize, what: impl FnOnce() -> String) {
        if self.trace {
            println!("{:>10.3} page {page} {}", self.now as f64 / 1000.0, what());
        }
    }

    /// Lets happen what happens up to `end`, one thing at a time: alarms of the hub, then what was queued,
    /// then timers of clients, where they fall on the same moment.
    fn run_until(&mut self, end: u64) {
        loop {
            self.report.steps += 1;
            if self.report.steps > STEPS_MAX {
                self.report.violations.unbounded += 1;
                return;
            }
            let queued = self.queue.first_key_value().map(|((at, _), _)| *at);
            let alarm = self.hub.as_ref().and_then(|hub| hub.next_alarm()).map(|at| at.0);
            let page = (0..self.pages.len())
                .filter_map(|page| self.pages[page].wakes_at().map(|at| (at, page)))
                .min();
            let next = [queued, alarm, page.map(|(at, _)| at)].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= end) else { break };
            self.now = self.now.max(next);
            if alarm == Some(next) {
                if let Some(hub) = &self.hub {
                    hub.ring(Millis(self.now));
                }
            } else if queued == Some(next) {
                if let Some((_, action)) = self.queue.pop_first() {
                    self.act(action);
                }
            } else if let Some((_, page)) = page {
                self.timeout(page);
            }
            self.pump();
        }
        self.now = end;
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Input { page, life, input } => self.reach_page(page, life, input),
            Action::Arrive { link } => self.arrive(link),
            Action::Hear { link, text } => self.hear(link, &text),
            Action::Leave { link } => self.leave(link),
            Action::Drain { link } => self.drain(link),
            Action::Break { link } => self.end(link, None),
            Action::Heartbeat { link } => self.heartbeat(link),
            Action::Bell { server_life, appended } if server_life == self.server_life => self.bell(&appended),
            // The server that it was meant for is gone.
            Action::Bell { .. } => {}
            Action::Tidy => self.tidy(),
            Action::Trim => self.trim(),
            Action::Revisit => self.revisit(),
            Action::Read(reading) => {
                let answer =
                    Box::new(self.read_page(reading.page, &reading.event, reading.before.as_deref()));
                let delay = self.delay(reading.page);
                self.later(delay, Action::HasRead(reading, answer));
            }
            Action::HasRead(reading, answer) => self.has_read(reading, *answer),
            Action::Post(posting) => self.receive_post(posting),
            Action::Posted(posting, answer) => self.posted(posting, answer),
            Action::Outbox { page, life, input } => self.reach_outbox(page, life, *input),
            Action::Decide => self.decide(),
            Action::People => self.people(),
            Action::Misfortune => self.misfortune(),
            Action::Fault(fault) => self.fault(fault),
        }
    }

    /// A timer of a page fires: its client's, its outbox's, or both.
    fn timeout(&mut self, page: usize) {
        let due = |at: Option<Instant>| at.is_some_and(|at| at.0 <= self.now);
        let Page { client, outbox, .. } = &self.pages[page];
        let (client, outbox) = (due(client.poll_timeout()), due(outbox.poll_timeout()));
        if client {
            self.input(page, Input::Timeout);
        }
        if outbox {
            self.outbox(page, outbox::Input::Timeout);
        }
    }

    /// Something reaches a page; while its machine sleeps, at the end of the sleep.
    fn reach_page(&mut self, page: usize, life: u64, input: Box<Input>) {
        if self.pages[page].life != life {
            return;
        }
        let asleep_until = self.pages[page].asleep_until;
        if asleep_until > self.now {
            self.at(asleep_until, Action::Input { page, life, input });
        } else {
            self.input(page, *input);
        }
    }
}
