//! The timeline behind a page: publications, pages of a snapshot and local echoes become one list, newest
//! first, and every change of it a keyed one, so that one row of the page is touched and no other.
//!
//! A row keeps its [`RowKey`] for as long as it is the same thing to the reader: from the local echo to
//! the confirmed item, and over a snapshot that is read anew. The timeline never fetches, posts or waits.
//! Called by the page with what the client's events and the REST interface bring.
//!
//! What it knows is complete from the newest item down to a **boundary**; below it, items come by
//! [`Timeline::insert_older_page`]. Items below the boundary may be shown all the same, when they were
//! loaded before a snapshot that did not reach down to them: then a gap row stands between, and the pages
//! that fill it replace them.

mod rows;

use std::collections::BTreeMap;

use shared::{
    Change, ErrorCode, IdempotencyKey, MediaId, Offset, Position, Publication, model::media::Media,
    position::Epoch, rest::Page,
};

pub use self::rows::{Echo, EchoState, Row, RowKey, TimelineChange};
use self::rows::{Rank, Rows, Slot};

/// Most changes to unloaded items that are remembered until the page with the item comes. Past it, pages
/// that were read before the oldest of them are not taken.
pub const LATE_CHANGES_MAX: usize = 1024;

/// Where what is known ends.
#[derive(Debug, Clone)]
struct Boundary {
    /// Items from this offset on are all known.
    low: Offset,
    /// Asks the server for the page below.
    before: String,
}

/// See the module's page.
#[derive(Debug, Default)]
pub struct Timeline {
    list: Rows,
    boundary: Option<Boundary>,
    epoch: Option<Epoch>,
    /// Everything up to here has been applied.
    known_to: Offset,
    /// Changes that a page on its way may not contain yet, by their offset.
    late: BTreeMap<Offset, Late>,
    /// Every change after this offset has been seen here.
    late_from: Offset,
}

#[derive(Debug, Clone)]
enum Late {
    Changed(Box<Media>),
    Deleted(MediaId),
}

impl Timeline {
    pub fn new() -> Self {
        Self::default()
    }

