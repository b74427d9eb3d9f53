//! The hub against an inline store, in a time of its own.

use std::sync::Arc;

use futures_util::FutureExt as _;
use parking_lot::Mutex;
use shared::{Change, Position, ServerFrame, WatcherId, change::MediaDeleted, frame::NotRecovered};

use super::{
    signal::Signal,
    topic::{Leaving, Reading},
    *,
};
use crate::{
    auth::example::{person, user},
    store::{Announcer, WorkError},
};

struct Bench {
    store: Store,
    hub: Arc<Hub>,
    /// Committed and not yet announced to the hub.
    bells: Arc<Mutex<Vec<Appended>>>,
    now: Millis,
}

fn at_once<T>(work: impl Future<Output = T>) -> T {
    work.now_or_never().expect("an inline store never waits")
}

fn name() -> Topic {
    "event:e1".parse().unwrap()
}

fn reading<'a>(
    signal: &'a Arc<Signal>,
    slot: usize,
    watcher: Option<&'a WatcherId>,
    position: Offset,
) -> Reading<'a> {
    Reading { signal, slot, watcher, who: None, people: false, position }
}

impl Bench {
    fn new(window_ms: u64, tail_bytes: usize) -> Self {
        let bells = Arc::new(Mutex::new(Vec::new()));
        let announcer: Announcer = {
            let bells = bells.clone();
            Arc::new(move |appended| bells.lock().extend(appended))
        };
        let store = Store::inline(announcer).unwrap();
        let made =
            at_once(store.write(async |tx| Ok::<_, WorkError<()>>(log::create_topic(tx, &name()).await?)));
        made.unwrap().unwrap();
        let options = HubOptions {
            window_ms: TopicKind::ALL.map(|kind| (kind, window_ms)),
            tail_bytes,
            idle_ms: 1000,
            ..HubOptions::default()
        };
        Self { hub: Arc::new(Hub::new(store.clone(), options)), store, bells, now: Millis(0) }
    }

    /// Commits publications, about the items named, without announcing them.
    fn commit(&self, items: &[&str]) {
        for item in items {
            let media_id = item.parse().unwrap();
            let done = at_once(self.store.write(async move |tx| {
                let change = Change::MediaDelete(MediaDeleted { media_id });
                Ok::<_, WorkError<()>>(log::append(tx, &name(), 0, |_| change).await?)
            }));
            done.unwrap().unwrap();
        }
    }

    fn ring_bells(&self) -> Vec<Topic> {
        let bells = std::mem::take(&mut *self.bells.lock());
        self.hub.accept(self.now, &bells)
    }

    fn publish(&self, items: &[&str]) {
        self.commit(items);
        assert!(self.ring_bells().is_empty());
    }

    fn topic(&self) -> Arc<TopicHub> {
        at_once(self.hub.topic(self.now, &name())).unwrap()
    }

    fn pass(&mut self, ms: u64) {
        self.now = self.now.plus(ms);
        self.hub.ring(self.now);
    }

    /// Reads everything after `from`; says what the frames covered, as `single offset` or `from-to`.
    fn read(&self, from: u64) -> Vec<String> {
        let topic = self.topic();
        let mut position = Offset(from);
        let mut seen = Vec::new();
        loop {
            let next = match topic.next(position) {
                Next::Behind => at_once(self.hub.fetch(&topic, position)).unwrap(),
                next => next,
            };
            match next {
                Next::Slice(slice) | Next::Last(slice) => {
                    position = slice.to();
                    seen.extend(slice.texts().map(|(_, text)| match ServerFrame::decode(text).unwrap() {
                        ServerFrame::Publication(p) => p.offset.to_string(),
                        ServerFrame::Batch(_, b) => format!("{}-{}", b.from, b.to),
                        other => panic!("{other:?}"),
                    }));
                }
                Next::AtHead => return seen,
                other => {
                    seen.push(format!("{other:?}"));
                    return seen;
                }
            }
        }
    }
}

#[test]
fn e12_the_first_goes_out_at_once_and_the_rest_together() {
    let mut bench = Bench::new(1000, 1 << 20);
    bench.topic();
    bench.publish(&["a"]);
    assert_eq!(bench.read(0), ["1"]);
    bench.publish(&["b"]);
    bench.publish(&["b", "c"]);
    assert_eq!(bench.read(1), Vec::<String>::new(), "held back");
    bench.pass(999);
    assert_eq!(bench.read(1), Vec::<String>::new());
    bench.pass(1);
    assert_eq!(bench.read(1), ["2-4"]);
    assert_eq!(bench.read(2), ["3", "4"], "who has some of it takes the rest one by one");
    bench.publish(&["d"]);
    assert_eq!(bench.read(4), Vec::<String>::new(), "a flush opens the next window");
    bench.pass(1000);
    assert_eq!(bench.read(4), ["5"]);
    bench.pass(1000);
    bench.publish(&["e"]);
    assert_eq!(bench.read(5), ["6"], "after a quiet window the next goes out at once");
}

