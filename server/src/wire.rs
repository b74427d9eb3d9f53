//! The server's side of the WebSocket protocol (RFC 6455) on bytes, with permessage-deflate (RFC 7692)
//! without context takeover. No sockets here: bytes in, messages out.
//!
//! It is written here because a publication's frame is made once, header and compression included, and the
//! same bytes go to every reader; the libraries frame per connection, and none that is kept up compresses.
//! `docs/decisions/0003-websocket-codec.md` has the reasons and the measurements.

use std::cell::RefCell;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

pub const OP_TEXT: u8 = 0x1;
pub const OP_BINARY: u8 = 0x2;
pub const OP_CLOSE: u8 = 0x8;
pub const OP_PING: u8 = 0x9;
pub const OP_PONG: u8 = 0xA;
const OP_CONTINUATION: u8 = 0x0;

const FIN: u8 = 0x80;
/// "This message is compressed" (RFC 7692 §6).
const RSV1: u8 = 0x40;
const MASKED: u8 = 0x80;
/// Texts shorter than this go out as they are: compressing them costs more than it saves.
const DEFLATE_FROM_BYTES: usize = 512;
/// What ends a deflate block that was flushed, and is left out on the wire (RFC 7692 §7.2.1).
const FLUSH_TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// The header of an unmasked frame.
#[derive(Debug, Clone, Copy)]
pub struct Header {
    bytes: [u8; 10],
    len: u8,
}

impl std::ops::Deref for Header {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

/// The header of a whole, unmasked, uncompressed message of `len` bytes (RFC 6455 §5.2).
pub fn frame_header(opcode: u8, len: usize) -> Header {
    header(FIN | opcode, len)
}

fn header(first: u8, len: usize) -> Header {
    let mut bytes = [0; 10];
    bytes[0] = first;
    let len = match len {
        0..126 => {
            bytes[1] = len as u8;
            2
        }
        126..65_536 => {
            bytes[1] = 126;
            bytes[2..4].copy_from_slice(&(len as u16).to_be_bytes());
            4
        }
        _ => {
            bytes[1] = 127;
            bytes[2..10].copy_from_slice(&(len as u64).to_be_bytes());
            10
        }
    };
    Header { bytes, len }
}

/// Appends a text message.
pub fn push_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&frame_header(OP_TEXT, text.len()));
    out.extend_from_slice(text.as_bytes());
}

/// Appends a text message, compressed if that is worth it.
pub fn push_text_deflated(out: &mut Vec<u8>, text: &str) {
    match (text.len() >= DEFLATE_FROM_BYTES).then(|| deflate(text.as_bytes())).flatten() {
        Some(small) if small.len() < text.len() => {
            out.extend_from_slice(&header(FIN | RSV1 | OP_TEXT, small.len()));
            out.extend_from_slice(&small);
        }
        _ => push_text(out, text),
    }
}

/// Appends a close message (RFC 6455 §5.5.1).
pub fn push_close(out: &mut Vec<u8>, code: u16, reason: &str) {
    // A control frame holds at most 125 bytes; the reasons sent are all shorter.
    let reason = &reason.as_bytes()[..reason.len().min(123)];
    out.extend_from_slice(&frame_header(OP_CLOSE, reason.len() + 2));
    out.extend_from_slice(&code.to_be_bytes());
    out.extend_from_slice(reason);
}

thread_local! {
    // A compressor is some hundred kilobytes; threads are few and connections are many.
    static COMPRESS: RefCell<Compress> = RefCell::new(Compress::new(Compression::fast(), false));
    static DECOMPRESS: RefCell<Decompress> = RefCell::new(Decompress::new(false));
}

fn deflate(input: &[u8]) -> Option<Vec<u8>> {
    COMPRESS.with_borrow_mut(|compress| {
        compress.reset();
        let mut out = Vec::with_capacity(input.len() / 2 + 64);
        loop {
            let done = compress.total_in() as usize;
            let status = compress.compress_vec(&input[done..], &mut out, FlushCompress::Sync).ok()?;
            let finished = compress.total_in() as usize == input.len() && out.len() < out.capacity();
            match status {
                Status::Ok | Status::BufError if finished => break,
                Status::Ok | Status::BufError => out.reserve(out.capacity()),
                Status::StreamEnd => return None,
            }
        }
        out.ends_with(&FLUSH_TAIL).then(|| out.truncate(out.len() - FLUSH_TAIL.len()))?;
        Some(out)
    })
}

