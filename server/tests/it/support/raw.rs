//! A WebSocket made by hand (RFC 6455, RFC 7692): for what a well-behaved library never sends, and for
//! compression, which the library does not speak.

use std::net::SocketAddr;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};

use super::within;

pub(crate) const TEXT: u8 = 0x81;
/// A text whose fragments go on.
pub(crate) const TEXT_BEGINS: u8 = 0x01;
pub(crate) const CONTINUES: u8 = 0x00;
pub(crate) const ENDS: u8 = 0x80;
pub(crate) const BINARY: u8 = 0x82;
pub(crate) const CLOSE: u8 = 0x88;
pub(crate) const PING: u8 = 0x89;
pub(crate) const PONG: u8 = 0x8a;
/// "This message is compressed".
pub(crate) const COMPRESSED_TEXT: u8 = 0xc1;
const FLUSH_TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// A frame as the server sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawFrame {
    /// FIN, reserved bits and opcode.
    pub(crate) first: u8,
    pub(crate) payload: Vec<u8>,
}

impl RawFrame {
    /// The message's text, inflated if need be.
    pub(crate) fn text(&self) -> String {
        let bytes = match self.first {
            TEXT => self.payload.clone(),
            COMPRESSED_TEXT => inflate(&self.payload),
            other => panic!("not a text but {other:#x}: {:?}", self.payload),
        };
        String::from_utf8(bytes).expect("UTF-8")
    }
}

/// A connection after its handshake.
#[derive(Debug)]
pub(crate) struct RawSocket {
    pub(crate) stream: TcpStream,
    /// The head of the server's answer.
    pub(crate) head: String,
    unread: Vec<u8>,
}

impl RawSocket {
    pub(crate) async fn connect(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        Self::shake_hands(stream, path, headers).await
    }

    /// A connection whose kernel takes little before it asks the server to wait.
    pub(crate) async fn connect_narrow(address: SocketAddr, path: &str) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("a small buffer");
        let stream = socket.connect(address).await.expect("a connection");
        Self::shake_hands(stream, path, &[]).await
    }

    async fn shake_hands(stream: TcpStream, path: &str, headers: &[(&str, &str)]) -> Self {
        let mut request = format!(
            "GET {path} HTTP/1.1\r\nhost: touchline.test\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        );
        for (name, value) in headers {
            request.extend([name, ": ", value, "\r\n"]);
        }
        request.push_str("\r\n");
        Self::begin(stream, request.as_bytes()).await
    }

    /// A connection whose handshake is made elsewhere.
    pub(crate) async fn connect_with(address: SocketAddr, request: &[u8]) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        Self::begin(stream, request).await
    }

    async fn begin(mut stream: TcpStream, request: &[u8]) -> Self {
        stream.write_all(request).await.expect("a connection");
        let mut socket = Self { stream, head: String::new(), unread: Vec::new() };
        let end = loop {
            if let Some(end) = socket.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            assert!(socket.read_more().await, "the handshake broke off");
        };
        socket.head = String::from_utf8(socket.unread.drain(..end).collect()).expect("a head").to_lowercase();
        socket
    }

    /// False when the server has closed the connection.
    async fn read_more(&mut self) -> bool {
        let read = within("something to read", self.stream.read_buf(&mut self.unread)).await;
        read.is_ok_and(|length| length > 0)
    }

    /// Sends one masked frame.
    pub(crate) async fn send(&mut self, first: u8, payload: &[u8]) {
        // The server may have closed already; what it said is read all the same.
        drop(self.stream.write_all(&masked(first, payload)).await);
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        self.send(TEXT, text.as_bytes()).await;
    }

    /// Sends bytes as they are.
    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        drop(self.stream.write_all(bytes).await);
    }

    /// The next frame of any kind; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<RawFrame> {
        loop {
            if let Some(frame) = self.parse() {
                return Some(frame);
            }
            if !self.read_more().await {
                return None;
            }
        }
    }

    fn parse(&mut self) -> Option<RawFrame> {
        let &[first, second, ..] = self.unread.as_slice() else { return None };
        assert_eq!(second & 0x80, 0, "a server does not mask");
        let (length, at) = match second {
            126 => (usize::from(u16::from_be_bytes(self.unread.get(2..4)?.try_into().expect("two"))), 4),
            127 => (u64::from_be_bytes(self.unread.get(2..10)?.try_into().expect("eight")) as usize, 10),
            short => (usize::from(short), 2),
        };
        let payload = self.unread.get(at..at + length)?.to_vec();
        self.unread.drain(..at + length);
        Some(RawFrame { first, payload })
    }

    /// The next text, whatever else comes between.
    pub(crate) async fn next_text(&mut self) -> String {
        self.next_message().await.text()
    }

    /// The next text message as it came.
    pub(crate) async fn next_message(&mut self) -> RawFrame {
        loop {
            let frame = self.next().await.expect("the connection goes on");
            if matches!(frame.first, TEXT | COMPRESSED_TEXT) {
                return frame;
            }
        }
    }

    /// The next text of a type.
    pub(crate) async fn next_of(&mut self, type_name: &str) -> RawFrame {
        let start = format!(r#"{{"type":"{type_name}""#);
        loop {
            let message = self.next_message().await;
            if message.text().starts_with(&start) {
                return message;
            }
        }
    }

    /// Reads until the server closes; its code, and the texts before it.
    pub(crate) async fn read_to_close(&mut self) -> (u16, Vec<String>) {
        let mut texts = Vec::new();
        loop {
            let frame = self.next().await.expect("a close frame before the end");
            match frame.first {
                TEXT | COMPRESSED_TEXT => texts.push(frame.text()),
                CLOSE => {
                    return (
                        frame.payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code)),
                        texts,
                    );
                }
                _ => {}
            }
        }
    }

    pub(crate) async fn close_code(&mut self) -> u16 {
        self.read_to_close().await.0
    }
}

/// A client's frame.
pub(crate) fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..126 => bytes.push(0x80 | short as u8),
        medium @ 126..65_536 => {
            bytes.push(0xfe);
            bytes.extend((medium as u16).to_be_bytes());
        }
        long => {
            bytes.push(0xff);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes.extend(payload.iter().enumerate().map(|(index, byte)| byte ^ MASK[index % 4]));
    bytes
}

pub(crate) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut compress = Compress::new(Compression::best(), false);
    let mut out = Vec::with_capacity(bytes.len() + 1024);
    compress.compress_vec(bytes, &mut out, FlushCompress::Sync).expect("room");
    assert!(out.ends_with(&FLUSH_TAIL) && compress.total_in() as usize == bytes.len());
    out.truncate(out.len() - FLUSH_TAIL.len());
    out
}

fn inflate(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024 * 1024);
    let whole = [bytes, &FLUSH_TAIL].concat();
    let mut decompress = Decompress::new(false);
    decompress.decompress_vec(&whole, &mut out, FlushDecompress::Sync).expect("deflated bytes");
    assert_eq!(decompress.total_in() as usize, whole.len(), "nothing is left over");
    out
}
