//! The numbers of both teams, side by side.

use leptos::prelude::*;
use shared::model::match_::{Side, Stats};

use super::log::MatchLog;
use crate::components::dynamic::dynamic;

type Number = fn(&Stats) -> u32;

/// What is compared. Cards and the rest are shown when there are some.
const NUMBERS: [(&str, bool, Number); 8] = [
    ("Shots", true, |stats| stats.shots),
    ("On target", true, |stats| stats.shots_on_target),
    ("Saves", true, |stats| stats.saves),
    ("Yellow cards", true, |stats| stats.yellow_cards),
    ("Red cards", false, |stats| stats.red_cards),
    ("Substitutions", true, |stats| stats.substitutions),
    ("Penalties", false, |stats| stats.penalties),
    ("Injuries", false, |stats| stats.injuries),
];

/// The statistics.
#[component]
pub(super) fn Statistics(log: MatchLog) -> impl IntoView {
    let name = move |side: Side| Memo::new(move |_| log.with(|of| of.sheet.of(side).name.clone()));
    view! {
        <section class="panel" aria-labelledby="stats-title">
            <h2 id="stats-title">"Statistics"</h2>
            <table class="stats">
                <thead class="visually-hidden">
                    <tr><th scope="col">{name(Side::Home)}</th><th scope="col">"Number"</th><th scope="col">{name(Side::Away)}</th></tr>
                </thead>
                <tbody>
                    {NUMBERS.map(|(label, always, read)| view! { <Compared log=log label=label always=always read=read /> }).collect_view()}
                </tbody>
            </table>
        </section>
    }
}

#[component]
fn Compared(log: MatchLog, label: &'static str, always: bool, read: Number) -> impl IntoView {
    let of =
        move |side: Side| Memo::new(move |_| log.counted.with(|counted| read(&counted.state.of(side).stats)));
    let (home, away) = (of(Side::Home), of(Side::Away));
    let share = move |own: Memo<u32>| {
        dynamic(move || {
            let all = home.get() + away.get();
            let percent = (own.get() * 100).checked_div(all).unwrap_or_default();
            format!("width: {percent}%")
        })
    };
    view! {
        <tr hidden=dynamic(move || !always && home.get() + away.get() == 0)>
            <td class="num" class:ahead=move || { home.get() > away.get() }>{home}<span class="stats-bar" aria-hidden="true"><span style=share(home)></span></span></td>
            <th scope="row">{label}</th>
            <td class="num" class:ahead=move || { away.get() > home.get() }>{away}<span class="stats-bar" aria-hidden="true"><span style=share(away)></span></span></td>
        </tr>
    }
}
