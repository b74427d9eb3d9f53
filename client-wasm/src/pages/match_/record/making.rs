//! An entry while it is being made: what has been said of it, and the one question that is next. Draws nothing.

use shared::{
    MatchEventId, PlayerId, Timestamp,
    model::match_::{Card, Outcome, Phase, Side, What},
};

/// What happened, as far as it has been said.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Making {
    /// When the first button was pressed.
    pub(super) at: Timestamp,
    pub(super) kind: Kind,
    pub(super) side: Option<Side>,
    pub(super) player: Option<Named>,
    /// An assist, or who goes off.
    pub(super) other: Option<Named>,
    /// It is to correct this entry.
    pub(super) of: Option<MatchEventId>,
}

/// Who it was, as far as somebody knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named(pub(super) Option<PlayerId>);

/// What kind of entry it is to be; `None` inside where there is a choice that has not been made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Goal,
    OwnGoal,
    Shot(Option<bool>),
    Save,
    Card(Option<Card>),
    Injury,
    Substitution,
    Penalty(Option<Outcome>),
    Kick(Option<Outcome>),
}

/// What is to be asked next.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Question {
    Side,
    Choice(Vec<(&'static str, Kind)>),
    Player { side: Side, asked: Asked },
    Nothing(Box<What>),
}

/// Which player is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Who,
    ComesOn,
    GoesOff,
    Assist,
}

impl Kind {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Goal => "Goal",
            Self::OwnGoal => "Own goal",
            Self::Shot(_) => "Shot",
            Self::Save => "Save",
            Self::Card(_) => "Card",
            Self::Injury => "Injury",
            Self::Substitution => "Substitution",
            Self::Penalty(_) | Self::Kick(_) => "Penalty",
        }
    }

    /// The choices that are to be made about it.
    fn choices(self) -> Option<Vec<(&'static str, Self)>> {
        let outcomes = |kind: fn(Option<Outcome>) -> Self| {
            vec![
                ("Scored", kind(Some(Outcome::Scored))),
                ("Saved", kind(Some(Outcome::Saved))),
                ("Missed", kind(Some(Outcome::Missed))),
            ]
        };
        match self {
            Self::Shot(None) => {
                Some(vec![("On target", Self::Shot(Some(true))), ("Off target", Self::Shot(Some(false)))])
            }
            Self::Card(None) => Some(vec![
                ("Yellow card", Self::Card(Some(Card::Yellow))),
                ("Red card", Self::Card(Some(Card::Red))),
            ]),
            Self::Penalty(None) => Some(outcomes(Self::Penalty)),
            Self::Kick(None) => Some(outcomes(Self::Kick)),
            _ => None,
        }
    }

    /// The kind of an entry that is to be corrected; `None` for what names nobody.
    pub(super) const fn of(what: &What) -> Option<Self> {
        Some(match what {
            What::Goal { .. } => Self::Goal,
            What::OwnGoal { .. } => Self::OwnGoal,
            What::Shot { on_target, .. } => Self::Shot(Some(*on_target)),
            What::Save { .. } => Self::Save,
            What::Card { card, .. } => Self::Card(Some(*card)),
            What::Injury { .. } => Self::Injury,
            What::Substitution { .. } => Self::Substitution,
            What::Penalty { outcome, .. } => Self::Penalty(Some(*outcome)),
            What::ShootOutKick { outcome, .. } => Self::Kick(Some(*outcome)),
            _ => return None,
        })
    }
}

impl Making {
    pub(super) const fn new(at: Timestamp, kind: Kind) -> Self {
        Self { at, kind, side: None, player: None, other: None, of: None }
    }

    /// What is next.
    pub(super) fn question(&self) -> Question {
        if let Some(choices) = self.kind.choices() {
            return Question::Choice(choices);
        }
        let Some(side) = self.side else { return Question::Side };
        let is_change = self.kind == Kind::Substitution;
        let ask = |asked| Question::Player { side, asked };
        if is_change && self.other.is_none() {
            return ask(Asked::GoesOff);
        }
        let Some(Named(player)) = self.player.clone() else {
            return ask(if is_change { Asked::ComesOn } else { Asked::Who });
        };
        if self.kind == Kind::Goal && self.other.is_none() {
            // Who is not known had no help that is known.
            if player.is_some() {
                return ask(Asked::Assist);
            }
        }
        let other = self.other.clone().and_then(|Named(other)| other);
        Question::Nothing(Box::new(match self.kind {
            Kind::Goal => What::Goal { side, player, assist: other },
            Kind::OwnGoal => What::OwnGoal { side, player },
            Kind::Shot(on_target) => What::Shot { side, player, on_target: on_target.unwrap_or_default() },
            Kind::Save => What::Save { side, player },
            Kind::Card(card) => What::Card { side, player, card: card.unwrap_or(Card::Yellow) },
            Kind::Injury => What::Injury { side, player },
            Kind::Substitution => What::Substitution { side, player, off: other },
            Kind::Penalty(outcome) => {
                What::Penalty { side, player, outcome: outcome.unwrap_or(Outcome::Missed) }
            }
            Kind::Kick(outcome) => {
                What::ShootOutKick { side, player, outcome: outcome.unwrap_or(Outcome::Missed) }
            }
        }))
    }

    /// The answer to the question about a player.
    pub(super) fn answer(&mut self, asked: Asked, player: Option<PlayerId>) {
        match asked {
            Asked::Who | Asked::ComesOn => self.player = Some(Named(player)),
            Asked::GoesOff | Asked::Assist => self.other = Some(Named(player)),
        }
    }
}

/// The phases that can begin now, the most likely one first.
pub(super) fn next_phases(phase: Phase) -> &'static [What] {
    match phase {
        Phase::Scheduled => &[What::KickOff],
        Phase::FirstHalf => &[What::HalfTime],
        Phase::HalfTime => &[What::SecondHalf],
        Phase::SecondHalf => &[What::FullTime],
        Phase::FullTime => &[What::ExtraTime, What::ShootOut],
        Phase::ExtraFirstHalf => &[What::ExtraHalfTime],
        Phase::ExtraHalfTime => &[What::ExtraSecondHalf],
        Phase::ExtraSecondHalf => &[What::ExtraFullTime],
        Phase::ExtraFullTime => &[What::ShootOut],
        Phase::ShootOut => &[What::ShootOutOver],
        Phase::ShootOutOver | Phase::Abandoned => &[],
    }
}

/// What can happen now, beside phases.
pub(super) fn kinds(phase: Phase) -> &'static [Kind] {
    match phase {
        Phase::Scheduled | Phase::Abandoned | Phase::ShootOutOver => &[],
        Phase::ShootOut => &[Kind::Kick(None), Kind::Card(None)],
        phase if phase.is_timed() => &[
            Kind::Goal,
            Kind::Shot(None),
            Kind::Save,
            Kind::Card(None),
            Kind::Substitution,
            Kind::Penalty(None),
            Kind::OwnGoal,
            Kind::Injury,
        ],
        _ => &[Kind::Card(None), Kind::Substitution],
    }
}
