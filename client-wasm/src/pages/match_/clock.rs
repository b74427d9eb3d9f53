//! The time of play, running: from the anchors that the server gave, by the server's clock. It moves once a second
//! while it runs and somebody looks, and not at all otherwise.

use std::{rc::Rc, time::Duration};

use leptos::prelude::*;
use shared::model::match_::{Clock, MatchState, Phase};

use super::log::MatchLog;
use crate::{
    browser::{self, WhileSeen},
    components::dynamic::dynamic,
};

const SECOND: Duration = Duration::from_secs(1);

/// The time of play, as text that runs: `63:24`, and `45:00 +2:12` when a half takes longer.
#[component]
pub(super) fn RunningClock(log: MatchLog) -> impl IntoView {
    let now = RwSignal::new(0.0);
    let running = StoredValue::new_local(None::<WhileSeen>);
    let runs = Memo::new(move |_| log.counted.with(|counted| counted.state.clock.since.is_some()));
    let tick = move || now.set(log.now_ms());
    Effect::new(move || {
        // A stop is a moment as well.
        log.counted.track();
        log.delay_s.track();
        log.clock_set.track();
        tick();
    });
    Effect::new(move || running.set_value(runs.get().then(|| browser::while_seen(SECOND, Rc::new(tick)))));
    on_cleanup(move || running.dispose());
    let text = Memo::new(move |_| log.counted.with(|counted| clock_words(&counted.state, now.get() as i64)));
    view! {
        <span class="match-clock num" role="timer" aria-live="off" hidden=dynamic(move || text.with(String::is_empty))>{text}</span>
    }
}

/// `63:24`; nothing while there is nothing to be timed.
fn clock_words(state: &MatchState, now: i64) -> String {
    if !state.phase.is_timed() {
        return String::new();
    }
    let Clock { ends_ms, added_minutes, .. } = state.clock;
    let played = state.clock.played_ms(now);
    let mut text = time_words(played.min(ends_ms));
    if played > ends_ms {
        text.push_str(" +");
        text.push_str(&time_words(played - ends_ms));
    }
    if let Some(minutes) = added_minutes.filter(|_| played < ends_ms) {
        text.push_str(" +");
        text.push_str(&minutes.to_string());
    }
    if state.clock.since.is_none() {
        text.push_str(" (stopped)");
    }
    text
}

fn time_words(ms: u64) -> String {
    let seconds = ms / 1000;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// Phase and minute for a list: `63’`, `Half-time`.
pub(super) fn standing_words(state: &MatchState, now: i64) -> String {
    if state.phase.is_timed() {
        super::words::minute_words(state.clock.minute(now))
    } else if state.phase == Phase::Scheduled {
        String::new()
    } else {
        super::words::phase_word(state.phase).to_owned()
    }
}
