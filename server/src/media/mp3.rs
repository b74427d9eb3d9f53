//! MPEG audio, layer III (ISO/IEC 11172-3, 13818-3). What is kept is the frames and nothing else: ID3,
//! APE and Lyrics3 tags, wherever they stand, are left out because they are not frames.

use std::{fs::File, io::Write};

use super::{
    error::IngestError,
    format::Format,
    reader::{Facts, Reader, to_ms},
};

/// Bytes that may stand between two frames, or before the first, without being a frame.
const LOST_SYNC_BYTES: u64 = 256 * 1024;

/// The four bytes in front of every frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameHeader {
    /// Bytes of the whole frame.
    length: u64,
    samples: u64,
    /// Samples per second.
    rate: u64,
}

impl FrameHeader {
    /// `None` unless the bytes begin a layer III frame.
    pub(super) fn parse(bytes: [u8; 4]) -> Option<Self> {
        const KBITS_1: [u64; 15] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
        const KBITS_2: [u64; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
        const RATES: [u64; 3] = [44_100, 48_000, 32_000];
        let is_layer_3 = bytes[0] == 0xFF && bytes[1] & 0xE6 == 0xE2;
        if !is_layer_3 {
            return None;
        }
        let rate = *RATES.get(usize::from(bytes[2] >> 2 & 3))?;
        let (kbits, rate, samples) = match bytes[1] >> 3 & 3 {
            3 => (KBITS_1, rate, 1152),
            2 => (KBITS_2, rate / 2, 576),
            0 => (KBITS_2, rate / 4, 576),
            _ => return None,
        };
        let kbits = *kbits.get(usize::from(bytes[2] >> 4))?;
        if kbits == 0 {
            return None;
        }
        let padding = u64::from(bytes[2] >> 1 & 1);
        Some(Self { length: samples / 8 * kbits * 1000 / rate + padding, samples, rate })
    }
}

/// Copies the frames of `file` to `out`.
pub(super) fn copy_frames(file: &File, mut out: impl Write) -> Result<Facts, IngestError> {
    let mut reader = Reader::new(file)?;
    let mut at = after_id3v2(&mut reader)?;
    let mut rate = None;
    let (mut frames, mut samples, mut declared) = (0_u64, 0_u64, None);
    while let Some((start, header)) = next_frame(&mut reader, at, rate)? {
        let frame = reader.bytes(start, start + header.length, header.length)?;
        out.write_all(&frame)?;
        if frames == 0 && rate.is_none() {
            declared = declared_frames(&frame);
        }
        // The frame that carries the table is silence that players skip.
        if rate.is_some() || declared.is_none() {
            frames += 1;
            samples += header.samples;
        }
        rate = Some(header.rate);
        at = start + header.length;
    }
    let rate = rate.ok_or(IngestError::Unsupported("this is no MP3"))?;
    if declared.is_some_and(|declared| frames + 2 < declared) {
        return Err(IngestError::damaged("it has fewer frames than it says"));
    }
    Ok(Facts { format: Format::Mp3, size: None, duration_ms: to_ms(samples, rate) })
}

fn after_id3v2(reader: &mut Reader<'_>) -> Result<u64, IngestError> {
    let mut at = 0;
    while at + 10 <= reader.length() {
        let [b'I', b'D', b'3', _, _, flags, size @ ..] = reader.array::<10>(at)? else { break };
        let size = size.iter().fold(0_u64, |size, byte| size << 7 | u64::from(byte & 0x7F));
        let footer = if flags & 0x10 == 0 { 0 } else { 10 };
        at += 10 + size + footer;
    }
    Ok(at)
}

/// The first whole frame from `at` on, looking at most [`LOST_SYNC_BYTES`] ahead. Where frames do not
/// follow each other directly two in a row are asked for, because text and pictures in a tag can look
/// like one.
fn next_frame(
    reader: &mut Reader<'_>,
    at: u64,
    rate: Option<u64>,
) -> Result<Option<(u64, FrameHeader)>, IngestError> {
    let stop = at.saturating_add(LOST_SYNC_BYTES).min(reader.length());
    for start in at..stop {
        let Some(header) = header_at(reader, start, rate)? else { continue };
        let end = start + header.length;
        if end > reader.length() {
            continue;
        }
        let follows = start == at && rate.is_some();
        if follows || header_at(reader, end, Some(header.rate))?.is_some() {
            return Ok(Some((start, header)));
        }
    }
    Ok(None)
}

fn header_at(
    reader: &mut Reader<'_>,
    at: u64,
    rate: Option<u64>,
) -> Result<Option<FrameHeader>, IngestError> {
    if at + 4 > reader.length() {
        return Ok(None);
    }
    let header = FrameHeader::parse(reader.array(at)?);
    Ok(header.filter(|found| rate.is_none_or(|rate| rate == found.rate)))
}

/// The number of frames that the first one announces, when it is the table that encoders put there.
fn declared_frames(frame: &[u8]) -> Option<u64> {
    let at = frame.windows(4).take(64).position(|tag| tag == b"Xing" || tag == b"Info")?;
    let flags = frame.get(at + 7)?;
    let count = frame.get(at + 8..at + 12)?.try_into().ok()?;
    (flags & 1 == 1).then_some(u64::from(u32::from_be_bytes(count)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_say_how_long_their_frame_is() {
        // MPEG 1 layer III, 128 kbit/s, 44,100 Hz, no padding.
        let header = FrameHeader::parse([0xFF, 0xFB, 0x90, 0x00]).unwrap();
        assert_eq!(header, FrameHeader { length: 417, samples: 1152, rate: 44_100 });
        // MPEG 2 layer III, 64 kbit/s, 22,050 Hz, padded.
        let header = FrameHeader::parse([0xFF, 0xF3, 0x82, 0x00]).unwrap();
        assert_eq!(header, FrameHeader { length: 209, samples: 576, rate: 22_050 });
    }

    #[test]
    fn other_layers_and_free_formats_are_no_headers() {
        for bytes in [
            [0xFF, 0xFD, 0x90, 0],
            [0xFF, 0xF1, 0x50, 0x80],
            [0xFF, 0xFB, 0x00, 0],
            [0xFF, 0xFB, 0xF0, 0],
            [0xFF, 0xFB, 0x9C, 0],
            [0xFF, 0xEB, 0x90, 0],
        ] {
            assert_eq!(FrameHeader::parse(bytes), None, "{bytes:02X?}");
        }
    }
}
