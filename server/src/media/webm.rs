//! `WebM` (Matroska, RFC 9559, in the subset of webmproject.org). Finds size, rotation and playing time,
//! and turns what is not needed for playing (tags, attachments, chapters, title, date) into `Void`
//! elements of the same length, so that nothing moves.

use std::fs::File;

use super::{
    error::IngestError,
    format::Format,
    reader::{Facts, Reader},
};

/// Most elements that are visited; a browser's recording has some fifty a second.
const ELEMENTS: usize = 5_000_000;
/// Largest `Info` or `Tracks`, in bytes.
const HEADER_BYTES: u64 = 1024 * 1024;

mod id {
    pub(super) const EBML: u32 = 0x1A45_DFA3;
    pub(super) const DOC_TYPE: u32 = 0x4282;
    pub(super) const SEGMENT: u32 = 0x1853_8067;
    pub(super) const SEEK_HEAD: u32 = 0x114D_9B74;
    pub(super) const CUES: u32 = 0x1C53_BB6B;
    pub(super) const VOID: u32 = 0xEC;
    pub(super) const INFO: u32 = 0x1549_A966;
    pub(super) const TIMESTAMP_SCALE: u32 = 0x2A_D7B1;
    pub(super) const DURATION: u32 = 0x4489;
    pub(super) const MUXING_APP: u32 = 0x4D80;
    pub(super) const WRITING_APP: u32 = 0x5741;
    pub(super) const TRACKS: u32 = 0x1654_AE6B;
    pub(super) const TRACK_ENTRY: u32 = 0xAE;
    pub(super) const TRACK_TYPE: u32 = 0x83;
    pub(super) const CODEC_ID: u32 = 0x86;
    pub(super) const VIDEO: u32 = 0xE0;
    pub(super) const PIXEL_WIDTH: u32 = 0xB0;
    pub(super) const PIXEL_HEIGHT: u32 = 0xBA;
    pub(super) const PROJECTION: u32 = 0x7670;
    pub(super) const POSE_ROLL: u32 = 0x7675;
    pub(super) const CLUSTER: u32 = 0x1F43_B675;
    pub(super) const TIMESTAMP: u32 = 0xE7;
    pub(super) const SIMPLE_BLOCK: u32 = 0xA3;
    pub(super) const BLOCK_GROUP: u32 = 0xA0;
    pub(super) const BLOCK: u32 = 0xA1;
}

/// Where an element lies. `start..body` is its header, `body..end` its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Element {
    id: u32,
    start: u64,
    body: u64,
    /// `None` where the size is marked unknown, as live recorders do.
    end: Option<u64>,
}

impl Element {
    /// Reads a header from `head`, which begins at `start` of the file.
    fn parse(head: &[u8], start: u64) -> Option<Self> {
        let id_bytes = head.first()?.leading_zeros() as usize + 1;
        if id_bytes > 4 {
            return None;
        }
        let id = head.get(..id_bytes)?.iter().fold(0, |id, byte| id << 8 | u32::from(*byte));
        let size = head.get(id_bytes..)?;
        let size_bytes = size.first()?.leading_zeros() as usize + 1;
        let mask = 0x7F_u64 >> (size_bytes - 1).min(7);
        let value = size
            .get(1..size_bytes)?
            .iter()
            .fold(u64::from(*size.first()?) & mask, |value, byte| value << 8 | u64::from(*byte));
        if size_bytes > 8 {
            return None;
        }
        let unknown = value == (1_u64 << (7 * size_bytes)) - 1;
        let body = start + (id_bytes + size_bytes) as u64;
        let end = if unknown { None } else { Some(body.checked_add(value)?) };
        Some(Self { id, start, body, end })
    }

    /// The header of a `Void` element that takes exactly the room of this one. The end must be known.
    fn as_void(&self, end: u64) -> Vec<u8> {
        let header = (self.body - self.start) as usize;
        let size_bytes = (header - 1).min(8);
        let payload = end - self.start - 1 - size_bytes as u64;
        let mut bytes = vec![id::VOID as u8];
        let marked = payload | 1_u64 << (7 * size_bytes);
        bytes.extend_from_slice(&marked.to_be_bytes()[8 - size_bytes..]);
        bytes
    }
}

/// The elements directly in `bytes`; positions count from its beginning.
fn children(bytes: &[u8]) -> Result<Vec<(Element, &[u8])>, IngestError> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let element = Element::parse(&bytes[at..], at as u64)
            .ok_or_else(|| IngestError::damaged("an element cannot be read"))?;
        let end = element.end.unwrap_or(u64::MAX);
        let payload = usize::try_from(end).ok().and_then(|end| bytes.get(element.body as usize..end));
        let payload = payload.ok_or_else(|| IngestError::damaged("an element overlaps another"))?;
        at = end as usize;
        found.push((element, payload));
    }
    Ok(found)
}

fn unsigned(payload: &[u8]) -> u64 {
    payload.iter().take(8).fold(0, |value, byte| value << 8 | u64::from(*byte))
}