#[test]
fn e12_a_topic_without_a_window_holds_nothing_back() {
    let bench = Bench::new(0, 1 << 20);
    bench.topic();
    bench.publish(&["a"]);
    bench.publish(&["b", "c"]);
    assert_eq!(bench.read(0), ["1", "2", "3"]);
    assert_eq!(bench.hub.next_alarm(), None);
}

#[test]
fn e8_a_reader_behind_the_tail_reads_the_store_without_a_hole() {
    let bench = Bench::new(0, 1);
    bench.topic();
    for index in 0..600 {
        bench.publish(&[&format!("m{index}")]);
    }
    let expected: Vec<_> = (1..=600).map(|offset: u64| offset.to_string()).collect();
    assert_eq!(bench.read(0), expected);
    assert_eq!(bench.read(255), expected[255..]);
    assert_eq!(bench.read(599), ["600"]);
}

#[test]
fn a_lost_or_doubled_bell_costs_a_read_and_nothing_else() {
    let bench = Bench::new(0, 1 << 20);
    bench.topic();
    bench.publish(&["a"]);
    bench.commit(&["b", "c"]);
    let lost: Vec<_> = bench.bells.lock().drain(..).collect();
    bench.commit(&["d"]);
    assert_eq!(bench.ring_bells(), [name()], "the hole is seen");
    assert_eq!(bench.read(0), ["1"], "and not shown");
    at_once(bench.hub.catch_up(bench.now, &name())).unwrap();
    assert_eq!(bench.read(0), ["1", "2", "3", "4"]);
    assert!(bench.hub.accept(bench.now, &lost).is_empty(), "late and double");
    assert_eq!(bench.read(0), ["1", "2", "3", "4"]);
    bench.commit(&["e"]);
    bench.bells.lock().clear();
    let signal = Arc::new(Signal::default());
    let _reader = bench.hub.join(bench.now, &bench.topic(), reading(&signal, 0, None, Offset(4)));
    at_once(bench.hub.tidy(bench.now)).unwrap();
    assert_eq!(bench.read(4), ["5"], "the last bell is missed by nobody for long");
}

#[test]
fn a_position_is_taken_in_full_or_refused() {
    let bench = Bench::new(0, 1 << 20);
    bench.publish(&["a", "b", "c"]);
    let topic = bench.topic();
    let epoch = topic.begin(None).0.epoch;
    let at = |epoch: &str, offset| Position { epoch: epoch.parse().unwrap(), offset: Offset(offset) };
    bench.hub.trim(&name(), Offset(2));
    for (since, begins, reason) in [
        (None, 3, Some(NotRecovered::NoPosition)),
        (Some(at(epoch.as_str(), 2)), 2, None),
        (Some(at(epoch.as_str(), 3)), 3, None),
        (Some(at(epoch.as_str(), 1)), 3, Some(NotRecovered::Expired)),
        (Some(at(epoch.as_str(), 4)), 3, Some(NotRecovered::Ahead)),
        (Some(at("other", 2)), 3, Some(NotRecovered::EpochChanged)),
    ] {
        let (position, why) = topic.begin(since.as_ref());
        assert_eq!((position.offset.0, why), (begins, reason), "{since:?}");
    }
}

