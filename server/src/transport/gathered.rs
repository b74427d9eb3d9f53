//! What has gathered for one WebSocket and is yet to be written: references to bytes that all readers
//! share, first to go first. It is full at [`GATHER_BYTES`]. Used by `websocket`.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::{Buf as _, Bytes};
use metrics::{Counter, Gauge};
use tokio::net::TcpStream;

use super::session::Outlet;
use crate::{
    hub::{chunk::Slice, topic::TopicHub},
    wire,
};

/// Bytes gathered for one connection before they have to be written.
const GATHER_BYTES: usize = 256 * 1024;
/// Pieces gathered for one connection, and written at once.
const GATHER_PIECES: usize = 64;
/// What all connections count together.
pub(super) struct Meters {
    pub(super) connections: Gauge,
    pub(super) buffered: Gauge,
    deliveries: Tally,
    frames: Tally,
    bytes: Tally,
}

/// A counter for what happens with every delivery: an addition, and nothing more until somebody asks.
struct Tally {
    total: AtomicU64,
    counter: Counter,
}

impl Tally {
    fn of(counter: Counter) -> Self {
        Self { total: AtomicU64::new(0), counter }
    }

    fn add(&self, count: u64) {
        self.total.fetch_add(count, Ordering::Relaxed);
    }

    fn tell(&self) {
        self.counter.absolute(self.total.load(Ordering::Relaxed));
    }
}

pub(super) static METERS: LazyLock<Meters> = LazyLock::new(|| Meters {
    connections: metrics::gauge!("touchline_connections", "transport" => "websocket"),
    buffered: metrics::gauge!("touchline_connection_buffer_bytes"),
    deliveries: Tally::of(metrics::counter!("touchline_deliveries_total", "transport" => "websocket")),
    frames: Tally::of(metrics::counter!("touchline_frames_sent_total", "transport" => "websocket")),
    bytes: Tally::of(metrics::counter!("touchline_bytes_sent_total", "transport" => "websocket")),
});

/// Brings the counters up to date; called when somebody asks for them.
pub fn tell_totals() {
    METERS.deliveries.tell();
    METERS.frames.tell();
    METERS.bytes.tell();
}

/// Frames on their way into the socket: references to shared bytes, first to go first.
#[derive(Default)]
pub(super) struct Gathered {
    pieces: VecDeque<Bytes>,
    bytes: usize,
    /// The extension was negotiated.
    deflate: bool,
    delivered: u64,
    frames: u64,
}

impl Gathered {
    pub(super) fn new(deflate: bool) -> Self {
        Self { deflate, ..Self::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    pub(super) fn push(&mut self, piece: Bytes) {
        self.frames += 1;
        self.push_rest(piece);
    }

    /// What a write left of frames that are counted already.
    fn push_rest(&mut self, piece: Bytes) {
        self.bytes += piece.len();
        self.pieces.push_back(piece);
    }

    /// Answers a ping, unless the client sends them faster than it takes the answers.
    pub(super) fn pong(&mut self, payload: &[u8]) {
        if self.is_full() {
            return;
        }
        let mut bytes = wire::frame_header(wire::OP_PONG, payload.len()).to_vec();
        bytes.extend_from_slice(payload);
        self.push(bytes.into());
    }

    /// Writes all at once; false if the socket takes no more at present.
    pub(super) fn write_to(&mut self, stream: &TcpStream) -> io::Result<bool> {
        while !self.pieces.is_empty() {
            let written = if self.pieces.len() == 1 {
                stream.try_write(&self.pieces[0])
            } else {
                let mut slices = [IoSlice::new(&[]); GATHER_PIECES];
                let count = self.pieces.len().min(GATHER_PIECES);
                for (slice, piece) in slices.iter_mut().zip(&self.pieces) {
                    *slice = IoSlice::new(piece);
                }
                stream.try_write_vectored(&slices[..count])
            };
            match written {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(length) => self.advance(length),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        // A connection at rest holds no buffer.
        self.pieces.shrink_to(4);
        Ok(true)
    }

    fn advance(&mut self, mut length: usize) {
        METERS.bytes.add(length as u64);
        self.bytes -= length;
        while let Some(first) = self.pieces.front_mut() {
            if length < first.len() {
                first.advance(length);
                return;
            }
            length -= first.len();
            self.pieces.pop_front();
        }
    }

    pub(super) fn copy_into(&mut self, bytes: &mut Vec<u8>) {
        for piece in self.pieces.drain(..) {
            bytes.extend_from_slice(&piece);
        }
        self.bytes = 0;
    }

    pub(super) fn count(&mut self) {
        METERS.deliveries.add(std::mem::take(&mut self.delivered));
        METERS.frames.add(std::mem::take(&mut self.frames));
    }
}

/// Writes publications straight from the shared bytes while the socket takes them; what it does not take,
/// and everything else, is gathered.
pub(super) struct Straight<'a> {
    pub(super) stream: &'a TcpStream,
    pub(super) gathered: &'a mut Gathered,
}

impl Outlet for Straight<'_> {
    fn control(&mut self, text: &str) {
        self.gathered.control(text);
    }

    fn shared(&mut self, text: &Arc<str>) {
        self.gathered.shared(text);
    }

    fn slice(&mut self, topic: &TopicHub, slice: &Slice) {
        if !self.gathered.is_empty() {
            return self.gathered.slice(topic, slice);
        }
        let bytes = slice.websocket_bytes(self.gathered.deflate);
        // Of a socket that is full or gone the connection's task learns when it writes the rest.
        let written = self.stream.try_write(&bytes).unwrap_or(0);
        METERS.bytes.add(written as u64);
        METERS.deliveries.add(slice.publications());
        METERS.frames.add(slice.frames() as u64);
        if written < bytes.len() {
            self.gathered.push_rest(bytes.slice(written..));
        }
    }

    fn is_full(&self) -> bool {
        self.gathered.is_full()
    }
}

impl Outlet for Gathered {
    fn control(&mut self, text: &str) {
        let mut bytes = Vec::with_capacity(text.len() + 10);
        if self.deflate {
            wire::push_text_deflated(&mut bytes, text);
        } else {
            wire::push_text(&mut bytes, text);
        }
        self.push(bytes.into());
    }

    fn shared(&mut self, text: &Arc<str>) {
        self.control(text);
    }

    fn slice(&mut self, _topic: &TopicHub, slice: &Slice) {
        self.delivered += slice.publications();
        self.frames += slice.frames() as u64 - 1;
        self.push(slice.websocket_bytes(self.deflate));
    }

    fn is_full(&self) -> bool {
        self.bytes >= GATHER_BYTES || self.pieces.len() >= GATHER_PIECES
    }
}
