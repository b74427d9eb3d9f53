//! Recorders: what is written on a page goes through its outbox. Drives the outbox as a browser does, and holds what
//! becomes of each draft against what was recorded.

use std::collections::BTreeMap;

use client_core::{
    Instant,
    outbox::{
        Answer, Author, Draft, Event, Input, Output, Record, Refusal, Reply, Request, State, StoreFault,
        Task, Try,
    },
    timeline::{Echo, EchoState},
};
use rand::Rng;
use shared::{
    ErrorCode, IdempotencyKey, Topic, UploadId,
    model::media::{Media, MediaKind},
};

use crate::{
    Plant,
    action::{Action, Posting},
    fault::Fault,
    rights::reader,
    world::{FAULTS_FOR_MS, World},
};

/// How long the storage of a browser takes to answer, in milliseconds.
const STORAGE_MS: u64 = 1;
/// How long until other tabs hear that something was stored, in milliseconds.
const TOUCH_MS: u64 = 2;
/// Between two times that people decide about what was refused, in milliseconds.
const DECIDE_EVERY_MS: u64 = 4_000;
/// After a storage has failed, tabs may send without a lease for this long, in milliseconds.
const WITHOUT_LEASE_MS: u64 = 30_000;
/// Who wakes may find the storage closed that it had, send without a lease, and ask for it again only after the outbox's
/// `store_retry`; then the lane is another's. In milliseconds.
const AFTER_SLEEP_MS: u64 = 7_000;
/// After a storage could not be read, tabs may not know for this long what lies in it, in milliseconds.
const BLIND_MS: u64 = 6_000;
/// A text that begins so is refused by the server.
const BAD: char = '!';

/// What was recorded, and what has been done to it since.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) page: usize,
    /// Every text that it has had.
    pub(crate) texts: Vec<String>,
    /// The page has shown it as recorded: it may not be lost any more.
    pub(crate) kept: bool,
    /// Somebody has given it up.
    pub(crate) given_up: bool,
    /// It was refused, edited or tried again, or recorded where the storage could not be read: its place among the
    /// others is not what it was.
    pub(crate) out_of_line: bool,
}

impl World {
    /// Somebody records some things on a page, one after the other.
    pub(crate) fn write(&mut self) {
        let page = self.rng.random_range(0..self.pages.len());
        for _ in 0..self.rng.random_range(1..6) {
            let view = self.rng.random_range(0..self.pages[page].views.len());
            let event = self.pages[page].views[view].event.clone();
            let plain = self.draft(&event);
            let bad = self.rng.random_ratio(1, 12);
            let text = if bad { format!("{BAD}{}", plain.text) } else { plain.text };
            let draft = Draft {
                id: plain.key.clone(),
                topic: Topic::event(&event),
                author: Author::Visitor,
                path: String::new(),
                body: text.clone(),
                // With a file it needs no text.
                files: usize::from(!bad && self.rng.random_ratio(1, 5)),
                note: String::new(),
            };
            // Who cannot read what was recorded before cannot send it before.
            let device = &self.devices[self.pages[page].device];
            let blind = device.closed_at.is_some_and(|at| at + BLIND_MS > self.now);
            let recorded =
                Recorded { page, texts: vec![text], kept: false, given_up: false, out_of_line: blind };
            self.recorded.push((plain.key, recorded));
            // Of a page that is gone before it says otherwise, the server has to find out itself.
            if reader(page).user().is_some() {
                self.input(page, client_core::Input::Typing { topic: draft.topic.clone(), on: true });
            }
            self.outbox(page, Input::Record(draft));
        }
    }

    fn recorded(&mut self, id: &IdempotencyKey) -> Option<&mut Recorded> {
        self.recorded.iter_mut().find(|(key, _)| key == id).map(|(_, recorded)| recorded)
    }