fn float(payload: &[u8]) -> Option<f64> {
    match payload.len() {
        4 => Some(f64::from(f32::from_be_bytes(payload.try_into().ok()?))),
        8 => Some(f64::from_be_bytes(payload.try_into().ok()?)),
        _ => None,
    }
}

#[derive(Debug)]
struct Movie {
    /// Nanoseconds per unit of time.
    scale_ns: u64,
    /// In units of time, as the header says.
    duration: Option<f64>,
    /// The latest time seen in the clusters, in units of time.
    latest: u64,
    size: Option<(u32, u32)>,
    tracks: usize,
    clusters: usize,
}

/// Takes the metadata out of `file` and says what is in it.
pub(super) fn scrub(file: &File) -> Result<Facts, IngestError> {
    let mut reader = Reader::new(file)?;
    let header = element_at(&mut reader, 0)?;
    let header_end = header.end.unwrap_or(u64::MAX);
    let bytes = reader.bytes(header.body, header_end, 4096)?;
    let is_webm = header.id == id::EBML
        && children(&bytes)?
            .iter()
            .any(|(element, payload)| element.id == id::DOC_TYPE && *payload == b"webm");
    if !is_webm {
        return Err(IngestError::Unsupported("this is Matroska, but not WebM"));
    }
    let segment = element_at(&mut reader, header_end)?;
    if segment.id != id::SEGMENT {
        return Err(IngestError::damaged("it has no segment"));
    }
    let end = segment.end.unwrap_or(reader.length());
    if end > reader.length() {
        return Err(IngestError::damaged("it ends too early"));
    }
    let mut movie =
        Movie { scale_ns: 1_000_000, duration: None, latest: 0, size: None, tracks: 0, clusters: 0 };
    walk(&mut reader, segment.body, end, &mut movie)?;
    // What follows the segment is of no use to a player.
    let length = reader.length();
    reader.wipe(end, length)?;
    movie.facts()
}

fn element_at(reader: &mut Reader<'_>, at: u64) -> Result<Element, IngestError> {
    let head = reader.bytes(at, reader.length().min(at.saturating_add(12)), 12)?;
    Element::parse(&head, at).ok_or_else(|| IngestError::damaged("an element cannot be read"))
}

/// Goes through the segment, and through clusters as if their content stood in it: a cluster of unknown
/// size ends where the next element of the segment begins.
fn walk(reader: &mut Reader<'_>, start: u64, end: u64, movie: &mut Movie) -> Result<(), IngestError> {
    let (mut at, mut elements, mut cluster_time) = (start, 0, 0);
    while at < end {
        elements += 1;
        let element = element_at(reader, at)?;
        if element.id == id::CLUSTER {
            movie.clusters += 1;
            at = match element.end {
                Some(past) if past > end => return Err(IngestError::damaged("it ends too early")),
                Some(past) if movie.duration.is_some() => past,
                _ => element.body,
            };
            continue;
        }
        let past = element.end.filter(|past| *past <= end && elements <= ELEMENTS);
        let past = past.ok_or_else(|| IngestError::damaged("it ends too early"))?;
        match element.id {
            id::INFO => movie.read_info(reader, element, past)?,
            id::TRACKS => movie.read_tracks(&reader.bytes(element.body, past, HEADER_BYTES)?)?,
            id::TIMESTAMP => {
                cluster_time = unsigned(&reader.bytes(element.body, past, 8)?);
                movie.latest = movie.latest.max(cluster_time);
            }
            id::SIMPLE_BLOCK | id::BLOCK => {
                let head = reader.bytes(element.body, past.min(element.body + 12), 12)?;
                let track_bytes = head.first().map_or(1, |byte| byte.leading_zeros() as usize + 1);
                if let Some([high, low]) = head.get(track_bytes..track_bytes + 2) {
                    let relative = i64::from(i16::from_be_bytes([*high, *low]));
                    movie.latest = movie.latest.max(cluster_time.saturating_add_signed(relative));
                }
            }
            // Its content is looked at as if it stood here.
            id::BLOCK_GROUP => {
                at = element.body;
                continue;
            }
            id::SEEK_HEAD | id::CUES => {}
            // Elements of a cluster or of a group that hold nothing but timing and the like.
            known if is_in_cluster(known) => {}
            _ => make_void(reader, element, past)?,
        }
        at = past;
    }
    Ok(())
}

/// `Position`, `PrevSize`, `BlockDuration`, `ReferenceBlock`, `DiscardPadding`, `BlockAdditions` (alpha).
fn is_in_cluster(id: u32) -> bool {
    matches!(id, 0xA7 | 0xAB | 0x9B | 0xFB | 0x75A2 | 0x75A1)
}

fn make_void(reader: &mut Reader<'_>, element: Element, end: u64) -> Result<(), IngestError> {
    let header = element.as_void(end);
    reader.overwrite(element.start, &header)?;
    reader.wipe(element.start + header.len() as u64, end)
}

