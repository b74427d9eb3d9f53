//! Makes faults happen, and ends them all.

use client_core::{Input, outbox};
use rand::Rng;
use shared::EventId;

use crate::{
    action::Action,
    fault::{self, Fault},
    link::{Kind, Served},
    page::Page,
    world::{FAULTS_FOR_MS, World},
};

/// Most of the delay that a server which ends asks each client for, in milliseconds.
const DRAIN_SPAN_MS: u64 = 5_000;

impl World {
    /// Something goes wrong by chance, and again later.
    pub(crate) fn misfortune(&mut self) {
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

    pub(crate) fn fault(&mut self, fault: Fault) {
        self.report.faults += 1;
        if self.trace {
            println!("{:>10.3} {fault:?}", self.now as f64 / 1000.0);
        }
        match fault {
            Fault::Cut(page) => self.cut(page, |_| true),
            Fault::HalfOpen(page) => self.silence(page),
            Fault::Delay(page, ms) => self.pages[page].delay_ms = ms,
            Fault::BlockSocket(page, blocked) => {
                self.pages[page].socket_blocked = blocked;
                if blocked {
                    self.cut(page, |kind| matches!(kind, Kind::Socket));
                }
            }
            Fault::BreakPolls(page, broken) => self.pages[page].polls_broken = broken,
            Fault::Kill => self.kill(),
            Fault::Drain => self.say_goodbye(),
            Fault::CommitAndKill => {
                let event = self.events[0].clone();
                let draft = self.draft(&event);
                self.post(&draft);
                self.kill();
            }
            Fault::Restart if self.hub.is_none() => self.start_server(),
            Fault::Restart => {}
            Fault::DeafBus(deaf) => self.deaf_bus = deaf,
            Fault::Suspend(page, ms) => self.suspend(page, ms),
            Fault::Reload(page) => self.reload(page),
            Fault::Store(failing) => self.store.fail(failing),
            Fault::Online(page, online) => {
                self.tell(page, 0, Input::Online(online));
                self.tell_outbox(page, 0, outbox::Input::Online(online));
            }
            Fault::Storage(page, fault) => self.fail_storage(page, fault),
            Fault::Visible(page, visible) => self.tell(page, 0, Input::Visible(visible)),
        }
    }

    fn links_of(&self, page: usize, of: impl Fn(&Kind) -> bool) -> Vec<u64> {
        self.links.iter().filter(|(_, link)| link.page == page && of(&link.kind)).map(|(id, _)| *id).collect()
    }

    fn cut(&mut self, page: usize, of: impl Fn(&Kind) -> bool) {
        for id in self.links_of(page, of) {
            self.end(id, None);
        }
    }

    fn silence(&mut self, page: usize) {
        for link in self.links.values_mut().filter(|link| link.page == page) {
            link.dead = true;
        }
    }

    /// A machine falls asleep, unless it sleeps already. What arrives meanwhile is handed over at the end, in
    /// the order in which it came; that is with the faults' end at the latest.
    fn suspend(&mut self, page: usize, ms: u64) {
        if self.pages[page].asleep_until > self.now {
            return;
        }
        self.pages[page].asleep_until = (self.now + ms).min(FAULTS_FOR_MS);
        if self.rng.random_bool(0.5) {
            self.silence(page);
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

    /// The server ends in good order: each client is told when to come back.
    fn say_goodbye(&mut self) {
        for id in self.links.keys().copied().collect::<Vec<_>>() {
            let delay_ms = self.rng.random_range(0..=DRAIN_SPAN_MS);
            self.farewell(id, delay_ms);
        }
        self.kill();
    }

    /// The tab is gone, and the browser closes its connections; then it is opened again.
    fn reload(&mut self, page: usize) {
        for id in self.links_of(page, |_| true) {
            let delay = self.delay(page);
            self.later(delay, Action::Leave { link: id });
        }
        let seed = self.rng.random();
        self.count_repairs(page);
        // A tab that is closed says so; one that crashes does not.
        if self.rng.random() {
            self.outbox(page, outbox::Input::Stop);
        }
        let old = &self.pages[page];
        let events: Vec<EventId> = old.views.iter().map(|view| view.event.clone()).collect();
        self.pages[page] = Page {
            socket_blocked: old.socket_blocked,
            polls_broken: old.polls_broken,
            delay_ms: old.delay_ms,
            ..Page::new(seed, old.life + 1, old.device, &events, old.latency_ms)
        };
        let opened = self.rights.moment();
        self.pages[page].views.iter_mut().for_each(|view| view.opened = opened);
        self.open_page(page);
    }

    /// Nothing goes wrong any more.
    pub(crate) fn heal(&mut self) {
        let over = |action: &Action| matches!(action, Action::Misfortune | Action::Fault(_));
        self.queue.retain(|_, action| !over(action));
        self.deaf_bus = false;
        self.store.fail(server::store::Failing::default());
        self.fault(Fault::Restart);
        for page in 0..self.pages.len() {
            self.pages[page].socket_blocked = false;
            self.pages[page].polls_broken = false;
            self.pages[page].delay_ms = 0;
            self.fail_storage(page, None);
            self.input(page, Input::Online(true));
            self.outbox(page, outbox::Input::Online(true));
            self.input(page, Input::Visible(true));
        }
    }

    /// The rest of what a session has to say, as far as it has been served at all, and its last word.
    fn farewell(&mut self, id: u64, delay_ms: u64) {
        let Some(link) = self.links.get_mut(&id) else { return };
        match link.served.as_deref_mut() {
            Some(Served::Socket(session)) => {
                session.farewell(delay_ms);
                self.drain(id);
                self.end(id, Some(shared::CloseCode::Draining));
            }
            Some(Served::Poll(hold)) => {
                crate::server_side::now(hold.farewell(server::time::Millis(self.now), delay_ms));
                self.answer(id);
            }
            None => {}
        }
    }
}
