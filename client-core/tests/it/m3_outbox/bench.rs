//! One way to test the outbox: some tabs of one browser over one storage, a script of what happens in, a trace of
//! what the tabs do out. The storage answers at once; the server answers when the script says so.
//!
//! ```text
//! TAB open · TAB crash · TAB leave · TAB back · TAB author NAME|visitor|nobody · TAB online · TAB offline
//! TAB connected · TAB now · TAB record ID [on TOPIC] [files N] [by NAME] · TAB edit ID BODY · TAB retry ID
//! TAB discard ID · TAB accepted N · TAB uploaded N UPLOAD · TAB failed N [retry SECONDS] · TAB progress N
//! TAB refused N CODE [field NAME] · store full|closed|works · store · TAB shows · wait
//! ```
//! `N` is the number of a tab's try. `store` alone prints what lies in the storage.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use client_core::{
    Instant,
    outbox::{
        Answer, Author, Config, Draft, Event, Input, Outbox, Output, Record, Refusal, Reply, Request, State,
        StoreFault, Try,
    },
};
use shared::{ErrorCode, Topic};

/// Runs `script` and holds what the tabs did against `expected`.
#[track_caller]
pub(crate) fn check(script: &str, expected: &str) {
    let mut bench = Bench::default();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        bench.line(line);
    }
    let tidy = |text: &str| text.trim().lines().map(str::trim).collect::<Vec<_>>().join("\n");
    let (actual, expected) = (tidy(&bench.trace), tidy(expected));
    assert!(actual == expected, "the trace is\n<<<\n{actual}\n>>>\nand not\n{expected}");
}

/// What the tabs of a browser share.
#[derive(Default)]
struct Store {
    records: BTreeMap<u64, Record>,
    /// Which tab has a lane, and until when.
    leases: BTreeMap<Topic, (String, Instant)>,
    last_number: u64,
    fault: Option<StoreFault>,
    touched: bool,
}

impl Store {
    fn do_it(&mut self, tab: &str, now: Instant, request: Request) -> Result<Reply, StoreFault> {
        match (self.fault, &request) {
            (Some(StoreFault::Closed), _) => return Err(StoreFault::Closed),
            // What is full gives back, and takes what makes nothing larger.
            (Some(StoreFault::Full), Request::Add(_)) => return Err(StoreFault::Full),
            _ => {}
        }
        self.touched |= matches!(request, Request::Add(_) | Request::Write(_) | Request::Remove { .. });
        Ok(match request {
            Request::Load => Reply::Records(self.records.values().cloned().collect()),
            Request::Add(record) => {
                self.last_number += 1;
                let number = self.last_number;
                self.records.insert(number, Record { number: Some(number), ..*record });
                Reply::Added { number }
            }
            Request::Claim { topic, lease } => match self.leases.get(&topic) {
                Some((owner, until)) if owner != tab && *until > now => Reply::Taken { left: *until - now },
                _ => {
                    self.leases.insert(topic.clone(), (tab.to_owned(), now + lease));
                    let of_lane = self.records.values().filter(|record| record.draft.topic == topic);
                    Reply::Records(of_lane.cloned().collect())
                }
            },
            Request::Release { topic } => {
                if self.leases.get(&topic).is_some_and(|(owner, _)| owner == tab) {
                    self.leases.remove(&topic);
                }
                Reply::Done
            }
            Request::Write(record) => {
                let number = record.number.expect("it was added before");
                self.records.insert(number, *record);
                Reply::Done
            }
            Request::Remove { number, .. } => {
                self.records.remove(&number);
                Reply::Done
            }
        })
    }
}

#[derive(Default)]
struct Bench {
    store: Store,
    tabs: BTreeMap<String, Outbox>,
    now: Instant,
    trace: String,
}

impl Bench {
    fn line(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let until = Instant((words[0].parse::<f64>().expect(line) * 1000.0).round() as u64);
        while let Some((due, tab)) = self.next_timeout().filter(|(due, _)| *due <= until) {
            self.now = self.now.max(due);
            self.input(&tab, Input::Timeout);
        }
        self.now = until;
        match &words[1..] {
            ["wait"] => {}
            ["store"] => self.show_store(),
            ["store", how] => {
                self.store.fault = match *how {
                    "full" => Some(StoreFault::Full),
                    "closed" => Some(StoreFault::Closed),
                    _ => None,
                }
            }
            [tab, "crash"] => drop(self.tabs.remove(*tab)),
            [tab, "open"] => {
                self.tabs.insert((*tab).to_owned(), Outbox::new(Config::default(), 1));
                self.input(tab, Input::Author(Some(Author::Visitor)));
                self.input(tab, Input::Start);
            }
            [tab, "shows"] => self.show(tab),
            [tab, command @ ..] => {
                let input = input(command);
                self.input(tab, input);
            }
            [] => panic!("{line}"),
        }
    }

    fn next_timeout(&self) -> Option<(Instant, String)> {
        let due = self.tabs.iter().filter_map(|(tab, outbox)| Some((outbox.poll_timeout()?, tab.clone())));
        due.min()
    }

