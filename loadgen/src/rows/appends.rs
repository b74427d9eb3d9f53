//! How many publications a second the server makes durable, over HTTP: 100 in a request, and one.

use std::time::{Duration, Instant};

use anyhow::Result;
use bytes::Bytes;
use shared::EventId;
use tokio::runtime::Runtime;

use super::{Setup, fresh_event};
use crate::{
    http::{self, Http},
    report::{Report, Target},
    server::Server,
};

const TEXT_BYTES: usize = 200;
const LEAST_PER_SECOND: f64 = 20_000.0;

/// A way of appending: so many connections at once, so many items in each request.
struct Way {
    key: &'static str,
    connections: usize,
    items: usize,
    target: Option<Target>,
}

pub(super) fn measure(setup: &Setup, runtime: &Runtime, report: &mut Report) -> Result<()> {
    let (runs, span) = if setup.quick { (2, Duration::from_secs(2)) } else { (3, Duration::from_secs(5)) };
    for way in [
        Way {
            key: "durableAppendsPerSecond",
            connections: 8,
            items: 100,
            target: Some(Target::AtLeast(LEAST_PER_SECOND)),
        },
        Way { key: "durableAppendsPerSecondSingly", connections: 128, items: 1, target: None },
    ] {
        let server = Server::start(&setup.server)?;
        let (event, cursor) = fresh_event(runtime, &server)?;
        let mut acknowledged = 0;
        let mut rates = Vec::new();
        for _ in 0..runs {
            let begin = Instant::now();
            let count = runtime.block_on(append(&server, &event, &way, span))?;
            rates.push(count as f64 / begin.elapsed().as_secs_f64());
            acknowledged += count;
        }
        let head = runtime.block_on(async { Http::connect(server.address).await?.cursor(&event).await })?;
        let appended = head.0.offset.0 - cursor.0.offset.0;
        anyhow::ensure!(appended == acknowledged, "{acknowledged} acknowledged, {appended} appended");
        let what = format!("durable appends, {} connections × {} a request", way.connections, way.items);
        report.several(way.key, what, "per s", rates, way.target);
    }
    Ok(())
}

/// Appends for `span`; how many were acknowledged.
async fn append(server: &Server, event: &EventId, way: &Way, span: Duration) -> Result<u64> {
    let text = "and the crowd goes on singing ".repeat(TEXT_BYTES.div_ceil(30));
    let body = http::body(vec![text[..TEXT_BYTES].to_owned(); way.items])?;
    let begin = Instant::now();
    let connections = (0..way.connections).map(|_| {
        let body = body.clone();
        async move {
            let mut http = Http::connect(server.address).await?;
            let mut acknowledged = 0;
            while begin.elapsed() < span {
                http.post(event, Bytes::clone(&body)).await?;
                acknowledged += way.items as u64;
            }
            anyhow::Ok(acknowledged)
        }
    });
    Ok(futures_util::future::try_join_all(connections).await?.into_iter().sum())
}
