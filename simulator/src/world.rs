//! The world: time, what happens next, and what is known to be true.

use std::{collections::BTreeMap, sync::Arc};

use client_core::{
    Attempt, Event, Input, Instant, Output, Status,
    timeline::{Echo, EchoState, Row},
};
use parking_lot::Mutex;
use rand::{Rng, SeedableRng, rngs::SmallRng};
use server::{
    hub::{Hub, HubOptions},
    store::{Appended, OpenError, Store},
    time::Millis,
};
use shared::{
    Change, CloseCode, EventId, Position, Publication, ServerFrame, Topic,
    model::media::{Media, MediaKind},
};

use crate::{
    check::{Truth, Violations},
    fault::{self, Fault},
    link::{Kind, Link},
    page::{Draft, Page},
    server_side::TIDY_EVERY_MS,
};

/// How long things go wrong, in milliseconds of virtual time.
const FAULTS_FOR_MS: u64 = 180_000;
/// How long after that everybody must be caught up: the longest backoff, a hidden page's heartbeat and the
/// longest pause between polls, one after the other.
const HEALED_WITHIN_MS: u64 = 150_000;
/// Steps after which a run is taken to be stuck.
const STEPS_MAX: u64 = 5_000_000;
/// Actions on their way at one time.
const QUEUE_MAX: usize = 50_000;

/// A bug planted between the client and the page, to see that the checks bite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Plant {
    /// Now and then a publication is not given to the page.
    Skip,
    /// Now and then publications are given twice.
    Double,
    /// After a reconnect the page begins at the head instead of at its position.
    Forget,
}

/// What came of one seed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Report {
    pub violations: Violations,
    pub virtual_ms: u64,
    pub faults: u64,
    pub publications: u64,
    pub steps: u64,
    /// Clients that had not caught up when they had to have.
    pub behind: u64,
}

/// Whether a report is a good one.
pub type Outcome = Result<Report, Report>;

/// What happens at some moment.
#[derive(Debug)]
pub(crate) enum Action {
    Input {
        page: usize,
        life: u64,
        input: Box<Input>,
    },
    Arrive {
        link: u64,
    },
    Hear {
        link: u64,
        text: String,
    },
    Leave {
        link: u64,
    },
    Drain {
        link: u64,
    },
    Break {
        link: u64,
    },
    Heartbeat {
        link: u64,
        since: u64,
    },
    Bell {
        server_life: u64,
        appended: Vec<Appended>,
    },
    Tidy,
    ReadPage {
        page: usize,
        life: u64,
        event: EventId,
        before: Option<String>,
    },
    PageRead {
        page: usize,
        life: u64,
        event: EventId,
        before: Option<String>,
        answer: Box<Option<shared::rest::Page<Media>>>,
    },
    Post {
        page: usize,
        life: u64,
        draft: Draft,
    },
    Posted {
        page: usize,
        life: u64,
        draft: Draft,
        answer: Box<Option<Media>>,
    },
    Author,
    Misfortune,
    Fault(Fault),
}

pub(crate) struct World {
    pub(crate) now: u64,
    pub(crate) rng: SmallRng,
    pub(crate) store: Store,
    pub(crate) commits: Arc<Mutex<Vec<Vec<Appended>>>>,
    pub(crate) truth: Truth,
    pub(crate) hub: Option<Arc<Hub>>,
    pub(crate) server_life: u64,
    pub(crate) deaf_bus: bool,
    pub(crate) store_fails: bool,
    pub(crate) pages: Vec<Page>,
    pub(crate) links: BTreeMap<u64, Link>,
    pub(crate) report: Report,
    pub(crate) events: Vec<EventId>,
    queue: BTreeMap<(u64, u64), Action>,
    last_number: u64,
    acknowledged: Vec<Draft>,
    plant: Option<Plant>,
    trace: bool,
}

/// Runs one seed to its end.
pub fn run(seed: u64, plant: Option<Plant>, trace: bool) -> Result<Outcome, OpenError> {
    let mut world = World::new(seed, plant, trace)?;
    world.later(0, Action::Tidy);
    world.later(500, Action::Author);
    world.later(2_000, Action::Misfortune);
    world.run_until(FAULTS_FOR_MS);
    world.heal();
    world.run_until(FAULTS_FOR_MS + HEALED_WITHIN_MS);
    world.judge();
    let report = Report { virtual_ms: world.now, publications: world.truth.publications(), ..world.report };
    Ok(if report.violations.any() || report.behind > 0 { Err(report) } else { Ok(report) })
}

