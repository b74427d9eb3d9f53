//! Ogg (RFC 3533) with Vorbis, Opus or FLAC. Rewritten packet by packet with an empty comment header:
//! title, artist, place and cover picture all live in it. A page whose checksum is wrong ends the upload.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufReader, Write},
};

use ogg::{OggReadError, PacketReader, PacketWriteEndInfo, PacketWriter};

use super::{
    error::IngestError,
    format::Format,
    reader::{Facts, to_ms},
};

/// Most logical streams in one file.
const STREAMS: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Codec {
    Vorbis,
    Opus,
    Flac,
}

/// One logical stream, as far as it has been read.
#[derive(Debug)]
struct Logical {
    codec: Codec,
    /// Units of the granule position per second.
    rate: u64,
    /// Granule position of the first sample that is heard.
    skipped: u64,
    /// Latest granule position.
    granule: u64,
    /// Packets so far.
    packets: u64,
    ended: bool,
}

impl Logical {
    fn begin(packet: &[u8]) -> Option<Self> {
        let (codec, rate, skipped) = if packet.starts_with(b"\x01vorbis") {
            (Codec::Vorbis, u32::from_le_bytes(*packet.get(12..)?.first_chunk()?), 0)
        } else if packet.starts_with(b"OpusHead") {
            (Codec::Opus, 48_000, u16::from_le_bytes(*packet.get(10..)?.first_chunk()?))
        } else if packet.starts_with(b"\x7FFLAC") {
            // 20 bits, after the mapping header (13), the block header (4) and ten bytes of sizes.
            let [high, middle, low] = *packet.get(27..)?.first_chunk()?;
            (Codec::Flac, u32::from_be_bytes([0, high, middle, low]) >> 4, 0)
        } else {
            return None;
        };
        let logical =
            Self { codec, rate: rate.into(), skipped: skipped.into(), granule: 0, packets: 0, ended: false };
        (rate > 0).then_some(logical)
    }

    /// What is written in place of `packet`, the next of the stream.
    fn without_comments(&self, packet: Vec<u8>) -> Vec<u8> {
        match self.codec {
            Codec::Vorbis if packet.starts_with(b"\x03vorbis") => {
                // No vendor, no comments, and the framing bit.
                [&b"\x03vorbis"[..], &[0; 8], &[1]].concat()
            }
            Codec::Opus if packet.starts_with(b"OpusTags") => [&b"OpusTags"[..], &[0; 8]].concat(),
            // Blocks in front of the sound begin with a type that no frame does; the uppermost bit
            // marks the last of them. STREAMINFO came with the first packet.
            Codec::Flac if self.packets > 0 => match packet.first() {
                Some(kind) if kind & 0x7F == 4 => vec![kind & 0x80 | 4, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0],
                Some(kind) if *kind != 0xFF && kind & 0x7F != 3 => vec![kind & 0x80 | 1, 0, 0, 0],
                _ => packet,
            },
            _ => packet,
        }
    }
}

/// Copies `file` to `out` without its comments.
pub(super) fn copy_without_comments(file: &File, out: impl Write) -> Result<Facts, IngestError> {
    let mut packets = PacketReader::new(BufReader::new(file));
    let mut writer = PacketWriter::new(out);
    let mut streams: HashMap<u32, Logical> = HashMap::new();
    while let Some(packet) = packets.read_packet().map_err(fault)? {
        let serial = packet.stream_serial();
        if packet.first_in_stream() {
            let logical = Logical::begin(&packet.data)
                .ok_or(IngestError::Unsupported("this Ogg has a codec that browsers do not play"))?;
            // A number that is used again, in a chain, would be taken for the same stream on writing.
            if streams.len() >= STREAMS || streams.insert(serial, logical).is_some() {
                return Err(IngestError::damaged("its streams cannot be told apart"));
            }
        }
        let logical = streams.get_mut(&serial).filter(|logical| !logical.ended);
        let logical = logical.ok_or_else(|| IngestError::damaged("a stream has no beginning"))?;
        let granule = packet.absgp_page();
        if granule != u64::MAX {
            logical.granule = logical.granule.max(granule);
        }
        let end = match (packet.last_in_stream(), packet.last_in_page()) {
            (true, _) => PacketWriteEndInfo::EndStream,
            (false, true) => PacketWriteEndInfo::EndPage,
            (false, false) => PacketWriteEndInfo::NormalPacket,
        };
        logical.ended = packet.last_in_stream();
        let data = logical.without_comments(packet.data);
        logical.packets += 1;
        writer.write_packet(data, serial, end, granule)?;
    }
    let longest = streams
        .values()
        .filter_map(|logical| to_ms(logical.granule.saturating_sub(logical.skipped), logical.rate));
    let duration_ms = longest.max().ok_or_else(|| IngestError::damaged("it has no sound"))?;
    if streams.values().any(|logical| logical.packets <= 2) {
        return Err(IngestError::damaged("it has no sound"));
    }
    Ok(Facts { format: Format::Ogg, size: None, duration_ms: Some(duration_ms).filter(|ms| *ms > 0) })
}

fn fault(error: OggReadError) -> IngestError {
    match error {
        OggReadError::ReadError(error) => IngestError::reading(error),
        other => IngestError::damaged(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logical(codec: Codec, packets: u64) -> Logical {
        Logical { codec, rate: 1, skipped: 0, granule: 0, packets, ended: false }
    }

    #[test]
    fn comments_go_and_sound_stays() {
        let tags = logical(Codec::Opus, 1)
            .without_comments(b"OpusTags\x04\0\0\0libx\x01\0\0\0\x04\0\0\0GPS=".to_vec());
        assert_eq!(tags, b"OpusTags\0\0\0\0\0\0\0\0");
        let sound = logical(Codec::Opus, 2).without_comments(vec![0xFC, 1, 2]);
        assert_eq!(sound, [0xFC, 1, 2]);
        let picture = logical(Codec::Flac, 2).without_comments(vec![0x86, 0, 0, 2, 7, 7]);
        assert_eq!(picture, [0x81, 0, 0, 0], "still the last block");
        let frame = logical(Codec::Flac, 3).without_comments(vec![0xFF, 0xF8, 1]);
        assert_eq!(frame, [0xFF, 0xF8, 1]);
    }

    #[test]
    fn a_stream_of_another_codec_is_none() {
        for packet in [&b"\x80theora"[..], b"Speex   1.2", b"fishead\0", b"OpusHead", b"", b"\x7FFLAC"] {
            assert!(Logical::begin(packet).is_none(), "{packet:?}");
        }
    }
}
