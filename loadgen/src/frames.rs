//! Reads a server's WebSocket frames as cheaply as can be: where a frame ends, which offsets it covers,
//! when it was published. (RFC 6455 §5.2; frames from a server are not masked.)
//!
//! It never builds a value out of the JSON, so that a reader costs the machine little beside the server that
//! is measured. Called by `readers`; `driver` uses the real client instead.

use memchr::memmem;

/// A frame inside a buffer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Scan<'a> {
    /// A whole frame; the next one begins `length` bytes on.
    Frame { opcode: u8, payload: &'a [u8], length: usize },
    /// The rest has not arrived yet.
    Incomplete,
    /// Not what a server may send to us.
    Broken(&'static str),
}

/// Opcodes of RFC 6455 §11.8 that matter here.
pub(crate) const TEXT: u8 = 1;
pub(crate) const CLOSE: u8 = 8;

/// The first frame in `bytes`.
pub(crate) fn scan(bytes: &[u8]) -> Scan<'_> {
    let [first, second, rest @ ..] = bytes else { return Scan::Incomplete };
    if first & 0x80 == 0 {
        return Scan::Broken("a fragmented message");
    }
    if first & 0x70 != 0 {
        return Scan::Broken("an extension that was not offered");
    }
    if second & 0x80 != 0 {
        return Scan::Broken("a masked frame");
    }
    let extended = match second & 0x7f {
        126 => rest.first_chunk().map(|be| (4, usize::from(u16::from_be_bytes(*be)))),
        127 => rest.first_chunk().map(|be| (10, u64::from_be_bytes(*be) as usize)),
        short => Some((2, usize::from(short))),
    };
    let Some((header, length)) = extended else { return Scan::Incomplete };
    match bytes.get(header..length.saturating_add(header)) {
        Some(payload) => Scan::Frame { opcode: first & 0x0f, payload, length: header + length },
        None => Scan::Incomplete,
    }
}

/// What a text says, as far as the load generator cares.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// Covers the offsets `from` to `to`, both included; holds `items` publications.
    Publications { from: u64, to: u64, items: u64 },
    /// The subscription begins after this offset.
    Subscribed { offset: u64, recovered: bool },
    /// `error` or `reconnect`: never expected in a benchmark.
    Complaint,
    /// Presence, `connected` and whatever else does not count.
    Other,
}

const OFFSET: &[u8] = b"\"offset\":";
const ENTRY: &[u8] = b"{\"type\":\"media:";

/// Reads one frame's text.
pub(crate) fn read(text: &[u8]) -> Said {
    if text.starts_with(ENTRY) {
        // `{"type":…,"topic":…,"offset":…`: within the first 120 bytes by the protocol's own limits.
        return match number_after(&text[..text.len().min(160)], OFFSET) {
            Some(offset) => Said::Publications { from: offset, to: offset, items: 1 },
            None => Said::Complaint,
        };
    }
    let begins = |type_name: &str| text.get(9..).is_some_and(|rest| rest.starts_with(type_name.as_bytes()));
    if begins("batch\"") {
        let (from, to) = (number_after(text, b"\"from\":"), number_after(text, b"\"to\":"));
        let (Some(from), Some(to)) = (from, to) else { return Said::Complaint };
        return Said::Publications { from, to, items: memmem::find_iter(text, ENTRY).count() as u64 };
    }
    if begins("subscribed\"") {
        let Some(offset) = number_after(text, OFFSET) else { return Said::Complaint };
        return Said::Subscribed { offset, recovered: memmem::find(text, b"\"recovered\":true").is_some() };
    }
    if begins("error\"") || begins("reconnect\"") { Said::Complaint } else { Said::Other }
}

fn number_after(text: &[u8], name: &[u8]) -> Option<u64> {
    let digits = &text[memmem::find(text, name)? + name.len()..];
    let end = digits.iter().position(|b| !b.is_ascii_digit()).unwrap_or(digits.len());
    std::str::from_utf8(&digits[..end]).ok()?.parse().ok()
}

/// What stands in front of the publisher's clock in an item's text.
const STAMP: &str = "sent ";
const STAMP_IN_FRAME: &[u8] = b"\"text\":\"sent ";
const STAMP_DIGITS: usize = 16;

/// An item's text of `length` bytes (at least 21) that says when it was sent.
pub(crate) fn stamped_text(nanoseconds: u64, length: usize) -> String {
    let mut text = format!("{STAMP}{nanoseconds:0STAMP_DIGITS$x} ");
    while text.len() < length {
        text.push_str("and the crowd goes on singing ");
    }
    text.truncate(length);
    text
}

/// When the items in a frame were sent.
pub(crate) fn stamps(text: &[u8]) -> impl Iterator<Item = u64> {
    memmem::find_iter(text, STAMP_IN_FRAME).filter_map(|at| {
        let begin = at + STAMP_IN_FRAME.len();
        let digits = text.get(begin..begin + STAMP_DIGITS)?;
        u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    })
}

/// Holds what arrives on one subscription against what must arrive: every offset, once, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Continuity {
    next: u64,
    pub(crate) holes: u64,
    pub(crate) doubles: u64,
}

