//! Where the repository lies, and how programs are started in it.
//!
//! Never decides what is run. Called by every other module.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

/// The repository on this machine.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    /// `PATH` with the project's own tools first.
    path: OsString,
}

impl Workspace {
    pub(crate) fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in the workspace")?;
        let mut directories =
            vec![root.join("target/tools/bin"), root.join("target/tools/node_modules/.bin")];
        directories.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
        Ok(Self { root: root.to_owned(), path: env::join_paths(directories)? })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where tools are installed that are not on `PATH` in the right version.
    pub(crate) fn tools(&self) -> PathBuf {
        self.root.join("target/tools")
    }

    /// A program of the release profile.
    pub(crate) fn release_binary(&self, name: &str) -> PathBuf {
        self.root.join("target/release").join(name)
    }

    /// A command in the repository's root.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let program = program.as_ref();
        // `Command` looks programs up in the parent's PATH, not in the one that it is given.
        let mut command = Command::new(self.which(program).unwrap_or_else(|| program.to_owned()));
        command.current_dir(&self.root).env("PATH", &self.path);
        command
    }

    pub(crate) fn cargo(&self) -> Command {
        self.command(env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from))
    }

    /// Where `program` is found, the project's own tools first.
    pub(crate) fn which(&self, program: impl AsRef<Path>) -> Option<PathBuf> {
        let program = program.as_ref();
        if program.components().count() > 1 {
            return program.exists().then(|| program.to_owned());
        }
        env::split_paths(&self.path).map(|directory| directory.join(program)).find(|file| file.is_file())
    }

    /// Says what is run, runs it with this terminal, and fails when it does.
    pub(crate) fn run(&self, command: &mut Command) -> Result<()> {
        let line = line_of(command, &self.root);
        eprintln!("$ {line}");
        let status = command.status().with_context(|| format!("cannot start `{line}`"))?;
        if !status.success() {
            bail!("`{line}` ended with {status}");
        }
        Ok(())
    }

    /// What a program prints; `None` when it is missing or fails.
    pub(crate) fn output(&self, program: &str, args: &[&str]) -> Option<String> {
        let output = self.command(program).args(args).stdin(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// The command as a person would type it.
fn line_of(command: &Command, root: &Path) -> String {
    let short = |text: &std::ffi::OsStr| {
        Path::new(text).strip_prefix(root).unwrap_or(Path::new(text)).display().to_string()
    };
    let program = Path::new(command.get_program());
    let name = match program.strip_prefix(root) {
        Ok(inside) if !inside.starts_with("target/tools") => inside.display().to_string(),
        _ => program.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
    };
    std::iter::once(name).chain(command.get_args().map(short)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let mut command = Command::new("/repo/target/release/touchline");
        command.args(["--data-dir", "/repo/data"]);
        assert_eq!(line_of(&command, Path::new("/repo")), "target/release/touchline --data-dir data");
        assert_eq!(line_of(&Command::new("/usr/bin/cargo"), Path::new("/repo")), "cargo");
    }
}
