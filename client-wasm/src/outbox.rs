//! The owner of the one [`Outbox`] of this tab: feeds it what happens, does what it says, shows its drafts in the
//! timelines that are open. It is fetched with the composer, or when the page begins while something waits. Every tab
//! has one; leases in the storage that they share keep them apart.

mod database;
mod send;
mod shown;

use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::VecDeque,
    rc::{Rc, Weak},
};

use client_core::{
    Instant,
    outbox::{
        Answer, Author, Config, Draft, Event, Input, Outbox, Output, Record, Request, StoreFault, Task, Try,
    },
    timeline::{Echo, EchoState},
};
use database::{Files, Storage};
use leptos::{prelude::*, task::spawn_local};
use litemap::LiteMap;
use shared::{
    EventId, IdempotencyKey, Topic,
    model::media::{Media, MediaKind, NewMedia},
};
use shown::Note;
pub(crate) use shown::{Told, Waiting};

use crate::{
    browser::{self, Listener, Timer},
    pages::event::{
        feed::Feed,
        outgoing::{Decision, Outgoing, Preview},
    },
    session::Session,
    storage,
    tabs::Channel,
};

/// Tabs of all builds tell each other here that they have touched the storage.
const CHANNEL: &str = "touchline.outbox";

thread_local! {
    static DRIVER: OnceCell<Rc<Driver>> = const { OnceCell::new() };
}

/// An item that somebody wants to post.
#[derive(Debug, Clone)]
pub(crate) struct NewPost {
    pub(crate) author: String,
    pub(crate) text: String,
    pub(crate) kind: MediaKind,
    pub(crate) file: Option<web_sys::File>,
    pub(crate) poster: Option<web_sys::Blob>,
    pub(crate) preview: Option<Preview>,
}

/// A timeline that is open.
struct View {
    number: u64,
    topic: Topic,
    feed: Feed,
    outgoing: Outgoing,
}

struct Driver {
    outbox: RefCell<Outbox>,
    inbox: RefCell<VecDeque<Input>>,
    busy: Cell<bool>,
    storage: Storage,
    asked: RefCell<VecDeque<(Task, Request)>>,
    asking: Cell<bool>,
    /// Files of what was recorded here, until it is over.
    files: RefCell<LiteMap<IdempotencyKey, Files>>,
    views: RefCell<Vec<View>>,
    last_view: Cell<u64>,
    timer: RefCell<Option<(Instant, Timer)>>,
    channel: Option<Channel>,
    listeners: RefCell<Vec<Listener>>,
    session: Session,
    told: Told,
    me: Weak<Driver>,
}

/// The outbox of this tab; it begins when it is first asked for.
pub(crate) fn outbox(session: Session) -> Handle {
    let driver = DRIVER.with(|driver| driver.get_or_init(|| Driver::start(session)).clone());
    driver.author();
    Handle(driver)
}

/// What components have of the driver.
#[derive(Clone)]
pub(crate) struct Handle(Rc<Driver>);

impl Handle {
    pub(crate) fn told(&self) -> Told {
        self.0.told.clone()
    }

    /// Shows the drafts of an event in its timeline for as long as the current owner lives.
    pub(crate) fn attach(&self, event: &EventId, feed: Feed, outgoing: Outgoing) {
        let driver = self.0.clone();
        let number = driver.last_view.get() + 1;
        driver.last_view.set(number);
        driver.views.borrow_mut().push(View { number, topic: Topic::event(event), feed, outgoing });
        let me = driver.me.clone();
        outgoing.decided_by(Rc::new(move |decision| {
            if let Some(driver) = me.upgrade() {
                driver.input(match decision {
                    Decision::Retry(id) => Input::Retry { id },
                    Decision::Discard(id) => Input::Discard { id },
                });
            }
        }));
        let views = StoredValue::new_local(Rc::downgrade(&driver));
        on_cleanup(move || {
            let driver = views.try_with_value(Weak::upgrade).flatten();
            if let Some(driver) = driver {
                driver.views.borrow_mut().retain(|view| view.number != number);
            }
        });
        driver.show();
    }

    /// Keeps an item and sends it as soon as that goes; it is shown at once.
    pub(crate) fn record(&self, event: &EventId, new: NewPost) {
        let Ok(id) = browser::random_id().parse::<IdempotencyKey>() else { return };
        self.0.record(event, id, new);
    }

    /// Somebody has changed the text of a draft.
    pub(crate) fn edit(&self, id: &IdempotencyKey, text: &str) {
        let found = self.0.draft(id);
        let Some(draft) = found else { return };
        let Ok(mut new) = serde_json::from_str::<NewMedia>(&draft.body) else { return };
        text.clone_into(&mut new.text);
        if let Ok(body) = serde_json::to_string(&new) {
            self.0.input(Input::Edit { id: id.clone(), body, note: draft.note });
        }
    }

    pub(crate) fn retry(&self, id: &IdempotencyKey) {
        self.0.input(Input::Retry { id: id.clone() });
    }

    pub(crate) fn discard(&self, id: &IdempotencyKey) {
        self.0.input(Input::Discard { id: id.clone() });
    }

    /// The server has been heard.
    pub(crate) fn connected(&self) {
        self.0.input(Input::Connected);
    }
}

