//! E9: where WebSocket is not to be had the client polls, and goes back when that works again.

use std::fmt::Write as _;

use client_core::Config;

use super::script::{check, run};

#[test]
fn steps_down_to_long_polling_and_back_up_at_the_same_position() {
    check(
        "0 subscribe event:a e.5
         0 start
         0.1 closed 1
         1 closed 2
         1.1 polled 3 subscribed event:a e.5 -; batch event:a 6 7 6 7
         5 polled 4 subscribed event:a e.7 -; pub event:a 8
         20 wait
         20.1 opened 6
         20.2 recv 6 connected
         20.3 polled 5 subscribed event:a e.8 -; pub event:a 9
         20.4 recv 6 subscribed event:a e.8 1
         20.5 recv 6 pub event:a 9",
        "0.000 = connecting
         0.000 open #1
         0.100 = reconnecting since 0.000 next 0.381
         0.381 open #2
         1.000 poll #3 event:a@e.5 wait 0
         1.000 = reconnecting since 0.000 next 1.000
         1.100 publications event:a [6 7] -> e.7
         1.100 = polling
         1.200 poll #4 event:a@e.7 wait 25
         5.000 publications event:a [8] -> e.8
         5.000 poll #5 event:a@e.8 wait 25
         13.023 open #6
         20.200 close #5
         20.200 send #6 subscribe event:a@e.8 ref 1
         20.400 = live
         20.500 publications event:a [9] -> e.9",
    );
}

#[test]
fn probes_ever_more_rarely_while_the_socket_stays_blocked() {
    let mut script = "0 subscribe event:a e.5
         0 start
         0.1 closed 1
         1 closed 2
         1.1 polled 3 subscribed event:a e.5 -\n"
        .to_owned();
    // Whatever is opened is closed again by the timeout; polls are never answered but held.
    script.push_str("1000 wait");
    let trace =
        run(&script, Config { poll_wait: std::time::Duration::from_secs(10_000), ..Config::default() });
    let opened = trace.lines().filter(|line| line.contains(" open ")).count();
    assert!((6..=9).contains(&opened), "{opened} sockets\n{trace}");
}

#[test]
fn an_empty_answer_at_the_end_of_the_wait_is_followed_by_the_next_poll() {
    check(
        "0 subscribe event:a e.5
         0 start
         0.1 closed 1
         1 closed 2
         1.1 polled 3 subscribed event:a e.5 -
         14 wait
         26.1 polled 4 subscribed event:a e.5 -",
        "0.000 = connecting
         0.000 open #1
         0.100 = reconnecting since 0.000 next 0.381
         0.381 open #2
         1.000 poll #3 event:a@e.5 wait 0
         1.000 = reconnecting since 0.000 next 1.000
         1.100 poll #4 event:a@e.5 wait 25
         1.100 = polling
         13.023 open #5
         23.023 close #5
         26.100 poll #6 event:a@e.5 wait 25",
    );
}

#[test]
fn long_polls_that_break_off_give_way_to_polls_now_and_then() {
    check(
        "0 subscribe event:a e.5
         0 start
         0.1 closed 1
         1 closed 2
         1.1 polled 3 subscribed event:a e.5 -
         6 closed 4
         6.6 polled 5 subscribed event:a e.5 -
         12 closed 6
         12.6 polled 7 subscribed event:a e.5 -; pub event:a 6
         19 wait
         20 closed 8
         60 wait
         61 polled 9 subscribed event:a e.6 -",
        "0.000 = connecting
         0.000 open #1
         0.100 = reconnecting since 0.000 next 0.381
         0.381 open #2
         1.000 poll #3 event:a@e.5 wait 0
         1.000 = reconnecting since 0.000 next 1.000
         1.100 poll #4 event:a@e.5 wait 25
         1.100 = polling
         6.012 poll #5 event:a@e.5 wait 0
         6.600 poll #6 event:a@e.5 wait 25
         12.344 poll #7 event:a@e.5 wait 0
         12.600 publications event:a [6] -> e.6
         13.023 open #8
         35.616 poll #9 event:a@e.6 wait 25
         36.777 open #10
         46.777 close #10
         61.000 poll #11 event:a@e.6 wait 25",
    );
}

