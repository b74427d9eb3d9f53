//! `test` and `ci`: what a change has to pass, step by step. The first step that fails ends it.

use std::{fs, path::Path, process::Stdio};

use anyhow::{Context as _, Result, bail};

use crate::{build, setup, steps::Steps, workspace::Workspace};

/// Seeds of the simulator in `test`: enough to catch a fault in the connection logic, little enough for
/// every change. `cargo xtask sim --seeds 1000` is the thorough run.
const TEST_SEEDS: &str = "100";

/// A file longer than this is worth a look: is it one idea?
const LONG_FILE_LINES: usize = 500;

/// Everything that a change has to pass.
pub(crate) fn test(workspace: &Workspace) -> Result<()> {
    test_after(workspace, Steps::default())
}

/// `test`, after the checks of the tree itself.
pub(crate) fn ci(workspace: &Workspace) -> Result<()> {
    let mut steps = Steps::default();
    steps.step("tidy", || tidy(workspace))?;
    steps.step("licences and advisories", || deny(workspace))?;
    steps.step("unused dependencies", || {
        if workspace.which("cargo-machete").is_none() {
            eprintln!("  skipped: cargo-machete is not installed");
            return Ok(());
        }
        workspace.run(&mut workspace.command("cargo-machete"))
    })?;
    test_after(workspace, steps)
}

fn test_after(workspace: &Workspace, mut steps: Steps) -> Result<()> {
    let cargo = |args: &[&str]| workspace.run(workspace.cargo().args(args));
    let host = ["--workspace", "--exclude", "client-wasm"];
    steps.step("setup for building", || setup::for_building(workspace))?;
    steps.step("setup for testing", || setup::for_testing(workspace))?;
    steps.step("format", || cargo(&["fmt", "--all", "--check"]))?;
    steps.step("lints", || {
        cargo(&[&["clippy", "--all-targets"], &host[..], &["--", "-D", "warnings"]].concat())
    })?;
    steps.step("lints of the page", || {
        let package = ["clippy", "--package", "client-wasm", "--target", "wasm32-unknown-unknown"];
        cargo(&[&package[..], &["--", "-D", "warnings"]].concat())
    })?;
    let e2e = workspace.root().join("e2e");
    steps.step("types of the browser tests", || {
        workspace.run(workspace.command("npm").args(["run", "--silent", "check"]).current_dir(&e2e))
    })?;
    steps.step("tests", || cargo(&[&["test"], &host[..]].concat()))?;
    steps.step("the client", || build::client(workspace))?;
    steps.step("the programs", || build::release(workspace, &["server", "demo", "simulator"]))?;
    steps.step("simulation", || {
        workspace.run(workspace.command(workspace.release_binary("simulator")).args(["--seeds", TEST_SEEDS]))
    })?;
    eprintln!("\n{}", steps.table());
    steps.step("browsers", || {
        workspace.run(
            workspace
                .command("npx")
                .args(["playwright", "test"])
                .current_dir(&e2e)
                .env("TOUCHLINE_BIN", workspace.release_binary("touchline")),
        )
    })
}

/// Marks that say "not finished" and must not be committed. Put together here so that this file passes.
fn marks() -> [String; 7] {
    let join = |a: &str, b: &str| format!("{a}{b}");
    [
        join("TO", "DO"),
        join("FIX", "ME"),
        join("unimplemented", "!("),
        join("to", "do!("),
        join("#[", "ignore"),
        join("test.", "only("),
        join("test.", "fixme("),
    ]
}

fn tidy(workspace: &Workspace) -> Result<()> {
    let listed = workspace
        .output(
            "git",
            &["ls-files", "--cached", "--others", "--exclude-standard", "*.rs", "*.ts", "*.md", "*.css"],
        )
        .context("`git ls-files` failed")?;
    let mut faults = Vec::new();
    for name in listed.lines() {
        // A file that is listed and gone is about to be deleted.
        let Ok(text) = fs::read_to_string(workspace.root().join(name)) else { continue };
        faults.extend(marks_in(&text).into_iter().map(|(line, mark)| format!("{name}:{line}: {mark}")));
        let lines = text.lines().count();
        if lines > LONG_FILE_LINES && Path::new(name).extension() != Some("md".as_ref()) {
            eprintln!("  {name} has {lines} lines: is it one idea?");
        }
    }
    if !faults.is_empty() {
        bail!("left open in the code:\n  {}", faults.join("\n  "));
    }
    Ok(())
}

/// The marks in a text, with their lines, from 1.
fn marks_in(text: &str) -> Vec<(usize, String)> {
    let marks = marks();
    let found = |line: &str| marks.iter().find(|mark| line.contains(mark.as_str())).cloned();
    text.lines().enumerate().filter_map(|(at, line)| Some((at + 1, found(line)?))).collect()
}

/// Licences, bans and sources need no network and must pass. The list of advisories has to be fetched:
/// where that fails it is said, and the rest still counts.
fn deny(workspace: &Workspace) -> Result<()> {
    if workspace.which("cargo-deny").is_none() {
        eprintln!("  skipped: cargo-deny is not installed");
        return Ok(());
    }
    workspace.run(workspace.cargo().args(["deny", "check", "bans", "licenses", "sources"]))?;
    let advisories = workspace
        .cargo()
        .args(["deny", "check", "advisories"])
        .stdin(Stdio::null())
        .output()
        .context("cannot start `cargo deny`")?;
    let said = String::from_utf8_lossy(&advisories.stderr);
    if advisories.status.success() {
        return Ok(());
    }
    if said.contains("failed to fetch advisory database") {
        eprintln!("  the advisories cannot be fetched here; not checked");
        return Ok(());
    }
    eprint!("{said}");
    bail!("`cargo deny check advisories` ended with {}", advisories.status);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_is_found_and_nothing_else() {
        for mark in marks() {
            assert_eq!(marks_in(&format!("fine\n    {mark} later\n")), [(2, mark)]);
        }
        assert_eq!(marks_in("a method, a todolist, ignore"), []);
    }
}
