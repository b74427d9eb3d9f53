//! The Harbour Cup: a small tournament of four invented teams, of which five matches are over and the sixth is being
//! played, with its clock running, at the speed of people. When it is over it begins again, as a new event.
//!
//! Called by `main`; told through [`Api`].

use std::time::Duration;

use anyhow::{Context as _, Result};
use shared::{
    TeamId, TournamentId,
    model::{
        event::{EventStatus, NewEvent},
        match_::{Card, Match, NewMatch, NewTeam, NewTeamSheet, Outcome, Side, Team, What},
        tournament::{Group, NewTournament, Plan, Round, Slot, Tie},
    },
};

use crate::{
    api::Api,
    fixture::{self, Fixture, Happens, Moment},
    story::Item,
};

use Side::{Away, Home};

const AUTHOR: &str = "Pitch side";
/// Minutes of a half: small pitches, short matches.
const HALF_MINUTES: u16 = 5;
const BREAK_S: u32 = 45;
/// How many of a team begin.
const BEGIN: usize = 7;

const TEAMS: [(&str, &str, [&str; 9]); 4] = [
    (
        "Harbour Lions",
        "LIO",
        [
            "Ida Brandt",
            "Mo Keller",
            "Femi Okoro",
            "Lena Vogt",
            "Jon Aas",
            "Tess Moor",
            "Ravi Nair",
            "Kim Holt",
            "Zoe Lind",
        ],
    ),
    (
        "Dockside",
        "DOC",
        [
            "Ella Marsh",
            "Sam Reed",
            "Ivo Petrov",
            "Nia Cole",
            "Ben Frost",
            "Anna Wolff",
            "Leo Hart",
            "Mia Stone",
            "Tariq Aziz",
        ],
    ),
    (
        "Old Mill",
        "MIL",
        [
            "Otto Berg",
            "Pia Lang",
            "Hugo Thorn",
            "Rosa Diaz",
            "Finn Dahl",
            "Maya Rao",
            "Cora West",
            "Emil Koch",
            "June Park",
        ],
    ),
    (
        "Northgate",
        "NOR",
        [
            "Ada Quist",
            "Luca Sala",
            "Noor Amin",
            "Theo Blom",
            "Ines Faro",
            "Max Kraft",
            "Wren Ellis",
            "Olga Sand",
            "Paul Yates",
        ],
    ),
];

