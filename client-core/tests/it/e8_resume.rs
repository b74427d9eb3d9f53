//! E8: a dropped connection comes back and resumes at its cursor; nothing is missed, nothing is doubled.

use super::script::check;

#[test]
fn connects_subscribes_and_is_live_only_when_answered() {
    check(
        "0 subscribe event:a e.5
         0 start
         0.1 opened 1
         0.2 recv 1 connected
         0.3 recv 1 subscribed event:a e.5 1
         0.4 recv 1 pub event:a 6
         0.5 recv 1 batch event:a 7 9 7 9",
        "0.000 = connecting
         0.000 open #1
         0.200 send #1 subscribe event:a@e.5 ref 1
         0.300 = live
         0.400 publications event:a [6] -> e.6
         0.500 publications event:a [7 9] -> e.9",
    );
}

#[test]
fn resumes_at_its_position_after_a_drop() {
    check(
        "0 subscribe event:a e.5
         0 start
         0.2 recv 1 connected
         0.3 recv 1 subscribed event:a e.5 1
         0.4 recv 1 pub event:a 6
         20 closed 1 code 1006
         22 recv 2 connected
         22.1 recv 2 subscribed event:a e.6 2
         22.2 recv 2 batch event:a 7 9 7 8 9",
        "0.000 = connecting
         0.000 open #1
         0.200 send #1 subscribe event:a@e.5 ref 1
         0.300 = live
         0.400 publications event:a [6] -> e.6
         20.000 = reconnecting since 20.000 next 20.281
         20.281 open #2
         22.000 send #2 subscribe event:a@e.6 ref 2
         22.100 = live
         22.200 publications event:a [7 8 9] -> e.9",
    );
}

#[test]
fn doubles_are_dropped_and_a_batch_that_reaches_back_is_partly_taken() {
    check(
        "0 subscribe event:a e.5
         0 start
         0.2 recv 1 connected
         0.3 recv 1 subscribed event:a e.5 1
         1 recv 1 pub event:a 5
         2 recv 1 batch event:a 4 7 5 6 7
         3 recv 1 batch event:a 6 7 7
         4 recv 1 batch event:a 8 9",
        "0.000 = connecting
         0.000 open #1
         0.200 send #1 subscribe event:a@e.5 ref 1
         0.300 = live
         2.000 publications event:a [6 7] -> e.7
         4.000 publications event:a [] -> e.9",
    );
}

#[test]
fn a_hole_is_repaired_from_the_position_and_what_comes_meanwhile_is_ignored() {
    check(
        "0 subscribe event:a e.5
         0 start
         0.2 recv 1 connected
         0.3 recv 1 subscribed event:a e.5 1
         1 recv 1 pub event:a 7
         1.1 recv 1 pub event:a 8
         1.2 recv 1 subscribed event:a e.5 1
         1.3 recv 1 pub event:a 6
         1.4 recv 1 subscribed event:a e.5 2
         1.5 recv 1 batch event:a 6 8 6 7 8",
        "0.000 = connecting
         0.000 open #1
         0.200 send #1 subscribe event:a@e.5 ref 1
         0.300 = live
         1.000 send #1 subscribe event:a@e.5 ref 2
         1.500 publications event:a [6 7 8] -> e.8",
    );
}

#[test]
fn the_same_hole_again_and_again_does_not_spin() {
    check(
        "0 subscribe event:a e.5
         0 start
         0.2 recv 1 connected
         0.3 recv 1 subscribed event:a e.5 1
         1 recv 1 pub event:a 7
         1.1 recv 1 subscribed event:a e.5 2
         1.1 recv 1 pub event:a 7
         2 recv 1 subscribed event:a e.5 3
         2 recv 1 pub event:a 7
         4 recv 1 subscribed event:a e.5 4
         4 recv 1 pub event:a 6
         5 recv 1 pub event:a 8
         5.1 wait",
        "0.000 = connecting
         0.000 open #1
         0.200 send #1 subscribe event:a@e.5 ref 1
         0.300 = live
         1.000 send #1 subscribe event:a@e.5 ref 2
         1.381 send #1 subscribe event:a@e.5 ref 3
         2.448 send #1 subscribe event:a@e.5 ref 4
         4.000 publications event:a [6] -> e.6
         5.000 send #1 subscribe event:a@e.6 ref 5",
    );
}