    /// People look at what was refused.
    pub(crate) fn decide(&mut self) {
        for page in 0..self.pages.len() {
            if self.pages[page].asleep_until > self.now {
                continue;
            }
            let parked = self.pages[page].outbox.drafts().filter_map(|shown| match shown.state {
                State::Parked(refusal) => Some((shown.draft.id.clone(), refusal.code)),
                _ => None,
            });
            for (id, code) in parked.collect::<Vec<_>>() {
                let Some(recorded) = self.recorded(&id) else { continue };
                recorded.out_of_line = true;
                let number = recorded.texts.len();
                let first = recorded.texts[0].trim_start_matches(BAD).to_owned();
                let dice = self.rng.random_range(0..10);
                let input = match (code, dice) {
                    (ErrorCode::KeyReused, _) | (_, 0) => self.given_up(id),
                    (_, 1..3) if self.now < FAULTS_FOR_MS => Input::Retry { id },
                    _ => self.edited(id, format!("{first}, edit {number}")),
                };
                self.outbox(page, input);
            }
        }
        if self.now < FAULTS_FOR_MS && self.rng.random_ratio(1, 4) {
            self.change_one_that_waits();
        }
        self.later(DECIDE_EVERY_MS, Action::Decide);
    }

    /// Somebody edits or gives up a draft that nobody has refused; it may have arrived.
    fn change_one_that_waits(&mut self) {
        let page = self.rng.random_range(0..self.pages.len());
        let waiting = self.pages[page].outbox.drafts().filter(|shown| shown.state == State::Waiting);
        let Some(id) = waiting.map(|shown| shown.draft.id.clone()).last() else { return };
        let Some(recorded) = self.recorded(&id) else { return };
        recorded.out_of_line = true;
        let (number, first) = (recorded.texts.len(), recorded.texts[0].clone());
        let input = if self.rng.random_bool(0.5) {
            self.edited(id, format!("{first}, edit {number}"))
        } else {
            self.given_up(id)
        };
        self.outbox(page, input);
    }

    fn given_up(&mut self, id: IdempotencyKey) -> Input {
        if let Some(recorded) = self.recorded(&id) {
            recorded.given_up = true;
        }
        Input::Discard { id }
    }

    fn edited(&mut self, id: IdempotencyKey, body: String) -> Input {
        if let Some(recorded) = self.recorded(&id) {
            recorded.texts.push(body.clone());
        }
        Input::Edit { id, body, note: String::new() }
    }

    /// Something reaches the outbox of a page; while its machine sleeps, at the end of the sleep.
    pub(crate) fn reach_outbox(&mut self, page: usize, life: u64, input: Input) {
        if self.pages[page].life != life {
            return;
        }
        let asleep_until = self.pages[page].asleep_until;
        if asleep_until > self.now {
            self.at(asleep_until, Action::Outbox { page, life, input: Box::new(input) });
        } else {
            self.outbox(page, input);
        }
    }

    /// Hands an input to the outbox of a page and does what it asks for.
    pub(crate) fn outbox(&mut self, page: usize, input: Input) {
        self.say(page, || format!("< outbox {input:?}"));
        self.pages[page].outbox.handle_input(Instant(self.now), input);
        while let Some(output) = self.pages[page].outbox.poll_output() {
            self.say(page, || format!("> outbox {output:?}"));
            self.outbox_output(page, output);
        }
    }

    fn outbox_output(&mut self, page: usize, output: Output) {
        match output {
            Output::Store { task, request } => self.ask_storage(page, task, request),
            Output::Upload { attempt, record, file } => self.send(page, attempt, *record, Some(file)),
            Output::Send { attempt, record } => self.send(page, attempt, *record, None),
            Output::Abort { attempt } => {
                self.sending.retain(|_, (by, _, of)| (*by, *of) != (page, attempt));
            }
            Output::Event(event) => self.outbox_event(page, event),
        }
    }

    fn ask_storage(&mut self, page: usize, task: Task, request: Request) {
        let (device, life) = (self.pages[page].device, self.pages[page].life);
        let leases = self.plant != Some(Plant::NoLease);
        let result = self.devices[device].ask((page, life), self.now, request, leases);
        self.tell_outbox(page, STORAGE_MS, Input::Stored { task, result });
        if std::mem::take(&mut self.devices[device].touched) {
            for other in 0..self.pages.len() {
                if other != page && self.pages[other].device == device {
                    self.tell_outbox(other, TOUCH_MS, Input::Touched);
                }
            }
        }
    }

