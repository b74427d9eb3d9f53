//! Thousands of subscribers on one thread: epoll, one big buffer, no parsing beyond `frames`.
//!
//! Each connection is held against [`Continuity`]; what the thread has seen is read at any time as
//! [`Seen`]. Called by the rows of the benchmark.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use hdrhistogram::Histogram;
use mio::{Events, Interest, Poll, Token};

use crate::{
    clock,
    frames::{self, Continuity, Said, Scan},
};

/// Larger than any frame that a server sends here: a batch of 256 publications of some 700 bytes.
const BUFFER_BYTES: usize = 512 * 1024;
const HANDSHAKE_BYTES: usize = 16 * 1024;
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(30);
/// How often the quiet thread looks whether it is to stop.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What a reader's thread does when it has read everything that there was.
///
/// Waking a sleeping reader is charged to whoever writes to it, and only a writer that is slower than the
/// reader finds it asleep. Where processor time per delivery is compared, a thread therefore rests a
/// moment without listening: then nobody pays. It costs latency, and throughput at saturation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    Listen,
    Sleep,
}

const SLEEP: Duration = Duration::from_millis(1);

/// What a set of readers looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Watch {
    /// Frames are counted and nothing else: the bare loop writes the same one again and again.
    Count,
    /// Offsets are checked.
    Continuity,
    /// Offsets are checked, and the publishers' clocks read.
    Latency,
}

/// What has been seen so far, over all connections.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Publications, each counted on every connection that got it.
    pub(crate) deliveries: u64,
    pub(crate) bytes: u64,
    pub(crate) subscribed: u64,
    pub(crate) holes: u64,
    pub(crate) doubles: u64,
    /// Connections that the server ended, complaints, and subscriptions that did not begin where asked.
    pub(crate) complaints: u64,
}

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    deliveries: AtomicU64,
    bytes: AtomicU64,
    subscribed: AtomicU64,
    holes: AtomicU64,
    doubles: AtomicU64,
    complaints: AtomicU64,
    /// Nanoseconds from being sent to being read.
    latency: Mutex<Option<Histogram<u64>>>,
}

/// An open stream of frames, and what of it has been read already.
#[derive(Debug)]
pub(crate) struct Opened {
    stream: TcpStream,
    ahead: Vec<u8>,
}

/// Connects to the bare loop, which begins with frames at once.
pub(crate) fn connect(address: SocketAddr) -> Result<Opened> {
    Ok(Opened { stream: TcpStream::connect(address)?, ahead: Vec::new() })
}

/// Opens a subscription by WebSocket: connects and shakes hands (RFC 6455 §4.1).
pub(crate) fn subscribe(address: SocketAddr, event: &str, since: &str) -> Result<Opened> {
    shake_hands(address, &format!("/api/ws/events/{event}?since={since}"), "")
}

/// The same for somebody who is signed in and wants to know who is there.
pub(crate) fn attend(address: SocketAddr, event: &str, since: &str, cookie: &str) -> Result<Opened> {
    let path = format!("/api/ws/events/{event}?since={since}&presence=true");
    shake_hands(address, &path, &format!("Cookie: {cookie}\r\n"))
}

fn shake_hands(address: SocketAddr, path: &str, more: &str) -> Result<Opened> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(HANDSHAKE_LIMIT))?;
    // The key need not be random where nobody stands in between; the answer to it is not checked either.
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\n{more}\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dG91Y2hsaW5lIGxvYWRnZW4=\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut head = Vec::new();
    loop {
        let mut piece = [0; 2048];
        let read = stream.read(&mut piece)?;
        head.extend_from_slice(&piece[..read]);
        if let Some(end) = memchr::memmem::find(&head, b"\r\n\r\n") {
            if !head.starts_with(b"HTTP/1.1 101") {
                bail!("the handshake was refused: {}", String::from_utf8_lossy(&head));
            }
            return Ok(Opened { stream, ahead: head.split_off(end + 4) });
        }
        if read == 0 || head.len() > HANDSHAKE_BYTES {
            bail!("the handshake broke off: {}", String::from_utf8_lossy(&head));
        }
    }
}

/// The running thread. Dropping it closes every connection.
#[derive(Debug)]
pub(crate) struct Readers {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<Result<()>>>,
    after: u64,
}

