//! The matches of an event, as they stand in its page: what is being played first, then what is to come, then what is
//! over. Reads the list once and after holes; what changes comes from the event's own topic, by way of its page.

use std::{rc::Rc, time::Duration};

use leptos::{prelude::*, task::spawn_local};
use leptos_router::components::A;
use shared::{
    Change, EventId, MatchId,
    model::{
        match_::{Match, MatchChange, Phase, Side},
        tournament::{Tournament, TournamentChange},
    },
};

use super::{
    clock::standing_words,
    new_match::NewMatchDialog,
    words::{phase_word, score_words, shoot_out_words},
};
use crate::{
    api::matches as api,
    browser,
    components::{
        dynamic::{dynamic, when},
        icon::Icon,
        time::event_moment,
    },
    pages::event::matches::{Heard, Matches},
    storage,
};

/// So many are shown at first.
const FIRST: usize = 4;
/// How often a minute of play is looked at.
const LOOK: Duration = Duration::from_secs(10);

/// What is known of them.
#[derive(Clone, Copy)]
struct List {
    event: StoredValue<EventId>,
    matches: RwSignal<Vec<Match>>,
    tournaments: RwSignal<Vec<Tournament>>,
}

impl List {
    fn load(self) {
        let event = self.event.get_value();
        spawn_local(async move {
            // Without an answer what is shown stays; it is read again after the next hole.
            if let Ok(page) = api::of_event(&event).await {
                self.matches.try_update(|known| {
                    let mut read = page.items;
                    for of in &mut read {
                        // What was heard while the list was on its way is newer.
                        if let Some(newer) =
                            known.iter().find(|known| known.id == of.id && is_newer(known, of))
                        {
                            *of = newer.clone();
                        }
                    }
                    *known = read;
                });
            }
            if let Ok(page) = api::tournaments(&event).await {
                self.tournaments.try_set(page.items);
            }
        });
    }

    fn apply(self, change: &Change) {
        match change.read() {
            Some(MatchChange::New(of) | MatchChange::Update(of)) => {
                self.matches.update(|all| match all.iter_mut().find(|known| known.id == of.id) {
                    Some(known) => *known = *of,
                    None => all.insert(0, *of),
                });
            }
            Some(MatchChange::State(changed)) => self.matches.update(|all| {
                if let Some(known) = all.iter_mut().find(|known| known.id == changed.match_id) {
                    known.state = changed.state;
                }
            }),
            Some(MatchChange::Delete(gone)) => {
                self.matches.update(|all| all.retain(|known| known.id != gone.match_id));
            }
            _ => {}
        }
        match change.read() {
            Some(TournamentChange::New(of) | TournamentChange::Update(of)) => {
                self.tournaments.update(|all| {
                    all.retain(|known| known.id != of.id);
                    all.push(*of);
                });
            }
            Some(TournamentChange::Delete(gone)) => {
                self.tournaments.update(|all| all.retain(|known| known.id != gone.tournament_id));
            }
            _ => {}
        }
    }

    fn with<T: Default>(self, id: &MatchId, read: impl FnOnce(&Match) -> T) -> T {
        self.matches.with(|all| all.iter().find(|of| of.id == *id).map(read).unwrap_or_default())
    }
}

fn is_newer(one: &Match, other: &Match) -> bool {
    one.state.entries > other.state.entries || one.updated_at > other.updated_at
}

/// What is on comes first, then what is to come, the next one first, then what is over, the last one first.
fn rank(of: &Match) -> (u8, i64) {
    let at = of.starts_at.as_ref().unwrap_or(&of.created_at).unix_ms();
    match of.state.phase {
        Phase::Scheduled => (1, at),
        phase if phase.is_over() => (2, -at),
        _ => (0, at),
    }
}

