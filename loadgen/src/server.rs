//! The server under test, as a process of our own.
//!
//! Knows its flags and its one line of readiness; never speaks to it. Called by the rows of the benchmark.

use std::{
    collections::VecDeque,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use crate::process;

const START_LIMIT: Duration = Duration::from_secs(30);
/// Lines of the server's log that are kept to be shown when something goes wrong.
const KEPT_LINES: usize = 20;

/// The end of a server's log.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<VecDeque<String>>>);

impl Log {
    fn push(&self, line: String) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == KEPT_LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).make_contiguous().join("\n")
    }
}

/// A running server and its data directory, both gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    binary: PathBuf,
    data: TempDir,
    child: Child,
    log: Log,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts `binary` on a port of its own and a fresh data directory. That one lies beside the binary,
    /// since the system's directory for temporary files is often kept in memory, where "durable" is free.
    pub(crate) fn start(binary: &Path) -> Result<Self> {
        let beside = binary.parent().context("the server's path has no directory")?;
        let data = tempfile::Builder::new().prefix("bench-data-").tempdir_in(beside)?;
        let (child, log, address) = spawn(binary, data.path(), 0)?;
        Ok(Self { binary: binary.to_owned(), data, child, log, address })
    }

    /// Processor time used so far.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        process::cpu(self.child.id()).with_context(|| self.last_words())
    }

    /// Resident memory, in KiB.
    pub(crate) fn resident_kib(&self) -> Result<u64> {
        process::resident_kib(self.child.id()).with_context(|| self.last_words())
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts it again on the same data directory and the same port. Returns when it listens.
    pub(crate) fn restart(&mut self) -> Result<()> {
        let (child, log, address) = spawn(&self.binary, self.data.path(), self.address.port())?;
        (self.child, self.log, self.address) = (child, log, address);
        Ok(())
    }

    /// The end of the server's log.
    pub(crate) fn last_words(&self) -> String {
        format!("the server's log ends with:\n{}", self.log.text())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.kill() {
            eprintln!("the server cannot be ended: {error:#}");
        }
    }
}

/// No window and no limits that a single address of thousands of clients would meet.
const FLAGS: [&str; 24] = [
    "--window-event-ms",
    "0",
    "--window-events-ms",
    "0",
    "--max-connections-per-address",
    "1000000",
    "--max-http-connections-per-address",
    "1000000",
    "--publish-per-second",
    "1000000",
    // The publisher's connection rests while the bare loop has its turn.
    "--header-timeout-ms",
    "600000",
    "--frames-per-second",
    "10000",
    "--heartbeat-interval-ms",
    "600000",
    "--heartbeat-timeout-ms",
    "1800000",
    "--sign-ins-per-minute",
    "1000000",
    "--visitors-may-post",
    "true",
    "--drain-span-ms",
    "0",
];

type Spawned = (Child, Log, SocketAddr);

fn spawn(binary: &Path, data: &Path, port: u16) -> Result<Spawned> {
    let mut child = Command::new(binary)
        .args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data-dir"])
        .arg(data)
        .args(FLAGS)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", binary.display()))?;
    let stderr = child.stderr.take().context("the server has no log")?;
    let log = Log::default();
    let (sender, listening) = mpsc::sync_channel(1);
    let kept = log.clone();
    // Ends with the server, when its log does.
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if let Some(address) = address_in(&line)
                && sender.try_send(address).is_err()
            {
                eprintln!("the server said twice where it listens");
            }
            kept.push(line);
        }
    });
    match listening.recv_timeout(START_LIMIT) {
        Ok(address) => Ok((child, log, address)),
        Err(error) => {
            child.kill()?;
            child.wait()?;
            let lines = log.text();
            match error {
                RecvTimeoutError::Timeout => {
                    bail!("the server did not start within {START_LIMIT:?}:\n{lines}")
                }
                RecvTimeoutError::Disconnected => bail!("the server ended at once:\n{lines}"),
            }
        }
    }
}

/// The address in the line by which the server says that it is ready.
fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, address) = line.split_once("listening on http://")?;
    let end = address.find(|c: char| !(c.is_ascii_hexdigit() || ".:[]".contains(c))).unwrap_or(address.len());
    address[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_readiness_is_understood() {
        let address = Some("127.0.0.1:40123".parse().unwrap());
        assert_eq!(address_in("2026 INFO touchline: listening on http://127.0.0.1:40123"), address);
        assert_eq!(address_in(r#"{"message":"listening on http://127.0.0.1:40123","x":1}"#), address);
        assert_eq!(address_in("opening the store"), None);
    }
}
