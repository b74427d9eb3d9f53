//! The scheduler in a time of its own: tokio's clock stands still and jumps to the next thing that is due.

use shared::{
    DestinationId, Topic,
    model::{
        account::AccountRole,
        event::{EventStatus, NewEvent},
        member::Visibility,
        post::{NewDestination, NewPost, PostStatus},
    },
};
use tempfile::TempDir;
use tokio::{sync::mpsc, time::Instant};

use super::*;
use crate::{
    auth::{Principal, example::signed_in},
    domain::account::NewPerson,
    store::Appended,
};

/// The time at which every test begins, in milliseconds since 1970.
const BEGUN: i64 = 1_800_000_000_000;
const HOUR_MS: i64 = 3600 * 1000;

struct World {
    store: Store,
    scheduler: Arc<Scheduler>,
    owner: Principal,
    event: EventId,
    news: mpsc::UnboundedReceiver<Appended>,
    origin: Instant,
    _dir: TempDir,
}

impl World {
    async fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let (sender, news) = mpsc::unbounded_channel();
        let announcer = Arc::new(move |all: Vec<Appended>| {
            for appended in all {
                drop(sender.send(appended));
            }
        });
        let store = Store::inline(announcer).unwrap();
        let media = MediaFiles::open(dir.path().to_owned(), crate::media::MediaLimits::default()).unwrap();
        let webhooks = Webhooks::new(false, Duration::from_secs(10));
        let options =
            Options { attempts: 3, retry_ms: 1000, timeout_ms: 10_000, at_once: 2, may_post: false };
        let origin = Instant::now();
        let now: WallClock = Arc::new(move || BEGUN + origin.elapsed().as_millis() as i64);
        let (owner, event) = prepare(&store).await;
        let scheduler = Arc::new(Scheduler::new(store.clone(), media, webhooks, options, now));
        Self { store, scheduler, owner, event, news, origin, _dir: dir }
    }

    /// A post for the event that is scheduled in `after_ms`.
    async fn scheduled(&self, text: &str, after_ms: i64) -> Post {
        let (owner, event) = (self.owner.clone(), self.event.clone());
        let new = NewPost {
            text: text.to_owned(),
            destinations: vec![NewDestination::Event { event_id: event }],
            ..NewPost::default()
        };
        let at = BEGUN + self.origin.elapsed().as_millis() as i64;
        let written = self.store.write(async move |tx| {
            let post = domain::create(tx, &owner, new, at).await?;
            domain::schedule(tx, &post.id, timestamp(at + after_ms), at).await
        });
        let post = written.await.unwrap().unwrap();
        self.scheduler.wake();
        post
    }

    fn start(&self) -> CancellationToken {
        let stop = CancellationToken::new();
        tokio::spawn(self.scheduler.clone().run(stop.clone()));
        stop
    }

    /// The types of what is published about posts from here up to the first of `last`.
    async fn until(&mut self, last: &str) -> Vec<String> {
        let mut seen = Vec::new();
        while let Some(appended) = self.news.recv().await {
            if appended.type_name.starts_with("post:") {
                seen.push(appended.type_name.to_string());
            }
            if appended.type_name == last {
                return seen;
            }
        }
        panic!("{last} never came");
    }

    /// How long after `at_ms` it is, in milliseconds; the few by which timers round up are none.
    fn late_ms(&self, at_ms: i64) -> i64 {
        let late = self.origin.elapsed().as_millis() as i64 - at_ms;
        if (0..5).contains(&late) { 0 } else { late }
    }

    async fn timeline(&self) -> Vec<String> {
        let event = self.event.clone();
        let read = self
            .store
            .read(async move |tx| crate::store::media::list(tx, &event, None, None, 100).await)
            .await
            .unwrap();
        read.into_iter().map(|media| format!("{}: {}", media.author.name, media.text)).collect()
    }

    async fn claim(&self) -> Vec<DestinationId> {
        let at = BEGUN + self.origin.elapsed().as_millis() as i64;
        let claimed = self.store.write(async move |tx| {
            domain::begin_due(tx, at, 10).await?;
            Ok::<_, WorkError<Refusal>>(rows::claim(tx, at, at + HOUR_MS, 10).await?)
        });
        claimed.await.unwrap().unwrap().into_iter().map(|claimed| claimed.destination).collect()
    }
}

