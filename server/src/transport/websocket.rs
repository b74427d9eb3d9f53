//! Drains a session into a WebSocket.
//!
//! A connection at rest holds no buffers: bytes are read into one buffer per thread, and what is to be
//! written are references to bytes that all readers share. What has gathered for a reader goes out in one
//! write; while the socket takes no more, nothing is gathered.
//!
//! A connection has a task of its own, which waits for the socket, for news and for its heartbeat. While it
//! waits, who brings news may write to the socket instead ([`Direct`]); the positions are behind one lock,
//! so whoever writes goes on where the other stopped.

use std::{
    cell::RefCell,
    future::poll_fn,
    io,
    pin::Pin,
    sync::{Arc, Weak},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use rand::Rng as _;
use shared::{CloseCode, ServerFrame, model::control::TransportKind, rest::ErrorDetail};
use tokio::{net::TcpStream, sync::Mutex, time::Sleep};

use super::{
    authenticate,
    gathered::{Gathered, METERS, Straight},
    publishing,
    session::{Ending, Session},
};
use crate::{
    app::App,
    hub::signal::{Direct, Signal},
    listener::{AddressGuard, SessionGuard},
    time::{Millis, unix_ms},
    wire::{self, Decoder, Message},
};

/// Bytes read at a time.
const READ_BYTES: usize = 16 * 1024;
/// How long a closing connection may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

thread_local! {
    static READ_BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BYTES].into());
}

/// One WebSocket connection, as its own task sees it.
pub struct Connection {
    line: Arc<Line>,
    decoder: Decoder,
    last_heard: Millis,
    /// Since when the socket has taken nothing.
    stalled_since: Option<Millis>,
    /// What the gauge of buffered bytes was told.
    buffered: usize,
    session_guard: SessionGuard,
    _address_guard: AddressGuard,
}

/// What the connection's task shares with who brings the news: a connection at rest is served by them.
struct Line {
    app: App,
    stream: TcpStream,
    signal: Arc<Signal>,
    end: Mutex<LineEnd>,
}

/// What one of them works on at a time.
struct LineEnd {
    session: Session,
    out: Gathered,
}

impl Direct for Line {
    fn serve(&self) -> bool {
        // Whoever holds it looks at the marks before letting go of the connection.
        let Ok(mut end) = self.end.try_lock() else { return false };
        let LineEnd { session, out } = &mut *end;
        if !out.is_empty() {
            // The task waits for the socket and looks at the marks when it takes more.
            return true;
        }
        let served = session.drain_at_once(&mut Straight { stream: &self.stream, gathered: out });
        if out.is_empty() {
            return served;
        }
        out.count();
        match out.write_to(&self.stream) {
            Ok(true) => served,
            // Full, or gone: the task finds out which. A mark makes it look.
            _ => {
                self.signal.put_back(1);
                false
            }
        }
    }
}

/// How a connection's output stands when its task has nothing more to do at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Output {
    /// Everything is written.
    Quiet,
    /// The socket takes no more at present.
    Blocked,
    /// There is more, but others have their turn first.
    More,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("signal", &self.line.signal).finish_non_exhaustive()
    }
}

/// Why a connection's loop woke.
enum Wake {
    Readable,
    /// There may be something to write.
    Output,
    Timer,
}

/// How a connection ends.
enum End {
    /// The client is gone.
    Gone,
    /// The client has said goodbye and is answered.
    Answer(u16),
    Close(CloseCode),
    Protocol(u16),
    Drain,
}

impl From<Ending> for End {
    fn from(ending: Ending) -> Self {
        Self::Close(ending.0)
    }
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

impl Connection {
    pub fn new(
        app: App,
        stream: TcpStream,
        session: Session,
        decoder: Decoder,
        deflate: bool,
        address_guard: AddressGuard,
    ) -> Self {
        METERS.connections.increment(1);
        let guard = app.sessions.enter(
            session.signal(),
            session.principal(),
            super::about(&session, TransportKind::Websocket),
        );
        let signal = session.signal().clone();
        let end = Mutex::new(LineEnd { session, out: Gathered::new(deflate) });
        Self {
            last_heard: app.clock.now(),
            line: Arc::new(Line { app, stream, signal, end }),
            decoder,
            stalled_since: None,
            buffered: 0,
            session_guard: guard,
            _address_guard: address_guard,
        }
    }

    /// Serves the connection until it ends. `leftover` was read together with the handshake.
    pub async fn run(mut self, leftover: Option<Box<[u8]>>) {
        let direct: Weak<Line> = Arc::downgrade(&self.line);
        self.line.signal.serve_by(direct);
        let end = match self.serve(leftover).await {
            Ok(never) => match never {},
            Err(end) => end,
        };
        // Ending needs more room than a connection at rest should hold.
        Box::pin(self.end(end)).await;
        let now = self.line.app.clock.now();
        self.line.end.lock().await.session.leave(now);
    }

