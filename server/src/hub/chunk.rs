//! Publications encoded once, as the bytes that go out; every reader of every transport shares them.
//!
//! A chunk holds consecutive publications as WebSocket text frames, one after another in one buffer, so
//! that a reader who takes all of them is served by a single write of a slice. SSE and poll take the texts
//! out of the same buffer. A chunk that a window has gathered also has its `batch` frame.

use std::{collections::HashMap, sync::OnceLock};

use bytes::Bytes;
use shared::{
    Offset,
    frame::{RawPublication, encode_batch_into},
};

use crate::{
    store::Appended,
    wire::{self, frame_header},
};

/// Consecutive publications of one topic, encoded.
#[derive(Debug)]
pub struct Chunk {
    from: Offset,
    to: Offset,
    single: Encoded,
    /// The whole chunk as one `batch` frame.
    batch: Option<Encoded>,
}

/// Frames, one after another, as they go out on a WebSocket.
#[derive(Debug)]
struct Encoded {
    bytes: Bytes,
    frames: Box<[FrameSpan]>,
    /// The same, with frames worth it compressed; made when the first reader who negotiated it comes.
    deflated: OnceLock<Bytes>,
}

/// Where a frame's text lies. Its header begins where the frame before it ends.
#[derive(Debug, Clone, Copy)]
struct FrameSpan {
    text: u32,
    end: u32,
}

impl Encoded {
    /// `push` is given the buffer once per frame, in order, and appends the frame's text.
    fn build(frames: usize, capacity: usize, mut push: impl FnMut(usize, &mut Vec<u8>)) -> Self {
        let mut bytes = Vec::with_capacity(capacity);
        let mut text = Vec::new();
        let spans = (0..frames)
            .map(|index| {
                text.clear();
                push(index, &mut text);
                bytes.extend_from_slice(&frame_header(wire::OP_TEXT, text.len()));
                let start = bytes.len() as u32;
                bytes.extend_from_slice(&text);
                FrameSpan { text: start, end: bytes.len() as u32 }
            })
            .collect();
        Self { bytes: bytes.into(), frames: spans, deflated: OnceLock::new() }
    }

    fn text(&self, index: usize) -> &str {
        let FrameSpan { text, end } = self.frames[index];
        std::str::from_utf8(&self.bytes[text as usize..end as usize]).unwrap_or_default()
    }

    fn start(&self, index: usize) -> usize {
        index.checked_sub(1).map_or(0, |before| self.frames[before].end as usize)
    }

    fn deflated(&self) -> Bytes {
        self.deflated
            .get_or_init(|| {
                let mut out = Vec::with_capacity(self.bytes.len() / 2);
                for index in 0..self.frames.len() {
                    wire::push_text_deflated(&mut out, self.text(index));
                }
                out.into()
            })
            .clone()
    }
}

impl Chunk {
    /// Encodes consecutive publications (at least one). With `gathered` they also become one `batch` frame
    /// in which several changes to one item stand as the last of them.
    pub fn encode(publications: &[Appended], gathered: bool) -> Option<Self> {
        let (first, last) = (publications.first()?, publications.last()?);
        debug_assert_eq!(last.offset.0 - first.offset.0 + 1, publications.len() as u64);
        let capacity = publications.iter().map(|entry| entry.payload.len() + 200).sum();
        let single = Encoded::build(publications.len(), capacity, |index, text| {
            raw(&publications[index]).encode_into(text);
        });
        let batch = (gathered && publications.len() > 1).then(|| {
            let entries = coalesce(publications);
            Encoded::build(1, capacity, |_, text| {
                let topic = first.topic.as_str();
                encode_batch_into(
                    text,
                    topic,
                    first.offset,
                    last.offset,
                    entries.iter().map(|entry| raw(entry)),
                );
            })
        });
        Some(Self { from: first.offset, to: last.offset, single, batch })
    }

    /// The first offset in it.
    pub fn from(&self) -> Offset {
        self.from
    }

    /// The last offset in it.
    pub fn to(&self) -> Offset {
        self.to
    }

    /// Bytes held by the encodings.
    pub fn size_bytes(&self) -> usize {
        self.single.bytes.len() + self.batch.as_ref().map_or(0, |batch| batch.bytes.len())
    }
}

/// The last change of each item, and every change that is about none, in order.
fn coalesce(publications: &[Appended]) -> Vec<&Appended> {
    let mut last: HashMap<&str, usize> = HashMap::new();
    for (index, entry) in publications.iter().enumerate() {
        if let Some(item) = &entry.item {
            last.insert(item, index);
        }
    }
    let is_last = |index: usize, entry: &Appended| {
        entry.item.as_deref().is_none_or(|item| last.get(item) == Some(&index))
    };
    publications
        .iter()
        .enumerate()
        .filter(|(index, entry)| is_last(*index, entry))
        .map(|(_, entry)| entry)
        .collect()
}

fn raw(entry: &Appended) -> RawPublication<'_> {
    RawPublication {
        topic: entry.topic.as_str(),
        offset: entry.offset,
        id: entry.id.as_str(),
        timestamp: entry.timestamp.as_str(),
        type_name: &entry.type_name,
        payload: &entry.payload,
    }
}

