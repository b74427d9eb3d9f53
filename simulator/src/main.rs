//! `simulator --seeds 1000`: runs seeds and says in one line what came of them.

use std::process::ExitCode;

use clap::Parser;
use simulator::{Plant, Report, check::Violations, run};

/// The real clients against the real server core, in virtual time, with seeded faults.
#[derive(Debug, Parser)]
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

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let seeds = match arguments.seed {
        Some(seed) => seed..seed + 1,
        None => arguments.start_seed..arguments.start_seed + arguments.seeds,
    };
    let count = seeds.end - seeds.start;
    let mut total = Report::default();
    let mut violations = Violations::default();
    let mut failed = 0;
    for seed in seeds {
        let report = match run(seed, arguments.plant, arguments.trace) {
            Ok(Ok(report)) => report,
            Ok(Err(report)) => {
                failed += 1;
                eprintln!(
                    "seed {seed}: {:?}, {} not caught up; replay: --seed {seed} --trace",
                    report.violations, report.behind
                );
                report
            }
            Err(error) => {
                eprintln!("the store could not be opened: {error}");
                return ExitCode::FAILURE;
            }
        };
        violations.add(report.violations);
        total.virtual_ms += report.virtual_ms;
        total.faults += report.faults;
        total.publications += report.publications;
        total.behind += report.behind;
    }
    if violations.invented + violations.unbounded > 0 {
        eprintln!("invented {}, unbounded {}", violations.invented, violations.unbounded);
    }
    println!(
        "seeds {count}, virtual time {} h {:02} min, faults {}, publications {}, holes {}, doubles {}, lost {}, clients not caught up {}",
        total.virtual_ms / 3_600_000,
        total.virtual_ms / 60_000 % 60,
        total.faults,
        total.publications,
        violations.holes,
        violations.doubles,
        violations.lost,
        total.behind,
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
