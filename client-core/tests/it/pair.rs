//! The client against a small model of a server, over a network that loses, doubles and reorders: no
//! holes, nothing twice, in order, and at the head once the network is well again.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use client_core::{Attempt, Client, Config, Event, Input, Instant, Output, Status};
use proptest::prelude::*;
use shared::{
    ClientFrame, Offset, Position, ServerFrame, Topic,
    frame::{Batch, NotRecovered, Subscribed},
};

use super::script::{publication, server_frame};

/// What happens next, and how long after the last.
#[derive(Debug, Clone, Copy)]
enum Op {
    Publish(usize, u64),
    /// Every connection and poll is cut.
    Cut,
    /// New sockets are refused, or not any more.
    Block(bool),
    /// Held polls break off after a second, or not any more.
    BreakPolls(bool),
    /// Everything is refused, or not any more.
    Down(bool),
    /// Only the newest publications are kept.
    Forget(usize),
    /// A topic begins a new life.
    NewEpoch(usize),
    Sleep,
    Online(bool),
    Visible(bool),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (0..2_usize, 1..6_u64).prop_map(|(topic, count)| Op::Publish(topic, count)),
        2 => Just(Op::Cut),
        1 => any::<bool>().prop_map(Op::Block),
        1 => any::<bool>().prop_map(Op::BreakPolls),
        1 => any::<bool>().prop_map(Op::Down),
        1 => (0..2_usize).prop_map(Op::Forget),
        1 => (0..2_usize).prop_map(Op::NewEpoch),
        1 => Just(Op::Sleep),
        1 => any::<bool>().prop_map(Op::Online),
        1 => any::<bool>().prop_map(Op::Visible),
    ]
}

#[derive(Debug, Default)]
struct Log {
    epoch: u32,
    head: u64,
    /// What comes after this offset is kept.
    low: u64,
}

impl Log {
    fn position(&self) -> Position {
        format!("e{}.{}", self.epoch, self.head).parse().unwrap()
    }

    fn answer(&self, since: Option<&Position>, reference: Option<u64>) -> Subscribed {
        let Position { epoch, offset } = self.position();
        let reason = match since {
            None => Some(NotRecovered::NoPosition),
            Some(since) if since.epoch != epoch => Some(NotRecovered::EpochChanged),
            Some(since) if since.offset > offset => Some(NotRecovered::Ahead),
            Some(since) if since.offset.0 < self.low => Some(NotRecovered::Expired),
            Some(_) => None,
        };
        let from = if reason.is_none() { since.map_or(offset, |since| since.offset) } else { offset };
        Subscribed { epoch, offset: from, recovered: reason.is_none(), reason, reference }
    }
}

struct World {
    now: u64,
    client: Client,
    topics: Vec<Topic>,
    logs: Vec<Log>,
    /// Subscriptions of the sockets that are open: the offset up to which each topic was sent.
    sockets: BTreeMap<Attempt, BTreeMap<usize, u64>>,
    polls: BTreeMap<Attempt, Vec<(Topic, Option<Position>)>>,
    /// What is on its way, by its time of arrival.
    coming: BTreeMap<(u64, u64), Input>,
    sent: u64,
    blocked: bool,
    breaking: bool,
    down: bool,
    /// One byte decides what becomes of one frame; when none are left all is well.
    fates: Vec<u8>,
    /// What the application holds: the last offset of each topic, checked for order.
    applied: Vec<Option<Position>>,
}

impl World {
    fn new(seed: u64, fates: Vec<u8>) -> Self {
        let topics: Vec<Topic> = vec!["event:a".parse().unwrap(), "events".parse().unwrap()];
        let mut world = Self {
            now: 0,
            client: Client::new(Config::default(), seed),
            logs: topics.iter().map(|_| Log::default()).collect(),
            applied: vec![None; topics.len()],
            topics,
            sockets: BTreeMap::new(),
            polls: BTreeMap::new(),
            coming: BTreeMap::new(),
            sent: 0,
            blocked: false,
            breaking: false,
            down: false,
            fates,
        };
        for topic in world.topics.clone() {
            world.input(Input::Subscribe { topic, position: None });
        }
        world.input(Input::Start);
        world
    }

    fn index(&self, topic: &Topic) -> usize {
        self.topics.iter().position(|t| t == topic).unwrap()
    }

    fn input(&mut self, input: Input) {
        self.client.handle_input(Instant(self.now), input);
        let mut outputs = 0;
        while let Some(output) = self.client.poll_output() {
            outputs += 1;
            assert!(outputs < 100, "one input, too many outputs");
            self.output(output);
        }
    }

    fn send_in(&mut self, delay: u64, input: Input) {
        self.sent += 1;
        self.coming.insert((self.now + delay, self.sent), input);
    }

