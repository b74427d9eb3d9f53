//! `cargo xtask <command>`: everything that is done with this repository, in one place.
//!
//! It starts other programs and moves files; it never contains product code. Called by people and by
//! `.ci/run`.

mod assets;
mod build;
mod check;
mod offline;
mod run;
mod setup;
mod split;
mod steps;
mod workspace;

use std::{net::SocketAddr, process::ExitCode};

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

/// Commands of the Touchline workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build everything and start the server with its demo.
    Run {
        /// Start with an empty server.
        #[arg(long)]
        no_demo: bool,
        /// Address to listen on.
        #[arg(long, default_value = "127.0.0.1:8080")]
        listen: SocketAddr,
    },
    /// Everything that a change has to pass: format, lints, tests, simulation, browsers.
    Test,
    /// `test`, after the checks of the tree itself (tidiness, licences, unused dependencies).
    Ci,
    /// Run the simulator; arguments go through to it.
    Sim {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Measure the release server with the load generator; arguments go through to it (`--json FILE`,
    /// `--quick`, `--check`).
    Bench {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// A debug server beside `trunk serve`, which rebuilds the page on every change.
    Dev,
    /// Build the client, then the server that carries it.
    Build {
        /// Build the client's files alone, into `dist/`.
        #[arg(long)]
        client: bool,
    },
    /// Install what building and testing need and is not there.
    Setup,
}

fn main() -> ExitCode {
    match dispatch(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command) -> Result<()> {
    let workspace = Workspace::find()?;
    match command {
        Command::Run { no_demo, listen } => run::run(&workspace, listen, !no_demo),
        Command::Test => check::test(&workspace),
        Command::Ci => check::ci(&workspace),
        Command::Sim { args } => workspace.run(
            workspace
                .cargo()
                .args(["run", "--quiet", "--release", "--package", "simulator", "--"])
                .args(args),
        ),
        Command::Bench { args } => run::bench(&workspace, &args),
        Command::Dev => run::dev(&workspace),
        Command::Build { client } => {
            setup::for_building(&workspace)?;
            build::client(&workspace)?;
            if client { Ok(()) } else { build::server(&workspace) }
        }
        Command::Setup => {
            setup::for_building(&workspace)?;
            setup::for_testing(&workspace)
        }
    }
}
