//! The simulator finds what it is there to find: each planted bug must be caught, by the check that is
//! meant for it, and without one all is well.

use simulator::{Outcome, Plant, Report, check::Violations, run};

fn outcome(seed: u64, plant: Option<Plant>) -> Outcome {
    run(seed, plant, false).expect("the store opens")
}

/// Runs seeds with a bug in them; what was found in all of them together.
fn found(plant: Plant) -> Report {
    let mut total = Report::default();
    for seed in 1..=8 {
        match outcome(seed, Some(plant)) {
            Ok(report) => total.add(&report),
            Err(report) => total.add(&report),
        }
    }
    total
}

/// The same for a bug that shows seldom: goes on until it is found.
fn found_until(plant: Plant, enough: impl Fn(&Report) -> bool) -> Report {
    let mut total = Report::default();
    for seed in 1..=200 {
        match outcome(seed, Some(plant)) {
            Ok(report) => total.add(&report),
            Err(report) => total.add(&report),
        }
        if enough(&total) {
            break;
        }
    }
    total
}

/// A thorough run is `cargo xtask sim`; this many show that nothing is broken outright.
#[test]
fn without_a_plant_nothing_is_found_and_much_has_happened() {
    let mut total = Report::default();
    for seed in 1..=20 {
        let report = outcome(seed, None).unwrap_or_else(|report| panic!("seed {seed}: {report:?}"));
        assert!(
            report.publications > 100 && report.faults > 20 && report.recorded > 50,
            "seed {seed}: too little: {report:?}"
        );
        total.add(&report);
    }
    assert!(total.expired > 10, "retention overtook nobody: {total:?}");
}

#[test]
fn a_skipped_publication_is_a_hole() {
    assert!(found(Plant::Skip).violations.holes > 0);
}

#[test]
fn a_publication_handed_out_twice_is_a_double() {
    let Violations { doubles, holes, .. } = found(Plant::Double).violations;
    assert!(doubles > 0 && holes == 0);
}

#[test]
fn a_reconnect_that_does_not_resume_leaves_a_hole() {
    assert!(found(Plant::Forget).violations.holes > 0);
}

#[test]
fn a_batch_that_covers_more_than_it_brings_is_a_hole() {
    assert!(found(Plant::ThinBatch).violations.holes > 0);
}

#[test]
fn a_hub_that_takes_the_next_for_the_missing_invents() {
    assert!(found(Plant::Renumber).violations.invented > 0);
}

#[test]
fn m4_a_retry_under_another_key_is_stored_twice() {
    let Violations { doubles, holes, .. } = found(Plant::NewKey).violations;
    assert!(doubles > 0 && holes == 0);
}

#[test]
fn m3_a_draft_that_leaves_the_storage_before_its_acknowledgement_is_lost() {
    let Violations { lost, holes, doubles, raced, .. } = found(Plant::EarlyRemoval).violations;
    assert!(lost > 0 && holes == 0 && doubles == 0 && raced == 0);
}

#[test]
fn m4_without_leases_two_tabs_send_the_same_draft() {
    let violations = found(Plant::NoLease).violations;
    // The key sees to it that nothing worse comes of it.
    assert!(violations.raced > 0);
    assert_eq!(violations, Violations { raced: violations.raced, ..Violations::default() });
}

#[test]
fn an_acknowledgement_before_the_commit_loses() {
    let Violations { lost, holes, doubles, .. } = found(Plant::EarlyAnswer).violations;
    assert!(lost > 0 && holes == 0 && doubles == 0);
}

#[test]
fn p6_a_right_that_is_looked_at_once_and_never_again_leaks() {
    let Violations { leaked, holes, doubles, .. } = found(Plant::StaleRights).violations;
    assert!(leaked > 0 && holes == 0 && doubles == 0);
}

#[test]
fn p4_a_coming_that_is_not_told_is_missed() {
    let violations = found(Plant::LostJoin).violations;
    assert!(violations.miscounted > 0);
    assert_eq!(violations, Violations { miscounted: violations.miscounted, ..Violations::default() });
}

#[test]
fn a_client_that_is_never_let_go_is_left_over() {
    let violations = found_until(Plant::NoHeartbeat, |report| report.violations.miscounted > 0).violations;
    assert!(violations.miscounted > 0);
    assert_eq!(violations, Violations { miscounted: violations.miscounted, ..Violations::default() });
}

/// The one bug that the clients must see and repair by themselves.
#[test]
fn e8_a_frame_that_the_server_loses_is_noticed_and_fetched() {
    let report = found(Plant::LostFrame);
    assert!(report.repaired > 0, "nobody noticed");
    assert_eq!((report.violations, report.behind), (Violations::default(), 0));
}

#[test]
fn a_seed_replays() {
    let [first, again] = [(); 2].map(|()| outcome(7, None).expect("all is well"));
    assert_eq!(
        (first.steps, first.publications, first.faults, first.expired),
        (again.steps, again.publications, again.faults, again.expired)
    );
}
