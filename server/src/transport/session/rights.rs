//! Rights that change under open subscriptions (P6), in every order that proptest finds: grants, removals,
//! changes of visibility, publications, subscriptions, windows that end, bells that are late or lost, and
//! readers that take little at a time.
//!
//! What must hold for everything that a reader is handed: at some moment between its commit and now they
//! were allowed to read it. Who was not between its commit and now is handed nothing, in whatever window or
//! batch it stands. Who may read, though, is handed everything once and in order.

use futures_util::FutureExt as _;
use parking_lot::Mutex;
use proptest::prelude::*;
use shared::{
    AccountId, Change, EventId, Offset,
    change::MediaDeleted,
    frame::TopicName,
    model::{
        account::AccountRole,
        event::{EventPatch, NewEvent},
        member::{MemberRole, Visibility},
    },
};

use super::*;
use crate::{
    auth::example::signed_in,
    domain,
    hub::HubOptions,
    store::{Announcer, Appended, Effect, Store, Tx, WorkError, log},
};

/// What may happen.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Somebody becomes a member, or another kind of member.
    Grant(usize, MemberRole),
    Remove(usize),
    Show(Visibility),
    /// This many items, each committed by itself.
    Publish(usize),
    /// A reader follows the event, from so many publications before the head or from the head on.
    Subscribe(usize, Option<u64>),
    Unsubscribe(usize),
    /// What has been committed is announced, or the bell is lost.
    Bell {
        lost: bool,
    },
    /// Time passes: windows end.
    Pass(u64),
    /// A reader's task takes this many frames.
    Drain(usize, usize),
    /// Who brings the news serves a reader at rest.
    Serve(usize),
    /// Retention keeps this many.
    Trim(u64),
}

/// Ada, Bob, and somebody who is not signed in.
const PEOPLE: usize = 3;
const VISITOR: usize = 2;
/// Whose sessions there are.
const READERS: [usize; 4] = [0, 0, 1, VISITOR];

fn step() -> impl Strategy<Value = Step> {
    let role = prop::sample::select(MemberRole::ALL.to_vec());
    let reader = 0..READERS.len();
    prop_oneof![
        3 => (0..VISITOR, role).prop_map(|(who, role)| Step::Grant(who, role)),
        3 => (0..VISITOR).prop_map(Step::Remove),
        1 => prop::sample::select(Visibility::ALL.to_vec()).prop_map(Step::Show),
        6 => (1..4usize).prop_map(Step::Publish),
        3 => (reader.clone(), prop::option::of(0..8u64)).prop_map(|(r, back)| Step::Subscribe(r, back)),
        1 => reader.clone().prop_map(Step::Unsubscribe),
        5 => prop::bool::weighted(0.2).prop_map(|lost| Step::Bell { lost }),
        2 => (1..1_500u64).prop_map(Step::Pass),
        5 => (reader.clone(), 1..9usize).prop_map(|(r, room)| Step::Drain(r, room)),
        3 => reader.prop_map(Step::Serve),
        1 => (1..20u64).prop_map(Step::Trim),
    ]
}

/// One session, and what its client knows.
struct Reader {
    who: usize,
    session: Session,
    /// Where the client stands; `None` while it follows nothing.
    at: Option<Offset>,
    /// When it subscribed, as a step of the world.
    since: usize,
}

struct World {
    store: Store,
    hub: Arc<Hub>,
    /// Committed, and not yet looked at by the test.
    fresh: Arc<Mutex<Vec<Appended>>>,
    /// Committed, and not yet announced.
    bells: Vec<Appended>,
    now: Millis,
    event: EventId,
    people: Vec<Principal>,
    readers: Vec<Reader>,
    visibility: Visibility,
    members: [bool; PEOPLE],
    /// Who may read the event, after each commit.
    may: Vec<[bool; PEOPLE]>,
    /// After which commit each publication stands.
    committed: Vec<usize>,
    /// The planted bug: nobody hears that rights have changed.
    deaf: bool,
}

