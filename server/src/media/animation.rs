//! Pictures that move, GIF (`GIF89a`) and WebP (RFC 9649): told from still ones, and rewritten without
//! comments, EXIF and XMP. They are the only pictures that are stored as they came otherwise.

use super::error::IngestError;

/// What the blocks of a file are, once they have been gone through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scrubbed {
    /// The file without metadata.
    pub(super) bytes: Vec<u8>,
    pub(super) frames: u32,
}

/// A cursor over bytes that cannot leave them.
#[derive(Debug)]
struct Input<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Input<'b> {
    fn take(&mut self, count: usize) -> Result<&'b [u8], IngestError> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| IngestError::damaged("it ends too early"))?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, IngestError> {
        Ok(self.take(1)?[0])
    }

    /// A GIF's chain of sub-blocks, up to and with its empty last one.
    fn sub_blocks(&mut self) -> Result<(), IngestError> {
        loop {
            match self.byte()? {
                0 => return Ok(()),
                length => self.take(length.into())?,
            };
        }
    }
}

/// Bytes of the color table that the packed field announces.
fn color_table(packed: u8) -> usize {
    if packed & 0x80 == 0 { 0 } else { 3 << ((packed & 7) + 1) }
}

/// Goes through a GIF; keeps frames, their timing and the loop count, drops comments, plain text and
/// every other application's extension (XMP comes as one).
pub(super) fn scrub_gif(bytes: &[u8]) -> Result<Scrubbed, IngestError> {
    let mut input = Input { bytes, at: 0 };
    let packed = input.take(13)?[10];
    input.take(color_table(packed))?;
    let mut kept = bytes[..input.at].to_vec();
    let mut frames = 0;
    loop {
        let start = input.at;
        let keeps = match input.byte()? {
            0x3B => {
                kept.push(0x3B);
                return Ok(Scrubbed { bytes: kept, frames });
            }
            0x2C => {
                frames += 1;
                let packed = input.take(9)?[8];
                input.take(color_table(packed) + 1)?;
                input.sub_blocks()?;
                true
            }
            0x21 => {
                let label = input.byte()?;
                let body = input.at;
                input.sub_blocks()?;
                let is_loop_count = || {
                    let name = bytes.get(body..body + 12);
                    name == Some(b"\x0BNETSCAPE2.0") || name == Some(b"\x0BANIMEXTS1.0")
                };
                label == 0xF9 || (label == 0xFF && is_loop_count())
            }
            _ => return Err(IngestError::damaged("a block is of no known kind")),
        };
        if keeps {
            kept.extend_from_slice(&bytes[start..input.at]);
        }
    }
}

/// Goes through the chunks of a WebP; keeps pixels, timing and colour profile, drops EXIF, XMP and
/// chunks that the format does not know.
pub(super) fn scrub_webp(bytes: &[u8]) -> Result<Scrubbed, IngestError> {
    let said = u32_at(bytes, 4).unwrap_or(u32::MAX) as usize;
    let whole = said.checked_add(8).and_then(|end| bytes.get(..end));
    let whole = whole.ok_or_else(|| IngestError::damaged("it ends too early"))?;
    let mut kept = whole.get(..12).ok_or_else(|| IngestError::damaged("it ends too early"))?.to_vec();
    let mut frames = 0;
    for (kind, payload) in chunks(&whole[12..])? {
        match kind {
            b"VP8X" => {
                let mut flags = payload.to_vec();
                if let Some(first) = flags.first_mut() {
                    // Neither EXIF nor XMP any more.
                    *first &= !0x0C;
                }
                push_chunk(&mut kept, *kind, &flags);
            }
            b"ANMF" => {
                frames += 1;
                let (head, inner) = payload
                    .split_at_checked(16)
                    .ok_or_else(|| IngestError::damaged("a frame has no header"))?;
                let mut frame = head.to_vec();
                for (kind, payload) in chunks(inner)? {
                    if matches!(kind, b"ALPH" | b"VP8 " | b"VP8L") {
                        push_chunk(&mut frame, *kind, payload);
                    }
                }
                push_chunk(&mut kept, *kind, &frame);
            }
            b"ICCP" | b"ANIM" | b"ALPH" | b"VP8 " | b"VP8L" => push_chunk(&mut kept, *kind, payload),
            _ => {}
        }
    }
    let size = (kept.len() - 8) as u32;
    kept[4..8].copy_from_slice(&size.to_le_bytes());
    Ok(Scrubbed { bytes: kept, frames })
}

/// Kind and payload.
type Chunk<'b> = (&'b [u8; 4], &'b [u8]);

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn chunks(bytes: &[u8]) -> Result<Vec<Chunk<'_>>, IngestError> {
    let mut input = Input { bytes, at: 0 };
    let mut found = Vec::new();
    while let Some(kind) = bytes.get(input.at..).and_then(|rest| rest.first_chunk()) {
        let length =
            u32_at(bytes, input.at + 4).ok_or_else(|| IngestError::damaged("it ends too early"))? as usize;
        input.take(8)?;
        found.push((kind, input.take(length)?));
        // Chunks begin at even places; the last may lack its padding.
        input.at = (input.at + length % 2).min(bytes.len());
    }
    Ok(found)
}

fn push_chunk(out: &mut Vec<u8>, kind: [u8; 4], payload: &[u8]) {
    out.extend_from_slice(&kind);
    out.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    out.extend_from_slice(payload);
    if payload.len() % 2 == 1 {
        out.push(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_short_is_damaged_and_never_more() {
        let gif = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xFF\xFF\xFF\x21\xFE\x05hello\0\x2C\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3B";
        let scrubbed = scrub_gif(gif).unwrap();
        assert_eq!((scrubbed.frames, scrubbed.bytes.len()), (1, gif.len() - 9));
        for end in 0..gif.len() {
            assert!(scrub_gif(&gif[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn webp_chunks_of_others_go() {
        let mut webp = b"RIFF\0\0\0\0WEBP".to_vec();
        push_chunk(&mut webp, *b"VP8X", &[0x0E, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        push_chunk(&mut webp, *b"EXIF", b"GPS");
        let frame = [&[0; 16][..], b"XMP \x04\0\0\0home", b"VP8L\x01\0\0\0\x2F\0"].concat();
        push_chunk(&mut webp, *b"ANMF", &frame);
        let size = (webp.len() - 8) as u32;
        webp[4..8].copy_from_slice(&size.to_le_bytes());
        let scrubbed = scrub_webp(&webp).unwrap();
        assert_eq!(scrubbed.frames, 1);
        assert_eq!(scrubbed.bytes[20], 0x02, "animation stays, EXIF and XMP are unset");
        let text = String::from_utf8_lossy(&scrubbed.bytes).into_owned();
        assert!(!text.contains("GPS") && !text.contains("home") && text.contains("VP8L"));
        assert!(scrub_webp(&webp[..webp.len() - 1]).is_err());
    }
}
