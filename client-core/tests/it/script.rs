//! One way to test the client: a script of inputs in, a trace of outputs out, both as text with the time
//! in front in seconds. Between two lines of the script the client's own timers fire when they are due.
//!
//! ```text
//! subscribe T [P] · unsubscribe T · applied T P · failed T · start · stop · online · offline
//! visible · hidden · slept · now · reconnect · led · leads · leader STATUS [TRANSPORT] · again T · opened A · closed A [code C] [retry SECONDS] · nonsense A
//! recv A FRAME · polled A [FRAME; FRAME …] · wait
//! FRAME: connected [MS] · subscribed T P R · lost T P REASON R · pub T OFFSET · batch T FROM TO [OFFSETS]
//!        unsubscribed T [CODE] · presence T N · pong · reconnect MS · error CODE [topic T] [ref R] [retry MS]
//! ```
//! `T` is a topic, `P` a cursor, `A` the number of an attempt, `R` a `ref` or `-`.

use std::{fmt::Write as _, time::Duration};

use client_core::{Attempt, Client, Config, Event, Input, Instant, Output, Status, Transport};
use shared::{
    Change, ClientFrame, ErrorCode, Offset, Position, Publication, ServerFrame,
    frame::{Batch, Connected, PROTOCOL_VERSION, Pong, PresenceCount, Reconnect, Subscribed, Unsubscribed},
    rest::ErrorDetail,
};

/// Runs `script` and holds what the client did against `expected`.
#[track_caller]
pub(crate) fn check(script: &str, expected: &str) {
    let actual = run(script, Config::default());
    let tidy = |text: &str| text.trim().lines().map(str::trim).collect::<Vec<_>>().join("\n");
    let (actual, expected) = (tidy(&actual), tidy(expected));
    assert!(actual == expected, "the trace is\n<<<\n{actual}\n>>>\nand not\n{expected}");
}

/// Runs `script`; the trace.
pub(crate) fn run(script: &str, config: Config) -> String {
    let mut client = Client::new(config, 1);
    let mut trace = String::new();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (time, command) = line.split_once(' ').expect(line);
        let until = Instant((time.parse::<f64>().expect(line) * 1000.0).round() as u64);
        // A line with `asleep` does not fire the timers on the way.
        let (asleep, command) =
            command.strip_prefix("asleep ").map_or((false, command), |command| (true, command));
        while let Some(due) = client.poll_timeout().filter(|due| !asleep && *due <= until) {
            step(&mut client, due, Input::Timeout, &mut trace);
        }
        if command != "wait" {
            step(&mut client, until, input(command), &mut trace);
        }
    }
    trace
}

fn step(client: &mut Client, now: Instant, input: Input, trace: &mut String) {
    client.handle_input(now, input);
    while let Some(output) = client.poll_output() {
        writeln!(trace, "{} {}", seconds(now), describe(&output)).unwrap();
    }
}

fn seconds(at: Instant) -> String {
    format!("{}.{:03}", at.0 / 1000, at.0 % 1000)
}

pub(crate) fn describe(output: &Output) -> String {
    match output {
        Output::Open { attempt } => format!("open #{}", attempt.0),
        Output::Close { attempt } => format!("close #{}", attempt.0),
        Output::Send { attempt, frame } => format!("send #{} {}", attempt.0, describe_frame(frame)),
        Output::Poll { attempt, from, wait } => {
            let from: Vec<_> = from
                .iter()
                .map(|(topic, position)| match position {
                    Some(position) => format!("{topic}@{position}"),
                    None => topic.to_string(),
                })
                .collect();
            format!("poll #{} {} wait {}", attempt.0, from.join(","), wait.as_secs())
        }
        Output::Event(event) => describe_event(event),
    }
}

fn describe_frame(frame: &ClientFrame) -> String {
    match frame {
        ClientFrame::Subscribe(subscribe) => format!(
            "subscribe {}@{} ref {}",
            subscribe.name.topic(),
            subscribe.since.as_ref().unwrap(),
            subscribe.reference.unwrap()
        ),
        ClientFrame::Unsubscribe(name) => format!("unsubscribe {}", name.topic()),
        ClientFrame::Ping(_) => "ping".to_owned(),
        ClientFrame::Typing(typing) => format!("typing {typing:?}"),
        ClientFrame::Publish(publish) => format!("publish {} {}", publish.topic, publish.key),
        ClientFrame::Auth(_) => "auth".to_owned(),
    }
}

fn describe_event(event: &Event) -> String {
    match event {
        Event::Status(status) => match status {
            Status::Connecting => "= connecting".to_owned(),
            Status::Live => "= live".to_owned(),
            Status::Polling => "= polling".to_owned(),
            Status::Reconnecting { since, next_try } => {
                format!("= reconnecting since {} next {}", seconds(*since), seconds(*next_try))
            }
            Status::Offline { since } => format!("= offline since {}", seconds(*since)),
            Status::Refused { code } => format!("= refused {code}"),
        },
        Event::Publications { topic, publications, position } => {
            let offsets: Vec<_> = publications.iter().map(|p| p.offset.to_string()).collect();
            format!("publications {topic} [{}] -> {position}", offsets.join(" "))
        }
        Event::SnapshotNeeded { topic, reason } => format!("snapshot {topic} {reason:?}"),
        Event::Ephemeral { topic, frame: ServerFrame::PresenceCount(_, count) } => {
            format!("presence {topic} {}", count.watchers)
        }
        Event::Ephemeral { frame, .. } => panic!("{frame:?} has no name here"),
        Event::SubscriptionRefused { topic, code, .. } => format!("refused {topic} {code}"),
        Event::Complaint { code, .. } => format!("complaint {code}"),
        Event::LeaderSilent => "leader silent".to_owned(),
    }
}

