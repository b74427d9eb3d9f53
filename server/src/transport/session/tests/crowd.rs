//! What it costs when many come (P4): sessions and hub, without sockets.

use shared::{frame::TopicName, limits::PEOPLE_NAMED};

use super::*;

const CROWD: usize = 2_000;

/// Counts what goes out.
#[derive(Default)]
struct Tally {
    state: usize,
    changes: usize,
    counts: usize,
    bytes: usize,
}

impl Outlet for Tally {
    fn control(&mut self, _: &str) {}
    fn shared(&mut self, text: &Arc<str>) {
        self.bytes += text.len();
        match ServerFrame::decode(text).unwrap() {
            ServerFrame::PresenceState(..) => self.state += 1,
            ServerFrame::PresenceCount(..) => self.counts += 1,
            _ => self.changes += 1,
        }
    }
    fn slice(&mut self, _: &TopicHub, _: &Slice) {}
    fn is_full(&self) -> bool {
        false
    }
}

fn user(number: usize) -> Principal {
    signed_in(person(&format!("name{number}")))
}

#[test]
fn p4_2000_people_within_ten_seconds_do_not_cost_2000_times_2000_frames() {
    let (_store, hub) = bench(&["events"]);
    let limits = SessionLimits { subscriptions: 2, frames_per_second: 10, heartbeat_interval_ms: 25_000 };
    let (mut sessions, mut told, mut now) = (Vec::<Session>::new(), Tally::default(), Millis(0));
    let drain = |sessions: &mut [Session], now: Millis, told: &mut Tally| {
        for session in sessions.iter_mut().filter(|session| session.signal().is_set()) {
            at_once(session.drain(now, told)).unwrap();
        }
    };
    for number in 0..CROWD {
        now = now.plus(5);
        hub.ring(now);
        let connection = format!("c{number}").parse().unwrap();
        let mut session = Session::new(hub.clone(), user(number), connection, None, limits, now);
        let subscribe = Subscribe {
            name: TopicName::Topic(Topic::events()),
            since: None,
            presence: true,
            reference: None,
        };
        at_once(session.subscribe(subscribe)).unwrap();
        sessions.push(session);
        drain(&mut sessions, now, &mut told);
    }
    now = now.plus(1_000);
    hub.ring(now);
    drain(&mut sessions, now, &mut told);
    assert_eq!(hub.count(&Topic::events()).people, CROWD as u64);
    // Each is told the state once, the first few also of the next few, and everybody the count once a
    // second: on average for half of the ten seconds, and once at the end.
    let Tally { state, changes, counts, bytes } = told;
    assert_eq!(state, CROWD);
    assert!(changes <= PEOPLE_NAMED * PEOPLE_NAMED, "{changes} changes");
    assert!((CROWD..=8 * CROWD).contains(&counts), "{counts} counts");
    assert!(bytes < CROWD * 4_000, "{bytes} bytes");

    // All go at once, as when a network breaks: nobody is left to be told, and nothing is left.
    drop(sessions);
    for _ in 0..20 {
        now = now.plus(1_000);
        hub.ring(now);
    }
    assert_eq!(hub.count(&Topic::events()).people, 0);
    assert_eq!(hub.count(&Topic::online()).people, 0);
}
