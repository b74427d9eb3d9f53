//! A tournament: the tables of its groups, its bracket and its matches, live. Follows the topic `tournament:{id}`.

use std::collections::HashMap;

use futures_util::future::join3;
use leptos::{prelude::*, task::spawn_local};
use leptos_router::components::A;
use shared::{
    Change, MatchId, TeamId, Topic, TournamentId,
    model::{
        match_::{Match, MatchChange, Phase},
        tournament::{Plan, Slot, Standing, TableRow, Tie, TieState, Tournament, TournamentChange},
    },
};

use super::gone::NothingHere;
use crate::{
    api::{self, matches},
    browser,
    components::{
        dynamic::{dynamic, when},
        icon::Icon,
        title::use_title,
    },
    driver::{Live, News, use_live},
    pages::event::{gone::Gone, load::earlier},
};

/// What the page knows.
#[derive(Clone, Copy)]
struct Cup {
    id: StoredValue<TournamentId>,
    live: Live,
    of: RwSignal<Option<Tournament>>,
    matches: RwSignal<Vec<Match>>,
    /// What teams are called.
    names: RwSignal<HashMap<TeamId, String>>,
    gone: RwSignal<Option<Gone>>,
    failed: RwSignal<Option<String>>,
}

impl Cup {
    fn snapshot(self) {
        let id = self.id.get_value();
        let topic = Topic::tournament(&id);
        spawn_local(async move {
            let read = self.read(&id).await;
            if self.of.is_disposed() {
                return;
            }
            match read {
                Ok(position) => {
                    self.failed.set(None);
                    self.live.snapshot_applied(topic, position);
                }
                Err(error) if error.is_closed() => self.close(),
                Err(error) => {
                    if self.of.with_untracked(Option::is_none) {
                        self.failed.set(Some(error.message));
                    }
                    self.live.snapshot_failed(topic);
                }
            }
        });
    }

    async fn read(self, id: &TournamentId) -> api::Answer<shared::Position> {
        // Who plays is known by its event.
        let event = matches::tournament(id).await?.item.event_id;
        let read = join3(matches::tournament(id), matches::of_tournament(id), matches::teams(&event)).await;
        let (of, page, teams) = (read.0?, read.1?, read.2?);
        let names = teams.items.into_iter().map(|team| (team.id, team.name)).collect();
        let position = earlier(of.cursor.0, page.cursor.0);
        self.names.try_set(names);
        self.matches.try_set(page.items);
        self.of.try_set(Some(of.item));
        Ok(position)
    }

