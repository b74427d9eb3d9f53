//! ISO base media files (ISO/IEC 14496-12): MP4, M4A and `QuickTime`. Finds size, rotation and playing
//! time, and takes out of the file, in place and without moving a byte, what says where, when and by
//! whom it was recorded.
//!
//! A box that is not needed for playing is renamed `free` and its payload zeroed; so are whole tracks
//! that are neither picture nor sound (action cameras write the GPS position of every second there),
//! with their samples. In fragmented files such a track goes, its samples stay: no camera is known to
//! write both. Fixed levels are visited and no box descends into itself, so nesting cannot hurt.

mod samples;

use std::fs::File;

use super::{
    error::IngestError,
    format::Format,
    reader::{Facts, Reader, to_ms},
};

/// Most boxes at the top of a file; a fragment a second makes two.
const TOP_BOXES: usize = 200_000;
/// Largest `moov` or `moof`, in bytes.
const HEADER_BYTES: u64 = 16 * 1024 * 1024;

const TOP_KEPT: &[&[u8; 4]] =
    &[b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"sidx", b"ssix", b"mfra", b"pdin", b"prft"];
const MOOV_KEPT: &[&[u8; 4]] = &[b"mvhd", b"trak", b"mvex", b"iods"];
const TRAK_KEPT: &[&[u8; 4]] = &[b"tkhd", b"edts", b"mdia", b"tref"];
const MDIA_KEPT: &[&[u8; 4]] = &[b"mdhd", b"hdlr", b"minf", b"elng"];
const MINF_KEPT: &[&[u8; 4]] = &[b"vmhd", b"smhd", b"hdlr", b"dinf", b"stbl", b"nmhd", b"gmhd"];
const MOOF_KEPT: &[&[u8; 4]] = &[b"mfhd", b"traf"];
const TRAF_DROPPED: &[&[u8; 4]] = &[b"udta", b"meta", b"uuid"];

/// Where a box lies. `start..body` is its header, `body..end` its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    kind: [u8; 4],
    start: u64,
    body: u64,
    end: u64,
}

impl Place {
    fn is_one_of(&self, kinds: &[&[u8; 4]]) -> bool {
        kinds.iter().any(|kind| **kind == self.kind)
    }

    /// Reads a header at `start` of something that ends at `limit`. `head` is what stands there, as much
    /// as there is of the sixteen bytes that a header can take.
    fn parse(head: &[u8], start: u64, limit: u64) -> Option<Self> {
        let size = u32::from_be_bytes(*head.first_chunk()?);
        let kind = *head.get(4..)?.first_chunk()?;
        let (header, size) = match size {
            0 => (8, limit.checked_sub(start)?),
            1 => (16, u64::from_be_bytes(*head.get(8..)?.first_chunk()?)),
            size => (8, u64::from(size)),
        };
        let end = start.checked_add(size)?;
        (size >= header && end <= limit).then_some(Self { kind, start, body: start + header, end })
    }

    /// The same place inside of `bytes`, which begins where positions count from.
    fn payload<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        bytes.get(self.body as usize..self.end as usize).unwrap_or_default()
    }

    fn blank(&self, bytes: &mut [u8]) {
        if let Some(kind) = bytes.get_mut(self.start as usize + 4..self.start as usize + 8) {
            kind.copy_from_slice(b"free");
        }
        if let Some(payload) = bytes.get_mut(self.body as usize..self.end as usize) {
            payload.fill(0);
        }
    }
}

/// The boxes directly in `start..end` of `bytes`. Stops where less than a header is left, which
/// `QuickTime` allows.
fn children(bytes: &[u8], start: u64, end: u64) -> Result<Vec<Place>, IngestError> {
    let mut found = Vec::new();
    let mut at = start;
    while at + 8 <= end {
        let head = bytes.get(at as usize..end.min(at + 16) as usize).unwrap_or_default();
        let place =
            Place::parse(head, at, end).ok_or_else(|| IngestError::damaged("a box overlaps another"))?;
        at = place.end;
        found.push(place);
    }
    Ok(found)
}

/// The first box of a kind directly in `parent`.
fn child(bytes: &[u8], parent: Place, kind: [u8; 4]) -> Result<Option<Place>, IngestError> {
    Ok(children(bytes, parent.body, parent.end)?.into_iter().find(|place| place.kind == kind))
}

/// Blanks every box in `parent` that is not one of `kept`, and returns those that are.
fn keep(bytes: &mut [u8], parent: Place, kept: &[&[u8; 4]]) -> Result<Vec<Place>, IngestError> {
    let mut places = children(bytes, parent.body, parent.end)?;
    places.retain(|place| {
        let stays = place.is_one_of(kept);
        if !stays {
            place.blank(bytes);
        }
        stays
    });
    Ok(places)
}

