//! One connection, or one poll: the way between a page and the server, and the session behind it.

use std::sync::Arc;

use client_core::Attempt;
use server::{
    hub::{chunk::Slice, topic::TopicHub},
    transport::session::{Outlet, Session},
};
use shared::{Position, Topic};

/// Frames that a WebSocket takes in one go; then the reader is slow and the rest waits.
const SOCKET_ROOM: usize = 16;
/// Frames in the answer to a poll.
const POLL_ROOM: usize = 64;

/// Which of the two it is.
#[derive(Debug)]
pub(crate) enum Kind {
    Socket,
    Poll { from: Vec<(Topic, Option<Position>)>, wait_ms: u64, until: u64, frames: Vec<String> },
}

#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) page: usize,
    /// Which life of the page opened it.
    pub(crate) life: u64,
    pub(crate) attempt: Attempt,
    pub(crate) kind: Kind,
    /// The server's state, once the request has arrived there.
    pub(crate) session: Option<Session>,
    /// Bytes go nowhere any more, and nobody is told.
    pub(crate) dead: bool,
    /// When the last bytes sent arrive, each way: they do not overtake one another.
    pub(crate) down_at: u64,
    pub(crate) up_at: u64,
    /// The rest of what there is goes out at an appointed time.
    pub(crate) draining: bool,
}

/// Collects what a session hands over.
#[derive(Debug)]
pub(crate) struct Basket {
    pub(crate) texts: Vec<String>,
    room: usize,
}

impl Basket {
    pub(crate) const fn of(kind: &Kind) -> Self {
        let room = match kind {
            Kind::Socket => SOCKET_ROOM,
            Kind::Poll { .. } => POLL_ROOM,
        };
        Self { texts: Vec::new(), room }
    }
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
        self.texts.len() >= self.room
    }
}
