//! The people of a topic, without a topic.

use shared::limits::{PEOPLE_NAMED, PEOPLE_NAMED_ONLINE};

use super::*;
use crate::auth::example::person;

fn who(name: &str) -> Who {
    Who { person: person(name), invisible: false }
}

fn hidden(name: &str) -> Who {
    Who { invisible: true, ..who(name) }
}

const GRACE_MS: u64 = 15_000;

/// The people of a topic, and one who is told of them.
struct Bench {
    people: People,
    now: Millis,
    seen: u64,
}

impl Bench {
    fn new() -> Self {
        Self::on(&Topic::event(&"e1".parse().unwrap()))
    }

    fn on(topic: &Topic) -> Self {
        let mut people = People::new(topic);
        people.read();
        Self { people, now: Millis(0), seen: 0 }
    }

    fn enter(&mut self, name: &str) {
        self.people.enter(self.now, &who(name));
    }

    fn drop_connection(&mut self, name: &str) {
        self.people.exit(self.now, &who(name).person.id, Going::Until(self.now.plus(GRACE_MS)));
    }

    fn leave(&mut self, name: &str) {
        self.people.exit(self.now, &who(name).person.id, Going::ForGood);
    }

    fn type_on(&mut self, name: &str, on: bool) {
        self.people.type_on(self.now, &who(name).person.id, on);
    }

    /// Lets time pass, alarm by alarm.
    fn pass(&mut self, ms: u64) {
        let end = self.now.plus(ms);
        while let Some(due) = self.people.arm().or(self.people.armed).filter(|due| *due <= end) {
            self.now = due;
            self.people.ring(due);
        }
        self.now = end;
    }

    /// What the reader is told now, in a few words each.
    fn hear(&mut self) -> Vec<String> {
        let told = self.people.told(self.seen);
        let frames = if told.version == self.seen { Vec::new() } else { told.frames };
        self.seen = told.version;
        frames.iter().map(|text| words(&ServerFrame::decode(text).unwrap())).collect()
    }
}

fn words(frame: &ServerFrame) -> String {
    let names = |people: &[Person]| people.iter().map(|p| p.name.clone()).collect::<Vec<_>>().join(" ");
    match frame {
        ServerFrame::PresenceState(_, state) => {
            format!("state [{}] of {} typing [{}]", names(&state.people), state.total, names(&state.typing))
        }
        ServerFrame::PresenceJoin(_, there) => format!("join {}", there.person.name),
        ServerFrame::PresenceLeave(_, gone) => format!("leave {}", gone.user_id),
        ServerFrame::UserOnline(_, there) => format!("online {}", there.person.name),
        ServerFrame::UserOffline(_, gone) => format!("offline {}", gone.user_id),
        ServerFrame::TypingStart(_, there) => format!("typing {}", there.person.name),
        ServerFrame::TypingStop(_, gone) => format!("stopped {}", gone.user_id),
        other => panic!("{other:?}"),
    }
}

#[test]
fn p4_two_tabs_are_one_person() {
    let mut bench = Bench::new();
    bench.enter("ada");
    assert_eq!(bench.hear(), ["state [ada] of 1 typing []"]);
    bench.enter("ada");
    assert!(bench.hear().is_empty(), "she is there already");
    bench.leave("ada");
    assert!(bench.hear().is_empty(), "and still is by the other tab");
    bench.leave("ada");
    assert_eq!(bench.hear(), ["leave id-ada"], "who says goodbye is gone at once");
    assert!(bench.people.there.is_empty());
}

#[test]
fn p4_a_reload_is_no_leaving_and_a_crash_is_one_after_the_grace() {
    let mut bench = Bench::new();
    bench.enter("ada");
    bench.enter("ben");
    bench.hear();
    bench.drop_connection("ada");
    bench.pass(GRACE_MS - 1);
    bench.enter("ada");
    bench.pass(2 * GRACE_MS);
    assert!(bench.hear().is_empty(), "she came back in time");
    bench.drop_connection("ada");
    bench.pass(GRACE_MS - 1);
    assert!(bench.hear().is_empty());
    bench.pass(1);
    assert_eq!(bench.hear(), ["leave id-ada"]);
    bench.leave("ben");
    bench.pass(2000);
    assert!(bench.people.is_empty() && bench.people.arm().is_none(), "nothing is left: {:?}", bench.people);
}

#[test]
fn p4_who_is_forgotten_is_gone_if_no_connection_is_left() {
    let mut bench = Bench::new();
    bench.enter("ada");
    bench.enter("ben");
    bench.hear();
    bench.people.forget(bench.now, &who("ada").person.id);
    assert!(bench.hear().is_empty(), "she has a connection");
    bench.drop_connection("ada");
    bench.people.forget(bench.now, &who("ada").person.id);
    assert_eq!(bench.hear(), ["leave id-ada"]);
    bench.pass(2 * GRACE_MS);
    assert!(bench.hear().is_empty(), "once");
}

#[test]
fn p4_who_hides_is_neither_named_nor_counted_nor_typing() {
    let mut bench = Bench::new();
    bench.people.enter(bench.now, &hidden("ada"));
    bench.type_on("ada", true);
    assert_eq!(bench.hear(), ["state [] of 0 typing []"]);
    bench.people.change(bench.now, &who("ada"));
    bench.type_on("ada", true);
    assert_eq!(bench.hear(), ["join ada", "typing ada"]);
    bench.people.change(bench.now, &hidden("ada"));
    assert_eq!(bench.hear(), ["stopped id-ada", "leave id-ada"]);
    assert_eq!(bench.people.count(), 0);
    bench.leave("ada");
    assert!(bench.hear().is_empty() && bench.people.there.is_empty());
}