#[test]
fn a_position_that_is_not_recovered_asks_for_a_snapshot() {
    check(
        "0 subscribe event:a e.5
         0 start
         0.2 recv 1 connected
         0.3 recv 1 lost event:a f.90 epochChanged 1
         0.4 recv 1 pub event:a 91
         0.5 applied event:a f.91
         0.6 recv 1 subscribed event:a f.91 2
         0.7 recv 1 pub event:a 92",
        "0.000 = connecting
         0.000 open #1
         0.200 send #1 subscribe event:a@e.5 ref 1
         0.300 snapshot event:a EpochChanged
         0.300 = live
         0.500 send #1 subscribe event:a@f.91 ref 2
         0.700 publications event:a [92] -> f.92",
    );
}

#[test]
fn recovered_at_another_place_or_life_is_not_recovered() {
    check(
        "0 subscribe event:a e.5
         0 subscribe event:b e.5
         0 start
         0.2 recv 1 connected
         0.3 recv 1 subscribed event:a e.6 1
         0.3 recv 1 subscribed event:b f.5 2",
        "0.000 = connecting
         0.000 open #1
         0.200 send #1 subscribe event:a@e.5 ref 1
         0.200 send #1 subscribe event:b@e.5 ref 2
         0.300 snapshot event:a Expired
         0.300 snapshot event:b EpochChanged
         0.300 = live",
    );
}

#[test]
fn without_a_position_the_snapshot_comes_first() {
    check(
        "0 start
         0 subscribe event:a
         0.2 recv 1 connected
         0.3 applied event:a e.4
         0.4 recv 1 subscribed event:a e.4 1
         0.5 recv 1 presence event:a 3",
        "0.000 open #1
         0.000 = connecting
         0.000 snapshot event:a NoPosition
         0.200 = live
         0.300 send #1 subscribe event:a@e.4 ref 1
         0.500 presence event:a 3",
    );
}

#[test]
fn a_failed_snapshot_is_asked_for_again_with_growing_pauses() {
    check(
        "0 start
         0 subscribe event:a
         0.2 recv 1 connected
         1 failed event:a
         3 failed event:a
         6 failed event:a
         12 applied event:a e.4
         12.1 recv 1 subscribed event:a e.4 1",
        "0.000 open #1
         0.000 = connecting
         0.000 snapshot event:a NoPosition
         0.200 = live
         1.281 snapshot event:a NoPosition
         3.448 snapshot event:a NoPosition
         6.735 snapshot event:a NoPosition
         12.000 send #1 subscribe event:a@e.4 ref 1",
    );
}

#[test]
fn a_snapshot_that_never_leads_to_a_subscription_does_not_spin() {
    check(
        "0 subscribe event:a e.5
         0 start
         0.2 recv 1 connected
         0.3 recv 1 lost event:a e.90 expired 1
         0.4 applied event:a e.90
         0.5 recv 1 lost event:a e.90 expired 2
         3 applied event:a e.90
         3.1 recv 1 lost event:a e.90 expired 3
         5 wait",
        "0.000 = connecting
         0.000 open #1
         0.200 send #1 subscribe event:a@e.5 ref 1
         0.300 snapshot event:a Expired
         0.300 = live
         0.400 send #1 subscribe event:a@e.90 ref 2
         0.781 snapshot event:a Expired
         3.000 send #1 subscribe event:a@e.90 ref 3
         3.548 snapshot event:a Expired",
    );
}

#[test]
fn refusals_that_last_end_the_subscription_and_others_are_tried_again() {
    check(
        "0 subscribe event:a e.5
         0 subscribe event:b e.5
         0 subscribe events e.5
         0 start
         0.2 recv 1 connected
         0.3 recv 1 subscribed events e.5 1
         0.3 recv 1 error unknownTopic topic event:a ref 2
         0.3 recv 1 error rateLimited ref 3 retry 4000
         5 wait
         5.1 recv 1 subscribed event:b e.5 4
         6 recv 1 unsubscribed event:b notFound
         7 recv 1 unsubscribed events internal
         8 recv 1 error forbidden topic event:b
         9 recv 1 error malformed",
        "0.000 = connecting
         0.000 open #1
         0.200 send #1 subscribe events@e.5 ref 1
         0.200 send #1 subscribe event:a@e.5 ref 2
         0.200 send #1 subscribe event:b@e.5 ref 3
         0.300 refused event:a unknownTopic
         0.300 = live
         4.300 send #1 subscribe event:b@e.5 ref 4
         6.000 refused event:b notFound
         7.310 send #1 subscribe events@e.5 ref 5
         9.000 complaint malformed",
    );
}