impl Movie {
    fn read_info(&mut self, reader: &mut Reader<'_>, info: Element, end: u64) -> Result<(), IngestError> {
        let bytes = reader.bytes(info.body, end, HEADER_BYTES)?;
        for (element, payload) in children(&bytes)? {
            match element.id {
                id::TIMESTAMP_SCALE => self.scale_ns = unsigned(payload),
                id::DURATION => {
                    self.duration = float(payload).filter(|units| units.is_finite() && *units > 0.0);
                }
                id::MUXING_APP | id::WRITING_APP => {}
                // Title, date, file names, and a checksum that is no longer right.
                _ => {
                    let shift = info.body;
                    let there =
                        Element { start: element.start + shift, body: element.body + shift, ..element };
                    make_void(reader, there, shift + element.end.unwrap_or(0))?;
                }
            }
        }
        Ok(())
    }

    fn read_tracks(&mut self, bytes: &[u8]) -> Result<(), IngestError> {
        for (_, entry) in children(bytes)?.into_iter().filter(|(element, _)| element.id == id::TRACK_ENTRY) {
            let fields = children(entry)?;
            let field = |id| fields.iter().find(|(element, _)| element.id == id).map(|(_, payload)| *payload);
            let codec = field(id::CODEC_ID).unwrap_or_default();
            let is_played = [&b"V_VP8"[..], b"V_VP9", b"V_AV1", b"A_OPUS", b"A_VORBIS"].contains(&codec);
            match field(id::TRACK_TYPE).map(unsigned) {
                Some(1 | 2) if !is_played => {
                    return Err(IngestError::Unsupported("this WebM has a codec that browsers do not play"));
                }
                Some(1) if self.size.is_none() => {
                    self.size = field(id::VIDEO).map(shown_size).transpose()?.flatten();
                    self.tracks += 1;
                }
                Some(1 | 2) => self.tracks += 1,
                _ => {}
            }
        }
        Ok(())
    }

    fn facts(&self) -> Result<Facts, IngestError> {
        if self.tracks == 0 {
            return Err(IngestError::damaged("it has no tracks"));
        }
        if self.clusters == 0 {
            return Err(IngestError::damaged("it has no media data"));
        }
        let units = self.duration.unwrap_or(self.latest as f64);
        // Saturates: a float beyond the range becomes the nearest end of it.
        let duration_ms = (units * self.scale_ns as f64 / 1e6).round() as u64;
        Ok(Facts {
            format: Format::Webm,
            size: self.size,
            duration_ms: Some(duration_ms).filter(|ms| *ms > 0),
        })
    }
}

fn shown_size(video: &[u8]) -> Result<Option<(u32, u32)>, IngestError> {
    let fields = children(video)?;
    let field = |id| fields.iter().find(|(element, _)| element.id == id).map(|(_, payload)| *payload);
    let pixels =
        |id| field(id).map(unsigned).and_then(|value| u32::try_from(value).ok()).filter(|value| *value > 0);
    let roll = match field(id::PROJECTION) {
        Some(projection) => children(projection)?
            .into_iter()
            .find(|(element, _)| element.id == id::POSE_ROLL)
            .and_then(|(_, payload)| float(payload)),
        None => None,
    };
    let size = pixels(id::PIXEL_WIDTH).zip(pixels(id::PIXEL_HEIGHT));
    let turned = roll.is_some_and(|degrees| (degrees.abs() - 90.0).abs() < 1.0);
    Ok(size.map(|(width, height)| if turned { (height, width) } else { (width, height) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_by_their_leading_zeros() {
        let element = Element::parse(&[0x42, 0x82, 0x84], 10).unwrap();
        assert_eq!(element, Element { id: id::DOC_TYPE, start: 10, body: 13, end: Some(17) });
        let live =
            Element::parse(&[0x18, 0x53, 0x80, 0x67, 0x01, 255, 255, 255, 255, 255, 255, 255], 0).unwrap();
        assert_eq!(live, Element { id: id::SEGMENT, start: 0, body: 12, end: None });
        for bad in
            [&[][..], &[0x08], &[0xEC], &[0xEC, 0x40], &[0xEC, 0x00, 0, 0, 0, 0, 0, 0, 0, 0], &[0, 0x81]]
        {
            assert_eq!(Element::parse(bad, 0), None, "{bad:02X?}");
        }
    }

    #[test]
    fn a_void_takes_the_very_same_room() {
        for (head, payload) in [
            (&[0x12, 0x54, 0xC3, 0x67, 0x85][..], 5),
            (&[0x12, 0x54, 0xC3, 0x67, 0x01, 0, 0, 0, 0, 0, 0, 9], 9),
            (&[0xBF, 0x84], 4),
            (&[0x12, 0x54, 0xC3, 0x67, 0x80], 0),
        ] {
            let tags = Element::parse(head, 100).unwrap();
            let end = tags.end.unwrap();
            assert_eq!(end, 100 + head.len() as u64 + payload);
            let void = Element::parse(&tags.as_void(end), 100).unwrap();
            assert_eq!((void.id, void.end), (id::VOID, Some(end)));
        }
    }
}
