//! 5,000 clients, the server killed under write load and started again on the same data: how long until
//! everybody is at the head, and whether anything was missed, came twice, or was acknowledged and lost.

use std::{
    sync::{Arc, Mutex, PoisonError, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use shared::{EventId, MediaId, Topic, model::media::Media};
use tokio::{runtime::Runtime, task::JoinSet};

use super::{Setup, fresh_event};
use crate::{
    driver::{Driver, Progress, Record},
    http::{self, Http},
    report::{Report, Target},
    server::Server,
};

const CLIENTS: usize = 5_000;
const QUICK_CLIENTS: usize = 1_000;
const BATCH: usize = 20;
/// Publications that are committed after the restart, while the clients come back.
const AFTERWARDS: usize = 10;
const WRITE_LOAD: Duration = Duration::from_secs(1);
/// How long the server stays away: long enough for every client to fail and back off, some more than once.
const OUTAGE: Duration = Duration::from_secs(1);
const LIMIT: Duration = Duration::from_mins(1);
const MOST_SECONDS: f64 = 10.0;

/// The clients, as the row sees them.
struct Crowd {
    progress: Vec<Arc<Progress>>,
    /// What the first client was given.
    record: Record,
    _tasks: JoinSet<()>,
}

pub(super) fn measure(setup: &Setup, runtime: &Runtime, report: &mut Report) -> Result<()> {
    let mut server = Server::start(&setup.server)?;
    let (event, cursor) = fresh_event(runtime, &server)?;
    let clients = if setup.quick { QUICK_CLIENTS } else { CLIENTS };
    runtime.block_on(async {
        let crowd = follow(&server, &event, &cursor.0, clients);
        crowd.wait_until("live", |progress| progress.live.load(Relaxed) == 1).await?;

        let acknowledged = Arc::new(Mutex::new(Vec::new()));
        let load = tokio::spawn(publish_on(server.address, event.clone(), Arc::clone(&acknowledged)));
        tokio::time::sleep(WRITE_LOAD).await;
        // On a thread of its own: the clients are to notice meanwhile.
        let (server, killed, listening) = tokio::task::spawn_blocking(move || {
            server.kill()?;
            let killed = Instant::now();
            std::thread::sleep(OUTAGE);
            server.restart()?;
            anyhow::Ok((server, killed, Instant::now()))
        })
        .await??;
        // Ends with its connection.
        let interrupted = load.await?;

        let mut http = Http::connect(server.address).await?;
        for _ in 0..AFTERWARDS {
            publish(&mut http, &event, &acknowledged).await?;
        }
        let head = http.cursor(&event).await?.0.offset.0;
        crowd.wait_until("at the head", |progress| progress.position.load(Relaxed) >= head).await?;

        let what = format!("{clients} clients caught up after a restart");
        let target = Some(Target::AtMost(MOST_SECONDS));
        report.once("restartCaughtUpSeconds", what, "s", listening.elapsed().as_secs_f64(), target);
        report.once(
            "restartDownSeconds",
            "  the server was away for",
            "s",
            (listening - killed).as_secs_f64(),
            None,
        );
        let connections = crowd.sum(|progress| progress.connections.load(Relaxed));
        report.once(
            "restartAttempts",
            "  attempts to connect, per client",
            "",
            connections / clients as f64,
            None,
        );
        let none = Some(Target::AtMost(0.0));
        let lost = crowd.lost(&acknowledged);
        report.once("restartHoles", "holes over the restart", "", crowd.sum(|p| p.holes.load(Relaxed)), none);
        report.once(
            "restartDoubles",
            "doubles over the restart",
            "",
            crowd.sum(|p| p.doubles.load(Relaxed)),
            none,
        );
        report.once("restartLost", "acknowledged and lost over the restart", "", lost, none);
        let complaints = crowd.sum(|progress| progress.complaints.load(Relaxed));
        anyhow::ensure!(complaints <= 0.0, "{complaints} snapshots or complaints");
        anyhow::ensure!(interrupted > 0, "nothing was published before the kill");
        Ok(())
    })
}

fn follow(server: &Server, event: &EventId, from: &shared::Position, clients: usize) -> Crowd {
    let mut tasks = JoinSet::new();
    let record = Record::default();
    let progress: Vec<Arc<Progress>> = (0..clients).map(|_| Arc::default()).collect();
    for (at, progress) in progress.iter().enumerate() {
        let recorded = (at == 0).then(|| Arc::clone(&record));
        let topic = Topic::event(event);
        let driver = Driver::new(server.address, topic, at as u64 + 1, Arc::clone(progress), recorded);
        tasks.spawn(driver.run(from.clone()));
    }
    Crowd { progress, record, _tasks: tasks }
}

impl Crowd {
    async fn wait_until(&self, what: &str, condition: impl Fn(&Progress) -> bool) -> Result<()> {
        let begin = Instant::now();
        loop {
            let waiting = self.progress.iter().filter(|progress| !condition(progress)).count();
            if waiting == 0 {
                return Ok(());
            }
            if begin.elapsed() > LIMIT {
                bail!("after {LIMIT:?} {waiting} of {} clients are not {what}", self.progress.len());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn sum(&self, part: impl Fn(&Progress) -> u64) -> f64 {
        self.progress.iter().map(|progress| part(progress)).sum::<u64>() as f64
    }

    /// Acknowledged items that did not arrive at their offset.
    fn lost(&self, acknowledged: &Acknowledged) -> f64 {
        let given = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        let acknowledged = acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
        lost(&acknowledged, &given) as f64
    }
}

fn lost(acknowledged: &[(u64, MediaId)], given: &[(u64, MediaId)]) -> usize {
    let given: std::collections::BTreeSet<_> = given.iter().collect();
    acknowledged.iter().filter(|item| !given.contains(item)).count()
}

type Acknowledged = Arc<Mutex<Vec<(u64, MediaId)>>>;

/// Publishes until the server is gone; how many times.
async fn publish_on(address: std::net::SocketAddr, event: EventId, acknowledged: Acknowledged) -> usize {
    let Ok(mut http) = Http::connect(address).await else { return 0 };
    let mut count = 0;
    while publish(&mut http, &event, &acknowledged).await.is_ok() {
        count += 1;
        // The clients have to keep up: this row is about the restart.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    count
}

async fn publish(http: &mut Http, event: &EventId, acknowledged: &Acknowledged) -> Result<()> {
    let body = http::body(vec!["and the crowd goes on singing".to_owned(); BATCH])?;
    let answer = http.post(event, body).await?;
    let items: Vec<Media> = serde_json::from_slice(&answer)?;
    let mut acknowledged = acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
    acknowledged.extend(items.into_iter().map(|item| (item.offset.0, item.id)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acknowledged_item_that_is_missing_or_elsewhere_is_lost() {
        let item = |offset: u64, id: &str| (offset, id.parse().unwrap());
        let acknowledged = [item(1, "a"), item(2, "b"), item(3, "c")];
        assert_eq!(lost(&acknowledged, &[item(1, "a"), item(2, "b"), item(3, "c"), item(4, "d")]), 0);
        assert_eq!(lost(&acknowledged, &[item(1, "a"), item(3, "c")]), 1, "b is missing");
        assert_eq!(lost(&acknowledged, &[item(1, "a"), item(2, "c"), item(3, "b")]), 2, "another order");
    }
}
