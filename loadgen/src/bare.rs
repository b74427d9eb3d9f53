//! The bare loop: what it costs to hand a ready-made frame to every socket, and nothing else.
//!
//! The kernel's write is nearly all of the price of a delivery, and it differs between machines; a server
//! is measured against this loop in the same run. It runs as a process of its own (`loadgen bare`), so that
//! its processor time is counted as the server's is. Called by `main`; driven by [`Bare`] over its standard
//! input.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use crate::process;

/// Frames that stand one behind the other in the buffer that a flood is written from.
const FLOOD_FRAMES: usize = 128;

/// A server's text frame (RFC 6455 §5.2).
pub(crate) fn server_frame(text: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x81];
    match text.len() {
        short @ 0..=125 => frame.push(short as u8),
        long @ 126..=0xffff => {
            frame.push(126);
            frame.extend((long as u16).to_be_bytes());
        }
        longer => {
            frame.push(127);
            frame.extend((longer as u64).to_be_bytes());
        }
    }
    frame.extend(text);
    frame
}

/// The child's side: accepts `connections` sockets, then does what each line of standard input says:
/// `pace <per second> <milliseconds>` or `flood <milliseconds>`; answers with the number of deliveries.
pub(crate) fn serve(connections: usize, text: &[u8]) -> Result<()> {
    let frame = server_frame(text);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    let mut sockets = Vec::with_capacity(connections);
    for _ in 0..connections {
        let (stream, _) = listener.accept()?;
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        sockets.push(Socket { stream, at: 0 });
    }
    println!("accepted");
    for line in io::stdin().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let delivered = match words[..] {
            ["pace", per_second, ms] => {
                pace(&mut sockets, &frame, per_second.parse()?, Duration::from_millis(ms.parse()?))?
            }
            ["flood", ms] => flood(&mut sockets, &frame, Duration::from_millis(ms.parse()?))?,
            _ => bail!("no such command: {line}"),
        };
        println!("{delivered}");
    }
    Ok(())
}

struct Socket {
    stream: TcpStream,
    /// How far into the buffer this socket has been written.
    at: usize,
}

/// One frame to every socket, so and so often a second.
fn pace(sockets: &mut [Socket], frame: &[u8], per_second: u32, span: Duration) -> Result<u64> {
    let begin = Instant::now();
    let mut rounds = 0;
    while begin.elapsed() < span {
        for socket in sockets.iter_mut() {
            let written = socket.stream.write(frame).context("a reader fell behind the bare loop")?;
            if written != frame.len() {
                bail!("a reader fell behind the bare loop");
            }
        }
        rounds += 1;
        let next = begin + Duration::from_secs(1) * rounds / per_second;
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    Ok(u64::from(rounds) * sockets.len() as u64)
}

/// As many frames as the sockets take, many in one write.
fn flood(sockets: &mut [Socket], frame: &[u8], span: Duration) -> Result<u64> {
    let many = frame.repeat(FLOOD_FRAMES);
    let begin = Instant::now();
    let mut bytes = 0;
    while begin.elapsed() < span {
        let mut idle = true;
        for socket in sockets.iter_mut() {
            match socket.stream.write(&many[socket.at..]) {
                Ok(written) => {
                    bytes += written;
                    socket.at = (socket.at + written) % many.len();
                    idle = false;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
        if idle {
            thread::yield_now();
        }
    }
    // Frames that were begun are finished, so that the next command finds every socket at a boundary.
    for socket in sockets.iter_mut() {
        let rest = (frame.len() - socket.at % frame.len()) % frame.len();
        socket.stream.set_nonblocking(false)?;
        socket.stream.write_all(&many[socket.at..socket.at + rest])?;
        socket.stream.set_nonblocking(true)?;
        socket.at = 0;
        bytes += rest;
    }
    Ok((bytes / frame.len()) as u64)
}

/// The parent's side of the child.
#[derive(Debug)]
pub(crate) struct Bare {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    pub(crate) address: SocketAddr,
}

impl Bare {
    /// Starts the loop; it waits for `connections` sockets before it takes commands. `text_file` holds the
    /// text of the frame that it writes.
    pub(crate) fn start(connections: usize, text_file: &Path) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["bare", "--connections", &connections.to_string(), "--text-file"])
            .arg(text_file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the bare loop")?;
        let commands = child.stdin.take().context("the bare loop has no input")?;
        let mut answers = BufReader::new(child.stdout.take().context("the bare loop has no output")?);
        let address = line(&mut answers)?.parse()?;
        Ok(Self { child, commands, answers, address })
    }

    /// Returns once every socket has been accepted.
    pub(crate) fn accepted(&mut self) -> Result<()> {
        line(&mut self.answers).map(|_| ())
    }

    /// Does what `command` says; the number of deliveries.
    pub(crate) fn command(&mut self, command: &str) -> Result<u64> {
        writeln!(self.commands, "{command}")?;
        Ok(line(&mut self.answers)?.parse()?)
    }

    /// Processor time used so far.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        process::cpu(self.child.id())
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            eprintln!("the bare loop cannot be ended: {error}");
        }
    }
}

fn line(answers: &mut BufReader<ChildStdout>) -> Result<String> {
    let mut line = String::new();
    if answers.read_line(&mut line)? == 0 {
        bail!("the bare loop has ended");
    }
    Ok(line.trim().to_owned())
}
