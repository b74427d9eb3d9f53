//! What happened in a match, in the words of a notification: short, and with the score first, for only the beginning of
//! a text is kept. Called by `follow`.

use shared::{
    PlayerId,
    model::match_::{Card, Match, Minute, Outcome, Sheet, Side, What},
};

/// `France 4–1 Croatia`.
pub(super) fn standing(of: &Match) -> String {
    let (sheet, score) = (&of.sheet, of.state.score);
    format!("{} {}–{} {}", sheet.home.name, score.home, score.away, sheet.away.name)
}

/// `65’ Goal for France: Mbappé`.
pub(super) fn happened(sheet: &Sheet, what: &What, minute: Minute) -> String {
    let said = said(sheet, what);
    // The beginning and the end of a half have no minute to be said.
    if minute.minute == 0 || what.phase().is_some() { said } else { format!("{minute}’ {said}") }
}

/// The same without the minute.
pub(super) fn said(sheet: &Sheet, what: &What) -> String {
    let phase = match what {
        What::KickOff => "Kick-off",
        What::HalfTime => "Half-time",
        What::SecondHalf => "Second half",
        What::FullTime => "Full time",
        What::ExtraTime => "Extra time",
        What::ExtraHalfTime => "Half-time of extra time",
        What::ExtraSecondHalf => "Second half of extra time",
        What::ExtraFullTime => "End of extra time",
        What::ShootOut => "Penalty shoot-out",
        What::ShootOutOver => "End of the shoot-out",
        What::Abandoned => "Abandoned",
        _ => return of_side(sheet, what).unwrap_or_default(),
    };
    phase.to_owned()
}

fn of_side(sheet: &Sheet, what: &What) -> Option<String> {
    let side = what.side()?;
    let [player, other] = what.players().map(|id| id.and_then(|id| name(sheet, side, id)));
    let team = &sheet.of(side).name;
    if let (What::Substitution { .. }, player, off) = (what, player, other) {
        return Some(match (player, off) {
            (Some(on), Some(off)) => format!("{on} comes on for {off}"),
            (Some(on), None) => format!("{on} comes on"),
            (None, Some(off)) => format!("{off} goes off"),
            (None, None) => format!("Substitution: {team}"),
        });
    }
    let word = match what {
        What::Goal { .. } => "Goal for",
        What::OwnGoal { .. } => "Own goal for",
        What::Penalty { outcome: Outcome::Scored, .. } => "Penalty goal for",
        What::Penalty { outcome: Outcome::Missed, .. }
        | What::ShootOutKick { outcome: Outcome::Missed, .. } => "Penalty missed by",
        What::Penalty { outcome: Outcome::Saved, .. }
        | What::ShootOutKick { outcome: Outcome::Saved, .. } => "Penalty saved from",
        What::ShootOutKick { outcome: Outcome::Scored, .. } => "Penalty scored by",
        What::Card { card: Card::Yellow, .. } => "Yellow card for",
        What::Card { card: Card::Red, .. } => "Red card for",
        What::Injury { .. } => "Injury of",
        _ => return None,
    };
    let team = what.scores_for().map_or(team, |side| &sheet.of(side).name);
    let by = player.map(|player| format!(": {player}")).unwrap_or_default();
    let assist = other.map(|assist| format!(", assist {assist}")).unwrap_or_default();
    Some(format!("{word} {team}{by}{assist}"))
}

fn name<'a>(sheet: &'a Sheet, side: Side, id: &PlayerId) -> Option<&'a str> {
    let mut players = sheet.of(side).players.iter();
    players.find(|player| player.id == *id).map(|player| player.name.as_str())
}
