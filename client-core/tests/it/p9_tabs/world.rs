//! A browser with tabs, a lock that one of them holds, a server, and words between them that take their
//! time. What the driver does in the browser is done here in a few lines; what decides is the real thing.

mod server;
mod terms;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use client_core::{
    Attempt, Client, Config, Event, Input, Instant, Output,
    relay::{Allegiance, Port, Relay, RelayOutput, Tab as Name, Term, Word},
};
use shared::{ClientFrame, Position, ServerFrame, Timestamp, Topic, frame::Batch};

use super::super::script::server_frame;

#[derive(Debug, Clone)]
enum Message {
    /// For the client itself.
    Input(Input),
    /// As text.
    Word(String),
    /// The lock is this tab's, if it still takes part by this name.
    Granted(Name),
    /// It was taken away.
    Lost(Name),
    Gone(Name),
}

pub(super) struct Tab {
    pub(super) client: Client,
    /// Where its page stands, by topic; absent until the first snapshot.
    pub(super) applied: BTreeMap<Topic, Position>,
    pub(super) counted: BTreeMap<Topic, u64>,
    topics: Vec<Topic>,
    name: Name,
    allegiance: Allegiance,
    /// Its virtual socket.
    port: Option<(Attempt, Port)>,
    /// The real one.
    pub(super) socket: Option<Attempt>,
    leads: Option<(Relay, Term)>,
    /// What arrives while it is frozen and is done when it thaws.
    frozen: Option<Vec<Message>>,
    hung_until: u64,
    /// The identity that its page has asked for.
    identity: u64,
}

pub(super) struct World {
    pub(super) now: u64,
    pub(super) tabs: BTreeMap<usize, Tab>,
    opened: usize,
    pub(super) holder: Option<usize>,
    queue: VecDeque<usize>,
    heads: BTreeMap<Topic, u64>,
    /// How many watch, says the server.
    pub(super) count: u64,
    low: u64,
    /// Per pair in order; between pairs in any.
    coming: BTreeMap<(u64, u64), (usize, Message)>,
    last: BTreeMap<(usize, usize), u64>,
    sent: u64,
    delays: Vec<u8>,
    /// Most connections at any time.
    pub(super) sockets_max: usize,
    /// Counts who was signed in: the cookie that all tabs share.
    identity: u64,
    /// Who was signed in at least, at the server, when a term began.
    identities: BTreeMap<Term, u64>,
}

const SERVER: usize = usize::MAX;
const BROWSER: usize = usize::MAX - 1;

fn time() -> Timestamp {
    "2026-11-21T20:14:05.123Z".parse().unwrap()
}

pub(super) fn topic(name: &str) -> Topic {
    format!("event:{name}").parse().unwrap()
}

impl World {
    pub(super) fn new(delays: Vec<u8>) -> Self {
        Self {
            now: 0,
            tabs: BTreeMap::new(),
            opened: 0,
            holder: None,
            queue: VecDeque::new(),
            heads: BTreeMap::from([(topic("a"), 3), (topic("b"), 7)]),
            count: 1,
            low: 0,
            coming: BTreeMap::new(),
            last: BTreeMap::new(),
            sent: 0,
            delays,
            sockets_max: 0,
            identity: 0,
            identities: BTreeMap::new(),
        }
    }

    pub(super) fn position(&self, topic: &Topic) -> Position {
        format!("e.{}", self.heads[topic]).parse().unwrap()
    }

    /// What all pages together follow.
    pub(super) fn followed(&self) -> BTreeSet<Topic> {
        self.tabs.values().flat_map(|tab| tab.topics.iter().cloned()).collect()
    }

    fn send(&mut self, from: usize, to: usize, message: Message) {
        self.sent += 1;
        let delay = u64::from(self.delays.pop().unwrap_or(3));
        let last = self.last.entry((from, to)).or_default();
        *last = (*last).max(self.now + delay);
        self.coming.insert((*last, self.sent), (to, message));
    }

    /// To every other tab, as a channel does it.
    fn say(&mut self, from: usize, word: &Word) {
        let text = word.write(Instant(self.now)).unwrap();
        for to in self.tabs.keys().copied().filter(|to| *to != from).collect::<Vec<_>>() {
            self.send(from, to, Message::Word(text.clone()));
        }
    }