#[test]
fn e6_watchers_are_counted_told_and_forgotten() {
    let mut bench = Bench::new(0, 1 << 20);
    let topic = bench.topic();
    let told = |version: u64| topic.count_frame(version).map(|(version, text)| (version, text.to_string()));
    let signal = Arc::new(Signal::default());
    let watcher = "w1".parse().unwrap();
    let one = bench.hub.join(bench.now, &topic, reading(&signal, 0, Some(&watcher), Offset::ZERO));
    let (first, text) = told(0).unwrap();
    assert!(text.ends_with(r#"{"watchers":1,"subscriptions":1}}"#), "{text}");
    let two = bench.hub.join(bench.now, &topic, reading(&signal, 1, Some(&watcher), Offset::ZERO));
    assert_eq!(told(first), None, "not more than once a second");
    bench.pass(1000);
    let (second, text) = told(first).unwrap();
    assert!(text.ends_with(r#"{"watchers":1,"subscriptions":2}}"#), "{text}");
    bench.hub.leave(bench.now, &topic, one.key, Leaving::Dropped);
    bench.hub.leave(bench.now, &topic, two.key, Leaving::Lingering(5000));
    assert_eq!(topic.count().watchers, 1, "a poller between two polls");
    let three = bench.hub.join(bench.now, &topic, reading(&signal, 0, Some(&watcher), Offset::ZERO));
    assert_eq!((topic.count().watchers, topic.count().subscriptions), (1, 1), "counted once when it is back");
    bench.hub.leave(bench.now, &topic, three.key, Leaving::Lingering(5000));
    bench.pass(5000);
    assert_eq!(
        (topic.count().watchers, topic.count().subscriptions),
        (0, 0),
        "gone when it does not come back"
    );
    bench.pass(1000);
    assert!(told(second).unwrap().1.ends_with(r#"{"watchers":0,"subscriptions":0}}"#));
    drop(topic);
    bench.pass(1000);
    at_once(bench.hub.tidy(bench.now)).unwrap();
    assert_eq!(bench.hub.totals(), Totals::default(), "nothing is kept of a topic that nobody reads");
}

#[test]
fn e8_what_was_removed_before_it_was_brought_here_is_passed_over() {
    let bench = Bench::new(0, 1 << 20);
    bench.publish(&["a", "b"]);
    let topic = bench.topic();
    // Committed, not announced yet, and retention comes first.
    bench.commit(&["c", "d", "e", "f", "g"]);
    let retention = log::Retention { count: Some(2), age_s: None };
    let trimmed =
        at_once(bench.store.write(async move |tx| {
            Ok::<_, WorkError<()>>(log::trim(tx, TopicKind::Event, retention, 0).await?)
        }));
    assert_eq!(trimmed.unwrap().unwrap(), [(name(), Offset(5))]);
    at_once(bench.hub.catch_up(bench.now, &name())).unwrap();
    assert_eq!((topic.head(), topic.visible()), (Offset(7), Offset(7)));
    assert!(matches!(topic.next(Offset(2)), Next::Expired), "who stood before it starts over");
    assert_eq!(bench.read(5), ["6", "7"]);
    // The bells that ring now say nothing new, and the next is taken.
    assert!(bench.ring_bells().is_empty());
    bench.publish(&["h"]);
    assert_eq!(bench.read(7), ["8"]);
}

#[test]
fn e5_the_end_of_a_topic_that_was_not_announced_is_found() {
    let bench = Bench::new(0, 1 << 20);
    bench.publish(&["a"]);
    let topic = bench.topic();
    bench.commit(&["b", "c", "d"]);
    let closed =
        at_once(bench.store.write(async |tx| Ok::<_, WorkError<()>>(log::close_topic(tx, &name()).await?)));
    closed.unwrap().unwrap();
    at_once(bench.hub.catch_up(bench.now, &name())).unwrap();
    assert!(topic.is_closed());
    assert!(matches!(topic.next(Offset(1)), Next::Expired));
    assert!(matches!(topic.next(Offset(4)), Next::Closed));
}

/// Who is shown on a topic, named or not.
fn shown(bench: &Bench) -> (u64, u64) {
    (bench.hub.count(&name()).people, bench.hub.count(&Topic::online()).people)
}

#[test]
fn p4_who_hides_while_they_come_is_not_shown() {
    let bench = Bench::new(0, 1 << 20);
    let topic = bench.topic();
    let user = user(person("ada"));
    let seen = Who { person: user.person.clone(), invisible: false };
    let hidden = Who { invisible: true, ..seen.clone() };
    // What the connection knows of her was read before she hid.
    bench.hub.person_changed(bench.now, &hidden);
    let signal = Arc::new(Signal::default());
    let reading = Reading { who: Some(seen.clone()), ..reading(&signal, 0, None, Offset::ZERO) };
    bench.hub.join(bench.now, &topic, reading);
    assert_eq!(shown(&bench), (0, 0));
    bench.hub.arrive(bench.now, &user);
    assert_eq!(shown(&bench), (0, 0));
    bench.hub.person_changed(bench.now, &seen);
    assert_eq!(shown(&bench), (1, 1));
}

#[test]
fn p4_what_was_said_of_people_is_not_kept_for_ever() {
    let mut bench = Bench::new(0, 1 << 20);
    bench.hub.person_changed(bench.now, &Who { person: person("ada"), invisible: true });
    bench.pass(CHANGES_KEPT_MS);
    at_once(bench.hub.tidy(bench.now)).unwrap();
    assert!(bench.hub.changes.lock().is_empty());
}