    pub(crate) fn tell_outbox(&mut self, page: usize, delay_ms: u64, input: Input) {
        let life = self.pages[page].life;
        self.later(delay_ms, Action::Outbox { page, life, input: Box::new(input) });
    }

    /// A draft, or a file of one, is on its way; it may never arrive.
    fn send(&mut self, page: usize, attempt: Try, record: Record, file: Option<usize>) {
        let (device, life) = (self.pages[page].device, self.pages[page].life);
        let id = record.draft.id.clone();
        self.check_alone(page, &id);
        self.sending.insert(id.clone(), (page, life, attempt));
        let again = !self.pages[page].tried.insert(id.clone());
        let mut key = id.clone();
        match self.plant {
            Some(Plant::NewKey) if again => key = self.draft(&self.events[0].clone()).key,
            Some(Plant::EarlyRemoval) if file.is_none() => {
                let removed = record.number.map(|number| Request::Remove { number, id });
                let removed =
                    removed.map(|gone| self.devices[device].ask((page, life), self.now, gone, true));
                debug_assert!(removed.is_none_or(|result| result.is_err() || result == Ok(Reply::Done)));
            }
            _ => {}
        }
        let posting = Posting { page, life, attempt, key, record, file };
        let delay = self.delay(page);
        if !(self.now < FAULTS_FOR_MS && self.rng.random_ratio(1, 12)) {
            self.later(delay, Action::Post(posting));
        }
    }

    /// A post has reached the server. The answer may be lost though the item is stored, and the server may die before
    /// it answers.
    pub(crate) fn receive_post(&mut self, posting: Posting) {
        let answer = match posting.file {
            Some(_) => self.upload(),
            None => self.post_recorded(&posting),
        };
        let faulty = self.now < FAULTS_FOR_MS;
        if faulty && self.hub.is_some() && self.rng.random_ratio(1, 60) {
            self.fault(Fault::Kill);
            self.later(1_000, Action::Fault(Fault::Restart));
            return;
        }
        let delay = self.delay(posting.page);
        let answer = match self.rng.random_range(0..20) {
            0 if faulty => return,
            1 if faulty => Answer::Failed { retry_after: None },
            _ => answer,
        };
        self.later(delay, Action::Posted(posting, answer));
    }

    fn post_recorded(&mut self, posting: &Posting) -> Answer {
        let body = &posting.record.draft.body;
        let text = if body.starts_with(BAD) { "" } else { body };
        let Some(event) = posting.record.draft.topic.event_id() else {
            return Answer::Failed { retry_after: None };
        };
        let upload = posting.record.uploads.first().cloned();
        match self.post_as(&posting.key, &event, text, upload) {
            None => Answer::Failed { retry_after: None },
            Some(Ok(media)) => {
                let id = media.id.to_string();
                self.answers.insert(id.clone(), media);
                Answer::Accepted(id)
            }
            Some(Err(code)) if code.is_temporary() => Answer::Failed { retry_after: None },
            Some(Err(code)) => {
                Answer::Refused(Refusal { code, message: String::new(), field: Some("text".to_owned()) })
            }
        }
    }

    /// The answer to a post has reached the page.
    pub(crate) fn posted(&mut self, posting: Posting, answer: Answer) {
        let Posting { page, life, attempt, record, .. } = posting;
        if self.sending.get(&record.draft.id) == Some(&(page, life, attempt)) {
            self.sending.remove(&record.draft.id);
        }
        self.reach_outbox(page, life, Input::Answered { attempt, answer });
    }

    /// No two tabs send the same draft at a time, unless one of them sleeps or has no storage.
    fn check_alone(&mut self, page: usize, id: &IdempotencyKey) {
        let Some((other, life, _)) = self.sending.get(id).copied() else { return };
        let asleep = |page: usize| self.pages[page].asleep_until + AFTER_SLEEP_MS > self.now;
        let device = &self.devices[self.pages[page].device];
        let lawful = other == page
            || self.pages[other].life != life
            || asleep(other)
            || device.failed_at.is_some_and(|at| at + WITHOUT_LEASE_MS > self.now);
        if !lawful {
            self.say(page, || format!("! {id} is being sent by page {other} as well"));
            self.report.violations.raced += 1;
        }
    }

