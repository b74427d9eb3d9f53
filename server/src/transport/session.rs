//! What one connection may do and has done: its subscriptions, their positions, its limits.
//!
//! A session knows no socket and no clock. A transport hands it the texts that a client sends and drains
//! it into an [`Outlet`] when its [`Signal`] is set; the simulator does the same. There is no queue per
//! reader: what a session has yet to send is where its positions stand.

use std::{collections::VecDeque, sync::Arc};

use shared::{
    ClientFrame, CloseCode, ConnectionId, ErrorCode, EventId, Position, ServerFrame, Topic, WatcherId,
    frame::{
        Auth, Connected, NotRecovered, PROTOCOL_VERSION, Pong, Publish, Reconnect, Subscribe, Subscribed,
        Unsubscribed,
    },
    rest::ErrorDetail,
};

use smallvec::SmallVec;

use super::bucket::Bucket;

mod drain;
mod identity;
mod presence;
mod publishing;

use crate::{
    auth::Principal,
    hub::{
        Hub, TopicError,
        chunk::Slice,
        signal::{SLOTS, Signal},
        topic::{Joined, Leaving, Reading, TopicHub},
    },
    time::Millis,
};

/// Limits of one connection.
#[derive(Debug, Clone, Copy)]
pub struct SessionLimits {
    /// Subscriptions at a time; at most [`SLOTS`].
    pub subscriptions: usize,
    /// Frames a second that a client may send; twice as many in one go.
    pub frames_per_second: u32,
    /// A client that has sent nothing for this long is expected to send `ping`, in milliseconds.
    pub heartbeat_interval_ms: u64,
}

/// Errors answered before a connection that goes on making them is closed.
const ERRORS_TOLERATED: u32 = 20;
/// A client that has made no error for this long has made none, in milliseconds.
const ERRORS_FORGIVEN_MS: u64 = 60_000;
/// Answers that may wait to be sent; a client that does not read its answers gets no more.
const REPLIES_WAITING: usize = 256;

/// Where a session's frames go.
pub trait Outlet {
    /// A frame of this session alone.
    fn control(&mut self, text: &str);
    /// A frame shared with others.
    fn shared(&mut self, text: &Arc<str>);
    /// Publications, shared with others. `position` is where the subscription stands after them.
    fn slice(&mut self, topic: &TopicHub, slice: &Slice);
    /// There is no room for more at present; the rest stays where it is.
    fn is_full(&self) -> bool;
}

/// The session is over, and how its transport says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending(pub CloseCode);

/// The server's state for one connection.
#[derive(Debug)]
pub struct Session {
    hub: Arc<Hub>,
    signal: Arc<Signal>,
    principal: Principal,
    connection: ConnectionId,
    watcher: Option<WatcherId>,
    limits: SessionLimits,
    /// By slot. Most sessions have one, which needs no room of its own.
    subscriptions: SmallVec<[Option<Subscription>; 1]>,
    replies: VecDeque<String>,
    bucket: Bucket,
    /// A token that the client has shown and nobody has looked at yet.
    auth: Option<Box<Auth>>,
    /// A draft that the client has sent and nobody has published yet.
    draft: Option<Box<Publish>>,
    errors: u32,
    last_error: Millis,
    now: Millis,
    linger_ms: Option<u64>,
    /// Its user is online by it.
    is_online: bool,
    typing: Bucket,
}

#[derive(Debug)]
struct Subscription {
    topic: Arc<TopicHub>,
    /// The reader in the topic; everything up to its position has been handed to the outlet.
    reader: Joined,
    count_version: u64,
    /// The version of the topic's rights as of which this principal may read it. Nothing is handed over
    /// while it is not the one in force.
    rights: u64,
    /// Up to which version it was told who is there; `None` if it is not told.
    people: Option<u64>,
}

impl Session {
    pub fn new(
        hub: Arc<Hub>,
        principal: Principal,
        connection: ConnectionId,
        watcher: Option<WatcherId>,
        limits: SessionLimits,
        now: Millis,
    ) -> Self {
        let is_online = presence::arrive(&hub, now, &principal);
        Self {
            hub,
            signal: Arc::default(),
            is_online,
            typing: presence::bucket(now),
            principal,
            connection,
            watcher,
            bucket: Bucket::new(limits.frames_per_second, now),
            limits,
            subscriptions: SmallVec::new(),
            replies: VecDeque::new(),
            auth: None,
            draft: None,
            errors: 0,
            last_error: now,
            now,
            linger_ms: None,
        }
    }

    /// Set when there is something to drain, or the session is to end.
    pub fn signal(&self) -> &Arc<Signal> {
        &self.signal
    }

    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    pub fn connection(&self) -> &ConnectionId {
        &self.connection
    }

    /// Keeps the watcher counted for `ms` after `now`, at which the session is dropped: it is between two
    /// polls.
    pub fn linger(&mut self, now: Millis, ms: u64) {
        self.now = now;
        self.linger_ms = Some(ms);
    }