    fn input(&mut self, tab: &str, input: Input) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let now = self.now;
            let Some(outbox) = self.tabs.get_mut(tab) else { panic!("no tab {tab}") };
            outbox.handle_input(now, input);
            let mut answers = Vec::new();
            while let Some(output) = outbox.poll_output() {
                if let Some(said) = describe(&output) {
                    writeln!(self.trace, "{}.{:03} {tab} {said}", now.0 / 1000, now.0 % 1000).unwrap();
                }
                if let Output::Store { task, request } = output {
                    let result = self.store.do_it(tab, now, request);
                    answers.push(Input::Stored { task, result });
                }
            }
            // In the order asked, before anything else happens.
            answers.reverse();
            inputs.extend(answers);
        }
        if std::mem::take(&mut self.store.touched) {
            let others: Vec<_> = self.tabs.keys().filter(|other| *other != tab).cloned().collect();
            for other in others {
                self.input(&other, Input::Touched);
            }
        }
    }

    fn show(&mut self, tab: &str) {
        let shown = self.tabs[tab].drafts().map(|shown| {
            let state = match shown.state {
                State::Waiting => "waiting".to_owned(),
                State::Sending => "sending".to_owned(),
                State::Parked(refusal) => format!("parked {}", refusal.code),
                State::OfAnother => "of another".to_owned(),
            };
            let kept = if shown.kept { "" } else { " unkept" };
            let tried = if shown.tried { " tried" } else { "" };
            format!("{} {state}{tried}{kept}", shown.draft.id)
        });
        let shown = shown.collect::<Vec<_>>().join(", ");
        writeln!(self.trace, "{tab}: {shown}").unwrap();
    }

    fn show_store(&mut self) {
        let records = self.store.records.values().map(|record| {
            let parked = if record.parked.is_some() { "!" } else { "" };
            let uploads = files(record);
            format!("{}{parked}{uploads} {}", record.draft.id, record.draft.body)
        });
        let records = records.collect::<Vec<_>>().join(", ");
        writeln!(self.trace, "store: {records}").unwrap();
    }
}

/// `+u1+u2`, what its files have become.
fn files(record: &Record) -> String {
    record.uploads.iter().flat_map(|upload| ["+", upload.as_str()]).collect()
}

fn describe(output: &Output) -> Option<String> {
    Some(match output {
        Output::Store { request: Request::Write(record), .. } => format!("writes {}", record.draft.id),
        Output::Store { request: Request::Remove { id, .. }, .. } => format!("removes {id}"),
        Output::Store { .. } | Output::Event(Event::Changed) => return None,
        Output::Upload { attempt, record, file } => {
            format!("uploads {}/{file} #{}", record.draft.id, attempt.0)
        }
        Output::Send { attempt, record } => {
            let files = files(record);
            format!("sends {}{files} {} #{}", record.draft.id, record.draft.body, attempt.0)
        }
        Output::Abort { attempt } => format!("aborts #{}", attempt.0),
        Output::Event(event) => match event {
            Event::Kept { id } => format!("= kept {id}"),
            Event::Acknowledged { id, .. } => format!("= acknowledged {id}"),
            Event::Gone { id } => format!("= gone {id}"),
            Event::TooLate { id } => format!("= too late for {id}"),
            Event::NotKept { fault } => format!("= not kept: {fault:?}"),
            Event::KeptAgain => "= kept again".to_owned(),
            Event::SignIn => "= sign in".to_owned(),
            Event::Changed => return None,
        },
    })
}

fn value<'a>(words: &[&'a str], name: &str) -> Option<&'a str> {
    let at = words.iter().position(|word| *word == name)?;
    words.get(at + 1).copied()
}

fn author(name: &str) -> Option<Author> {
    match name {
        "nobody" => None,
        "visitor" => Some(Author::Visitor),
        name => Some(Author::Account(name.parse().unwrap())),
    }
}

fn input(command: &[&str]) -> Input {
    let attempt = || Try(command[1].parse().unwrap());
    let id = || command[1].parse().unwrap();
    let answered = |answer| Input::Answered { attempt: attempt(), answer };
    match command[0] {
        "leave" => Input::Stop,
        "back" => Input::Start,
        "author" => Input::Author(author(command[1])),
        "online" => Input::Online(true),
        "offline" => Input::Online(false),
        "connected" => Input::Connected,
        "now" => Input::TryNow,
        "record" => Input::Record(Draft {
            id: id(),
            topic: value(command, "on").unwrap_or("event:a").parse().unwrap(),
            author: author(value(command, "by").unwrap_or("visitor")).unwrap(),
            path: "/api/events/a/media".to_owned(),
            body: "new".to_owned(),
            files: value(command, "files").map_or(0, |files| files.parse().unwrap()),
            note: String::new(),
        }),
        "edit" => Input::Edit { id: id(), body: command[2].to_owned(), note: String::new() },
        "retry" => Input::Retry { id: id() },
        "discard" => Input::Discard { id: id() },
        "accepted" => answered(Answer::Accepted("{}".to_owned())),
        "uploaded" => answered(Answer::Uploaded(command[2].parse().unwrap())),
        "failed" => answered(Answer::Failed {
            retry_after: value(command, "retry").map(|s| Duration::from_secs(s.parse().unwrap())),
        }),
        "refused" => answered(Answer::Refused(Refusal {
            code: serde_json::from_str::<ErrorCode>(&format!("\"{}\"", command[2])).unwrap(),
            message: String::new(),
            field: value(command, "field").map(str::to_owned),
        })),
        "progress" => Input::Progress { attempt: attempt() },
        other => panic!("no such command: {other}"),
    }
}