impl Readers {
    /// Reads `streams`. Each subscription is expected to go on after `offset`.
    pub(crate) fn start(streams: Vec<Opened>, rest: Rest, watch: Watch, offset: u64) -> Result<Self> {
        let mut connections = Vec::with_capacity(streams.len());
        for Opened { stream, ahead } in streams {
            stream.set_nonblocking(true)?;
            connections.push(Connection {
                stream: mio::net::TcpStream::from_std(stream),
                begun: ahead,
                continuity: Continuity::after(offset),
                open: true,
            });
        }
        let shared = Arc::new(Shared::default());
        if watch == Watch::Latency {
            *shared.latency.lock().unwrap_or_else(PoisonError::into_inner) = Some(histogram()?);
        }
        let theirs = Arc::clone(&shared);
        let thread = Some(thread::spawn(move || read_all(connections, rest, watch, &theirs)));
        Ok(Self { shared, thread, after: offset })
    }

    /// The offset after which every subscription began.
    pub(crate) fn after(&self) -> u64 {
        self.after
    }

    pub(crate) fn seen(&self) -> Seen {
        let Shared { deliveries, bytes, subscribed, holes, doubles, complaints, .. } = &*self.shared;
        Seen {
            deliveries: deliveries.load(Relaxed),
            bytes: bytes.load(Relaxed),
            subscribed: subscribed.load(Relaxed),
            holes: holes.load(Relaxed),
            doubles: doubles.load(Relaxed),
            complaints: complaints.load(Relaxed),
        }
    }

    /// The latencies since the last call, in nanoseconds.
    pub(crate) fn take_latency(&self) -> Result<Histogram<u64>> {
        let mut latency = self.shared.latency.lock().unwrap_or_else(PoisonError::into_inner);
        latency.replace(histogram()?).context("these readers do not look at latency")
    }

    /// Waits until what has been seen is enough. Fails after `limit`, or when the thread has.
    pub(crate) fn wait_until(&self, limit: Duration, enough: impl Fn(Seen) -> bool) -> Result<Seen> {
        let begin = Instant::now();
        loop {
            let seen = self.seen();
            if enough(seen) {
                return Ok(seen);
            }
            if begin.elapsed() > limit {
                bail!("after {limit:?} the readers had only seen {seen:?}");
            }
            if self.thread.as_ref().is_some_and(JoinHandle::is_finished) {
                bail!("a reader has ended early, after {seen:?}");
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Ends the thread and hands on what went wrong in it.
    pub(crate) fn stop(mut self) -> Result<Seen> {
        self.join()?;
        Ok(self.seen())
    }

    fn join(&mut self) -> Result<()> {
        self.shared.stop.store(true, Relaxed);
        let Some(thread) = self.thread.take() else { return Ok(()) };
        thread.join().map_err(|_| anyhow::anyhow!("a reader panicked"))?
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        if let Err(error) = self.join() {
            eprintln!("a reader failed: {error:#}");
        }
    }
}

/// Up to a minute, at three digits.
fn histogram() -> Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1_000, 60_000_000_000, 3)?)
}

#[derive(Debug)]
struct Connection {
    stream: mio::net::TcpStream,
    /// The beginning of a frame whose end has not arrived.
    begun: Vec<u8>,
    continuity: Continuity,
    open: bool,
}

fn read_all(mut connections: Vec<Connection>, rest: Rest, watch: Watch, shared: &Shared) -> Result<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1024);
    let mut buffer = vec![0; BUFFER_BYTES];
    for (at, connection) in connections.iter_mut().enumerate() {
        let ahead = std::mem::take(&mut connection.begun);
        let used = connection.take_frames(&ahead, watch, shared)?;
        connection.begun.extend_from_slice(&ahead[used..]);
        poll.registry().register(&mut connection.stream, Token(at), Interest::READABLE)?;
    }
    while !shared.stop.load(Relaxed) {
        match poll.poll(&mut events, Some(LOOK_EVERY)) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error.into()),
            _ => {}
        }
        for event in &events {
            let connection = &mut connections[event.token().0];
            connection.drain(&mut buffer, watch, shared).context("a subscription broke")?;
        }
        if rest == Rest::Sleep {
            thread::sleep(SLEEP);
        }
    }
    Ok(())
}

