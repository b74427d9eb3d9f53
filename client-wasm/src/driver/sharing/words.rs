//! What one tab says to the others of the same build. Called by `sharing`.

use std::time::Duration;

use client_core::{
    Instant, Status, Transport,
    relay::{Port, Tab, Term},
};
use serde::{Deserialize, Serialize};

/// A word, to whom it may concern.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "word", rename_all = "camelCase")]
pub(in super::super) enum Word {
    /// "Try now" was pressed.
    TryNow,
    /// Somebody has signed in or out: whoever has a connection makes it anew.
    Reconnect,
    /// The tab that says so leads from now on.
    Leads(Reign),
    /// A virtual socket to whoever leads.
    Open {
        tab: String,
        port: Port,
        visible: bool,
    },
    Frame {
        port: Port,
        text: String,
    },
    Close {
        port: Port,
    },
    /// Whether a follower can be seen.
    Sees {
        tab: String,
        visible: bool,
    },
    /// From the leader to these virtual sockets.
    Text {
        by: Reign,
        ports: Vec<Port>,
        text: String,
    },
    /// How the leader is connected.
    Status {
        by: Reign,
        status: Told,
        transport: Way,
    },
}

/// [`Term`], as it is said.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in super::super) struct Reign {
    tab: String,
    term: u64,
}

impl From<&Term> for Reign {
    fn from(term: &Term) -> Self {
        Self { tab: term.tab.0.clone(), term: term.number }
    }
}

impl From<Reign> for Term {
    fn from(reign: Reign) -> Self {
        Self { number: reign.term, tab: Tab(reign.tab) }
    }
}

/// [`Transport`], as it is said.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) enum Way {
    WebSocket,
    LongPoll,
    IntervalPoll,
}

impl From<Transport> for Way {
    fn from(transport: Transport) -> Self {
        match transport {
            Transport::WebSocket => Self::WebSocket,
            Transport::LongPoll => Self::LongPoll,
            Transport::IntervalPoll => Self::IntervalPoll,
        }
    }
}

impl From<Way> for Transport {
    fn from(way: Way) -> Self {
        match way {
            Way::WebSocket => Self::WebSocket,
            Way::LongPoll => Self::LongPoll,
            Way::IntervalPoll => Self::IntervalPoll,
        }
    }
}

/// A status by spans instead of moments: every tab counts its own time. In milliseconds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "camelCase")]
pub(in super::super) enum Told {
    Connecting,
    Live,
    Polling,
    Reconnecting { ago: u64, next_in: u64 },
    Offline { ago: u64 },
    Refused { code: u16 },
}

impl Told {
    pub(super) fn new(status: Status, now: Instant) -> Self {
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

    pub(super) const fn status(self, now: Instant) -> Status {
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
