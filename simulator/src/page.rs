//! A browser tab: the client, its timelines, its drafts, and the network it is in.

use std::collections::{BTreeMap, BTreeSet};

use client_core::{
    Attempt, Client, Config,
    outbox::{self, Outbox},
    people::People,
    timeline::Timeline,
};
use shared::{EventId, IdempotencyKey, Position, Topic};

/// What a page shows of one event.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) event: EventId,
    pub(crate) timeline: Timeline,
    /// Where the page stands: everything up to there has been given to it and checked.
    pub(crate) seen: Option<Position>,
    /// A page below is being read.
    pub(crate) loading: bool,
    /// "N watching", as the page was last told.
    pub(crate) watchers: Option<u64>,
    /// The event is not for this reader; the page shows nothing of it and does not follow it.
    pub(crate) closed: bool,
    /// The drafts that are shown in the timeline, or were.
    pub(crate) echoes: BTreeSet<IdempotencyKey>,
    /// The moment from which on the page follows it, as `rights` counts.
    pub(crate) opened: u64,
    /// Who else is there, as the page was last told.
    pub(crate) people: People,
}

impl View {
    pub(crate) fn new(event: EventId) -> Self {
        Self {
            event,
            timeline: Timeline::new(),
            seen: None,
            loading: false,
            watchers: None,
            closed: false,
            echoes: BTreeSet::new(),
            opened: 0,
            people: People::default(),
        }
    }

    pub(crate) fn topic(&self) -> Topic {
        Topic::event(&self.event)
    }
}

/// Something that is posted from far away, once. Its text is unlike that of every other.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) key: IdempotencyKey,
    pub(crate) event: EventId,
    pub(crate) text: String,
}

#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) client: Client,
    /// Counts reloads: what was sent to an earlier life is not listened to.
    pub(crate) life: u64,
    pub(crate) views: Vec<View>,
    /// Connections that the page has not closed, by their number in the world.
    pub(crate) links: BTreeMap<Attempt, u64>,
    pub(crate) outbox: Outbox,
    /// The browser that it is a tab of, with others or alone.
    pub(crate) device: usize,
    /// Drafts that this life of the page has tried to send.
    pub(crate) tried: BTreeSet<IdempotencyKey>,
    pub(crate) latency_ms: u64,
    pub(crate) delay_ms: u64,
    pub(crate) socket_blocked: bool,
    pub(crate) polls_broken: bool,
    pub(crate) asleep_until: u64,
}

impl Page {
    pub(crate) fn new(seed: u64, life: u64, device: usize, events: &[EventId], latency_ms: u64) -> Self {
        Self {
            client: Client::new(Config::default(), seed),
            life,
            views: events.iter().cloned().map(View::new).collect(),
            links: BTreeMap::new(),
            outbox: Outbox::new(outbox::Config::default(), seed),
            device,
            tried: BTreeSet::new(),
            latency_ms,
            delay_ms: 0,
            socket_blocked: false,
            polls_broken: false,
            asleep_until: 0,
        }
    }

    pub(crate) fn view(&mut self, topic: &Topic) -> Option<&mut View> {
        self.views.iter_mut().find(|view| view.topic() == *topic)
    }

    /// When a timer of the client or the outbox fires; not while the machine sleeps.
    pub(crate) fn wakes_at(&self) -> Option<u64> {
        let due = [self.client.poll_timeout(), self.outbox.poll_timeout()].into_iter().flatten().min();
        due.map(|due| due.0.max(self.asleep_until))
    }
}