impl World {
    fn new(seed: u64, plant: Option<Plant>, trace: bool) -> Result<Self, OpenError> {
        let mut rng = SmallRng::seed_from_u64(seed);
        let commits: Arc<Mutex<Vec<Vec<Appended>>>> = Arc::default();
        let heard = commits.clone();
        let store = Store::inline(Arc::new(move |appended| heard.lock().push(appended)))?;
        let events: Vec<EventId> =
            (0..rng.random_range(1..4)).filter_map(|n| format!("e{n}").parse().ok()).collect();
        let mut world = Self {
            now: 0,
            store,
            commits,
            truth: Truth::default(),
            hub: None,
            server_life: 0,
            deaf_bus: false,
            store_fails: false,
            pages: Vec::new(),
            links: BTreeMap::new(),
            report: Report::default(),
            events,
            queue: BTreeMap::new(),
            last_number: 0,
            acknowledged: Vec::new(),
            plant,
            trace,
            rng: SmallRng::seed_from_u64(seed ^ 0x5eed),
        };
        world.create_events();
        world.start_server();
        for index in 0..rng.random_range(3..9) {
            let latency = rng.random_range(2..150);
            let followed = rng.random_range(1..=world.events.len());
            world.pages.push(Page::new(rng.random(), 0, &world.events[..followed], latency));
            world.open_page(index);
        }
        Ok(world)
    }

    fn start_server(&mut self) {
        self.server_life += 1;
        let mut options = HubOptions::default();
        if self.rng.random_bool(0.3) {
            options.window_ms.iter_mut().for_each(|(_, ms)| *ms = 0);
        }
        // A short tail, so that readers who are behind read the store.
        options.tail_bytes = 4 * 1024;
        self.hub = Some(Arc::new(Hub::new(self.store.clone(), options)));
    }

    fn open_page(&mut self, page: usize) {
        let topics: Vec<Topic> = self.pages[page].views.iter().map(crate::page::View::topic).collect();
        for topic in topics {
            self.input(page, Input::Subscribe { topic, position: None });
        }
        self.input(page, Input::Start);
    }

    pub(crate) fn later(&mut self, delay_ms: u64, action: Action) {
        self.at(self.now + delay_ms, action);
    }

    fn at(&mut self, at: u64, action: Action) {
        self.last_number += 1;
        self.queue.insert((at.max(self.now), self.last_number), action);
        if self.queue.len() > QUEUE_MAX {
            self.report.violations.unbounded += 1;
        }
    }

    /// How long the network takes, one way.
    pub(crate) fn delay(&mut self, page: usize) -> u64 {
        let Page { latency_ms, delay_ms, .. } = self.pages[page];
        latency_ms + delay_ms + self.rng.random_range(0..=latency_ms / 2)
    }

    pub(crate) fn tell(&mut self, page: usize, life: u64, delay_ms: u64, input: Input) {
        self.later(delay_ms, Action::Input { page, life, input: Box::new(input) });
    }

    /// A frame goes down to a page; frames of one connection do not overtake one another.
    pub(crate) fn frame_down(&mut self, id: u64, text: &str) {
        let Some((page, dead)) = self.links.get(&id).map(|link| (link.page, link.dead)) else { return };
        if dead {
            return;
        }
        let at = self.now + self.delay(page);
        let Some(link) = self.links.get_mut(&id) else { return };
        link.down_at = link.down_at.max(at);
        let (attempt, life, at) = (link.attempt, link.life, link.down_at);
        let input = match ServerFrame::decode(text) {
            Ok(frame) => Input::Received { attempt, frame },
            Err(_) => Input::ReceivedNonsense { attempt },
        };
        self.at(at, Action::Input { page, life, input: Box::new(input) });
    }

