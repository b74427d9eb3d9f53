//! The owner of the one [`Outbox`] of this tab: feeds it what happens, does what it says, tells the pages that show its
//! drafts. It is fetched with the composer and with the recorder of a match, or when the app begins while something
//! waits. Every tab has one; leases in the storage that they share keep them apart.

mod database;
mod photo;
mod send;
mod shown;
mod timeline;

use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::VecDeque,
    rc::{Rc, Weak},
};

use client_core::{
    Instant,
    outbox::{Author, Config, Draft, Event, Input, Outbox, Output, Request, StoreFault, Task},
};
use database::{Files, Storage};
use leptos::{prelude::*, task::spawn_local};
use litemap::LiteMap;
use shared::{IdempotencyKey, Topic};
pub(crate) use shown::{Pending, Place, Told, Waiting};
pub(crate) use timeline::{NewPost, Timeline};

use crate::{
    browser::{self, Listener, Timer},
    driver::Live,
    session::Session,
    storage,
    tabs::Channel,
};

/// Tabs of all builds tell each other here that they have touched the storage.
const CHANNEL: &str = "touchline.outbox";

thread_local! {
    static DRIVER: OnceCell<Rc<Driver>> = const { OnceCell::new() };
}

/// A page that shows the drafts of a topic.
struct Attached {
    number: u64,
    topic: Topic,
    place: Rc<dyn Place>,
}

struct Driver {
    outbox: RefCell<Outbox>,
    inbox: RefCell<VecDeque<Input>>,
    busy: Cell<bool>,
    storage: Storage,
    asked: RefCell<VecDeque<(Task, Request)>>,
    asking: Cell<bool>,
    /// Drafts whose files are being made ready, in the order recorded.
    coming: RefCell<VecDeque<(Draft, Option<Files>)>>,
    preparing: Cell<bool>,
    /// Recorded before it was known who is here.
    unnamed: RefCell<Vec<Draft>>,
    /// Files of what was recorded here, until it is over.
    files: RefCell<LiteMap<IdempotencyKey, Files>>,
    places: RefCell<Vec<Attached>>,
    last_place: Cell<u64>,
    timer: RefCell<Option<(Instant, Timer)>>,
    channel: Option<Channel>,
    listeners: RefCell<Vec<Listener>>,
    leaving: RefCell<Option<Listener>>,
    session: Session,
    told: Told,
    me: Weak<Driver>,
}

/// The outbox of this tab; it begins when it is first asked for.
pub(crate) fn outbox(session: Session, live: Live) -> Handle {
    Handle(DRIVER.with(|driver| driver.get_or_init(|| Driver::start(session, live)).clone()))
}

/// What components have of the driver.
#[derive(Clone)]
pub(crate) struct Handle(Rc<Driver>);

impl Handle {
    pub(crate) fn told(&self) -> Told {
        self.0.told.clone()
    }

    /// Shows the drafts of a topic there, for as long as the current owner lives.
    pub(crate) fn attach(&self, topic: Topic, place: Rc<dyn Place>) {
        let driver = &self.0;
        let number = driver.last_place.get() + 1;
        driver.last_place.set(number);
        driver.places.borrow_mut().push(Attached { number, topic, place });
        let places = StoredValue::new_local(driver.me.clone());
        on_cleanup(move || {
            if let Some(driver) = places.try_with_value(Weak::upgrade).flatten() {
                driver.places.borrow_mut().retain(|place| place.number != number);
            }
        });
        driver.show();
    }

    /// Keeps a draft without files and sends it as soon as that goes, under the name of who is here.
    pub(crate) fn record(&self, draft: Draft) {
        self.0.record(draft);
    }

    /// What is known of a draft.
    pub(crate) fn find(&self, id: &IdempotencyKey) -> Option<Pending> {
        self.0.pending().into_iter().find(|pending| pending.draft.id == *id)
    }

    /// Somebody has changed the text of a draft.
    pub(crate) fn edit(&self, id: &IdempotencyKey, text: &str) {
        let Some(draft) = self.0.draft(id) else { return };
        if let Some(body) = timeline::with_text(&draft, text) {
            self.0.input(Input::Edit { id: id.clone(), body, note: draft.note });
        }
    }

    pub(crate) fn retry(&self, id: &IdempotencyKey) {
        self.0.input(Input::Retry { id: id.clone() });
    }

