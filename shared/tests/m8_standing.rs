//! M8: a tournament's tables and its bracket are a pure function of its plan and its matches.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use proptest::prelude::*;
use shared::{
    TeamId,
    model::{
        match_::{Phase, Score, Side},
        tournament::{Group, Plan, Played, Round, Slot, Standing, Tie},
    },
};

fn team(name: &str) -> TeamId {
    name.parse().unwrap()
}

fn played(n: usize, home: &str, away: &str, home_goals: u32, away_goals: u32) -> Played {
    let score = Score { home: home_goals, away: away_goals };
    Played {
        match_id: format!("m{n}").parse().unwrap(),
        home: team(home),
        away: team(away),
        tie: None,
        phase: Phase::FullTime,
        score,
        winner: score.ahead(),
    }
}

fn in_tie(mut of: Played, tie: &str) -> Played {
    of.tie = Some(tie.parse().unwrap());
    of
}

fn group(teams: &[&str]) -> Plan {
    let group = Group { name: "A".to_owned(), teams: teams.iter().map(|name| team(name)).collect() };
    Plan { groups: vec![group], rounds: Vec::new() }
}

/// `team points goals:goals`, from the top.
fn table(plan: &Plan, matches: &[Played]) -> Vec<String> {
    let table = &Standing::of(plan, matches).tables[0];
    let row = |row: &shared::model::tournament::TableRow| {
        format!("{} {} {}:{}", row.team_id, row.points, row.goals_for, row.goals_against)
    };
    table.rows.iter().map(row).collect()
}

#[test]
fn m8_a_table_is_by_points_then_difference_then_goals() {
    let plan = group(&["a", "b", "c", "d"]);
    assert_eq!(table(&plan, &[]), ["a 0 0:0", "b 0 0:0", "c 0 0:0", "d 0 0:0"], "as the group is written");
    let matches = [
        played(1, "a", "b", 1, 0),
        played(2, "c", "d", 3, 0),
        played(3, "b", "d", 2, 2),
        played(4, "a", "c", 0, 4),
    ];
    assert_eq!(table(&plan, &matches), ["c 6 7:0", "a 3 1:4", "b 1 2:3", "d 1 2:5"]);
}

#[test]
fn m8_who_is_level_is_told_apart_by_what_they_played_against_each_other() {
    let plan = group(&["a", "b", "c", "d"]);
    let matches = [
        played(1, "a", "b", 0, 1),
        played(2, "a", "c", 2, 0),
        played(3, "a", "d", 1, 0),
        played(4, "b", "c", 1, 0),
        played(5, "b", "d", 1, 2),
        played(6, "c", "d", 0, 0),
    ];
    let standing = table(&plan, &matches);
    assert_eq!(standing, ["a 6 3:1", "b 6 3:2", "d 4 2:2", "c 1 0:3"]);
    // Level in points, difference and goals: b has beaten a, although the group is written the other way round.
    let circle = [played(1, "a", "b", 0, 1), played(2, "a", "c", 2, 1), played(3, "b", "c", 1, 2)];
    assert_eq!(table(&group(&["a", "b", "c"]), &circle), ["c 3 3:3", "b 3 2:2", "a 3 2:2"]);
}

#[test]
fn m8_what_is_being_played_counts_as_it_stands_and_decides_nothing() {
    let plan = group(&["a", "b"]);
    let mut of = played(1, "a", "b", 1, 0);
    of.phase = Phase::FirstHalf;
    assert_eq!(table(&plan, &[of.clone()]), ["a 3 1:0", "b 0 0:1"]);
    assert!(!Standing::of(&plan, &[of.clone()]).tables[0].is_final);
    of.phase = Phase::FullTime;
    assert!(Standing::of(&plan, &[of.clone()]).tables[0].is_final);
    for phase in [Phase::Scheduled, Phase::Abandoned] {
        of.phase = phase;
        let standing = Standing::of(&plan, &[of.clone()]);
        assert_eq!((standing.tables[0].rows[0].played, standing.tables[0].is_final), (0, false));
    }
}

