//! P9: tabs that share one connection. Every tab sees every publication once and in order, whoever leads and
//! however leaders and followers come and go.

mod world;

use client_core::{
    Input, Status,
    relay::{Relay, RelayOutput, Tab},
};
use proptest::prelude::*;
use shared::{
    ClientFrame, ServerFrame, Timestamp,
    frame::{TopicName, Typing},
};

use self::world::{World, topic};
use super::script::server_frame;

#[derive(Debug, Clone, Copy)]
enum Op {
    Publish(&'static str, u64),
    OpenTab,
    CloseTab(usize),
    CrashTab(usize),
    CloseLeader,
    CrashLeader,
    FreezeTab(usize),
    FreezeLeader,
    ThawAll,
    /// The leader answers nobody for so many seconds.
    HangLeader(u64),
    /// The leader's connection breaks.
    Cut,
    /// Only the newest publications are kept by the server.
    Forget,
    Count(u64),
    /// Somebody signs in or out.
    SignIn(usize),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (prop_oneof![Just("a"), Just("b")], 1..5_u64).prop_map(|(topic, n)| Op::Publish(topic, n)),
        3 => Just(Op::OpenTab),
        1 => (0..8_usize).prop_map(Op::CloseTab),
        1 => (0..8_usize).prop_map(Op::CrashTab),
        1 => (0..8_usize).prop_map(Op::FreezeTab),
        1 => Just(Op::CloseLeader),
        1 => Just(Op::CrashLeader),
        1 => Just(Op::FreezeLeader),
        2 => Just(Op::ThawAll),
        1 => (5..60_u64).prop_map(Op::HangLeader),
        1 => Just(Op::Cut),
        1 => Just(Op::Forget),
        2 => (1..50_u64).prop_map(Op::Count),
        1 => (0..8_usize).prop_map(Op::SignIn),
    ]
}