    pub(crate) fn discard(&self, id: &IdempotencyKey) {
        let before = self.0.unnamed.borrow().len();
        self.0.unnamed.borrow_mut().retain(|draft| draft.id != *id);
        if self.0.unnamed.borrow().len() < before {
            return self.0.show();
        }
        self.0.input(Input::Discard { id: id.clone() });
    }
}

impl Driver {
    fn start(session: Session, live: Live) -> Rc<Self> {
        let driver = Rc::new_cyclic(|me: &Weak<Self>| {
            let heard = me.clone();
            let channel = Channel::open(CHANNEL, move |text| {
                if let Some(driver) = heard.upgrade() {
                    driver.heard(&text);
                }
            });
            Self {
                outbox: RefCell::new(Outbox::new(Config::default(), browser::random_seed())),
                inbox: RefCell::default(),
                busy: Cell::new(false),
                storage: Storage::new(),
                asked: RefCell::default(),
                asking: Cell::new(false),
                coming: RefCell::default(),
                preparing: Cell::new(false),
                unnamed: RefCell::default(),
                files: RefCell::default(),
                places: RefCell::default(),
                last_place: Cell::new(0),
                timer: RefCell::default(),
                channel,
                listeners: RefCell::default(),
                leaving: RefCell::default(),
                session,
                told: Told::new(),
                me: me.clone(),
            }
        });
        driver.listen();
        driver.input(Input::Online(browser::is_online()));
        driver.input(Input::Start);
        page_owner().with(|| driver.follow(live));
        driver
    }

    /// Follows who is here, and whether the server is heard, for as long as the page lives.
    fn follow(self: &Rc<Self>, live: Live) {
        let me = StoredValue::new_local(self.me.clone());
        let driver = move || me.try_with_value(Weak::upgrade).flatten();
        Effect::new(move || {
            let session = driver().map(|driver| driver.session);
            // Read, so that this runs again.
            let here = session.map(|session| (session.is_known(), session.id()));
            if let (Some(driver), Some(_)) = (driver(), here) {
                driver.author();
            }
        });
        Effect::new(move || {
            if let (true, Some(driver)) = (live.shown.get().is_up(), driver()) {
                driver.input(Input::Connected);
            }
        });
    }