    /// Every second tab follows another topic as well.
    pub(super) fn open_tab(&mut self) -> usize {
        let number = self.opened;
        self.opened += 1;
        let mut topics = vec![topic("a")];
        topics.extend((number % 2 == 1).then(|| topic("b")));
        let tab = Tab {
            client: Client::new(Config::default(), number as u64),
            applied: BTreeMap::new(),
            counted: BTreeMap::new(),
            topics: topics.clone(),
            name: Name(format!("{number}-0")),
            allegiance: Allegiance::default(),
            port: None,
            socket: None,
            leads: None,
            frozen: None,
            hung_until: 0,
            identity: 0,
        };
        self.tabs.insert(number, tab);
        self.take_part(number);
        for topic in topics {
            self.follow(number, topic, None);
        }
        number
    }

    fn take_part(&mut self, number: usize) {
        self.input(number, Input::Led(true));
        self.input(number, Input::Start);
        self.queue.push_back(number);
        self.grant();
    }

    pub(super) fn follow(&mut self, number: usize, topic: Topic, position: Option<Position>) {
        if let Some((relay, _)) = &mut self.tabs.get_mut(&number).unwrap().leads {
            relay.own(topic.clone(), position.clone());
        }
        self.input(number, Input::Subscribe { topic, position });
    }

    /// The tab goes without a word: its locks are free.
    pub(super) fn crash(&mut self, number: usize) {
        if let Some(gone) = self.tabs.remove(&number) {
            self.free(number, gone.name);
        }
    }

    pub(super) fn close_tab(&mut self, number: usize) {
        let Some(tab) = self.tabs.get(&number) else { return };
        if tab.hung_until <= self.now {
            self.input(number, Input::Stop);
        }
        self.crash(number);
    }

    /// As for the back-forward cache: the tab says that it goes, and gives its locks up.
    pub(super) fn freeze(&mut self, number: usize) {
        let can = |tab: &&Tab| tab.frozen.is_none() && tab.hung_until <= self.now;
        let Some(tab) = self.tabs.get(&number).filter(can) else { return };
        let name = tab.name.clone();
        self.input(number, Input::Stop);
        self.depose(number);
        self.tabs.get_mut(&number).unwrap().frozen = Some(Vec::new());
        self.free(number, name);
    }

    pub(super) fn thaw(&mut self, number: usize) {
        let now = self.now;
        let Some(tab) = self.tabs.get_mut(&number) else { return };
        let Some(held) = tab.frozen.take() else { return };
        tab.name = Name(format!("{number}-{now}"));
        for message in held {
            self.send(BROWSER, number, message);
        }
        self.take_part(number);
    }

    /// The tab answers nobody for a while, and keeps its locks.
    pub(super) fn hang(&mut self, number: usize, millis: u64) {
        if let Some(tab) = self.tabs.get_mut(&number) {
            tab.hung_until = tab.hung_until.max(self.now + millis);
        }
    }

    fn free(&mut self, number: usize, name: Name) {
        self.queue.retain(|waiting| *waiting != number);
        for other in self.tabs.keys().copied().collect::<Vec<_>>() {
            self.send(BROWSER, other, Message::Gone(name.clone()));
        }
        if self.holder == Some(number) {
            self.holder = None;
            self.grant();
        }
    }

    /// The lock goes to the tab that waits longest.
    fn grant(&mut self) {
        if self.holder.is_none() {
            self.holder = self.queue.pop_front();
            if let Some(number) = self.holder {
                let name = self.tabs[&number].name.clone();
                self.send(BROWSER, number, Message::Granted(name));
            }
        }
    }

    pub(super) fn input(&mut self, number: usize, input: Input) {
        let now = Instant(self.now);
        let Some(tab) = self.tabs.get_mut(&number) else { return };
        tab.client.handle_input(now, input);
        while let Some(output) = self.tabs.get_mut(&number).and_then(|tab| tab.client.poll_output()) {
            self.output(number, output);
        }
        self.relay(number);
        let sockets = self.tabs.values().filter(|tab| tab.socket.is_some()).count();
        self.sockets_max = self.sockets_max.max(sockets);
    }

