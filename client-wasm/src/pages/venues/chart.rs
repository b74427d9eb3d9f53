//! The mood of the last hours: a bar an hour for the rating, and under it how full it was. What the bars show is written
//! beside them for who does not see them.

use leptos::prelude::*;
use shared::{
    limits::MOOD_HOURS_SHOWN,
    model::venue::{Crowd, HOUR_MS, MoodHour},
};

use super::words::crowd_word;
use crate::{
    browser,
    components::{dynamic::dynamic, time::Clock},
};

/// Width of an hour, and height of the best rating, in units of the drawing.
const HOUR: f64 = 24.0;
const HEIGHT: f64 = 60.0;

/// The crowd that a mean of levels is nearest to.
fn crowd_of(mean: f64) -> Crowd {
    Crowd::ALL[(mean.round() as usize).clamp(1, Crowd::ALL.len()) - 1]
}

/// What was said in an hour, in words.
fn words(hour: &MoodHour) -> String {
    let at = browser::format_clock(hour.from_ms as f64);
    let rating = hour.rating().map(|rating| format!("{rating:.1} of 5"));
    let crowd = hour.crowd().map(|mean| crowd_word(crowd_of(mean)).to_lowercase());
    let said: Vec<_> = rating.into_iter().chain(crowd).collect();
    format!("{at}: {}", if said.is_empty() { "no rating".to_owned() } else { said.join(", ") })
}

/// The chart; nothing while nothing was said.
#[component]
pub(super) fn MoodChart(hours: RwSignal<Vec<MoodHour>>) -> impl IntoView {
    let clock = expect_context::<Clock>();
    dynamic(move || {
        let this_hour = MoodHour::of(clock.now() as i64).from_ms;
        let first = this_hour - (MOOD_HOURS_SHOWN as i64 - 1) * HOUR_MS;
        let shown: Vec<MoodHour> =
            hours.with(|hours| hours.iter().filter(|hour| hour.from_ms >= first).cloned().collect());
        if shown.is_empty() {
            return view! { <p class="muted">"Nobody has said anything in the last hours."</p> }.into_any();
        }
        let said: Vec<_> = shown.iter().map(words).collect();
        let bars = shown.iter().map(|hour| {
            let x = ((hour.from_ms - first) / HOUR_MS) as f64 * HOUR + 3.0;
            let height = hour.rating().map_or(0.0, |rating| rating / 5.0 * HEIGHT);
            let level = hour.crowd().map_or(0, |mean| crowd_of(mean).level());
            view! {
                <g>
                    <rect class="mood-bar" x=x.to_string() y=(HEIGHT - height).to_string() width="18" height=height.to_string() rx="3"></rect>
                    {(0..level).map(|dot| view! {
                        <circle class="mood-dot" cx=(x + 2.5 + dot as f64 * 4.4).to_string() cy=(HEIGHT + 7.0).to_string() r="1.6"></circle>
                    }).collect_view()}
                </g>
            }
        });
        let width = HOUR * MOOD_HOURS_SHOWN as f64;
        view! {
            <svg class="mood" viewBox=format!("0 0 {width} {}", HEIGHT + 12.0) role="img" aria-label=format!("Mood by hour. {}", said.join("; "))>
                <line class="mood-base" x1="0" x2=width.to_string() y1=HEIGHT.to_string() y2=HEIGHT.to_string()></line>
                {bars.collect_view()}
            </svg>
            <p class="mood-hours num" aria-hidden="true">
                <span>{browser::format_clock(first as f64)}</span>
                <span>{browser::format_clock(this_hour as f64)}</span>
            </p>
            <p class="hint">"Bars: mean rating of the hour. Dots: how full it was, from one to four."</p>
        }
        .into_any()
    })
}
