//! The owner of the one [`Client`] of the app: feeds it what happens, does what it says, arms one timer.
//! Pages follow topics through [`Live`]; what they hear comes in order, without holes, each once.
//! Knows no page and draws nothing.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::{Rc, Weak},
    time::Duration,
};

use client_core::{Attempt, Client, Config, Event, Input, Instant, Output, clocks::Clocks};
use leptos::prelude::*;
use litemap::LiteMap;
use shared::{ErrorCode, Offset, Position, Publication, ServerFrame, Topic};

use crate::{
    browser::{self, Listener, Timer},
    storage,
    transport::{Answer, Poll, Said, Socket},
};

mod diagnostics;
mod page;
mod sharing;
mod shown;

pub(crate) use shown::Shown;

/// What the follower of a topic hears.
#[derive(Debug, Clone)]
pub(crate) enum News {
    Publications {
        publications: Vec<Publication>,
        position: Position,
    },
    /// Fetch the snapshot anew, show it in place of what is shown, and answer with
    /// [`Live::snapshot_applied`] or [`Live::snapshot_failed`].
    SnapshotNeeded,
    /// Who watches, who is there, who is typing: a frame that is in no log.
    Presence(Box<ServerFrame>),
    /// The server will not have it; nothing more comes.
    Refused {
        code: ErrorCode,
        message: String,
    },
}

type Handler = Rc<dyn Fn(News)>;

/// What a page follows.
struct Followed {
    /// Under which number it was asked for.
    number: u64,
    handler: Handler,
    /// It was refused: what comes of the topic is for other tabs.
    ended: bool,
}

/// A transport attempt under way.
#[derive(Debug)]
enum Carrier {
    Socket(Socket),
    /// By way of the leading tab.
    Tab(sharing::Virtual),
    Poll {
        _poll: Poll,
    },
}

/// The text of a frame that is news of a topic, as the server said it.
struct Told {
    topic: Topic,
    /// Where the topic stands after it; `None` where it has no place in the log.
    offset: Option<Offset>,
    text: String,
}

impl Told {
    fn of(frame: &ServerFrame, text: String) -> Option<Self> {
        frame.place().map(|(topic, offset)| Self { topic: topic.clone(), offset, text })
    }
}

struct Driver {
    client: RefCell<Client>,
    /// Inputs that came while one was being handled, with the texts of their frames.
    inbox: RefCell<VecDeque<(Input, Vec<Told>)>>,
    /// What the input that is being handled brought, until the client has made news of it.
    told: RefCell<Vec<Told>>,
    busy: Cell<bool>,
    carriers: RefCell<LiteMap<Attempt, Carrier>>,
    followed: RefCell<LiteMap<Topic, Followed>>,
    last_number: Cell<u64>,
    timer: RefCell<Option<(Instant, Timer)>>,
    watcher: String,
    shown: shown::Shower,
    listeners: RefCell<Vec<Listener>>,
    /// This tab among the others, where the browser lets tabs hear each other.
    clocks: Cell<Clocks>,
    sharing: RefCell<Option<Rc<sharing::Sharing>>>,
    /// The page is not there yet, is left, or is frozen.
    away: Cell<bool>,
    me: Weak<Driver>,
}

/// The handle that components have of the driver.
#[derive(Clone, Copy)]
pub(crate) struct Live {
    driver: StoredValue<Rc<Driver>, LocalStorage>,
    /// What the indicator shows: the client's status, with drops shorter than two seconds left out.
    pub(crate) shown: RwSignal<Shown>,
}

impl Live {
    /// Makes the client, listens to the page, and begins to connect.
    pub(crate) fn start() -> Self {
        let shown = RwSignal::new(Shown::Connecting);
        let driver = Rc::new_cyclic(|me: &Weak<Driver>| Driver {
            client: RefCell::new(Client::new(Config::default(), browser::random_seed())),
            inbox: RefCell::default(),
            told: RefCell::default(),
            busy: Cell::new(false),
            carriers: RefCell::default(),
            followed: RefCell::default(),
            last_number: Cell::new(0),
            timer: RefCell::default(),
            watcher: storage::watcher(),
            shown: shown::Shower::new(shown),
            listeners: RefCell::default(),
            clocks: Cell::default(),
            sharing: RefCell::default(),
            away: Cell::new(true),
            me: me.clone(),
        });
        driver.listeners.replace(page::listen(&driver));
        diagnostics::publish(&driver);
        driver.take_part();
        Self { driver: StoredValue::new_local(driver), shown }
    }

