//! What can happen at some moment of a run. A thing that is meant for one life of a page, or of the
//! server, names that life: a later one does not listen to it.

use client_core::{
    Input,
    outbox::{self, Record, Try},
};
use server::store::Appended;
use shared::{EventId, IdempotencyKey, model::media::Media, rest::Page};

use crate::fault::Fault;

/// One page of an event's items, asked for by a browser's page.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    pub(crate) page: usize,
    pub(crate) life: u64,
    pub(crate) event: EventId,
    /// The page below this one; `None` is a snapshot.
    pub(crate) before: Option<String>,
}

/// Why a page of items was not to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    /// The request or its answer went astray, or the server could not read.
    Lost,
    /// There is no such event, as far as the reader may know.
    Refused,
}

/// A draft, or a file of one, on its way from a page.
#[derive(Debug, Clone)]
pub(crate) struct Posting {
    pub(crate) page: usize,
    pub(crate) life: u64,
    pub(crate) attempt: Try,
    /// What it is sent under.
    pub(crate) key: IdempotencyKey,
    pub(crate) record: Record,
    pub(crate) file: Option<usize>,
}

#[derive(Debug)]
pub(crate) enum Action {
    /// Something reaches a client.
    Input {
        page: usize,
        life: u64,
        input: Box<Input>,
    },
    /// Something reaches an outbox.
    Outbox {
        page: usize,
        life: u64,
        input: Box<outbox::Input>,
    },
    /// A WebSocket or a poll reaches the server.
    Arrive {
        link: u64,
    },
    /// A client's text reaches the server.
    Hear {
        link: u64,
        text: String,
    },
    /// A client's end of a connection reaches the server.
    Leave {
        link: u64,
    },
    /// A slow reader takes more, or a poll has been held for long enough.
    Drain {
        link: u64,
    },
    /// Something in between breaks a connection off.
    Break {
        link: u64,
    },
    /// The server looks whether a client has been heard lately.
    Heartbeat {
        link: u64,
    },
    /// A commit is announced.
    Bell {
        server_life: u64,
        appended: Vec<Appended>,
    },
    /// The server looks for bells that it has missed.
    Tidy,
    /// Retention removes what is no longer kept.
    Trim,
    /// Readers look again at events that were closed to them.
    Revisit,
    /// A request for items reaches the server, and its answer the page.
    Read(Reading),
    HasRead(Reading, Box<Result<Page<Media>, Unread>>),
    /// A post reaches the server, and its answer the page.
    Post(Posting),
    Posted(Posting, outbox::Answer),
    /// People look at what was refused.
    Decide,
    /// People do something.
    People,
    /// Something goes wrong by chance, or as was decided before.
    Misfortune,
    Fault(Fault),
}
