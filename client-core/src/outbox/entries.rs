//! The drafts that this tab knows of, in the order in which they are to be sent: those that the storage has by the
//! number that it gave them, then those that it does not have yet, as they were recorded. It decides nothing.
//! Called by `outbox`.

use std::collections::BTreeSet;

use shared::{IdempotencyKey, Topic};

use super::{Author, Draft, Record, Task};

/// Whether the storage has a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Added {
    No,
    /// It was asked to take it.
    Asked(Task),
    /// What was read by an earlier task says nothing about it.
    Since(Task),
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) record: Record,
    pub(super) added: Added,
    /// It was sent from here, and the server has not refused it: it may have it.
    pub(super) tried: bool,
    /// Its files were uploaded a second time: no third one.
    pub(super) uploaded_anew: bool,
}

impl Entry {
    const fn new(record: Record, added: Added) -> Self {
        Self { record, added, tried: false, uploaded_anew: false }
    }

    pub(super) const fn is_kept(&self) -> bool {
        matches!(self.added, Added::Since(_))
    }
}

#[derive(Debug, Default)]
pub(super) struct Entries {
    list: Vec<Entry>,
    /// Acknowledged or given up here. They may still lie in the storage; nobody sees or sends them again.
    over: BTreeSet<IdempotencyKey>,
}

impl Entries {
    pub(super) fn record(&mut self, draft: Draft) {
        if self.find(&draft.id).is_none() && !self.over.contains(&draft.id) {
            self.list.push(Entry::new(Record::new(draft), Added::No));
        }
    }

    pub(super) fn find(&mut self, id: &IdempotencyKey) -> Option<&mut Entry> {
        self.list.iter_mut().find(|entry| entry.record.draft.id == *id)
    }

    /// Everything that is not over, in order.
    pub(super) fn visible(&self) -> impl Iterator<Item = &Entry> {
        self.list.iter().filter(|entry| !self.over.contains(&entry.record.draft.id))
    }

    /// The draft of a lane that is to be sent next. One that the storage does not have counts only if `loose`.
    pub(super) fn head(&self, topic: &Topic, author: &Author, loose: bool) -> Option<&Entry> {
        self.visible().find(|entry| {
            let Record { draft, parked, .. } = &entry.record;
            draft.topic == *topic && draft.author == *author && parked.is_none() && (loose || entry.is_kept())
        })
    }

    pub(super) fn topics(&self) -> BTreeSet<&Topic> {
        self.visible().map(|entry| &entry.record.draft.topic).collect()
    }

    /// The first that the storage has not been asked to take, unless it is busy with another.
    pub(super) fn next_to_add(&mut self) -> Option<&mut Entry> {
        if self.list.iter().any(|entry| matches!(entry.added, Added::Asked(_))) {
            return None;
        }
        self.list.iter_mut().find(|entry| entry.added == Added::No)
    }

    /// Whether the storage lacks something.
    pub(super) fn lacks_any(&self) -> bool {
        self.visible().any(|entry| !entry.is_kept())
    }

    /// The storage has taken a draft.
    pub(super) fn added(&mut self, id: &IdempotencyKey, number: u64, by: Task) -> bool {
        let found = self.find(id).map(|entry| {
            entry.added = Added::Since(by);
            entry.record.number = Some(number);
        });
        self.sort();
        found.is_some()
    }

    /// It is acknowledged or given up: nobody sees it any more.
    pub(super) fn end(&mut self, id: &IdempotencyKey) {
        self.over.insert(id.clone());
    }

    /// It is not over after all: another version of it lies in the storage.
    pub(super) fn revive(&mut self, id: &IdempotencyKey) {
        self.over.remove(id);
    }

    pub(super) fn is_over(&self, id: &IdempotencyKey) -> bool {
        self.over.contains(id)
    }

    pub(super) fn forget(&mut self, id: &IdempotencyKey) {
        self.list.retain(|entry| entry.record.draft.id != *id);
    }

    /// What the storage has of the lanes that it is `about`, as `task` has read it; what is in flight from here stays
    /// whatever it says. The drafts that are gone.
    pub(super) fn merge(
        &mut self,
        task: Task,
        about: impl Fn(&Topic) -> bool,
        records: Vec<Record>,
        in_flight: &BTreeSet<IdempotencyKey>,
    ) -> Vec<IdempotencyKey> {
        let read: BTreeSet<_> = records.iter().map(|record| record.draft.id.clone()).collect();
        for record in records.into_iter().filter(|record| about(&record.draft.topic)) {
            let added = Added::Since(task);
            if let Some(entry) = self.find(&record.draft.id) {
                entry.added = added;
                entry.record = record;
            } else if !self.is_over(&record.draft.id) {
                self.list.push(Entry::new(record, added));
            }
        }
        let is_gone = |entry: &Entry| {
            let Record { draft, .. } = &entry.record;
            matches!(entry.added, Added::Since(since) if since < task)
                && about(&draft.topic)
                && !read.contains(&draft.id)
                && !in_flight.contains(&draft.id)
        };
        let gone = self.list.extract_if(.., |entry| is_gone(entry)).map(|entry| entry.record.draft.id);
        let gone = gone.filter(|id| !self.over.contains(id)).collect();
        self.sort();
        gone
    }

    fn sort(&mut self) {
        self.list.sort_by_key(|entry| entry.record.number.unwrap_or(u64::MAX));
    }
}
