//! M6: score, clock, line-ups and statistics are a pure function of a match's sheet and the set of its entries.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use proptest::{prelude::*, sample::Index};
use shared::{
    MatchEventId, Timestamp,
    model::match_::{
        Card, Clock, Entry, Happening, MatchEvent, MatchState, Minute, Outcome, Phase, Player, Recount,
        Score, Sheet, Side, TeamSheet, Told, What,
    },
};

const PLAYERS: usize = 14;
const ENTRIES: usize = 40;

fn team(letter: char) -> TeamSheet {
    let player = |n: usize| Player {
        id: format!("{letter}{n}").parse().unwrap(),
        name: format!("Player {n}"),
        number: Some(n as u16),
    };
    let players: Vec<Player> = (0..PLAYERS).map(player).collect();
    TeamSheet {
        team_id: format!("team-{letter}").parse().unwrap(),
        name: letter.to_string(),
        short: String::new(),
        starting: players[..11].iter().map(|player| player.id.clone()).collect(),
        players,
    }
}

fn sheet() -> Sheet {
    Sheet { home: team('h'), away: team('a'), half_minutes: 45, extra_minutes: 15 }
}

/// A time so many seconds after kick-off.
fn at(seconds: u32) -> Timestamp {
    let (hours, minutes, seconds) = (15 + seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("2026-11-21T{hours:02}:{minutes:02}:{seconds:02}.000Z").parse().unwrap()
}

fn id(n: usize) -> MatchEventId {
    format!("e{n}").parse().unwrap()
}

fn entry(n: usize, seconds: u32, what: What) -> Entry {
    Entry { id: id(n), happening: Happening { at: at(seconds), what, text: String::new() } }
}

fn entries(whats: &[(u32, What)]) -> Vec<Entry> {
    whats.iter().enumerate().map(|(n, (seconds, what))| entry(n, *seconds, what.clone())).collect()
}

fn count(entries: &[Entry]) -> MatchState {
    Recount::of(&sheet(), entries).state
}

fn goal(side: Side) -> What {
    What::Goal { side, player: None, assist: None }
}

#[expect(clippy::unnecessary_wraps, reason = "as entries have it")]
fn player(side: Side, n: usize) -> Option<shared::PlayerId> {
    Some(sheet().of(side).players[n].id.clone())
}

fn amend(of: usize, seconds: u32, what: What) -> What {
    What::Amend { of: id(of), to: Box::new(Happening { at: at(seconds), what, text: String::new() }) }
}

fn strike(of: usize) -> What {
    What::Strike { of: id(of) }
}

#[test]
fn m6_the_clock_follows_kick_off_half_time_stoppage_and_full_time() {
    let minute = 60;
    let mut so_far = Vec::new();
    let mut after = |seconds: u32, what: What| -> (Phase, Clock) {
        so_far.push(entry(so_far.len(), seconds, what));
        let state = count(&so_far);
        (state.phase, state.clock)
    };
    let at_minute = |clock: &Clock, seconds: u32| clock.minute(at(seconds).unix_ms()).to_string();
    let (phase, clock) = after(0, What::KickOff);
    assert_eq!((phase, clock.since.clone(), clock.ends_ms), (Phase::FirstHalf, Some(at(0)), 45 * 60_000));
    assert_eq!([0, 59, 60, 17 * minute].map(|s| at_minute(&clock, s)), ["1", "1", "2", "18"]);
    let (_, clock) = after(20 * minute, What::Stopped);
    assert_eq!((clock.since.clone(), at_minute(&clock, 25 * minute)), (None, "21".to_owned()));
    let (_, clock) = after(22 * minute, What::Resumed);
    assert_eq!(clock.played_ms(at(23 * minute).unix_ms()), 21 * 60_000, "two minutes were not played");
    let (_, clock) = after(46 * minute, What::AddedTime { minutes: 3 });
    assert_eq!((clock.added_minutes, at_minute(&clock, 48 * minute)), (Some(3), "45+2".to_owned()));
    let (phase, clock) = after(50 * minute, What::HalfTime);
    assert_eq!((phase, clock.since, clock.played_ms), (Phase::HalfTime, None, 48 * 60_000));
    let (phase, clock) = after(65 * minute, What::SecondHalf);
    assert_eq!((phase, clock.played_ms, clock.added_minutes), (Phase::SecondHalf, 45 * 60_000, None));
    assert_eq!([65, 110, 112].map(|m| at_minute(&clock, m * minute)), ["46", "90+1", "90+3"]);
    let (phase, clock) = after(113 * minute, What::FullTime);
    assert_eq!((phase, clock.since, phase.is_over()), (Phase::FullTime, None, true));
    let (phase, clock) = after(120 * minute, What::ExtraTime);
    assert_eq!((phase, clock.played_ms, clock.ends_ms), (Phase::ExtraFirstHalf, 90 * 60_000, 105 * 60_000));
    assert!(!phase.is_over(), "there is more of it");
}

#[test]
fn m6_a_half_begins_once_however_many_say_so() {
    let taps = entries(&[(5, What::KickOff), (0, What::KickOff), (9, What::KickOff), (90, What::Stopped)]);
    let state = count(&taps);
    assert_eq!((state.phase, state.clock.played_ms), (Phase::FirstHalf, 90_000));
}

#[test]
fn m1_what_each_kind_counts() {
    use Side::{Away, Home};
    let all = entries(&[
        (0, What::KickOff),
        (1, What::Goal { side: Home, player: player(Home, 9), assist: player(Home, 8) }),
        (2, What::OwnGoal { side: Home, player: player(Home, 3) }),
        (3, What::Shot { side: Home, player: player(Home, 9), on_target: false }),
        (4, What::Shot { side: Home, player: player(Home, 9), on_target: true }),
        (5, What::Save { side: Away, player: player(Away, 0) }),
        (6, What::Card { side: Home, player: player(Home, 3), card: Card::Yellow }),
        (7, What::Injury { side: Away, player: player(Away, 4) }),
        (8, What::Penalty { side: Home, player: player(Home, 9), outcome: Outcome::Scored }),
        (9, What::Penalty { side: Home, player: player(Home, 9), outcome: Outcome::Saved }),
        (10, What::Penalty { side: Home, player: player(Home, 9), outcome: Outcome::Missed }),
        (11, What::Card { side: Away, player: player(Away, 5), card: Card::Red }),
        (12, What::Substitution { side: Home, player: player(Home, 12), off: player(Home, 9) }),
        (13, What::Note),
    ]);
    let state = count(&all);
    assert_eq!((state.score, state.entries), (Score { home: 2, away: 1 }, 14));
    insta::assert_json_snapshot!("what_each_kind_counts", state);
    let on_pitch = state.on_pitch(&sheet(), Home);
    assert_eq!((on_pitch.len(), &on_pitch[10]), (11, player(Home, 12).as_ref().unwrap()));
    assert!(!on_pitch.contains(player(Home, 9).as_ref().unwrap()));
    assert_eq!(state.on_pitch(&sheet(), Away).len(), 10, "sent off");
}

#[test]
fn m6_two_yellow_cards_send_off_and_who_was_sent_off_does_not_come_back() {
    let card = What::Card { side: Side::Home, player: player(Side::Home, 4), card: Card::Yellow };
    let back = What::Substitution { side: Side::Home, player: player(Side::Home, 4), off: None };
    let state = count(&entries(&[(0, What::KickOff), (600, card.clone()), (1200, card), (1800, back)]));
    let sent = state.home.player(&player(Side::Home, 4).unwrap()).unwrap();
    assert_eq!(
        (sent.sent_off, sent.on_pitch, sent.off),
        (true, false, Some(Minute { minute: 21, added: 0 }))
    );
}

#[test]
fn m6_a_shoot_out_decides_and_is_no_part_of_the_score() {
    let kick = |side, outcome| What::ShootOutKick { side, player: None, outcome };
    let mut all = entries(&[
        (0, What::KickOff),
        (1, goal(Side::Home)),
        (2, goal(Side::Away)),
        (3, What::ShootOut),
        (4, kick(Side::Home, Outcome::Saved)),
        (5, kick(Side::Away, Outcome::Scored)),
    ]);
    assert_eq!(count(&all).winner(), None, "not over");
    all.push(entry(6, 6, What::ShootOutOver));
    let state = count(&all);
    assert_eq!(
        (state.score, state.shoot_out),
        (Score { home: 1, away: 1 }, Some(Score { home: 0, away: 1 }))
    );
    assert_eq!(state.winner(), Some(Side::Away));
    assert_eq!((state.home.stats.penalties, state.away.stats.saves), (0, 0));
}

#[test]
fn m1_an_entry_is_amended_and_struck_by_entries_of_their_own() {
    let mut all = entries(&[(0, What::KickOff), (60, goal(Side::Home)), (120, goal(Side::Home))]);
    let score = |all: &[Entry]| count(all).score;
    all.push(entry(3, 130, amend(1, 90, goal(Side::Away))));
    assert_eq!(score(&all), Score { home: 1, away: 1 });
    all.push(entry(4, 140, amend(1, 200, What::OwnGoal { side: Side::Home, player: None })));
    assert_eq!(score(&all), Score { home: 1, away: 1 });
    let sheet = sheet();
    let told = Recount::of(&sheet, &all).told;
    let order: Vec<_> = told.iter().map(|told| told.entry.id.as_str()).collect();
    assert_eq!(order, ["e0", "e2", "e1"], "in the order in which it happened, as it is known now");
    assert_eq!((told[2].amended, told[2].minute.minute), (Some(&all[4]), 4));
    // The latest amendment is withdrawn: the one before it counts again.
    all.push(entry(5, 150, strike(4)));
    assert_eq!(Recount::of(&sheet, &all).told[1].amended, Some(&all[3]));
    all.push(entry(6, 160, strike(1)));
    all.push(entry(7, 170, strike(1)));
    let recount = Recount::of(&sheet, &all);
    assert_eq!(recount.state.score, Score { home: 1, away: 0 });
    let goals: Vec<_> = recount.told.iter().map(|told| (told.score.home, told.struck.is_some())).collect();
    assert_eq!(goals, [(0, false), (0, true), (1, false)]);
    assert_eq!(recount.told[1].struck, Some(&all[6]), "by whom it was struck first");
    // What corrects a strike, itself, an amendment by an amendment, or nothing at all: nothing.
    let before = recount.state;
    for nonsense in
        [strike(6), strike(8), amend(3, 1, goal(Side::Home)), strike(99), amend(99, 1, goal(Side::Home))]
    {
        let mut all = all.clone();
        all.push(entry(8, 180, nonsense));
        assert_eq!(count(&all), MatchState { entries: 9, ..before.clone() });
    }
}

#[test]
fn m1_the_wire_names_what_happened() {
    let entry = Entry {
        id: id(1),
        happening: Happening {
            at: at(90),
            what: What::Goal { side: Side::Home, player: player(Side::Home, 9), assist: None },
            text: "From the corner".to_owned(),
        },
    };
    let written = r#"{"id":"e1","at":"2026-11-21T15:01:30.000Z","kind":"goal","side":"home","player":"h9","text":"From the corner"}"#;
    assert_eq!(serde_json::to_string(&entry).unwrap(), written);
    for bad in [
        r#"{"id":"e1","at":"2026-11-21T15:01:30.000Z","kind":"goal"}"#,
        r#"{"id":"e1","at":"2026-11-21T15:01:30.000Z","kind":"try","side":"home"}"#,
        r#"{"id":"e1","at":"2026-11-21T15:01:30.000Z"}"#,
        r#"{"id":"e 1","at":"2026-11-21T15:01:30.000Z","kind":"note"}"#,
        r#"{"id":"e1","at":"now","kind":"note"}"#,
        r#"{"id":"e1","at":"2026-11-21T15:01:30.000Z","kind":"addedTime","minutes":-1}"#,
    ] {
        assert!(serde_json::from_str::<Entry>(bad).is_err(), "{bad}");
    }
}

prop_compose! {
    fn one_player()(side in any::<bool>(), n in 0..PLAYERS) -> (Side, Option<shared::PlayerId>) {
        let side = if side { Side::Home } else { Side::Away };
        (side, player(side, n))
    }
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![Just(Outcome::Scored), Just(Outcome::Missed), Just(Outcome::Saved)]
}

fn plain() -> impl Strategy<Value = What> {
    prop_oneof![
        2 => prop::sample::select(vec![
            What::KickOff, What::HalfTime, What::SecondHalf, What::FullTime, What::ExtraTime, What::ExtraHalfTime,
            What::ExtraSecondHalf, What::ExtraFullTime, What::ShootOut, What::ShootOutOver, What::Abandoned,
            What::Stopped, What::Resumed, What::AddedTime { minutes: 4 }, What::Note,
        ]),
        3 => (one_player(), one_player()).prop_map(|((side, player), (_, assist))| What::Goal { side, player, assist }),
        1 => one_player().prop_map(|(side, player)| What::OwnGoal { side, player }),
        1 => (one_player(), any::<bool>())
            .prop_map(|((side, player), on_target)| What::Shot { side, player, on_target }),
        1 => one_player().prop_map(|(side, player)| What::Save { side, player }),
        1 => (one_player(), any::<bool>()).prop_map(|((side, player), red)| What::Card {
            side, player, card: if red { Card::Red } else { Card::Yellow },
        }),
        1 => one_player().prop_map(|(side, player)| What::Injury { side, player }),
        2 => (one_player(), one_player())
            .prop_map(|((side, player), (_, off))| What::Substitution { side, player, off }),
        1 => (one_player(), outcome()).prop_map(|((side, player), outcome)| What::Penalty { side, player, outcome }),
        1 => (one_player(), outcome())
            .prop_map(|((side, player), outcome)| What::ShootOutKick { side, player, outcome }),
    ]
}

fn what() -> impl Strategy<Value = What> {
    // One id more than there are entries: what refers to nothing.
    prop_oneof![
        4 => plain(),
        1 => (0..=ENTRIES, 0_u32..9_000, plain()).prop_map(|(of, seconds, what)| amend(of, seconds, what)),
        1 => (0..=ENTRIES).prop_map(strike),
    ]
}

fn log() -> impl Strategy<Value = Vec<Entry>> {
    // Few different times, so that many things happen at once.
    prop::collection::vec((0_u32..900, what()), 0..ENTRIES).prop_map(|whats| {
        whats.into_iter().enumerate().map(|(n, (s, what))| entry(n, s * 10, what)).collect()
    })
}

/// The same entries in another order, some of them more than once.
fn arrived(log: &[Entry], twice: &[Index], order: &[Index]) -> Vec<Entry> {
    let mut arrived = log.to_vec();
    if !log.is_empty() {
        arrived.extend(twice.iter().map(|index| index.get(log).clone()));
    }
    for (at, index) in order.iter().enumerate().take(arrived.len()) {
        let other = index.index(arrived.len());
        arrived.swap(at, other);
    }
    arrived
}

/// What counts, found in the plainest way: every entry looks through all others.
fn counted(log: &[Entry]) -> Vec<&What> {
    let is_struck = |id: &MatchEventId| {
        log.iter().any(|entry| matches!(&entry.happening.what, What::Strike { of } if of == id))
    };
    let originals = log.iter().filter(|entry| entry.happening.what.corrects().is_none());
    let standing = originals.filter(|entry| !is_struck(&entry.id));
    let as_amended = standing.map(|original| {
        let amendments = log.iter().filter(|entry| {
            matches!(&entry.happening.what, What::Amend { of, .. } if *of == original.id)
                && !is_struck(&entry.id)
        });
        match amendments
            .max_by_key(|entry| (&entry.happening.at, &entry.id))
            .map(|entry| &entry.happening.what)
        {
            Some(What::Amend { to, .. }) => &to.what,
            _ => &original.happening.what,
        }
    });
    as_amended.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn m6_any_order_of_arrival_and_any_replay_is_a_recount(
        log in log(),
        twice in prop::collection::vec(any::<Index>(), 0..ENTRIES),
        order in prop::collection::vec(any::<Index>(), 2 * ENTRIES),
    ) {
        let sheet = sheet();
        let arrived = arrived(&log, &twice, &order);
        prop_assert_eq!(Recount::of(&sheet, &arrived), Recount::of(&sheet, &log));
    }

    #[test]
    fn m6_every_goal_of_the_score_is_an_entry_that_counts(log in log()) {
        let state = count(&log);
        let counted = counted(&log);
        for side in [Side::Home, Side::Away] {
            let goals = counted.iter().filter(|what| what.scores_for() == Some(side)).count();
            prop_assert_eq!(state.score.of(side) as usize, goals);
            let (own, others) = (&state.of(side).stats, &state.of(side.other()).stats);
            prop_assert_eq!(own.goals + others.own_goals, state.score.of(side));
            let of_players: u32 = state.of(side).players.iter().map(|player| player.stats.goals).sum();
            prop_assert_eq!(of_players, own.goals, "everybody who scores has a name here");
            let saves = counted.iter().filter(|what| match what {
                What::Save { side: of, .. } => *of == side,
                What::Penalty { side: of, outcome: Outcome::Saved, .. } => *of != side,
                _ => false,
            });
            prop_assert_eq!(own.saves as usize, saves.count());
            let changes = counted.iter().filter(|what| matches!(what, What::Substitution { side: of, .. } if *of == side));
            prop_assert_eq!(own.substitutions as usize, changes.count());
            let cards = counted.iter().filter(|what| matches!(what, What::Card { side: of, .. } if *of == side));
            prop_assert_eq!((own.yellow_cards + own.red_cards) as usize, cards.count());
        }
    }

    #[test]
    fn m6_the_score_changes_only_with_an_entry_that_explains_it(log in log()) {
        for (at, entry) in log.iter().enumerate() {
            let (before, after) = (count(&log[..at]), count(&log[..=at]));
            // An entry may come after what corrects it: then that explains it.
            let explains = |entry: &Entry| {
                entry.happening.what.scores_for().is_some() || entry.happening.what.corrects().is_some()
            };
            let corrected = log[..at].iter().any(|earlier| earlier.happening.what.corrects() == Some(&entry.id));
            if before.score != after.score {
                prop_assert!(explains(entry) || corrected, "{:?}", entry);
            }
        }
    }

    #[test]
    fn m6_the_story_ends_with_the_score_and_is_told_in_order(log in log()) {
        let sheet = sheet();
        let Recount { state, told } = Recount::of(&sheet, &log);
        prop_assert_eq!(told.last().map_or_else(Score::default, |told| told.score), state.score);
        prop_assert!(told.is_sorted_by_key(|told| (&told.happening.at, &told.entry.id)));
        let recorded = log.iter().filter(|entry| entry.happening.what.corrects().is_none()).count();
        prop_assert_eq!(told.len(), recorded, "nothing that was recorded is left out, struck or not");
        let corrections = told.iter().filter_map(|told: &Told<'_>| told.struck.or(told.amended));
        for correction in corrections {
            prop_assert!(correction.happening.what.corrects().is_some());
        }
    }

    #[test]
    fn e4_state_and_entries_are_read_back_as_written(log in log()) {
        let state = count(&log);
        let text = serde_json::to_string(&state).unwrap();
        prop_assert_eq!(serde_json::from_str::<MatchState>(&text).unwrap(), state);
        for entry in log {
            let stored = MatchEvent {
                entry,
                match_id: "m1".parse().unwrap(),
                offset: shared::Offset(7),
                author: shared::model::media::Author { name: "Ann".to_owned(), account_id: None },
                created_at: at(0),
            };
            let text = serde_json::to_string(&stored).unwrap();
            prop_assert_eq!(serde_json::from_str::<MatchEvent>(&text).unwrap(), stored);
        }
    }
}
