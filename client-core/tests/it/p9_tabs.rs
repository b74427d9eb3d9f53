//! Tabs that share one connection: every tab sees every publication once and in order, whoever leads and
//! however leaders come and go.

use std::collections::BTreeMap;

use client_core::{
    Attempt, Client, Config, Event, Input, Instant, Output, Status,
    relay::{Port, Relay, RelayOutput},
};
use proptest::prelude::*;
use shared::{
    ClientFrame, Offset, Position, ServerFrame, Timestamp, Topic,
    frame::{Batch, NotRecovered, Subscribed},
};

use super::script::{publication, server_frame};

#[derive(Debug, Clone, Copy)]
enum Op {
    Publish(u64),
    OpenTab,
    /// Closes a tab; the leader, where the number says so.
    CloseTab(usize),
    CloseLeader,
    /// The leader's connection breaks.
    Cut,
    /// Only the newest publications are kept by the server.
    Forget,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (1..5_u64).prop_map(Op::Publish),
        3 => Just(Op::OpenTab),
        1 => (0..8_usize).prop_map(Op::CloseTab),
        2 => Just(Op::CloseLeader),
        1 => Just(Op::Cut),
        1 => Just(Op::Forget),
    ]
}

/// What travels, and to which tab.
#[derive(Debug, Clone)]
enum Message {
    /// For the client itself.
    Input(Input),
    Open(Port),
    Frame(Port, String),
    Close(Port),
    /// From the leader to whoever holds this port.
    Text(Port, String),
}

struct Tab {
    client: Client,
    applied: Option<Position>,
    /// The virtual socket of this tab.
    port: Option<(Attempt, Port)>,
    /// The real one.
    socket: Option<Attempt>,
    relay: Option<Relay>,
}

struct World {
    now: u64,
    tabs: BTreeMap<usize, Tab>,
    opened: usize,
    leader: Option<usize>,
    head: u64,
    low: u64,
    topic: Topic,
    /// Per pair of tabs in order; between pairs in any.
    coming: BTreeMap<(u64, u64), (usize, Message)>,
    last: BTreeMap<(usize, usize), u64>,
    sent: u64,
    delays: Vec<u8>,
    sockets_max: usize,
}

const SERVER: usize = usize::MAX;

fn time() -> Timestamp {
    "2026-11-21T20:14:05.123Z".parse().unwrap()
}

impl World {
    fn new(delays: Vec<u8>) -> Self {
        Self {
            now: 0,
            tabs: BTreeMap::new(),
            opened: 0,
            leader: None,
            head: 3,
            low: 0,
            topic: "event:a".parse().unwrap(),
            coming: BTreeMap::new(),
            last: BTreeMap::new(),
            sent: 0,
            delays,
            sockets_max: 0,
        }
    }

    fn position(&self) -> Position {
        format!("e.{}", self.head).parse().unwrap()
    }

    fn send(&mut self, from: usize, to: usize, message: Message) {
        self.sent += 1;
        let delay = u64::from(self.delays.pop().unwrap_or(3));
        let last = self.last.entry((from, to)).or_default();
        *last = (*last).max(self.now + delay);
        self.coming.insert((*last, self.sent), (to, message));
    }

    fn open_tab(&mut self) {
        let number = self.opened;
        self.opened += 1;
        let client = Client::new(Config::default(), number as u64);
        self.tabs.insert(number, Tab { client, applied: None, port: None, socket: None, relay: None });
        self.lead();
        self.input(number, Input::Start);
        self.follow(number, None);
    }

    fn follow(&mut self, number: usize, position: Option<Position>) {
        if let Some(relay) = &mut self.tabs.get_mut(&number).unwrap().relay {
            relay.own(self.topic.clone(), position.clone());
        }
        let topic = self.topic.clone();
        self.input(number, Input::Subscribe { topic, position });
    }

    fn close_tab(&mut self, number: usize) {
        let Some(gone) = self.tabs.remove(&number) else { return };
        if self.leader == Some(number) {
            self.leader = None;
            self.lead();
        } else if let (Some((_, port)), Some(leader)) = (gone.port, self.leader) {
            self.send(number, leader, Message::Close(port));
        }
    }

    /// The lock goes to the tab that waits longest.
    fn lead(&mut self) {
        if self.leader.is_some() {
            return;
        }
        let Some((&number, tab)) = self.tabs.first_key_value() else { return };
        self.leader = Some(number);
        let mut relay = Relay::default();
        for topic in tab.client.topics() {
            relay.own(topic.clone(), tab.client.position(topic));
        }
        self.tabs.get_mut(&number).unwrap().relay = Some(relay);
        // Every tab, the leader too, begins anew by the way there is now.
        for number in self.tabs.keys().copied().collect::<Vec<_>>() {
            if self.tabs[&number].port.is_some() || self.tabs[&number].relay.is_some() {
                self.input(number, Input::Stop);
                self.input(number, Input::Start);
            }
        }
    }

