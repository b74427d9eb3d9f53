//! THE reducer: what a match's log comes to. Run on the server in the transaction of every change, and in the
//! browser with what has not been sent yet. The same set of entries gives the same result, in whatever order they
//! came and however often.
//!
//! Entries count in the order in which they happened (`at`, then id), not in that in which they arrived. It never
//! fails: what refers to nothing, or to itself, corrects nothing.

use super::{Card, Entry, Happening, MatchState, Minute, Outcome, Score, Sheet, Side, What, clock::Course};
use crate::{MatchEventId, PlayerId};

/// A log, counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recount<'a> {
    pub state: MatchState,
    /// What happened, as it is to be told, in order of time; corrections are in what they correct.
    pub told: Vec<Told<'a>>,
}

/// Something that happened, as it is to be read now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told<'a> {
    /// As it was recorded.
    pub entry: &'a Entry,
    /// As the latest amendment has it; the same as recorded if there is none.
    pub happening: &'a Happening,
    /// The minute of play.
    pub minute: Minute,
    /// The amendment that counts.
    pub amended: Option<&'a Entry>,
    /// It is shown as struck, and does not count.
    pub struck: Option<&'a Entry>,
    /// What the score was after it.
    pub score: Score,
}

impl<'a> Recount<'a> {
    /// Counts `entries`, in any order; what stands there twice counts once.
    pub fn of(sheet: &Sheet, entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut entries: Vec<&Entry> = entries.into_iter().collect();
        entries.sort_unstable_by(|a, b| (&a.id, &a.happening.at).cmp(&(&b.id, &b.happening.at)));
        entries.dedup_by(|a, b| a.id == b.id);
        let mut told = corrected(&entries);
        told.sort_unstable_by(|a, b| (&a.happening.at, &a.entry.id).cmp(&(&b.happening.at, &b.entry.id)));

        let mut course = Course::new(sheet);
        for one in told.iter().filter(|one| one.struck.is_none()) {
            course.take(one.happening);
        }
        let mut state = MatchState {
            phase: course.phase(),
            clock: course.clock(),
            entries: entries.len() as u32,
            ..MatchState::default()
        };
        for one in &mut told {
            one.minute = course.minute(&one.happening.at);
            if one.struck.is_none() {
                state.count(sheet, &one.happening.what, one.minute);
            }
            one.score = state.score;
        }
        Self { state, told }
    }
}

/// What was recorded, each with the corrections that count. `entries` are sorted by id.
fn corrected<'a>(entries: &[&'a Entry]) -> Vec<Told<'a>> {
    let find = |id: &MatchEventId| entries.binary_search_by(|entry| entry.id.cmp(id)).ok();
    let mut struck: Vec<Option<&Entry>> = vec![None; entries.len()];
    let mut amended: Vec<Option<&Entry>> = vec![None; entries.len()];
    for entry in entries {
        let What::Strike { of } = &entry.happening.what else { continue };
        let Some(index) = find(of).filter(|index| !is_strike(entries[*index])) else { continue };
        // The first is the one to be shown.
        if struck[index].is_none_or(|known| is_later(known, entry)) {
            struck[index] = Some(entry);
        }
    }
    for (index, entry) in entries.iter().enumerate() {
        let What::Amend { of, to } = &entry.happening.what else { continue };
        if struck[index].is_some() || to.what.corrects().is_some() {
            continue;
        }
        let Some(of) = find(of).filter(|of| entries[*of].happening.what.corrects().is_none()) else {
            continue;
        };
        if amended[of].is_none_or(|known| is_later(entry, known)) {
            amended[of] = Some(entry);
        }
    }
    let recorded = entries.iter().enumerate().filter(|(_, entry)| entry.happening.what.corrects().is_none());
    let told = recorded.map(|(index, entry)| {
        let happening = match amended[index].map(|amendment| &amendment.happening.what) {
            Some(What::Amend { to, .. }) => to,
            _ => &entry.happening,
        };
        Told {
            entry,
            happening,
            minute: Minute::default(),
            amended: amended[index],
            struck: struck[index],
            score: Score::default(),
        }
    });
    told.collect()
}

const fn is_strike(entry: &Entry) -> bool {
    matches!(entry.happening.what, What::Strike { .. })
}

fn is_later(one: &Entry, other: &Entry) -> bool {
    (&one.happening.at, &one.id) > (&other.happening.at, &other.id)
}

impl MatchState {
    /// Counts what happened. Call it in order of time, for what is not struck.
    fn count(&mut self, sheet: &Sheet, what: &What, minute: Minute) {
        if let Some(side) = what.scores_for() {
            self.score.raise(side);
        }
        if matches!(what, What::ShootOut | What::ShootOutKick { .. }) {
            let kicks = self.shoot_out.get_or_insert_default();
            if let What::ShootOutKick { side, outcome: Outcome::Scored, .. } = what {
                kicks.raise(*side);
            }
        }
        let Some(side) = what.side() else { return };
        let starts = |id: &PlayerId| sheet.of(side).starting.contains(id);
        let of_side = self.of_mut(side);
        of_side.stats.count(what);
        let [player, other] = what.players();
        if let Some(id) = player {
            let player = of_side.player_mut(id, starts(id));
            player.stats.count(what);
            match what {
                What::Substitution { .. } if !player.sent_off => {
                    player.on_pitch = true;
                    player.on = Some(minute);
                }
                What::Card { card, .. } if *card == Card::Red || player.stats.yellow_cards >= 2 => {
                    player.sent_off = true;
                    player.on_pitch = false;
                    player.off.get_or_insert(minute);
                }
                _ => {}
            }
        }
        if let Some(id) = other {
            let player = of_side.player_mut(id, starts(id));
            if matches!(what, What::Goal { .. }) {
                player.stats.assists += 1;
                of_side.stats.assists += 1;
            } else if !player.sent_off {
                player.on_pitch = false;
                player.off = Some(minute);
            }
        }
        if matches!(what, What::Penalty { outcome: Outcome::Saved, .. }) {
            self.of_mut(side.other()).stats.saves += 1;
        }
    }
}

/// The side that an entry concerns, for who follows one of the two.
impl Told<'_> {
    pub const fn side(&self) -> Option<Side> {
        self.happening.what.side()
    }
}