/// What the movie header and its tracks tell.
#[derive(Debug, Default)]
struct Movie {
    /// Units per second of `duration`.
    timescale: u64,
    duration: u64,
    size: Option<(u32, u32)>,
    has_sound: bool,
    has_picture: bool,
    /// Runs of bytes in the file that belong to tracks that go.
    dropped: Vec<(u64, u64)>,
}

/// Takes the metadata out of `file` and says what is in it.
pub(super) fn scrub(file: &File) -> Result<Facts, IngestError> {
    let mut reader = Reader::new(file)?;
    let length = reader.length();
    let mut movie: Option<Movie> = None;
    let mut media: Vec<Place> = Vec::new();
    let (mut at, mut boxes) = (0, 0);
    while at < length {
        boxes += 1;
        let head = reader.bytes(at, length.min(at + 16), 16)?;
        let place = match Place::parse(&head, at, length) {
            Some(place) if boxes <= TOP_BOXES => place,
            // Some phones append a trailer of their own that is no box.
            _ if movie.is_some() && !media.is_empty() && !head.get(4..8).is_some_and(is_needed) => {
                reader.wipe(at, length)?;
                break;
            }
            _ => return Err(IngestError::damaged("a box is longer than the file")),
        };
        match &place.kind {
            b"moov" if movie.is_none() => {
                let (bytes, found) = rewrite(&mut reader, place, scrub_movie)?;
                reader.overwrite(place.body, &bytes)?;
                movie = Some(found);
            }
            b"moov" => return Err(IngestError::damaged("it has two movie headers")),
            b"moof" => {
                let (bytes, ()) = rewrite(&mut reader, place, scrub_fragment)?;
                reader.overwrite(place.body, &bytes)?;
            }
            b"mdat" => media.push(place),
            _ if place.is_one_of(TOP_KEPT) => {}
            _ => {
                reader.overwrite(place.start + 4, b"free")?;
                reader.wipe(place.body, place.end)?;
            }
        }
        at = place.end;
    }
    let movie = movie.ok_or_else(|| IngestError::damaged("it has no movie header"))?;
    if media.is_empty() {
        return Err(IngestError::damaged("it has no media data"));
    }
    samples::wipe(&mut reader, &movie.dropped, &media)?;
    movie.facts()
}

fn is_needed(kind: &[u8]) -> bool {
    TOP_KEPT.iter().any(|kept| *kept == kind)
}

/// The payload of `place`, as `change` leaves it. Positions inside count from the payload.
fn rewrite<T>(
    reader: &mut Reader<'_>,
    place: Place,
    change: impl FnOnce(&mut [u8], Place) -> Result<T, IngestError>,
) -> Result<(Vec<u8>, T), IngestError> {
    let mut bytes = reader.bytes(place.body, place.end, HEADER_BYTES)?;
    let whole = Place { kind: place.kind, start: 0, body: 0, end: bytes.len() as u64 };
    let found = change(&mut bytes, whole)?;
    Ok((bytes, found))
}

fn scrub_fragment(bytes: &mut [u8], moof: Place) -> Result<(), IngestError> {
    for traf in keep(bytes, moof, MOOF_KEPT)?.into_iter().filter(|place| &place.kind == b"traf") {
        for place in children(bytes, traf.body, traf.end)? {
            if place.is_one_of(TRAF_DROPPED) {
                place.blank(bytes);
            }
        }
    }
    Ok(())
}

fn scrub_movie(bytes: &mut [u8], moov: Place) -> Result<Movie, IngestError> {
    let mut movie = Movie::default();
    for place in keep(bytes, moov, MOOV_KEPT)? {
        match &place.kind {
            b"mvhd" => {
                forget_dates(bytes, place);
                (movie.timescale, movie.duration) = timing(place.payload(bytes));
            }
            b"mvex" if movie.duration == 0 => {
                if let Some(mehd) = child(bytes, place, *b"mehd")? {
                    movie.duration = fragments_duration(mehd.payload(bytes));
                }
            }
            b"trak" => scrub_track(bytes, place, &mut movie)?,
            _ => {}
        }
    }
    Ok(movie)
}

