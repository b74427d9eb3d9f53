//! Starts programs that stay: the server with its demo, the development pair, the benchmark.
//!
//! Children get a process group of their own, so that Ctrl-C reaches this program alone, which then ends
//! them in the right order and waits for each.

use std::{
    io::{Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream},
    os::unix::process::CommandExt as _,
    process::{Child, Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use nix::{
    sys::signal::{self, Signal},
    unistd::Pid,
};

use crate::{build, setup, workspace::Workspace};

/// How often a child is looked at, and a starting server asked.
const LOOK_EVERY: Duration = Duration::from_millis(100);
const START_LIMIT: Duration = Duration::from_secs(30);
/// Longer than the server takes to let its clients go (`--drain-span-ms`).
const STOP_LIMIT: Duration = Duration::from_secs(15);

/// Everything a newcomer sees: build, server, demo.
pub(crate) fn run(workspace: &Workspace, listen: SocketAddr, demo: bool) -> Result<()> {
    if listen.port() == 0 {
        bail!("--listen needs a port, so that the address can be told");
    }
    setup::for_building(workspace)?;
    build::client(workspace)?;
    // Both at once: one after the other, what they share would be compiled twice, with other features.
    let programs: &[&str] = if demo { &["server", "demo"] } else { &["server"] };
    build::release(workspace, programs)?;
    let mut children = Children::new()?;
    let mut server = workspace.command(workspace.release_binary("touchline"));
    server.args(["serve", "--listen", &listen.to_string(), "--data-dir", "data"]);
    // Whoever tries it out can post at once, without an account; the demo does so as well.
    server.env("TOUCHLINE_VISITORS_MAY_POST", "true");
    children.start("the server", true, &mut server)?;
    let address = reachable(listen);
    children.wait_until("the server is ready", || is_ready(address))?;
    if demo {
        let mut demo = workspace.command(workspace.release_binary("touchline-demo"));
        // A newcomer may look at it an hour from now: something should still be going on.
        demo.args(["--loop", "--server", &format!("http://{address}")]);
        children.start("the demo", false, &mut demo)?;
    }
    eprintln!("\n  Touchline is at  http://{address}\n  Ctrl-C stops it; what was posted stays in ./data\n");
    children.until_stopped()
}

/// A debug server where Trunk.toml expects it, and trunk serving the page and passing `/api` on to it.
pub(crate) fn dev(workspace: &Workspace) -> Result<()> {
    setup::for_building(workspace)?;
    workspace.run(workspace.cargo().args(["build", "--package", "server", "--bin", "touchline"]))?;
    let mut children = Children::new()?;
    let mut server = workspace.command(workspace.root().join("target/debug/touchline"));
    server.args(["serve", "--listen", "127.0.0.1:8080", "--data-dir", "data"]);
    server.env("TOUCHLINE_VISITORS_MAY_POST", "true");
    // trunk passes on what the page asks, and the page is at trunk's address (Trunk.toml).
    server.env("TOUCHLINE_ALLOWED_ORIGINS", "http://127.0.0.1:8081,http://localhost:8081");
    children.start("the server", true, &mut server)?;
    let mut trunk = workspace.command("trunk");
    trunk.arg("serve").env_remove("NO_COLOR").env("TRUNK_SKIP_VERSION_CHECK", "true");
    children.start("trunk", true, &mut trunk)?;
    children.until_stopped()
}

/// The release server under the load generator.
pub(crate) fn bench(workspace: &Workspace, args: &[String]) -> Result<()> {
    build::release(workspace, &["server", "loadgen"])?;
    workspace.run(
        workspace
            .command(workspace.release_binary("loadgen"))
            .args(["bench", "--server-bin"])
            .arg(workspace.release_binary("touchline"))
            .args(args),
    )
}

/// Where this machine reaches a server that listens on `listen`.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let address = match listen.ip() {
        ip if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(address, listen.port())
}

/// Whether `/readyz` answers 200. Anything else, silence included, is no.
fn is_ready(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.take(4096).read_to_string(&mut answer)?;
        Ok(answer.starts_with("HTTP/1.1 200"))
    };
    ask().unwrap_or(false)
}