impl Connection {
    /// Reads until there is no more for now: mio tells of new bytes once.
    fn drain(&mut self, buffer: &mut [u8], watch: Watch, shared: &Shared) -> Result<()> {
        while self.open {
            let kept = self.begun.len();
            let read = match self.stream.read(&mut buffer[kept..]) {
                Ok(0) => {
                    self.open = false;
                    shared.complaints.fetch_add(1, Relaxed);
                    return Ok(());
                }
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            buffer[..kept].copy_from_slice(&self.begun);
            let used = self.take_frames(&buffer[..kept + read], watch, shared)?;
            self.begun.clear();
            self.begun.extend_from_slice(&buffer[used..kept + read]);
            if self.begun.len() == buffer.len() {
                bail!("a frame is larger than {BUFFER_BYTES} bytes");
            }
            if kept + read < buffer.len() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Takes every whole frame in `bytes`; how many bytes that were.
    fn take_frames(&mut self, bytes: &[u8], watch: Watch, shared: &Shared) -> Result<usize> {
        let (mut at, mut deliveries) = (0, 0);
        let faults = (self.continuity.holes, self.continuity.doubles);
        let mut stamps = match watch {
            Watch::Latency => Some(shared.latency.lock().unwrap_or_else(PoisonError::into_inner)),
            Watch::Count | Watch::Continuity => None,
        };
        let now = clock::nanoseconds();
        loop {
            let (opcode, text, length) = match frames::scan(&bytes[at..]) {
                Scan::Frame { opcode, payload, length } => (opcode, payload, length),
                Scan::Incomplete => break,
                Scan::Broken(why) => bail!("the server sent {why}"),
            };
            at += length;
            match (opcode, watch) {
                (frames::TEXT, Watch::Count) => deliveries += 1,
                (frames::TEXT, _) => deliveries += self.take_text(text, shared),
                (frames::CLOSE, _) => {
                    shared.complaints.fetch_add(1, Relaxed);
                }
                _ => {}
            }
            if let Some(histogram) = stamps.as_mut().and_then(|guard| guard.as_mut()) {
                for sent in frames::stamps(text) {
                    histogram.saturating_record(now.saturating_sub(sent));
                }
            }
        }
        shared.holes.fetch_add(self.continuity.holes - faults.0, Relaxed);
        shared.doubles.fetch_add(self.continuity.doubles - faults.1, Relaxed);
        shared.bytes.fetch_add(at as u64, Relaxed);
        shared.deliveries.fetch_add(deliveries, Relaxed);
        Ok(at)
    }

    fn take_text(&mut self, text: &[u8], shared: &Shared) -> u64 {
        match frames::read(text) {
            Said::Publications { from, to, items } => {
                self.continuity.take(from, to, items);
                return items;
            }
            Said::Subscribed { offset, recovered } => {
                shared.subscribed.fetch_add(1, Relaxed);
                if !recovered || offset != self.continuity.position() {
                    shared.complaints.fetch_add(1, Relaxed);
                }
            }
            Said::Complaint => {
                shared.complaints.fetch_add(1, Relaxed);
            }
            Said::Other => {}
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::bare::server_frame;

    fn publication(offset: u64) -> Vec<u8> {
        let text = frames::stamped_text(clock::nanoseconds(), 60);
        server_frame(
            format!(
                r#"{{"type":"media:new","topic":"event:a","offset":{offset},"id":"p","timestamp":"t","payload":{{"text":"{text}"}}}}"#
            )
            .as_bytes(),
        )
    }

    /// A server that shakes hands once and then says `frames`, in pieces of `piece` bytes.
    fn seen_of(frames: Vec<u8>, piece: usize, enough: impl Fn(Seen) -> bool) -> (Seen, u64) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 2048];
            assert!(stream.read(&mut request).unwrap() > 0);
            stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n").unwrap();
            for piece in frames.chunks(piece) {
                stream.write_all(piece).unwrap();
            }
            stream
        });
        let stream = subscribe(address, "a", "e.4").unwrap();
        let readers = Readers::start(vec![stream], Rest::Listen, Watch::Latency, 4).unwrap();
        let stream = server.join().unwrap();
        readers.wait_until(Duration::from_secs(10), enough).unwrap();
        let latencies = readers.take_latency().unwrap().len();
        let seen = readers.stop().unwrap();
        drop(stream);
        (seen, latencies)
    }

    #[test]
    fn a_clean_stream_is_counted_however_it_is_cut() {
        for piece in [1, 7, 100_000] {
            let frames: Vec<u8> = (5..=30).flat_map(publication).collect();
            let (seen, latencies) = seen_of(frames.clone(), piece, |seen| seen.deliveries == 26);
            let clean = Seen { deliveries: 26, bytes: frames.len() as u64, ..Seen::default() };
            assert_eq!((seen, latencies), (clean, 26), "in pieces of {piece}");
        }
    }

    #[test]
    fn planted_faults_are_seen() {
        let frames = [5, 6, 8, 8, 9].into_iter().flat_map(publication).collect();
        let (seen, _) = seen_of(frames, 100_000, |seen| seen.deliveries == 5);
        assert_eq!((seen.holes, seen.doubles), (1, 1));
        let late = br#"{"type":"subscribed","topic":"event:a","payload":{"epoch":"e","offset":9,"recovered":false}}"#;
        let (seen, _) = seen_of(server_frame(late), 100_000, |seen| seen.subscribed == 1);
        assert_eq!(seen.complaints, 1);
    }
}
