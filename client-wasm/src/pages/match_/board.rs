//! The scoreboard: who plays, what the score is and who made it so, how far the match has come and the time of play.

use leptos::prelude::*;
use leptos_router::components::A;
use shared::model::match_::{MatchState, Minute, Outcome, Phase, Side, What};

use super::{
    clock::RunningClock,
    follows::{FollowButton, Follows},
    log::MatchLog,
    words::{family_name, minute_words, phase_word, player_name, score_words, shoot_out_words},
};
use crate::components::{dynamic::dynamic, icon::Icon, time::event_moment};

/// The scoreboard; small where it stands above the recorder's buttons.
#[component]
pub(super) fn Scoreboard(
    log: MatchLog,
    #[prop(optional)] small: bool,
    #[prop(optional)] follows: Option<Follows>,
) -> impl IntoView {
    let state = move |read: fn(&MatchState) -> String| {
        Memo::new(move |_| log.counted.with(|counted| read(&counted.state)))
    };
    let phase = Memo::new(move |_| log.counted.with(|counted| counted.state.phase));
    let score =
        state(
            |state| if state.phase == Phase::Scheduled { "–".to_owned() } else { score_words(state.score) },
        );
    let kicks = state(|state| shoot_out_words(state).unwrap_or_default());
    let name = move |side: Side| Memo::new(move |_| log.with(|of| of.sheet.of(side).name.clone()));
    let (home, away) = (name(Side::Home), name(Side::Away));
    let heading = Memo::new(move |_| {
        if phase.get() == Phase::Scheduled {
            format!("{} against {}", home.get(), away.get())
        } else {
            format!("{} {} {}", home.get(), score.get(), away.get())
        }
    });
    let about = Memo::new(move |_| {
        log.with(|of| {
            let begins = of.starts_at.as_ref().map(event_moment);
            let parts = [(!of.title.is_empty()).then(|| of.title.clone()), begins];
            parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
        })
    });
    let tournament = Memo::new(move |_| log.with(|of| of.tournament_id.as_ref().map(ToString::to_string)));
    // Who plays a match never changes.
    let team_of = move |side: Side| untrack(|| log.with(|of| Some(of.sheet.of(side).team_id.clone())));
    let is_on = move || !matches!(phase.get(), Phase::Scheduled) && !phase.get().is_over();
    view! {
        <section class="scoreboard" class:scoreboard-small=small aria-label="Score">
            <h1 class="visually-hidden">{heading}</h1>
            <p class="scoreboard-about" hidden=dynamic(move || about.with(String::is_empty))>{about}</p>
            <div class="scoreboard-row" aria-hidden="true">
                <span class="scoreboard-team">{home}</span>
                <span class="scoreboard-score num">{score}</span>
                <span class="scoreboard-team">{away}</span>
            </div>
            <p class="scoreboard-kicks num" hidden=dynamic(move || kicks.with(String::is_empty))>{kicks}</p>
            <p class="scoreboard-phase">
                <span class="badge" data-status=dynamic(move || if is_on() { "live" } else { "" })>
                    <span class="dot" aria-hidden="true" hidden=dynamic(move || !is_on())></span>
                    {dynamic(move || phase_word(phase.get()))}
                </span>
                <RunningClock log=log />
                {dynamic(move || tournament.get().filter(|_| !small).map(|id| view! {
                    <A href=format!("/tournaments/{id}") attr:class="watching link">"Table and bracket" {Icon::ArrowRight.draw()}</A>
                }))}
            </p>
            {(!small).then(|| view! {
                <div class="scoreboard-scorers">
                    <Scorers log=log side=Side::Home />
                    <Scorers log=log side=Side::Away />
                </div>
            })}
            {follows.map(|follows| view! {
                <div class="scoreboard-follow">
                    {[(Side::Home, home), (Side::Away, away)].map(|(side, name)| team_of(side).map(|team| view! {
                        <FollowButton follows=follows team=team name=name.into() words=true />
                    })).collect_view()}
                </div>
            })}
        </section>
    }
}

/// Who has scored for a side: a player, and the minutes.
#[component]
fn Scorers(log: MatchLog, side: Side) -> impl IntoView {
    let scorers = Memo::new(move |_| {
        log.with(|of| {
            let mut scorers = Vec::<(String, Vec<String>)>::new();
            log.counted.with(|counted| {
                for line in counted.lines.iter().filter(|line| line.scores_for() == Some(side)) {
                    let what = &line.happening.what;
                    let team = what.side().map(|side| of.sheet.of(side));
                    let name = team.and_then(|team| player_name(team, what.players()[0]));
                    let name = name
                        .as_deref()
                        .map_or_else(|| "Goal".to_owned(), |name| family_name(name).to_owned());
                    let minute = scored_words(what, line.minute);
                    match scorers.iter_mut().find(|(known, _)| *known == name) {
                        Some((_, minutes)) => minutes.push(minute),
                        None => scorers.push((name, vec![minute])),
                    }
                }
            });
            scorers
        })
    });
    view! {
        <ul>
            {dynamic(move || scorers.get().into_iter().map(|(name, minutes)| view! {
                <li>{name} " " <span class="num">{minutes.join(", ")}</span></li>
            }).collect_view())}
        </ul>
    }
}

fn scored_words(what: &What, minute: Minute) -> String {
    let minute = minute_words(minute);
    match what {
        What::OwnGoal { .. } => format!("{minute} own goal"),
        What::Penalty { outcome: Outcome::Scored, .. } => format!("{minute} penalty"),
        _ => minute,
    }
}