    /// The rows, newest first.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = (RowKey, &Row)> {
        self.list.by_rank.values().rev().map(|slot| (slot.key, &slot.row))
    }

    pub fn get(&self, key: RowKey) -> Option<&Row> {
        self.list.by_rank.get(self.list.ranks.get(&key)?).map(|slot| &slot.row)
    }

    /// The row of an item.
    pub fn key_of(&self, media: &MediaId) -> Option<RowKey> {
        self.list.media.get(media).copied()
    }

    /// Rows of every kind.
    pub fn len(&self) -> usize {
        self.list.by_rank.len()
    }

    pub fn is_empty(&self) -> bool {
        self.list.by_rank.is_empty()
    }

    /// What to ask the server for (`before=`) to go on downwards, at the gap if there is one; `None` when
    /// everything is loaded.
    pub fn older(&self) -> Option<&str> {
        self.boundary.as_ref().map(|boundary| boundary.before.as_str())
    }

    /// Takes the first page of a snapshot: it is the truth from its oldest item upwards. The page must not
    /// be filtered.
    pub fn apply_snapshot(&mut self, page: Page<Media>) -> Vec<TimelineChange> {
        let mut changes = Vec::new();
        let Position { epoch, offset: as_of } = page.cursor.0;
        let same_epoch = self.epoch.as_ref() == Some(&epoch);
        if !same_epoch {
            self.known_to = Offset::ZERO;
            self.late.clear();
            self.late_from = Offset::ZERO;
        }
        let low = lowest(&page.items, page.next.as_ref(), Offset(u64::MAX));
        // An item that was created after the page was read is missing from it with good reason.
        let from = if same_epoch { low } else { Offset::ZERO };
        let to = if same_epoch { as_of } else { Offset(u64::MAX) };
        self.remove_missing(from, to, &page.items, &mut changes);
        for media in page.items {
            self.place(media, as_of, !same_epoch, &mut changes);
        }
        self.epoch = Some(epoch);
        self.known_to = self.known_to.max(as_of);
        self.late.retain(|offset, _| *offset > as_of);
        self.late_from = self.late_from.max(as_of);
        self.set_boundary(page.next.map(|before| Boundary { low, before }), &mut changes);
        changes
    }

    /// Takes a page that was asked for with `before`. One that does not continue what is known now, or
    /// that is too old to be joined, changes nothing: ask again with [`Self::older`].
    pub fn insert_older_page(&mut self, before: &str, page: Page<Media>) -> Vec<TimelineChange> {
        let mut changes = Vec::new();
        let Position { epoch, offset: as_of } = page.cursor.0;
        let Some(boundary) = self.boundary.clone().filter(|boundary| boundary.before == before) else {
            return changes;
        };
        if self.epoch.as_ref() != Some(&epoch) || as_of < self.late_from {
            return changes;
        }
        let below = |media: &Media| media.offset < boundary.low;
        let items: Vec<_> = page.items.into_iter().filter(below).collect();
        let low = lowest(&items, page.next.as_ref(), boundary.low);
        if low < boundary.low {
            self.remove_missing(low, Offset(boundary.low.0 - 1), &items, &mut changes);
        }
        for media in items {
            let newer = self.late.iter().rev().take_while(|(offset, _)| **offset > as_of);
            let last = newer.into_iter().find(|(_, late)| late.id() == &media.id);
            match last.map(|(offset, late)| (*offset, late.clone())) {
                None => self.place(media, as_of, false, &mut changes),
                Some((offset, Late::Changed(changed))) => self.place(*changed, offset, false, &mut changes),
                Some((_, Late::Deleted(id))) => self.remove_media(&id, &mut changes),
            }
        }
        self.set_boundary(page.next.map(|before| Boundary { low, before }), &mut changes);
        changes
    }

    /// Takes publications of the event's topic as the client hands them out; `position` is where the topic
    /// stands after them.
    pub fn apply_publications(
        &mut self,
        publications: &[Publication],
        position: &Position,
    ) -> Vec<TimelineChange> {
        let mut changes = Vec::new();
        for publication in publications {
            match &publication.change {
                Change::MediaNew(media) | Change::MediaUpdate(media) => {
                    self.upsert(media, publication.offset, &mut changes);
                }
                Change::MediaDelete(gone) => {
                    self.remember(publication.offset, Late::Deleted(gone.media_id.clone()));
                    let held = self.list.media.get(&gone.media_id).and_then(|key| self.list.slot(*key));
                    if held.is_some_and(|slot| slot.as_of < publication.offset) {
                        self.remove_media(&gone.media_id, &mut changes);
                    }
                }
                Change::EventNew(_)
                | Change::EventUpdate(_)
                | Change::EventDelete(_)
                | Change::EventStatus(_)
                | Change::EventAccess(_)
                | Change::Other(_) => {}
            }
        }
        self.epoch.get_or_insert_with(|| position.epoch.clone());
        // Only now: within a batch an item may stand behind younger ones, at the place of its last change.
        self.known_to = self.known_to.max(position.offset);
        changes
    }

    /// Shows an item that is about to be posted; a second echo with the same key replaces the first. One whose item
    /// is shown already changes nothing: a draft that is loaded again may have arrived.
    pub fn add_echo(&mut self, echo: Echo) -> Vec<TimelineChange> {
        let mut changes = Vec::new();
        let is_item = |row: &Row| matches!(row, Row::Media(media) if media.key.as_ref() == Some(&echo.key));
        if self.rows().any(|(_, row)| is_item(row)) {
            return changes;
        }
        if let Some(key) = self.list.echoes.get(&echo.key).copied() {
            self.list.update(key, Row::Echo(echo), Offset::ZERO, &mut changes);
        } else {
            let key = self.list.new_key();
            self.list.echoes.insert(echo.key.clone(), key);
            self.list.insert(
                Rank::Echo(key.0),
                Slot { key, row: Row::Echo(echo), as_of: Offset::ZERO },
                &mut changes,
            );
        }
        changes
    }

    /// The echo was not taken, or is being tried again.
    pub fn set_echo_state(&mut self, key: &IdempotencyKey, state: EchoState) -> Vec<TimelineChange> {
        let mut changes = Vec::new();
        if let Some(row) = self.list.echoes.get(key).copied()
            && let Some(Row::Echo(echo)) = self.get(row)
        {
            let echo = Echo { state, ..echo.clone() };
            self.list.update(row, Row::Echo(echo), Offset::ZERO, &mut changes);
        }
        changes
    }

    /// The echo was not taken.
    pub fn fail_echo(
        &mut self,
        key: &IdempotencyKey,
        code: Option<ErrorCode>,
        message: String,
    ) -> Vec<TimelineChange> {
        self.set_echo_state(key, EchoState::Failed { code, message })
    }

    /// The server's answer to the post, which may come before the publication or after it.
    pub fn confirm_echo(&mut self, media: Media) -> Vec<TimelineChange> {
        let mut changes = Vec::new();
        let Some(echo) = media.key.as_ref().and_then(|key| self.list.echoes.get(key)).copied() else {
            return changes;
        };
        if self.is_due(&media) {
            let as_of = media.offset;
            self.place(media, as_of, false, &mut changes);
        } else if let Some(key) = &media.key {
            self.list.echoes.remove(key);
            self.list.remove(echo, &mut changes);
        }
        changes
    }

    /// The author gave it up.
    pub fn remove_echo(&mut self, key: &IdempotencyKey) -> Vec<TimelineChange> {
        let mut changes = Vec::new();
        if let Some(row) = self.list.echoes.remove(key) {
            self.list.remove(row, &mut changes);
        }
        changes
    }

    fn upsert(&mut self, media: &Media, offset: Offset, changes: &mut Vec<TimelineChange>) {
        self.remember(offset, Late::Changed(Box::new(media.clone())));
        if self.is_due(media) {
            self.place(media.clone(), offset, false, changes);
        } else if let Some(key) = media.key.as_ref().and_then(|key| self.list.echoes.remove(key)) {
            self.list.remove(key, changes);
        }
    }

    /// Whether an item that is heard of is to be shown. One that is neither shown nor younger than what is
    /// known lies below the boundary, where its page will bring it, or has been deleted since.
    fn is_due(&self, media: &Media) -> bool {
        self.list.media.contains_key(&media.id) || media.offset > self.known_to
    }

    /// Shows the item as it was at `as_of`, unless what is shown is newer.
    fn place(&mut self, media: Media, as_of: Offset, always: bool, changes: &mut Vec<TimelineChange>) {
        let rank = Rank::item(media.offset);
        let echo = media.key.as_ref().and_then(|key| self.list.echoes.remove(key));
        let held = self.list.media.get(&media.id).copied();
        if let (Some(echo), Some(_)) = (echo, held) {
            self.list.remove(echo, changes);
        }
        let Some(key) = held.or(echo) else {
            let key = self.list.new_key();
            self.list.media.insert(media.id.clone(), key);
            self.list.insert(rank, Slot { key, row: Row::Media(Box::new(media)), as_of }, changes);
            return;
        };
        self.list.media.insert(media.id.clone(), key);
        let Some(slot) = self.list.slot(key) else { return };
        if held.is_some() && !always && slot.as_of >= as_of {
            return;
        }
        self.list.move_to(key, rank, changes);
        self.list.update(key, Row::Media(Box::new(media)), as_of, changes);
    }

    /// Removes the items from `from` to `to` that are not among `kept`.
    fn remove_missing(
        &mut self,
        from: Offset,
        to: Offset,
        kept: &[Media],
        changes: &mut Vec<TimelineChange>,
    ) {
        if from > to {
            return;
        }
        let kept: std::collections::BTreeSet<_> = kept.iter().map(|media| &media.id).collect();
        let gone: Vec<_> = self
            .list
            .by_rank
            .range(Rank::item(from)..=Rank::item(to))
            .filter_map(|(_, slot)| match &slot.row {
                Row::Media(media) if !kept.contains(&media.id) => Some(media.id.clone()),
                _ => None,
            })
            .collect();
        for id in gone {
            self.remove_media(&id, changes);
        }
    }

    fn remove_media(&mut self, id: &MediaId, changes: &mut Vec<TimelineChange>) {
        if let Some(key) = self.list.media.remove(id) {
            self.list.remove(key, changes);
        }
        // The last row below the gap may have gone.
        self.set_gap(changes);
    }

    /// Keeps a change for a page that is being read while it happens.
    fn remember(&mut self, offset: Offset, late: Late) {
        if self.boundary.is_none() {
            return;
        }
        self.late.insert(offset, late);
        if self.late.len() > LATE_CHANGES_MAX
            && let Some((dropped, _)) = self.late.pop_first()
        {
            self.late_from = self.late_from.max(dropped);
        }
    }

    fn set_boundary(&mut self, boundary: Option<Boundary>, changes: &mut Vec<TimelineChange>) {
        self.boundary = boundary;
        if self.boundary.is_none() {
            self.late.clear();
        }
        self.set_gap(changes);
    }

    /// A gap row stands at the boundary if there are items below it, and nowhere else.
    fn set_gap(&mut self, changes: &mut Vec<TimelineChange>) {
        let wanted = self
            .boundary
            .as_ref()
            .map(|boundary| Rank::gap(boundary.low))
            .filter(|rank| self.list.by_rank.range(..*rank).any(|(_, slot)| slot.row != Row::Gap));
        let present = self.list.gap.and_then(|key| self.list.ranks.get(&key).copied());
        if wanted == present {
            return;
        }
        if let Some(key) = self.list.gap.take() {
            self.list.remove(key, changes);
        }
        if let Some(rank) = wanted {
            let key = self.list.new_key();
            self.list.gap = Some(key);
            self.list.insert(rank, Slot { key, row: Row::Gap, as_of: Offset::ZERO }, changes);
        }
    }
}

impl Late {
    const fn id(&self) -> &MediaId {
        match self {
            Self::Changed(media) => &media.id,
            Self::Deleted(id) => id,
        }
    }
}

/// How far down a page is the whole truth: to its lowest item, or to the bottom when none follows.
fn lowest(items: &[Media], next: Option<&String>, empty: Offset) -> Offset {
    match next {
        None => Offset::ZERO,
        Some(_) => items.iter().map(|media| media.offset).min().unwrap_or(empty),
    }
}