impl Continuity {
    /// Everything after `offset` is to come.
    pub(crate) fn after(offset: u64) -> Self {
        Self { next: offset + 1, holes: 0, doubles: 0 }
    }

    /// The last offset that was covered.
    pub(crate) fn position(&self) -> u64 {
        self.next - 1
    }

    /// A frame that covers `from` to `to` and holds `items` publications. Nothing here is ever changed
    /// twice, so a batch holds one publication for each offset.
    pub(crate) fn take(&mut self, from: u64, to: u64, items: u64) {
        self.holes += from.saturating_sub(self.next);
        self.doubles += (to + 1).min(self.next).saturating_sub(from);
        let covered = (to + 1).saturating_sub(from);
        self.holes += covered.saturating_sub(items);
        self.doubles += items.saturating_sub(covered);
        self.next = self.next.max(to + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server's frame around `text`.
    pub(crate) fn frame(text: &[u8]) -> Vec<u8> {
        crate::bare::server_frame(text)
    }

    fn publication(offset: u64) -> String {
        format!(
            r#"{{"type":"media:new","topic":"event:0198c0de","offset":{offset},"id":"p","timestamp":"t","payload":{{"id":"m","offset":{offset},"text":"sent 00000000000000ff and"}}}}"#
        )
    }

    #[test]
    fn frames_of_every_length_are_found_however_they_arrive() {
        for length in [0, 1, 125, 126, 65_535, 65_536, 200_000] {
            let bytes = frame(&vec![b'x'; length]);
            for cut in [0, 1, 2, 3, 9, bytes.len() - 1] {
                if cut < bytes.len() {
                    assert_eq!(scan(&bytes[..cut]), Scan::Incomplete, "{cut} of {length}");
                }
            }
            let Scan::Frame { opcode, payload, length: whole } = scan(&bytes) else { panic!("{length}") };
            assert_eq!((opcode, payload.len(), whole), (TEXT, length, bytes.len()));
        }
        for broken in [[0x01, 0], [0xc1, 0], [0x81, 0x80]] {
            assert!(matches!(scan(&broken), Scan::Broken(_)), "{broken:?}");
        }
    }

    #[test]
    fn the_wire_of_today_is_understood() {
        let one = publication(7);
        assert_eq!(read(one.as_bytes()), Said::Publications { from: 7, to: 7, items: 1 });
        assert_eq!(stamps(one.as_bytes()).collect::<Vec<_>>(), [255]);
        let entry = |offset| {
            let text = publication(offset);
            text.replace(r#""topic":"event:0198c0de","#, "")
        };
        let batch = format!(
            r#"{{"type":"batch","topic":"event:0198c0de","payload":{{"from":8,"to":9,"publications":[{},{}]}}}}"#,
            entry(8),
            entry(9)
        );
        assert_eq!(read(batch.as_bytes()), Said::Publications { from: 8, to: 9, items: 2 });
        assert_eq!(stamps(batch.as_bytes()).count(), 2);
        let subscribed = |recovered| {
            shared::ServerFrame::Subscribed(
                "event:a".parse().unwrap(),
                shared::frame::Subscribed {
                    epoch: "e".parse().unwrap(),
                    offset: shared::Offset(41),
                    recovered,
                    reason: None,
                    reference: None,
                },
            )
            .encode()
            .unwrap()
        };
        for recovered in [true, false] {
            assert_eq!(read(subscribed(recovered).as_bytes()), Said::Subscribed { offset: 41, recovered });
        }
        assert_eq!(read(br#"{"type":"error","payload":{}}"#), Said::Complaint);
        assert_eq!(read(br#"{"type":"presence:count","topic":"event:a","payload":{}}"#), Said::Other);
        assert_eq!(read(b"{}"), Said::Other);
    }

    #[test]
    fn a_planted_hole_and_a_planted_double_are_caught() {
        let check = |frames: &[(u64, u64, u64)]| {
            let mut continuity = Continuity::after(10);
            for (from, to, items) in frames {
                continuity.take(*from, *to, *items);
            }
            (continuity.holes, continuity.doubles, continuity.position())
        };
        assert_eq!(check(&[(11, 11, 1), (12, 14, 3), (15, 15, 1)]), (0, 0, 15), "nothing wrong");
        assert_eq!(check(&[(11, 11, 1), (13, 13, 1)]), (1, 0, 13), "12 is missing");
        assert_eq!(check(&[(12, 14, 3)]), (1, 0, 14), "11 is missing before a batch");
        assert_eq!(check(&[(11, 14, 3)]), (1, 0, 14), "a batch lacks one of what it covers");
        assert_eq!(check(&[(11, 11, 1), (11, 11, 1)]), (0, 1, 11), "11 came twice");
        assert_eq!(check(&[(11, 13, 3), (12, 14, 3)]), (0, 2, 14), "two batches overlap");
        assert_eq!(check(&[(12, 12, 1), (11, 11, 1)]), (1, 1, 12), "out of order is both");
    }

    #[test]
    fn a_stamped_text_has_its_length_and_its_time() {
        let text = stamped_text(0xabc, 200);
        assert_eq!(text.len(), 200);
        assert_eq!(stamps(format!("{{\"text\":\"{text}\"}}").as_bytes()).collect::<Vec<_>>(), [0xabc]);
    }
}