    async fn end(&mut self, end: End) {
        match end {
            End::Gone => {}
            End::Answer(code) | End::Protocol(code) => self.goodbye(code, "").await,
            End::Close(code) => self.goodbye(code.number(), code.reason()).await,
            End::Drain => {
                let delay_ms = rand::rng().random_range(0..=self.line.app.config.drain_span_ms);
                self.line.end.lock().await.session.farewell(delay_ms);
                self.close(CloseCode::Draining).await;
            }
        }
    }

    /// Sends what the session still has to say, and closes.
    pub async fn close(&mut self, code: CloseCode) {
        let drained = {
            let LineEnd { session, out } = &mut *self.line.end.lock().await;
            session.drain(self.line.app.clock.now(), out).await
        };
        if drained.is_ok() {
            self.goodbye(code.number(), code.reason()).await;
        }
    }

    async fn serve(&mut self, leftover: Option<Box<[u8]>>) -> Result<std::convert::Infallible, End> {
        let interval = Duration::from_millis(self.line.app.config.connections.heartbeat_interval_ms);
        let heartbeat = tokio::time::sleep(interval);
        tokio::pin!(heartbeat);
        if let Some(mut bytes) = leftover {
            self.take(&mut bytes).await?;
        }
        loop {
            let output = self.send().await?;
            match poll_fn(|cx| self.poll_wake(cx, output, heartbeat.as_mut())).await {
                Wake::Readable => self.read().await?,
                Wake::Output => {}
                Wake::Timer => {
                    self.beat().await?;
                    heartbeat.as_mut().reset(tokio::time::Instant::now() + interval);
                }
            }
            match self.line.signal.ending() {
                None => {}
                Some(CloseCode::Draining) => return Err(End::Drain),
                Some(code) => return Err(End::Close(code)),
            }
            tokio::task::consume_budget().await;
        }
    }

    /// Writes and gathers until nothing is left or the socket takes no more.
    async fn send(&mut self) -> Result<Output, End> {
        let line = &*self.line;
        let LineEnd { session, out } = &mut *line.end.lock().await;
        // A reader that is far behind comes back later, so that others on this thread have their turn.
        for _ in 0..16 {
            if out.is_empty() {
                if !line.signal.is_set() && !session.has_replies() {
                    return Ok(Output::Quiet);
                }
                let drained = session.drain(line.app.clock.now(), out).await;
                out.count();
                drained?;
            }
            if !out.write_to(&line.stream)? {
                self.stalled_since.get_or_insert(line.app.clock.now());
                return Ok(Output::Blocked);
            }
            self.stalled_since = None;
            if line.signal.is_ending() {
                return Ok(Output::More);
            }
        }
        Ok(Output::More)
    }

    fn poll_wake(&self, cx: &mut Context<'_>, output: Output, heartbeat: Pin<&mut Sleep>) -> Poll<Wake> {
        let Line { signal, stream, .. } = &*self.line;
        // While the socket takes no more, news can wait; the end of the server cannot.
        let news = signal.poll(cx) && (output != Output::Blocked || signal.is_ending());
        let writable = output == Output::Blocked && stream.poll_write_ready(cx).is_ready();
        if news || writable || output == Output::More {
            return Poll::Ready(Wake::Output);
        }
        if stream.poll_read_ready(cx).is_ready() {
            return Poll::Ready(Wake::Readable);
        }
        heartbeat.poll(cx).map(|()| Wake::Timer)
    }

    async fn read(&mut self) -> Result<(), End> {
        let mut messages = Vec::new();
        let outcome = READ_BUFFER.with_borrow_mut(|buffer| match self.line.stream.try_read(buffer) {
            Ok(0) => Err(End::Gone),
            Ok(length) => self
                .decoder
                .feed(&mut buffer[..length], &mut messages)
                .map_err(|error| End::Protocol(error.close_code())),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(_) => Err(End::Gone),
        });
        self.handle(messages).await?;
        self.note_buffered();
        outcome
    }

    async fn take(&mut self, bytes: &mut [u8]) -> Result<(), End> {
        let mut messages = Vec::new();
        let fed = self.decoder.feed(bytes, &mut messages);
        self.handle(messages).await?;
        fed.map_err(|error| End::Protocol(error.close_code()))
    }