    /// The first frame of a connection.
    pub fn greet(&mut self, event_id: Option<EventId>, unix_ms: i64) {
        self.reply(&ServerFrame::Connected(Connected {
            event_id,
            connection_id: self.connection.clone(),
            protocol: PROTOCOL_VERSION,
            heartbeat_interval_ms: self.limits.heartbeat_interval_ms,
            timestamp: crate::time::timestamp(unix_ms),
        }));
    }

    /// The last frame of a connection that the server ends: each client gets a delay of its own.
    pub fn farewell(&mut self, delay_ms: u64) {
        self.reply(&ServerFrame::Reconnect(Reconnect { delay_ms }));
    }

    /// Takes a text that the client sent. Answers are drained like everything else.
    pub async fn receive(&mut self, now: Millis, unix_ms: i64, text: &str) -> Result<(), Ending> {
        self.now = now;
        metrics::counter!("touchline_frames_received_total").increment(1);
        let frame = ClientFrame::decode(text);
        if let Err(wait_ms) = self.bucket.take(now) {
            let mut detail = ErrorDetail {
                retry_after_ms: Some(wait_ms),
                ..ErrorDetail::new(ErrorCode::RateLimited, "too many frames a second")
            };
            if let Ok(frame) = &frame {
                publishing::name(&mut detail, frame);
            }
            return self.complain(detail, CloseCode::RateLimited);
        }
        if self.replies.len() >= REPLIES_WAITING {
            return Err(Ending(CloseCode::TooSlow));
        }
        match frame {
            Ok(ClientFrame::Subscribe(subscribe)) => self.subscribe(subscribe).await,
            Ok(ClientFrame::Unsubscribe(name)) => {
                self.unsubscribe(&name.topic());
                Ok(())
            }
            Ok(ClientFrame::Typing(typing)) => self.type_on(&typing).await,
            Ok(ClientFrame::Publish(publish)) => {
                self.draft = Some(Box::new(publish));
                Ok(())
            }
            Ok(ClientFrame::Ping(ping)) => {
                let timestamp = crate::time::timestamp(unix_ms);
                self.reply(&ServerFrame::Pong(Pong { timestamp, reference: ping.reference }));
                Ok(())
            }
            Ok(ClientFrame::Auth(auth)) => {
                self.auth = Some(Box::new(auth));
                Ok(())
            }
            Err(detail) => self.complain(detail, CloseCode::ProtocolViolation),
        }
    }

    /// Begins a subscription, or moves one. The answer precedes every publication of it.
    pub async fn subscribe(&mut self, subscribe: Subscribe) -> Result<(), Ending> {
        let name = subscribe.name.topic();
        let about = |code, message: &str| ErrorDetail {
            topic: Some(name.to_string()),
            reference: subscribe.reference,
            ..ErrorDetail::new(code, message)
        };
        let (topic, rights) = match self.hub.readable(self.now, &self.principal, &name).await {
            Ok(found) => found,
            Err(error) => {
                let (code, close) = refused(&error, &name);
                // Who may not begin anew does not go on either.
                if let Some(slot) = self.slot_of(&name).filter(|_| !code.is_temporary()) {
                    self.remove(slot);
                }
                return self.complain(about(code, &said(&error)), close);
            }
        };
        let (begin, reason) = topic.begin(subscribe.since.as_ref());
        let slot = match self.slot_of(&name) {
            Some(slot) => slot,
            None => match self.free_slot() {
                Some(slot) => slot,
                None => {
                    let detail =
                        about(ErrorCode::TooManySubscriptions, "too many subscriptions on this connection");
                    return self.complain(detail, CloseCode::ProtocolViolation);
                }
            },
        };
        self.answer_subscribed(&name, &begin, reason, subscribe.reference);
        let wants_people = subscribe.presence && self.may_know_people();
        let people = wants_people.then_some(0);
        match &mut self.subscriptions[slot] {
            Some(subscription) => {
                subscription.reader.position.set(begin.offset);
                subscription.rights = rights;
                // What is not in the log is told again.
                subscription.count_version = 0;
                subscription.people = people;
                self.hub.want_people(&subscription.topic, subscription.reader.key, wants_people);
                self.signal.mark(slot);
            }
            empty => {
                let reading = Reading {
                    signal: &self.signal,
                    slot,
                    watcher: self.watcher.as_ref(),
                    who: presence::who(&self.principal),
                    people: wants_people,
                    position: begin.offset,
                };
                let reader = self.hub.join(self.now, &topic, reading);
                *empty = Some(Subscription { topic, reader, count_version: 0, rights, people });
            }
        }
        Ok(())
    }

    fn answer_subscribed(
        &mut self,
        topic: &Topic,
        begin: &Position,
        reason: Option<NotRecovered>,
        reference: Option<u64>,
    ) {
        let subscribed = Subscribed {
            epoch: begin.epoch.clone(),
            offset: begin.offset,
            recovered: reason.is_none(),
            reason,
            reference,
        };
        self.reply(&ServerFrame::Subscribed(topic.clone(), subscribed));
    }

