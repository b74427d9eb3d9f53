//! The load generator: it starts a server, loads it, measures it, and checks at every load that nothing is
//! missing and nothing comes twice.
//!
//! It speaks to 127.0.0.1 only, and to nothing but the server that it started. Called by
//! `cargo xtask bench`.

mod bare;
mod clock;
mod driver;
mod frames;
mod http;
mod process;
mod readers;
mod report;
mod rows;
mod server;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::{report::Report, rows::Setup};

#[derive(Debug, Parser)]
#[command(name = "loadgen", version, about = "Loads and measures a Touchline server of its own")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Every figure that the project promises, in one table.
    Bench {
        /// The server to measure; build it with `--release`.
        #[arg(long, default_value = "target/release/touchline")]
        server_bin: PathBuf,
        /// Write the same figures here as well.
        #[arg(long)]
        json: Option<PathBuf>,
        /// Fewer and shorter runs, for a first look.
        #[arg(long)]
        quick: bool,
        /// Fail when a target is missed.
        #[arg(long)]
        check: bool,
        /// Only these rows.
        #[arg(long, value_delimiter = ',')]
        only: Vec<rows::Row>,
    },
    /// The loop that the server is compared with; started by `bench`.
    #[command(hide = true)]
    Bare {
        #[arg(long)]
        connections: usize,
        #[arg(long)]
        text_file: PathBuf,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("loadgen: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Bare { connections, text_file } => {
            process::raise_open_files(connections as u64 + 64)?;
            bare::serve(connections, &std::fs::read(text_file)?)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Bench { server_bin, json, quick, check, only } => {
            let setup = Setup { server: server_bin.canonicalize()?, quick };
            let mut report = Report::default();
            rows::measure(&setup, &only, &mut report)?;
            println!("{}", report.table());
            if let Some(file) = json {
                report.write_json(&file)?;
            }
            let missed = report.missed();
            if check && !missed.is_empty() {
                eprintln!("missed: {}", missed.join(", "));
                return Ok(ExitCode::FAILURE);
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}