    /// From the server over the network, with luck.
    fn frame(&mut self, attempt: Attempt, frame: ServerFrame) {
        let received = |frame| Input::Received { attempt, frame };
        match self.fates.pop().unwrap_or(255) {
            0..12 => {}
            12..24 => {
                self.send_in(20, received(frame.clone()));
                self.send_in(50, received(frame));
            }
            24..36 => self.send_in(900, received(frame)),
            36..40 => self.send_in(20, Input::ReceivedNonsense { attempt }),
            _ => self.send_in(20, received(frame)),
        }
    }

    fn output(&mut self, output: Output) {
        match output {
            Output::Open { attempt } if self.blocked || self.down => {
                self.send_in(30, Input::Closed { attempt, code: None, retry_after: None });
            }
            Output::Open { attempt } => {
                self.sockets.insert(attempt, BTreeMap::new());
                self.send_in(20, Input::Opened { attempt });
                self.send_in(20, Input::Received { attempt, frame: server_frame("connected") });
            }
            Output::Close { attempt } => {
                self.sockets.remove(&attempt);
                self.polls.remove(&attempt);
            }
            Output::Send { attempt, frame } if self.sockets.contains_key(&attempt) => match frame {
                ClientFrame::Subscribe(subscribe) => {
                    let index = self.index(&subscribe.name.topic());
                    let answer = self.logs[index].answer(subscribe.since.as_ref(), subscribe.reference);
                    self.sockets.get_mut(&attempt).unwrap().insert(index, answer.offset.0);
                    self.frame(attempt, ServerFrame::Subscribed(self.topics[index].clone(), answer));
                    self.pump();
                }
                ClientFrame::Ping(_) => self.frame(attempt, server_frame("pong")),
                ClientFrame::Unsubscribe(_)
                | ClientFrame::Typing(_)
                | ClientFrame::Publish(_)
                | ClientFrame::Auth(_) => {}
            },
            Output::Send { .. } => {}
            Output::Poll { attempt, .. } if self.down => {
                self.send_in(30, Input::Closed { attempt, code: None, retry_after: None });
            }
            Output::Poll { attempt, from, wait } => {
                self.polls.insert(attempt, from);
                if wait.is_zero() {
                    self.answer_poll(attempt);
                } else if self.breaking {
                    self.send_in(1000, Input::Closed { attempt, code: None, retry_after: None });
                    self.polls.remove(&attempt);
                } else {
                    // The end of the wait is noticed by `run_until`, which answers what is left.
                    self.send_in(wait.as_millis() as u64, Input::Polled { attempt, frames: vec![] });
                    self.pump();
                }
            }
            Output::Event(event) => self.event(event),
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Publications { topic, publications, position } => {
                let index = self.index(&topic);
                let held = self.applied[index].clone().expect("nothing comes before the snapshot");
                assert_eq!(held.epoch, position.epoch);
                let mut last = held.offset;
                for publication in &publications {
                    assert_eq!(publication.offset, last.next(), "a hole or a double in {topic}");
                    last = publication.offset;
                }
                assert_eq!(last, position.offset);
                assert_eq!(self.client.position(&topic), Some(position.clone()));
                self.applied[index] = Some(position);
            }
            Event::SnapshotNeeded { topic, .. } => {
                if self.down {
                    self.send_in(100, Input::SnapshotFailed { topic });
                } else {
                    let position = self.logs[self.index(&topic)].position();
                    self.send_in(100, Input::SnapshotApplied { topic, position });
                }
            }
            Event::SubscriptionRefused { .. } => panic!("nobody refuses here"),
            Event::Status(_) | Event::Ephemeral { .. } | Event::Complaint { .. } | Event::LeaderSilent => {}
        }
    }

    fn batch(&self, index: usize, after: u64) -> ServerFrame {
        let topic = &self.topics[index];
        let (from, to) = (Offset(after + 1), Offset(self.logs[index].head));
        let publications = (from.0..=to.0).map(|offset| publication(topic.clone(), Offset(offset))).collect();
        ServerFrame::Batch(topic.clone(), Batch { from, to, publications })
    }

    /// Sends what the readers have not been sent.
    fn pump(&mut self) {
        for attempt in self.sockets.keys().copied().collect::<Vec<_>>() {
            for index in 0..self.topics.len() {
                let head = self.logs[index].head;
                let Some(sent) = self.sockets.get_mut(&attempt).unwrap().get_mut(&index) else { continue };
                let after = std::mem::replace(sent, head);
                if after < head {
                    let frame = self.batch(index, after);
                    self.frame(attempt, frame);
                }
            }
        }
        for (attempt, from) in self.polls.clone() {
            let news = from.iter().any(|(topic, position)| {
                let log = &self.logs[self.index(topic)];
                !log.answer(position.as_ref(), None).recovered || position.as_ref() != Some(&log.position())
            });
            if news {
                self.answer_poll(attempt);
            }
        }
    }