    /// Follows a topic from a position until the current owner is cleaned up. One follower a topic: a
    /// second takes the place of the first.
    pub(crate) fn follow(self, topic: Topic, position: Option<Position>, handler: impl Fn(News) + 'static) {
        let driver = self.driver.get_value();
        let number = driver.last_number.get() + 1;
        driver.last_number.set(number);
        let followed = Followed { number, handler: Rc::new(handler), ended: false };
        driver.followed.borrow_mut().insert(topic.clone(), followed);
        driver.follow(topic.clone(), position);
        on_cleanup(move || self.unfollow(&topic, number));
    }

    fn unfollow(self, topic: &Topic, number: u64) {
        let driver = self.driver.get_value();
        let mine = driver.followed.borrow().get(topic).is_some_and(|current| current.number == number);
        if mine {
            driver.followed.borrow_mut().remove(topic);
            if !driver.with_relay(|relay| relay.disown(topic)) {
                driver.input(Input::Unsubscribe { topic: topic.clone() });
            }
        }
    }

    /// The snapshot that [`News::SnapshotNeeded`] asked for is shown; it was true at `position`.
    pub(crate) fn snapshot_applied(self, topic: Topic, position: Position) {
        let driver = self.driver.get_value();
        driver.with_relay(|relay| relay.moved(&topic, position.clone()));
        driver.input(Input::SnapshotApplied { topic, position });
    }

    /// The snapshot could not be had; the client asks again after a while.
    pub(crate) fn snapshot_failed(self, topic: Topic) {
        self.driver.get_value().input(Input::SnapshotFailed { topic });
    }

    /// Moves a topic that is being followed to another position.
    pub(crate) fn reposition(self, topic: Topic, position: Position) {
        self.driver.get_value().follow(topic, Some(position));
    }

    /// Asks for a topic's snapshot again, now.
    pub(crate) fn refresh(self, topic: Topic) {
        self.driver.get_value().follow(topic, None);
    }

    /// Makes the connection anew, whichever tab has it: the server is to see who is signed in now. The topics
    /// of all tabs go on from where they stand, or are refused. It is no drop that the reader is told of.
    pub(crate) fn reconnect(self) {
        self.driver.get_value().reconnect();
    }

    /// Whoever is signed in is typing on a topic that is followed, or is not any more.
    pub(crate) fn typing(self, topic: Topic, on: bool) {
        self.driver.get_value().input(Input::Typing { topic, on });
    }

    /// Somebody pressed "Try now".
    pub(crate) fn try_now(self) {
        self.driver.get_value().try_now();
    }
}

/// The app's connection. Panics outside of [`crate::app::App`], which provides it.
pub(crate) fn use_live() -> Live {
    expect_context::<Live>()
}

impl Driver {
    /// The page follows a topic from here on, or again, though it was refused before.
    fn follow(&self, topic: Topic, position: Option<Position>) {
        if let Some(followed) = self.followed.borrow_mut().get_mut(&topic) {
            followed.ended = false;
        }
        self.with_relay(|relay| relay.own(topic.clone(), position.clone()));
        self.input(Input::Subscribe { topic, position });
    }

    /// One input, then all outputs, then the timer. What comes in meanwhile waits its turn.
    fn input(&self, input: Input) {
        self.input_told(input, Vec::new());
    }

    /// The same for frames, whose texts followers may have to be told.
    fn input_told(&self, input: Input, told: Vec<Told>) {
        if self.has_slept() {
            self.inbox.borrow_mut().push_back((Input::Slept, Vec::new()));
        }
        self.inbox.borrow_mut().push_back((input, told));
        if self.busy.replace(true) {
            return;
        }
        loop {
            let next = self.inbox.borrow_mut().pop_front();
            let Some((next, told)) = next else { break };
            self.told.replace(told);
            self.client.borrow_mut().handle_input(browser::now(), next);
            loop {
                let output = self.client.borrow_mut().poll_output();
                let Some(output) = output else { break };
                self.act(output);
            }
        }
        self.busy.set(false);
        self.arm();
    }

    /// Whether the wall clock has gone on without the page's clock since the last look.
    fn has_slept(&self) -> bool {
        let mut clocks = self.clocks.get();
        let jumped_ms = clocks.look(browser::now(), browser::wall_ms() as i64);
        self.clocks.set(clocks);
        jumped_ms > 0
    }

    fn act(&self, output: Output) {
        match output {
            Output::Open { attempt } => self.open(attempt),
            Output::Send { attempt, frame } => match self.carriers.borrow().get(&attempt) {
                Some(Carrier::Socket(socket)) => socket.send(&frame),
                Some(Carrier::Tab(socket)) => self.send_to_leader(socket, frame),
                _ => {}
            },
            Output::Poll { attempt, from, wait } => self.poll(attempt, &from, wait),
            Output::Close { attempt } => {
                let gone = self.carriers.borrow_mut().remove(&attempt);
                if let Some(Carrier::Tab(socket)) = gone {
                    self.close_virtual(socket);
                }
            }
            Output::Event(event) => self.tell(event),
        }
    }