async fn prepare(store: &Store) -> (Principal, EventId) {
    let prepared = store.write(async |tx| {
        let ada = NewPerson {
            name: "ada".to_owned(),
            display_name: "Ada".to_owned(),
            password: None,
            role: AccountRole::User,
        };
        let account = crate::domain::account::create(tx, ada, BEGUN).await?;
        let owner = signed_in(account.person);
        crate::store::log::ensure_topic(tx, &Topic::events()).await?;
        let new = NewEvent {
            title: "Launch".to_owned(),
            description: String::new(),
            place: String::new(),
            status: Some(EventStatus::Live),
            starts_at: None,
            visibility: Some(Visibility::Private),
        };
        let event = crate::domain::event::create(tx, &owner, new, BEGUN).await?;
        Ok::<_, WorkError<Refusal>>((owner, event.id))
    });
    prepared.await.unwrap().unwrap()
}

#[tokio::test(start_paused = true)]
async fn p2_a_post_goes_out_at_its_time_and_not_before() {
    let mut world = World::new().await;
    world.start();
    world.scheduled("later", 3 * HOUR_MS).await;
    world.scheduled("sooner", HOUR_MS).await;
    let first = world.until("post:published").await;
    assert_eq!(first.last_chunk().unwrap(), &["post:publishing", "post:published"]);
    assert_eq!(world.late_ms(HOUR_MS), 0);
    assert_eq!(world.timeline().await, ["Ada: sooner"]);
    assert_eq!(world.until("post:published").await, ["post:publishing", "post:published"]);
    assert_eq!(world.late_ms(3 * HOUR_MS), 0);
    assert_eq!(world.timeline().await, ["Ada: later", "Ada: sooner"]);
}

#[tokio::test(start_paused = true)]
async fn p2_what_was_due_while_no_server_ran_goes_out_when_one_starts() {
    let mut world = World::new().await;
    world.scheduled("overdue", HOUR_MS).await;
    tokio::time::advance(Duration::from_hours(5)).await;
    world.start();
    world.until("post:published").await;
    assert_eq!(world.timeline().await, ["Ada: overdue"]);
}

#[tokio::test(start_paused = true)]
async fn p2_a_lease_keeps_others_off_until_whoever_had_it_is_gone() {
    let mut world = World::new().await;
    world.scheduled("claimed", 0).await;
    assert_eq!(world.claim().await.len(), 1);
    assert_eq!(world.claim().await, [], "it is taken");
    // The server that had it was killed; the next one starts.
    world.start();
    world.until("post:published").await;
    assert_eq!(world.late_ms(0), 0, "nobody waits for the lease of somebody who is gone");
    assert_eq!(world.timeline().await, ["Ada: claimed"]);
}

#[tokio::test(start_paused = true)]
async fn p2_a_lease_that_ran_out_is_taken_again() {
    let world = World::new().await;
    world.scheduled("claimed", 0).await;
    let first = world.claim().await;
    tokio::time::advance(Duration::from_millis(HOUR_MS as u64 - 1)).await;
    assert_eq!(world.claim().await, []);
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(world.claim().await, first);
}

#[tokio::test(start_paused = true)]
async fn p2_the_rights_of_the_moment_decide() {
    let mut world = World::new().await;
    world.start();
    let post = world.scheduled("too late", HOUR_MS).await;
    let event = world.event.clone();
    let deleted =
        world.store.write(async move |tx| crate::domain::event::delete(tx, &event, BEGUN).await).await;
    deleted.unwrap().unwrap();
    let seen = world.until("post:failed").await;
    assert_eq!(seen.last_chunk().unwrap(), &["post:publishing", "post:failed"]);
    let post = world.store.read(async move |tx| rows::find(tx, &post.id).await).await.unwrap().unwrap();
    assert_eq!(post.status, PostStatus::Failed);
    assert_eq!(post.failure.as_deref(), Some("the event does not exist any more"));
    assert_eq!(post.destinations[0].attempts, 1);
}

#[tokio::test(start_paused = true)]
async fn p2_a_failing_store_is_tried_again() {
    let mut world = World::new().await;
    world.start();
    world.scheduled("through", HOUR_MS).await;
    let commits = crate::store::FailingWrites::Commits;
    world.store.fail(crate::store::Failing { writes: Some(commits), ..Default::default() });
    tokio::time::sleep(Duration::from_millis(HOUR_MS as u64 + 10_000)).await;
    assert_eq!(world.timeline().await, [] as [&str; 0]);
    world.store.fail(crate::store::Failing::default());
    world.until("post:published").await;
    assert_eq!(world.timeline().await, ["Ada: through"]);
}

#[test]
fn p2_waits_double_up_to_an_hour_and_differ() {
    assert_eq!(backoff_ms(1, 1000, 0.0), 500);
    assert_eq!(backoff_ms(1, 1000, 0.5), 750);
    assert_eq!(backoff_ms(4, 1000, 0.999), 7996);
    for attempts in [20, 64, u32::MAX] {
        assert_eq!(backoff_ms(attempts, 1000, 0.0), RETRY_MAX_MS / 2);
    }
}