    fn input(&mut self, number: usize, input: Input) {
        let now = Instant(self.now);
        let Some(tab) = self.tabs.get_mut(&number) else { return };
        tab.client.handle_input(now, input);
        while let Some(output) = self.tabs.get_mut(&number).and_then(|tab| tab.client.poll_output()) {
            self.output(number, output);
        }
    }

    fn output(&mut self, number: usize, output: Output) {
        let leader = self.leader;
        let tab = self.tabs.get_mut(&number).unwrap();
        match output {
            Output::Open { attempt } if leader == Some(number) => {
                tab.socket = Some(attempt);
                let frame = server_frame("connected");
                self.send(SERVER, number, Message::Input(Input::Received { attempt, frame }));
            }
            Output::Open { attempt } => {
                let port: Port = format!("{number}-{}", attempt.0).parse().unwrap();
                tab.port = Some((attempt, port.clone()));
                self.send(number, leader.unwrap(), Message::Open(port));
            }
            Output::Close { attempt } => {
                tab.socket.take_if(|current| *current == attempt);
                let port = tab.port.take_if(|(current, _)| *current == attempt);
                if let (Some((_, port)), Some(leader)) = (port, leader) {
                    self.send(number, leader, Message::Close(port));
                }
            }
            Output::Send { attempt, frame } if tab.socket == Some(attempt) => {
                if let ClientFrame::Subscribe(subscribe) = frame {
                    let answer = self.answer(subscribe.since.unwrap(), subscribe.reference);
                    let (after, recovered) = (answer.offset.0, answer.recovered);
                    self.serve(number, attempt, ServerFrame::Subscribed(self.topic.clone(), answer));
                    if recovered && after < self.head {
                        self.serve(number, attempt, self.batch(after));
                    }
                }
            }
            Output::Send { frame, .. } => {
                if let (Some((_, port)), Some(leader)) = (tab.port.clone(), leader) {
                    self.send(number, leader, Message::Frame(port, frame.encode().unwrap()));
                }
            }
            Output::Poll { .. } => panic!("nobody polls while there is a leader"),
            Output::Event(event) => self.event(number, event),
        }
    }

    fn answer(&self, since: Position, reference: Option<u64>) -> Subscribed {
        let recovered = since.offset.0 >= self.low;
        let reason = (!recovered).then_some(NotRecovered::Expired);
        let offset = if recovered { since.offset } else { Offset(self.head) };
        Subscribed { epoch: since.epoch, offset, recovered, reason, reference }
    }

    fn serve(&mut self, number: usize, attempt: Attempt, frame: ServerFrame) {
        self.send(SERVER, number, Message::Input(Input::Received { attempt, frame }));
    }

    fn batch(&self, after: u64) -> ServerFrame {
        let (from, to) = (Offset(after + 1), Offset(self.head));
        let publications = (from.0..=to.0).map(|o| publication(self.topic.clone(), Offset(o))).collect();
        ServerFrame::Batch(self.topic.clone(), Batch { from, to, publications })
    }

    fn event(&mut self, number: usize, event: Event) {
        let now_at = self.position();
        let tab = self.tabs.get_mut(&number).unwrap();
        match event {
            Event::Publications { topic, publications, position } => {
                if let Some(relay) = &mut tab.relay {
                    relay.publications(&topic, &publications, &position);
                }
                let mut last = tab.applied.as_ref().expect("nothing before the snapshot").offset;
                for publication in &publications {
                    assert_eq!(publication.offset, last.next(), "a hole or a double in tab {number}");
                    last = publication.offset;
                }
                assert_eq!(last, position.offset);
                tab.applied = Some(position);
            }
            Event::SnapshotNeeded { topic, .. }
                if tab.relay.as_mut().is_none_or(|relay| relay.snapshot_needed(&topic)) =>
            {
                let applied = Input::SnapshotApplied { topic, position: now_at };
                self.send(SERVER - 1, number, Message::Input(applied));
            }
            _ => {}
        }
        self.relay(number);
    }

    fn relay(&mut self, number: usize) {
        loop {
            let relay = self.tabs.get_mut(&number).and_then(|tab| tab.relay.as_mut());
            let Some(output) = relay.and_then(Relay::poll_output) else { return };
            match output {
                RelayOutput::ToPorts { ports, text } => {
                    for port in ports {
                        let to = port.as_str().split('-').next().unwrap().parse().unwrap();
                        self.send(number, to, Message::Text(port, text.to_string()));
                    }
                }
                RelayOutput::ToClient(input) => self.input(number, input),
                RelayOutput::ToServer(text) => panic!("nobody said {text}"),
            }
        }
    }