impl Driver {
    fn start(session: Session) -> Rc<Self> {
        let told = Told {
            waiting: ArcRwSignal::new(Vec::new()),
            not_kept: ArcRwSignal::new(None),
            notice: ArcRwSignal::new(None),
        };
        let driver = Rc::new_cyclic(|me: &Weak<Self>| {
            let heard = me.clone();
            let channel = Channel::open(CHANNEL, move |_| {
                if let Some(driver) = heard.upgrade() {
                    driver.input(Input::Touched);
                }
            });
            Self {
                outbox: RefCell::new(Outbox::new(Config::default(), browser::random_seed())),
                inbox: RefCell::default(),
                busy: Cell::new(false),
                storage: Storage::new(),
                asked: RefCell::default(),
                asking: Cell::new(false),
                files: RefCell::default(),
                views: RefCell::default(),
                last_view: Cell::new(0),
                timer: RefCell::default(),
                channel,
                listeners: RefCell::default(),
                session,
                told,
                me: me.clone(),
            }
        });
        driver.listen();
        driver.input(Input::Online(browser::is_online()));
        driver.input(Input::Start);
        driver
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

    fn author(&self) {
        self.input(Input::Author(self.who()));
    }

    fn draft(&self, id: &IdempotencyKey) -> Option<Draft> {
        self.outbox.borrow().drafts().find(|shown| shown.draft.id == *id).map(|shown| shown.draft.clone())
    }

    fn record(&self, event: &EventId, id: IdempotencyKey, new: NewPost) {
        let Some(author) = self.who() else { return };
        let size = new.preview.as_ref().map_or((3, 2), |preview| (preview.width, preview.height));
        let note = Note { kind: new.kind, author: new.author.clone(), width: size.0, height: size.1 };
        let name = if author == Author::Visitor { new.author.clone() } else { String::new() };
        let body = NewMedia { author: name, text: new.text.clone(), upload_id: None, key: None };
        let (Ok(body), Ok(note)) = (serde_json::to_string(&body), serde_json::to_string(&note)) else {
            return;
        };
        let topic = Topic::event(event);
        let echo = Echo {
            key: id.clone(),
            kind: new.kind,
            text: new.text,
            author: new.author,
            preview: new.preview.as_ref().map(|preview| preview.url.clone()),
            state: EchoState::Sending,
        };
        for (feed, outgoing) in self.views_of(&topic) {
            outgoing.show(feed, echo.clone(), new.preview.clone(), true);
        }
        let files = usize::from(new.file.is_some());
        if let Some(file) = new.file {
            let name = file.name();
            let files = Files { file: file.into(), name, poster: new.poster };
            self.files.borrow_mut().insert(id.clone(), files);
        }
        let path = format!("/api/events/{event}/media");
        self.input(Input::Record(Draft { id, topic, author, path, body, files, note }));
        spawn_local(storage::persist());
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

    /// Whether a draft may go under the name of who is here at this moment; the page may not have been asked lately.
    fn may_send(&self, attempt: Try, record: &Record) -> bool {
        let may = self.who().as_ref() == Some(&record.draft.author);
        if !may {
            self.input(Input::Answered { attempt, answer: Answer::Failed { retry_after: None } });
            self.author();
        }
        may
    }

    fn send(&self, attempt: Try, record: Record) {
        if !self.may_send(attempt, &record) {
            return;
        }
        let me = self.me.clone();
        spawn_local(async move {
            let answer = send::post(&record).await;
            if let Some(driver) = me.upgrade() {
                driver.input(Input::Answered { attempt, answer });
            }
        });
    }

    fn upload(&self, attempt: Try, record: Record) {
        if !self.may_send(attempt, &record) {
            return;
        }
        let me = self.me.clone();
        spawn_local(async move {
            let Some(driver) = me.upgrade() else { return };
            let id = record.draft.id.clone();
            let Some(files) = driver.files_of(&id).await else {
                return driver.input(Input::Answered { attempt, answer: send::nonsense() });
            };
            let progress =
                driver.views_of(&record.draft.topic).first().and_then(|(_, outgoing)| outgoing.progress(&id));
            let moved = me.clone();
            let answer = send::upload(&files, move |share| {
                if let Some(progress) = progress {
                    progress.try_set(share);
                }
                if let Some(driver) = moved.upgrade() {
                    driver.input(Input::Progress { attempt });
                }
            })
            .await;
            driver.input(Input::Answered { attempt, answer });
        });
    }

    async fn files_of(&self, id: &IdempotencyKey) -> Option<Files> {
        let here = self.files.borrow().get(id).cloned();
        match here {
            Some(files) => Some(files),
            None => self.storage.files(id).await,
        }
    }

    fn event(&self, event: Event) {
        match event {
            Event::Changed => self.show(),
            Event::Acknowledged { id, answer } => {
                self.files.borrow_mut().remove(&id);
                let Ok(media) = serde_json::from_str::<Media>(&answer) else { return };
                for (feed, outgoing) in self.views_of(&Topic::event(&media.event_id)) {
                    outgoing.confirm(feed, &id, media.clone());
                }
            }
            Event::Gone { id } => {
                self.files.borrow_mut().remove(&id);
                let views: Vec<_> =
                    self.views.borrow().iter().map(|view| (view.feed, view.outgoing)).collect();
                for (feed, outgoing) in views {
                    outgoing.remove(feed, &id);
                }
            }
            Event::TooLate { .. } => {
                self.say("It had been sent by then. You can change it in the timeline.");
            }
            Event::NotKept { fault } => {
                let why = match fault {
                    StoreFault::Full => "There is no room left on this device",
                    StoreFault::Closed => "This browser keeps nothing here (a private window, perhaps)",
                };
                self.told.not_kept.set(Some(format!("{why}: keep this page open until everything is sent.")));
            }
            Event::KeptAgain => self.told.not_kept.set(None),
            Event::SignIn => self.say("Sign in again to send what is waiting."),
            Event::Kept { .. } => {}
        }
    }

    fn say(&self, text: &str) {
        self.told.notice.set(Some(text.to_owned()));
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