fn at_once<T>(work: impl Future<Output = T>) -> T {
    work.now_or_never().expect("an inline store never waits")
}

/// What a reader was handed.
#[derive(Default)]
struct Taken {
    frames: Vec<ServerFrame>,
    room: usize,
}

impl Outlet for Taken {
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
        self.frames.len() >= self.room
    }
}

impl World {
    fn new(window_ms: u64, tail_bytes: usize, deaf: bool) -> Self {
        let fresh: Arc<Mutex<Vec<Appended>>> = Arc::default();
        let heard = fresh.clone();
        let announcer: Announcer = Arc::new(move |appended| heard.lock().extend(appended));
        let store = Store::inline(announcer).unwrap();
        let (event, people) = at_once(store.write(async |tx: &mut Tx<'_>| {
            log::ensure_topic(tx, &Topic::events()).await?;
            let mut people = Vec::new();
            for name in ["ada", "bob", "owner"] {
                let new = domain::account::NewPerson {
                    name: name.to_owned(),
                    display_name: String::new(),
                    password: None,
                    role: AccountRole::User,
                };
                people.push(signed_in(domain::account::create(tx, new, 0).await?.person));
            }
            let owner = people.pop().unwrap();
            let new = NewEvent {
                title: "A wedding".to_owned(),
                description: String::new(),
                place: String::new(),
                status: None,
                visibility: Some(Visibility::Private),
                starts_at: None,
            };
            let event = domain::event::create(tx, &owner, new, 0).await?;
            Ok::<_, WorkError<domain::Refusal>>((event.id, people))
        }))
        .unwrap()
        .unwrap();
        fresh.lock().clear();
        let window_ms = shared::TopicKind::ALL.map(|kind| (kind, window_ms));
        let hub =
            Arc::new(Hub::new(store.clone(), HubOptions { window_ms, tail_bytes, ..HubOptions::default() }));
        let mut world = Self {
            store,
            hub,
            fresh,
            bells: Vec::new(),
            now: Millis(0),
            event,
            people: people.into_iter().chain([Principal::anybody()]).collect(),
            readers: Vec::new(),
            visibility: Visibility::Private,
            members: [false; PEOPLE],
            may: vec![[false; PEOPLE]],
            committed: Vec::new(),
            deaf,
        };
        world.readers = READERS.into_iter().map(|who| world.reader(who)).collect();
        world
    }

    fn reader(&self, who: usize) -> Reader {
        let limits = SessionLimits { subscriptions: 2, frames_per_second: 10, heartbeat_interval_ms: 25_000 };
        let (principal, connection) = (self.people[who].clone(), "c1".parse().unwrap());
        let session = Session::new(self.hub.clone(), principal, connection, None, limits, self.now);
        Reader { who, session, at: None, since: 0 }
    }

    fn topic(&self) -> Topic {
        Topic::event(&self.event)
    }

    fn account(&self, who: usize) -> (AccountId, String) {
        let person = &self.people[who].user().unwrap().person;
        (person.id.clone(), person.name.clone())
    }

    /// Commits; what was appended to the event's topic is known to stand after it.
    fn commit<F>(&mut self, work: F)
    where
        F: AsyncFnOnce(&mut Tx<'_>) -> Result<(), WorkError<domain::Refusal>> + Send + 'static,
    {
        let outcome = at_once(self.store.write(work)).unwrap();
        if matches!(outcome, Err(domain::Refusal::NotFound(_))) {
            return;
        }
        outcome.unwrap();
        let everybody = self.visibility != Visibility::Private;
        self.may.push(self.members.map(|member| everybody || member));
        for mut entry in std::mem::take(&mut *self.fresh.lock()) {
            if entry.topic == self.topic() {
                assert_eq!(entry.offset.0, self.committed.len() as u64 + 1);
                self.committed.push(self.may.len() - 1);
            }
            if self.deaf && entry.effect == Effect::Rights {
                entry.effect = Effect::None;
            }
            self.bells.push(entry);
        }
    }

    fn ring_bells(&mut self) {
        let bells = std::mem::take(&mut self.bells);
        for missed in self.hub.accept(self.now, &bells) {
            at_once(self.hub.catch_up(self.now, &missed)).unwrap();
        }
    }

    fn take_step(&mut self, step: Step) -> Result<(), TestCaseError> {
        let event = self.event.clone();
        match step {
            Step::Grant(who, role) => {
                let (_, name) = self.account(who);
                self.members[who] = true;
                self.commit(async move |tx| domain::member::put(tx, &event, &name, role, 0).await.map(drop));
            }
            Step::Remove(who) => {
                let (_, name) = self.account(who);
                let by = self.people[who].clone();
                self.members[who] = false;
                self.commit(async move |tx| {
                    domain::member::remove(tx, &by, &event, &name, 0).await.map(drop)
                });
            }
            Step::Show(visibility) => {
                self.visibility = visibility;
                let patch = EventPatch { visibility: Some(visibility), ..EventPatch::default() };
                self.commit(async move |tx| domain::event::change(tx, &event, patch, 0).await.map(drop));
            }
            Step::Publish(items) => {
                for _ in 0..items {
                    let topic = self.topic();
                    let media_id = format!("m{}", self.committed.len() % 3).parse().unwrap();
                    let change = Change::MediaDelete(MediaDeleted { media_id });
                    self.commit(async move |tx| {
                        Ok(log::append(tx, &topic, 0, |_| change).await.map(drop)?)
                    });
                }
            }
            Step::Subscribe(reader, back) => self.subscribe(reader, back),
            Step::Unsubscribe(reader) => {
                let topic = self.topic();
                self.readers[reader].session.unsubscribe(&topic);
            }
            Step::Bell { lost: true } => self.bells.clear(),
            Step::Bell { lost: false } => self.ring_bells(),
            Step::Pass(ms) => {
                self.now = self.now.plus(ms);
                self.hub.ring(self.now);
            }
            Step::Drain(reader, room) => {
                let mut taken = Taken { room, ..Taken::default() };
                at_once(self.readers[reader].session.drain(self.now, &mut taken)).unwrap();
                self.look(reader, taken.frames)?;
            }
            Step::Serve(reader) => {
                let mut taken = Taken { room: usize::MAX, ..Taken::default() };
                self.readers[reader].session.drain_at_once(&mut taken);
                self.look(reader, taken.frames)?;
            }
            Step::Trim(keep) => {
                let retention = log::Retention { count: Some(keep), age_s: None };
                let trimmed = at_once(self.store.write(async move |tx| {
                    Ok::<_, WorkError<()>>(log::trim(tx, shared::TopicKind::Event, retention, 0).await?)
                }));
                for (topic, upto) in trimmed.unwrap().unwrap() {
                    self.hub.trim(&topic, upto);
                }
            }
        }
        Ok(())
    }

    fn subscribe(&mut self, reader: usize, back: Option<u64>) {
        let (name, head) = (TopicName::Topic(self.topic()), self.committed.len() as u64);
        let epoch = at_once(self.hub.topic(self.now, &self.topic())).unwrap().begin(None).0.epoch;
        let since = back.map(|back| Position { epoch, offset: Offset(head.saturating_sub(back)) });
        let asked = Subscribe { name, since, presence: false, reference: Some(self.may.len() as u64 - 1) };
        at_once(self.readers[reader].session.subscribe(asked)).unwrap();
    }

    /// Holds what a reader was handed against what must be true.
    fn look(&mut self, reader: usize, frames: Vec<ServerFrame>) -> Result<(), TestCaseError> {
        let last = self.may.len() - 1;
        let Self { may, committed, readers, .. } = self;
        let Reader { who, at, since, .. } = &mut readers[reader];
        let who = *who;
        let allowed = |from: usize, to: usize| may[from..=to].iter().any(|row| row[who]);
        for frame in frames {
            let (from, to) = match &frame {
                ServerFrame::Subscribed(_, answer) => {
                    *since = answer.reference.map_or(*since, |step| step as usize);
                    prop_assert!(allowed(*since, last), "subscribed by {who} at {since}");
                    *at = Some(answer.offset);
                    continue;
                }
                ServerFrame::Unsubscribed(_, ended) => {
                    if ended.code.is_some() {
                        prop_assert_eq!(ended.code, Some(ErrorCode::Forbidden));
                        prop_assert!(may[*since..=last].iter().any(|row| !row[who]), "ended for nothing");
                    }
                    *at = None;
                    continue;
                }
                ServerFrame::Error(detail) => {
                    prop_assert_eq!(detail.code, ErrorCode::UnknownTopic);
                    let step = detail.reference.unwrap() as usize;
                    prop_assert!(!may[step][who], "refused to {} though they might", who);
                    *at = None;
                    continue;
                }
                ServerFrame::PresenceCount(..) => {
                    prop_assert!(at.is_some(), "a count for who follows nothing");
                    continue;
                }
                ServerFrame::Publication(publication) => (publication.offset, publication.offset),
                ServerFrame::Batch(_, batch) => (batch.from, batch.to),
                other => panic!("{other:?}"),
            };
            prop_assert_eq!(Some(from), at.map(Offset::next), "a hole or a double");
            *at = Some(to);
            let commit = committed[to.0 as usize - 1];
            prop_assert!(
                allowed(commit, last),
                "{} was handed {}-{}, committed as {}, and might not read it from then to {}",
                who,
                from,
                to,
                commit,
                last
            );
        }
        Ok(())
    }

    /// Everything is announced, every window ends, everybody takes what there is.
    fn settle(&mut self) -> Result<(), TestCaseError> {
        self.ring_bells();
        let topic = self.topic();
        at_once(self.hub.catch_up(self.now, &topic)).unwrap();
        for _ in 0..3 {
            self.take_step(Step::Pass(2_000))?;
        }
        for reader in 0..READERS.len() {
            while self.readers[reader].session.signal().is_set() || self.readers[reader].session.has_replies()
            {
                self.take_step(Step::Drain(reader, 5))?;
            }
        }
        let may = self.may.last().unwrap();
        for Reader { who, at, session, .. } in &self.readers {
            prop_assert_eq!(at.is_some(), session.subscriptions() == 1);
            let Some(at) = at else { continue };
            prop_assert!(may[*who], "{} may not read and still follows", who);
            prop_assert_eq!(at.0, self.committed.len() as u64, "{} was not handed everything", who);
        }
        Ok(())
    }
}

