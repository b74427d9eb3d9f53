//! One connection for all tabs of a browser: what the tab that holds it does for the others.
//!
//! Every tab has a [`Client`](crate::Client) of its own. That of the leading tab talks to the server; for
//! every other the [`Relay`] plays the server: it answers the same frames over whatever carries text between
//! tabs. It is fed with what the leader's client hands out, which has no holes, so a follower that is behind
//! by no more than the tail goes on where it stands, by whichever transport the leader is served. Frames are
//! handed on as the server wrote them: no browser carries the code that would write them again. What has
//! no place in a log is handed on as it comes, of whatever kind it is; for who comes later the leader asks
//! the server to say it again.
//!
//! It knows no clock, no network, no browser. What a follower makes of the frames is its own client's
//! affair, and so is the proof that nothing is missing. Called by the driver of the leading tab, which does
//! what [`Relay::poll_output`] says.

mod tail;
mod term;
mod words;

use std::{collections::VecDeque, rc::Rc};

use litemap::LiteMap;
use serde::Serialize;
use shared::{
    ClientFrame, ConnectionId, ErrorCode, Position, Timestamp, Topic,
    frame::{Connected, NotRecovered, PROTOCOL_VERSION, Pong, Subscribe, Subscribed, Unsubscribed, plain},
    rest::ErrorDetail,
};

use self::tail::Tail;
pub use self::{
    term::{Allegiance, Tab, Term},
    words::Word,
};
use crate::Input;

/// A follower's virtual socket. A tab that opens another one has another port, and the old one is closed.
pub type Port = ConnectionId;

/// How often a follower makes sure that its leader is still there, in milliseconds. It costs no network.
const HEARTBEAT_INTERVAL_MS: u64 = 15_000;

/// What the driver is to do.
#[derive(Debug, Clone)]
pub enum RelayOutput {
    /// Hand this frame to these followers, in this order of outputs.
    ToPorts { ports: Vec<Port>, text: Rc<str> },
    /// Hand this to the leader's client.
    ToClient(Input),
    /// Send this frame of a follower to the server, if there is a connection: the relay does not know it.
    ToServer(ClientFrame),
    /// Find out when this tab is gone, whether or not it says so, and then call [`Relay::gone`].
    Watch(Tab),
    /// It does not matter any more.
    Unwatch(Tab),
}

/// A tab that is served.
#[derive(Debug)]
struct Follower {
    port: Port,
    visible: bool,
}

/// A topic that somebody in this browser follows.
#[derive(Debug, Default)]
struct Followed {
    /// The leading tab's own page follows it.
    own: bool,
    /// Up to where each follower was sent everything.
    ports: LiteMap<Port, Position>,
    /// `None` while the leader's client has no position.
    tail: Option<Tail>,
}

/// The server's part towards the followers. See the module's page.
#[derive(Debug)]
pub struct Relay {
    followers: LiteMap<Tab, Follower>,
    topics: LiteMap<Topic, Followed>,
    /// The leading tab itself can be seen.
    own_visible: bool,
    /// What the client was last told of that, for all tabs together.
    visible: bool,
    outputs: VecDeque<RelayOutput>,
}

impl Relay {
    /// A tab leads from now on that is, or is not, `visible`. What its own page follows comes by
    /// [`Self::own`].
    pub const fn new(visible: bool) -> Self {
        Self {
            followers: LiteMap::new(),
            topics: LiteMap::new(),
            own_visible: visible,
            visible,
            outputs: VecDeque::new(),
        }
    }

    /// The tab leads no more: the topics that its client follows for others only.
    pub fn dissolve(self) -> Vec<Topic> {
        self.topics.into_iter().filter(|(_, followed)| !followed.own).map(|(topic, _)| topic).collect()
    }

    /// The next thing to do; `None` when all is done.
    pub fn poll_output(&mut self) -> Option<RelayOutput> {
        self.outputs.pop_front()
    }

    /// A follower has opened a virtual socket; `timestamp` is what it is told of the time.
    pub fn open(&mut self, tab: Tab, port: Port, visible: bool, timestamp: Timestamp) {
        let follower = Follower { port: port.clone(), visible };
        match self.followers.insert(tab.clone(), follower) {
            Some(before) => self.shut(&before.port),
            None => self.outputs.push_back(RelayOutput::Watch(tab)),
        }
        self.look(false);
        let connected = Connected {
            event_id: None,
            connection_id: port.clone(),
            protocol: PROTOCOL_VERSION,
            heartbeat_interval_ms: HEARTBEAT_INTERVAL_MS,
            timestamp,
        };
        self.send(vec![port], "connected", None, connected);
    }