    fn listen(&self) {
        let window = browser::window();
        let on = |name: &'static str, input: fn() -> Input| {
            let me = self.me.clone();
            browser::listen(&window, name, move |_| {
                if let Some(driver) = me.upgrade() {
                    driver.input(input());
                }
            })
        };
        self.listeners.borrow_mut().extend([
            on("online", || Input::Online(true)),
            on("offline", || Input::Online(false)),
            on("pagehide", || Input::Stop),
            on("pageshow", || Input::Start),
        ]);
    }

    /// Who publishes from here, as far as the page knows.
    fn who(&self) -> Option<Author> {
        if !untrack(|| self.session.is_known()) {
            return None;
        }
        Some(untrack(|| self.session.id()).map_or(Author::Visitor, Author::Account))
    }

    fn is_visitor(&self) -> bool {
        matches!(self.who(), None | Some(Author::Visitor))
    }

    fn author(&self) {
        let who = self.who();
        self.input(Input::Author(who.clone()));
        if who.is_some() {
            for draft in self.unnamed.take() {
                self.record(draft);
            }
        }
    }

    fn draft(&self, id: &IdempotencyKey) -> Option<Draft> {
        self.outbox.borrow().drafts().find(|shown| shown.draft.id == *id).map(|shown| shown.draft.clone())
    }

    fn places(&self) -> Vec<(Topic, Rc<dyn Place>)> {
        let places = self.places.borrow();
        places.iter().map(|of| (of.topic.clone(), of.place.clone())).collect()
    }

    /// Takes a draft with its files, once these are as they are to be sent; one after the other.
    fn keep(&self, draft: Draft, files: Option<Files>) {
        self.coming.borrow_mut().push_back((draft, files));
        if self.preparing.replace(true) {
            return;
        }
        let me = self.me.clone();
        spawn_local(async move {
            while let Some(driver) = me.upgrade() {
                let next = driver.coming.borrow_mut().pop_front();
                let Some((draft, files)) = next else {
                    driver.preparing.set(false);
                    return;
                };
                if let Some(files) = files {
                    let file = photo::plain(files.file).await;
                    driver.files.borrow_mut().insert(draft.id.clone(), Files { file, ..files });
                }
                driver.record(draft);
            }
        });
    }

    fn record(&self, draft: Draft) {
        match self.who() {
            Some(author) => self.input(Input::Record(Draft { author, ..draft })),
            None => {
                self.unnamed.borrow_mut().push(draft);
                self.show();
            }
        }
        spawn_local(storage::persist());
    }

    /// Another tab says that it has touched the storage, or what the server has answered it.
    fn heard(&self, text: &str) {
        if let Some((Ok(id), answer)) = text.split_once('\n').map(|(id, answer)| (id.parse(), answer)) {
            self.acknowledged(&id, answer);
        }
        self.input(Input::Touched);
    }

    fn acknowledged(&self, id: &IdempotencyKey, answer: &str) {
        for (_, place) in self.places() {
            place.acknowledged(id, answer);
        }
    }

    /// Takes an input, and what comes of it in turn.
    fn input(&self, input: Input) {
        self.inbox.borrow_mut().push_back(input);
        if self.busy.replace(true) {
            return;
        }
        loop {
            let next = self.inbox.borrow_mut().pop_front();
            let Some(next) = next else { break };
            self.outbox.borrow_mut().handle_input(browser::now(), next);
            loop {
                let output = self.outbox.borrow_mut().poll_output();
                let Some(output) = output else { break };
                self.output(output);
            }
        }
        self.busy.set(false);
        self.arm();
    }

    fn output(&self, output: Output) {
        match output {
            Output::Store { task, request } => {
                self.asked.borrow_mut().push_back((task, request));
                self.ask();
            }
            Output::Upload { attempt, record, .. } => self.upload(attempt, *record),
            Output::Send { attempt, record } => self.send(attempt, *record),
            // What it says later is not listened to.
            Output::Abort { .. } => {}
            Output::Event(event) => self.event(event),
        }
    }

    /// Asks the storage for one thing after the other.
    fn ask(&self) {
        if self.asking.replace(true) {
            return;
        }
        let me = self.me.clone();
        spawn_local(async move {
            while let Some(driver) = me.upgrade() {
                let next = driver.asked.borrow_mut().pop_front();
                let Some((task, request)) = next else {
                    driver.asking.set(false);
                    return;
                };
                let touches = matches!(request, Request::Add(_) | Request::Write(_) | Request::Remove { .. });
                let files = match &request {
                    Request::Add(record) => driver.files.borrow().get(&record.draft.id).cloned(),
                    _ => None,
                };
                let result = driver.storage.ask(request, files.as_ref()).await;
                if let (true, true, Some(channel)) = (touches, result.is_ok(), &driver.channel) {
                    channel.post("");
                }
                driver.input(Input::Stored { task, result });
            }
        });
    }

    fn event(&self, event: Event) {
        match event {
            Event::Changed => self.show(),
            Event::Acknowledged { id, answer } => {
                self.files.borrow_mut().remove(&id);
                self.acknowledged(&id, &answer);
                // Before the others find that it is not in the storage any more.
                if let Some(channel) = &self.channel {
                    channel.post(&format!("{id}\n{answer}"));
                }
            }
            Event::Gone { id } => {
                self.files.borrow_mut().remove(&id);
                for (_, place) in self.places() {
                    place.gone(&id);
                }
            }
            Event::TooLate { .. } => self.told.say("It had been sent by then. You can change it there."),
            Event::NotKept { fault } => {
                let why = match fault {
                    StoreFault::Full => "There is no room left on this device",
                    StoreFault::Closed => "This browser keeps nothing here (a private window, perhaps)",
                };
                self.told.not_kept.set(Some(format!("{why}: keep this page open until everything is sent.")));
            }
            Event::KeptAgain => self.told.not_kept.set(None),
            Event::SignIn => self.told.say("Sign in again to send what is waiting."),
            Event::Kept { .. } => {}
        }
    }

    /// Arms the one timer for what the outbox waits for, unless it is armed for that already.
    fn arm(&self) {
        let due = self.outbox.borrow().poll_timeout();
        let mut timer = self.timer.borrow_mut();
        if timer.as_ref().map(|(armed, _)| *armed) == due {
            return;
        }
        *timer = due.and_then(|due| {
            let me = self.me.clone();
            let armed = Timer::after(due.since(browser::now()), move || {
                let Some(driver) = me.upgrade() else { return };
                // The closure that runs must outlive the call: it is put aside, not dropped.
                let spent = driver.timer.take();
                driver.input(Input::Timeout);
                drop(spent);
            })?;
            Some((due, armed))
        });
    }
}

/// The owner that lives as long as the page, whoever has asked for the outbox first.
fn page_owner() -> Owner {
    let mut owner = Owner::current().unwrap_or_default();
    while let Some(parent) = owner.parent() {
        owner = parent;
    }
    owner
}
