//! SIGKILL under load, a hundred times on one data directory: what was acknowledged is there, once, in
//! order. A failure prints the seed.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use reqwest::Method;
use serde_json::{Value, json};
use shared::{Change, Topic, model::event::Event};
use tempfile::TempDir;

use crate::support::{Api, Follower, Process, Transport};

const ROUNDS: u64 = 100;
const WRITERS: usize = 4;
const SEED: u64 = 0x70_75_63_68;

/// What the writers know: what they have yet to send, and what was acknowledged.
#[derive(Debug, Default)]
struct Ledger {
    /// Keys that were sent and not answered: each is sent again.
    unanswered: VecDeque<String>,
    /// Offset and id by key.
    acknowledged: HashMap<String, (u64, String)>,
    made: usize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_by_a_hundred_kills() {
    let dir = TempDir::new().unwrap();
    let mut random = StdRng::seed_from_u64(SEED);
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    let mut event = None;
    for round in 0..ROUNDS {
        let mut process = Process::start(dir.path(), &[]);
        let event = match &event {
            Some(event) => Event::clone(event),
            None => event.insert(process.event().await).clone(),
        };
        let mut writers = Vec::new();
        for _ in 0..WRITERS {
            let (api, event, ledger) = (Api::new(process.address), event.clone(), ledger.clone());
            let mut random = StdRng::seed_from_u64(random.random());
            writers
                .push(tokio::spawn(async move { while write(&api, &event, &ledger, &mut random).await {} }));
        }
        // Killed at a moment of its own, not at one that waits for anything.
        tokio::time::sleep(Duration::from_millis(random.random_range(5..120))).await;
        process.kill();
        for writer in writers {
            writer.await.unwrap_or_else(|error| panic!("seed {SEED:#x}, round {round}: {error}"));
        }
    }
    let event = event.unwrap();
    let process = Process::start(dir.path(), &[]);
    // Whatever was left unanswered is sent once more: it is stored now, or was all along.
    let mut random = StdRng::seed_from_u64(SEED);
    while !ledger.lock().unwrap().unanswered.is_empty() {
        assert!(write(&process.api, &event, &ledger, &mut random).await);
    }
    let acknowledged = std::mem::take(&mut ledger.lock().unwrap().acknowledged);
    assert!(acknowledged.len() > 2000, "the load was a load: {}", acknowledged.len());
    check(&process, &event, acknowledged).await;
}

/// Sends a few keys, old ones first; false when the server is gone.
async fn write(api: &Api, event: &Event, ledger: &Mutex<Ledger>, random: &mut StdRng) -> bool {
    let keys: Vec<String> = {
        let mut ledger = ledger.lock().unwrap();
        (0..random.random_range(1..20))
            .map(|_| match ledger.unanswered.pop_front() {
                Some(key) => key,
                None => {
                    ledger.made += 1;
                    format!("key-{}", ledger.made)
                }
            })
            .collect()
    };
    let items: Vec<_> =
        keys.iter().map(|key| json!({"author": "Ada", "text": format!("said {key}"), "key": key})).collect();
    let request = api.request(Method::POST, &format!("/api/events/{}/media", event.id)).json(&items);
    let answer = api.try_send(request).await;
    let mut ledger = ledger.lock().unwrap();
    match answer {
        Ok(answer) => {
            assert!(matches!(answer.status, 200 | 201), "{} {}", answer.status, answer.body);
            for (key, item) in keys.into_iter().zip(answer.body.as_array().unwrap()) {
                note(&mut ledger, key, item);
            }
            true
        }
        Err(_) => {
            ledger.unanswered.extend(keys);
            false
        }
    }
}

fn note(ledger: &mut Ledger, key: String, item: &Value) {
    assert_eq!(item["key"], json!(key));
    let told = (item["offset"].as_u64().unwrap(), item["id"].as_str().unwrap().to_owned());
    if let Some(before) = ledger.acknowledged.insert(key.clone(), told.clone()) {
        assert_eq!(before, told, "{key} was acknowledged twice, differently");
    }
}

async fn check(process: &Process, event: &Event, acknowledged: HashMap<String, (u64, String)>) {
    // The log, from its beginning: the follower itself refuses holes and doubles.
    let topic = Topic::event(&event.id);
    let head = process.cursor(event).await.0;
    let begin = format!("{}.0", head.epoch);
    let mut follower = Follower::on(process, Transport::WebSocket, &topic, Some(begin)).await;
    assert!(follower.next_subscribed().await.1.recovered, "the epoch has survived");
    let log: Vec<_> = follower
        .read_to(&topic, head.offset.0)
        .await
        .into_iter()
        .map(|publication| match publication.change {
            Change::MediaNew(media) => {
                assert_eq!(media.offset, publication.offset);
                *media
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(process.timeline(event).await, log, "the rows and the log say the same");

    let by_key: BTreeMap<_, _> = log
        .iter()
        .map(|media| (media.key.as_ref().unwrap().to_string(), (media.offset.0, media.id.to_string())))
        .collect();
    assert_eq!(by_key.len(), log.len(), "each key is there once");
    for (key, told) in &acknowledged {
        assert_eq!(by_key.get(key), Some(told), "{key} was acknowledged (seed {SEED:#x})");
    }
    assert_eq!(by_key.len(), acknowledged.len(), "and nothing that nobody asked for");
    let counted = process.get(&format!("/api/events/{}", event.id)).await.body["mediaCount"].as_u64();
    assert_eq!(counted, Some(log.len() as u64));
}