    /// A follower has closed its virtual socket.
    pub fn close(&mut self, port: &Port) {
        let tab = self.followers.iter().find(|(_, follower)| follower.port == *port);
        if let Some(tab) = tab.map(|(tab, _)| tab.clone()) {
            self.outputs.push_back(RelayOutput::Unwatch(tab.clone()));
            self.gone(&tab);
        }
    }

    /// A follower is not there any more, and may have had no time to say so.
    pub fn gone(&mut self, tab: &Tab) {
        if let Some(follower) = self.followers.remove(tab) {
            self.shut(&follower.port);
            self.look(false);
        }
    }

    /// A follower can be seen, or cannot any more. The connection is that of a page that can be seen for as
    /// long as one of the tabs can.
    pub fn sees(&mut self, tab: &Tab, visible: bool) {
        if let Some(follower) = self.followers.get_mut(tab) {
            follower.visible = visible;
            self.look(visible);
        }
    }

    /// The same of the leading tab itself.
    pub fn own_sees(&mut self, visible: bool) {
        self.own_visible = visible;
        self.look(visible);
    }

    /// Tells the client who sees it; somebody who has `just` begun to is told of in any case.
    fn look(&mut self, just: bool) {
        let visible = self.own_visible || self.followers.values().any(|follower| follower.visible);
        if just || visible != self.visible {
            self.visible = visible;
            self.outputs.push_back(RelayOutput::ToClient(Input::Visible(visible)));
        }
    }

    fn shut(&mut self, port: &Port) {
        let topics: Vec<_> =
            self.topics.iter().filter(|(_, f)| f.ports.contains_key(port)).map(|(t, _)| t.clone()).collect();
        for topic in topics {
            self.leave(&topic, port);
        }
    }

    /// A follower's frame. What a port says that is not open is not heard.
    pub fn frame(&mut self, port: &Port, frame: ClientFrame, timestamp: Timestamp) {
        if !self.followers.values().any(|follower| follower.port == *port) {
            return;
        }
        match frame {
            ClientFrame::Subscribe(subscribe) => self.subscribe(port, subscribe),
            ClientFrame::Unsubscribe(name) => {
                let topic = name.topic();
                self.leave(&topic, port);
                let answer = Unsubscribed { code: None };
                self.send(vec![port.clone()], "unsubscribed", Some(&topic), answer);
            }
            ClientFrame::Ping(ping) => {
                let pong = Pong { timestamp, reference: ping.reference };
                self.send(vec![port.clone()], "pong", None, pong);
            }
            frame => self.outputs.push_back(RelayOutput::ToServer(frame)),
        }
    }

    /// The leading tab's own page follows a topic; its client has been told so.
    pub fn own(&mut self, topic: Topic, position: Option<Position>) {
        self.topics.entry(topic.clone()).or_default().own = true;
        if let Some(position) = position {
            self.moved(&topic, position);
        }
    }

    /// The leading tab's own page is done with a topic.
    pub fn disown(&mut self, topic: &Topic) {
        let Some(followed) = self.topics.get_mut(topic) else { return };
        followed.own = false;
        // The snapshot that all waited for will not be read: from where the one furthest behind stands.
        if followed.tail.is_none()
            && let Some(position) = followed.ports.values().min_by_key(|at| at.offset).cloned()
        {
            self.moved(topic, position.clone());
            let position = Some(position);
            self.outputs
                .push_back(RelayOutput::ToClient(Input::Subscribe { topic: topic.clone(), position }));
        }
        self.forget_unfollowed(topic);
    }

    /// The leader's client was moved to `position`, by its page's snapshot or wish.
    pub fn moved(&mut self, topic: &Topic, position: Position) {
        let Some(followed) = self.topics.get_mut(topic) else { return };
        if followed.tail.as_ref().is_some_and(|tail| tail.reaches(&position) && !tail.is_before(&position)) {
            // What the client hears again from there on is in the tail already.
            return;
        }
        let behind = |at: &Position| at.epoch != position.epoch || at.offset < position.offset;
        let ports: Vec<_> =
            followed.ports.iter().filter(|(_, at)| behind(at)).map(|(port, _)| port.clone()).collect();
        followed.tail = Some(Tail::new(position.clone()));
        self.lose(topic, ports, position);
    }

    /// The leader's client hands out publications; the topic now stands at `position`. `text` is the frame that
    /// brought them. It may begin before what is new: a client passes over what it has.
    pub fn publications(&mut self, topic: &Topic, position: &Position, text: Rc<str>) {
        let Some(followed) = self.topics.get_mut(topic) else { return };
        if !followed.tail.as_mut().is_some_and(|tail| tail.push(position, &text)) {
            return;
        }
        for (_, at) in followed.ports.iter_mut() {
            at.offset = at.offset.max(position.offset);
        }
        let ports: Vec<_> = followed.ports.keys().cloned().collect();
        self.send_text(ports, text);
    }