/// The list, and the dialog that makes a match.
#[component]
pub(crate) fn EventMatches(id: EventId, place: Matches) -> impl IntoView {
    let list = List {
        event: StoredValue::new(id.clone()),
        matches: RwSignal::default(),
        tournaments: RwSignal::default(),
    };
    list.load();
    place.hear(Rc::new(move |heard: Heard<'_>| match heard {
        Heard::Change(change) => list.apply(change),
        Heard::Refresh => list.load(),
    }));
    let all = RwSignal::new(false);
    let sorted = Memo::new(move |_| {
        list.matches.with(|matches| {
            let mut order: Vec<_> = matches.iter().map(|of| (rank(of), of.id.clone())).collect();
            order.sort();
            order.into_iter().map(|(_, id)| id).collect::<Vec<_>>()
        })
    });
    let more = Memo::new(move |_| sorted.with(Vec::len) > FIRST && !all.get());
    let some = Memo::new(move |_| sorted.with(|sorted| !sorted.is_empty()));
    let now = RwSignal::new(browser::wall_ms());
    let looking = browser::while_seen(LOOK, Rc::new(move || now.set(browser::wall_ms())));
    let looking = StoredValue::new_local(looking);
    on_cleanup(move || looking.dispose());
    view! {
        {when(move || some.get(), move || view! {
            <section class="of-event" aria-labelledby="matches-title">
                <h2 id="matches-title" class="visually-hidden">"Matches"</h2>
                <ul>
                    <For
                        each=move || {
                            let many = if all.get() { usize::MAX } else { FIRST };
                            sorted.get().into_iter().take(many)
                        }
                        key=Clone::clone
                        let:id
                    >
                        <Row list=list id=id now=now />
                    </For>
                </ul>
                {when(move || more.get(), move || view! {
                    <button class="btn btn-small btn-quiet" type="button" on:click=move |_| all.set(true)>
                        {dynamic(move || format!("All {} matches", sorted.with(Vec::len)))}
                    </button>
                }.into_any())}
                {dynamic(move || list.tournaments.get().into_iter().map(|of| view! {
                    <A href=format!("/tournaments/{}", of.id) attr:class="watching link">{of.title} ": table and bracket" {Icon::ArrowRight.draw()}</A>
                }).collect_view())}
            </section>
        }.into_any())}
        <NewMatchDialog event=id open=place.adding />
    }
}

#[component]
fn Row(list: List, id: MatchId, now: RwSignal<f64>) -> impl IntoView {
    let of = StoredValue::new(id.clone());
    let read = move |read: fn(&Match) -> String| Memo::new(move |_| of.with_value(|id| list.with(id, read)));
    let home = read(|of| of.sheet.of(Side::Home).name.clone());
    let away = read(|of| of.sheet.of(Side::Away).name.clone());
    let begun =
        Memo::new(move |_| of.with_value(|id| list.with(id, |of| of.state.phase != Phase::Scheduled)));
    // What is held back on the match's own page is not given away here.
    let held_back = storage::spoiler_delay_s() > 0;
    let score = read(|of| score_words(of.state.score));
    let score = Memo::new(move |_| if begun.get() && !held_back { score.get() } else { "–".to_owned() });
    let on =
        Memo::new(move |_| begun.get() && of.with_value(|id| list.with(id, |of| !of.state.phase.is_over())));
    let standing = Memo::new(move |_| {
        let now = now.get() as i64;
        let held = held_back;
        of.with_value(|id| {
            list.with(id, |of| match (&of.starts_at, of.state.phase) {
                (Some(at), Phase::Scheduled) => event_moment(at),
                (None, Phase::Scheduled) => phase_word(Phase::Scheduled).to_owned(),
                _ if held => "Held back".to_owned(),
                _ => match shoot_out_words(&of.state).filter(|_| of.state.phase.is_over()) {
                    Some(kicks) => kicks,
                    None => standing_words(&of.state, now),
                },
            })
        })
    });
    view! {
        <li>
            <A href=format!("/matches/{id}") attr:class="of-event-row">
                <span class="of-event-team">{home}</span>
                <span class="of-event-score num">{score}</span>
                <span class="of-event-team">{away}</span>
                <span class="badge num" data-status=dynamic(move || if on.get() { "live" } else { "" })>{standing}</span>
            </A>
        </li>
    }
}