    fn outbox_event(&mut self, page: usize, event: Event) {
        match event {
            Event::Changed => self.show_drafts(page),
            Event::Kept { id } => {
                if let Some(recorded) = self.recorded(&id) {
                    recorded.kept = true;
                }
            }
            Event::Acknowledged { id, answer } => {
                let Some(media) = self.answers.get(&answer).cloned() else {
                    self.say(page, || format!("! {id} was acknowledged with {answer}"));
                    self.report.violations.invented += 1;
                    return;
                };
                self.acknowledged.insert(media.text.clone());
                let topic = Topic::event(&media.event_id);
                if let Some(view) = self.pages[page].view(&topic).filter(|view| !view.closed) {
                    view.timeline.confirm_echo(media);
                }
            }
            Event::Gone { id } => {
                for view in &mut self.pages[page].views {
                    view.timeline.remove_echo(&id);
                }
            }
            Event::TooLate { .. } | Event::NotKept { .. } | Event::KeptAgain | Event::SignIn => {}
        }
    }

    /// What waits is shown in the timelines that are open.
    pub(crate) fn show_drafts(&mut self, page: usize) {
        let shown: Vec<_> = self.pages[page]
            .outbox
            .drafts()
            .map(|shown| (shown.draft.id.clone(), shown.draft.topic.clone(), shown.draft.body.clone()))
            .collect();
        for (key, topic, text) in shown {
            let Some(view) = self.pages[page].view(&topic).filter(|view| !view.closed) else { continue };
            if view.seen.is_some() && view.echoes.insert(key.clone()) {
                view.timeline.add_echo(Echo {
                    key,
                    kind: MediaKind::Text,
                    text,
                    author: "Ada".to_owned(),
                    preview: None,
                    state: EchoState::Sending,
                });
            }
        }
    }

    /// At the end nothing is left, everything is in the log once, and in the order recorded.
    pub(crate) fn judge_recorded(&mut self, log: &BTreeMap<String, Vec<(Topic, u64)>>) {
        let records: Vec<_> = self.devices.iter().flat_map(crate::device::Device::left).cloned().collect();
        let left = records.len();
        let waiting: usize = self.pages.iter().map(|page| page.outbox.drafts().count()).sum();
        if left + waiting > 0 {
            self.say(0, || format!("! {waiting} drafts are left in outboxes, and in storages {records:?}"));
        }
        let mut lost = (left + waiting) as u64;
        let (mut doubles, mut disordered) = (0, 0);
        let mut last: BTreeMap<(usize, Topic), u64> = BTreeMap::new();
        for (id, recorded) in &self.recorded {
            let places: Vec<_> = recorded.texts.iter().filter_map(|text| log.get(text)).flatten().collect();
            if places.len() > 1 {
                self.say(recorded.page, || format!("! {id} is there {} times", places.len()));
                doubles += 1;
            }
            if places.is_empty() && recorded.kept && !recorded.given_up {
                self.say(recorded.page, || format!("! {id} is lost: {recorded:?}"));
                lost += 1;
            }
            // What the page has not shown as recorded may have gone with a tab while it was on its way.
            let in_line = recorded.kept && !recorded.out_of_line;
            if let (Some((topic, offset)), true) = (places.first(), in_line) {
                let last = last.entry((recorded.page, topic.clone())).or_default();
                if *offset < *last {
                    self.say(recorded.page, || format!("! {id} is out of order"));
                    disordered += 1;
                }
                *last = *offset;
            }
        }
        self.report.violations.lost += lost;
        self.report.violations.doubles += doubles;
        self.report.violations.disordered += disordered;
        self.report.recorded += self.recorded.len() as u64;
    }

    /// A storage of a browser begins to fail, or works again.
    pub(crate) fn fail_storage(&mut self, page: usize, fault: Option<StoreFault>) {
        let device = self.pages[page].device;
        self.devices[device].fault = fault;
    }
}

/// What the server answered, by item.
pub(crate) type Answers = BTreeMap<String, Media>;
/// Who is sending a draft.
pub(crate) type Senders = BTreeMap<IdempotencyKey, (usize, u64, Try)>;

/// A name for an upload.
pub(crate) fn upload_id(number: u64) -> Option<UploadId> {
    format!("up{number}").parse().ok()
}