/// The matches that are over: who played, and who scored when (minute of play, side, number).
type Over = (usize, usize, &'static [(u32, Side, u16)]);
const OVER: [Over; 5] = [
    (0, 1, &[(2, Home, 9), (6, Away, 7), (9, Home, 6)]),
    (2, 3, &[]),
    (0, 2, &[(4, Away, 8), (8, Home, 9)]),
    (1, 3, &[(1, Home, 7), (3, Home, 9), (7, Away, 5), (10, Home, 7)]),
    (0, 3, &[(5, Home, 7), (6, Home, 3)]),
];
/// Who plays live.
const LIVE: (usize, usize) = (1, 2);

/// The live match, moment by moment: seconds after the one before, and what happened.
fn live() -> Vec<Moment> {
    let is =
        |after_s, what: fn(&Match) -> What| Moment { after_s, what: Happens::is(what), text: String::new() };
    let said = |moment: Moment, text: &str| Moment { text: text.to_owned(), ..moment };
    vec![
        is(0, |_| What::KickOff),
        is(24, |of| What::Shot { side: Home, player: at(of, Home, 7), on_target: true }),
        is(2, |of| What::Save { side: Away, player: at(of, Away, 1) }),
        is(31, |of| What::Shot { side: Away, player: at(of, Away, 8), on_target: false }),
        is(28, |of| What::Goal { side: Home, player: at(of, Home, 9), assist: at(of, Home, 7) }),
        said(
            is(35, |of| What::Card { side: Away, player: at(of, Away, 4), card: Card::Yellow }),
            "Pulled a shirt",
        ),
        is(30, |of| What::Shot { side: Home, player: at(of, Home, 5), on_target: false }),
        is(29, |of| What::Goal { side: Away, player: at(of, Away, 8), assist: at(of, Away, 6) }),
        is(33, |of| What::Save { side: Home, player: at(of, Home, 1) }),
        is(38, |of| What::Injury { side: Home, player: at(of, Home, 2) }),
        is(14, |of| What::Substitution { side: Home, player: at(of, Home, 8), off: at(of, Home, 2) }),
        is(22, |_| What::AddedTime { minutes: 1 }),
        is(30, |_| What::HalfTime),
        is(BREAK_S, |_| What::SecondHalf),
        is(27, |of| What::Shot { side: Away, player: at(of, Away, 7), on_target: true }),
        is(2, |of| What::Save { side: Home, player: at(of, Home, 1) }),
        is(36, |of| What::Goal { side: Away, player: at(of, Away, 7), assist: None }),
        Moment { after_s: 18, what: Happens::StrikesTheOneBefore, text: "Offside".to_owned() },
        is(34, |of| What::Substitution { side: Away, player: at(of, Away, 9), off: at(of, Away, 5) }),
        said(
            is(40, |of| What::Penalty { side: Home, player: at(of, Home, 7), outcome: Outcome::Scored }),
            "Handball on the line",
        ),
        is(33, |of| What::Card { side: Home, player: at(of, Home, 4), card: Card::Yellow }),
        is(30, |of| What::Shot { side: Away, player: at(of, Away, 9), on_target: true }),
        is(2, |of| What::Save { side: Home, player: at(of, Home, 1) }),
        is(41, |of| What::Goal { side: Away, player: at(of, Away, 9), assist: at(of, Away, 8) }),
        is(24, |_| What::AddedTime { minutes: 2 }),
        is(35, |of| What::Goal { side: Home, player: at(of, Home, 9), assist: at(of, Home, 8) }),
        is(45, |_| What::FullTime),
    ]
}

/// Who wears a number.
fn at(of: &Match, side: Side, number: u16) -> Option<shared::PlayerId> {
    let players = &of.sheet.of(side).players;
    players.iter().find(|player| player.number == Some(number)).map(|player| player.id.clone())
}

/// One that is over, from kick-off to full time.
fn played(goals: &'static [(u32, Side, u16)]) -> Vec<Moment> {
    let half_s = u32::from(HALF_MINUTES) * 60;
    let mut all = vec![
        (0, Happens::is(|_| What::KickOff)),
        (half_s, Happens::is(|_| What::HalfTime)),
        (half_s + BREAK_S, Happens::is(|_| What::SecondHalf)),
        (2 * half_s + BREAK_S, Happens::is(|_| What::FullTime)),
    ];
    for (minute, side, number) in goals.iter().copied() {
        let pause_s = if minute > u32::from(HALF_MINUTES) { BREAK_S } else { 0 };
        let goal = move |of: &Match| What::Goal { side, player: at(of, side, number), assist: None };
        all.push((minute * 60 - 30 + pause_s, Happens::is(goal)));
    }
    fixture::in_order(all)
}

/// Tells the cup with this number, each an event of its own. False when it had been told to its end before.
pub(crate) async fn tell(api: &Api, round: u32, speed: f64) -> Result<bool> {
    let slug = format!("cup-a-{round}");
    let event = NewEvent {
        visibility: None,
        title: if round == 1 { "Harbour Cup".to_owned() } else { format!("Harbour Cup (day {round})") },
        description:
            "Four teams, two halves of five minutes. The last match of the group is on now: open it, and \
                      follow a player by the star."
                .to_owned(),
        place: "The pitches by the harbour".to_owned(),
        status: Some(EventStatus::Live),
        starts_at: None,
    };
    let Some(event) =
        api.current(&event, &fixture::key(&slug, "event")?, Some(EventStatus::Completed)).await?
    else {
        return Ok(false);
    };
    let mut teams = Vec::new();
    for (name, short, players) in &TEAMS {
        let key = fixture::key(&slug, &format!("team-{short}"))?;
        teams.push(api.create_team(&event.id, &team(name, short, players), &key).await?);
    }
    let cup = api.create_tournament(&event.id, &plan(&teams), &fixture::key(&slug, "tournament")?).await?;
    let hello = "Welcome to the harbour. The table and the bracket move with the matches.";
    api.post(&event.id, &Item::text(AUTHOR, hello), &fixture::key(&slug, "hello")?).await?;
    for (n, (home, away, goals)) in OVER.into_iter().enumerate() {
        let new = pairing(&teams, home, away, &cup.id);
        let key = fixture::key(&slug, &format!("match-{n}"))?;
        let of = api.create_match(&event.id, &new, &key).await?;
        // They were played one after another, before this was told.
        let begun_ms = of.created_at.unix_ms() - (OVER.len() - n) as i64 * 20 * 60_000;
        Fixture { of, moments: played(goals) }.record_past(api, begun_ms).await?;
    }
    let new = pairing(&teams, LIVE.0, LIVE.1, &cup.id);
    let of = api.create_match(&event.id, &new, &fixture::key(&slug, "match-live")?).await?;
    let told = Fixture { of, moments: live() }.record_live(api, speed).await?;
    api.set_status(&event.id, EventStatus::Completed).await?;
    Ok(told)
}

fn team(name: &str, short: &str, players: &[&str]) -> NewTeam {
    fixture::team(
        name,
        short,
        players.iter().zip(1..).map(|(player, number)| ((*player).to_owned(), Some(number))),
    )
}

fn pairing(teams: &[Team], home: usize, away: usize, cup: &TournamentId) -> NewMatch {
    let side = |team: &Team| NewTeamSheet {
        team_id: team.id.clone(),
        starting: team.players.iter().take(BEGIN).map(|player| player.id.clone()).collect(),
    };
    NewMatch {
        tournament_id: Some(cup.clone()),
        title: "Group A".to_owned(),
        half_minutes: Some(HALF_MINUTES),
        ..fixture::pairing(side(&teams[home]), side(&teams[away]))
    }
}

fn plan(teams: &[Team]) -> NewTournament {
    let ids: Vec<TeamId> = teams.iter().map(|team| team.id.clone()).collect();
    let rank = |rank| Slot::Rank { group: 0, rank };
    let tie = |id: &str, home, away| id.parse().ok().map(|id| Tie { id, home, away });
    let rounds = vec![
        Round { name: "Third place".to_owned(), ties: tie("third", rank(3), rank(4)).into_iter().collect() },
        Round { name: "Final".to_owned(), ties: tie("final", rank(1), rank(2)).into_iter().collect() },
    ];
    let plan = Plan { groups: vec![Group { name: "Group A".to_owned(), teams: ids }], rounds };
    NewTournament { title: "Harbour Cup".to_owned(), plan }
}

/// Day after day.
pub(crate) async fn days(api: &Api, speed: f64, again: bool) -> Result<()> {
    for round in 1.. {
        let told = tell(api, round, speed).await.context("the cup")?;
        println!("day {round} of the cup is over");
        if !again {
            break;
        }
        // A day that had been told before is passed over at once.
        if told {
            tokio::time::sleep(Duration::from_mins(1).div_f64(speed)).await;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use shared::model::match_::{Phase, Score};

    use super::*;
    use crate::testing::serve;

    #[tokio::test(flavor = "multi_thread")]
    async fn m8_the_cup_is_played_once_and_its_table_is_that_of_its_matches() {
        let (_dir, address, stop) = serve(&["--visitors-may-post", "--publish-per-second", "1000"]).await;
        let api = Api::new(&address);
        assert!(tell(&api, 1, 1e6).await.unwrap());
        assert!(!tell(&api, 1, 1e6).await.unwrap(), "there was nothing left to tell");
        let events = api.events().await.unwrap();
        assert_eq!(events.len(), 1);
        let matches = api.matches(&events[0].id).await.unwrap();
        let scores: Vec<_> =
            matches.iter().rev().map(|of| (of.state.score.home, of.state.score.away)).collect();
        assert_eq!(scores, [(2, 1), (0, 0), (1, 1), (3, 1), (2, 0), (3, 2)]);
        assert!(matches.iter().all(|of| of.state.phase == Phase::FullTime));
        let live = &matches[0];
        assert_eq!(live.state.score, Score { home: 3, away: 2 });
        assert_eq!(live.state.entries as usize, super::live().len());
        assert_eq!(live.state.home.stats.saves, 3);
        let cup = api.tournament(matches[0].tournament_id.as_ref().unwrap()).await.unwrap();
        let table: Vec<_> = cup.standing.tables[0].rows.iter().map(|row| (row.played, row.points)).collect();
        assert_eq!(table, [(3, 7), (3, 6), (3, 2), (3, 1)]);
        assert!(cup.standing.tables[0].is_final);
        stop.cancel();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn m8_a_day_that_was_cut_off_goes_on_where_it_was() {
        let (_dir, address, stop) = serve(&["--visitors-may-post", "--publish-per-second", "1000"]).await;
        let api = Api::new(&address);
        // At this speed a match takes some seconds: it is cut off in the midst of one.
        let cut = tokio::time::timeout(Duration::from_secs(2), tell(&api, 1, 200.0)).await;
        assert!(cut.is_err(), "it was not over yet");
        let events = api.events().await.unwrap();
        let live = &api.matches(&events[0].id).await.unwrap()[0];
        assert!((1..27).contains(&live.state.entries), "{}", live.state.entries);
        assert!(tell(&api, 1, 1e6).await.unwrap());
        let live = &api.matches(&events[0].id).await.unwrap()[0];
        assert_eq!((live.state.score.home, live.state.score.away, live.state.entries), (3, 2, 27));
        stop.cancel();
    }
}
