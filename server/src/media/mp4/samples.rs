//! Where the samples of a track lie in the file, for tracks that go: without their samples they would
//! only be hidden. Believes no table further than the media data reach.

use super::{Place, child, u32_at, u64_at};
use crate::media::{error::IngestError, reader::Reader};

/// Most runs of samples that are zeroed in one file.
pub(super) const MOST_RUNS: usize = 200_000;

/// Where the samples of a track lie in the file: chunk offsets, samples per chunk and sample sizes put
/// together (§8.6, §8.7). A track without these tables has none.
pub(super) fn runs(bytes: &[u8], trak: Place) -> Result<Vec<(u64, u64)>, IngestError> {
    let mut place = trak;
    for kind in [*b"mdia", *b"minf", *b"stbl"] {
        let Some(inner) = child(bytes, place, kind)? else { return Ok(Vec::new()) };
        place = inner;
    }
    let table = |kind| child(bytes, place, kind).map(|found| found.map(|place| place.payload(bytes)));
    let (sizes, spread) = (table(*b"stsz")?.unwrap_or_default(), table(*b"stsc")?.unwrap_or_default());
    let offsets: Vec<u64> = match (table(*b"stco")?, table(*b"co64")?) {
        (Some(short), _) => entries(short, 4).map(|at| u64::from(u32_at(short, at).unwrap_or(0))).collect(),
        (None, Some(long)) => entries(long, 8).map(|at| u64_at(long, at).unwrap_or(0)).collect(),
        (None, None) => Vec::new(),
    };
    let per_chunk: Vec<(u64, u64)> = entries(spread, 12)
        .filter_map(|at| Some((u64::from(u32_at(spread, at)?), u64::from(u32_at(spread, at + 4)?))))
        .collect();
    let one_size = u64::from(u32_at(sizes, 4).unwrap_or(0));
    let (mut runs, mut sample, mut rule) = (Vec::new(), 0_usize, 0);
    for (chunk, offset) in offsets.into_iter().enumerate().take(MOST_RUNS + 1) {
        while per_chunk.get(rule + 1).is_some_and(|(first, _)| *first <= chunk as u64 + 1) {
            rule += 1;
        }
        let samples = per_chunk.get(rule).map_or(0, |(_, samples)| *samples);
        let mut length = 0_u64;
        if one_size > 0 {
            length = one_size.saturating_mul(samples);
        } else {
            for _ in 0..samples {
                let Some(size) = u32_at(sizes, 12 + sample * 4) else { break };
                length += u64::from(size);
                sample += 1;
            }
        }
        runs.push((offset, offset.saturating_add(length)));
    }
    Ok(runs)
}

/// Positions of the entries of a table that begins with version, flags and a count.
fn entries(table: &[u8], entry_bytes: usize) -> impl Iterator<Item = usize> {
    let said = u32_at(table, 4).unwrap_or(0) as usize;
    let there = table.len().saturating_sub(8) / entry_bytes;
    (0..said.min(there)).map(move |index| 8 + index * entry_bytes)
}

/// Zeroes the runs as far as they lie in media data, and at most as many bytes as there are.
pub(super) fn wipe(reader: &mut Reader<'_>, runs: &[(u64, u64)], media: &[Place]) -> Result<(), IngestError> {
    let mut left: u64 = media.iter().map(|place| place.end - place.body).sum();
    for (start, end) in runs {
        // Media data is in ascending order of place.
        let index = media.partition_point(|place| place.end <= *start);
        let Some(place) = media.get(index) else { continue };
        let (start, end) = ((*start).max(place.body), (*end).min(place.end));
        if start < end {
            left = left
                .checked_sub(end - start)
                .ok_or_else(|| IngestError::damaged("the samples of a track overlap"))?;
            reader.wipe(start, end)?;
        }
    }
    Ok(())
}