    async fn handle(&mut self, messages: Vec<Message>) -> Result<(), End> {
        if messages.is_empty() {
            return Ok(());
        }
        let now = self.line.app.clock.now();
        self.last_heard = now;
        let LineEnd { session, out } = &mut *self.line.end.lock().await;
        for message in messages {
            match message {
                Message::Text(text) => {
                    let mut received = match self.line.app.may_send(session.principal()) {
                        Ok(()) => session.receive(now, unix_ms(), &text).await,
                        Err(wait_ms) => session.refuse_one_of_many(now, wait_ms, &text),
                    };
                    if let Some(auth) = session.take_auth() {
                        let (app, guard) = (&self.line.app, &self.session_guard);
                        received = Box::pin(authenticate::authenticate(app, guard, session, *auth)).await;
                    }
                    if let Some(draft) = session.take_draft() {
                        Box::pin(publishing::publish(&self.line.app, session, *draft)).await;
                    }
                    if let Err(ending) = received {
                        // The last answer says why.
                        let _room = session.drain(now, out).await;
                        return Err(ending.into());
                    }
                }
                Message::Ping(payload) => out.pong(&payload),
                Message::Pong => {}
                Message::Close(code) => {
                    return Err(End::Answer(code.unwrap_or(1000)));
                }
            }
        }
        Ok(())
    }

    /// Looks after the connection: silent ones and stuck ones are closed (E10), and those whose token,
    /// session or account is over (P5).
    async fn beat(&mut self) -> Result<(), End> {
        let now = self.line.app.clock.now();
        let timeout = self.line.app.config.connections.heartbeat_timeout_ms;
        if now.since(self.last_heard) >= timeout {
            return Err(End::Close(CloseCode::HeartbeatLost));
        }
        if self.stalled_since.is_some_and(|since| now.since(since) >= timeout) {
            return Err(End::Close(CloseCode::TooSlow));
        }
        // In a box: a connection at rest holds no room for it.
        Box::pin(self.look_at_standing()).await?;
        let out = &mut self.line.end.lock().await.out;
        if out.is_empty() {
            out.push(Bytes::copy_from_slice(&wire::frame_header(wire::OP_PING, 0)));
        }
        Ok(())
    }

    /// Ends the connection if what was shown for it no longer holds.
    pub async fn look_at_standing(&mut self) -> Result<(), Ending> {
        let LineEnd { session, out } = &mut *self.line.end.lock().await;
        let holds = authenticate::still_holds(&self.line.app, session).await;
        if holds.is_err() {
            // The last answer says why.
            let _room = session.drain(self.line.app.clock.now(), out).await;
        }
        holds
    }

    /// Says goodbye and waits a moment for the answer, so that what was written arrives (RFC 6455 §7.1.1).
    async fn goodbye(&mut self, code: u16, reason: &str) {
        // Held to the end: nobody writes after the goodbye.
        let end = &mut *self.line.end.lock().await;
        let mut bytes = Vec::new();
        end.out.copy_into(&mut bytes);
        // Who is leaving no longer watches, however long the goodbye takes (E7).
        end.session.leave(self.line.app.clock.now());
        wire::push_close(&mut bytes, code, reason);
        if !matches!(tokio::time::timeout(GOODBYE, farewell(&self.line.stream, &bytes)).await, Ok(Ok(()))) {
            tracing::debug!(connection = %end.session.connection(), "a client did not say goodbye");
        }
    }

    fn note_buffered(&mut self) {
        let buffered = self.decoder.buffered_bytes();
        if buffered != self.buffered {
            METERS.buffered.increment(buffered as f64 - self.buffered as f64);
            self.buffered = buffered;
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        METERS.connections.decrement(1);
        METERS.buffered.decrement(self.buffered as f64);
    }
}

/// Writes the last bytes, ends the direction and waits for the other one to end.
async fn farewell(stream: &TcpStream, bytes: &[u8]) -> io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        stream.writable().await?;
        match stream.try_write(rest) {
            Ok(length) => rest = &rest[length..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    socket2::SockRef::from(stream).shutdown(std::net::Shutdown::Write)?;
    read_to_end(stream).await
}

async fn read_to_end(stream: &TcpStream) -> io::Result<()> {
    loop {
        stream.readable().await?;
        let read = READ_BUFFER.with_borrow_mut(|buffer| stream.try_read(buffer));
        match read {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// Closes a connection that may not be: after the handshake, so that a browser's script learns the code, and
/// the reason, if there is more to say than that.
pub async fn refuse(stream: TcpStream, code: CloseCode, error: Option<ErrorDetail>) {
    let mut bytes = Vec::new();
    if let Some(Ok(text)) = error.map(|error| ServerFrame::Error(error).encode()) {
        wire::push_text(&mut bytes, &text);
    }
    wire::push_close(&mut bytes, code.number(), code.reason());
    if !matches!(tokio::time::timeout(GOODBYE, farewell(&stream, &bytes)).await, Ok(Ok(()))) {
        tracing::debug!(reason = code.reason(), "a refused client did not say goodbye");
    }
}
