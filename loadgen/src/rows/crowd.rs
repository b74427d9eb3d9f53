//! 2,000 people who join one topic within ten seconds, each wanting to know who is there (P4): frames, bytes
//! and processor time of the server.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use tokio::runtime::Runtime;

use super::{Setup, fresh_event};
use crate::{
    http::Http,
    readers::{self, Readers, Rest, Watch},
    report::{Report, Target},
    server::Server,
};

const SPAN: Duration = Duration::from_secs(10);
/// Accounts that are made at one time: as many passwords as the server works on.
const REGISTERING: usize = 2;
const ARRIVAL_LIMIT: Duration = Duration::from_secs(30);
/// The count is told once a second: what the last to come has changed is told by then.
const SETTLED: Duration = Duration::from_millis(1_500);
/// Frames for each person on average: greeting, answer, state, the first few names, a count a second.
const MOST_FRAMES_EACH: f64 = 20.0;

pub(super) fn measure(setup: &Setup, runtime: &Runtime, report: &mut Report) -> Result<()> {
    let people = if setup.quick { 200 } else { 2_000 };
    let server = Server::start(&setup.server)?;
    let (event, cursor) = fresh_event(runtime, &server)?;
    let cookies = runtime.block_on(register(&server, people))?;
    let since = cursor.to_string();

    let before = runtime.block_on(sent(&server))?;
    let (begin, cpu) = (Instant::now(), server.cpu()?);
    let pause = SPAN / u32::try_from(people)?;
    let mut streams = Vec::with_capacity(people);
    for (number, cookie) in cookies.iter().enumerate() {
        thread::sleep((pause * u32::try_from(number)?).saturating_sub(begin.elapsed()));
        streams.push(
            readers::attend(server.address, event.as_str(), &since, cookie)
                .with_context(|| format!("person {number} of {people}; {}", server.last_words()))?,
        );
    }
    let took = begin.elapsed();
    thread::sleep(SETTLED);
    // What the server has written waits in the sockets until here: reading costs it nothing.
    let readers = Readers::start(streams, Rest::Listen, Watch::Continuity, cursor.0.offset.0)?;
    readers.wait_until(ARRIVAL_LIMIT, |seen| seen.subscribed == people as u64)?;
    let cpu = server.cpu()?.saturating_sub(cpu);
    let after = runtime.block_on(sent(&server))?;
    let each = |now: f64, then: f64| (now - then) / people as f64;
    report.once(
        "crowdSeconds",
        format!("{people} people join one topic within"),
        "s",
        took.as_secs_f64(),
        None,
    );
    let target = Some(Target::AtMost(MOST_FRAMES_EACH));
    report.once(
        "crowdFramesEach",
        "  frames sent for each of them",
        "",
        each(after.frames, before.frames),
        target,
    );
    report.once(
        "crowdBytesEach",
        "  bytes sent for each of them",
        "bytes",
        each(after.bytes, before.bytes),
        None,
    );
    report.once(
        "crowdCpuMillis",
        "  the server's processor time for all",
        "ms",
        cpu.as_secs_f64() * 1e3,
        None,
    );
    let seen = readers.stop()?;
    anyhow::ensure!(seen.complaints == 0, "{} connections complained or ended", seen.complaints);
    Ok(())
}

/// Makes accounts; the cookies of those who are signed in now.
async fn register(server: &Server, people: usize) -> Result<Vec<String>> {
    let mut clerks = tokio::task::JoinSet::new();
    for clerk in 0..REGISTERING {
        let mut http = Http::connect(server.address).await?;
        clerks.spawn(async move {
            let mut cookies = Vec::new();
            for number in (clerk..people).step_by(REGISTERING) {
                cookies.push(http.register(&format!("person{number}")).await?);
            }
            Ok::<_, anyhow::Error>(cookies)
        });
    }
    let mut all = Vec::with_capacity(people);
    while let Some(cookies) = clerks.join_next().await {
        all.extend(cookies??);
    }
    Ok(all)
}

/// What the server has sent over `WebSocket` connections so far, as it counts itself.
struct Sent {
    frames: f64,
    bytes: f64,
}

async fn sent(server: &Server) -> Result<Sent> {
    let metrics = Http::connect(server.address).await?.metrics().await?;
    let of = |name: &str| -> Result<f64> {
        let begins = |line: &&str| line.starts_with(name) && line.contains("\"websocket\"");
        // Before the first connection there is no such line.
        let Some(line) = metrics.lines().find(begins) else { return Ok(0.0) };
        Ok(line.rsplit(' ').next().unwrap_or_default().parse()?)
    };
    Ok(Sent { frames: of("touchline_frames_sent_total")?, bytes: of("touchline_bytes_sent_total")? })
}
