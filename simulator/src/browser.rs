//! Drives the client of each page as a browser does: inputs in, outputs carried out, events shown.

use client_core::{
    Event, Input, Instant, Output, Status,
    outbox::{self, Author},
};
use rand::Rng;
use shared::{
    EventId, Position, Publication, ServerFrame, Topic, frame::NotRecovered, model::media::Media, rest::Page,
};

use crate::{
    Plant,
    action::{Action, Reading, Unread},
    link::Kind,
    world::{FAULTS_FOR_MS, World},
};

/// Most outputs that one input may have.
const OUTPUTS_MAX: usize = 1_000;
/// How long a browser waits for an answer that is lost, in milliseconds.
const LOST_AFTER_MS: u64 = 3_000;

impl World {
    /// A page is opened: it wants its events and begins to connect.
    pub(crate) fn open_page(&mut self, page: usize) {
        for topic in self.topics_of(page) {
            self.input(page, Input::Subscribe { topic, position: None });
        }
        self.input(page, Input::Start);
        self.outbox(page, outbox::Input::Author(Some(Author::Visitor)));
        self.outbox(page, outbox::Input::Start);
    }

    fn topics_of(&self, page: usize) -> Vec<Topic> {
        self.pages[page].views.iter().map(crate::page::View::topic).collect()
    }

    /// Hands an input to a client and does what it asks for.
    pub(crate) fn input(&mut self, page: usize, input: Input) {
        self.say(page, || format!("< {input:?}"));
        self.pages[page].client.handle_input(Instant(self.now), input);
        let mut outputs = 0;
        while let Some(output) = self.pages[page].client.poll_output() {
            outputs += 1;
            self.say(page, || format!("> {output:?}"));
            self.output(page, output);
        }
        if outputs > OUTPUTS_MAX {
            self.report.violations.unbounded += 1;
        }
    }

    fn output(&mut self, page: usize, output: Output) {
        match output {
            Output::Open { attempt } if self.pages[page].socket_blocked => {
                let delay = self.delay(page);
                self.tell(page, delay, Input::Closed { attempt, code: None, retry_after: None });
            }
            Output::Open { attempt } => self.connect(page, attempt, Kind::Socket),
            Output::Poll { attempt, from, wait } => {
                self.connect(page, attempt, Kind::Poll { from, wait_ms: wait.as_millis() as u64 });
            }
            Output::Send { attempt, frame } => {
                if let Ok(text) = frame.encode() {
                    self.text_up(page, attempt, text);
                }
            }
            Output::Close { attempt } => self.close_up(page, attempt),
            Output::Event(event) => self.event(page, event),
        }
    }

    fn event(&mut self, page: usize, event: Event) {
        match event {
            Event::Publications { topic, publications, position } => {
                self.give(page, &topic, publications, &position);
            }
            Event::SnapshotNeeded { topic, reason } => {
                let Some(event) = topic.event_id() else { return };
                self.report.expired += u64::from(reason == NotRecovered::Expired);
                self.ask_page(page, event, None);
            }
            Event::Ephemeral { topic, frame } => {
                if let Some(view) = self.pages[page].view(&topic) {
                    view.people.handle(&frame);
                    if let ServerFrame::PresenceCount(_, count) = frame {
                        view.watchers = Some(count.watchers);
                    }
                }
            }
            Event::Status(Status::Reconnecting { .. }) if self.plant == Some(Plant::Forget) => {
                self.forget(page);
            }
            Event::SubscriptionRefused { topic, code, .. } => self.refused(page, &topic, code),
            Event::Status(Status::Live | Status::Polling) => self.outbox(page, outbox::Input::Connected),
            Event::Status(_) | Event::Complaint { .. } | Event::LeaderSilent => {}
        }
    }

    /// The planted bug: the page goes on from the head.
    fn forget(&mut self, page: usize) {
        for topic in self.topics_of(page) {
            let Some(mut position) = self.pages[page].client.position(&topic) else { continue };
            position.offset.0 = self.truth.log(&topic).len() as u64;
            self.tell(page, 0, Input::Subscribe { topic, position: Some(position) });
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

    /// Asks for a page of a timeline; the request or its answer may be lost.
    pub(crate) fn ask_page(&mut self, page: usize, event: EventId, before: Option<String>) {
        let reading = Reading { page, life: self.pages[page].life, event, before };
        if self.now < FAULTS_FOR_MS && self.rng.random_ratio(1, 10) {
            self.later(LOST_AFTER_MS, Action::HasRead(reading, Box::new(Err(Unread::Lost))));
        } else {
            let delay = self.delay(page);
            self.later(delay, Action::Read(reading));
        }
    }

    /// The answer to a request for a page of a timeline, or that there is none.
    pub(crate) fn has_read(&mut self, reading: Reading, answer: Result<Page<Media>, Unread>) {
        let Reading { page, life, event, before } = reading;
        let topic = Topic::event(&event);
        if self.pages[page].life != life {
            return;
        }
        let Some(view) = self.pages[page].view(&topic).filter(|view| !view.closed) else { return };
        match (before, answer) {
            (_, Err(Unread::Refused)) => {
                self.close(page, &topic);
                self.input(page, Input::Unsubscribe { topic });
            }
            (None, Ok(answer)) => {
                let position = answer.cursor.0.clone();
                view.timeline.apply_snapshot(answer);
                view.seen = Some(position.clone());
                self.show_drafts(page);
                self.input(page, Input::SnapshotApplied { topic, position });
            }
            (None, Err(Unread::Lost)) => self.input(page, Input::SnapshotFailed { topic }),
            (Some(before), answer) => {
                view.loading = false;
                if let Ok(answer) = answer {
                    view.timeline.insert_older_page(&before, answer);
                }
            }
        }
    }

    /// Adds up what a page's client has had to repair.
    pub(crate) fn count_repairs(&mut self, page: usize) {
        self.report.repaired += self.pages[page].client.counters().holes_repaired;
    }
}
