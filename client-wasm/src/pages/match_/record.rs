//! Recording a match from the touchline, with one thumb: what can happen now as large buttons, then whose it was, then
//! who. What is recorded is shown at once and counted at once; it goes to the server by way of the outbox. The last
//! can be undone for five seconds, everything can be corrected later.

use std::time::Duration;

use leptos::prelude::*;
use leptos_router::components::A;
use shared::{
    MatchEventId, MatchId,
    model::match_::{Entry, Happening, What},
};

mod awake;
mod making;
mod pad;
mod queue;
mod recorded;

use awake::Awake;
use making::{Making, Question};
use pad::Pad;
use queue::{Queue, Standing as Sent};
use recorded::{Recorded, Refused};

use super::{board::Scoreboard, log::MatchLog, voice, watch::MatchFrame, words::what_word};
use crate::{
    browser::{self, Timer},
    components::{
        announcer::use_announcer,
        dynamic::{dynamic, when},
        icon::Icon,
    },
    driver::use_live,
    outbox::outbox,
    pages::{event::rights::Standing, sign_in},
    session::use_session,
    words::count,
};

/// How long the last entry can be undone.
const UNDO: Duration = Duration::from_secs(5);

/// What the page's parts share.
#[derive(Clone, Copy)]
pub(super) struct Recorder {
    log: MatchLog,
    queue: Queue,
    /// What is being asked about.
    making: RwSignal<Option<Making>>,
    /// What can be undone, and what it was.
    last: RwSignal<Option<(MatchEventId, String)>>,
    forgetting: StoredValue<Option<Timer>, LocalStorage>,
    /// Why what is recorded now is lost with the page.
    not_kept: RwSignal<Option<String>>,
}

impl Recorder {
    /// Now, by the server's clock, as the wire writes it.
    fn now(self) -> Option<shared::Timestamp> {
        browser::timestamp(self.log.server_ms())
    }

    /// Goes on with what is being made: asks what is next, or records it.
    fn go_on(self, making: Making) {
        browser::tick_in_hand();
        match making.question() {
            Question::Nothing(what) => {
                self.making.set(None);
                let to = Happening { at: making.at, what: *what, text: String::new() };
                match making.of {
                    None => self.record(to),
                    Some(of) => self.correct(of, to),
                }
            }
            _ => self.making.set(Some(making)),
        }
    }

    /// Records what happened.
    fn record(self, happening: Happening) {
        browser::tick_in_hand();
        let word = what_word(&happening.what);
        if let Some(id) = self.push(happening) {
            self.last.set(Some((id, format!("{word} recorded"))));
            let forget = Timer::after(UNDO, move || {
                self.last.try_set(None);
            });
            self.forgetting.set_value(forget);
        }
    }

    /// An earlier entry is to be read so.
    fn correct(self, of: MatchEventId, to: Happening) {
        if let Some(at) = self.now() {
            let what = What::Amend { of, to: Box::new(to) };
            self.push(Happening { at, what, text: String::new() });
        }
    }

    /// An earlier entry is not to be counted.
    fn strike(self, of: MatchEventId) {
        browser::tick_in_hand();
        if let Some(at) = self.now() {
            self.push(Happening { at, what: What::Strike { of }, text: String::new() });
        }
    }

    fn undo(self) {
        let Some((id, _)) = self.last.get_untracked() else { return };
        self.last.set(None);
        browser::tick_in_hand();
        if !self.queue.take_back(&id) {
            self.strike(id);
        }
    }

    fn push(self, happening: Happening) -> Option<MatchEventId> {
        let id: MatchEventId = browser::random_id().parse().ok()?;
        let teams = untrack(|| self.log.with(|of| format!("{}–{}", of.sheet.home.name, of.sheet.away.name)));
        self.queue.push(&Entry { id: id.clone(), happening }, &teams);
        Some(id)
    }
}

