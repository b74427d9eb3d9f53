//! Builds the client's files and the programs.
//!
//! The server carries the client's files inside, so the client comes first. Called by `run` and `check`.

use anyhow::{Context as _, Result};

use crate::{assets, offline, split, workspace::Workspace};

/// `dist/`: the page, its program and its styles, named by content and compressed.
pub(crate) fn client(workspace: &Workspace) -> Result<()> {
    // trunk takes `NO_COLOR=1` for a malformed option of its own.
    workspace.run(
        workspace
            .command("trunk")
            .args(["build", "--release", "--features", "split"])
            .env_remove("NO_COLOR")
            .env("TRUNK_SKIP_VERSION_CHECK", "true"),
    )?;
    let dist = workspace.root().join("dist");
    split::split(workspace, &dist).context("cannot split the client's program")?;
    assets::name_by_content(&dist).context("cannot name the client's files by their content")?;
    let worker = workspace.root().join("client-wasm/service-worker.js");
    offline::service_worker(&worker, &dist).context("cannot write the service worker")?;
    assets::compress(&dist).context("cannot compress the client's files")?;
    assets::check_budget(&dist, assets::PROGRAM_BUDGET_BYTES)
}

/// `target/release/touchline`.
pub(crate) fn server(workspace: &Workspace) -> Result<()> {
    workspace.run(workspace.cargo().args(["build", "--release", "--package", "server", "--bin", "touchline"]))
}

/// Some other release programs, by package.
pub(crate) fn release(workspace: &Workspace, packages: &[&str]) -> Result<()> {
    let mut command = workspace.cargo();
    command.args(["build", "--release"]);
    for package in packages {
        command.args(["--package", package]);
    }
    workspace.run(&mut command)
}
