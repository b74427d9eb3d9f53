//! Installs what building and testing need and is not there. Doing it twice does nothing.
//!
//! The ordinary prebuilt ways are asked first; where they cannot be had, the tools are built here, into
//! `target/tools`. Nothing is ever removed or replaced outside of that directory. Called by every command
//! that builds.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, Result, bail};

use crate::workspace::Workspace;

const WASM_TARGET: &str = "wasm32-unknown-unknown";
/// Later ones ask for a newer compiler than the one in rust-toolchain.toml.
const TRUNK_VERSION: &str = "0.21.14";
const BINARYEN_VERSION: &str = "132";
/// The one that knows what the `wasm_split_helpers` in Cargo.lock write.
const WASM_SPLIT: (&str, &str) = ("wasm_split_cli_support", "0.2.4");

/// What `trunk build --release` needs.
pub(crate) fn for_building(workspace: &Workspace) -> Result<()> {
    wasm_target(workspace)?;
    wasm_opt(workspace)?;
    // Without TLS trunk compiles in less than half the time. It need not fetch anything by itself.
    cargo_tool(workspace, "trunk", "trunk", TRUNK_VERSION, true)?;
    let lock = fs::read_to_string(workspace.root().join("Cargo.lock")).context("Cargo.lock is missing")?;
    let version = locked_version(&lock, "wasm-bindgen").context("Cargo.lock names no wasm-bindgen")?;
    cargo_tool(workspace, "wasm-bindgen-cli", "wasm-bindgen", version, true)?;
    wasm_split(workspace)
}

/// From npm, which has the current one: what Debian has mixes up the tables that a split program exports.
fn wasm_opt(workspace: &Workspace) -> Result<()> {
    let is_there = || {
        let answer = workspace.output("wasm-opt", &["--version"]);
        answer.is_some_and(|text| text.contains(&format!("version_{BINARYEN_VERSION}")))
    };
    if is_there() {
        eprintln!("  wasm-opt {BINARYEN_VERSION} is there");
        return Ok(());
    }
    if workspace.which("npm").is_none() {
        bail!("Node.js 20 or newer with npm is needed to build the page: https://nodejs.org");
    }
    let mut install = workspace.command("npm");
    install.args(["install", "--no-save", "--no-audit", "--no-fund", "--prefix"]).arg(workspace.tools());
    install.arg(format!("binaryen@{BINARYEN_VERSION}.0.0"));
    workspace.run(&mut install).context("cannot install wasm-opt")?;
    if !is_there() {
        bail!("wasm-opt {BINARYEN_VERSION} was installed and does not run");
    }
    Ok(())
}

/// The splitter does not say its version: what cargo has noted of it does.
fn wasm_split(workspace: &Workspace) -> Result<()> {
    let (package, version) = WASM_SPLIT;
    let noted = fs::read_to_string(workspace.tools().join(".crates.toml")).unwrap_or_default();
    if noted.contains(&format!("\"{package} {version} (")) {
        eprintln!("  wasm-split-cli {version} is there");
        return Ok(());
    }
    let mut install = workspace.cargo();
    install.args([
        "install",
        "--locked",
        package,
        "--version",
        version,
        "--features",
        "build-binary",
        "--root",
    ]);
    build_quickly(install.arg(workspace.tools()));
    workspace.run(&mut install).with_context(|| format!("cannot install {package} {version}"))
}

/// What the browser tests need besides.
pub(crate) fn for_testing(workspace: &Workspace) -> Result<()> {
    if workspace.which("npm").is_none() {
        bail!("Node.js 20 or newer with npm is needed for the browser tests: https://nodejs.org");
    }
    apt(workspace, &[("chromium", "chromium"), ("firefox-esr", "firefox-esr")]);
    let system_browsers = ["chromium", "firefox-esr"].iter().all(|name| workspace.which(name).is_some());
    let e2e = workspace.root().join("e2e");
    if is_newer(&e2e.join("node_modules/.package-lock.json"), &e2e.join("package-lock.json")) {
        eprintln!("  e2e/node_modules is up to date");
    } else {
        workspace
            .run(
                workspace
                    .command("npm")
                    .args(["ci", "--no-audit", "--no-fund"])
                    .current_dir(&e2e)
                    .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"),
            )
            .context("cannot install the browser tests; by hand: `npm ci` in e2e/")?;
    }
    if !system_browsers {
        workspace
            .run(
                workspace
                    .command("npx")
                    .args(["playwright", "install", "chromium", "firefox"])
                    .current_dir(&e2e),
            )
            .context("no browsers; install Chromium and Firefox by the system's package manager")?;
    }
    Ok(())
}

fn wasm_target(workspace: &Workspace) -> Result<()> {
    let installed = workspace.output("rustup", &["target", "list", "--installed"]);
    // Without rustup the compiler comes from a distribution, which brings the target as its own package.
    if installed.is_none_or(|list| list.lines().any(|line| line == WASM_TARGET)) {
        return Ok(());
    }
    workspace
        .run(workspace.command("rustup").args(["target", "add", WASM_TARGET]))
        .with_context(|| format!("by hand: `rustup target add {WASM_TARGET}`"))
}

