//! One connection for all tabs: who leads, and what leader and followers say to each other. The leader is
//! who holds the Web Lock; what it does for the others is decided by [`Relay`]. Without locks or channel a
//! tab has a connection of its own. See `docs/decisions/0005-one-connection-per-browser.md`.

use std::{
    cell::{Cell, RefCell},
    rc::Weak,
    time::Duration,
};

use client_core::{
    Attempt, Input, Instant, Status,
    relay::{Port, Relay, RelayOutput},
};
use serde::{Deserialize, Serialize};
use shared::{ClientFrame, ServerFrame, Timestamp};

use super::{Carrier, Driver};
use crate::{
    browser,
    tabs::{Channel, Claim},
};

/// Who holds this has the connection.
const LOCK: &str = "touchline.connection";

/// What one tab says to the others.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "word", rename_all = "camelCase")]
pub(super) enum Word {
    /// Everybody connects anew.
    Reconnect,
    /// "Try now" was pressed.
    TryNow,
    /// The tab that says so leads from now on.
    Leads,
    Open {
        port: Port,
    },
    Frame {
        port: Port,
        text: String,
    },
    Close {
        port: Port,
    },
    /// From the leader to these virtual sockets.
    Text {
        ports: Vec<Port>,
        text: String,
    },
    /// How the leader is connected.
    Status {
        status: Told,
    },
}

/// A status by spans instead of moments: every tab counts its own time. In milliseconds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "camelCase")]
pub(super) enum Told {
    Connecting,
    Live,
    Polling,
    Reconnecting { ago: u64, next_in: u64 },
    Offline { ago: u64 },
    Refused { code: u16 },
}

impl Told {
    fn new(status: Status, now: Instant) -> Self {
        let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        match status {
            Status::Connecting => Self::Connecting,
            Status::Live => Self::Live,
            Status::Polling => Self::Polling,
            Status::Reconnecting { since, next_try } => {
                Self::Reconnecting { ago: millis(now.since(since)), next_in: millis(next_try.since(now)) }
            }
            Status::Offline { since } => Self::Offline { ago: millis(now.since(since)) },
            Status::Refused { code } => Self::Refused { code },
        }
    }

    const fn status(self, now: Instant) -> Status {
        match self {
            Self::Connecting => Status::Connecting,
            Self::Live => Status::Live,
            Self::Polling => Status::Polling,
            Self::Reconnecting { ago, next_in } => Status::Reconnecting {
                since: Instant(now.0.saturating_sub(ago)),
                next_try: Instant(now.0.saturating_add(next_in)),
            },
            Self::Offline { ago } => Status::Offline { since: Instant(now.0.saturating_sub(ago)) },
            Self::Refused { code } => Status::Refused { code },
        }
    }
}

/// A virtual socket to the leading tab.
#[derive(Debug)]
pub(super) struct Virtual {
    pub(super) port: Port,
}

pub(super) struct Sharing {
    channel: Channel,
    claim: RefCell<Option<Claim>>,
    /// There while this tab leads.
    relay: RefCell<Option<Relay>>,
    /// What the relay asks for is being done.
    busy: Cell<bool>,
    /// How the leader was connected when it last said so.
    told: Cell<Option<Status>>,
}

impl Sharing {
    /// `None` where tabs cannot find each other.
    pub(super) fn new(me: &Weak<Driver>) -> Option<Self> {
        let heard = me.clone();
        let channel = Channel::open(move |text| {
            if let (Some(driver), Ok(word)) = (heard.upgrade(), serde_json::from_str(&text)) {
                driver.heard(word);
            }
        })?;
        let claim = Some(claim(me)?);
        Some(Self {
            channel,
            claim: RefCell::new(claim),
            relay: RefCell::default(),
            busy: Cell::new(false),
            told: Cell::new(None),
        })
    }
}

fn claim(me: &Weak<Driver>) -> Option<Claim> {
    let me = me.clone();
    Claim::new(LOCK, move || {
        if let Some(driver) = me.upgrade() {
            driver.lead();
        }
    })
}

fn timestamp() -> Option<Timestamp> {
    browser::timestamp(browser::wall_ms())
}

impl Driver {
    pub(super) fn tell_tabs(&self, word: &Word) {
        if let Some(sharing) = &self.sharing
            && let Ok(text) = serde_json::to_string(word)
        {
            sharing.channel.post(&text);
        }
    }

    /// Whether this tab is served by another, or will be.
    pub(super) fn follows_a_tab(&self) -> bool {
        self.sharing.as_ref().is_some_and(|sharing| sharing.relay.borrow().is_none())
    }

