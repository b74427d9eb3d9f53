//! What happens in a match: the entries of its log. A correction is an entry of its own that speaks of an
//! earlier one; nothing is ever changed or taken out. Counts nothing: that is `recount`.

use serde::{Deserialize, Serialize};

use crate::{MatchEventId, MatchId, Offset, PlayerId, Timestamp, model::media::Author};

/// One of the two that play.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Side {
    Home,
    Away,
}

impl Side {
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Home => Self::Away,
            Self::Away => Self::Home,
        }
    }
}

/// How far a match has come. In order: it never goes back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    #[default]
    Scheduled,
    FirstHalf,
    HalfTime,
    SecondHalf,
    /// Over, unless extra time or a shoot-out follows.
    FullTime,
    ExtraFirstHalf,
    ExtraHalfTime,
    ExtraSecondHalf,
    /// Over, unless a shoot-out follows.
    ExtraFullTime,
    ShootOut,
    ShootOutOver,
    /// Broken off for good.
    Abandoned,
}

impl Phase {
    /// Whether the match is over, as far as its log says.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::FullTime | Self::ExtraFullTime | Self::ShootOutOver | Self::Abandoned)
    }

    /// Whether the clock runs in it.
    pub const fn is_timed(self) -> bool {
        matches!(self, Self::FirstHalf | Self::SecondHalf | Self::ExtraFirstHalf | Self::ExtraSecondHalf)
    }
}

/// The colour of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Card {
    /// The second one of a player sends them off.
    Yellow,
    /// Sends the player off.
    Red,
}

/// What became of a penalty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    Scored,
    Missed,
    /// Counts as a save of the other side, too.
    Saved,
}

/// What happened. `side` is always the side of the player it speaks of first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum What {
    KickOff,
    HalfTime,
    /// The second half begins.
    SecondHalf,
    FullTime,
    /// The first half of extra time begins.
    ExtraTime,
    ExtraHalfTime,
    ExtraSecondHalf,
    ExtraFullTime,
    /// The penalty shoot-out begins.
    ShootOut,
    ShootOutOver,
    Abandoned,
    /// The clock is stopped.
    Stopped,
    /// The clock goes on.
    Resumed,
    /// The half is to be longer.
    AddedTime {
        minutes: u8,
    },
    Goal {
        side: Side,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        player: Option<PlayerId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        assist: Option<PlayerId>,
    },
    /// Counts for the other side.
    OwnGoal {
        side: Side,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        player: Option<PlayerId>,
    },
    /// That was no goal.
    Shot {
        side: Side,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        player: Option<PlayerId>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        on_target: bool,
    },
    Save {
        side: Side,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        player: Option<PlayerId>,
    },
    Card {
        side: Side,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        player: Option<PlayerId>,
        card: Card,
    },
    Injury {
        side: Side,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        player: Option<PlayerId>,
    },
    Substitution {
        side: Side,
        /// Comes on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        player: Option<PlayerId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        off: Option<PlayerId>,
    },
    /// In play; those of a shoot-out are `shootOutKick`.
    Penalty {
        side: Side,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        player: Option<PlayerId>,
        outcome: Outcome,
    },
    /// Counts in the shoot-out, and not in the score.
    ShootOutKick {
        side: Side,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        player: Option<PlayerId>,
        outcome: Outcome,
    },
    /// A text, and nothing to count.
    Note,
    /// An earlier entry is to be read so. The latest amendment counts; an amendment that has been struck does not.
    Amend {
        of: MatchEventId,
        to: Box<Happening>,
    },
    /// An earlier entry, or an amendment, is not to be counted. There is no way back but a new entry.
    Strike {
        of: MatchEventId,
    },
}

impl What {
    /// The phase that begins with it.
    pub const fn phase(&self) -> Option<Phase> {
        Some(match self {
            Self::KickOff => Phase::FirstHalf,
            Self::HalfTime => Phase::HalfTime,
            Self::SecondHalf => Phase::SecondHalf,
            Self::FullTime => Phase::FullTime,
            Self::ExtraTime => Phase::ExtraFirstHalf,
            Self::ExtraHalfTime => Phase::ExtraHalfTime,
            Self::ExtraSecondHalf => Phase::ExtraSecondHalf,
            Self::ExtraFullTime => Phase::ExtraFullTime,
            Self::ShootOut => Phase::ShootOut,
            Self::ShootOutOver => Phase::ShootOutOver,
            Self::Abandoned => Phase::Abandoned,
            _ => return None,
        })
    }

    /// The entry that it corrects.
    pub const fn corrects(&self) -> Option<&MatchEventId> {
        match self {
            Self::Amend { of, .. } | Self::Strike { of } => Some(of),
            _ => None,
        }
    }

    /// The side that did it.
    pub const fn side(&self) -> Option<Side> {
        match self {
            Self::Goal { side, .. }
            | Self::OwnGoal { side, .. }
            | Self::Shot { side, .. }
            | Self::Save { side, .. }
            | Self::Card { side, .. }
            | Self::Injury { side, .. }
            | Self::Substitution { side, .. }
            | Self::Penalty { side, .. }
            | Self::ShootOutKick { side, .. } => Some(*side),
            _ => None,
        }
    }

    /// Who did it, and who else had a part: an assist, or who made room.
    pub const fn players(&self) -> [Option<&PlayerId>; 2] {
        match self {
            Self::Goal { player, assist: other, .. } | Self::Substitution { player, off: other, .. } => {
                [player.as_ref(), other.as_ref()]
            }
            Self::OwnGoal { player, .. }
            | Self::Shot { player, .. }
            | Self::Save { player, .. }
            | Self::Card { player, .. }
            | Self::Injury { player, .. }
            | Self::Penalty { player, .. }
            | Self::ShootOutKick { player, .. } => [player.as_ref(), None],
            _ => [None, None],
        }
    }

    /// The side whose score it raises.
    pub const fn scores_for(&self) -> Option<Side> {
        match self {
            Self::Goal { side, .. } | Self::Penalty { side, outcome: Outcome::Scored, .. } => Some(*side),
            Self::OwnGoal { side, .. } => Some(side.other()),
            _ => None,
        }
    }
}

/// What happened, when, and what was said about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Happening {
    /// When it happened, by the recorder's clock as set by the server's.
    pub at: Timestamp,
    #[serde(flatten)]
    pub what: What,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// An entry, as its recorder makes it. `POST /api/matches/{id}/events` takes one, or up to
/// [`crate::limits::BATCH_ITEMS`] of them in an array.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    pub id: MatchEventId,
    #[serde(flatten)]
    pub happening: Happening,
}

/// An entry, as it stands in the log of a match: the payload of `match:event`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MatchEvent {
    #[serde(flatten)]
    pub entry: Entry,
    pub match_id: MatchId,
    /// Its place on `match:{id}`.
    pub offset: Offset,
    /// Who recorded it.
    pub author: Author,
    /// When the server stored it.
    pub created_at: Timestamp,
}