    fn answer_poll(&mut self, attempt: Attempt) {
        let Some(from) = self.polls.remove(&attempt) else { return };
        let mut frames = Vec::new();
        for (topic, position) in from {
            let index = self.index(&topic);
            let answer = self.logs[index].answer(position.as_ref(), None);
            let (after, recovered) = (answer.offset.0, answer.recovered);
            frames.push(ServerFrame::Subscribed(topic, answer));
            if recovered && after < self.logs[index].head {
                frames.push(self.batch(index, after));
            }
        }
        match self.fates.pop().unwrap_or(255) {
            0..20 => self.send_in(20, Input::Closed { attempt, code: None, retry_after: None }),
            20..30 => self.send_in(20, Input::ReceivedNonsense { attempt }),
            _ => self.send_in(20, Input::Polled { attempt, frames }),
        }
    }

    fn cut(&mut self) {
        let attempts: BTreeSet<_> = self.sockets.keys().chain(self.polls.keys()).copied().collect();
        self.sockets.clear();
        self.polls.clear();
        for attempt in attempts {
            self.send_in(5, Input::Closed { attempt, code: Some(1006), retry_after: None });
        }
    }

    fn apply(&mut self, op: Op) {
        match op {
            Op::Publish(index, count) => {
                self.logs[index].head += count;
                self.pump();
            }
            Op::Cut => self.cut(),
            Op::Block(blocked) => {
                self.blocked = blocked;
                if blocked {
                    self.cut();
                }
            }
            Op::BreakPolls(breaking) => self.breaking = breaking,
            Op::Down(down) => {
                self.down = down;
                if down {
                    self.cut();
                }
            }
            Op::Forget(index) => self.logs[index].low = self.logs[index].head.saturating_sub(2),
            Op::NewEpoch(index) => {
                let epoch = self.logs[index].epoch + 1;
                self.logs[index] = Log { epoch, ..Log::default() };
                // A server that restores a backup has lost its connections.
                self.cut();
            }
            Op::Sleep => {
                self.now += 600_000;
                self.cut();
            }
            Op::Online(online) => self.input(Input::Online(online)),
            Op::Visible(visible) => self.input(Input::Visible(visible)),
        }
    }

    fn run_for(&mut self, span: Duration) {
        let end = self.now + span.as_millis() as u64;
        loop {
            let coming = self.coming.first_key_value().map(|((time, _), _)| *time);
            let timer = self.client.poll_timeout().map(|due| due.0.max(self.now));
            match (coming, timer) {
                (Some(at), timer) if at <= end && timer.is_none_or(|timer| at <= timer) => {
                    self.now = self.now.max(at);
                    let ((_, _), input) = self.coming.pop_first().unwrap();
                    self.arrive(input);
                }
                (_, Some(at)) if at <= end => {
                    self.now = at;
                    self.input(Input::Timeout);
                }
                _ => break,
            }
        }
        self.now = end;
    }

    fn arrive(&mut self, input: Input) {
        match input {
            // The end of a held poll's wait; or an answer that is on its way already and is not empty.
            Input::Polled { attempt, ref frames } if frames.is_empty() => {
                if self.polls.contains_key(&attempt) {
                    self.answer_poll(attempt);
                }
            }
            Input::SnapshotApplied { ref topic, ref position } => {
                let index = self.index(topic);
                self.applied[index] = Some(position.clone());
                self.input(input);
            }
            input => self.input(input),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn e8_nothing_is_missed_or_doubled_and_all_is_caught_up_in_the_end(
        seed in any::<u64>(),
        ops in prop::collection::vec((op(), 0..5_000_u64), 0..60),
        fates in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut world = World::new(seed, fates);
        for (op, pause) in ops {
            world.apply(op);
            world.run_for(Duration::from_millis(pause));
        }
        world.fates.clear();
        for op in [Op::Down(false), Op::Block(false), Op::BreakPolls(false), Op::Online(true), Op::Visible(true)] {
            world.apply(op);
        }
        // A frame that was lost on a socket that lives shows itself by the next one.
        for _ in 0..2 {
            world.apply(Op::Publish(0, 1));
            world.apply(Op::Publish(1, 1));
            world.run_for(Duration::from_mins(1));
        }
        for (index, log) in world.logs.iter().enumerate() {
            prop_assert_eq!(&world.applied[index], &Some(log.position()), "topic {}", index);
        }
        prop_assert!(matches!(world.client.status(), Status::Live | Status::Polling));
        world.run_for(Duration::from_mins(15));
        prop_assert_eq!(world.client.status(), Status::Live);
        prop_assert!(world.client.is_following());
    }
}