impl World {
    fn apply(&mut self, op: Op) {
        let nth = |world: &Self, n: usize| world.tabs.keys().nth(n).copied();
        match op {
            Op::Publish(name, count) => self.publish(&topic(name), count),
            Op::OpenTab if self.tabs.len() < 10 => drop(self.open_tab()),
            Op::OpenTab => {}
            Op::CloseTab(n) => nth(self, n).into_iter().for_each(|number| self.close_tab(number)),
            Op::CrashTab(n) => nth(self, n).into_iter().for_each(|number| self.crash(number)),
            Op::FreezeTab(n) => nth(self, n).into_iter().for_each(|number| self.freeze(number)),
            Op::CloseLeader => self.holder.into_iter().for_each(|number| self.close_tab(number)),
            Op::CrashLeader => self.holder.into_iter().for_each(|number| self.crash(number)),
            Op::FreezeLeader => self.holder.into_iter().for_each(|number| self.freeze(number)),
            Op::ThawAll => {
                for number in self.tabs.keys().copied().collect::<Vec<_>>() {
                    self.thaw(number);
                }
            }
            Op::HangLeader(seconds) => {
                self.holder.into_iter().for_each(|number| self.hang(number, seconds * 1000));
            }
            Op::Cut => self.cut(),
            Op::Forget => self.forget(),
            Op::Count(count) => self.count(count),
            Op::SignIn(n) => nth(self, n).into_iter().for_each(|number| self.sign_in(number)),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn p9_every_tab_sees_everything_once_whoever_leads(
        ops in prop::collection::vec((op(), 0..2_000_u64), 0..60),
        delays in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let hangs = ops.iter().any(|(op, _)| matches!(op, Op::HangLeader(_)));
        let mut world = World::new(delays);
        world.open_tab();
        world.open_tab();
        for (op, pause) in ops {
            world.apply(op);
            world.run_for(pause);
        }
        world.apply(Op::ThawAll);
        world.apply(Op::OpenTab);
        world.run_for(90_000);
        // Nothing but what the relay hands on brings the tabs here: no timer repairs a hole that is
        // shown by nothing.
        world.count(77);
        for name in ["a", "b"] {
            world.publish(&topic(name), 1);
        }
        world.run_for(2_000);
        for (number, tab) in &world.tabs {
            for (topic, applied) in &tab.applied {
                prop_assert_eq!(applied, &world.position(topic), "tab {}", number);
                prop_assert_eq!(tab.counted.get(topic), Some(&77), "the count in tab {}", number);
            }
            prop_assert!(!tab.applied.is_empty(), "tab {} never began", number);
            prop_assert_eq!(tab.client.status(), Status::Live, "tab {}", number);
        }
        // One that hung is not closed by who took over, but by itself.
        prop_assert!(hangs || world.sockets_max <= 1, "{} connections", world.sockets_max);
        let connected = world.tabs.values().filter(|tab| tab.socket.is_some()).count();
        prop_assert_eq!(connected, 1);
        // Nothing is left of tabs that are gone.
        let leader = &world.tabs[&world.holder.unwrap()];
        let subscribed = leader.client.topics().cloned().collect();
        prop_assert_eq!(world.followed(), subscribed);
    }
}

/// A follower that opens behind the leader is sent what it lacks, without another snapshot.
#[test]
fn p9_a_follower_within_the_tail_needs_no_snapshot() {
    let mut world = World::new(Vec::new());
    world.open_tab();
    world.run_for(1_000);
    let behind = world.position(&topic("a"));
    world.publish(&topic("a"), 3);
    world.run_for(1_000);
    world.open_tab();
    world.run_for(1_000);
    world.tabs.get_mut(&1).unwrap().applied.insert(topic("a"), behind.clone());
    world.follow(1, topic("a"), Some(behind));
    world.run_for(1_000);
    assert_eq!(world.tabs[&1].applied[&topic("a")], world.position(&topic("a")));
    // Those with which `open_tab` begins, one for each topic.
    assert_eq!(world.tabs[&1].client.counters().snapshots, 2);
    assert_eq!(world.tabs[&1].client.counters().publications, 3);
}

#[test]
fn p9_a_tab_that_crashed_leaves_no_subscription_at_the_leader() {
    let mut world = World::new(Vec::new());
    let leader = world.open_tab();
    let follower = world.open_tab();
    world.run_for(1_000);
    let topics = |world: &World| world.tabs[&leader].client.topics().cloned().collect::<Vec<_>>();
    assert_eq!(topics(&world), [topic("a"), topic("b")]);
    world.crash(follower);
    world.run_for(100);
    assert_eq!(topics(&world), [topic("a")]);
}

#[test]
fn p9_a_leader_that_answers_nobody_is_replaced() {
    let mut world = World::new(Vec::new());
    let leader = world.open_tab();
    let follower = world.open_tab();
    world.run_for(1_000);
    world.hang(leader, 120_000);
    // A heartbeat, its answer, and an answer to opening are waited for.
    world.run_for(30_000);
    assert_eq!(world.holder, Some(follower));
    world.publish(&topic("a"), 2);
    world.run_for(100);
    assert_eq!(world.tabs[&follower].applied[&topic("a")], world.position(&topic("a")));
    world.run_for(120_000);
    assert_eq!(world.tabs[&leader].applied[&topic("a")], world.position(&topic("a")), "by the new leader");
    assert_eq!(world.tabs[&leader].socket, None);
}

/// Who watches is told to a tab that comes when nothing changes, though it is in no log.
#[test]
fn p9_what_is_in_no_log_reaches_every_tab_and_who_comes_later() {
    let mut world = World::new(Vec::new());
    world.open_tab();
    world.open_tab();
    world.run_for(1_000);
    world.count(12);
    world.run_for(100);
    let late = world.open_tab();
    world.run_for(100);
    for (number, tab) in &world.tabs {
        assert_eq!(tab.counted[&topic("a")], 12, "tab {number}");
    }
    assert_eq!(late, 2);
}

fn drain(relay: &mut Relay) -> Vec<RelayOutput> {
    std::iter::from_fn(|| relay.poll_output()).collect()
}

/// The relay asks nothing about what kind of frame it is.
#[test]
fn p9_frames_outside_the_log_are_handed_on_as_they_are() {
    let time: Timestamp = "2026-11-21T20:14:05.123Z".parse().unwrap();
    let mut relay = Relay::new(true);
    let port: client_core::relay::Port = "p".parse().unwrap();
    relay.own(topic("a"), Some("e.5".parse().unwrap()));
    relay.open(Tab("t".to_owned()), port.clone(), true, time.clone());
    let subscribe = r#"{"type":"subscribe","payload":{"topic":"event:a","since":{"epoch":"e","offset":5}}}"#;
    relay.frame(&port, ClientFrame::decode(subscribe).unwrap(), time.clone());
    drain(&mut relay);
    let frame = server_frame("presence event:a 4");
    relay.ephemeral(&topic("a"), frame.encode().unwrap().into());
    let outputs = drain(&mut relay);
    let [RelayOutput::ToPorts { ports, text }] = &outputs[..] else { panic!("{outputs:?}") };
    assert_eq!(ports, std::slice::from_ref(&port));
    assert_eq!(ServerFrame::decode(text).unwrap(), frame);

    let typing = ClientFrame::Typing(Typing { name: TopicName::Topic(topic("a")), on: true });
    relay.frame(&port, typing.clone(), time);
    let outputs = drain(&mut relay);
    let [RelayOutput::ToServer(frame)] = &outputs[..] else { panic!("{outputs:?}") };
    assert_eq!(*frame, typing);
}

/// A hidden leader keeps its connection as lively as the follower that somebody looks at needs it.
#[test]
fn p9_the_connection_is_seen_for_as_long_as_one_tab_is() {
    let time: Timestamp = "2026-11-21T20:14:05.123Z".parse().unwrap();
    let told = |relay: &mut Relay| {
        let mut told = Vec::new();
        for output in drain(relay) {
            if let RelayOutput::ToClient(Input::Visible(visible)) = output {
                told.push(visible);
            }
        }
        told
    };
    let tab = Tab("t".to_owned());
    let mut relay = Relay::new(true);
    relay.open(tab.clone(), "p".parse().unwrap(), true, time);
    assert_eq!(told(&mut relay), [false; 0]);
    relay.own_sees(false);
    assert_eq!(told(&mut relay), [false; 0], "the other tab is in view");
    relay.sees(&tab, false);
    assert_eq!(told(&mut relay), [false]);
    relay.sees(&tab, true);
    assert_eq!(told(&mut relay), [true]);
    relay.sees(&tab, true);
    assert_eq!(told(&mut relay), [true], "somebody has come back and wants to see what is new");
    relay.gone(&tab);
    assert_eq!(told(&mut relay), [false]);
}