fn input(command: &str) -> Input {
    let (name, rest) = command.split_once(' ').unwrap_or((command, ""));
    let words: Vec<&str> = rest.split_whitespace().collect();
    let attempt = || Attempt(words[0].parse().expect(command));
    let topic = || words[0].parse().expect(command);
    match name {
        "start" => Input::Start,
        "stop" => Input::Stop,
        "timeout" => Input::Timeout,
        "online" => Input::Online(true),
        "offline" => Input::Online(false),
        "visible" => Input::Visible(true),
        "hidden" => Input::Visible(false),
        "slept" => Input::Slept,
        "now" => Input::TryNow,
        "reconnect" => Input::Reconnect,
        "led" => Input::Led(true),
        "leads" => Input::Led(false),
        "leader" => Input::Leader {
            status: status(&words),
            transport: match words.last() {
                Some(&"longPoll") => Transport::LongPoll,
                _ => Transport::WebSocket,
            },
        },
        "again" => Input::Again { topic: topic() },
        "subscribe" => {
            Input::Subscribe { topic: topic(), position: words.get(1).map(|p| p.parse().expect(command)) }
        }
        "unsubscribe" => Input::Unsubscribe { topic: topic() },
        "applied" => Input::SnapshotApplied { topic: topic(), position: words[1].parse().expect(command) },
        "failed" => Input::SnapshotFailed { topic: topic() },
        "opened" => Input::Opened { attempt: attempt() },
        "nonsense" => Input::ReceivedNonsense { attempt: attempt() },
        "closed" => Input::Closed {
            attempt: attempt(),
            code: value(&words, "code").map(|code| code.parse().expect(command)),
            retry_after: value(&words, "retry").map(|s| Duration::from_secs(s.parse().expect(command))),
        },
        "recv" => {
            let frame = rest.split_once(' ').expect(command).1;
            Input::Received { attempt: attempt(), frame: server_frame(frame) }
        }
        "polled" => {
            let frames = rest.split_once(' ').map_or("", |(_, frames)| frames);
            let frames = frames.split(';').map(str::trim).filter(|f| !f.is_empty()).map(server_frame);
            Input::Polled { attempt: attempt(), frames: frames.collect() }
        }
        _ => panic!("no such command: {command}"),
    }
}

fn status(words: &[&str]) -> Status {
    let at = |name| Instant((value(words, name).unwrap().parse::<f64>().unwrap() * 1000.0) as u64);
    match words[0] {
        "live" => Status::Live,
        "polling" => Status::Polling,
        "reconnecting" => Status::Reconnecting { since: at("since"), next_try: at("next") },
        "offline" => Status::Offline { since: at("since") },
        other => panic!("no such status: {other}"),
    }
}

fn value<'a>(words: &[&'a str], name: &str) -> Option<&'a str> {
    let at = words.iter().position(|word| *word == name)?;
    words.get(at + 1).copied()
}

fn json<T: serde::de::DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(&format!("\"{text}\"")).expect(text)
}

pub(crate) fn server_frame(text: &str) -> ServerFrame {
    let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
    let words: Vec<&str> = rest.split_whitespace().collect();
    let topic = || words[0].parse().expect(text);
    let offset = |at: usize| Offset(words[at].parse().expect(text));
    let reference = |at: usize| words[at].parse().ok();
    let timestamp = "2026-11-21T20:14:05.123Z".parse().unwrap();
    match name {
        "connected" => ServerFrame::Connected(Connected {
            event_id: None,
            connection_id: "c".parse().unwrap(),
            protocol: PROTOCOL_VERSION,
            heartbeat_interval_ms: words.first().map_or(25_000, |ms| ms.parse().expect(text)),
            timestamp,
        }),
        "subscribed" | "lost" => {
            let Position { epoch, offset } = words[1].parse().expect(text);
            let recovered = name == "subscribed";
            let (reason, at) = if recovered { (None, 2) } else { (Some(json(words[2])), 3) };
            let answer = Subscribed { epoch, offset, recovered, reason, reference: reference(at) };
            ServerFrame::Subscribed(topic(), answer)
        }
        "pub" => ServerFrame::Publication(publication(topic(), offset(1))),
        "batch" => {
            let publications =
                words[3..].iter().map(|o| publication(topic(), Offset(o.parse().expect(text))));
            let publications = publications.collect();
            ServerFrame::Batch(topic(), Batch { from: offset(1), to: offset(2), publications })
        }
        "unsubscribed" => {
            ServerFrame::Unsubscribed(topic(), Unsubscribed { code: words.get(1).map(|code| json(code)) })
        }
        "presence" => {
            let watchers = words[1].parse().expect(text);
            ServerFrame::PresenceCount(
                topic(),
                PresenceCount { watchers, subscriptions: watchers, people: 0 },
            )
        }
        "pong" => ServerFrame::Pong(Pong { timestamp, reference: None }),
        "reconnect" => ServerFrame::Reconnect(Reconnect { delay_ms: words[0].parse().expect(text) }),
        "error" => {
            let mut detail = ErrorDetail::new(json::<ErrorCode>(words[0]), "");
            detail.topic = value(&words, "topic").map(str::to_owned);
            detail.reference = value(&words, "ref").map(|r| r.parse().expect(text));
            detail.retry_after_ms = value(&words, "retry").map(|ms| ms.parse().expect(text));
            ServerFrame::Error(detail)
        }
        _ => panic!("no such frame: {text}"),
    }
}

pub(crate) fn publication(topic: shared::Topic, offset: Offset) -> Publication {
    Publication {
        topic,
        offset,
        id: format!("p{offset}").parse().unwrap(),
        timestamp: "2026-11-21T20:14:05.123Z".parse().unwrap(),
        change: Change::parse("later:new", "null").unwrap(),
    }
}