/// Inflates a message; `max` bounds what comes out, so that a small bomb does no harm.
fn inflate(input: &[u8], max: usize) -> Result<Vec<u8>, Violation> {
    DECOMPRESS.with_borrow_mut(|decompress| {
        decompress.reset(false);
        let mut out = Vec::with_capacity((input.len() * 3 + 64).min(max + 1));
        for part in [input, &FLUSH_TAIL] {
            let mut rest = part;
            loop {
                let before = (decompress.total_in(), out.len());
                let status = decompress
                    .decompress_vec(rest, &mut out, FlushDecompress::Sync)
                    .map_err(|_| Violation::BadData)?;
                if out.len() > max {
                    return Err(Violation::TooLarge);
                }
                let used = (decompress.total_in() - before.0) as usize;
                rest = &rest[used..];
                if status == Status::StreamEnd || (rest.is_empty() && out.len() < out.capacity()) {
                    break;
                }
                if out.len() == out.capacity() {
                    out.reserve(out.capacity().min(max));
                } else if used == 0 && out.len() == before.1 {
                    return Err(Violation::BadData);
                }
            }
        }
        Ok(out)
    })
}

/// What a client sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Message {
    Text(String),
    Ping(Vec<u8>),
    Pong,
    /// The client closes; the code to answer with.
    Close(Option<u16>),
}

/// What a client may not send, and the close code that says so (RFC 6455 §7.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    #[error("protocol error")]
    Protocol,
    #[error("unsupported data")]
    Binary,
    #[error("bad data")]
    BadData,
    #[error("message too large")]
    TooLarge,
}

impl Violation {
    pub const fn close_code(self) -> u16 {
        match self {
            Self::Protocol => 1002,
            Self::Binary => 1003,
            Self::BadData => 1007,
            Self::TooLarge => 1009,
        }
    }
}

/// Takes a client's bytes apart. Holds no more than one message of the size that is allowed.
#[derive(Debug)]
pub struct Decoder {
    /// The beginning of a frame whose rest has not come yet; without capacity when there is none.
    pending: Vec<u8>,
    /// Payload of the fragments so far, and whether the message is compressed.
    fragments: Option<(Vec<u8>, bool)>,
    deflate: bool,
    max_message: usize,
}

impl Decoder {
    /// `deflate`: the extension was negotiated. `max_message`: bytes of a message, inflated.
    pub fn new(deflate: bool, max_message: usize) -> Self {
        Self { pending: Vec::new(), fragments: None, deflate, max_message }
    }

    /// Bytes held for what is not complete.
    pub fn buffered_bytes(&self) -> usize {
        self.pending.capacity() + self.fragments.as_ref().map_or(0, |(bytes, _)| bytes.capacity())
    }

    /// Takes bytes as they came and appends the messages that they complete.
    pub fn feed(&mut self, bytes: &mut [u8], messages: &mut Vec<Message>) -> Result<(), Violation> {
        if self.pending.is_empty() {
            let used = self.parse_all(bytes, messages)?;
            self.pending.extend_from_slice(&bytes[used..]);
            return Ok(());
        }
        let mut joined = std::mem::take(&mut self.pending);
        joined.extend_from_slice(bytes);
        let used = self.parse_all(&mut joined, messages)?;
        if used < joined.len() {
            joined.drain(..used);
            self.pending = joined;
        }
        Ok(())
    }

    fn parse_all(&mut self, bytes: &mut [u8], messages: &mut Vec<Message>) -> Result<usize, Violation> {
        let mut used = 0;
        while let Some(length) = self.parse_one(&mut bytes[used..], messages)? {
            used += length;
        }
        Ok(used)
    }