    pub(super) fn open_virtual(&self, attempt: Attempt) {
        let Ok(port) = browser::random_id().parse::<Port>() else { return };
        self.carriers.borrow_mut().insert(attempt, Carrier::Tab(Virtual { port: port.clone() }));
        self.tell_tabs(&Word::Open { port });
    }

    pub(super) fn send_to_leader(&self, socket: &Virtual, frame: &ClientFrame) {
        if let Ok(text) = frame.encode() {
            self.tell_tabs(&Word::Frame { port: socket.port.clone(), text });
        }
    }

    /// Does something with the relay, and what follows from it. Says whether this tab leads.
    pub(super) fn with_relay(&self, act: impl FnOnce(&mut Relay)) -> bool {
        let Some(sharing) = &self.sharing else { return false };
        match &mut *sharing.relay.borrow_mut() {
            Some(relay) => act(relay),
            None => return false,
        }
        if sharing.busy.replace(true) {
            return true;
        }
        loop {
            let output = sharing.relay.borrow_mut().as_mut().and_then(Relay::poll_output);
            match output {
                Some(RelayOutput::ToPorts { ports, text }) => {
                    self.tell_tabs(&Word::Text { ports, text: text.to_string() });
                }
                Some(RelayOutput::ToClient(input)) => self.input(input),
                Some(RelayOutput::ToServer(text)) => self.send_text(&text),
                None => break,
            }
        }
        sharing.busy.set(false);
        true
    }

    fn send_text(&self, text: &str) {
        for carrier in self.carriers.borrow().values() {
            if let Carrier::Socket(socket) = carrier {
                socket.send_text(text);
            }
        }
    }

    pub(super) fn status(&self, status: Status) {
        if self.follows_a_tab() {
            self.show_leaders();
            return;
        }
        self.shown.status(status);
        self.tell_status();
    }

    fn tell_status(&self) {
        let status = Told::new(self.client.borrow().status(), browser::now());
        self.tell_tabs(&Word::Status { status });
    }

    /// A follower that is served shows how its leader is; else how it stands itself.
    fn show_leaders(&self) {
        let own = self.client.borrow().status();
        let leaders = self.sharing.as_ref().and_then(|sharing| sharing.told.get());
        self.shown.status(leaders.filter(|_| own == Status::Live).unwrap_or(own));
    }

    /// The lock is ours.
    fn lead(&self) {
        let Some(sharing) = &self.sharing else { return };
        let mut relay = Relay::default();
        {
            let client = self.client.borrow();
            for topic in client.topics() {
                relay.own(topic.clone(), client.position(topic));
            }
        }
        self.input(Input::Stop);
        sharing.relay.replace(Some(relay));
        self.input(Input::Start);
        self.tell_tabs(&Word::Leads);
    }

    /// This tab is about to fall silent: the next one has the lock.
    pub(super) fn give_way(&self) {
        if let Some(sharing) = &self.sharing {
            sharing.relay.take();
            sharing.claim.take();
        }
    }

    /// This tab is back, and leads when its turn comes.
    pub(super) fn claim(&self) {
        if let Some(sharing) = &self.sharing {
            let claim = claim(&self.me);
            sharing.claim.replace(claim);
        }
    }

    fn heard(&self, word: Word) {
        match word {
            Word::Reconnect => self.reconnect(),
            Word::TryNow => self.input(Input::TryNow),
            Word::Leads => {
                if self.follows_a_tab() {
                    self.reconnect();
                }
            }
            Word::Open { port } => {
                if let Some(now) = timestamp()
                    && self.with_relay(|relay| relay.open(port, now))
                {
                    self.tell_status();
                }
            }
            Word::Frame { port, text } => {
                if let Some(now) = timestamp() {
                    self.with_relay(|relay| relay.frame(&port, text, now));
                }
            }
            Word::Close { port } => {
                self.with_relay(|relay| relay.close(&port));
            }
            Word::Text { ports, text } => self.hear_leader(&ports, &text),
            Word::Status { status } => {
                if let Some(sharing) = self.sharing.as_ref().filter(|_| self.follows_a_tab()) {
                    sharing.told.set(Some(status.status(browser::now())));
                    self.show_leaders();
                }
            }
        }
    }

    fn hear_leader(&self, ports: &[Port], text: &str) {
        let mine = self.carriers.borrow().iter().find_map(|(attempt, carrier)| match carrier {
            Carrier::Tab(socket) if ports.contains(&socket.port) => Some(*attempt),
            _ => None,
        });
        if let Some(attempt) = mine {
            self.input(match ServerFrame::decode(text) {
                Ok(frame) => Input::Received { attempt, frame },
                Err(_) => Input::ReceivedNonsense { attempt },
            });
        }
    }
}
