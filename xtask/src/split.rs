//! Cuts the pages that are fetched when they are opened out of the program that trunk has built.
//!
//! trunk binds the program as one file. Here the same compiled program is split where the client says so
//! (`wasm_split` in client-wasm), its first part is bound in place of the whole, and every part is optimised.
//! Compiles nothing. Called by `build`, between trunk and the naming of the files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};

use crate::{assets, workspace::Workspace};

/// How the name of a file begins that a first visit does not fetch.
pub(crate) const LATER: &str = "later-";

/// What the splitter calls the script that fetches the other files.
const LOADER: &str = "__wasm_split.js";

/// What compilers have written for years and every browser that runs the page knows.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-nontrapping-float-to-int",
    "--enable-mutable-globals",
    "--enable-multivalue",
];

/// Puts the parts in place of the whole program in `dist`.
pub(crate) fn split(workspace: &Workspace, dist: &Path) -> Result<()> {
    let target = workspace.root().join("target");
    let whole = target.join("wasm32-unknown-unknown/wasm-release/client-wasm.wasm");
    let name = assets::program_name(dist).context("trunk has left no program")?;
    let parts = target.join("parts");
    if parts.exists() {
        fs::remove_dir_all(&parts).with_context(|| format!("cannot empty {}", parts.display()))?;
    }
    let bound = parts.join("bound");
    workspace.run(workspace.command("wasm-split-cli").arg(&whole).arg(&parts).args(["--out-name", &name]))?;
    workspace.run(
        workspace
            .command("wasm-bindgen")
            .args(["--target", "web", "--no-typescript", "--keep-lld-exports"])
            .args(["--out-name", &name, "--out-dir"])
            .arg(&bound)
            .arg(parts.join(format!("{name}.wasm"))),
    )?;
    let first = format!("{name}_bg.wasm");
    optimise(workspace, &bound.join(&first), &dist.join(&first))?;

    let mut loader = fs::read_to_string(parts.join(LOADER)).context("the loader is missing")?;
    for part in later_parts(&parts)? {
        let old = assets::name_of(&part);
        let new =
            format!("{LATER}{}", assets::with_hash(old.trim_start_matches("split_"), &fs::read(&part)?));
        optimise(workspace, &part, &dist.join(&new))?;
        loader = loader.replace(&old, &new);
    }
    let loader_name = assets::with_hash("loader.js", loader.as_bytes());
    fs::write(dist.join(&loader_name), loader)?;
    let glue = format!("{name}.js");
    let bound_glue = fs::read_to_string(bound.join(&glue)).context("the glue is missing")?;
    // The program goes on asking for the loader by the name that it was split with.
    let (old, new) = (format!("from \"./{LOADER}\""), format!("from \"./{loader_name}\""));
    ensure!(bound_glue.contains(&old), "the glue does not import the loader");
    fs::write(dist.join(&glue), bound_glue.replace(&old, &new))?;
    Ok(())
}

/// The files that the program was split into, but for the first.
fn later_parts(parts: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(parts)? {
        let path = entry?.path();
        let name = assets::name_of(&path);
        let is_part = name.starts_with("split_") || name.starts_with("chunk_");
        if is_part && path.extension().is_some_and(|extension| extension == "wasm") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// For what crosses the network, which is compressed: code that was put into its only caller is a smaller file
/// and a larger download, and so is what `-Oz` does beyond `-Os`.
fn optimise(workspace: &Workspace, from: &Path, to: &Path) -> Result<()> {
    let how = ["-Os", "--one-caller-inline-max-function-size=40"];
    workspace.run(workspace.command("wasm-opt").args(how).args(FEATURES).arg(from).arg("-o").arg(to))
}
