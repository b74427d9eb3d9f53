//! The client's files are embedded from `dist/`, which `cargo xtask build` makes before the server. A
//! server built without them (tests, `cargo check`) embeds an empty directory and says so when asked.

use std::{env, fs, io, path::PathBuf};

fn main() -> io::Result<()> {
    let manifest = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    let dist = manifest.join("../dist");
    fs::create_dir_all(&dist)?;
    println!("cargo::rerun-if-changed={}", dist.display());
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}
