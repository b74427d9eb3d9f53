//! A session without a socket.

use futures_util::FutureExt as _;
use shared::{Change, change::MediaDeleted};

use super::*;
use crate::{
    auth::example::{person, signed_in},
    hub::HubOptions,
    store::{Announcer, Store, WorkError, event, log},
};

mod crowd;

#[derive(Default)]
struct Collected {
    frames: Vec<ServerFrame>,
    room: Option<usize>,
}

impl Outlet for Collected {
    fn control(&mut self, text: &str) {
        self.frames.push(ServerFrame::decode(text).unwrap());
    }
    fn shared(&mut self, text: &Arc<str>) {
        self.control(text);
    }
    fn slice(&mut self, _: &TopicHub, slice: &Slice) {
        for (_, text) in slice.texts() {
            self.control(text);
        }
    }
    fn is_full(&self) -> bool {
        self.room.is_some_and(|room| self.frames.len() >= room)
    }
}

fn at_once<T>(work: impl Future<Output = T>) -> T {
    work.now_or_never().expect("an inline store never waits")
}

fn bench(topics: &[&str]) -> (Store, Arc<Hub>) {
    let hub: Arc<std::sync::OnceLock<Arc<Hub>>> = Arc::default();
    let announcer: Announcer = {
        let hub = hub.clone();
        Arc::new(move |appended| {
            if let Some(hub) = hub.get() {
                assert!(hub.accept(Millis(0), &appended).is_empty());
            }
        })
    };
    let store = Store::inline(announcer).unwrap();
    for topic in topics {
        let topic: Topic = topic.parse().unwrap();
        let made =
            store.write(async move |tx| Ok::<_, WorkError<()>>(event::insert_example(tx, &topic).await?));
        at_once(made).unwrap().unwrap();
    }
    let made = Arc::new(Hub::new(
        store.clone(),
        HubOptions { window_ms: shared::TopicKind::ALL.map(|k| (k, 0)), ..HubOptions::default() },
    ));
    hub.set(made.clone()).unwrap();
    (store, made)
}

fn session(hub: &Arc<Hub>) -> Session {
    let limits = SessionLimits { subscriptions: 2, frames_per_second: 10, heartbeat_interval_ms: 25_000 };
    let principal = Principal::Visitor { address: [127, 0, 0, 1].into(), may_post: true };
    Session::new(hub.clone(), principal, "c1".parse().unwrap(), None, limits, Millis(0))
}

fn say(session: &mut Session, now: u64, text: &str) -> Result<(), Ending> {
    at_once(session.receive(Millis(now), 0, text))
}

fn hear(session: &mut Session) -> Vec<ServerFrame> {
    let mut out = Collected::default();
    at_once(session.drain(Millis(0), &mut out)).unwrap();
    out.frames.retain(|frame| !matches!(frame, ServerFrame::PresenceCount(..)));
    out.frames
}

fn publish(store: &Store, topic: &str) {
    let topic: Topic = topic.parse().unwrap();
    let change = Change::MediaDelete(MediaDeleted { media_id: "m".parse().unwrap() });
    let done =
        store.write(async move |tx| Ok::<_, WorkError<()>>(log::append(tx, &topic, 0, |_| change).await?));
    at_once(done).unwrap().unwrap();
}

