//! Watching a match: the score, the time of play, what happens, the numbers and who plays, live. Follows the topic
//! `match:{id}`.

use leptos::prelude::*;
use leptos_router::components::A;
use shared::MatchId;

use super::{
    board::Scoreboard,
    follows::Follows,
    gone::NothingHere,
    lineups::LineUps,
    log::{Known, MatchLog},
    moments::Moments,
    stats::Statistics,
    voice,
};
use crate::{
    browser,
    components::{
        dynamic::{dynamic, when},
        icon::Icon,
    },
    pages::{event::rights::Standing, sign_in},
    session::use_session,
    storage,
    words::count,
};

/// What the delay can be, in seconds.
const DELAYS_S: [u32; 7] = [0, 5, 10, 20, 35, 60, 90];

/// The page.
#[component]
pub(super) fn WatchPage(id: MatchId) -> impl IntoView {
    browser::scroll_to(0.0, false);
    let log = MatchLog::follow(&id, true);
    let aloud = RwSignal::new(false);
    let follows = Follows::new();
    voice::follow_for(log, aloud, Some(follows));
    let here = format!("/matches/{id}");
    let draw = move || view! { <Watching log=log aloud=aloud follows=follows /> }.into_any();
    view! { <MatchFrame log=log here=here draw=draw /> }
}

/// What every page of a match has around it: that it is being loaded, could not be, or is not there.
#[component]
pub(super) fn MatchFrame(
    log: MatchLog,
    here: String,
    draw: impl Fn() -> AnyView + Send + Sync + 'static,
) -> impl IntoView {
    let gone = Memo::new(move |_| {
        log.known.with(|known| match known {
            Known::Gone(why) => Some(*why),
            _ => None,
        })
    });
    let ready = log.ready;
    dynamic(move || match (gone.get(), ready.get()) {
        (Some(why), _) => view! { <NothingHere why=why thing="match" here=here.clone() /> }.into_any(),
        (None, true) => draw(),
        (None, false) => dynamic(move || match log.failed.get() {
            Some(message) => view! {
                <div class="notice" role="alert">
                    <h1>"The match could not be loaded"</h1>
                    <p>{message}</p>
                    <button class="btn" type="button" on:click=move |_| log.again()>"Try again"</button>
                </div>
            }
            .into_any(),
            None => view! {
                <div class="match-page" role="status" aria-label="Loading">
                    <div class="sk sk-line sk-short"></div>
                    <div class="sk sk-block"></div>
                    <div class="sk sk-line"></div>
                    <div class="sk sk-line"></div>
                </div>
            }
            .into_any(),
        })
        .into_any(),
    })
}

#[component]
fn Watching(log: MatchLog, aloud: RwSignal<bool>, follows: Follows) -> impl IntoView {
    let event = log.with(|of| format!("/events/{}", of.event_id));
    let may_record = Memo::new(move |_| log.rights.standing() == Standing::MayPost);
    view! {
        <div class="match-page">
            <div class="match-top">
                <A href=event attr:class="back">{Icon::ArrowLeft.draw()} "Back to the event"</A>
                <span class="watching" hidden=dynamic(move || log.watchers.get().is_none())>
                    {Icon::Eye.draw()}
                    <span class="num">{dynamic(move || format!("{} watching", log.watchers.get().unwrap_or(0)))}</span>
                </span>
                {when(move || may_record.get(), move || view! {
                    <A href=format!("/matches/{}/record", log.id()) attr:class="btn btn-small">{Icon::Edit.draw()} "Record"</A>
                }.into_any())}
            </div>
            <Scoreboard log=log follows=follows />
            <div class="match-cols">
                <Moments log=log />
                <div class="match-side">
                    <Statistics log=log />
                    <LineUps log=log follows=follows />
                    <Viewing log=log aloud=aloud follows=follows />
                </div>
            </div>
        </div>
    }
}

/// How it is to be told: aloud, and how much later.
#[component]
fn Viewing(log: MatchLog, aloud: RwSignal<bool>, follows: Follows) -> impl IntoView {
    let press = move |_| {
        aloud.update(|aloud| *aloud = !*aloud);
        // The first words come of the press itself, as browsers demand.
        if !aloud.get_untracked() {
            browser::hush();
        } else if log.with(|of| untrack(|| follows.in_match(&of.sheet).is_empty())) {
            browser::speak("Goals are spoken from now on.");
        } else {
            browser::speak("What concerns whom you follow is spoken from now on.");
        }
    };
    let session = use_session();
    let signed_out = move || session.is_known() && !session.is_signed_in();
    let sign_in = move || sign_in::address(&format!("/matches/{}", log.id()));
    let choose = move |event: web_sys::Event| {
        if let Ok(seconds) = event_target_value(&event).parse() {
            storage::set_spoiler_delay_s(seconds);
            log.delay_s.set(seconds);
        }
    };
    view! {
        <section class="panel viewing" aria-labelledby="viewing-title">
            <h2 id="viewing-title">"How you watch"</h2>
            {browser::can_speak().then(|| view! {
                <button class="btn btn-small" type="button" aria-pressed=dynamic(move || aloud.get().to_string()) on:click=press>
                    {dynamic(move || if aloud.get() { Icon::Sound.draw() } else { Icon::Muted.draw() })}
                    "Speak updates"
                </button>
            })}
            <div class="field">
                <label for="spoiler-delay">"My picture is behind by"</label>
                <select id="spoiler-delay" class="input" aria-describedby="spoiler-hint" on:change=choose>
                    {DELAYS_S.map(|seconds| view! {
                        <option value=seconds.to_string() selected=seconds == log.delay_s.get_untracked()>
                            {if seconds == 0 { "Nothing: show all at once".to_owned() } else { count(u64::from(seconds), "second", "seconds") }}
                        </option>
                    }).collect_view()}
                </select>
                <p class="hint" id="spoiler-hint">"Score, title, voice and timeline wait as long as your television."</p>
            </div>
            {when(signed_out, move || view! {
                <p class="hint"><A href=sign_in()>"Sign in"</A> " to follow a team or a player, and to be told what concerns them."</p>
            }.into_any())}
        </section>
    }
}