    fn arrive(&mut self, number: usize, message: Message) {
        let Some(tab) = self.tabs.get_mut(&number) else { return };
        match (message, &mut tab.relay) {
            (Message::Input(Input::SnapshotApplied { topic, position }), relay) => {
                tab.applied = Some(position.clone());
                if let Some(relay) = relay {
                    relay.moved(&topic, position.clone());
                }
                self.input(number, Input::SnapshotApplied { topic, position });
            }
            (Message::Input(input), _) => self.input(number, input),
            (Message::Open(port), Some(relay)) => relay.open(port, time()),
            (Message::Frame(port, text), Some(relay)) => relay.frame(&port, text, time()),
            (Message::Close(port), Some(relay)) => relay.close(&port),
            (Message::Text(port, text), _) => {
                if let Some((attempt, _)) = tab.port.clone().filter(|(_, mine)| *mine == port) {
                    let frame = ServerFrame::decode(&text).unwrap();
                    self.input(number, Input::Received { attempt, frame });
                }
            }
            _ => {}
        }
        self.relay(number);
        let sockets = self.tabs.values().filter(|tab| tab.socket.is_some()).count();
        self.sockets_max = self.sockets_max.max(sockets);
    }

    fn apply(&mut self, op: Op) {
        match op {
            Op::Publish(count) => {
                let before = self.head;
                self.head += count;
                if let Some(leader) = self.leader
                    && let Some(attempt) = self.tabs[&leader].socket
                {
                    let frame = self.batch(before);
                    self.serve(leader, attempt, frame);
                }
            }
            Op::OpenTab if self.tabs.len() < 10 => self.open_tab(),
            Op::OpenTab => {}
            Op::CloseTab(number) => {
                if let Some(number) = self.tabs.keys().nth(number).copied() {
                    self.close_tab(number);
                }
            }
            Op::CloseLeader => {
                if let Some(leader) = self.leader {
                    self.close_tab(leader);
                }
            }
            Op::Cut => {
                // Polls would do too, but are no matter of tabs: only what was live is cut.
                if let Some(leader) = self.leader
                    && self.tabs[&leader].client.status() == Status::Live
                    && let Some(attempt) = self.tabs.get_mut(&leader).unwrap().socket.take()
                {
                    let closed = Input::Closed { attempt, code: Some(1006), retry_after: None };
                    self.send(SERVER, leader, Message::Input(closed));
                }
            }
            Op::Forget => self.low = self.head.saturating_sub(2),
        }
        for number in self.tabs.keys().copied().collect::<Vec<_>>() {
            self.relay(number);
        }
    }

    fn run_for(&mut self, millis: u64) {
        let end = self.now + millis;
        loop {
            let coming = self.coming.first_key_value().map(|((at, _), _)| *at);
            let timer = self
                .tabs
                .iter()
                .filter_map(|(number, tab)| Some((tab.client.poll_timeout()?.0, *number)))
                .min();
            match (coming, timer) {
                (Some(at), timer) if at <= end && timer.is_none_or(|(due, _)| at <= due) => {
                    self.now = self.now.max(at);
                    let (_, (number, message)) = self.coming.pop_first().unwrap();
                    self.arrive(number, message);
                }
                (_, Some((due, number))) if due <= end => {
                    self.now = self.now.max(due);
                    self.input(number, Input::Timeout);
                    self.relay(number);
                }
                _ => break,
            }
        }
        self.now = end;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn p9_every_tab_sees_everything_once_whoever_leads(
        ops in prop::collection::vec((op(), 0..2_000_u64), 0..60),
        delays in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let mut world = World::new(delays);
        world.open_tab();
        world.open_tab();
        for (op, pause) in ops {
            world.apply(op);
            world.run_for(pause);
        }
        world.apply(Op::OpenTab);
        world.run_for(20_000);
        // Nothing but what the relay hands on brings the tabs here: no timer repairs a hole that is
        // shown by nothing.
        world.apply(Op::Publish(1));
        world.run_for(2_000);
        for (number, tab) in &world.tabs {
            prop_assert_eq!(&tab.applied, &Some(world.position()), "tab {}", number);
        }
        prop_assert!(world.sockets_max <= 1, "{} connections", world.sockets_max);
    }
}

/// A follower that opens behind the leader is sent what it lacks, without another snapshot.
#[test]
fn p9_a_follower_within_the_tail_needs_no_snapshot() {
    let mut world = World::new(Vec::new());
    world.open_tab();
    world.run_for(1_000);
    let behind = world.position();
    world.apply(Op::Publish(3));
    world.run_for(1_000);
    world.open_tab();
    world.run_for(1_000);
    world.tabs.get_mut(&1).unwrap().applied = Some(behind.clone());
    world.follow(1, Some(behind));
    world.run_for(1_000);
    assert_eq!(world.tabs[&1].applied, Some(world.position()));
    // The one with which `open_tab` begins.
    assert_eq!(world.tabs[&1].client.counters().snapshots, 1);
    assert_eq!(world.tabs[&1].client.counters().publications, 3);
}
