//! What a match says: one polite sentence for a goal, a red card, a half; in the title the score; and spoken aloud for
//! who asks for it. All of it from what is shown, so that what is held back is held back here as well.

use leptos::prelude::*;
use shared::{
    MatchEventId,
    model::match_::{Score, Side},
};

use super::{
    log::MatchLog,
    words::{said_words, score_words, struck_words, title_words},
};
use crate::{
    browser,
    components::{announcer::use_announcer, title::use_title},
};

/// What was shown of an entry: whose score it raised, and whether it was struck.
type Seen = (MatchEventId, Option<Side>, bool);

/// Says what happens from now on, for as long as the current owner lives. `aloud`: by the browser's voice as well.
pub(super) fn follow(log: MatchLog, aloud: RwSignal<bool>) {
    let (announcer, title) = (use_announcer(), use_title());
    title.name("");
    title.unread(0);
    Effect::new(move || {
        let name = log.with(|of| log.counted.with(|counted| title_words(&of.sheet, &counted.state)));
        // Nothing is known yet, or there is nothing: then the notice about that has its own.
        if !name.is_empty() {
            title.name(name);
        }
    });
    Effect::new(move |before: Option<Option<Vec<Seen>>>| {
        let ready = log.ready.get();
        let seen = log.counted.with(|counted| {
            counted
                .lines
                .iter()
                .map(|line| (line.id.clone(), line.scores_for(), line.struck.is_some()))
                .collect::<Vec<_>>()
        });
        if let Some(before) = before.flatten() {
            for sentence in log.with(|of| sentences(log, &of.sheet, &before)) {
                if aloud.get_untracked() {
                    browser::speak(&sentence);
                }
                announcer.say(sentence);
            }
        }
        ready.then_some(seen)
    });
}

fn sentences(log: MatchLog, sheet: &shared::model::match_::Sheet, before: &[Seen]) -> Vec<String> {
    log.counted.with(|counted| {
        let score: Score = counted.state.score;
        let news =
            counted.lines.iter().filter_map(|line| match before.iter().find(|(id, ..)| *id == line.id) {
                None if line.struck.is_none() => said_words(sheet, line),
                Some((_, _, false)) if line.struck.is_some() => struck_words(sheet, line, score),
                Some((_, scored, false)) if *scored != line.scores_for() => {
                    Some(format!("Corrected, {}.", score_words(score)))
                }
                _ => None,
            });
        news.collect()
    })
}