/// A tool from crates.io in exactly one version: on `PATH`, prebuilt, or built here.
fn cargo_tool(workspace: &Workspace, package: &str, program: &str, version: &str, lean: bool) -> Result<()> {
    if is_installed(workspace, program, version) {
        eprintln!("  {program} {version} is there");
        return Ok(());
    }
    let tools = workspace.tools();
    if workspace.which("cargo-binstall").is_some() {
        let mut prebuilt = workspace.command("cargo-binstall");
        prebuilt.args(["--no-confirm", "--disable-strategies", "compile", "--root"]).arg(&tools);
        prebuilt.arg(format!("{package}@{version}"));
        match workspace.run(&mut prebuilt) {
            Ok(()) if is_installed(workspace, program, version) => return Ok(()),
            Ok(()) => eprintln!("  that gave another version of {program}; building it"),
            Err(error) => eprintln!("  no prebuilt {program} ({error}); building it"),
        }
    }
    let mut install = workspace.cargo();
    install.args(["install", "--locked", package, "--version", version, "--root"]).arg(&tools);
    if lean {
        install.arg("--no-default-features");
    }
    build_quickly(&mut install);
    workspace.run(&mut install).with_context(|| {
        format!("cannot install {program}; by hand: `cargo install --locked {package} --version {version}`")
    })?;
    if !is_installed(workspace, program, version) {
        bail!("{program} {version} was installed and does not run");
    }
    Ok(())
}

/// A tool that runs for seconds is not worth minutes of optimising.
fn build_quickly(install: &mut Command) {
    install.envs([
        ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
        ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
        ("CARGO_PROFILE_RELEASE_LTO", "off"),
        ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "256"),
    ]);
}

fn is_installed(workspace: &Workspace, program: &str, version: &str) -> bool {
    workspace.output(program, &["--version"]).is_some_and(|text| version_in(&text) == Some(version))
}

/// Installs the Debian packages whose programs are missing, where that is ours to do: as root, with apt.
/// Elsewhere, and when it fails, it says what to do and goes on: the step that needs the program fails
/// by itself if nothing else provides it.
fn apt(workspace: &Workspace, programs: &[(&str, &str)]) {
    let missing: Vec<&str> = programs
        .iter()
        .filter(|(program, _)| workspace.which(program).is_none())
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() {
        return;
    }
    let is_root = nix::unistd::Uid::effective().is_root();
    if workspace.which("apt-get").is_none() || !is_root {
        eprintln!(
            "  not found: {}; install by your package manager if what follows fails",
            missing.join(" ")
        );
        return;
    }
    let apt_get = |args: &[&str]| {
        let mut command = workspace.command("apt-get");
        workspace.run(command.args(args).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    let install: Vec<&str> = ["install", "--yes"].into_iter().chain(missing.iter().copied()).collect();
    if let Err(error) = apt_get(&["update", "--quiet"]).and_then(|()| apt_get(&install)) {
        eprintln!("  {error:#}; by hand: `apt-get install {}`", missing.join(" "));
    }
}

/// The version in a program's answer to `--version`: `trunk 0.21.14`.
fn version_in(answer: &str) -> Option<&str> {
    answer
        .split_whitespace()
        .map(|word| word.trim_start_matches('v'))
        .find(|word| word.contains('.') && word.split('.').take(2).all(|part| part.parse::<u32>().is_ok()))
}

/// The version of `package` that Cargo.lock holds.
fn locked_version<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"')
}

/// Whether `made` exists and is at least as new as `source`.
fn is_newer(made: &Path, source: &Path) -> bool {
    let modified = |path: &Path| fs::metadata(path).and_then(|meta| meta.modified()).ok();
    matches!((modified(made), modified(source)), (Some(made), Some(source)) if made >= source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_programs_say() {
        for (answer, version) in [
            ("trunk 0.21.14\n", Some("0.21.14")),
            ("wasm-bindgen 0.2.129", Some("0.2.129")),
            ("wasm-opt version 108 (version_108)", None),
            ("v20.1.0", Some("20.1.0")),
            ("", None),
        ] {
            assert_eq!(version_in(answer), version, "{answer}");
        }
    }

    #[test]
    fn the_lock_decides_which_wasm_bindgen() {
        let lock = "[[package]]\nname = \"wasm-bindgen-futures\"\nversion = \"0.4.79\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.129\"\n";
        assert_eq!(locked_version(lock, "wasm-bindgen"), Some("0.2.129"));
        assert_eq!(locked_version(lock, "leptos"), None);
    }

    #[test]
    fn what_was_made_before_its_source_is_made_again() {
        let directory = tempfile::tempdir().unwrap();
        let [source, made] = ["source", "made"].map(|name| directory.path().join(name));
        fs::write(&source, "").unwrap();
        assert!(!is_newer(&made, &source));
        fs::write(&made, "").unwrap();
        assert!(is_newer(&made, &source));
        let later = fs::metadata(&made).unwrap().modified().unwrap() + std::time::Duration::from_secs(1);
        fs::File::open(&source).unwrap().set_modified(later).unwrap();
        assert!(!is_newer(&made, &source));
    }
}
