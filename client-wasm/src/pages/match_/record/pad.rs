//! The buttons: what can happen now, and the questions about what is being recorded.

use leptos::prelude::*;
use shared::{
    PlayerId,
    model::match_::{Happening, Phase, Player, Side, What},
};

use super::{
    Recorder,
    making::{Asked, Kind, Making, Named, Question, kinds, next_phases},
};
use crate::{components::dynamic::dynamic, pages::match_::words::what_word};

/// Minutes that can be added to a half by one press.
const ADDED: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

/// What is to be pressed now.
#[component]
pub(super) fn Pad(recorder: Recorder) -> impl IntoView {
    let adding_time = RwSignal::new(false);
    let phase = Memo::new(move |_| recorder.log.counted.with(|counted| counted.state.phase));
    let question = Memo::new(move |_| {
        recorder.making.with(|making| making.as_ref().map(|making| (making.kind, making.question())))
    });
    dynamic(move || match question.get() {
        Some((kind, question)) => view! { <Ask recorder=recorder kind=kind question=question /> }.into_any(),
        None if adding_time.get() => view! { <AddedTime recorder=recorder open=adding_time /> }.into_any(),
        None => {
            let phase = phase.get();
            view! { <Now recorder=recorder phase=phase adding_time=adding_time /> }.into_any()
        }
    })
}

#[component]
fn Now(recorder: Recorder, phase: Phase, adding_time: RwSignal<bool>) -> impl IntoView {
    let runs = Memo::new(move |_| recorder.log.counted.with(|counted| counted.state.clock.since.is_some()));
    let record = move |what: What| {
        if let Some(at) = recorder.now() {
            recorder.record(Happening { at, what, text: String::new() });
        }
    };
    let happened = kinds(phase).iter().map(|&kind| {
        let begin = move |_| {
            if let Some(at) = recorder.now() {
                recorder.go_on(Making::new(at, kind));
            }
        };
        view! { <button class="pad-btn" class:pad-goal={kind == Kind::Goal} class:pad-third={kind == Kind::Injury} type="button" on:click=begin>{kind.word()}</button> }
    });
    let phases = next_phases(phase).iter().enumerate().map(|(at, what)| {
        let class = if at == 0 && phase == Phase::Scheduled {
            "pad-btn pad-phase pad-first"
        } else {
            "pad-btn pad-phase"
        };
        let word = what_word(what);
        view! { <button class=class type="button" on:click=move |_| record(what.clone())>{word}</button> }
    });
    view! {
        <div class="pad" role="group" aria-label="What happens">
            {happened.collect_view()}
            {phase.is_timed().then(|| view! {
                <button class="pad-btn pad-low pad-third" type="button" on:click=move |_| adding_time.set(true)>"Added time"</button>
                <button class="pad-btn pad-low pad-third" type="button" on:click=move |_| record(if runs.get_untracked() { What::Stopped } else { What::Resumed })>
                    {dynamic(move || if runs.get() { "Stop the clock" } else { "Play goes on" })}
                </button>
            })}
            {phases.collect_view()}
            {phase.is_over().then(|| view! { <p class="pad-over">"The match is over. What was recorded can still be corrected below."</p> })}
        </div>
    }
}

#[component]
fn AddedTime(recorder: Recorder, open: RwSignal<bool>) -> impl IntoView {
    let choose = move |minutes: u8| {
        open.set(false);
        if let Some(at) = recorder.now() {
            recorder.record(Happening { at, what: What::AddedTime { minutes }, text: String::new() });
        }
    };
    view! {
        <div class="pad" role="group" aria-label="Minutes added">
            <p class="pad-ask">"How many minutes are added?"</p>
            {ADDED.map(|minutes| view! {
                <button class="pad-btn pad-number num" type="button" on:click=move |_| choose(minutes)>{format!("+{minutes}")}</button>
            }).collect_view()}
            <button class="pad-btn pad-low pad-wide" type="button" on:click=move |_| open.set(false)>"Cancel"</button>
        </div>
    }
}

