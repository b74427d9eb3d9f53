//! The log's promises, as one suite that is run on every engine there is.

use std::sync::Arc;

use parking_lot::Mutex;
use shared::{Change, EventId, Offset, Topic, TopicKind, change::MediaDeleted};

use super::*;

/// An engine under test, and what it announced.
struct Bench {
    store: Store,
    announced: Arc<Mutex<Vec<Appended>>>,
    _dir: Option<tempfile::TempDir>,
}

fn engines() -> Vec<(&'static str, Bench)> {
    let announced = Arc::new(Mutex::new(Vec::new()));
    let inline = Bench { store: Store::inline(into(&announced)).unwrap(), announced, _dir: None };
    let announced = Arc::new(Mutex::new(Vec::new()));
    let dir = tempfile::tempdir().unwrap();
    let options = StoreOptions { path: Some(dir.path().join("t.db")), max_bytes: 0, readers: 2 };
    let file = Bench { store: Store::open(&options, into(&announced)).unwrap(), announced, _dir: Some(dir) };
    vec![("sqlite inline", inline), ("sqlite file", file)]
}

fn into(announced: &Arc<Mutex<Vec<Appended>>>) -> Announcer {
    let announced = announced.clone();
    Arc::new(move |batch| announced.lock().extend(batch))
}

fn topic() -> Topic {
    Topic::event(&"e1".parse().unwrap())
}

fn change(number: usize) -> Change {
    Change::MediaDelete(MediaDeleted { media_id: format!("m{number}").parse().unwrap() })
}

async fn append_one(store: &Store, topic: &Topic, number: usize) -> Option<Offset> {
    let topic = topic.clone();
    let outcome: Result<_, ()> = store
        .write(async move |tx| Ok(log::append(tx, &topic, number as i64, |_| change(number)).await?))
        .await
        .unwrap();
    outcome.unwrap()
}

async fn begin(store: &Store) {
    let made: Result<(), ()> =
        store.write(async |tx| Ok(log::create_topic(tx, &topic()).await?)).await.unwrap();
    made.unwrap();
}

