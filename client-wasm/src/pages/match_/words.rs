//! What happens in a match, in words.

use shared::{
    PlayerId,
    model::match_::{Card, MatchState, Minute, Outcome, Phase, Score, Sheet, Side, TeamSheet, What},
};

use super::counted::Line;

/// Where a match stands.
pub(super) const fn phase_word(phase: Phase) -> &'static str {
    match phase {
        Phase::Scheduled => "Not started",
        Phase::FirstHalf => "First half",
        Phase::HalfTime => "Half-time",
        Phase::SecondHalf => "Second half",
        Phase::FullTime => "Full time",
        Phase::ExtraFirstHalf => "Extra time",
        Phase::ExtraHalfTime => "Half-time of extra time",
        Phase::ExtraSecondHalf => "Extra time, second half",
        Phase::ExtraFullTime => "End of extra time",
        Phase::ShootOut => "Penalty shoot-out",
        Phase::ShootOutOver => "After penalties",
        Phase::Abandoned => "Abandoned",
    }
}

/// `2–1`.
pub(super) fn score_words(score: Score) -> String {
    format!("{}–{}", score.home, score.away)
}

/// `63’`, and nothing before the match has begun.
pub(super) fn minute_words(minute: Minute) -> String {
    if minute.minute == 0 { String::new() } else { format!("{minute}’") }
}

/// `2–1 France–Croatia`; the teams alone before the match has begun.
pub(super) fn title_words(sheet: &Sheet, state: &MatchState) -> String {
    let teams = format!("{}–{}", sheet.home.name, sheet.away.name);
    if state.phase == Phase::Scheduled { teams } else { format!("{} {teams}", score_words(state.score)) }
}

/// What a match that was decided by kicks ended with.
pub(super) fn shoot_out_words(state: &MatchState) -> Option<String> {
    state.shoot_out.map(|kicks| format!("{} on penalties", score_words(kicks)))
}

/// A player as the team knows them.
pub(super) fn player_name(team: &TeamSheet, id: Option<&PlayerId>) -> Option<String> {
    let id = id?;
    team.players.iter().find(|player| player.id == *id).map(|player| player.name.clone())
}

/// The last word of a name, as it stands under a score.
pub(super) fn family_name(name: &str) -> &str {
    name.rsplit(' ').next().unwrap_or(name)
}

/// A kind of entry.
pub(super) const fn what_word(what: &What) -> &'static str {
    match what {
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
        What::Stopped => "Clock stopped",
        What::Resumed => "Play goes on",
        What::AddedTime { .. } => "Added time",
        What::Goal { .. } => "Goal",
        What::OwnGoal { .. } => "Own goal",
        What::Shot { on_target: true, .. } => "Shot on target",
        What::Shot { .. } => "Shot",
        What::Save { .. } => "Save",
        What::Card { card: Card::Yellow, .. } => "Yellow card",
        What::Card { card: Card::Red, .. } => "Red card",
        What::Injury { .. } => "Injury",
        What::Substitution { .. } => "Substitution",
        What::Penalty { outcome: Outcome::Scored, .. } => "Penalty goal",
        What::Penalty { outcome: Outcome::Missed, .. }
        | What::ShootOutKick { outcome: Outcome::Missed, .. } => "Penalty missed",
        What::Penalty { .. } | What::ShootOutKick { outcome: Outcome::Saved, .. } => "Penalty saved",
        What::ShootOutKick { .. } => "Penalty scored",
        What::Note => "Note",
        What::Amend { .. } => "Correction",
        What::Strike { .. } => "Struck",
    }
}

/// A line in two: who, and what they did.
pub(super) fn told_words(sheet: &Sheet, line: &Line) -> (String, String) {
    let what = &line.happening.what;
    let word = what_word(what);
    let Some(side) = what.side() else {
        let more = match what {
            What::AddedTime { minutes: 1 } => "1 minute".to_owned(),
            What::AddedTime { minutes } => format!("{minutes} minutes"),
            _ => String::new(),
        };
        return (word.to_owned(), more);
    };
    let team = sheet.of(side);
    let [player, other] = what.players().map(|id| player_name(team, id));
    let mut more = match (what, other) {
        (What::Goal { .. }, Some(assist)) => format!("Goal for {}, assist {assist}", team.name),
        (What::Goal { .. }, None) => format!("Goal for {}", team.name),
        (What::OwnGoal { .. }, _) => format!("Own goal for {}", sheet.of(side.other()).name),
        (What::Substitution { .. }, Some(off)) if player.is_some() => format!("On for {off}, {}", team.name),
        (What::Substitution { .. }, Some(off)) => format!("{off} goes off, {}", team.name),
        _ => format!("{word}, {}", team.name),
    };
    let who = player.unwrap_or_else(|| std::mem::take(&mut more));
    (who, more)
}

/// What is said when it happens, if it is worth a sentence.
pub(super) fn said_words(sheet: &Sheet, line: &Line) -> Option<String> {
    let what = &line.happening.what;
    let score = score_words(line.score);
    if let Some(side) = line.scores_for() {
        let own = if matches!(what, What::OwnGoal { .. }) { "Own goal, for" } else { "Goal for" };
        return Some(format!("{own} {}, {score}.", sheet.of(side).name));
    }
    match what {
        What::KickOff => Some("Kick-off.".to_owned()),
        What::Card { card: Card::Red, side, .. } => Some(format!("Red card for {}.", sheet.of(*side).name)),
        what if what.phase().is_some() => Some(format!("{}, {score}.", what_word(what))),
        _ => None,
    }
}

/// What is said when something is struck that had counted.
pub(super) fn struck_words(sheet: &Sheet, line: &Line, now: Score) -> Option<String> {
    let side: Side = line.happening.what.scores_for()?;
    Some(format!("Goal for {} disallowed, {}.", sheet.of(side).name, score_words(now)))
}