fn scrub_track(bytes: &mut [u8], trak: Place, movie: &mut Movie) -> Result<(), IngestError> {
    let mut handler = None;
    let mut size = None;
    for place in keep(bytes, trak, TRAK_KEPT)? {
        match &place.kind {
            b"tkhd" => {
                forget_dates(bytes, place);
                size = shown_size(place.payload(bytes));
            }
            b"mdia" => {
                for inner in keep(bytes, place, MDIA_KEPT)? {
                    match &inner.kind {
                        b"mdhd" => forget_dates(bytes, inner),
                        b"hdlr" => handler = inner.payload(bytes).get(8..12).map(<[u8]>::to_vec),
                        b"minf" => drop(keep(bytes, inner, MINF_KEPT)?),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    match handler.as_deref() {
        Some(b"vide") => {
            movie.has_picture = true;
            movie.size = movie.size.or(size);
        }
        Some(b"soun") => movie.has_sound = true,
        _ => {
            let runs = samples::runs(bytes, trak)?;
            movie.dropped.extend(runs);
            if movie.dropped.len() > samples::MOST_RUNS {
                return Err(IngestError::damaged("a track has too many pieces"));
            }
            trak.blank(bytes);
        }
    }
    Ok(())
}

/// Zeroes creation and modification time of `mvhd`, `tkhd` and `mdhd`.
fn forget_dates(bytes: &mut [u8], place: Place) {
    let body = place.body as usize;
    let dates = match place.payload(bytes).first() {
        Some(1) => 16,
        _ => 8,
    };
    let end = (body + 4 + dates).min(place.end as usize);
    if let Some(dates) = bytes.get_mut(body + 4..end) {
        dates.fill(0);
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Timescale and duration of a `mvhd` (§8.2.2); all ones mean that the duration is not known.
fn timing(mvhd: &[u8]) -> (u64, u64) {
    let (timescale, duration) = match mvhd.first() {
        Some(1) => (u32_at(mvhd, 20), u64_at(mvhd, 24).filter(|duration| *duration != u64::MAX)),
        _ => (u32_at(mvhd, 12), u32_at(mvhd, 16).filter(|duration| *duration != u32::MAX).map(u64::from)),
    };
    (u64::from(timescale.unwrap_or(0)), duration.unwrap_or(0))
}

/// Duration in a `mehd` (§8.8.2).
fn fragments_duration(mehd: &[u8]) -> u64 {
    match mehd.first() {
        Some(1) => u64_at(mehd, 4),
        _ => u32_at(mehd, 4).map(u64::from),
    }
    .unwrap_or(0)
}

/// Width and height of a `tkhd` (§8.3.2), exchanged when its matrix turns by a quarter.
fn shown_size(tkhd: &[u8]) -> Option<(u32, u32)> {
    let matrix = if tkhd.first() == Some(&1) { 52 } else { 40 };
    let (a, d) = (u32_at(tkhd, matrix)?, u32_at(tkhd, matrix + 16)?);
    // 16.16 fixed point.
    let (width, height) = (u32_at(tkhd, matrix + 36)? >> 16, u32_at(tkhd, matrix + 40)? >> 16);
    let size = if a == 0 && d == 0 { (height, width) } else { (width, height) };
    (width > 0 && height > 0).then_some(size)
}

impl Movie {
    fn facts(&self) -> Result<Facts, IngestError> {
        let format = match (self.has_picture, self.has_sound) {
            (true, _) => Format::Mp4,
            (false, true) => Format::M4a,
            (false, false) => {
                return Err(IngestError::Unsupported("there is neither picture nor sound in it"));
            }
        };
        let size = if self.has_picture { self.size } else { None };
        let duration_ms = to_ms(self.duration, self.timescale).filter(|ms| *ms > 0);
        Ok(Facts { format, size, duration_ms })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(head: &[u8], limit: u64) -> Option<(u64, u64)> {
        Place::parse(head, 0, limit).map(|place| (place.body, place.end))
    }

    #[test]
    fn sizes_that_lie_are_refused() {
        assert_eq!(parse(b"\0\0\0\x0Cfree....", 12), Some((8, 12)));
        assert_eq!(parse(b"\0\0\0\x00mdat", 100), Some((8, 100)), "to the end");
        assert_eq!(parse(b"\0\0\0\x01mdat\0\0\0\0\0\0\0\x10", 16), Some((16, 16)), "64 bits");
        for (head, limit) in [
            (&b"\0\0\0\x07free"[..], 100),
            (b"\0\0\0\x65free", 100),
            (b"\xFF\xFF\xFF\xFFfree", 100),
            (b"\0\0\0\x01mdat\0\0\0\0\0\0\0\x0F", 100),
            (b"\0\0\0\x01mdat\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 100),
            (b"\0\0\0\x01mdat\0\0", 100),
            (b"\0\0\0\x08fre", 100),
        ] {
            assert_eq!(parse(head, limit), None, "{head:02X?}");
        }
    }

    #[test]
    fn a_quarter_turn_exchanges_width_and_height() {
        let mut tkhd = vec![0_u8; 84];
        tkhd[76..84].copy_from_slice(&[0, 64, 0, 0, 0, 32, 0, 0]);
        tkhd[44..48].copy_from_slice(&[0, 1, 0, 0]);
        assert_eq!(shown_size(&tkhd), Some((32, 64)));
        tkhd[40..44].copy_from_slice(&[0, 1, 0, 0]);
        assert_eq!(shown_size(&tkhd), Some((64, 32)));
        assert_eq!(shown_size(&tkhd[..80]), None);
    }
}
