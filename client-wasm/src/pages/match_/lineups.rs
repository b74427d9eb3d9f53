//! Who plays: those who began, those on the bench, and what became of each.

use leptos::prelude::*;
use shared::{
    PlayerId,
    model::match_::{Player, PlayerStats, Side},
};

use super::{
    follows::{FollowButton, Follows},
    log::MatchLog,
    words::minute_words,
};
use crate::components::dynamic::{dynamic, when};

/// Both teams.
#[component]
pub(super) fn LineUps(log: MatchLog, follows: Follows) -> impl IntoView {
    let some = Memo::new(move |_| {
        log.with(|of| !of.sheet.home.players.is_empty() || !of.sheet.away.players.is_empty())
    });
    when(
        move || some.get(),
        move || {
            view! {
                <section class="panel" aria-labelledby="lineups-title">
                    <h2 id="lineups-title">"Line-ups"</h2>
                    <div class="lineups">
                        <LineUp log=log side=Side::Home follows=follows />
                        <LineUp log=log side=Side::Away follows=follows />
                    </div>
                </section>
            }
            .into_any()
        },
    )
}

#[component]
fn LineUp(log: MatchLog, side: Side, follows: Follows) -> impl IntoView {
    let name = Memo::new(move |_| log.with(|of| of.sheet.of(side).name.clone()));
    // Those who began, and the others.
    let players = Memo::new(move |_| {
        log.with(|of| {
            let team = of.sheet.of(side);
            let (began, bench): (Vec<Player>, Vec<Player>) =
                team.players.iter().cloned().partition(|player| team.starting.contains(&player.id));
            [began, bench]
        })
    });
    let team = StoredValue::new(untrack(|| log.with(|of| Some(of.sheet.of(side).team_id.clone()))));
    let list = move |at: usize| {
        view! {
            <ul>
                <For each=move || players.with(|players| players[at].clone()) key=|player| (player.id.clone(), player.name.clone(), player.number) let:player>
                    <li>
                        <span class="lineup-number num">{player.number.map(|number| number.to_string())}</span>
                        <span class="lineup-name">{player.name.clone()} <Marks log=log side=side id=player.id.clone() /></span>
                        {team.get_value().map(|team| view! {
                            <FollowButton follows=follows team=team player=player.id name=Signal::stored(player.name) />
                        })}
                    </li>
                </For>
            </ul>
        }
    };
    let has = move |at: usize| players.with(|players: &[Vec<Player>; 2]| !players[at].is_empty());
    view! {
        <div>
            <h3>{name}</h3>
            {when(move || has(0), move || list(0).into_any())}
            {when(move || has(0) && has(1), || view! { <h4>"Substitutes"</h4> }.into_any())}
            {when(move || has(1), move || list(1).into_any())}
        </div>
    }
}

/// What became of a player: goals, cards, coming on and going off.
#[component]
fn Marks(log: MatchLog, side: Side, id: PlayerId) -> impl IntoView {
    let stats = Memo::new(move |_| log.counted.with(|counted| counted.state.of(side).player(&id).cloned()));
    dynamic(move || {
        let PlayerStats { stats, on, off, .. } = stats.get()?;
        let times = |count: u32| if count > 1 { format!("×{count}") } else { String::new() };
        Some(view! {
            <span class="marks">
                {(stats.goals > 0).then(|| view! { <span class="mark-goal" title="Goals">"⚽︎"<span class="visually-hidden">"Goal "</span>{times(stats.goals)}</span> })}
                {(stats.own_goals > 0).then(|| view! { <span class="mark-own" title="Own goals">"⚽︎"<span class="visually-hidden">"Own goal "</span>{times(stats.own_goals)}</span> })}
                {(stats.yellow_cards > 0).then(|| view! { <span class="mark-card mark-yellow" title="Yellow card"><span class="visually-hidden">"Yellow card "</span></span> })}
                {(stats.red_cards > 0 || stats.yellow_cards > 1).then(|| view! { <span class="mark-card mark-red" title="Sent off"><span class="visually-hidden">"Sent off "</span></span> })}
                {on.map(|minute| view! { <span class="mark-on num" title="Came on">"↑"<span class="visually-hidden">"On "</span>{minute_words(minute)}</span> })}
                {off.map(|minute| view! { <span class="mark-off num" title="Went off">"↓"<span class="visually-hidden">"Off "</span>{minute_words(minute)}</span> })}
            </span>
        })
    })
}
