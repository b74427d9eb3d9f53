//! The rows of the benchmark, one file each. Every row starts a fresh server, so that none inherits the
//! memory or the files of another.

mod appends;
mod crowd;
mod fanout;
mod idle;
mod restart;
mod saturation;
mod sign_ins;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use shared::{Cursor, EventId};
use tokio::runtime::Runtime;

use crate::{
    http::Http,
    process,
    readers::{self, Opened},
    report::{Report, Target},
    server::Server,
};

/// Sockets that the largest row opens, and something for everything else.
const OPEN_FILES: u64 = 10_000 + 500;

/// What every row is told.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) server: PathBuf,
    pub(crate) quick: bool,
}

/// One row or group of rows, as `--only` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Row {
    Idle,
    Fanout,
    Saturation,
    Restart,
    Appends,
    Crowd,
    SignIns,
}

type Measure = fn(&Setup, &Runtime, &mut Report) -> Result<()>;

/// Measures `only`, or everything.
pub(crate) fn measure(setup: &Setup, only: &[Row], report: &mut Report) -> Result<()> {
    process::raise_open_files(OPEN_FILES)?;
    let cores = std::thread::available_parallelism()?.get() as f64;
    report.once("cores", "cores of the machine", "", cores, None);
    // Figures from a machine that was busy with something else are worth little; this tells.
    report.once("loadBefore", "its load average beforehand", "", process::load_average()?, None);
    // One thread: the generator shares the machine with the server, and readers have threads of their own.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let rows: [(Row, &str, Measure); 7] = [
        (Row::Idle, "memory of idle connections", idle::measure),
        (Row::Fanout, "1,000 subscribers, 50 publications a second", fanout::measure),
        (Row::Saturation, "saturation", saturation::measure),
        (Row::Restart, "5,000 connections over a restart", restart::measure),
        (Row::Appends, "durable appends", appends::measure),
        (Row::Crowd, "2,000 people join one topic", crowd::measure),
        (Row::SignIns, "sign-ins", sign_ins::measure),
    ];
    for (row, name, measure) in rows {
        if only.is_empty() || only.contains(&row) {
            eprintln!("── {name}");
            measure(setup, &runtime, report).with_context(|| format!("the row \"{name}\" failed"))?;
        }
    }
    Ok(())
}

/// A live event on a fresh server, and where its topic stands.
fn fresh_event(runtime: &Runtime, server: &Server) -> Result<(EventId, Cursor)> {
    runtime.block_on(async {
        let mut http = Http::connect(server.address).await?;
        let event = http.create_event("Benchmark").await?;
        let cursor = http.cursor(&event).await?;
        Ok((event, cursor))
    })
}

/// `count` subscriptions to one event.
fn subscribe(server: &Server, event: &EventId, cursor: &Cursor, count: usize) -> Result<Vec<Opened>> {
    let since = cursor.to_string();
    (0..count)
        .map(|at| {
            readers::subscribe(server.address, event.as_str(), &since)
                .with_context(|| format!("subscriber {at} of {count}; {}", server.last_words()))
        })
        .collect()
}

/// No hole, no double, no complaint: the promise that every row is held to.
fn clean(
    report: &mut Report,
    holes: &'static str,
    doubles: &'static str,
    what: &str,
    seen: readers::Seen,
) -> Result<()> {
    let none = Some(Target::AtMost(0.0));
    report.once(holes, format!("holes {what}"), "", seen.holes as f64, none);
    report.once(doubles, format!("doubles {what}"), "", seen.doubles as f64, none);
    anyhow::ensure!(seen.complaints == 0, "{} connections complained or ended", seen.complaints);
    Ok(())
}