/// One question about what is being recorded.
#[component]
fn Ask(recorder: Recorder, kind: Kind, question: Question) -> impl IntoView {
    let cancel = view! {
        <button class="pad-btn pad-low pad-wide" type="button" on:click=move |_| recorder.making.set(None)>"Cancel"</button>
    };
    let go_on = move |change: &dyn Fn(&mut Making)| {
        if let Some(mut making) = recorder.making.get_untracked() {
            change(&mut making);
            recorder.go_on(making);
        }
    };
    let name = move |side: Side| recorder.log.with(|of| of.sheet.of(side).name.clone());
    let (asked, answers) = match question {
        Question::Side => {
            let side = |side: Side| {
                view! {
                    <button class="pad-btn pad-side" type="button" on:click=move |_| go_on(&|making| making.side = Some(side))>{name(side)}</button>
                }
            };
            (
                format!("{}: which team?", kind.word()),
                view! { {side(Side::Home)} {side(Side::Away)} }.into_any(),
            )
        }
        Question::Choice(choices) => {
            let buttons = choices.into_iter().map(|(word, kind)| {
                view! { <button class="pad-btn pad-side" type="button" on:click=move |_| go_on(&|making| making.kind = kind)>{word}</button> }
            });
            (format!("{}: which?", kind.word()), buttons.collect_view().into_any())
        }
        Question::Player { side, asked } => {
            let question = match asked {
                Asked::Who => format!("{}, {}: who?", kind.word(), name(side)),
                Asked::ComesOn => format!("{}: who comes on?", name(side)),
                Asked::GoesOff => format!("{}: who goes off?", name(side)),
                Asked::Assist => "Who gave the assist?".to_owned(),
            };
            let nobody = if asked == Asked::Assist { "No assist" } else { "Nobody named" };
            let players = players(recorder, side, asked).into_iter().map(|player| {
                let id = player.id;
                view! {
                    <button class="pad-btn pad-player" type="button" on:click=move |_| {
                        let id = id.clone();
                        go_on(&move |making| making.answer(asked, Some(id.clone())));
                    }>
                        <span class="num">{player.number.map_or_else(|| "·".to_owned(), |number| number.to_string())}</span>
                        " "
                        <small>{player.name}</small>
                    </button>
                }
            });
            let answers = view! {
                {players.collect_view()}
                <button class="pad-btn pad-low pad-wide" type="button" on:click=move |_| go_on(&|making| making.answer(asked, None))>{nobody}</button>
            };
            (question, answers.into_any())
        }
        Question::Nothing(_) => (String::new(), ().into_any()),
    };
    let name = asked.clone();
    view! {
        <div class="pad" role="group" aria-label=name>
            <p class="pad-ask">{asked}</p>
            {answers}
            {cancel}
        </div>
    }
}

/// Who can be the answer: who is on the pitch, or who is not; everybody where nobody said who began. By number.
fn players(recorder: Recorder, side: Side, asked: Asked) -> Vec<Player> {
    recorder.log.with(|of| {
        let team = of.sheet.of(side);
        let on = recorder.log.counted.with_untracked(|counted| counted.state.on_pitch(&of.sheet, side));
        let taken: Vec<PlayerId> = recorder.making.with_untracked(|making| {
            let making = making.as_ref();
            let taken = making.map(|making| [making.player.clone(), making.other.clone()]);
            taken.into_iter().flatten().flatten().filter_map(|Named(player)| player).collect()
        });
        let known = !team.starting.is_empty();
        let fits = |player: &&Player| {
            let is_on = on.contains(&player.id);
            !taken.contains(&player.id) && (!known || is_on == (asked != Asked::ComesOn))
        };
        let mut fitting: Vec<Player> = team.players.iter().filter(fits).cloned().collect();
        fitting.sort_by_key(|player| player.number.unwrap_or(u16::MAX));
        fitting
    })
}
