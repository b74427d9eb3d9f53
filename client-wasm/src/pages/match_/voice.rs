//! What a match says: one polite sentence for a goal, a red card, a half; in the title the score; and spoken aloud for
//! who asks for it, of those whom they follow if they follow anybody. All of it from what is shown, so that what is held
//! back is held back here as well.

use std::collections::HashMap;

use leptos::prelude::*;
use shared::{
    MatchEventId,
    model::{
        follow::Followed,
        match_::{Score, Sheet, What},
    },
};

use super::{
    counted::Line,
    follows::Follows,
    log::MatchLog,
    words::{said_words, score_words, struck_words, title_words, told_words},
};
use crate::{
    browser,
    components::{announcer::use_announcer, title::use_title},
};

/// Most sentences that are spoken of what comes at once: who comes back to a match is not told all that was missed.
const SPOKEN_AT_ONCE: usize = 3;

/// What was shown of each entry, and whether it was struck. What is not shown for a while (a longer delay was chosen)
/// has been said all the same.
type Seen = HashMap<MatchEventId, (What, bool)>;

/// Something to be said.
struct Sentence {
    text: String,
    /// Aloud as well.
    spoken: bool,
}

/// Says what happens from now on, for as long as the current owner lives. `aloud`: by the browser's voice as well.
pub(super) fn follow(log: MatchLog, aloud: RwSignal<bool>) {
    follow_for(log, aloud, None);
}

/// The same for who follows some of those who play.
pub(super) fn follow_for(log: MatchLog, aloud: RwSignal<bool>, follows: Option<Follows>) {
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
    Effect::new(move |before: Option<Option<Seen>>| {
        let ready = log.ready.get();
        let before = before.flatten();
        if let Some(before) = &before {
            let sentences = log.with(|of| {
                let followed = follows.map(|follows| untrack(|| follows.in_match(&of.sheet)));
                sentences(log, &of.sheet, &followed.unwrap_or_default(), before)
            });
            let mut spoken = sentences.iter().filter(|sentence| sentence.spoken).count();
            for Sentence { text, spoken: aloud_too } in sentences {
                if aloud_too {
                    if aloud.get_untracked() && spoken <= SPOKEN_AT_ONCE {
                        browser::speak(&text);
                    }
                    spoken -= 1;
                }
                announcer.say(text);
            }
        }
        let mut seen = before.unwrap_or_default();
        log.counted.with(|counted| {
            for line in &counted.lines {
                seen.insert(line.id.clone(), (line.happening.what.clone(), line.struck.is_some()));
            }
        });
        ready.then_some(seen)
    });
    on_cleanup(move || {
        if aloud.try_get_untracked() == Some(true) {
            browser::hush();
        }
    });
}

fn sentences(log: MatchLog, sheet: &Sheet, followed: &Followed, before: &Seen) -> Vec<Sentence> {
    log.counted.with(|counted| {
        let score = counted.state.score;
        let news = counted.lines.iter().filter_map(|line| match before.get(&line.id) {
            None if line.struck.is_none() => happened(sheet, followed, line),
            Some((what, false)) if line.struck.is_some() => struck(sheet, followed, line, what, score),
            Some((what, false)) if *what != line.happening.what => {
                corrected(sheet, followed, line, what, score)
            }
            _ => None,
        });
        news.collect()
    })
}

/// Who follows nobody hears what is said to all.
fn spoken(followed: &Followed, whats: [&What; 2]) -> bool {
    followed.is_empty() || whats.into_iter().any(|what| followed.is_concerned_by(what))
}

fn happened(sheet: &Sheet, followed: &Followed, line: &Line) -> Option<Sentence> {
    let what = &line.happening.what;
    let spoken = spoken(followed, [what, what]);
    let text = said_words(sheet, line).or_else(|| {
        let concerns = !followed.is_empty() && spoken;
        concerns.then(|| in_a_sentence(sheet, line))
    })?;
    Some(Sentence { text, spoken })
}

fn struck(sheet: &Sheet, followed: &Followed, line: &Line, was: &What, now: Score) -> Option<Sentence> {
    let spoken = spoken(followed, [was, was]);
    let text = struck_words(sheet, line, now).or_else(|| {
        let concerns = !followed.is_empty() && spoken;
        concerns.then(|| format!("Taken back: {}", in_a_sentence(sheet, line)))
    })?;
    Some(Sentence { text, spoken })
}

fn corrected(sheet: &Sheet, followed: &Followed, line: &Line, was: &What, now: Score) -> Option<Sentence> {
    let what = &line.happening.what;
    let spoken = spoken(followed, [was, what]);
    let text = if was.scores_for() == what.scores_for() {
        (!followed.is_empty() && spoken).then(|| format!("Corrected: {}", in_a_sentence(sheet, line)))?
    } else {
        format!("Corrected, {}.", score_words(now))
    };
    Some(Sentence { text, spoken })
}

/// `Mbappé: Yellow card, France.`
fn in_a_sentence(sheet: &Sheet, line: &Line) -> String {
    let (who, what) = told_words(sheet, line);
    if what.is_empty() { format!("{who}.") } else { format!("{who}: {what}.") }
}
