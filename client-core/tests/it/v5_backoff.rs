//! V5, P10: exponential backoff with jitter, the server's own wishes, the browser's hints; no hot loop.

use std::fmt::Write as _;

use client_core::{Client, Config, Input, Instant, Output};

use super::script::{check, server_frame};

#[test]
fn an_attempt_that_does_not_come_up_is_given_up() {
    check(
        "0 start\n 0.5 opened 1\n 12 wait",
        "0.000 open #1
         0.000 = connecting
         10.000 close #1
         10.000 = reconnecting since 0.000 next 10.281
         10.281 open #2",
    );
}

#[test]
fn a_connection_whose_subscriptions_are_not_answered_is_given_up() {
    check(
        "0 subscribe event:a e.5
         0 start
         0.5 recv 1 connected
         12 wait",
        "0.000 = connecting
         0.000 open #1
         0.500 send #1 subscribe event:a@e.5 ref 1
         10.500 close #1
         10.500 = reconnecting since 0.000 next 10.781
         10.781 open #2",
    );
}

#[test]
fn a_drain_names_the_delay_and_hints_do_not_shorten_it() {
    check(
        "0 start
         0.1 recv 1 connected
         30 recv 1 reconnect 3500
         30.1 closed 1 code 4000
         31 online
         32 visible
         34 recv 2 connected",
        "0.000 open #1
         0.000 = connecting
         0.100 = live
         25.100 send #1 ping
         30.100 = reconnecting since 30.100 next 33.600
         33.600 open #2
         34.000 = live",
    );
}

#[test]
fn retry_after_is_kept_even_beyond_the_longest_backoff_but_not_for_ever() {
    check(
        "0 subscribe event:a e.5
         0 start
         0.1 closed 1 retry 60
         61 closed 2 retry 100000
         400 wait",
        "0.000 = connecting
         0.000 open #1
         0.100 = reconnecting since 0.000 next 60.100
         60.100 open #2
         61.000 = reconnecting since 0.000 next 361.000
         361.000 poll #3 event:a@e.5 wait 0
         371.000 close #3
         371.000 = reconnecting since 0.000 next 372.262
         372.262 open #4
         382.262 close #4
         382.262 = reconnecting since 0.000 next 386.025
         386.025 poll #5 event:a@e.5 wait 0
         396.025 close #5
         396.025 = reconnecting since 0.000 next 397.222
         397.222 open #6",
    );
}

#[test]
fn a_close_code_that_says_so_ends_it_until_somebody_asks() {
    check(
        "0 start
         0.1 recv 1 connected
         1 closed 1 code 4503
         100 online
         100 visible
         200 now
         200.1 recv 2 connected",
        "0.000 open #1
         0.000 = connecting
         0.100 = live
         1.000 = refused 4503
         200.000 open #2
         200.000 = reconnecting since 1.000 next 200.000
         200.100 = live",
    );
}

#[test]
fn try_now_does_not_wait() {
    check(
        "0 start
         0.1 closed 1 retry 60
         5 now
         5.1 recv 2 connected",
        "0.000 open #1
         0.000 = connecting
         0.100 = reconnecting since 0.000 next 60.100
         5.000 open #2
         5.000 = reconnecting since 0.000 next 5.000
         5.100 = live",
    );
}

#[test]
fn offline_waits_for_the_network_and_online_tries_at_once() {
    check(
        "0 start
         0.1 closed 1 retry 2
         1 offline
         50 wait
         50 visible
         60 online
         60.1 recv 2 connected",
        "0.000 open #1
         0.000 = connecting
         0.100 = reconnecting since 0.000 next 2.100
         1.000 = offline since 0.000
         60.000 open #2
         60.000 = reconnecting since 0.000 next 60.000
         60.100 = live",
    );
}

#[test]
fn offline_from_the_start() {
    check(
        "0 offline\n 0 start\n 5 now\n 5.1 closed 1\n 6 online",
        "0.000 = connecting
         0.000 = offline since 0.000
         5.000 open #1
         5.000 = connecting
         5.100 = offline since 0.000
         6.000 open #2
         6.000 = reconnecting since 0.000 next 6.000",
    );
}