    fn unsubscribe(&mut self, name: &Topic) {
        if let Some(slot) = self.slot_of(name) {
            self.remove(slot);
        }
        self.reply(&ServerFrame::Unsubscribed(name.clone(), Unsubscribed { code: None }));
    }

    fn remove(&mut self, slot: usize) {
        self.remove_as(slot, Leaving::ForGood);
    }

    fn remove_as(&mut self, slot: usize, leaving: Leaving) {
        if let Some(subscription) = self.subscriptions.get_mut(slot).and_then(Option::take) {
            self.hub.leave(self.now, &subscription.topic, subscription.reader.key, leaving);
        }
    }

    fn slot_of(&self, name: &Topic) -> Option<usize> {
        let is_it = |subscription: &Option<Subscription>| {
            subscription.as_ref().is_some_and(|subscription| subscription.topic.topic == *name)
        };
        self.subscriptions.iter().position(is_it)
    }

    fn free_slot(&mut self) -> Option<usize> {
        if let Some(slot) = self.subscriptions.iter().position(Option::is_none) {
            return Some(slot);
        }
        let slot = self.subscriptions.len();
        (slot < self.limits.subscriptions.min(SLOTS)).then(|| {
            self.subscriptions.push(None);
            slot
        })
    }

    /// Ends every subscription, without a word to the client (E7). From `now` on its user may come back: a
    /// session that is dropped without being told the time was gone when it last did something.
    pub fn leave(&mut self, now: Millis) {
        self.now = now;
        let leaving = self.leaving();
        for slot in 0..self.subscriptions.len() {
            self.remove_as(slot, leaving);
        }
        self.depart(leaving);
    }

    /// Subscriptions at this moment.
    pub fn subscriptions(&self) -> usize {
        self.subscriptions.iter().flatten().count()
    }

    /// Whether every subscription has handed over all that it may show.
    pub fn is_at_head(&self) -> bool {
        self.subscriptions.iter().flatten().all(|s| s.reader.position.get() >= s.topic.visible())
    }

    /// Where every subscription stands.
    pub fn positions(&self) -> impl Iterator<Item = (&TopicHub, Position)> {
        self.subscriptions.iter().flatten().map(|subscription| {
            let epoch = subscription.topic.begin(None).0.epoch;
            (&*subscription.topic, Position { epoch, offset: subscription.reader.position.get() })
        })
    }

    fn reply(&mut self, frame: &ServerFrame) {
        match frame.encode() {
            Ok(text) => self.replies.push_back(text),
            Err(error) => tracing::error!(%error, "a frame could not be encoded"),
        }
    }

    /// Tells the client; one that does not listen is closed and logged.
    fn complain(&mut self, detail: ErrorDetail, close: CloseCode) -> Result<(), Ending> {
        if self.now.since(self.last_error) >= ERRORS_FORGIVEN_MS {
            self.errors = 0;
        }
        self.errors += 1;
        self.last_error = self.now;
        metrics::counter!("touchline_client_errors_total", "code" => detail.code.as_str()).increment(1);
        let code = detail.code;
        self.reply(&ServerFrame::Error(detail));
        if self.errors <= ERRORS_TOLERATED {
            return Ok(());
        }
        tracing::warn!(
            connection = %self.connection, who = self.principal.who(), address = %self.principal.address(), %code,
            "closed an abuser"
        );
        Err(Ending(close))
    }

    /// Tells the client something that ends the connection.
    pub fn complain_once(&mut self, code: ErrorCode, message: &str) {
        self.reply(&ServerFrame::Error(ErrorDetail::new(code, message)));
    }

    /// Whether there is such a topic, as far as this principal may know.
    pub async fn is_known(&self, topic: &Topic) -> bool {
        let found = self.hub.readable(self.now, &self.principal, topic).await;
        matches!(found, Ok(_) | Err(TopicError::Store(_)))
    }
}

/// How a topic that cannot be read is refused, and how who goes on asking is closed.
fn refused(error: &TopicError, name: &Topic) -> (ErrorCode, CloseCode) {
    match error {
        TopicError::Unknown => (ErrorCode::UnknownTopic, CloseCode::ProtocolViolation),
        TopicError::SignIn => (ErrorCode::Unauthenticated, CloseCode::Unauthenticated),
        TopicError::Forbidden => (ErrorCode::Forbidden, CloseCode::Forbidden),
        TopicError::Store(error) => {
            tracing::error!(%error, topic = %name, "a topic could not be read");
            (ErrorCode::StorageUnavailable, CloseCode::StorageUnavailable)
        }
    }
}

/// What is said of it to the client: of the store no more than that it cannot be read.
fn said(error: &TopicError) -> String {
    match error {
        TopicError::Store(_) => "the store cannot be read at present".to_owned(),
        error => error.to_string(),
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.leave(self.now);
    }
}

#[cfg(test)]
mod rights;
#[cfg(test)]
mod tests;
