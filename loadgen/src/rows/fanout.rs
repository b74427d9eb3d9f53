//! 1,000 subscribers, 50 publications a second of 200 bytes: processor time per delivery, beside the bare
//! loop's in the same run, and the latency from the publisher's clock to the reader's.

use std::{
    io::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use shared::EventId;
use tokio::{runtime::Runtime, sync::Mutex};

use super::{Setup, clean, fresh_event, subscribe};
use crate::{
    bare::Bare,
    clock, frames,
    http::{self, Http},
    readers::{self, Readers, Rest, Watch},
    report::{Report, Target},
    server::Server,
};

const SUBSCRIBERS: usize = 1_000;
const PER_SECOND: u32 = 50;
const TEXT_BYTES: usize = 200;
/// Publications may overlap where one commit takes longer than the pace allows.
const PUBLISHERS: usize = 4;
const ARRIVAL_LIMIT: Duration = Duration::from_secs(30);
const MOST_RATIO: f64 = 1.6;
const MOST_P99_MS: f64 = 100.0;

pub(super) fn measure(setup: &Setup, runtime: &Runtime, report: &mut Report) -> Result<()> {
    let (runs, span) = if setup.quick { (2, Duration::from_secs(3)) } else { (5, Duration::from_secs(10)) };
    let server = Server::start(&setup.server)?;
    let (event, cursor) = fresh_event(runtime, &server)?;
    let streams = subscribe(&server, &event, &cursor, SUBSCRIBERS)?;
    let readers = Readers::start(streams, Rest::Sleep, Watch::Latency, cursor.0.offset.0)?;
    readers.wait_until(ARRIVAL_LIMIT, |seen| seen.subscribed == SUBSCRIBERS as u64)?;

    // The bare loop writes a frame of the very same length.
    let publishers = runtime.block_on(publishers(&server))?;
    let frame_bytes = mean_frame_bytes(runtime, &readers, &publishers, &event)?;
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(&vec![b'x'; frame_bytes - FRAME_HEADER_BYTES])?;
    let mut bare = Bare::start(SUBSCRIBERS, file.path())?;
    let streams = (0..SUBSCRIBERS).map(|_| readers::connect(bare.address)).collect::<Result<Vec<_>>>()?;
    bare.accepted()?;
    let bare_readers = Readers::start(streams, Rest::Sleep, Watch::Count, 0)?;

    drop(readers.take_latency()?);
    let (mut rates, mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs {
        let (rate, our) = run_server(runtime, &server, &readers, &publishers, &event, span)?;
        let their = run_bare(&mut bare, &bare_readers, span)?;
        rates.push(rate);
        ours.push(our);
        theirs.push(their);
        ratios.push(our / their);
    }
    let latency = readers.take_latency()?;
    let ms = |nanoseconds: u64| nanoseconds as f64 / 1e6;
    report.several(
        "fanoutDeliveriesPerSecond",
        "deliveries, 1,000 subscribers × 50/s × 200 bytes",
        "per s",
        rates,
        None,
    );
    report.several("fanoutCpuMicros", "processor time per delivery", "µs", ours, None);
    report.several("bareCpuMicros", "  the bare loop's, same run", "µs", theirs, None);
    let target = Some(Target::AtMost(MOST_RATIO));
    report.several("fanoutCpuRatio", "  ratio", "×", ratios, target);
    report.once("frameBytes", "  bytes of one frame", "bytes", frame_bytes as f64, None);
    report.once("latencyP50Ms", "latency, p50", "ms", ms(latency.value_at_quantile(0.5)), None);
    let target = Some(Target::AtMost(MOST_P99_MS));
    report.once("latencyP99Ms", "latency, p99", "ms", ms(latency.value_at_quantile(0.99)), target);
    report.once("latencyMaxMs", "latency, max", "ms", ms(latency.max()), None);
    bare_readers.stop()?;
    clean(report, "fanoutHoles", "fanoutDoubles", "at 1,000 subscribers", readers.stop()?)
}

/// First byte, length byte, two bytes of longer length (RFC 6455 §5.2).
const FRAME_HEADER_BYTES: usize = 4;

type Publishers = Vec<Arc<Mutex<Http>>>;

async fn publishers(server: &Server) -> Result<Publishers> {
    let mut all = Vec::new();
    for _ in 0..PUBLISHERS {
        all.push(Arc::new(Mutex::new(Http::connect(server.address).await?)));
    }
    Ok(all)
}

/// Publishes a few and looks at what arrived. Also warms both sides up.
fn mean_frame_bytes(
    runtime: &Runtime,
    readers: &Readers,
    publishers: &Publishers,
    event: &EventId,
) -> Result<usize> {
    const WARM_UP: Duration = Duration::from_secs(1);
    let before = readers.seen();
    let published = runtime.block_on(publish(publishers, event, WARM_UP))?;
    let expected = before.deliveries + published * SUBSCRIBERS as u64;
    let seen = readers.wait_until(ARRIVAL_LIMIT, |seen| seen.deliveries >= expected)?;
    let bytes = (seen.bytes - before.bytes) / (seen.deliveries - before.deliveries);
    usize::try_from(bytes).context("no frame is that large")
}

/// Deliveries per second, and the server's processor time for each in microseconds.
fn run_server(
    runtime: &Runtime,
    server: &Server,
    readers: &Readers,
    publishers: &Publishers,
    event: &EventId,
    span: Duration,
) -> Result<(f64, f64)> {
    let (begin, cpu, before) = (Instant::now(), server.cpu()?, readers.seen().deliveries);
    let published = runtime.block_on(publish(publishers, event, span))?;
    let expected = before + published * SUBSCRIBERS as u64;
    readers.wait_until(ARRIVAL_LIMIT, |seen| seen.deliveries >= expected)?;
    let (took, cpu) = (begin.elapsed(), server.cpu()?.saturating_sub(cpu));
    let deliveries = (published * SUBSCRIBERS as u64) as f64;
    Ok((deliveries / took.as_secs_f64(), cpu.as_secs_f64() * 1e6 / deliveries))
}

/// The bare loop's processor time for each delivery, in microseconds.
fn run_bare(bare: &mut Bare, readers: &Readers, span: Duration) -> Result<f64> {
    let (cpu, before) = (bare.cpu()?, readers.seen().deliveries);
    let deliveries = bare.command(&format!("pace {PER_SECOND} {}", span.as_millis()))?;
    readers.wait_until(ARRIVAL_LIMIT, |seen| seen.deliveries >= before + deliveries)?;
    Ok(bare.cpu()?.saturating_sub(cpu).as_secs_f64() * 1e6 / deliveries as f64)
}

/// Publishes at the pace for `span`; how many.
async fn publish(publishers: &Publishers, event: &EventId, span: Duration) -> Result<u64> {
    let begin = tokio::time::Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / PER_SECOND);
    let mut posts = tokio::task::JoinSet::new();
    let mut published = 0;
    while begin.elapsed() < span {
        ticks.tick().await;
        let publisher = Arc::clone(&publishers[published % publishers.len()]);
        let event = event.clone();
        posts.spawn(async move {
            let mut http = publisher.lock().await;
            let body = http::body(vec![frames::stamped_text(clock::nanoseconds(), TEXT_BYTES)])?;
            http.post(&event, body).await
        });
        published += 1;
    }
    while let Some(post) = posts.join_next().await {
        post??;
    }
    Ok(published as u64)
}