fn run(window_ms: u64, tail_bytes: usize, deaf: bool, steps: &[Step]) -> Result<(), TestCaseError> {
    let mut world = World::new(window_ms, tail_bytes, deaf);
    for step in steps {
        world.take_step(*step)?;
    }
    world.settle()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn p6_nobody_is_handed_what_they_may_not_read_and_the_others_everything_once(
        window_ms in prop::sample::select(vec![0u64, 1_000]),
        tail_bytes in prop::sample::select(vec![1usize, 1_000, 1 << 20]),
        steps in prop::collection::vec(step(), 1..60),
    ) {
        run(window_ms, tail_bytes, false, &steps)?;
    }
}

/// A member is removed while an item waits in a window, and another follows.
const REMOVAL: [Step; 10] = [
    Step::Grant(0, MemberRole::Viewer),
    Step::Bell { lost: false },
    Step::Subscribe(0, None),
    Step::Drain(0, 9),
    Step::Publish(2),
    Step::Bell { lost: false },
    Step::Remove(0),
    Step::Publish(1),
    Step::Bell { lost: false },
    Step::Pass(1_000),
];

#[test]
fn p6_a_removal_ends_the_window_and_the_subscription() {
    run(1_000, 1 << 20, false, &REMOVAL).unwrap();
}

#[test]
fn p6_to_decide_at_subscribe_alone_is_found_out() {
    let found = run(1_000, 1 << 20, true, &REMOVAL).unwrap_err().to_string();
    assert!(found.contains("might not read it"), "{found}");
}