/// The page.
#[component]
pub(super) fn RecordPage(id: MatchId) -> impl IntoView {
    browser::scroll_to(0.0, false);
    let log = MatchLog::follow(&id, false);
    voice::follow(log, RwSignal::new(false));
    let outbox = outbox(use_session(), use_live());
    let told = outbox.told();
    told.read_out(use_announcer());
    let recorder = Recorder {
        log,
        queue: Queue::of(&id, outbox),
        making: RwSignal::new(None),
        last: RwSignal::new(None),
        forgetting: StoredValue::new_local(None),
        not_kept: RwSignal::from(told.not_kept),
    };
    keep_in_step(recorder);
    let here = format!("/matches/{id}");
    view! { <MatchFrame log=log here=format!("{here}/record") draw=move || view! { <Recording recorder=recorder /> }.into_any() /> }
}

/// What waits is counted with what is stored, and goes out as soon as there is a connection.
fn keep_in_step(recorder: Recorder) {
    let Recorder { log, queue, .. } = recorder;
    Effect::new(move || {
        for event in queue.take_stored() {
            log.insert(event);
        }
        let waiting = queue.entries.with(|entries| {
            entries
                .iter()
                .filter(|entry| !matches!(entry.standing, Sent::Refused(_)))
                .map(|entry| entry.entry.clone())
                .collect::<Vec<_>>()
        });
        if log.pending.with_untracked(|pending| *pending != waiting) {
            log.pending.set(waiting);
        }
    });
    // Another tab may have sent what was being taken back here.
    Effect::new(move || {
        log.counted.track();
        let is_there = |id: &MatchEventId| {
            let line = log.counted.with_untracked(|counted| counted.line(id).cloned());
            line.is_some_and(|line| !line.pending && line.struck.is_none())
        };
        for id in queue.came_too_late(is_there) {
            recorder.strike(id);
        }
    });
    let awake = StoredValue::new_local(Awake::start());
    on_cleanup(move || {
        awake.dispose();
        recorder.forgetting.dispose();
    });
}

#[component]
fn Recording(recorder: Recorder) -> impl IntoView {
    let log = recorder.log;
    let standing = Memo::new(move |_| log.rights.standing());
    let id = log.id();
    let waiting = Memo::new(move |_| {
        recorder
            .queue
            .entries
            .with(|entries| entries.iter().filter(|entry| entry.standing == Sent::Waiting).count() as u64)
    });
    // Said when it has come to something: an entry a moment on its way is nothing to talk about.
    let announcer = use_announcer();
    Effect::new(move |before: Option<u64>| {
        let waiting = waiting.get();
        if waiting == 0 && before.is_some_and(|before| before > 1) {
            announcer.say("Everything is sent.");
        }
        waiting
    });
    view! {
        <div class="record-page">
            <div class="match-top">
                <A href=format!("/matches/{id}") attr:class="back">{Icon::ArrowLeft.draw()} "Watch"</A>
                <span class="record-sent" data-waiting=dynamic(move || (waiting.get() > 0).to_string())>
                    {dynamic(move || match waiting.get() {
                        0 => "All sent".to_owned(),
                        waiting => count(waiting, "waiting to be sent", "waiting to be sent"),
                    })}
                </span>
            </div>
            <p class="error-text" role="alert" hidden=dynamic(move || recorder.not_kept.with(Option::is_none))>
                {dynamic(move || recorder.not_kept.get())}
            </p>
            <Scoreboard log=log small=true />
            {dynamic(move || match standing.get() {
                Standing::Unknown | Standing::MayPost => view! {
                    <Pad recorder=recorder />
                    <Refused recorder=recorder />
                    <Recorded recorder=recorder />
                }
                .into_any(),
                Standing::SignIn => view! {
                    <div class="notice">
                        <p>"Who records a match is signed in."</p>
                        <A href=sign_in::address(&format!("/matches/{}/record", log.id())) attr:class="btn btn-primary">"Sign in"</A>
                    </div>
                }
                .into_any(),
                Standing::Ask => view! {
                    <div class="notice"><p>"To record this match, ask whoever runs its event to make you a contributor."</p></div>
                }
                .into_any(),
            })}
            {when(move || recorder.last.with(Option::is_some), move || view! {
                <div class="undo">
                    <span>{dynamic(move || recorder.last.with(|last| last.as_ref().map(|(_, what)| what.clone())))}</span>
                    <button class="btn btn-small" type="button" on:click=move |_| recorder.undo()>"Undo"</button>
                </div>
            }.into_any())}
        </div>
    }
}
