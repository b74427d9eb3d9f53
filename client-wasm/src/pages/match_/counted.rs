//! A match's log, counted and ready to be drawn: what the reducer of `shared` says, with who recorded it and what is
//! still on its way. Draws nothing.

use std::collections::{HashMap, HashSet};

use shared::{
    MatchEventId,
    model::match_::{Entry, Happening, MatchEvent, MatchState, Minute, Recount, Score, Sheet, Side, What},
};

/// A log, counted.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Counted {
    pub(super) state: MatchState,
    /// In order of time.
    pub(super) lines: Vec<Line>,
}

/// Something that happened, as it is to be read now.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) id: MatchEventId,
    pub(super) happening: Happening,
    pub(super) minute: Minute,
    /// After it.
    pub(super) score: Score,
    pub(super) amended: bool,
    /// With the reason, which may be empty.
    pub(super) struck: Option<String>,
    pub(super) author: String,
    /// It, or what corrects it, has not reached the server.
    pub(super) pending: bool,
}

impl Counted {
    /// Counts what is stored and what is `pending`.
    pub(super) fn of(sheet: &Sheet, stored: &[MatchEvent], pending: &[Entry]) -> Self {
        let authors: HashMap<&MatchEventId, &str> =
            stored.iter().map(|event| (&event.entry.id, event.author.name.as_str())).collect();
        let waiting: HashSet<&MatchEventId> =
            pending.iter().map(|entry| &entry.id).filter(|id| !authors.contains_key(id)).collect();
        let entries = stored.iter().map(|event| &event.entry).chain(pending);
        let Recount { state, told } = Recount::of(sheet, entries);
        let waits = |entry: Option<&Entry>| entry.is_some_and(|entry| waiting.contains(&entry.id));
        let lines = told.iter().map(|told| Line {
            id: told.entry.id.clone(),
            happening: told.happening.clone(),
            minute: told.minute,
            score: told.score,
            amended: told.amended.is_some(),
            struck: told.struck.map(|strike| strike.happening.text.clone()),
            author: authors.get(&told.entry.id).copied().unwrap_or_default().to_owned(),
            pending: waits(Some(told.entry)) || waits(told.amended) || waits(told.struck),
        });
        Self { lines: lines.collect(), state }
    }

    pub(super) fn line(&self, id: &MatchEventId) -> Option<&Line> {
        self.lines.iter().find(|line| line.id == *id)
    }
}

impl Line {
    /// Whether it is one of those that tell the story of a match.
    pub(super) const fn is_key(&self) -> bool {
        !matches!(
            self.happening.what,
            What::Shot { .. } | What::Save { .. } | What::Stopped | What::Resumed | What::AddedTime { .. }
        )
    }

    /// The side that it concerns.
    pub(super) const fn side(&self) -> Option<Side> {
        self.happening.what.side()
    }

    /// The side whose score it raises, if it counts.
    pub(super) const fn scores_for(&self) -> Option<Side> {
        if self.struck.is_some() { None } else { self.happening.what.scores_for() }
    }
}