#[test]
fn when_polls_fail_as_well_both_are_tried_in_turn() {
    check(
        "0 subscribe event:a e.5
         0 start
         0.1 closed 1
         1 closed 2
         1.1 closed 3
         4 wait
         4.1 closed 4
         7 wait
         7.1 closed 5
         10 wait",
        "0.000 = connecting
         0.000 open #1
         0.100 = reconnecting since 0.000 next 0.381
         0.381 open #2
         1.000 poll #3 event:a@e.5 wait 0
         1.000 = reconnecting since 0.000 next 1.000
         1.100 = reconnecting since 0.000 next 2.254
         2.254 open #4
         4.100 = reconnecting since 0.000 next 5.443
         5.443 poll #5 event:a@e.5 wait 0
         7.100 = reconnecting since 0.000 next 7.132
         7.132 open #6",
    );
}

#[test]
fn a_socket_that_worked_before_is_tried_first() {
    check(
        "0 start
         0.1 recv 1 connected
         30 closed 1 code 1006
         31 recv 2 connected",
        "0.000 open #1
         0.000 = connecting
         0.100 = live
         25.100 send #1 ping
         30.000 = reconnecting since 30.000 next 30.281
         30.281 open #2
         31.000 = live",
    );
}

#[test]
fn a_topic_that_joins_a_held_poll_does_not_wait_for_its_end() {
    check(
        "0 subscribe event:a e.5
         0 start
         0.1 closed 1
         1 closed 2
         1.1 polled 3 subscribed event:a e.5 -
         2 subscribe event:b
         3 applied event:b e.1
         3.1 polled 5 subscribed event:a e.5 -; subscribed event:b e.1 -
         4 unsubscribe event:b",
        "0.000 = connecting
         0.000 open #1
         0.100 = reconnecting since 0.000 next 0.381
         0.381 open #2
         1.000 poll #3 event:a@e.5 wait 0
         1.000 = reconnecting since 0.000 next 1.000
         1.100 poll #4 event:a@e.5 wait 25
         1.100 = polling
         2.000 snapshot event:b NoPosition
         3.000 close #4
         3.000 poll #5 event:a@e.5,event:b@e.1 wait 0
         3.100 poll #6 event:a@e.5,event:b@e.1 wait 25
         4.000 close #6
         4.000 poll #7 event:a@e.5 wait 0",
    );
}

#[test]
fn a_poll_may_be_refused_lost_or_broken_for_one_topic() {
    check(
        "0 subscribe event:a e.5
         0 subscribe event:b e.5
         0 subscribe event:c e.5
         0 start
         0.1 closed 1
         1 closed 2
         1.1 polled 3 lost event:a e.90 expired -; error notFound topic event:b; subscribed event:c e.5 -; pub event:c 7
         2 applied event:a e.90",
        "0.000 = connecting
         0.000 open #1
         0.100 = reconnecting since 0.000 next 0.381
         0.381 open #2
         1.000 poll #3 event:a@e.5,event:b@e.5,event:c@e.5 wait 0
         1.000 = reconnecting since 0.000 next 1.000
         1.100 snapshot event:a Expired
         1.100 refused event:b notFound
         1.100 poll #4 event:c@e.5 wait 25
         1.100 = polling
         2.000 close #4
         2.000 poll #5 event:a@e.90,event:c@e.5 wait 0",
    );
}

#[test]
fn a_server_that_answers_polls_with_nothing_at_once_is_not_asked_in_a_hot_loop() {
    let mut script = "0 subscribe event:a e.5
         0 start
         0.1 closed 1
         1 closed 2\n"
        .to_owned();
    // Poll n is answered 10 ms after each step of the clock, again and again, whatever number it has.
    for step in 0..6000 {
        let time = 1.1 + f64::from(step) * 0.01;
        for attempt in (3..40).rev() {
            if step % 40 == attempt {
                writeln!(script, "{time:.3} polled {attempt} subscribed event:a e.5 -").unwrap();
            }
        }
    }
    let trace = run(&script, Config::default());
    let polls = trace.lines().filter(|line| line.contains(" poll ")).count();
    assert!((5..=20).contains(&polls), "{polls} polls in a minute\n{trace}");
}