fn bracket() -> Plan {
    let tie = |id: &str, home, away| Tie { id: id.parse().unwrap(), home, away };
    let rank = |group, rank| Slot::Rank { group, rank };
    let of = |id: &str| id.parse().unwrap();
    Plan {
        groups: ["ab", "cd"]
            .map(|names| Group {
                name: names.to_owned(),
                teams: names.chars().map(|name| team(&name.to_string())).collect(),
            })
            .into(),
        rounds: vec![
            Round {
                name: "Semi-finals".to_owned(),
                ties: vec![tie("sf1", rank(0, 1), rank(1, 2)), tie("sf2", rank(1, 1), rank(0, 2))],
            },
            Round {
                name: "Final".to_owned(),
                ties: vec![
                    tie("third", Slot::Loser(of("sf1")), Slot::Loser(of("sf2"))),
                    tie("final", Slot::Winner(of("sf1")), Slot::Winner(of("sf2"))),
                ],
            },
        ],
    }
}

#[test]
fn m8_the_bracket_fills_as_groups_and_ties_are_decided() {
    let plan = bracket();
    let mut matches = vec![played(1, "a", "b", 0, 1), played(2, "c", "d", 2, 0)];
    let named = |matches: &[Played]| -> Vec<String> {
        let ties = Standing::of(&plan, matches).ties;
        let name = |team: &Option<TeamId>| team.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string);
        ties.iter()
            .map(|tie| format!("{}-{} {}", name(&tie.home), name(&tie.away), name(&tie.winner)))
            .collect()
    };
    assert_eq!(named(&matches[..1]), ["b-? ?", "?-a ?", "?-? ?", "?-? ?"]);
    assert_eq!(named(&matches), ["b-d ?", "c-a ?", "?-? ?", "?-? ?"]);
    // The sides of a match need not be those of the tie; kicks decide a draw.
    matches.push(in_tie(played(3, "d", "b", 0, 1), "sf1"));
    let mut by_kicks = in_tie(played(4, "c", "a", 1, 1), "sf2");
    by_kicks.winner = Some(Side::Away);
    by_kicks.phase = Phase::ShootOutOver;
    matches.push(by_kicks);
    assert_eq!(named(&matches), ["b-d b", "c-a a", "d-c ?", "b-a ?"]);
    matches.push(in_tie(played(5, "b", "a", 4, 2), "final"));
    assert_eq!(named(&matches)[3], "b-a b");
    assert_eq!(Standing::of(&plan, &matches).tables[0].rows[0].played, 1, "a tie is no match of a group");
    // Plans that speak of what is not there name nobody.
    let mut wrong = bracket();
    wrong.rounds.reverse();
    wrong.rounds[1].ties[0].home = Slot::Rank { group: 7, rank: 0 };
    assert!(Standing::of(&wrong, &matches).ties[1].home.is_none());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn m8_the_order_of_the_matches_does_not_matter(
        results in prop::collection::vec((0_usize..5, 0_usize..5, 0_u32..4, 0_u32..4, any::<bool>()), 0..14),
        seed in any::<u64>(),
    ) {
        let names = ["a", "b", "c", "d", "e"];
        let mut matches: Vec<Played> = results
            .iter()
            .enumerate()
            .filter(|(_, (home, away, ..))| home != away)
            .map(|(n, (home, away, own, others, over))| {
                let mut of = played(n, names[*home], names[*away], *own, *others);
                of.phase = if *over { Phase::FullTime } else { Phase::SecondHalf };
                of
            })
            .collect();
        let plan = group(&names);
        let standing = Standing::of(&plan, &matches);
        matches.sort_by_key(|of| (seed ^ of.match_id.as_str().len() as u64).wrapping_mul(of.score.home.into()));
        matches.reverse();
        prop_assert_eq!(&Standing::of(&plan, &matches), &standing);
        let rows = &standing.tables[0].rows;
        prop_assert!(rows.is_sorted_by_key(|row| std::cmp::Reverse(row.points)));
        let sum = |of: fn(&shared::model::tournament::TableRow) -> u32| rows.iter().map(of).sum::<u32>();
        prop_assert_eq!(sum(|row| row.played) as usize, 2 * matches.len());
        prop_assert_eq!(sum(|row| row.goals_for), sum(|row| row.goals_against));
        prop_assert_eq!(sum(|row| row.won), sum(|row| row.lost));
        let text = serde_json::to_string(&standing).unwrap();
        prop_assert_eq!(serde_json::from_str::<Standing>(&text).unwrap(), standing);
    }
}
