//! E10: heartbeats find dead connections; so do sleep, a change of network and a page seen again (M9).

use super::script::check;

#[test]
fn silence_is_broken_by_a_heartbeat_and_its_lack_of_an_answer_ends_the_connection() {
    check(
        "0 start
         0.1 recv 1 connected
         25.5 recv 1 pong
         59 wait",
        "0.000 open #1
         0.000 = connecting
         0.100 = live
         25.100 send #1 ping
         50.100 send #1 ping
         58.100 close #1
         58.100 = reconnecting since 58.100 next 58.381
         58.381 open #2",
    );
}

#[test]
fn the_server_names_the_interval() {
    check(
        "0 start
         0.1 recv 1 connected 4000
         4.2 recv 1 pong
         9 wait",
        "0.000 open #1
         0.000 = connecting
         0.100 = live
         4.100 send #1 ping
         8.100 send #1 ping",
    );
}

#[test]
fn any_frame_is_a_sign_of_life() {
    check(
        "0 subscribe event:a e.5
         0 start
         0.1 recv 1 connected
         0.2 recv 1 subscribed event:a e.5 1
         25.3 recv 1 pub event:a 6
         40 wait",
        "0.000 = connecting
         0.000 open #1
         0.100 send #1 subscribe event:a@e.5 ref 1
         0.200 = live
         25.100 send #1 ping
         25.300 publications event:a [6] -> e.6",
    );
}

#[test]
fn a_hidden_page_heartbeats_more_rarely() {
    check(
        "0 start
         0.1 recv 1 connected
         10 hidden
         59 wait
         60 recv 1 pong
         70 visible
         70.1 recv 1 pong
         94 wait",
        "0.000 open #1
         0.000 = connecting
         0.100 = live
         60.000 send #1 ping
         70.000 send #1 ping",
    );
}

#[test]
fn a_page_seen_again_does_not_trust_its_socket_for_long() {
    check(
        "0 start
         0.1 recv 1 connected
         10 hidden
         12 visible
         14 wait",
        "0.000 open #1
         0.000 = connecting
         0.100 = live
         12.000 send #1 ping
         13.000 close #1
         13.000 open #2
         13.000 = reconnecting since 13.000 next 13.000",
    );
}

/// What is under way already is no reason to wait longer; what dies later waits as it always did.
#[test]
fn m9_a_page_seen_again_is_current_within_two_seconds() {
    check(
        "0 subscribe event:a e.5
         0 start
         0.1 recv 1 connected
         0.2 recv 1 subscribed event:a e.5 1
         10 hidden
         60.2 wait
         61 visible
         62.5 recv 2 connected
         62.6 recv 2 subscribed event:a e.5 2
         62.6 recv 2 pub event:a 6
         70 hidden
         71 visible
         71.1 recv 2 pong
         100 wait
         110 wait",
        "0.000 = connecting
         0.000 open #1
         0.100 send #1 subscribe event:a@e.5 ref 1
         0.200 = live
         60.000 send #1 ping
         62.000 close #1
         62.000 open #2
         62.000 = reconnecting since 62.000 next 62.000
         62.500 send #2 subscribe event:a@e.5 ref 2
         62.600 = live
         62.600 publications event:a [6] -> e.6
         71.000 send #2 ping
         96.000 send #2 ping
         104.000 close #2
         104.000 = reconnecting since 104.000 next 104.310
         104.310 open #3",
    );
}

#[test]
fn m9_a_sleep_that_only_the_wall_clock_knows_of_is_checked() {
    check(
        "0 start
         0.1 recv 1 connected
         5 slept
         5.2 recv 1 pong
         6 slept
         9 wait",
        "0.000 open #1
         0.000 = connecting
         0.100 = live
         5.000 send #1 ping
         6.000 send #1 ping
         8.000 close #1
         8.000 = reconnecting since 8.000 next 8.281
         8.281 open #2",
    );
}

#[test]
fn after_a_sleep_the_socket_has_two_seconds_to_prove_itself() {
    check(
        "0 start
         0.1 recv 1 connected
         3600 asleep wait
         3600 asleep visible
         3603 wait",
        "0.000 open #1
         0.000 = connecting
         0.100 = live
         3600.000 send #1 ping
         3602.000 close #1
         3602.000 = reconnecting since 3602.000 next 3602.281
         3602.281 open #2",
    );
}

#[test]
fn after_a_sleep_an_answer_keeps_the_socket() {
    check(
        "0 start
         0.1 recv 1 connected
         3600 asleep visible
         3600.1 recv 1 pong
         3610 wait",
        "0.000 open #1
         0.000 = connecting
         0.100 = live
         3600.000 send #1 ping",
    );
}

#[test]
fn a_network_said_to_be_gone_is_checked_before_the_socket_is_torn_down() {
    check(
        "0 start
         0.1 recv 1 connected
         5 offline
         5.1 recv 1 pong
         6 offline
         9 wait
         20 online
         20.1 recv 2 connected",
        "0.000 open #1
         0.000 = connecting
         0.100 = live
         5.000 send #1 ping
         6.000 send #1 ping
         8.000 close #1
         8.000 = offline since 8.000
         20.000 open #2
         20.000 = reconnecting since 8.000 next 20.000
         20.100 = live",
    );
}

/// The pause of a topic that ended in the sleep once looked like another sleep, again and again.
#[test]
fn after_a_sleep_in_a_pause_of_a_topic_it_does_not_open_again_and_again() {
    check(
        "0 subscribe event:a e.5
         0 start
         0.1 recv 1 connected
         0.2 recv 1 error rateLimited topic event:a ref 1 retry 20000
         1 closed 1
         1.3 wait
         100 asleep recv 1 pong
         100 asleep recv 1 pong
         100.1 wait",
        "0.000 = connecting
         0.000 open #1
         0.100 send #1 subscribe event:a@e.5 ref 1
         0.200 = live
         1.000 = reconnecting since 1.000 next 1.310
         100.000 open #2
         100.000 = reconnecting since 1.000 next 100.000",
    );
}