    /// The server, or something in between, ends a connection and the page is told.
    pub(crate) fn end(&mut self, id: u64, code: Option<CloseCode>) {
        let Some(link) = self.links.remove(&id) else { return };
        if link.dead {
            return;
        }
        let at = link.down_at.max(self.now + self.delay(link.page));
        let code = code.map(CloseCode::number);
        let input = Input::Closed { attempt: link.attempt, code, retry_after: None };
        self.at(at, Action::Input { page: link.page, life: link.life, input: Box::new(input) });
    }

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
                self.input(page, Input::Timeout);
            }
            self.pump();
        }
        self.now = end;
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Input { page, life, input } => {
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
            Action::Arrive { link } => self.arrive(link),
            Action::Hear { link, text } => self.hear(link, &text),
            Action::Leave { link } => drop(self.links.remove(&link)),
            Action::Drain { link } => self.drain(link),
            Action::Break { link } => self.end(link, None),
            Action::Heartbeat { link, since } => self.heartbeat(link, since),
            Action::Bell { server_life, appended } if server_life == self.server_life => self.bell(&appended),
            Action::Tidy => {
                self.tidy();
                self.later(TIDY_EVERY_MS, Action::Tidy);
            }
            Action::ReadPage { page, life, event, before } => {
                let answer = Box::new(self.read_page(&event, before.as_deref()));
                let delay = self.delay(page);
                self.later(delay, Action::PageRead { page, life, event, before, answer });
            }
            Action::PageRead { page, life, event, before, answer } if self.pages[page].life == life => {
                self.page_read(page, &event, before, *answer);
            }
            // A bell of a server that is gone, an answer to a page that is.
            Action::Bell { .. } | Action::PageRead { .. } => {}
            Action::Post { page, life, draft } => {
                let answer = if self.hub.is_some() && !self.store_fails { self.post(&draft) } else { None };
                if answer.is_some() {
                    self.acknowledged.push(draft.clone());
                }
                // The answer may be lost though the item is stored.
                let answer = Box::new(answer.filter(|_| self.rng.random_bool(0.9)));
                let delay = self.delay(page);
                self.later(delay, Action::Posted { page, life, draft, answer });
            }
            Action::Posted { page, life, draft, answer } => self.posted(page, life, draft, *answer),
            Action::Author => self.author(),
            Action::Misfortune => {
                let (fault, end) = fault::random(&mut self.rng, self.pages.len());
                self.fault(fault);
                if let Some((after, end)) = end {
                    self.later(after, Action::Fault(end));
                }
                if self.now < FAULTS_FOR_MS {
                    let pause = self.rng.random_range(200..8_000);
                    self.later(pause, Action::Misfortune);
                }
            }
            Action::Fault(fault) => self.fault(fault),
        }
    }

    /// The server lets go of a client that it has not heard.
    fn heartbeat(&mut self, id: u64, since: u64) {
        let Some(link) = self.links.get(&id) else { return };
        let last = link.up_at.max(since);
        if link.dead || self.now >= last + 60_000 {
            self.end(id, Some(CloseCode::HeartbeatLost));
        } else {
            self.at(last + 60_000, Action::Heartbeat { link: id, since });
        }
    }

    fn say(&self, page: usize, what: impl FnOnce() -> String) {
        if self.trace {
            println!("{:>10.3} page {page} {}", self.now as f64 / 1000.0, what());
        }
    }

    pub(crate) fn input(&mut self, page: usize, input: Input) {
        self.say(page, || format!("< {input:?}"));
        self.pages[page].client.handle_input(Instant(self.now), input);
        let mut outputs = 0;
        while let Some(output) = self.pages[page].client.poll_output() {
            outputs += 1;
            self.say(page, || format!("> {output:?}"));
            self.output(page, output);
        }
        if outputs > 1_000 {
            self.report.violations.unbounded += 1;
        }
    }

    fn output(&mut self, page: usize, output: Output) {
        match output {
            Output::Open { attempt } if self.pages[page].socket_blocked => {
                let (life, delay) = (self.pages[page].life, self.delay(page));
                self.tell(page, life, delay, Input::Closed { attempt, code: None, retry_after: None });
            }
            Output::Open { attempt } => self.connect(page, attempt, Kind::Socket),
            Output::Poll { attempt, from, wait } => {
                let wait_ms = wait.as_millis() as u64;
                self.connect(page, attempt, Kind::Poll { from, wait_ms, until: 0, frames: Vec::new() });
            }
            Output::Send { attempt, frame } => {
                let Some(id) = self.pages[page].links.get(&attempt).copied() else { return };
                let (Ok(text), at) = (frame.encode(), self.now + self.delay(page)) else { return };
                if let Some(link) = self.links.get_mut(&id) {
                    link.up_at = link.up_at.max(at);
                    let at = link.up_at;
                    self.at(at, Action::Hear { link: id, text });
                }
            }
            Output::Close { attempt } => {
                if let Some(id) = self.pages[page].links.remove(&attempt) {
                    let delay = self.delay(page);
                    self.later(delay, Action::Leave { link: id });
                }
            }
            Output::Event(event) => self.event(page, event),
        }
    }

    fn connect(&mut self, page: usize, attempt: Attempt, kind: Kind) {
        self.last_number += 1;
        let id = self.last_number;
        let delay = self.delay(page);
        let life = self.pages[page].life;
        let up_at = self.now + delay;
        self.links.insert(
            id,
            Link {
                page,
                life,
                attempt,
                kind,
                session: None,
                dead: false,
                down_at: 0,
                up_at,
                draining: false,
            },
        );
        self.pages[page].links.insert(attempt, id);
        self.at(up_at, Action::Arrive { link: id });
    }

    fn event(&mut self, page: usize, event: Event) {
        match event {
            Event::Publications { topic, publications, position } => {
                self.give(page, &topic, publications, &position);
            }
            Event::SnapshotNeeded { topic, .. } => {
                let Some(event) = topic.event_id() else { return };
                self.ask_page(page, event, None);
            }
            Event::Status(Status::Reconnecting { .. }) if self.plant == Some(Plant::Forget) => {
                self.forget(page);
            }
            Event::SubscriptionRefused { .. } => self.report.violations.lost += 1,
            Event::Status(_) | Event::PresenceCount { .. } | Event::Complaint { .. } => {}
        }
    }

    /// The planted bug: the page goes on from the head.
    fn forget(&mut self, page: usize) {
        let topics: Vec<Topic> = self.pages[page].views.iter().map(crate::page::View::topic).collect();
        for topic in topics {
            let Some(mut position) = self.pages[page].client.position(&topic) else { continue };
            position.offset.0 = self.truth.log(&topic).len() as u64;
            let life = self.pages[page].life;
            self.tell(page, life, 0, Input::Subscribe { topic, position: Some(position) });
        }
    }

    /// Gives publications to the page, past the planted bugs, and checks what arrives.
    fn give(&mut self, page: usize, topic: &Topic, mut publications: Vec<Publication>, position: &Position) {
        if self.plant == Some(Plant::Skip) && self.rng.random_ratio(1, 50) {
            publications.pop();
        }
        let times = if self.plant == Some(Plant::Double) && self.rng.random_ratio(1, 50) { 2 } else { 1 };
        for _ in 0..times {
            let Some(view) = self.pages[page].view(topic) else { return };
            let Some(seen) = view.seen.replace(position.clone()) else {
                self.report.violations.invented += 1;
                return;
            };
            view.timeline.apply_publications(&publications, position);
            let found = self.truth.check(topic, &seen, &publications, position);
            if found.any() {
                self.say(page, || format!("! {found:?}"));
            }
            self.report.violations.add(found);
        }
    }

    /// Reads a page of a timeline; the request or its answer may be lost.
    fn ask_page(&mut self, page: usize, event: EventId, before: Option<String>) {
        let (life, delay) = (self.pages[page].life, self.delay(page));
        if self.now < FAULTS_FOR_MS && self.rng.random_ratio(1, 10) {
            self.later(3_000, Action::PageRead { page, life, event, before, answer: Box::new(None) });
        } else {
            self.later(delay, Action::ReadPage { page, life, event, before });
        }
    }

    fn page_read(
        &mut self,
        page: usize,
        event: &EventId,
        before: Option<String>,
        answer: Option<shared::rest::Page<Media>>,
    ) {
        let topic = Topic::event(event);
        let Some(view) = self.pages[page].view(&topic) else { return };
        match (before, answer) {
            (None, Some(answer)) => {
                let position = answer.cursor.0.clone();
                view.timeline.apply_snapshot(answer);
                view.seen = Some(position.clone());
                self.input(page, Input::SnapshotApplied { topic, position });
            }
            (None, None) => self.input(page, Input::SnapshotFailed { topic }),
            (Some(before), answer) => {
                view.loading = false;
                if let Some(answer) = answer {
                    view.timeline.insert_older_page(&before, answer);
                }
            }
        }
    }

    /// Somebody posts, changes or deletes; a page writes something itself; a reader scrolls down.
    fn author(&mut self) {
        let event = self.events[self.rng.random_range(0..self.events.len())].clone();
        match self.rng.random_range(0..10) {
            0..4 => {
                let burst = if self.rng.random_ratio(1, 20) { 40 } else { self.rng.random_range(1..4) };
                for _ in 0..burst {
                    let draft = self.draft(&event);
                    if self.hub.is_some() && self.post(&draft).is_some() {
                        self.acknowledged.push(draft);
                    }
                }
            }
            4..6 if self.hub.is_some() => self.edit(&event),
            6..8 => self.write(),
            _ => self.scroll(),
        }
        if self.now < FAULTS_FOR_MS {
            let pause = self.rng.random_range(20..1_500);
            self.later(pause, Action::Author);
        }
    }

    fn draft(&mut self, event: &EventId) -> Draft {
        self.last_number += 1;
        let number = self.last_number;
        match format!("k{number}").parse() {
            Ok(key) => Draft { key, event: event.clone(), text: format!("said at {}", self.now) },
            Err(_) => unreachable!("a number is a key"),
        }
    }

    fn write(&mut self) {
        let page = self.rng.random_range(0..self.pages.len());
        let event = self.pages[page].views[0].event.clone();
        let draft = self.draft(&event);
        let echo = Echo {
            key: draft.key.clone(),
            kind: MediaKind::Text,
            text: draft.text.clone(),
            author: "Ada".to_owned(),
            preview: None,
            state: EchoState::Sending,
        };
        self.pages[page].views[0].timeline.add_echo(echo);
        self.pages[page].drafts.insert(draft.key.clone(), draft.clone());
        self.send(page, draft);
    }

    fn send(&mut self, page: usize, draft: Draft) {
        let (life, delay) = (self.pages[page].life, self.delay(page));
        self.later(delay, Action::Post { page, life, draft });
    }

    fn posted(&mut self, page: usize, life: u64, draft: Draft, answer: Option<Media>) {
        if self.pages[page].life != life {
            return;
        }
        match answer {
            Some(media) => {
                self.pages[page].drafts.remove(&draft.key);
                if let Some(view) = self.pages[page].view(&Topic::event(&draft.event)) {
                    view.timeline.confirm_echo(media);
                }
            }
            // Sent again under the same key until it is answered.
            None => self.later(2_000, Action::Post { page, life, draft }),
        }
    }

    fn scroll(&mut self) {
        let page = self.rng.random_range(0..self.pages.len());
        for index in 0..self.pages[page].views.len() {
            let view = &mut self.pages[page].views[index];
            if let (false, Some(before)) = (view.loading, view.timeline.older().map(str::to_owned)) {
                view.loading = true;
                let event = view.event.clone();
                self.ask_page(page, event, Some(before));
            }
        }
    }

    fn links_of(&self, page: usize, of: impl Fn(&Kind) -> bool) -> Vec<u64> {
        self.links.iter().filter(|(_, link)| link.page == page && of(&link.kind)).map(|(id, _)| *id).collect()
    }

    fn fault(&mut self, fault: Fault) {
        self.report.faults += 1;
        if self.trace {
            println!("{:>10.3} {fault:?}", self.now as f64 / 1000.0);
        }
        match fault {
            Fault::Cut(page) => {
                for id in self.links_of(page, |_| true) {
                    self.end(id, None);
                }
            }
            Fault::HalfOpen(page) => {
                for id in self.links_of(page, |_| true) {
                    if let Some(link) = self.links.get_mut(&id) {
                        link.dead = true;
                    }
                }
            }
            Fault::Delay(page, ms) => self.pages[page].delay_ms = ms,
            Fault::BlockSocket(page, blocked) => {
                self.pages[page].socket_blocked = blocked;
                if blocked {
                    for id in self.links_of(page, |kind| matches!(kind, Kind::Socket)) {
                        self.end(id, None);
                    }
                }
            }
            Fault::BreakPolls(page, broken) => self.pages[page].polls_broken = broken,
            Fault::Kill => self.kill(),
            Fault::CommitAndKill => {
                let event = self.events[0].clone();
                let draft = self.draft(&event);
                if self.hub.is_some() && self.post(&draft).is_some() {
                    self.acknowledged.push(draft);
                }
                self.kill();
            }
            Fault::Restart if self.hub.is_none() => self.start_server(),
            Fault::Restart => {}
            Fault::DeafBus(deaf) => self.deaf_bus = deaf,
            Fault::Suspend(page, ms) => {
                // What arrives during a sleep is handed over at its end: it ends with the faults at the latest.
                self.pages[page].asleep_until = (self.now + ms).min(FAULTS_FOR_MS).max(self.now);
                if self.rng.random_bool(0.5) {
                    self.fault(Fault::HalfOpen(page));
                }
            }
            Fault::Reload(page) => self.reload(page),
            Fault::StoreFails(fails) => self.store_fails = fails,
            Fault::Online(page, online) => self.input(page, Input::Online(online)),
            Fault::Visible(page, visible) => self.input(page, Input::Visible(visible)),
        }
    }

    /// The process is gone: hub, sessions and bells with it.
    fn kill(&mut self) {
        for id in self.links.keys().copied().collect::<Vec<_>>() {
            self.end(id, None);
        }
        self.hub = None;
        self.server_life += 1;
    }

    fn reload(&mut self, page: usize) {
        for id in self.links_of(page, |_| true) {
            drop(self.links.remove(&id));
        }
        let seed = self.rng.random();
        let old = &self.pages[page];
        let events: Vec<EventId> = old.views.iter().map(|view| view.event.clone()).collect();
        self.pages[page] = Page {
            socket_blocked: old.socket_blocked,
            polls_broken: old.polls_broken,
            delay_ms: old.delay_ms,
            ..Page::new(seed, old.life + 1, &events, old.latency_ms)
        };
        self.open_page(page);
    }

    /// Nothing goes wrong any more.
    fn heal(&mut self) {
        let over = |action: &Action| matches!(action, Action::Misfortune | Action::Fault(_));
        self.queue.retain(|_, action| !over(action));
        self.deaf_bus = false;
        self.store_fails = false;
        self.fault(Fault::Restart);
        for page in 0..self.pages.len() {
            self.pages[page].socket_blocked = false;
            self.pages[page].polls_broken = false;
            self.pages[page].delay_ms = 0;
            self.input(page, Input::Online(true));
            self.input(page, Input::Visible(true));
        }
    }

    /// At the end everybody is at the head, and every timeline is the recount.
    fn judge(&mut self) {
        for page in 0..self.pages.len() {
            for index in 0..self.pages[page].views.len() {
                self.read_down(page, index);
            }
            let mut behind = !matches!(self.pages[page].client.status(), Status::Live | Status::Polling);
            for index in 0..self.pages[page].views.len() {
                let view = &self.pages[page].views[index];
                let head = self.truth.log(&view.topic()).len() as u64;
                if view.seen.as_ref().map_or(0, |seen| seen.offset.0) != head {
                    behind = true;
                    self.say(page, || {
                        format!("! {} stands at {:?} and not at {head}", view.event, view.seen)
                    });
                    continue;
                }
                let shown: Vec<&Row> = view.timeline.rows().map(|(_, row)| row).collect();
                let recount: Vec<Row> =
                    self.recount(&view.event).into_iter().map(|m| Row::Media(Box::new(m))).collect();
                if shown != recount.iter().collect::<Vec<_>>() {
                    self.say(page, || format!("! the timeline is {shown:#?} and not {recount:#?}"));
                    self.report.violations.lost += 1;
                }
            }
            self.report.behind += u64::from(behind);
        }
        let mut times: BTreeMap<String, u64> = BTreeMap::new();
        for event in &self.events {
            for entry in self.truth.log(&Topic::event(event)) {
                if let Ok(Change::MediaNew(media)) = Change::parse(&entry.type_name, &entry.payload)
                    && let Some(key) = &media.key
                {
                    *times.entry(key.to_string()).or_default() += 1;
                }
            }
        }
        for draft in &self.acknowledged {
            match times.get(draft.key.as_str()) {
                Some(1) => {}
                Some(_) => self.report.violations.doubles += 1,
                None => self.report.violations.lost += 1,
            }
        }
    }

    /// The reader scrolls to the very bottom.
    fn read_down(&mut self, page: usize, index: usize) {
        for _ in 0..10_000 {
            let view = &self.pages[page].views[index];
            let (event, Some(before)) = (view.event.clone(), view.timeline.older().map(str::to_owned)) else {
                return;
            };
            if let Some(answer) = self.read_page(&event, Some(&before)) {
                self.pages[page].views[index].timeline.insert_older_page(&before, answer);
            }
        }
    }
}