    fn output(&mut self, number: usize, output: Output) {
        let tab = self.tabs.get_mut(&number).unwrap();
        match output {
            Output::Open { attempt } if tab.leads.is_some() => {
                tab.socket = Some(attempt);
                self.serve(number, attempt, server_frame("connected"));
            }
            Output::Open { attempt } => {
                let port: Port = format!("{}-{}", tab.name.0, attempt.0).parse().unwrap();
                tab.port = Some((attempt, port.clone()));
                tab.allegiance.opens();
                let name = tab.name.clone();
                self.say(number, &Word::Open { tab: name, port, visible: true });
            }
            Output::Close { attempt } => {
                tab.socket.take_if(|current| *current == attempt);
                if let Some((_, port)) = tab.port.take_if(|(current, _)| *current == attempt) {
                    self.say(number, &Word::Close { port });
                }
            }
            Output::Send { attempt, frame } if tab.socket == Some(attempt) => {
                if let ClientFrame::Subscribe(subscribe) = frame {
                    self.serve_topic(number, attempt, &subscribe);
                }
                // A ping is answered by whatever comes: the link is sound here unless it is cut.
                self.serve(number, attempt, server_frame("pong"));
            }
            Output::Send { frame, .. } => {
                if let Some((_, port)) = tab.port.clone() {
                    self.say(number, &Word::Frame { port, frame });
                }
            }
            Output::Poll { .. } => panic!("nobody polls where a socket is to be had"),
            Output::Event(event) => self.event(number, event),
        }
    }

    fn event(&mut self, number: usize, event: Event) {
        let tab = self.tabs.get_mut(&number).unwrap();
        match event {
            Event::Publications { topic, publications, position } => {
                if let Some((relay, _)) = &mut tab.leads {
                    let (from, to) = (publications[0].offset, position.offset);
                    let batch = Batch { from, to, publications: publications.clone() };
                    let text = ServerFrame::Batch(topic.clone(), batch).encode().unwrap();
                    relay.publications(&topic, &position, text.into());
                }
                if tab.topics.contains(&topic) {
                    let applied = tab.applied.get_mut(&topic).expect("nothing before the snapshot");
                    let mut last = applied.offset;
                    for publication in &publications {
                        assert_eq!(publication.offset, last.next(), "a hole or a double in tab {number}");
                        last = publication.offset;
                    }
                    assert_eq!(last, position.offset);
                    *applied = position;
                }
            }
            Event::SnapshotNeeded { topic, .. }
                if tab.leads.as_mut().is_none_or(|(relay, _)| relay.snapshot_needed(&topic)) =>
            {
                let position = self.position(&topic);
                let applied = Input::SnapshotApplied { topic, position };
                self.send(BROWSER, number, Message::Input(applied));
            }
            Event::Ephemeral { topic, frame } => {
                if let Some((relay, _)) = &mut tab.leads {
                    relay.ephemeral(&topic, frame.encode().unwrap().into());
                }
                if let ServerFrame::PresenceCount(_, count) = frame {
                    tab.counted.insert(topic, count.watchers);
                }
            }
            Event::Status(status) => {
                if let Some((_, term)) = &tab.leads {
                    let word = Word::Status { by: term.clone(), status, transport: tab.client.transport() };
                    self.say(number, &word);
                }
            }
            Event::LeaderSilent => self.steal(number),
            _ => {}
        }
    }

    fn relay(&mut self, number: usize) {
        loop {
            let leads = self.tabs.get_mut(&number).and_then(|tab| tab.leads.as_mut());
            let Some((relay, term)) = leads else { return };
            let Some(output) = relay.poll_output() else { return };
            match output {
                RelayOutput::ToPorts { ports, text } => {
                    let word = Word::Text { by: term.clone(), ports, text };
                    self.say(number, &word);
                }
                RelayOutput::ToClient(input) => self.input(number, input),
                RelayOutput::ToServer(frame) => panic!("nobody said {frame:?}"),
                RelayOutput::Watch(name) => {
                    // The lock of a tab that is gone already is had at once.
                    let there = self.tabs.values().any(|tab| tab.name == name && tab.frozen.is_none());
                    if !there {
                        self.send(BROWSER, number, Message::Gone(name));
                    }
                }
                RelayOutput::Unwatch(_) => {}
            }
        }
    }