#[test]
fn p4_who_types_is_told_once_and_stops_by_themselves() {
    let mut bench = Bench::new();
    bench.type_on("ada", true);
    bench.enter("ada");
    bench.enter("ben");
    assert_eq!(bench.hear(), ["state [ada ben] of 2 typing []"], "who is not there does not type");
    bench.type_on("ada", true);
    bench.pass(TYPING_MS - 1);
    bench.type_on("ada", true);
    bench.type_on("ben", true);
    assert_eq!(bench.hear(), ["typing ada", "typing ben"], "saying it again changes nothing");
    bench.type_on("ben", false);
    bench.pass(TYPING_MS - 1);
    assert_eq!(bench.hear(), ["stopped id-ben"]);
    bench.pass(1);
    assert_eq!(bench.hear(), ["stopped id-ada"]);
    bench.type_on("ben", true);
    bench.hear();
    bench.leave("ben");
    assert_eq!(bench.hear(), ["stopped id-ben", "leave id-ben"]);
    for number in 0..2 * TYPING_NAMED {
        bench.enter(&format!("p{number}"));
        bench.type_on(&format!("p{number}"), true);
    }
    assert_eq!(bench.people.typing.len(), TYPING_NAMED);
}

#[test]
fn p4_only_the_first_are_named_and_the_next_moves_up() {
    let mut bench = Bench::new();
    bench.seen = bench.people.told(0).version;
    for number in 0..PEOPLE_NAMED + 2 {
        bench.enter(&format!("p{number}"));
        bench.pass(1000);
    }
    assert_eq!(bench.hear().len(), PEOPLE_NAMED, "those who are only counted are not told");
    bench.leave(&format!("p{}", PEOPLE_NAMED + 1));
    assert!(bench.hear().is_empty());
    bench.leave("p3");
    assert_eq!(bench.hear(), ["leave id-p3".to_owned(), format!("join p{PEOPLE_NAMED}")]);
    bench.seen = 0;
    let state = bench.hear();
    assert!(state[0].ends_with(&format!("p{PEOPLE_NAMED}] of {PEOPLE_NAMED} typing []")), "{state:?}");
}

#[test]
fn p4_a_burst_is_told_as_one_state() {
    let mut bench = Bench::new();
    bench.enter("ada");
    bench.hear();
    for _ in 0..WINDOW_CHANGES {
        bench.enter("ben");
        bench.leave("ben");
    }
    bench.enter("cid");
    // The one who came first has used up one of the window's.
    assert_eq!(bench.hear().len(), WINDOW_CHANGES - 1);
    bench.pass(1000);
    assert_eq!(bench.hear(), ["state [ada cid] of 2 typing []"]);
    bench.pass(1000);
    bench.enter("dan");
    assert_eq!(bench.hear(), ["join dan"]);
}

#[test]
fn p4_a_reader_who_is_behind_gets_the_state() {
    let mut bench = Bench::new();
    bench.enter("ada");
    bench.hear();
    for _ in 0..RING_FRAMES {
        bench.enter("ben");
        bench.leave("ben");
        bench.pass(1000);
    }
    assert_eq!(bench.hear(), ["state [ada] of 1 typing []"]);
}

#[test]
fn p4_another_name_takes_the_place_of_the_first() {
    let mut bench = Bench::new();
    bench.enter("ada");
    bench.hear();
    let mut renamed = who("ada");
    renamed.person.display_name = "Countess".to_owned();
    bench.people.change(bench.now, &renamed);
    assert_eq!(bench.hear(), ["join ada"]);
    bench.people.change(bench.now, &renamed);
    assert!(bench.hear().is_empty());
}

#[test]
fn p4_online_has_names_of_its_own() {
    let mut bench = Bench::on(&Topic::online());
    bench.hear();
    bench.enter("ada");
    bench.leave("ada");
    assert_eq!(bench.hear(), ["online ada", "offline id-ada"]);
    assert_eq!(bench.people.named, PEOPLE_NAMED_ONLINE);
    let mut nobodys = People::new(&Topic::user(&"a1".parse().unwrap()));
    nobodys.enter(Millis(0), &who("ada"));
    assert!(nobodys.is_empty(), "one is not present on what is one's own");
}

/// What 2,000 people cost who come within ten seconds: in frames, over all readers.
#[test]
fn p4_a_crowd_costs_each_reader_a_handful_of_frames() {
    const CROWD: usize = 2000;
    let mut people = People::new(&Topic::event(&"e1".parse().unwrap()));
    let mut seen: Vec<u64> = Vec::new();
    let (mut now, mut frames, mut bytes) = (Millis(0), 0, 0);
    let mut read = |people: &mut People, seen: &mut [u64]| {
        for seen in seen {
            if people.version() != *seen {
                let told = people.told(*seen);
                *seen = told.version;
                frames += told.frames.len();
                bytes += told.frames.iter().map(|text| text.len()).sum::<usize>();
            }
        }
    };
    for number in 0..CROWD {
        now = now.plus(5);
        people.read();
        people.enter(now, &who(&format!("p{number}")));
        seen.push(0);
        if people.arm().or(people.armed).is_some_and(|due| due <= now) {
            people.ring(now);
        }
        read(&mut people, &mut seen);
    }
    // Each is told the state once; the first ones also of those who were named after them.
    let most = CROWD + PEOPLE_NAMED * PEOPLE_NAMED;
    assert!(frames >= CROWD && frames <= most, "{frames} frames, {bytes} bytes");
    assert_eq!(people.count(), CROWD as u64);
}
