//! Times that stay true: one clock for the whole page, and only the texts that change are touched. It
//! stands still while nobody looks.

use std::{rc::Rc, time::Duration};

use leptos::prelude::*;
use shared::Timestamp;
use wasm_bindgen::JsCast;

use super::dynamic::dynamic;
use crate::browser::{self, WhileSeen};

/// How often the clock moves. Half of what would be the finest step shown.
const TICK: Duration = Duration::from_secs(15);
const MINUTE_MS: f64 = 60_000.0;
const HOUR_MS: f64 = 60.0 * MINUTE_MS;

/// The page's clock: the time of day in milliseconds since 1970, moved every quarter of a minute.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    now: RwSignal<f64>,
    _running: StoredValue<WhileSeen, LocalStorage>,
}

impl Clock {
    pub(crate) fn start() -> Self {
        let now = RwSignal::new(browser::wall_ms());
        let running = browser::while_seen(TICK, Rc::new(move || now.set(browser::wall_ms())));
        Self { now, _running: StoredValue::new_local(running) }
    }

    /// The time of day in milliseconds since 1970, to a quarter of a minute; whoever reads it follows it.
    pub(crate) fn now(self) -> f64 {
        self.now.get()
    }
}

/// How long ago something was; after an hour, when it was.
#[component]
pub(crate) fn TimeAgo(#[prop(into)] at: Signal<f64>) -> impl IntoView {
    let clock = expect_context::<Clock>();
    let text = Memo::new(move |_| ago(at.get(), clock.now.get()));
    let machine = move || browser::timestamp(at.get()).map(|t| t.to_string());
    // Written out in full when somebody points at it: making such a text takes longer than the rest.
    let pointed = move |event: leptos::ev::PointerEvent| {
        if let Some(element) = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok()) {
            element.set_attribute("title", &browser::format_full(at.get_untracked())).ok();
        }
    };
    view! { <time datetime=dynamic(machine) on:pointerenter=pointed>{text}</time> }
}

fn ago(at: f64, now: f64) -> String {
    // The clocks of two machines never agree: what is a little ahead of us is now.
    let age = (now - at).max(0.0);
    if age < MINUTE_MS {
        "just now".to_owned()
    } else if age < HOUR_MS {
        format!("{} min ago", (age / MINUTE_MS) as u32)
    } else {
        moment(at, now)
    }
}

/// `14:03` today, `21 Nov, 14:03` on other days of the year, with the year otherwise.
pub(crate) fn moment(at: f64, now: f64) -> String {
    let date = |ms: f64| js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(ms));
    let (that, this) = (date(at), date(now));
    let same_year = that.get_full_year() == this.get_full_year();
    if same_year && that.get_month() == this.get_month() && that.get_date() == this.get_date() {
        return browser::format_clock(at);
    }
    let mut options =
        vec![("day", "numeric"), ("month", "short"), ("hour", "2-digit"), ("minute", "2-digit")];
    if !same_year {
        options.push(("year", "numeric"));
    }
    browser::format_date(at, &options)
}

/// When an event begins or began, in a list: with the day of the week while it is near.
pub(crate) fn event_moment(at: &Timestamp) -> String {
    let at = browser::millis(at);
    let now = browser::wall_ms();
    let near = (at - now).abs() < 6.0 * 24.0 * HOUR_MS;
    let same_day = moment(at, now) == browser::format_clock(at);
    if same_day {
        format!("Today, {}", browser::format_clock(at))
    } else if near {
        browser::format_date(at, &[("weekday", "long"), ("hour", "2-digit"), ("minute", "2-digit")])
    } else {
        moment(at, now)
    }
}