    /// The leader's client asks for a snapshot: it stands nowhere. Says whether its own page is to read it;
    /// else a follower does, and subscribes from what it read.
    pub fn snapshot_needed(&mut self, topic: &Topic) -> bool {
        let Some(followed) = self.topics.get_mut(topic) else { return true };
        let own = followed.own;
        if let Some(tail) = followed.tail.take() {
            let ports = followed.ports.keys().cloned().collect();
            self.lose(topic, ports, tail.head());
        }
        own
    }

    /// The text of a frame about a topic that has no place in its log.
    pub fn ephemeral(&mut self, topic: &Topic, text: Rc<str>) {
        if let Some(followed) = self.topics.get(topic) {
            let ports = followed.ports.keys().cloned().collect();
            self.send_text(ports, text);
        }
    }

    /// The server will not have the topic followed.
    pub fn refused(&mut self, topic: &Topic, code: ErrorCode, message: &str) {
        if let Some(followed) = self.topics.remove(topic) {
            let mut detail = ErrorDetail::new(code, message);
            detail.topic = Some(topic.to_string());
            self.send(followed.ports.into_iter().map(|(port, _)| port).collect(), "error", None, detail);
        }
    }

    fn subscribe(&mut self, port: &Port, subscribe: Subscribe) {
        let topic = subscribe.name.topic();
        let Some(since) = subscribe.since else {
            let mut detail = ErrorDetail::new(ErrorCode::Malformed, "a tab subscribes from a position");
            detail.topic = Some(topic.to_string());
            detail.reference = subscribe.reference;
            return self.send(vec![port.clone()], "error", None, detail);
        };
        let followed = self.topics.entry(topic.clone()).or_default();
        if followed.tail.is_some() {
            let again = Input::Again { topic: topic.clone() };
            self.outputs.push_back(RelayOutput::ToClient(again));
        } else if !followed.own {
            // Nobody's yet, or waiting for the snapshot that this follower has read.
            followed.tail = Some(Tail::new(since.clone()));
            let position = Some(since.clone());
            self.outputs
                .push_back(RelayOutput::ToClient(Input::Subscribe { topic: topic.clone(), position }));
        }
        // While the own page reads a snapshot, the follower waits: `moved` tells what becomes of it.
        let reason = followed.tail.as_ref().and_then(|tail| tail.reason_against(&since));
        let missed = match (&followed.tail, reason) {
            (Some(tail), None) => tail.after(since.offset),
            _ => Vec::new(),
        };
        match (reason, &followed.tail) {
            (None, Some(tail)) if tail.is_ahead_of(&since) => {
                followed.ports.insert(port.clone(), tail.head());
            }
            (None, _) => {
                followed.ports.insert(port.clone(), since.clone());
            }
            (Some(_), _) => {
                followed.ports.remove(port);
            }
        }
        let answer = Subscribed {
            epoch: since.epoch,
            offset: since.offset,
            recovered: reason.is_none(),
            reason,
            reference: subscribe.reference,
        };
        let to = vec![port.clone()];
        self.send(to.clone(), "subscribed", Some(&topic), answer);
        for text in missed {
            self.send_text(to.clone(), text);
        }
        self.forget_unfollowed(&topic);
    }

    /// Tells followers that their subscription does not go on from where they stand. They are followers
    /// still: what keeps the topic alive until they come back with a snapshot's position.
    fn lose(&mut self, topic: &Topic, ports: Vec<Port>, at: Position) {
        let answer = Subscribed {
            epoch: at.epoch,
            offset: at.offset,
            recovered: false,
            reason: Some(NotRecovered::Expired),
            reference: None,
        };
        self.send(ports, "subscribed", Some(topic), answer);
    }

    fn leave(&mut self, topic: &Topic, port: &Port) {
        if let Some(followed) = self.topics.get_mut(topic) {
            followed.ports.remove(port);
            self.forget_unfollowed(topic);
        }
    }

    fn forget_unfollowed(&mut self, topic: &Topic) {
        if self.topics.get(topic).is_some_and(|followed| !followed.own && followed.ports.is_empty()) {
            self.topics.remove(topic);
            self.outputs.push_back(RelayOutput::ToClient(Input::Unsubscribe { topic: topic.clone() }));
        }
    }

    fn send(&mut self, ports: Vec<Port>, type_name: &str, topic: Option<&Topic>, payload: impl Serialize) {
        // Frames are made of strings and numbers; encoding them does not fail.
        if let Ok(text) = plain(type_name, topic, payload) {
            self.send_text(ports, text.into());
        }
    }

    fn send_text(&mut self, ports: Vec<Port>, text: Rc<str>) {
        if !ports.is_empty() {
            self.outputs.push_back(RelayOutput::ToPorts { ports, text });
        }
    }
}