    fn open(&self, attempt: Attempt) {
        if self.follows_a_tab() {
            self.open_virtual(attempt);
            return;
        }
        let me = self.me.clone();
        let socket = Socket::open(&self.watcher, move |said| {
            let Some(driver) = me.upgrade() else { return };
            driver.input(match said {
                Said::Opened => Input::Opened { attempt },
                Said::Frame(frame, text) => {
                    let told = Told::of(&frame, text).into_iter().collect();
                    return driver.input_told(Input::Received { attempt, frame: *frame }, told);
                }
                Said::Nonsense => Input::ReceivedNonsense { attempt },
                Said::Closed { code } => Input::Closed { attempt, code, retry_after: None },
            });
        });
        match socket {
            Some(socket) => {
                self.carriers.borrow_mut().insert(attempt, Carrier::Socket(socket));
            }
            None => self.input(Input::Closed { attempt, code: None, retry_after: None }),
        }
    }

    fn poll(&self, attempt: Attempt, from: &[(Topic, Option<Position>)], wait: Duration) {
        let mut url = format!("/api/poll?presence=true&wait={}&watcher={}", wait.as_secs(), self.watcher);
        for (topic, position) in from {
            // Topics and positions are plain identifiers, `:`, `.`: all of them allowed in a query.
            url.push_str("&from=");
            url.push_str(topic.as_str());
            if let Some(position) = position {
                url.push('@');
                url.push_str(&position.to_string());
            }
        }
        let me = self.me.clone();
        let poll = Poll::start(url, move |answer| {
            let Some(driver) = me.upgrade() else { return };
            driver.input(match answer {
                Answer::Frames(frames) => {
                    let mut told = Vec::new();
                    let keep = |(frame, text)| {
                        told.extend(Told::of(&frame, text));
                        frame
                    };
                    let frames = frames.into_iter().map(keep).collect();
                    return driver.input_told(Input::Polled { attempt, frames }, told);
                }
                Answer::Failed { retry_after } => Input::Closed { attempt, code: None, retry_after },
            });
        });
        self.carriers.borrow_mut().insert(attempt, Carrier::Poll { _poll: poll });
    }

    fn tell(&self, event: Event) {
        match event {
            Event::Status(status) => self.status(status),
            Event::Publications { topic, publications, position } => {
                if let Some(text) = self.told(&topic, Some(position.offset)) {
                    self.with_relay(|relay| relay.publications(&topic, &position, text));
                }
                diagnostics::mark_received();
                self.hear(&topic, News::Publications { publications, position });
                diagnostics::mark_painted();
            }
            Event::SnapshotNeeded { topic, .. } => {
                self.with_relay(|relay| {
                    relay.snapshot_needed(&topic);
                });
                self.hear(&topic, News::SnapshotNeeded);
            }
            Event::Ephemeral { topic, frame } => {
                if let Some(text) = self.told(&topic, None) {
                    self.with_relay(|relay| relay.ephemeral(&topic, text));
                }
                self.hear(&topic, News::Presence(Box::new(frame)));
            }
            Event::SubscriptionRefused { topic, code, message } => {
                self.with_relay(|relay| relay.refused(&topic, code, &message));
                self.hear(&topic, News::Refused { code, message });
            }
            Event::Complaint { code, message } => {
                leptos::logging::warn!("The server complains ({code}): {message}");
            }
            Event::LeaderSilent => self.take_over(),
        }
    }

    /// The text of the frame that the client makes this news of.
    fn told(&self, topic: &Topic, offset: Option<Offset>) -> Option<Rc<str>> {
        let mut told = self.told.borrow_mut();
        let at = told.iter().position(|told| told.topic == *topic && told.offset == offset)?;
        Some(told.remove(at).text.into())
    }

    fn hear(&self, topic: &Topic, update: News) {
        // Cloned out, so that the handler may follow and unfollow.
        let mut followed = self.followed.borrow_mut();
        let handler = followed.get_mut(topic).filter(|followed| !followed.ended).map(|followed| {
            followed.ended = matches!(update, News::Refused { .. });
            Rc::clone(&followed.handler)
        });
        drop(followed);
        if let Some(handler) = handler {
            handler(update);
        }
    }

    /// Arms the one timer for what the client waits for, unless it is armed for that already.
    fn arm(&self) {
        let due = self.client.borrow().poll_timeout();
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
