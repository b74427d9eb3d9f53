//! What has happened, newest first: the moments that matter, everything, or what one team did. A row keeps its node
//! while what it says changes: sent, corrected, struck.

use leptos::prelude::*;
use shared::{
    MatchEventId,
    model::match_::{Side, What},
};

use super::{
    counted::Line,
    log::MatchLog,
    signs::sign,
    words::{minute_words, score_words, told_words},
};
use crate::components::dynamic::{dynamic, when};

/// Which of it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    Key,
    Everything,
    Of(Side),
}

impl Choice {
    const fn shows(self, line: &Line) -> bool {
        match (self, line.side()) {
            (Self::Key, _) => line.is_key(),
            (Self::Everything, _) => true,
            (Self::Of(side), Some(of)) => {
                matches!((side, of), (Side::Home, Side::Home) | (Side::Away, Side::Away))
            }
            (Self::Of(_), None) => false,
        }
    }
}

/// The timeline of a match, with its filter.
#[component]
pub(super) fn Moments(log: MatchLog) -> impl IntoView {
    let choice = RwSignal::new(Choice::Key);
    let empty = Memo::new(move |_| {
        let choice = choice.get();
        log.counted.with(|counted| !counted.lines.iter().any(|line| choice.shows(line)))
    });
    let chip = move |of: Choice, name: Signal<String>| {
        view! {
            <button
                class="chip"
                type="button"
                aria-pressed=dynamic(move || (choice.get() == of).to_string())
                on:click=move |_| choice.set(of)
            >
                {name}
            </button>
        }
    };
    let team = move |side: Side| Signal::derive(move || log.with(|of| of.sheet.of(side).name.clone()));
    view! {
        <section class="moments" aria-labelledby="moments-title">
            <h2 id="moments-title" class="visually-hidden">"What has happened"</h2>
            <div class="filters" role="group" aria-label="Filter">
                {chip(Choice::Key, Signal::stored("Key moments".to_owned()))}
                {chip(Choice::Everything, Signal::stored("Everything".to_owned()))}
                {chip(Choice::Of(Side::Home), team(Side::Home))}
                {chip(Choice::Of(Side::Away), team(Side::Away))}
            </div>
            <Lines log=log choice=choice.into() />
            {when(move || empty.get(), || view! {
                <p class="moments-none">"Nothing yet. What happens appears here by itself."</p>
            }.into_any())}
        </section>
    }
}

/// The rows alone; `extra` draws what stands at the end of one.
#[component]
pub(super) fn Lines(
    log: MatchLog,
    choice: Signal<Choice>,
    #[prop(optional)] extra: Option<fn(MatchEventId) -> AnyView>,
) -> impl IntoView {
    let ids = Memo::new(move |_| {
        let choice = choice.get();
        let shown = |line: &&Line| choice.shows(line);
        log.counted.with(|counted| {
            counted.lines.iter().rev().filter(shown).map(|line| line.id.clone()).collect::<Vec<_>>()
        })
    });
    view! {
        <ol class="lines" aria-label="Moments of the match">
            <For each=move || ids.get() key=Clone::clone let:id>
                <Row log=log id=id extra=extra />
            </For>
        </ol>
    }
}

#[component]
fn Row(log: MatchLog, id: MatchEventId, extra: Option<fn(MatchEventId) -> AnyView>) -> impl IntoView {
    let (of, entry) = (id.clone(), id.to_string());
    let line = Memo::new(move |_| log.counted.with(|counted| counted.line(&of).cloned()));
    let is =
        move |read: fn(&Line) -> bool| Memo::new(move |_| line.with(|line| line.as_ref().is_some_and(read)));
    let pending = is(|line| line.pending);
    let struck = is(|line| line.struck.is_some());
    let amended = is(|line| line.amended && line.struck.is_none());
    let is_phase = is(|line| line.happening.what.phase().is_some());
    let scores = is(|line| line.scores_for().is_some());
    let text = move |read: fn(&Line) -> String| {
        Memo::new(move |_| line.with(|line| line.as_ref().map(read).unwrap_or_default()))
    };
    let minute = text(|line| minute_words(line.minute));
    let score = text(|line| score_words(line.score));
    let said = text(|line| line.happening.text.clone());
    let reason = text(|line| line.struck.clone().unwrap_or_default());
    let told = Memo::new(move |_| {
        log.with(|of| {
            line.with(|line| line.as_ref().map(|line| told_words(&of.sheet, line)).unwrap_or_default())
        })
    });
    let picture = Memo::new(move |_| line.with(|line| line.as_ref().map(|line| line.happening.what.clone())));
    // A goal that does not count is disallowed; everything else is struck.
    let struck_word = Memo::new(move |_| {
        picture.with(|what| match what.as_ref().and_then(What::scores_for) {
            Some(_) => "Disallowed",
            None => "Struck",
        })
    });
    view! {
        <li
            class="line"
            class:line-phase=is_phase
            class:line-goal=scores
            class:line-struck=struck
            class:line-pending=pending
            data-entry=entry
        >
            <span class="line-minute num">{minute}</span>
            {dynamic(move || picture.with(|what| what.as_ref().map(sign)))}
            <span class="line-main">
                <span class="line-told">
                    {dynamic(move || {
                        let (who, what) = told.get();
                        let words = view! { <b>{who}</b> " " <span>{what}</span> };
                        if struck.get() { view! { <s>{words}</s> }.into_any() } else { words.into_any() }
                    })}
                </span>
                {when(move || said.with(|text| !text.is_empty()), move || view! { <span class="line-text">{said}</span> }.into_any())}
                {when(move || struck.get(), move || view! {
                    <span class="line-mark line-off">{struck_word} {dynamic(move || reason.with(|text| (!text.is_empty()).then(|| format!(": {text}"))))}</span>
                }.into_any())}
                {when(move || amended.get(), || view! { <span class="line-mark">"Corrected"</span> }.into_any())}
                {when(move || pending.get(), || view! { <span class="line-mark line-wait">"Waiting to be sent"</span> }.into_any())}
            </span>
            {when(move || scores.get() || is_phase.get(), move || view! { <span class="line-score num">{score}</span> }.into_any())}
            {extra.map(|extra| extra(id))}
        </li>
    }
}
