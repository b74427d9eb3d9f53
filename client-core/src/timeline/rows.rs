//! The list itself: rows by their place, found by key, item or echo; every change of it is told.
//! It does not know what may be shown; `timeline` does.

use std::collections::BTreeMap;

use shared::{
    ErrorCode, IdempotencyKey, MediaId, Offset,
    model::media::{Media, MediaKind},
};

/// The identity of a row, for as long as this timeline lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey(pub u64);

/// What a row shows.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// An item that is being posted from here.
    Echo(Echo),
    Media(Box<Media>),
    /// Here items may be missing, and those below may be out of date: load [`Timeline::older`].
    Gap,
}

/// An item as its author sees it before the server has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Echo {
    /// The idempotency key that it is posted with.
    pub key: IdempotencyKey,
    pub kind: MediaKind,
    pub text: String,
    pub author: String,
    /// The address of a local preview of the file.
    pub preview: Option<String>,
    pub state: EchoState,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EchoState {
    Sending,
    /// It was not taken; `code` is absent where no answer came.
    Failed {
        code: Option<ErrorCode>,
        message: String,
    },
}

/// One change of the list, to be applied in the order given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimelineChange {
    /// A new row, above `before`, or at the very bottom.
    Insert {
        key: RowKey,
        before: Option<RowKey>,
    },
    /// The row shows something else at the same place.
    Update {
        key: RowKey,
    },
    /// The row goes above `before`, or to the very bottom: an echo was confirmed behind others.
    Move {
        key: RowKey,
        before: Option<RowKey>,
    },
    Remove {
        key: RowKey,
    },
}

/// The place of a row; the greatest is at the top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// By the offset that created the item; a gap lies under the item of its offset.
    At(Offset, Part),
    /// In order of posting, above all that is confirmed.
    Echo(u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Gap,
    Item,
}

impl Rank {
    pub(super) const fn gap(low: Offset) -> Self {
        Self::At(low, Part::Gap)
    }

    pub(super) const fn item(offset: Offset) -> Self {
        Self::At(offset, Part::Item)
    }
}

#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) key: RowKey,
    pub(super) row: Row,
    /// The offset at which the content was true; an older publication does not turn it back.
    pub(super) as_of: Offset,
}

/// For looking up only: nobody goes through it, so that its order is nobody's business.
#[expect(clippy::disallowed_types, reason = "less code than a BTreeMap on the way to a phone")]
type Index<K, V> = std::collections::HashMap<K, V>;

/// See the module's page.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) by_rank: BTreeMap<Rank, Slot>,
    pub(super) ranks: Index<RowKey, Rank>,
    pub(super) media: Index<MediaId, RowKey>,
    pub(super) echoes: Index<IdempotencyKey, RowKey>,
    pub(super) gap: Option<RowKey>,
    last_key: u64,
}

impl Rows {
    pub(super) const fn new_key(&mut self) -> RowKey {
        self.last_key += 1;
        RowKey(self.last_key)
    }

    pub(super) fn slot(&self, key: RowKey) -> Option<&Slot> {
        self.by_rank.get(self.ranks.get(&key)?)
    }

    /// The row under a place.
    fn below(&self, rank: Rank) -> Option<RowKey> {
        self.by_rank.range(..rank).next_back().map(|(_, slot)| slot.key)
    }

    pub(super) fn insert(&mut self, rank: Rank, slot: Slot, changes: &mut Vec<TimelineChange>) {
        let (key, before) = (slot.key, self.below(rank));
        // Two items at one offset cannot be; a peer that says so loses the older row.
        if let Some(other) = self.by_rank.insert(rank, slot) {
            self.forget(&other);
            changes.push(TimelineChange::Remove { key: other.key });
        }
        self.ranks.insert(key, rank);
        changes.push(TimelineChange::Insert { key, before });
    }

    pub(super) fn update(&mut self, key: RowKey, row: Row, as_of: Offset, changes: &mut Vec<TimelineChange>) {
        let Some(slot) = self.ranks.get(&key).and_then(|rank| self.by_rank.get_mut(rank)) else { return };
        slot.as_of = as_of;
        if slot.row != row {
            slot.row = row;
            changes.push(TimelineChange::Update { key });
        }
    }

    pub(super) fn move_to(&mut self, key: RowKey, rank: Rank, changes: &mut Vec<TimelineChange>) {
        let Some(old) = self.ranks.get(&key).copied().filter(|old| *old != rank) else { return };
        let was_above = self.below(old);
        let Some(slot) = self.by_rank.remove(&old) else { return };
        let before = self.below(rank);
        if let Some(other) = self.by_rank.insert(rank, slot) {
            self.forget(&other);
            changes.push(TimelineChange::Remove { key: other.key });
        }
        self.ranks.insert(key, rank);
        if before != was_above {
            changes.push(TimelineChange::Move { key, before });
        }
    }

    pub(super) fn remove(&mut self, key: RowKey, changes: &mut Vec<TimelineChange>) {
        if let Some(rank) = self.ranks.remove(&key) {
            self.by_rank.remove(&rank);
            changes.push(TimelineChange::Remove { key });
        }
    }

    fn forget(&mut self, slot: &Slot) {
        self.ranks.remove(&slot.key);
        match &slot.row {
            Row::Media(media) => drop(self.media.remove(&media.id)),
            Row::Echo(echo) => drop(self.echoes.remove(&echo.key)),
            Row::Gap => self.gap = None,
        }
    }
}
