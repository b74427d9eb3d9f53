//! Resident memory of the server per idle, subscribed connection.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::Result;
use tokio::runtime::Runtime;

use super::{Setup, fresh_event, subscribe};
use crate::{
    readers::{Readers, Rest, Watch},
    report::{Report, Target},
    server::Server,
};

const SUBSCRIBE_LIMIT: Duration = Duration::from_mins(1);
/// The target, in KiB.
const MOST_KIB: f64 = 8.0;

pub(super) fn measure(setup: &Setup, runtime: &Runtime, report: &mut Report) -> Result<()> {
    let server = Server::start(&setup.server)?;
    let (event, cursor) = fresh_event(runtime, &server)?;
    let offset = cursor.0.offset.0;
    let empty = settled_kib(&server)?;
    let mut groups = Vec::new();
    let mut open = 0;
    for (key, count, target) in [
        ("idleKibPerConnection1000", 1_000, None),
        ("idleKibPerConnection10000", 10_000, Some(Target::AtMost(MOST_KIB))),
    ] {
        let more = count - open;
        let readers = Readers::start(
            subscribe(&server, &event, &cursor, more)?,
            Rest::Listen,
            Watch::Continuity,
            offset,
        )?;
        readers.wait_until(SUBSCRIBE_LIMIT, |seen| seen.subscribed == more as u64)?;
        groups.push(readers);
        open = count;
        let each = (settled_kib(&server)? - empty) / count as f64;
        report.once(key, format!("memory per idle connection, at {count}"), "KiB", each, target);
    }
    for readers in groups {
        let seen = readers.stop()?;
        anyhow::ensure!(seen.complaints == 0, "{} connections complained or ended", seen.complaints);
    }
    Ok(())
}

/// The server's memory once it has stopped moving: within half a percent for a second (at most 20 s).
fn settled_kib(server: &Server) -> Result<f64> {
    const LOOK_EVERY: Duration = Duration::from_millis(100);
    let begin = Instant::now();
    let mut last = Vec::<u64>::new();
    loop {
        last.push(server.resident_kib()?);
        if let [.., least, _, _, _, _, _, _, _, _, now] = last[..]
            && now.abs_diff(least) * 200 <= now
        {
            return Ok(now as f64);
        }
        anyhow::ensure!(begin.elapsed() < Duration::from_secs(20), "the server's memory does not settle");
        thread::sleep(LOOK_EVERY);
    }
}