/// A child, and whether the others are of use without it.
struct Running {
    name: &'static str,
    child: Child,
    needed: bool,
}

/// Programs that run together. Dropping it ends them, the last started first.
struct Children {
    running: Vec<Running>,
    /// Hears of Ctrl-C and SIGTERM.
    stop: mpsc::Receiver<()>,
}

impl Children {
    fn new() -> Result<Self> {
        let (sender, stop) = mpsc::sync_channel(1);
        ctrlc::set_handler(move || {
            if sender.try_send(()).is_err() {
                eprintln!("xtask: stopping already");
            }
        })?;
        Ok(Self { running: Vec::new(), stop })
    }

    fn start(&mut self, name: &'static str, needed: bool, command: &mut Command) -> Result<()> {
        let child = command
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        self.running.push(Running { name, child, needed });
        Ok(())
    }

    /// Waits for a condition; fails when a child ends before it, or the user does.
    fn wait_until(&mut self, what: &str, condition: impl Fn() -> bool) -> Result<()> {
        let begin = Instant::now();
        while !condition() {
            if begin.elapsed() > START_LIMIT {
                bail!("gave up after {} s of waiting until {what}", START_LIMIT.as_secs());
            }
            if self.pause()? {
                bail!("stopped before {what}");
            }
        }
        Ok(())
    }

    fn until_stopped(mut self) -> Result<()> {
        while !self.pause()? {}
        Ok(())
    }

    /// Waits a moment. True when the user wants to stop; an error when a needed child has ended.
    fn pause(&mut self) -> Result<bool> {
        for at in 0..self.running.len() {
            let Running { name, child, needed } = &mut self.running[at];
            let Some(status) = child.try_wait()? else { continue };
            if *needed {
                bail!("{name} ended with {status}");
            }
            eprintln!("{name} ended with {status}");
            self.running.remove(at);
            break;
        }
        Ok(!matches!(self.stop.recv_timeout(LOOK_EVERY), Err(RecvTimeoutError::Timeout)))
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        while let Some(Running { name, mut child, .. }) = self.running.pop() {
            if let Err(error) = end(&mut child) {
                eprintln!("xtask: cannot stop {name}: {error:#}");
            }
        }
    }
}

/// Asks a program to end, and insists when it takes too long.
fn end(child: &mut Child) -> Result<()> {
    if child.try_wait()?.is_some() {
        return Ok(());
    }
    signal::kill(Pid::from_raw(i32::try_from(child.id())?), Signal::SIGTERM)?;
    let begin = Instant::now();
    while child.try_wait()?.is_none() {
        if begin.elapsed() > STOP_LIMIT {
            child.kill()?;
            child.wait()?;
            break;
        }
        std::thread::sleep(LOOK_EVERY);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_listens_everywhere_is_reached_here() {
        assert_eq!(reachable("0.0.0.0:80".parse().unwrap()), "127.0.0.1:80".parse().unwrap());
        assert_eq!(reachable("10.0.0.1:80".parse().unwrap()), "10.0.0.1:80".parse().unwrap());
    }

    #[test]
    fn ready_is_only_what_says_so() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            for answer in ["HTTP/1.1 503 Service Unavailable\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nok"] {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0; 1024];
                assert!(stream.read(&mut request).unwrap() > 0);
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        assert!(!is_ready(address));
        assert!(is_ready(address));
        server.join().unwrap();
        assert!(!is_ready(address), "nobody listens any more");
    }

    #[test]
    fn a_program_is_asked_to_end() {
        let mut child = Command::new("sleep").arg("600").spawn().unwrap();
        end(&mut child).unwrap();
        assert!(!child.wait().unwrap().success());
    }
}
