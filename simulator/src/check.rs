//! What was committed, and what must be true of whatever a page is given.

use std::collections::{BTreeMap, BTreeSet};

use server::store::Appended;
use shared::{Position, Publication, Topic};

/// What was seen to be wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Violations {
    /// Offsets that a page was led past without having been given them.
    pub holes: u64,
    /// Publications given twice, or out of order.
    pub doubles: u64,
    /// Publications that nobody committed.
    pub invented: u64,
    /// Acknowledged items that are missing from the log or from a timeline at the end.
    pub lost: u64,
    /// Publications handed to who could not read them at any moment since their commit, and timelines
    /// shown to who may not see them.
    pub leaked: u64,
    /// Queues longer than they may be.
    pub unbounded: u64,
    /// Drafts that are in the log in another order than they were recorded in.
    pub disordered: u64,
    /// Drafts that two tabs were sending at a time.
    pub raced: u64,
    /// Counts of watchers that are wrong, and what is left of those who have gone.
    pub miscounted: u64,
}

impl Violations {
    pub fn any(self) -> bool {
        self != Self::default()
    }

    pub fn add(&mut self, other: Self) {
        self.holes += other.holes;
        self.doubles += other.doubles;
        self.invented += other.invented;
        self.lost += other.lost;
        self.leaked += other.leaked;
        self.unbounded += other.unbounded;
        self.disordered += other.disordered;
        self.raced += other.raced;
        self.miscounted += other.miscounted;
    }
}

/// Everything that was committed, in order; the publication at offset n of a topic stands at n - 1.
#[derive(Debug, Default)]
pub struct Truth {
    topics: BTreeMap<Topic, Vec<Appended>>,
}

impl Truth {
    /// Notes what was committed.
    ///
    /// # Panics
    /// When the store itself has left out an offset.
    pub fn commit(&mut self, appended: &[Appended]) {
        for entry in appended {
            let log = self.topics.entry(entry.topic.clone()).or_default();
            assert_eq!(entry.offset.0, log.len() as u64 + 1, "the store left a hole in {}", entry.topic);
            log.push(entry.clone());
        }
    }

    pub fn log(&self, topic: &Topic) -> &[Appended] {
        self.topics.get(topic).map_or(&[], Vec::as_slice)
    }

    pub fn publications(&self) -> u64 {
        self.topics.values().map(|log| log.len() as u64).sum()
    }

    /// Holds what a page at `seen` is given next against the log. Several changes to one item may stand as
    /// the last of them where they come together.
    pub fn check(
        &self,
        topic: &Topic,
        seen: &Position,
        publications: &[Publication],
        position: &Position,
    ) -> Violations {
        let log = self.log(topic);
        let mut found = Violations::default();
        let mut at = seen.offset;
        let mut given = BTreeSet::new();
        let mut last_of_item: BTreeMap<&str, u64> = BTreeMap::new();
        for publication in publications {
            let index = publication.offset.0.checked_sub(1).map(|index| index as usize);
            let Some(truth) =
                index.and_then(|index| log.get(index)).filter(|truth| truth.id == publication.id)
            else {
                found.invented += 1;
                continue;
            };
            if publication.offset <= at {
                found.doubles += 1;
            }
            at = at.max(publication.offset);
            given.insert(publication.offset.0);
            if let Some(item) = &truth.item {
                last_of_item.insert(item, publication.offset.0);
            }
        }
        if position.epoch != seen.epoch || position.offset.0 > log.len() as u64 {
            found.invented += 1;
        }
        if position.offset <= seen.offset {
            found.doubles += 1;
        }
        for truth in log.iter().take(position.offset.0 as usize).skip(seen.offset.0 as usize) {
            let stands_for_it =
                |item: &String| last_of_item.get(item.as_str()).is_some_and(|last| *last > truth.offset.0);
            if !given.contains(&truth.offset.0) && !truth.item.as_ref().is_some_and(stands_for_it) {
                found.holes += 1;
            }
        }
        found
    }
}
