//! One connection, or one poll: the way between a page and the server, and what serves it there.

use std::sync::Arc;

use client_core::Attempt;
use server::{
    hub::{chunk::Slice, topic::TopicHub},
    transport::{
        hold::Hold,
        session::{Outlet, Session},
    },
};
use shared::{Position, Topic};

/// Frames that a WebSocket takes in one go; then the reader is slow and the rest waits.
const SOCKET_ROOM: usize = 16;

/// Which of the two it is.
#[derive(Debug)]
pub(crate) enum Kind {
    Socket,
    Poll { from: Vec<(Topic, Option<Position>)>, wait_ms: u64 },
}

/// The server's state for it.
#[derive(Debug)]
pub(crate) enum Served {
    Socket(Session),
    Poll(Hold),
}

#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) page: usize,
    /// Which life of the page opened it.
    pub(crate) life: u64,
    pub(crate) attempt: Attempt,
    pub(crate) kind: Kind,
    /// Set once the request has arrived at the server.
    pub(crate) served: Option<Box<Served>>,
    /// Bytes go nowhere any more, and nobody is told.
    pub(crate) dead: bool,
    /// When the last bytes sent arrive, each way: they do not overtake one another.
    pub(crate) down_at: u64,
    pub(crate) up_at: u64,
    /// When the server last heard from the client.
    pub(crate) heard_at: u64,
    /// When a poll is answered at the latest.
    pub(crate) until: u64,
    /// The reader is slow: the rest of what there is goes out at an appointed time.
    pub(crate) draining: bool,
}

impl Link {
    pub(crate) const fn new(page: usize, life: u64, attempt: Attempt, kind: Kind, up_at: u64) -> Self {
        Self {
            page,
            life,
            attempt,
            kind,
            served: None,
            dead: false,
            down_at: 0,
            up_at,
            heard_at: 0,
            until: 0,
            draining: false,
        }
    }

    /// There is something to send, and room for it.
    pub(crate) fn is_ready(&self) -> bool {
        !self.draining
            && match self.served.as_deref() {
                Some(Served::Socket(session)) => session.signal().is_set() || session.has_replies(),
                Some(Served::Poll(hold)) => hold.signal().is_set(),
                None => false,
            }
    }
}

/// Collects what a session hands over for a WebSocket.
#[derive(Debug, Default)]
pub(crate) struct Basket {
    pub(crate) texts: Vec<String>,
}

impl Outlet for Basket {
    fn control(&mut self, text: &str) {
        self.texts.push(text.to_owned());
    }

    fn shared(&mut self, text: &Arc<str>) {
        self.texts.push(text.to_string());
    }

    fn slice(&mut self, _topic: &TopicHub, slice: &Slice) {
        self.texts.extend(slice.texts().map(|(_, text)| text.to_owned()));
    }

    fn is_full(&self) -> bool {
        self.texts.len() >= SOCKET_ROOM
    }
}
