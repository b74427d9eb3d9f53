//! P9: a client whose connection another tab has, and the change from one to the other.

use super::script::check;

/// What opens here are virtual sockets: where nobody answers, another tab is to take over, and nobody polls.
#[test]
fn p9_a_follower_never_polls_and_asks_for_a_leader_that_answers() {
    check(
        "0 led
         0 subscribe event:a e.5
         0 start
         11 wait",
        "0.000 = connecting
         0.000 open #1
         5.000 close #1
         5.281 open #2
         10.281 close #2
         10.281 leader silent
         10.729 open #3",
    );
}

/// A timer that fires late is the follower's own fault, or the machine's: the leader's answer may be here and
/// not have had its turn. It has as long again, once.
#[test]
fn p9_a_leader_is_not_given_up_by_a_timer_that_was_late() {
    check(
        "0 led
         0 start
         6.5 asleep timeout
         6.6 recv 1 connected
         6.7 leader live
         7 visible
         13.5 asleep timeout
         13.6 recv 1 pong
         20 wait",
        "0.000 = connecting
         0.000 open #1
         6.700 = live
         7.000 send #1 ping",
    );
    check(
        "0 led
         0 start
         6.5 asleep timeout
         13.5 asleep timeout
         14 wait",
        "0.000 = connecting
         0.000 open #1
         13.500 close #1
         13.781 open #2",
    );
}

#[test]
fn p9_a_follower_shows_how_its_leader_is_connected() {
    check(
        "0 led
         0 subscribe event:a e.5
         0 start
         0.1 recv 1 connected
         0.1 recv 1 subscribed event:a e.5 1
         0.2 leader live
         5 leader reconnecting since 4.5 next 6
         6 leader polling longPoll
         7 offline
         8 leader offline since 7",
        "0.000 = connecting
         0.000 open #1
         0.100 send #1 subscribe event:a@e.5 ref 1
         0.200 = live
         5.000 = reconnecting since 4.500 next 6.000
         6.000 = polling
         8.000 = offline since 7.000",
    );
}

/// The page is not out of date from the beginning only because another tab leads, and what the old leader
/// said of itself is not said of the new one.
#[test]
fn p9_a_new_leader_is_no_drop_and_inherits_no_status() {
    check(
        "0 led
         0 subscribe event:a e.5
         0 start
         0.1 recv 1 connected
         0.1 recv 1 subscribed event:a e.5 1
         0.1 leader live
         9 reconnect
         9.1 recv 2 connected
         9.1 recv 2 subscribed event:a e.5 2
         9.2 leader reconnecting since 9 next 9
         9.3 leader live",
        "0.000 = connecting
         0.000 open #1
         0.100 send #1 subscribe event:a@e.5 ref 1
         0.100 = live
         9.000 close #1
         9.000 open #2
         9.000 = reconnecting since 9.000 next 9.000
         9.100 send #2 subscribe event:a@e.5 ref 2
         9.300 = live",
    );
}

/// Since when the page is out of date is not forgotten when the tab that says so goes.
#[test]
fn p9_a_follower_that_takes_over_during_an_outage_knows_since_when() {
    check(
        "0 led
         0 start
         0.1 recv 1 connected
         0.1 leader live
         5 leader reconnecting since 4 next 20
         6 leads
         6.1 recv 2 connected",
        "0.000 = connecting
         0.000 open #1
         0.100 = live
         5.000 = reconnecting since 4.000 next 20.000
         6.000 close #1
         6.000 open #2
         6.000 = reconnecting since 4.000 next 6.000
         6.100 = live",
    );
}

#[test]
fn p9_who_leads_goes_by_the_network_and_who_stops_closes_its_socket() {
    check(
        "0 led
         0 offline
         0 start
         1 leads
         2 online
         2.1 recv 2 connected
         3 led
         3.1 recv 3 connected
         3.1 leader live",
        "0.000 = connecting
         0.000 open #1
         1.000 close #1
         1.000 = offline since 0.000
         2.000 open #2
         2.000 = connecting
         2.100 = live
         3.000 close #2
         3.000 open #3
         3.000 = reconnecting since 3.000 next 3.000
         3.100 = live",
    );
}

/// Whoever signs in or out has the connection made anew. Every topic is asked for again where it stands, and
/// the page counts as out of date from then on.
#[test]
fn p9_p5_reconnecting_asks_for_every_topic_again() {
    check(
        "0 subscribe event:a e.5
         0 subscribe event:b e.9
         0 start
         0.1 recv 1 connected
         0.1 recv 1 subscribed event:a e.5 1
         0.1 recv 1 subscribed event:b e.9 2
         20 reconnect
         20.1 recv 2 connected
         20.2 recv 2 subscribed event:a e.5 3
         20.2 recv 2 error forbidden topic event:b ref 4",
        "0.000 = connecting
         0.000 open #1
         0.100 send #1 subscribe event:a@e.5 ref 1
         0.100 send #1 subscribe event:b@e.9 ref 2
         0.100 = live
         20.000 close #1
         20.000 open #2
         20.000 = reconnecting since 20.000 next 20.000
         20.100 send #2 subscribe event:a@e.5 ref 3
         20.100 send #2 subscribe event:b@e.9 ref 4
         20.200 refused event:b forbidden
         20.200 = live",
    );
}

/// Where WebSocket is blocked, reconnecting does not try it out first. A server that would not have the
/// visitor may have the user.
#[test]
fn p9_p5_reconnecting_goes_the_way_that_works() {
    check(
        "0 subscribe event:a e.5
         0 start
         0.1 closed 1
         1 closed 2
         1.1 polled 3 subscribed event:a e.5 -
         2 reconnect
         2.1 polled 5 subscribed event:a e.5 -",
        "0.000 = connecting
         0.000 open #1
         0.100 = reconnecting since 0.000 next 0.381
         0.381 open #2
         1.000 poll #3 event:a@e.5 wait 0
         1.000 = reconnecting since 0.000 next 1.000
         1.100 poll #4 event:a@e.5 wait 25
         1.100 = polling
         2.000 close #4
         2.000 poll #5 event:a@e.5 wait 0
         2.000 = reconnecting since 2.000 next 2.000
         2.100 poll #6 event:a@e.5 wait 25
         2.100 = polling",
    );
    check(
        "0 start
         0.1 recv 1 connected
         1 closed 1 code 4501
         9 reconnect
         9.1 recv 2 connected",
        "0.000 open #1
         0.000 = connecting
         0.100 = live
         1.000 = refused 4501
         9.000 open #2
         9.000 = reconnecting since 1.000 next 9.000
         9.100 = live",
    );
}

/// Asking again moves nothing: what comes in between comes once.
#[test]
fn p9_asking_again_goes_on_where_the_topic_stands() {
    check(
        "0 subscribe event:a e.5
         0 start
         0.1 recv 1 connected
         0.1 recv 1 subscribed event:a e.5 1
         1 again event:a
         1 again event:a
         1.1 recv 1 pub event:a 6
         1.2 recv 1 subscribed event:a e.5 2
         1.2 recv 1 presence event:a 3
         1.2 recv 1 pub event:a 6",
        "0.000 = connecting
         0.000 open #1
         0.100 send #1 subscribe event:a@e.5 ref 1
         0.100 = live
         1.000 send #1 subscribe event:a@e.5 ref 2
         1.200 presence event:a 3
         1.200 publications event:a [6] -> e.6",
    );
}
