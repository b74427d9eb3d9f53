//! The simulator finds what it is there to find: the plants must be caught, and without one all is well.

use simulator::{Outcome, Plant, run};

const SEEDS: std::ops::Range<u64> = 1..6;

fn outcomes(plant: Option<Plant>) -> Vec<Outcome> {
    SEEDS.map(|seed| run(seed, plant, false).expect("the store opens")).collect()
}

#[test]
fn without_a_plant_nothing_is_found() {
    for outcome in outcomes(None) {
        let report = outcome.expect("a run without a fault of ours");
        assert!(report.publications > 100 && report.faults > 20, "too little happened: {report:?}");
    }
}

#[test]
fn a_skipped_publication_is_a_hole() {
    for outcome in outcomes(Some(Plant::Skip)) {
        assert!(outcome.expect_err("it went unnoticed").violations.holes > 0);
    }
}

#[test]
fn a_publication_given_twice_is_a_double() {
    for outcome in outcomes(Some(Plant::Double)) {
        assert!(outcome.expect_err("it went unnoticed").violations.doubles > 0);
    }
}

#[test]
fn a_reconnect_that_does_not_resume_leaves_a_hole() {
    let found: Vec<_> = outcomes(Some(Plant::Forget)).into_iter().filter_map(Result::err).collect();
    assert!(!found.is_empty() && found.iter().all(|report| report.violations.holes > 0), "{found:?}");
}

#[test]
fn a_seed_replays() {
    let [first, again] =
        [(); 2].map(|()| run(7, None, false).expect("the store opens").expect("all is well"));
    assert_eq!(
        (first.steps, first.publications, first.faults),
        (again.steps, again.publications, again.faults)
    );
}