/// Plays against a server that treats every attempt in the same bad way for `minutes`; the attempts made
/// in the busiest minute.
fn attempts_in_the_worst_minute(seed: u64, mut answer: impl FnMut(&Output) -> Vec<Input>) -> usize {
    let mut client = Client::new(Config::default(), seed);
    let topic: shared::Topic = "event:a".parse().unwrap();
    client.handle_input(
        Instant(0),
        Input::Subscribe { topic: topic.clone(), position: Some("e.5".parse().unwrap()) },
    );
    let mut now = Instant(0);
    let mut inputs = std::collections::VecDeque::from([Input::Start]);
    let mut times: Vec<u64> = Vec::new();
    for _ in 0..200_000 {
        let input = if let Some(input) = inputs.pop_front() {
            now = Instant(now.0 + 1);
            input
        } else {
            now = now.max(client.poll_timeout().expect("it never gives up"));
            Input::Timeout
        };
        if now.0 > 30 * 60_000 {
            break;
        }
        client.handle_input(now, input);
        while let Some(output) = client.poll_output() {
            if matches!(output, Output::Open { .. } | Output::Poll { .. }) {
                times.push(now.0);
            }
            inputs.extend(answer(&output));
        }
    }
    assert!(now.0 > 29 * 60_000, "stuck at {now:?}");
    (0..times.len())
        .map(|i| times[i..].iter().take_while(|t| **t < times[i] + 60_000).count())
        .max()
        .unwrap_or(0)
}

fn closed(attempt: client_core::Attempt) -> Input {
    Input::Closed { attempt, code: Some(1006), retry_after: None }
}

#[test]
fn nothing_that_fails_at_once_is_tried_in_a_hot_loop() {
    for seed in 0..20 {
        let worst = attempts_in_the_worst_minute(seed, |output| match output {
            Output::Open { attempt } | Output::Poll { attempt, .. } => vec![closed(*attempt)],
            _ => vec![],
        });
        assert!((8..=60).contains(&worst), "seed {seed}: {worst} in a minute");
    }
}

#[test]
fn a_server_that_accepts_answers_and_closes_at_once_is_not_called_in_a_hot_loop() {
    for seed in 0..20 {
        let worst = attempts_in_the_worst_minute(seed, |output| match output {
            Output::Open { attempt } => {
                let frame = server_frame("connected");
                vec![Input::Opened { attempt: *attempt }, Input::Received { attempt: *attempt, frame }]
            }
            Output::Send { attempt, frame: shared::ClientFrame::Subscribe(subscribe) } => {
                let frame = server_frame(&format!("subscribed event:a e.5 {}", subscribe.reference.unwrap()));
                vec![Input::Received { attempt: *attempt, frame }, closed(*attempt)]
            }
            Output::Poll { attempt, .. } => vec![closed(*attempt)],
            _ => vec![],
        });
        assert!((8..=60).contains(&worst), "seed {seed}: {worst} in a minute");
    }
}

#[test]
fn polls_that_say_the_same_hole_or_nothing_are_not_repeated_in_a_hot_loop() {
    for answer in ["", "subscribed event:a e.5 -", "subscribed event:a e.5 -; pub event:a 9"] {
        for seed in 0..10 {
            let worst = attempts_in_the_worst_minute(seed, |output| match output {
                Output::Open { attempt } => vec![closed(*attempt)],
                Output::Poll { attempt, .. } => {
                    let frames = answer.split(';').map(str::trim).filter(|f| !f.is_empty()).map(server_frame);
                    vec![Input::Polled { attempt: *attempt, frames: frames.collect() }]
                }
                _ => vec![],
            });
            assert!((2..=60).contains(&worst), "{answer:?}, seed {seed}: {worst} in a minute");
        }
    }
}

#[test]
fn hints_that_flap_do_not_make_a_hot_loop() {
    let mut script = "0 start\n0.05 closed 1\n".to_owned();
    for tick in 1..600 {
        let time = f64::from(tick) * 0.1;
        writeln!(script, "{time:.2} {}", if tick % 2 == 0 { "online" } else { "visible" }).unwrap();
        for attempt in 2..70 {
            writeln!(script, "{time:.2} closed {attempt}").unwrap();
        }
    }
    let trace = super::script::run(&script, Config::default());
    let attempts = trace.lines().filter(|line| line.contains(" open ") || line.contains(" poll ")).count();
    assert!((20..=100).contains(&attempts), "{attempts} attempts in a minute");
}