fn offsets(frames: &[ServerFrame]) -> Vec<u64> {
    frames
        .iter()
        .map(|frame| match frame {
            ServerFrame::Publication(publication) => publication.offset.0,
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn the_answer_comes_before_what_it_announces() {
    let (store, hub) = bench(&["event:a"]);
    publish(&store, "event:a");
    let mut session = session(&hub);
    let epoch = at_once(hub.topic(Millis(0), &"event:a".parse().unwrap())).unwrap().begin(None).0.epoch;
    let text = format!(
        r#"{{"type":"subscribe","payload":{{"topic":"event:a","since":{{"epoch":"{epoch}","offset":0}},"ref":4}}}}"#
    );
    say(&mut session, 0, &text).unwrap();
    publish(&store, "event:a");
    let frames = hear(&mut session);
    let ServerFrame::Subscribed(_, subscribed) = &frames[0] else { panic!("{frames:?}") };
    assert_eq!((subscribed.recovered, subscribed.offset.0, subscribed.reference), (true, 0, Some(4)));
    assert_eq!(offsets(&frames[1..]), [1, 2]);
    assert!(hear(&mut session).is_empty());
    say(&mut session, 0, &text).unwrap();
    assert_eq!(offsets(&hear(&mut session)[1..]), [1, 2], "subscribing again moves the position");
}

#[test]
fn what_does_not_fit_stays_where_it_is() {
    let (store, hub) = bench(&["event:a", "event:b"]);
    let mut session = session(&hub);
    for topic in ["event:a", "event:b"] {
        say(&mut session, 0, &format!(r#"{{"type":"subscribe","payload":{{"topic":"{topic}"}}}}"#)).unwrap();
    }
    hear(&mut session);
    for _ in 0..5 {
        publish(&store, "event:a");
        publish(&store, "event:b");
    }
    let mut heard = Vec::new();
    while session.signal().is_set() {
        let mut out = Collected { room: Some(1), ..Collected::default() };
        at_once(session.drain(Millis(0), &mut out)).unwrap();
        heard.append(&mut out.frames);
        assert!(heard.len() <= 10);
    }
    assert_eq!(heard.len(), 10);
    assert!(session.is_at_head());
}

#[test]
fn v8_subscriptions_are_limited_and_a_place_is_free_again_after_one_ends() {
    let (_store, hub) = bench(&["event:a", "event:b", "event:c"]);
    let mut session = session(&hub);
    for topic in ["a", "b", "c"] {
        say(&mut session, 0, &format!(r#"{{"type":"subscribe","payload":{{"eventId":"{topic}"}}}}"#))
            .unwrap();
    }
    let frames = hear(&mut session);
    let ServerFrame::Error(detail) = frames.last().unwrap() else { panic!("{frames:?}") };
    assert_eq!(detail.code, ErrorCode::TooManySubscriptions);
    assert_eq!(detail.topic.as_deref(), Some("event:c"));
    say(&mut session, 0, r#"{"type":"unsubscribe","payload":{"eventId":"a"}}"#).unwrap();
    say(&mut session, 0, r#"{"type":"subscribe","payload":{"eventId":"c"}}"#).unwrap();
    assert_eq!(session.subscriptions(), 2);
    drop(session);
    assert_eq!(hub.totals().subscriptions, 0, "leaving unsubscribes");
}

#[test]
fn p7_a_flood_is_told_then_ended() {
    let (_store, hub) = bench(&[]);
    let mut session = session(&hub);
    let ping = r#"{"type":"ping"}"#;
    let mut told = 0;
    let ended = (0..100).find_map(|_| {
        let outcome = say(&mut session, 0, ping);
        told += hear(&mut session).iter().filter(|frame| matches!(frame, ServerFrame::Error(_))).count();
        outcome.err()
    });
    assert_eq!(ended, Some(Ending(CloseCode::RateLimited)));
    assert!(told >= 20, "{told}");
    let mut patient = super::tests::session(&hub);
    for second in 0..200 {
        say(&mut patient, second * 100, ping).unwrap();
        assert!(matches!(hear(&mut patient)[..], [ServerFrame::Pong(_)]), "ten a second are allowed");
    }
}

#[test]
fn nonsense_is_answered_and_in_the_end_ended() {
    let (_store, hub) = bench(&[]);
    let mut session = session(&hub);
    let mut outcome = Ok(());
    for attempt in 0..50 {
        outcome = say(&mut session, attempt * 1000, "nonsense");
        if outcome.is_err() {
            break;
        }
        assert!(
            matches!(&hear(&mut session)[..], [ServerFrame::Error(detail)] if detail.code == ErrorCode::Malformed)
        );
    }
    assert_eq!(outcome, Err(Ending(CloseCode::ProtocolViolation)));
}

#[test]
fn p7_errors_of_long_ago_are_forgiven() {
    let (_store, hub) = bench(&[]);
    let mut session = session(&hub);
    let mut now = 0;
    for _ in 0..10 * ERRORS_TOLERATED {
        now += ERRORS_FORGIVEN_MS;
        assert_eq!(say(&mut session, now, "nonsense"), Ok(()));
        at_once(session.drain(Millis(now), &mut Collected::default())).unwrap();
    }
}

#[test]
fn p4_a_poller_who_has_been_signed_out_is_not_expected_back() {
    let (_store, hub) = bench(&[]);
    for (code, people) in [(Some(CloseCode::Unauthenticated), 0), (None, 1)] {
        let limits = SessionLimits { subscriptions: 2, frames_per_second: 10, heartbeat_interval_ms: 25_000 };
        let (ada, connection) = (signed_in(person("ada")), "c1".parse().unwrap());
        let mut session = Session::new(hub.clone(), ada, connection, None, limits, Millis(0));
        if let Some(code) = code {
            session.signal().end(code);
        }
        session.linger(Millis(0), 5_000);
        drop(session);
        assert_eq!(hub.count(&Topic::online()).people, people);
    }
}

#[test]
fn e6_a_poller_is_kept_from_the_moment_it_leaves() {
    let (_store, hub) = bench(&["event:e1"]);
    let principal = Principal::Visitor { address: [127, 0, 0, 1].into(), may_post: true };
    let limits = SessionLimits { subscriptions: 2, frames_per_second: 10, heartbeat_interval_ms: 25_000 };
    let watcher = Some("w".parse().unwrap());
    let mut session = Session::new(hub.clone(), principal, "c1".parse().unwrap(), watcher, limits, Millis(0));
    let topic: Topic = "event:e1".parse().unwrap();
    let name = shared::frame::TopicName::Topic(topic.clone());
    at_once(session.subscribe(Subscribe { name, since: None, presence: false, reference: None })).unwrap();
    // Held for long with nothing to drain.
    session.linger(Millis(30_000), 5_000);
    drop(session);
    hub.ring(Millis(34_999));
    assert_eq!(hub.count(&topic).watchers, 1);
    hub.ring(Millis(35_000));
    assert_eq!(hub.count(&topic).watchers, 0);
}
