//! `simulator --seeds 1000`: runs seeds, on every processor there is, and says in one line what came of
//! them.

use std::{
    num::NonZero,
    process::ExitCode,
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use clap::Parser;
use simulator::{Plant, Report, run};

/// The real clients against the real server core, in virtual time, with seeded faults.
#[derive(Debug, Clone, Copy, Parser)]
struct Arguments {
    /// How many seeds to run.
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 1)]
    start_seed: u64,
    /// Run this seed alone.
    #[arg(long)]
    seed: Option<u64>,
    /// Print everything that happens.
    #[arg(long)]
    trace: bool,
    /// Plant a bug; the run must then fail.
    #[arg(long, value_enum)]
    plant: Option<Plant>,
}

/// What came of all seeds together.
#[derive(Debug, Default)]
struct Total {
    report: Report,
    failed: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let (first, count) = match arguments.seed {
        Some(seed) => (seed, 1),
        None => (arguments.start_seed, arguments.seeds),
    };
    let next = AtomicU64::new(0);
    // A trace of several seeds at once could not be read.
    let threads = if arguments.trace { 1 } else { thread::available_parallelism().map_or(1, NonZero::get) };
    let mut total = Total::default();
    thread::scope(|scope| {
        let take = || match next.fetch_add(1, Ordering::Relaxed) {
            taken if taken < count => Some(first + taken),
            _ => None,
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(move || run_all(take, arguments))).collect();
        for worker in workers {
            match worker.join() {
                Ok(part) => {
                    total.report.add(&part.report);
                    total.failed += part.failed;
                }
                // It has printed why.
                Err(_) => total.failed += 1,
            }
        }
    });
    print(count, &total.report);
    if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run_all(take: impl Fn() -> Option<u64>, arguments: Arguments) -> Total {
    let mut total = Total::default();
    while let Some(seed) = take() {
        match run(seed, arguments.plant, arguments.trace) {
            Ok(Ok(report)) => total.report.add(&report),
            Ok(Err(report)) => {
                eprintln!("seed {seed} failed (replay: --seed {seed} --trace): {report:?}");
                total.report.add(&report);
                total.failed += 1;
            }
            Err(error) => {
                eprintln!("seed {seed}: the store could not be opened: {error}");
                total.failed += 1;
            }
        }
    }
    total
}

fn print(count: u64, report: &Report) {
    let minutes = report.virtual_ms / 60_000;
    println!(
        "seeds {count}, virtual time {} h {:02} min, faults {}, publications {}, recorded {}, holes {}, doubles {}, lost {}, out of order {}, sent by two {}, leaked {}, clients not caught up {}",
        minutes / 60,
        minutes % 60,
        report.faults,
        report.publications,
        report.recorded,
        report.violations.holes,
        report.violations.doubles,
        report.violations.lost,
        report.violations.disordered,
        report.violations.raced,
        report.violations.leaked,
        report.behind,
    );
}
