//! M6: the final of the 2018 World Cup, counted again from the record of what happened: 4–2.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

#[path = "support/final_2018.rs"]
mod final_2018;

use final_2018::{Record, Team};
use shared::model::match_::{Phase, Player, Recount, Score, Sheet, Side, TeamSheet, What};

fn team_sheet(record: &Record, team: &Team) -> TeamSheet {
    let player = |(n, name): (usize, &String)| Player {
        id: format!("{}-{n}", team.id).parse().unwrap(),
        name: name.clone(),
        number: None,
    };
    let players: Vec<Player> = record.names(team).into_iter().enumerate().map(player).collect();
    TeamSheet {
        team_id: team.id.parse().unwrap(),
        name: team.name.clone(),
        short: team.id.clone(),
        starting: players[..11].iter().map(|player| player.id.clone()).collect(),
        players,
    }
}

fn sheet(record: &Record) -> Sheet {
    Sheet {
        home: team_sheet(record, &record.home),
        away: team_sheet(record, &record.away),
        half_minutes: 45,
        extra_minutes: 15,
    }
}

#[test]
fn m6_a_recount_of_the_final_gives_every_score_on_the_way_and_four_to_two() {
    let record = Record::read();
    let sheet = sheet(&record);
    let entries = record.entries(&sheet);
    // As an outbox may deliver it: backwards, and all of it twice.
    let Recount { state, told } = Recount::of(&sheet, entries.iter().rev().chain(&entries));
    assert_eq!((state.score, state.phase), (Score { home: 4, away: 2 }, Phase::FullTime));
    assert_eq!(state.winner(), Some(Side::Home));

    let written: Vec<_> =
        record.events.iter().filter_map(|event| Some((event.minute.clone(), event.score.clone()?))).collect();
    let counted: Vec<_> = told
        .iter()
        .filter(|told| {
            told.happening.what.scores_for().is_some()
                || matches!(told.happening.what, What::HalfTime | What::FullTime)
        })
        .map(|told| (told.minute.to_string(), format!("{}-{}", told.score.home, told.score.away)))
        .collect();
    assert_eq!(counted, written);

    assert_eq!((state.home.stats.yellow_cards, state.away.stats.yellow_cards), (2, 1));
    assert_eq!((state.home.stats.substitutions, state.away.stats.substitutions), (3, 2));
    assert_eq!((state.home.stats.goals, state.away.stats.own_goals, state.away.stats.goals), (3, 1, 2));
    let of = |side: Side, name: &str| {
        let player = sheet.of(side).players.iter().find(|player| player.name == name).unwrap();
        state.of(side).player(&player.id).unwrap_or_else(|| panic!("nothing of {name}"))
    };
    let scorer = of(Side::Away, "Mario Mandžukić");
    assert_eq!((scorer.stats.goals, scorer.stats.own_goals, scorer.on_pitch), (1, 1, true));
    assert_eq!(of(Side::Home, "Lucas Hernández").stats.assists, 1);
    let off = of(Side::Home, "N'Golo Kanté");
    assert_eq!((off.stats.yellow_cards, off.on_pitch, off.off.unwrap().minute), (1, false, 55));
    assert_eq!(of(Side::Home, "Steven Nzonzi").on.unwrap().minute, 55);
    for side in [Side::Home, Side::Away] {
        assert_eq!(state.on_pitch(&sheet, side).len(), 11);
    }
}
