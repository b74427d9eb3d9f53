//! The real program as a process of its own.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use super::{Api, BOUND, server::flags};

const LISTENING: &str = "listening on http://";

/// A running program. Killed when dropped.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) api: Api,
    child: Child,
    log: Arc<Mutex<String>>,
}

impl std::ops::Deref for Process {
    type Target = Api;
    fn deref(&self) -> &Api {
        &self.api
    }
}

fn command(data_dir: &Path, own: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_touchline"));
    command.args(flags(data_dir, own)).env("NO_COLOR", "1").env_remove("TOUCHLINE_LOG");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

impl Process {
    /// Starts the program and waits until it says where it listens.
    pub(crate) fn start(data_dir: &Path, own: &[&str]) -> Self {
        Self::of(command(data_dir, own))
    }

    /// The same, and it logs whatever it or a library has to say.
    pub(crate) fn talkative(data_dir: &Path, own: &[&str]) -> Self {
        let mut command = command(data_dir, own);
        command.env("TOUCHLINE_LOG", "trace");
        Self::of(command)
    }

    fn of(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the program starts");
        let stderr = BufReader::new(child.stderr.take().expect("its log"));
        let log = Arc::new(Mutex::new(String::new()));
        let (found, address) = mpsc::channel::<SocketAddr>();
        let written = log.clone();
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if let Some((_, address)) = line.split_once(LISTENING) {
                    found.send(address.trim().parse().expect("an address")).expect("somebody waits for it");
                }
                let mut log = written.lock().expect("a log");
                log.push_str(&line);
                log.push('\n');
            }
        });
        if let Ok(address) = address.recv_timeout(BOUND) {
            return Self { api: Api::new(address), child, log };
        }
        drop(child.kill());
        drop(child.wait());
        panic!("the program did not come up:\n{}", log.lock().expect("a log"));
    }

    /// Starts a program that is not to come up: how it ended, and what it said.
    pub(crate) fn refused(data_dir: &Path, own: &[&str]) -> (ExitStatus, String) {
        let mut command = command(data_dir, own);
        let mut child = command.spawn().expect("the program starts");
        let status = wait(&mut child, BOUND).unwrap_or_else(|| {
            drop(child.kill());
            panic!("the program came up");
        });
        let said = std::io::read_to_string(child.stderr.take().expect("its log")).expect("text");
        (status, said)
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().expect("a log").clone()
    }

    /// SIGTERM.
    pub(crate) fn terminate(&self) {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(sent.expect("kill").success());
    }

    /// SIGKILL, and waits until nothing is left.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("a process to kill");
        self.child.wait().expect("its end");
    }

    /// Waits for the program to end by itself.
    pub(crate) async fn ended(&mut self, bound: Duration) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status;
            }
            assert!(begun.elapsed() < bound, "the program did not end within {bound:?}:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Runs a command of the program to its end: how it ended, what it said, and its log.
pub(crate) fn run(data_dir: &Path, arguments: &[&str], input: &str) -> (ExitStatus, String, String) {
    let mut command = command(data_dir, arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("its input");
    // It may not want any.
    drop(stdin.write_all(input.as_bytes()));
    drop(stdin);
    let output = child.wait_with_output().expect("its end");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status, text(output.stdout), text(output.stderr))
}

fn wait(child: &mut Child, bound: Duration) -> Option<ExitStatus> {
    let begun = Instant::now();
    while begun.elapsed() < bound {
        if let Some(status) = child.try_wait().expect("a child") {
            return Some(status);
        }
        thread::sleep(Duration::from_millis(10));
    }
    None
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