#[test]
fn unsubscribing_tells_the_server_and_its_late_answer_disturbs_nothing() {
    check(
        "0 subscribe event:a e.5
         0 start
         0.2 recv 1 connected
         0.3 recv 1 subscribed event:a e.5 1
         1 unsubscribe event:a
         1.1 recv 1 pub event:a 6
         1.2 subscribe event:a e.5
         1.3 recv 1 unsubscribed event:a
         1.4 recv 1 subscribed event:a e.5 2
         1.5 recv 1 pub event:a 6",
        "0.000 = connecting
         0.000 open #1
         0.200 send #1 subscribe event:a@e.5 ref 1
         0.300 = live
         1.000 send #1 unsubscribe event:a
         1.200 send #1 subscribe event:a@e.5 ref 2
         1.500 publications event:a [6] -> e.6",
    );
}

#[test]
fn an_unanswered_subscribe_is_sent_again() {
    check(
        "0 start
         0.2 recv 1 connected
         1 subscribe event:a e.5
         11.1 recv 1 subscribed event:a e.5 2",
        "0.000 open #1
         0.000 = connecting
         0.200 = live
         1.000 send #1 subscribe event:a@e.5 ref 1
         11.000 send #1 subscribe event:a@e.5 ref 2",
    );
}

#[test]
fn a_frame_that_cannot_be_read_may_have_been_a_publication() {
    check(
        "0 subscribe event:a e.5
         0 start
         0.2 recv 1 connected
         0.3 recv 1 subscribed event:a e.5 1
         1 nonsense 1
         1.1 recv 1 subscribed event:a e.5 2
         1.2 recv 1 pub event:a 6
         2 recv 1 batch event:a 9 8 9
         2.1 recv 1 subscribed event:a e.6 3",
        "0.000 = connecting
         0.000 open #1
         0.200 send #1 subscribe event:a@e.5 ref 1
         0.300 = live
         1.000 send #1 subscribe event:a@e.5 ref 2
         1.200 publications event:a [6] -> e.6
         2.000 send #1 subscribe event:a@e.6 ref 3",
    );
}

#[test]
fn a_dead_attempt_is_not_listened_to() {
    check(
        "0 subscribe event:a e.5
         0 start
         0.2 recv 1 connected
         0.3 recv 1 subscribed event:a e.5 1
         1 closed 1
         2 recv 2 connected
         2.1 recv 1 pub event:a 6
         2.2 recv 1 subscribed event:a e.5 2
         2.3 closed 1
         2.4 recv 2 subscribed event:a e.5 2",
        "0.000 = connecting
         0.000 open #1
         0.200 send #1 subscribe event:a@e.5 ref 1
         0.300 = live
         1.000 = reconnecting since 1.000 next 1.281
         1.281 open #2
         2.000 send #2 subscribe event:a@e.5 ref 2
         2.400 = live",
    );
}

#[test]
fn stopping_closes_and_starting_again_resumes() {
    check(
        "0 subscribe event:a e.5
         0 start
         0.2 recv 1 connected
         0.3 recv 1 subscribed event:a e.5 1
         0.4 recv 1 pub event:a 6
         1 stop
         2 recv 1 pub event:a 7
         100 start
         100.1 recv 2 connected
         100.2 recv 2 subscribed event:a e.6 2",
        "0.000 = connecting
         0.000 open #1
         0.200 send #1 subscribe event:a@e.5 ref 1
         0.300 = live
         0.400 publications event:a [6] -> e.6
         1.000 close #1
         1.000 = connecting
         100.000 open #2
         100.100 send #2 subscribe event:a@e.6 ref 2
         100.200 = live",
    );
}