    fn arrive(&mut self, number: usize, message: Message) {
        let Some(tab) = self.tabs.get_mut(&number) else { return };
        if let Some(held) = &mut tab.frozen {
            // The browser goes on with what a page waits for; nothing else reaches it.
            if let Message::Input(Input::SnapshotApplied { .. }) = message {
                held.push(message);
            }
            return;
        }
        match message {
            Message::Input(Input::SnapshotApplied { topic, position }) => {
                tab.applied.insert(topic.clone(), position.clone());
                if let Some((relay, _)) = &mut tab.leads {
                    relay.moved(&topic, position.clone());
                }
                self.input(number, Input::SnapshotApplied { topic, position });
            }
            Message::Input(input) => self.input(number, input),
            Message::Granted(name) if name == tab.name => self.lead(number),
            Message::Lost(name) if name == tab.name => {
                self.depose(number);
                self.queue.push_back(number);
            }
            Message::Granted(_) | Message::Lost(_) => {}
            Message::Gone(name) => {
                if let Some((relay, _)) = &mut tab.leads {
                    relay.gone(&name);
                }
            }
            Message::Word(text) => {
                let word = Word::read(&text, Instant(self.now)).expect(&text);
                self.hear(number, word);
            }
        }
        self.relay(number);
    }

    fn hear(&mut self, number: usize, word: Word) {
        let tab = self.tabs.get_mut(&number).unwrap();
        match (word, &mut tab.leads) {
            (Word::Open { tab: name, port, visible }, Some((relay, term))) => {
                relay.open(name, port, visible, time());
                let (status, transport) = (tab.client.status(), tab.client.transport());
                let word = Word::Status { by: term.clone(), status, transport };
                self.relay(number);
                self.say(number, &word);
            }
            (Word::Frame { port, frame }, Some((relay, _))) => relay.frame(&port, frame, time()),
            (Word::Reconnect, Some(_)) => self.renew(number),
            (Word::Close { port }, Some((relay, _))) => relay.close(&port),
            (Word::Leads(term), None) if tab.allegiance.announced(term.clone()) => {
                self.input(number, Input::Reconnect);
            }
            (Word::Text { by: term, ports, text }, None) => {
                let mine = tab.port.clone().filter(|(_, port)| ports.contains(port));
                if let Some((attempt, _)) = mine.filter(|_| tab.allegiance.speaks(&term)) {
                    assert!(self.identities[&term] >= tab.identity, "tab {number} hears what another may");
                    let frame = ServerFrame::decode(&text).unwrap();
                    self.input(number, Input::Received { attempt, frame });
                }
            }
            (Word::Status { by: term, status, transport }, None) if tab.allegiance.is_served_by(&term) => {
                self.input(number, Input::Leader { status, transport });
            }
            _ => {}
        }
    }

    pub(super) fn run_for(&mut self, millis: u64) {
        let end = self.now + millis;
        loop {
            let coming = self.coming.first_key_value().map(|((at, _), _)| *at);
            let timer = self
                .tabs
                .iter()
                .filter_map(|(number, tab)| Some((tab.client.poll_timeout()?.0.max(tab.hung_until), *number)))
                .min();
            match (coming, timer) {
                (Some(at), timer) if at <= end && timer.is_none_or(|(due, _)| at <= due) => {
                    self.now = self.now.max(at);
                    let ((_, sent), (number, message)) = self.coming.pop_first().unwrap();
                    let hung_until = self.tabs.get(&number).map_or(0, |tab| tab.hung_until);
                    if hung_until > self.now {
                        self.coming.insert((hung_until, sent), (number, message));
                    } else {
                        self.arrive(number, message);
                    }
                }
                (_, Some((due, number))) if due <= end => {
                    self.now = self.now.max(due);
                    self.input(number, Input::Timeout);
                }
                _ => break,
            }
        }
        self.now = end;
    }
}
