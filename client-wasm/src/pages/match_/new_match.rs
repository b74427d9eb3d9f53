//! The dialog that makes a match: two teams, by name, with their players one to a line.

use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use shared::{
    EventId,
    limits::MATCH_TITLE_CHARS,
    model::match_::{NewMatch, NewPlayer, NewTeam, NewTeamSheet, Team},
};

use crate::{
    api::{Answer, ApiError, matches as api},
    browser,
    components::{
        form::{Field, Form, FormProblem, SubmitButton},
        sheet::{Sheet, use_sheet},
    },
};

/// Who begins, where nobody said where the bench is.
const ELEVEN: usize = 11;

/// The dialog; it goes to the match it has made.
#[component]
pub(super) fn NewMatchDialog(event: EventId, open: RwSignal<bool>) -> impl IntoView {
    let event = StoredValue::new(event);
    view! {
        <Sheet open=open title="New match">
            <Fields event=event />
        </Sheet>
    }
}

/// A team as it is typed in.
#[derive(Clone, Copy)]
struct Typed {
    name: RwSignal<String>,
    players: RwSignal<String>,
    /// What was made of it: a second try makes no second team.
    made: StoredValue<Option<Team>>,
}

impl Typed {
    fn new() -> Self {
        Self { name: RwSignal::default(), players: RwSignal::default(), made: StoredValue::default() }
    }

    /// The team, made or found among those that the event has, and who of it begins.
    async fn take(self, event: &EventId, teams: &[Team]) -> Answer<NewTeamSheet> {
        let name = self.name.get_untracked().trim().to_owned();
        let (players, begin) = self.players.with_untracked(|text| read_players(text));
        let known = teams.iter().find(|team| players.is_empty() && team.name.eq_ignore_ascii_case(&name));
        let team = match (known, self.made.get_value()) {
            (Some(known), _) => known.clone(),
            (None, Some(made)) if made.name == name && made.players.len() == players.len() => made,
            _ => {
                let new = NewTeam { short: String::new(), players: players.clone(), name };
                let made = api::create_team(event, &new).await?;
                self.made.try_set_value(Some(made.clone()));
                made
            }
        };
        // The server sorts them by number: who begins is told by name and number.
        let starting = team
            .players
            .iter()
            .filter(|player| {
                players[..begin].iter().any(|new| new.name == player.name && new.number == player.number)
            })
            .map(|player| player.id.clone())
            .collect();
        Ok(NewTeamSheet { team_id: team.id, starting })
    }
}

/// Players from lines like `9 Giroud`, and how many of them begin: those before the first empty line, or eleven.
fn read_players(text: &str) -> (Vec<NewPlayer>, usize) {
    let mut players = Vec::new();
    let mut bench = None;
    for line in text.trim().lines().map(str::trim) {
        if line.is_empty() {
            bench.get_or_insert(players.len());
            continue;
        }
        let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let number = first.trim_end_matches(['.', ')', ':']).parse().ok();
        let name = match number {
            Some(_) if !rest.trim().is_empty() => rest.trim(),
            _ => line,
        };
        players.push(NewPlayer { id: None, name: name.to_owned(), number });
    }
    let begin = bench.unwrap_or(ELEVEN).min(players.len());
    (players, begin)
}

#[component]
fn Fields(event: StoredValue<EventId>) -> impl IntoView {
    let sheet = use_sheet();
    let navigate = use_navigate();
    let form = Form::new();
    let (home, away) = (Typed::new(), Typed::new());
    let title = RwSignal::new(String::new());
    let starts = RwSignal::new(String::new());
    let teams = RwSignal::new(Vec::<Team>::new());
    spawn_local(async move {
        // Without them every name is that of a new team.
        if let Ok(page) = api::teams(&event.get_value()).await {
            teams.try_set(page.items);
        }
    });
    let submit = move |submitted: SubmitEvent| {
        let navigate = navigate.clone();
        form.submit(&submitted, async move {
            for (typed, field) in [(home, "home"), (away, "away")] {
                if typed.name.with_untracked(|name| name.trim().is_empty()) {
                    return Err(ApiError::of_field(field, "Give the team a name."));
                }
            }
            let event = event.get_value();
            let known = teams.get_untracked();
            let new = NewMatch {
                home: home.take(&event, &known).await?,
                away: away.take(&event, &known).await?,
                tournament_id: None,
                tie: None,
                title: title.get_untracked().trim().to_owned(),
                // The field's text has no zone: it means the reader's own.
                starts_at: starts.with_untracked(|text| browser::timestamp(js_sys::Date::parse(text))),
                half_minutes: None,
                extra_minutes: None,
            };
            let made = api::create(&event, &new).await?;
            sheet.close();
            navigate(&format!("/matches/{}", made.id), NavigateOptions::default());
            Ok(())
        });
    };
    let players = move |id: &'static str, label: &'static str, value: RwSignal<String>| {
        view! {
            <div class="field">
                <label for=id>{label}</label>
                <textarea id=id class="input match-players" rows="5" spellcheck="false" placeholder="9 Giroud\n10 Mbappé" aria-describedby="players-hint" bind:value=value></textarea>
            </div>
        }
    };
    view! {
        <form class="sheet-form" on:submit=submit novalidate aria-label="New match">
            <div class="sheet-row">
                <div class="match-side-form">
                    <Field form=form name="home" id="match-home" label="Home team" value=home.name autocomplete="organization" list="match-teams" autofocus=true />
                    {players("match-home-players", "Players at home", home.players)}
                </div>
                <div class="match-side-form">
                    <Field form=form name="away" id="match-away" label="Away team" value=away.name autocomplete="organization" list="match-teams" />
                    {players("match-away-players", "Players away", away.players)}
                </div>
            </div>
            <p class="hint" id="players-hint">"One to a line, the number first. The first eleven begin, or those before an empty line. A team that this event has already brings its own."</p>
            <datalist id="match-teams">
                {move || teams.get().into_iter().map(|team| view! { <option value=team.name></option> }).collect_view()}
            </datalist>
            <div class="sheet-row">
                <div class="field">
                    <label for="match-title">"Title"</label>
                    <input id="match-title" class="input" maxlength=MATCH_TITLE_CHARS.to_string() placeholder="Final" autocomplete="off" bind:value=title />
                </div>
                <div class="field">
                    <label for="match-starts">"Starts at"</label>
                    <input id="match-starts" class="input" type="datetime-local" bind:value=starts />
                </div>
            </div>
            <FormProblem form=form />
            <div class="sheet-end">
                <button class="btn btn-quiet" type="button" on:click=move |_| sheet.close()>"Cancel"</button>
                <SubmitButton form=form label="Create match" />
            </div>
        </form>
    }
}