    /// Parses one frame; `None` if it is not complete.
    fn parse_one(
        &mut self,
        bytes: &mut [u8],
        messages: &mut Vec<Message>,
    ) -> Result<Option<usize>, Violation> {
        let &[first, second, ..] = &*bytes else { return Ok(None) };
        if second & MASKED == 0 {
            return Err(Violation::Protocol);
        }
        let (opcode, fin) = (first & 0x0f, first & FIN != 0);
        let (len, at) = match second & 0x7f {
            126 if bytes.len() < 4 => return Ok(None),
            126 => (u64::from(u16::from_be_bytes([bytes[2], bytes[3]])), 4),
            127 if bytes.len() < 10 => return Ok(None),
            127 => {
                let mut long = [0; 8];
                long.copy_from_slice(&bytes[2..10]);
                (u64::from_be_bytes(long), 10)
            }
            short => (u64::from(short), 2),
        };
        self.check_header(first, len)?;
        let len = len as usize;
        let Some(frame) = bytes.get_mut(at..at + 4 + len) else { return Ok(None) };
        let (mask, payload) = frame.split_at_mut(4);
        for (index, byte) in payload.iter_mut().enumerate() {
            *byte ^= mask[index % 4];
        }
        match opcode {
            OP_TEXT => self.text(payload, fin, first & RSV1 != 0, messages)?,
            OP_CONTINUATION => self.continuation(payload, fin, messages)?,
            OP_PING => messages.push(Message::Ping(payload.to_vec())),
            OP_PONG => messages.push(Message::Pong),
            _ => messages.push(Message::Close(close_code(payload)?)),
        }
        Ok(Some(at + 4 + len))
    }

    /// Everything that can be wrong before the payload has come.
    fn check_header(&self, first: u8, len: u64) -> Result<(), Violation> {
        let (opcode, fin, rsv) = (first & 0x0f, first & FIN != 0, first & 0x70);
        let compressed_text = rsv == RSV1 && opcode == OP_TEXT && self.deflate;
        if rsv != 0 && !compressed_text {
            return Err(Violation::Protocol);
        }
        let so_far = self.fragments.as_ref().map_or(0, |(bytes, _)| bytes.len());
        match opcode {
            OP_TEXT if self.fragments.is_some() => Err(Violation::Protocol),
            OP_CONTINUATION if self.fragments.is_none() => Err(Violation::Protocol),
            OP_TEXT | OP_CONTINUATION if len > (self.max_message - so_far.min(self.max_message)) as u64 => {
                Err(Violation::TooLarge)
            }
            OP_TEXT | OP_CONTINUATION => Ok(()),
            OP_BINARY => Err(Violation::Binary),
            OP_CLOSE | OP_PING | OP_PONG if fin && len <= 125 => Ok(()),
            _ => Err(Violation::Protocol),
        }
    }

    fn text(
        &mut self,
        payload: &[u8],
        fin: bool,
        compressed: bool,
        messages: &mut Vec<Message>,
    ) -> Result<(), Violation> {
        if !fin {
            self.fragments = Some((payload.to_vec(), compressed));
            return Ok(());
        }
        messages.push(self.message(payload, compressed)?);
        Ok(())
    }

    fn continuation(
        &mut self,
        payload: &[u8],
        fin: bool,
        messages: &mut Vec<Message>,
    ) -> Result<(), Violation> {
        if let Some((bytes, _)) = &mut self.fragments {
            bytes.extend_from_slice(payload);
        }
        if fin && let Some((bytes, compressed)) = self.fragments.take() {
            messages.push(self.message(&bytes, compressed)?);
        }
        Ok(())
    }

    fn message(&self, payload: &[u8], compressed: bool) -> Result<Message, Violation> {
        let bytes = if compressed { inflate(payload, self.max_message)? } else { payload.to_vec() };
        String::from_utf8(bytes).map(Message::Text).map_err(|_| Violation::BadData)
    }
}

/// The code of a close frame, if it is one that may be sent (RFC 6455 §7.4).
fn close_code(payload: &[u8]) -> Result<Option<u16>, Violation> {
    match payload {
        [] => Ok(None),
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            let sendable = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
            if !sendable {
                return Err(Violation::Protocol);
            }
            std::str::from_utf8(reason).map_err(|_| Violation::BadData)?;
            Ok(Some(code))
        }
        [_] => Err(Violation::Protocol),
    }
}

#[cfg(test)]
mod tests;