/// What a reader takes: a chunk from some offset to its end.
#[derive(Debug, Clone)]
pub struct Slice {
    chunk: std::sync::Arc<Chunk>,
    /// Index of the first publication taken.
    skip: usize,
}

impl Slice {
    /// What follows `after` in the chunk; `None` if nothing of it does, or not without a hole.
    pub fn after(chunk: &std::sync::Arc<Chunk>, after: Offset) -> Option<Self> {
        if after.next() < chunk.from || after >= chunk.to {
            return None;
        }
        Some(Self { chunk: chunk.clone(), skip: (after.next().0 - chunk.from.0) as usize })
    }

    /// The last offset that the slice covers.
    pub fn to(&self) -> Offset {
        self.chunk.to
    }

    /// How many publications the slice covers.
    pub fn publications(&self) -> u64 {
        self.chunk.to.0 - self.chunk.from.0 + 1 - self.skip as u64
    }

    /// A reader who takes the whole chunk takes the `batch` frame, where there is one.
    fn encoded(&self) -> (&Encoded, usize) {
        match &self.chunk.batch {
            Some(batch) if self.skip == 0 => (batch, 0),
            _ => (&self.chunk.single, self.skip),
        }
    }

    /// Frames in the slice.
    pub fn frames(&self) -> usize {
        let (encoded, skip) = self.encoded();
        encoded.frames.len() - skip
    }

    /// As it goes out on a WebSocket. A part of a chunk goes out uncompressed, which the extension allows
    /// for every message.
    pub fn websocket_bytes(&self, deflate: bool) -> Bytes {
        let (encoded, skip) = self.encoded();
        match (deflate, skip) {
            (true, 0) => encoded.deflated(),
            (false, 0) => encoded.bytes.clone(),
            _ => encoded.bytes.slice(encoded.start(skip)..),
        }
    }

    /// The texts of its frames, each with the offset that it takes a reader to.
    pub fn texts(&self) -> impl Iterator<Item = (Offset, &str)> {
        let (encoded, skip) = self.encoded();
        let whole = self.chunk.batch.is_some() && self.skip == 0;
        (skip..encoded.frames.len()).map(move |index| {
            let offset = if whole { self.chunk.to } else { Offset(self.chunk.from.0 + index as u64) };
            (offset, encoded.text(index))
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::{borrow::Cow, sync::Arc};

    use shared::ServerFrame;

    use super::*;

    pub(crate) fn appended(offset: u64, item: &str) -> Appended {
        Appended {
            topic: "event:e1".parse().unwrap(),
            epoch: "k".parse().unwrap(),
            offset: Offset(offset),
            id: format!("p{offset}").parse().unwrap(),
            timestamp: crate::time::timestamp(0),
            type_name: Cow::Borrowed("media:delete"),
            item: Some(format!("media:{item}")),
            payload: format!(r#"{{"mediaId":"{item}"}}"#),
            effect: crate::store::Effect::None,
        }
    }

    fn texts(slice: &Slice) -> Vec<(u64, ServerFrame)> {
        slice.texts().map(|(offset, text)| (offset.0, ServerFrame::decode(text).unwrap())).collect()
    }

    #[test]
    fn a_reader_in_the_middle_takes_the_rest_one_by_one() {
        let entries: Vec<_> = (5..=9).map(|offset| appended(offset, "m")).collect();
        let chunk = Arc::new(Chunk::encode(&entries, true).unwrap());
        assert!(Slice::after(&chunk, Offset(3)).is_none(), "there would be a hole");
        assert!(Slice::after(&chunk, Offset(9)).is_none(), "nothing is left");
        let rest = Slice::after(&chunk, Offset(7)).unwrap();
        assert_eq!(texts(&rest).iter().map(|(offset, _)| *offset).collect::<Vec<_>>(), [8, 9]);
        assert_eq!((rest.publications(), rest.frames(), rest.to()), (2, 2, Offset(9)));
        let bytes = rest.websocket_bytes(false);
        assert!(bytes.ends_with(br#""payload":{"mediaId":"m"}}"#));
        assert_eq!(bytes[0], 0x81);
    }

    #[test]
    fn e12_several_changes_to_one_item_go_out_as_the_last() {
        let entries = [appended(1, "a"), appended(2, "b"), appended(3, "a")];
        let chunk = Arc::new(Chunk::encode(&entries, true).unwrap());
        let whole = Slice::after(&chunk, Offset::ZERO).unwrap();
        assert_eq!(whole.publications(), 3);
        let [(3, ServerFrame::Batch(_, batch))] = &texts(&whole)[..] else { panic!("not one batch") };
        assert_eq!((batch.from, batch.to), (Offset(1), Offset(3)));
        assert_eq!(batch.publications.iter().map(|p| p.offset.0).collect::<Vec<_>>(), [2, 3]);
    }

    #[test]
    fn a_publication_alone_is_no_batch() {
        let chunk = Arc::new(Chunk::encode(&[appended(1, "a")], true).unwrap());
        let whole = Slice::after(&chunk, Offset::ZERO).unwrap();
        assert!(matches!(&texts(&whole)[..], [(1, ServerFrame::Publication(_))]));
    }
}