    fn apply(self, change: &Change) {
        match change.read() {
            Some(MatchChange::New(of) | MatchChange::Update(of)) => {
                self.names.update(|names| {
                    for team in [&of.sheet.home, &of.sheet.away] {
                        names.insert(team.team_id.clone(), team.name.clone());
                    }
                });
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
            Some(TournamentChange::New(of) | TournamentChange::Update(of)) => self.of.set(Some(*of)),
            Some(TournamentChange::Standing(changed)) => self.of.update(|of| {
                if let Some(of) = of {
                    of.standing = changed.standing;
                }
            }),
            Some(TournamentChange::Delete(_)) => self.gone.set(Some(Gone::Deleted)),
            None => {}
        }
    }

    fn close(self) {
        if self.gone.get_untracked().is_none() {
            let seen = self.of.with_untracked(Option::is_some);
            self.gone.set(Some(if seen { Gone::Closed } else { Gone::Missing }));
        }
    }

    fn name(self, team: &TeamId) -> String {
        self.names.with(|names| names.get(team).cloned().unwrap_or_else(|| "Team".to_owned()))
    }

    /// Who has a place in the bracket, or how it is to be won.
    fn slot(self, plan: &Plan, known: Option<&TeamId>, slot: &Slot) -> String {
        match (known, slot) {
            (Some(team), _) | (None, Slot::Team(team)) => self.name(team),
            (None, Slot::Rank { group, rank }) => {
                let name = plan.groups.get(usize::from(*group)).map_or("", |group| group.name.as_str());
                format!("{rank}. of {name}")
            }
            (None, Slot::Winner(tie)) => format!("Winner of {}", tie_words(plan, tie)),
            (None, Slot::Loser(tie)) => format!("Loser of {}", tie_words(plan, tie)),
        }
    }
}

/// `Semi-final 2`: a tie by its round, and its place there if the round has more than one.
fn tie_words(plan: &Plan, id: &shared::TieId) -> String {
    for round in &plan.rounds {
        if let Some(at) = round.ties.iter().position(|tie| tie.id == *id) {
            return if round.ties.len() > 1 {
                format!("{} {}", round.name, at + 1)
            } else {
                round.name.clone()
            };
        }
    }
    id.to_string()
}

/// The page.
#[component]
pub(super) fn TournamentPage(id: TournamentId) -> impl IntoView {
    let title = use_title();
    title.name("");
    title.unread(0);
    browser::scroll_to(0.0, false);
    let live = use_live();
    let cup = Cup {
        id: StoredValue::new(id.clone()),
        live,
        of: RwSignal::new(None),
        matches: RwSignal::default(),
        names: RwSignal::default(),
        gone: RwSignal::new(None),
        failed: RwSignal::new(None),
    };
    live.follow(Topic::tournament(&id), None, move |news| match news {
        News::SnapshotNeeded => cup.snapshot(),
        News::Publications { publications, .. } => {
            for publication in &publications {
                cup.apply(&publication.change);
            }
        }
        News::Refused { code, .. } if api::is_closed(code) => cup.close(),
        News::Refused { message, .. } => cup.failed.set(Some(message)),
        News::Presence(_) => {}
    });
    let name =
        Memo::new(move |_| cup.of.with(|of| of.as_ref().map(|of| of.title.clone()).unwrap_or_default()));
    Effect::new(move || {
        if cup.gone.get().is_none() {
            title.name(name.get());
        }
    });
    let ready = Memo::new(move |_| cup.of.with(Option::is_some));
    let here = format!("/tournaments/{id}");
    dynamic(move || match (cup.gone.get(), ready.get()) {
        (Some(why), _) => view! { <NothingHere why=why thing="tournament" here=here.clone() /> }.into_any(),
        (None, true) => view! { <Shown cup=cup name=name /> }.into_any(),
        (None, false) => dynamic(move || match cup.failed.get() {
            Some(message) => view! {
                <div class="notice" role="alert">
                    <h1>"The tournament could not be loaded"</h1>
                    <p>{message}</p>
                    <button class="btn" type="button" on:click=move |_| {
                        cup.failed.set(None);
                        live.refresh(Topic::tournament(&cup.id.get_value()));
                    }>"Try again"</button>
                </div>
            }
            .into_any(),
            None => view! {
                <div class="match-page" role="status" aria-label="Loading">
                    <div class="sk sk-title"></div>
                    <div class="sk sk-block"></div>
                    <div class="sk sk-block"></div>
                </div>
            }
            .into_any(),
        })
        .into_any(),
    })
}

#[component]
fn Shown(cup: Cup, name: Memo<String>) -> impl IntoView {
    let event =
        cup.of.with(|of| of.as_ref().map(|of| format!("/events/{}", of.event_id)).unwrap_or_default());
    let plan =
        Memo::new(move |_| cup.of.with(|of| of.as_ref().map(|of| of.plan.clone()).unwrap_or_default()));
    let standing =
        Memo::new(move |_| cup.of.with(|of| of.as_ref().map(|of| of.standing.clone()).unwrap_or_default()));
    let empty = move || plan.with(|plan| plan.groups.is_empty() && plan.rounds.is_empty());
    view! {
        <div class="match-page">
            <div class="match-top"><A href=event attr:class="back">{Icon::ArrowLeft.draw()} "Back to the event"</A></div>
            <div class="page-head cup-head"><h1>{name}</h1></div>
            <div class="cup-tables">
                {dynamic(move || plan.with(|plan| plan.groups.clone()).into_iter().enumerate().map(|(at, group)| view! {
                    <Table cup=cup name=group.name at=at standing=standing />
                }).collect_view())}
            </div>
            {dynamic(move || {
                let plan = plan.get();
                (!plan.rounds.is_empty()).then(|| view! { <Bracket cup=cup plan=plan standing=standing /> })
            })}
            {when(empty, || view! { <p class="moments-none">"Nobody has said yet who is to play whom."</p> }.into_any())}
        </div>
    }
}

#[component]
fn Table(cup: Cup, name: String, at: usize, standing: Memo<Standing>) -> impl IntoView {
    let rows = Memo::new(move |_| {
        standing.with(|standing| standing.tables.get(at).map(|table| table.rows.clone()).unwrap_or_default())
    });
    let row = move |row: TableRow| {
        let TableRow { team_id, played, won, drawn, lost, goals_for, goals_against, points } = row;
        view! {
            <tr>
                <th scope="row">{cup.name(&team_id)}</th>
                <td>{played}</td>
                <td class="wide">{won}</td>
                <td class="wide">{drawn}</td>
                <td class="wide">{lost}</td>
                <td>{format!("{goals_for}:{goals_against}")}</td>
                <td><b>{points}</b></td>
            </tr>
        }
    };
    view! {
        <section class="panel">
            <table class="cup-table num">
                <caption>{name}</caption>
                <thead>
                    <tr>
                        <th scope="col">"Team"</th>
                        <th scope="col"><abbr title="Played">"P"</abbr></th>
                        <th scope="col" class="wide"><abbr title="Won">"W"</abbr></th>
                        <th scope="col" class="wide"><abbr title="Drawn">"D"</abbr></th>
                        <th scope="col" class="wide"><abbr title="Lost">"L"</abbr></th>
                        <th scope="col">"Goals"</th>
                        <th scope="col"><abbr title="Points">"Pts"</abbr></th>
                    </tr>
                </thead>
                <tbody>{dynamic(move || rows.get().into_iter().map(row).collect_view())}</tbody>
            </table>
        </section>
    }
}

#[component]
fn Bracket(cup: Cup, plan: Plan, standing: Memo<Standing>) -> impl IntoView {
    let rounds = plan.rounds.clone();
    let plan = StoredValue::new(plan);
    view! {
        <section class="bracket" aria-label="Bracket">
            {rounds.into_iter().map(|round| view! {
                <div class="bracket-round">
                    <h2>{round.name}</h2>
                    <ol>{round.ties.into_iter().map(|tie| view! { <BracketTie cup=cup plan=plan tie=tie standing=standing /> }).collect_view()}</ol>
                </div>
            }).collect_view()}
        </section>
    }
}

#[component]
fn BracketTie(cup: Cup, plan: StoredValue<Plan>, tie: Tie, standing: Memo<Standing>) -> impl IntoView {
    let id = tie.id.clone();
    let state = Memo::new(move |_| {
        standing.with(|standing| standing.ties.iter().find(|state| state.id == id).cloned())
    });
    dynamic(move || {
        let state = state.get();
        let part = |read: fn(&TieState) -> Option<&TeamId>| state.as_ref().and_then(read).cloned();
        let (home, away, winner) = (
            part(|state| state.home.as_ref()),
            part(|state| state.away.as_ref()),
            part(|state| state.winner.as_ref()),
        );
        let played = state.as_ref().and_then(|state| state.match_id.clone());
        let names = plan.with_value(|plan| {
            [(&home, &tie.home), (&away, &tie.away)].map(|(known, slot)| cup.slot(plan, known.as_ref(), slot))
        });
        let goals = played.as_ref().and_then(|id| goals(cup, id));
        let line = |name: String, team: &Option<TeamId>, at: usize| {
            let wins = winner.is_some() && *team == winner;
            view! {
                <span class="bracket-team" class:wins=wins>
                    <span>{name}</span>
                    <span class="num">{goals.map(|goals| goals[at])}</span>
                </span>
            }
        };
        let [first, second] = names;
        let lines = view! { {line(first, &home, 0)} {line(second, &away, 1)} };
        match played {
            Some(id) => {
                view! { <li><A href=format!("/matches/{id}") attr:class="bracket-tie">{lines}</A></li> }
                    .into_any()
            }
            None => view! { <li><span class="bracket-tie">{lines}</span></li> }.into_any(),
        }
    })
}

/// The goals of a match that has begun.
fn goals(cup: Cup, id: &MatchId) -> Option<[u32; 2]> {
    cup.matches.with(|all| {
        let of = all.iter().find(|of| of.id == *id)?;
        (of.state.phase != Phase::Scheduled).then_some([of.state.score.home, of.state.score.away])
    })
}