async fn read_all(store: &Store, after: u64) -> (log::Extent, Vec<Appended>) {
    store.read(async move |tx| log::read(tx, &topic(), Offset(after), 10_000).await).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn offsets_are_without_holes_however_many_write_at_once() {
    for (name, bench) in engines() {
        begin(&bench.store).await;
        let tasks: Vec<_> = (0..200)
            .map(|number| {
                let store = bench.store.clone();
                tokio::spawn(async move { append_one(&store, &topic(), number).await.unwrap() })
            })
            .collect();
        let mut offsets = Vec::new();
        for task in tasks {
            offsets.push(task.await.unwrap().0);
        }
        offsets.sort_unstable();
        assert_eq!(offsets, (1..=200).collect::<Vec<_>>(), "{name}");
        let announced: Vec<_> = bench.announced.lock().iter().map(|a| a.offset.0).collect();
        assert_eq!(announced, (1..=200).collect::<Vec<_>>(), "{name}: announced in commit order");
        let (extent, read) = read_all(&bench.store, 0).await;
        assert_eq!(extent.head, Offset(200), "{name}");
        assert_eq!(read.iter().map(|a| a.offset.0).collect::<Vec<_>>(), announced, "{name}");
        for (stored, told) in read.iter().zip(bench.announced.lock().iter()) {
            assert_eq!((&stored.id, &stored.payload), (&told.id, &told.payload), "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_fails_leaves_no_trace_and_no_hole() {
    for (name, bench) in engines() {
        begin(&bench.store).await;
        append_one(&bench.store, &topic(), 1).await;
        let refused: Result<(), &str> = bench
            .store
            .write(async |tx| {
                log::append(tx, &topic(), 2, |_| change(2)).await?;
                Err(WorkError::Refused("changed my mind"))
            })
            .await
            .unwrap();
        assert_eq!(refused, Err("changed my mind"), "{name}");
        assert_eq!(append_one(&bench.store, &topic(), 3).await, Some(Offset(2)), "{name}");
        assert_eq!(bench.announced.lock().len(), 2, "{name}");
        assert_eq!(read_all(&bench.store, 0).await.1.len(), 2, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_appended_to_what_does_not_exist_or_is_closed() {
    for (name, bench) in engines() {
        assert_eq!(append_one(&bench.store, &topic(), 1).await, None, "{name}");
        begin(&bench.store).await;
        for number in 0..5 {
            append_one(&bench.store, &topic(), number).await;
        }
        let closed: Result<(), ()> =
            bench.store.write(async |tx| Ok(log::close_topic(tx, &topic()).await?)).await.unwrap();
        closed.unwrap();
        assert_eq!(append_one(&bench.store, &topic(), 9).await, None, "{name}");
        let (extent, left) = read_all(&bench.store, 0).await;
        assert!(extent.closed, "{name}");
        assert_eq!(extent.trimmed, Offset(4), "{name}");
        assert_eq!(left.iter().map(|a| a.offset.0).collect::<Vec<_>>(), [5], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn retention_by_count_and_by_age_says_where_reading_begins() {
    for (name, bench) in engines() {
        begin(&bench.store).await;
        for number in 0..10 {
            append_one(&bench.store, &topic(), number * 1000).await;
        }
        let trim = async |retention, now| {
            let outcome: Result<_, ()> = bench
                .store
                .write(async move |tx| Ok(log::trim(tx, TopicKind::Event, retention, now).await?))
                .await
                .unwrap();
            outcome.unwrap()
        };
        let by_age = log::Retention { count: None, age_s: Some(5) };
        assert_eq!(trim(by_age, 8000).await, [(topic(), Offset(3))], "{name}");
        assert_eq!(trim(by_age, 8000).await, [], "{name}: twice is once");
        let by_count = log::Retention { count: Some(2), age_s: None };
        assert_eq!(trim(by_count, 8000).await, [(topic(), Offset(8))], "{name}");
        let (extent, left) = read_all(&bench.store, 0).await;
        assert_eq!((extent.trimmed, extent.head), (Offset(8), Offset(10)), "{name}");
        assert_eq!(left.len(), 2, "{name}");
        assert_eq!(trim(by_age, 1_000_000).await, [(topic(), Offset(10))], "{name}: all of it is too old");
        assert_eq!(append_one(&bench.store, &topic(), 1).await, Some(Offset(11)), "{name}: offsets go on");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_is_not_in_the_log_either() {
    for (name, bench) in engines() {
        begin(&bench.store).await;
        for number in [1, 2, 1] {
            append_one(&bench.store, &topic(), number).await;
        }
        let gone =
            Change::EventDelete(shared::change::EventDeleted { event_id: "e1".parse::<EventId>().unwrap() });
        let redacted: Result<_, ()> = bench
            .store
            .write(async move |tx| Ok(log::redact(tx, &topic(), "media:m1", Offset(1), &gone).await?))
            .await
            .unwrap();
        assert_eq!(redacted, Ok(2), "{name}");
        let (_, read) = read_all(&bench.store, 0).await;
        let types: Vec<_> = read.iter().map(|a| a.type_name.as_ref()).collect();
        assert_eq!(types, ["event:delete", "media:delete", "event:delete"], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reopened_file_goes_on_where_it_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let options = StoreOptions { path: Some(dir.path().join("t.db")), max_bytes: 0, readers: 1 };
    let silent: Announcer = Arc::new(|_| {});
    let store = Store::open(&options, silent.clone()).unwrap();
    begin(&store).await;
    append_one(&store, &topic(), 1).await;
    let (before, _) = read_all(&store, 0).await;
    drop(store);
    let store = Store::open(&options, silent).unwrap();
    let (after, _) = read_all(&store, 0).await;
    assert_eq!(before, after);
    assert_eq!(append_one(&store, &topic(), 2).await, Some(Offset(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    // More than the tables take that are empty.
    let options = StoreOptions { path: Some(dir.path().join("t.db")), max_bytes: 1024 * 1024, readers: 1 };
    let announced = Arc::new(Mutex::new(Vec::new()));
    let store = Store::open(&options, into(&announced)).unwrap();
    begin(&store).await;
    let mut stored = 0;
    let error = loop {
        let outcome: Result<Result<_, ()>, _> = store
            .write(async |tx| {
                let large = Change::MediaDelete(MediaDeleted { media_id: "x".repeat(60).parse().unwrap() });
                for _ in 0..20 {
                    log::append(tx, &topic(), 0, |_| large.clone()).await?;
                }
                Ok(())
            })
            .await;
        match outcome {
            Ok(_) => stored += 20,
            Err(error) => break error,
        }
        assert!(stored < 100_000, "the limit never took hold");
    };
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    let (extent, read) = read_all(&store, 0).await;
    assert_eq!((extent.head.0, read.len() as u64), (stored, stored));
    assert_eq!(announced.lock().len() as u64, stored, "what was refused was not announced");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_from_the_future_is_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.db");
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 9999).unwrap();
    let options = StoreOptions { path: Some(path), max_bytes: 0, readers: 1 };
    let refused = Store::open(&options, Arc::new(|_| {}));
    assert!(matches!(refused, Err(OpenError::NewerSchema { found: 9999, .. })));
}

#[tokio::test]
async fn an_inline_store_that_is_made_to_fail_keeps_nothing_and_recovers() {
    let announced = Arc::new(Mutex::new(Vec::new()));
    let store = Store::inline(into(&announced)).unwrap();
    begin(&store).await;
    append_one(&store, &topic(), 1).await;
    for writes in [FailingWrites::Statements, FailingWrites::Commits] {
        store.fail(Failing { reads: false, writes: Some(writes) });
        let refused: Result<Result<_, ()>, _> =
            store.write(async |tx| Ok(log::append(tx, &topic(), 0, |_| change(2)).await?)).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{writes:?}: {refused:?}");
        assert_eq!(read_all(&store, 0).await.1.len(), 1, "{writes:?}");
    }
    store.fail(Failing { reads: true, writes: None });
    let unread = store.read(async |tx| log::extent(tx, &topic()).await).await;
    assert!(matches!(unread, Err(StoreError::Unavailable(_))));
    store.fail(Failing::default());
    assert_eq!(append_one(&store, &topic(), 3).await, Some(Offset(2)));
    assert_eq!(announced.lock().len(), 2, "what was not stored was not announced");
}
