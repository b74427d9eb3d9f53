//! How many deliveries a second the server reaches when there is always more to deliver.
//!
//! Publishers keep a bounded number of publications ahead of the readers: without a bound the row would
//! measure how the server reads its store, and with too small a one how long a commit takes.

use std::{
    cell::Cell,
    io::Write as _,
    time::{Duration, Instant},
};

use anyhow::Result;
use bytes::Bytes;
use shared::EventId;
use tokio::runtime::Runtime;

use super::{Setup, clean, fresh_event, subscribe};
use crate::{
    bare::Bare,
    http::{self, Http},
    readers::{self, Readers, Rest, Watch},
    report::{Report, Target},
    server::Server,
};

const SUBSCRIBERS: usize = 1_000;
const BATCH: usize = 100;
/// Publications that the readers may be behind, on average, before the publishers wait.
const AHEAD: u64 = 1_000;
const PUBLISHERS: usize = 4;
const TEXT_BYTES: usize = 200;
const ARRIVAL_LIMIT: Duration = Duration::from_mins(1);
const LEAST_PER_SECOND: f64 = 2_500_000.0;

pub(super) fn measure(setup: &Setup, runtime: &Runtime, report: &mut Report) -> Result<()> {
    let (runs, span) = if setup.quick { (2, Duration::from_secs(2)) } else { (5, Duration::from_secs(5)) };
    let server = Server::start(&setup.server)?;
    let (event, cursor) = fresh_event(runtime, &server)?;
    let streams = subscribe(&server, &event, &cursor, SUBSCRIBERS)?;
    let readers = Readers::start(streams, Rest::Listen, Watch::Continuity, cursor.0.offset.0)?;
    readers.wait_until(ARRIVAL_LIMIT, |seen| seen.subscribed == SUBSCRIBERS as u64)?;

    let (mut rates, mut bytes) = (Vec::new(), 0);
    // The first run warms up.
    for run in 0..=runs {
        let before = readers.seen();
        let begin = Instant::now();
        runtime.block_on(publish(&server, &readers, &event, span))?;
        let took = begin.elapsed().as_secs_f64();
        let deliveries = readers.seen().deliveries - before.deliveries;
        drain(runtime, &server, &readers, &event)?;
        let seen = readers.seen();
        bytes = (seen.bytes - before.bytes) / (seen.deliveries - before.deliveries);
        if run > 0 {
            rates.push(deliveries as f64 / took);
        }
    }
    let seen = readers.stop()?;
    drop(server);
    let target = Some(Target::AtLeast(LEAST_PER_SECOND));
    report.several(
        "saturationDeliveriesPerSecond",
        "deliveries at saturation, 1,000 subscribers",
        "per s",
        rates,
        target,
    );
    report.once("saturationFrameBytes", "  bytes of one delivery", "bytes", bytes as f64, None);
    let bare = bare_rates(runs, span, bytes as usize)?;
    report.several("bareSaturationDeliveriesPerSecond", "  the bare loop's", "per s", bare, None);
    clean(report, "saturationHoles", "saturationDoubles", "at saturation", seen)
}

/// Publishes as fast as the readers allow for `span`.
async fn publish(server: &Server, readers: &Readers, event: &EventId, span: Duration) -> Result<()> {
    let text = "and the crowd goes on singing ".repeat(TEXT_BYTES.div_ceil(30));
    let body = http::body(vec![text[..TEXT_BYTES].to_owned(); BATCH])?;
    let begin = Instant::now();
    let before = readers.seen().deliveries;
    let published = Cell::new(0);
    let publishers = (0..PUBLISHERS).map(|_| {
        let (body, published) = (body.clone(), &published);
        async move {
            let mut http = Http::connect(server.address).await?;
            while begin.elapsed() < span {
                let delivered = (readers.seen().deliveries - before) / SUBSCRIBERS as u64;
                if published.get() > delivered + AHEAD {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    continue;
                }
                // Counted before it is sent: all publishers together stay within the bound.
                published.set(published.get() + BATCH as u64);
                http.post(event, Bytes::clone(&body)).await?;
            }
            anyhow::Ok(())
        }
    });
    futures_util::future::try_join_all(publishers).await?;
    Ok(())
}

/// Waits until every reader stands at the head.
fn drain(runtime: &Runtime, server: &Server, readers: &Readers, event: &EventId) -> Result<()> {
    let head = runtime.block_on(async { Http::connect(server.address).await?.cursor(event).await })?;
    let expected = (head.0.offset.0 - readers.after()) * SUBSCRIBERS as u64;
    readers.wait_until(ARRIVAL_LIMIT, |seen| seen.deliveries >= expected)?;
    Ok(())
}

/// The bare loop at the same length of frame: many ready-made frames in one write.
fn bare_rates(runs: usize, span: Duration, frame_bytes: usize) -> Result<Vec<f64>> {
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(&vec![b'x'; frame_bytes.saturating_sub(4)])?;
    let mut bare = Bare::start(SUBSCRIBERS, file.path())?;
    let streams = (0..SUBSCRIBERS).map(|_| readers::connect(bare.address)).collect::<Result<Vec<_>>>()?;
    bare.accepted()?;
    let readers = Readers::start(streams, Rest::Listen, Watch::Count, 0)?;
    let mut rates = Vec::new();
    for run in 0..=runs {
        let (begin, before) = (Instant::now(), readers.seen().deliveries);
        let written = bare.command(&format!("flood {}", span.as_millis()))?;
        readers.wait_until(ARRIVAL_LIMIT, |seen| seen.deliveries >= before + written)?;
        if run > 0 {
            rates.push(written as f64 / begin.elapsed().as_secs_f64());
        }
    }
    readers.stop()?;
    Ok(rates)
}
