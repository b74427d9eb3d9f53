//! The service worker: which files the app is made of, so that a browser can keep them whole (M10).
//!
//! Knows neither what the files mean nor how the worker keeps them. Called by `build`, when the files have their names.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use sha2::{Digest as _, Sha256};

use crate::assets;

/// Where the server serves it: a worker is for what lies beside and below it.
const NAME: &str = "service-worker.js";
const PAGE: &str = "index.html";

/// Writes the worker into `dist`, from the script at `source`: with the addresses of all other files, and a
/// version that changes with any of them. What it says to its readers stays here.
pub(crate) fn service_worker(source: &Path, dist: &Path) -> Result<()> {
    let script =
        fs::read_to_string(source).with_context(|| format!("{} cannot be read", source.display()))?;
    let mut digest = Sha256::new();
    digest.update(&script);
    let mut shell = vec!["/".to_owned()];
    for file in assets::files_in(dist)? {
        let path = file.strip_prefix(dist)?.to_string_lossy().replace('\\', "/");
        if path == NAME {
            continue;
        }
        digest.update(&path);
        digest.update(fs::read(&file)?);
        if path != PAGE {
            shell.push(format!("/{path}"));
        }
    }
    let version = &assets::hex(&digest.finalize())[..assets::HASH_DIGITS];
    let filled =
        script.replacen("__VERSION__", version, 1).replacen("__SHELL__", &serde_json::to_string(&shell)?, 1);
    let filled: String =
        filled.split_inclusive('\n').filter(|line| !line.trim_start().starts_with("//")).collect();
    ensure!(!filled.contains("__"), "the service worker has a place that is not filled in");
    fs::write(dist.join(NAME), filled)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(files: &[(&str, &str)]) -> String {
        let dir = tempfile::tempdir().unwrap();
        let source = dir.path().join("source.js");
        fs::write(&source, "  // Why.\nconst VERSION = '__VERSION__';\nconst SHELL = __SHELL__;\n").unwrap();
        let dist = dir.path().join("dist");
        fs::create_dir_all(dist.join("icons")).unwrap();
        for (name, content) in files {
            fs::write(dist.join(name), content).unwrap();
        }
        service_worker(&source, &dist).unwrap();
        let first = fs::read_to_string(dist.join(NAME)).unwrap();
        service_worker(&source, &dist).unwrap();
        assert_eq!(fs::read_to_string(dist.join(NAME)).unwrap(), first, "a second time changes nothing");
        first
    }

    #[test]
    fn m10_the_worker_names_every_file_of_the_app() {
        let text = worker(&[("index.html", "page"), ("a-0123456789abcdef.js", "a"), ("icons/192.png", "p")]);
        assert!(!text.contains("Why"), "{text}");
        assert!(text.contains(r#"const SHELL = ["/","/a-0123456789abcdef.js","/icons/192.png"];"#), "{text}");
    }

    #[test]
    fn m10_another_page_is_another_version() {
        assert_ne!(worker(&[("index.html", "one")]), worker(&[("index.html", "two")]));
    }
}
