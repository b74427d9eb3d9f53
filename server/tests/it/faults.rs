//! A server that cannot start says why; one that cannot write says so and goes on reading.

use std::{fs, path::Path};

use serde_json::json;
use shared::Topic;
use tempfile::TempDir;

use crate::support::{Follower, Process, Transport};

#[tokio::test]
async fn a_second_server_on_the_same_data_is_refused() {
    let dir = TempDir::new().unwrap();
    let first = Process::start(dir.path(), &[]);
    let (status, said) = Process::refused(dir.path(), &[]);
    assert!(!status.success() && said.contains("another server is using the data directory"), "{said}");
    assert_eq!(first.get("/readyz").await.status, 200, "the first goes on");
    drop(first);
    Process::start(dir.path(), &[]);
}

#[test]
fn a_data_directory_that_cannot_be_used_is_named() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("a-file");
    fs::write(&file, "x").unwrap();
    let (status, said) = Process::refused(&file, &[]);
    assert!(!status.success() && said.contains("a-file") && said.contains("cannot be used"), "{said}");

    // Nobody may create anything there, not even root.
    let (status, said) = Process::refused(Path::new("/proc/touchline"), &[]);
    assert!(!status.success() && said.contains("/proc/touchline cannot be used"), "{said}");

    // The database's name is taken by a directory, or its file is none.
    fs::create_dir_all(dir.path().join("one/touchline.db")).unwrap();
    fs::create_dir(dir.path().join("two")).unwrap();
    fs::write(
        dir.path().join("two/touchline.db"),
        "this is no database, however long it goes on".repeat(100),
    )
    .unwrap();
    for name in ["one", "two"] {
        let (status, said) = Process::refused(&dir.path().join(name), &[]);
        assert!(!status.success() && said.contains("cannot open the database"), "{said}");
        assert!(said.contains("touchline.db") && !said.contains("panicked"), "{said}");
    }

    fs::create_dir(dir.path().join("three")).unwrap();
    fs::write(dir.path().join("three/media"), "x").unwrap();
    let (status, said) = Process::refused(&dir.path().join("three"), &[]);
    assert!(!status.success() && said.contains("uploads cannot be used"), "{said}");
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let (one, two) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let process = Process::start(one.path(), &[]);
    let taken = process.address.to_string();
    let (status, said) = Process::refused(two.path(), &["--listen", &taken]);
    assert!(!status.success() && said.contains(&format!("cannot listen on {taken}")), "{said}");
}

#[test]
fn a_flag_that_makes_no_sense_is_explained() {
    let dir = TempDir::new().unwrap();
    for flag in
        [["--window-event-ms", "soon"], ["--trusted-proxy", "everybody"], ["--frames-per-second", "0"]]
    {
        let (status, said) = Process::refused(dir.path(), &flag);
        assert!(status.code() == Some(2) && said.contains(flag[0]), "{said}");
    }
}

#[tokio::test]
async fn a_full_disk_refuses_changes_and_nothing_else() {
    const FULL: [&str; 4] = ["--database-max-bytes", "1000000", "--heartbeat-interval-ms", "1000"];
    let dir = TempDir::new().unwrap();
    let process = Process::start(dir.path(), &FULL);
    let event = process.event().await;
    let topic = Topic::event(&event.id);
    let path = format!("/api/events/{}/media", event.id);
    let mut follower = Follower::on(&process, Transport::WebSocket, &topic, None).await;
    follower.next_subscribed().await;

    let mut acknowledged = Vec::new();
    let refused = loop {
        let n = acknowledged.len();
        let item =
            json!({"author": "Ada", "text": format!("{n} {}", "x".repeat(2000)), "key": format!("k{n}")});
        let answer = process.post(&path, &item).await;
        if answer.status != 201 {
            break answer;
        }
        acknowledged.push(answer.body["id"].as_str().unwrap().to_owned());
        assert!(acknowledged.len() < 1000, "the limit was never met");
    };
    assert_eq!((refused.status, refused.code()), (503, "storageUnavailable"), "{}", refused.body);
    assert!(
        refused.body["error"]["retryAfterMs"].as_u64().is_some() && !refused.header("retry-after").is_empty()
    );
    // An array of which some would still fit is stored not at all.
    let many: Vec<_> =
        (0..100).map(|n| json!({"author": "Ada", "text": format!("{n} {}", "y".repeat(500))})).collect();
    assert_eq!(process.post(&path, &json!(many)).await.refusal(), (503, "storageUnavailable", ""));

    // Readers notice nothing: what was stored is read and delivered, live and from a cursor.
    let stored = acknowledged.len() as u64;
    follower.read_to(&topic, stored).await;
    let listed: Vec<_> = process.timeline(&event).await.iter().map(|media| media.id.to_string()).collect();
    assert_eq!(listed, acknowledged);
    let epoch = process.cursor(&event).await.0.epoch;
    for transport in [Transport::WebSocket, Transport::Sse, Transport::Poll] {
        let mut late = Follower::on(&process, transport, &topic, Some(format!("{epoch}.0"))).await;
        assert!(late.next_subscribed().await.1.recovered);
        assert_eq!(late.read_to(&topic, stored).await.len() as u64, stored);
    }
    assert_eq!(process.get("/readyz").await.status, 200);
    drop(process);

    // With room again everything is as it was, and what was refused can be sent again under its key.
    let process = Process::start(dir.path(), &[]);
    assert_eq!(process.timeline(&event).await.len() as u64, stored);
    let n = acknowledged.len();
    let item = json!({"author": "Ada", "text": format!("{n} {}", "x".repeat(2000)), "key": format!("k{n}")});
    let answer = process.post(&path, &item).await;
    assert_eq!(
        (answer.status, &answer.body["offset"]),
        (201, &json!(stored + 1)),
        "the offsets go on without a hole"
    );
}

#[tokio::test]
async fn v7_a_message_that_panics_nothing_is_logged_and_survived() {
    let dir = TempDir::new().unwrap();
    let process = Process::start(dir.path(), &[]);
    for path in ["/api/events?limit=99999999999999999999", "/api/poll?from=%00", "/api/ws/events/%00"] {
        let answer = process.get(path).await;
        assert!((400..500).contains(&answer.status), "{path}: {}", answer.status);
    }
    assert!(!process.log().contains("panicked"), "{}", process.log());
}
