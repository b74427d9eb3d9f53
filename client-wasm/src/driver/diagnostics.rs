//! `window.__touchline`: what the connection is doing, for tests and for whoever opens the console, and the
//! browser's own timeline marks. Read-only; nothing in the app depends on it.
//!
//! - `status()`: `connecting`, `live`, `polling`, `reconnecting`, `offline`, at once (the indicator waits
//!   two seconds). In a tab that another one has the connection for, that of the connection.
//! - `transport()`: `webSocket`, `longPoll` or `intervalPoll`; while there is none, the last. The same.
//! - `counters()`: the client's counters, by name.
//! - `leads()`: whether this tab has the connection of all tabs.
//! - `position(topic)`: the cursor up to which a topic has been shown, or null.
//! - `performance` measures `touchline:update`: from a publication's arrival to the frame that shows it.

use std::{cell::Cell, rc::Rc, time::Duration};

use client_core::Transport;
use js_sys::{Object, Reflect};
use shared::Topic;
use wasm_bindgen::{JsValue, closure::Closure};

use super::{Driver, Shown};
use crate::browser;

const RECEIVED: &str = "touchline:received";
const PAINTED: &str = "touchline:painted";
const UPDATE: &str = "touchline:update";
/// Measures kept before the browser's buffer is cleared.
const MEASURES_KEPT: u32 = 2_000;

thread_local! {
    static MEASURES: Cell<u32> = const { Cell::new(0) };
}

/// Publications have come.
pub(super) fn mark_received() {
    if let Some(performance) = browser::window().performance() {
        performance.mark(RECEIVED).ok();
    }
}

/// Measures from the arrival to just after the next frame; a hidden page has none.
pub(super) fn mark_painted() {
    if browser::is_hidden() {
        return;
    }
    browser::before_paint(|| {
        // A task queued from within the frame runs once it has been drawn.
        leptos::prelude::set_timeout(measure, Duration::ZERO);
    });
}

fn measure() {
    let Some(performance) = browser::window().performance() else { return };
    let kept = MEASURES.get() + 1;
    if kept > MEASURES_KEPT {
        performance.clear_measures_with_measure_name(UPDATE);
        MEASURES.set(0);
    } else {
        MEASURES.set(kept);
    }
    // Two arrivals before one frame: the first measure takes both marks with it.
    if performance.mark(PAINTED).is_ok() {
        performance.measure_with_start_mark_and_end_mark(UPDATE, RECEIVED, PAINTED).ok();
    }
    performance.clear_marks_with_mark_name(RECEIVED);
    performance.clear_marks_with_mark_name(PAINTED);
}

/// Puts the object on the window, for as long as the page lives.
pub(super) fn publish(driver: &Rc<Driver>) {
    let object = Object::new();
    let set = |target: &Object, name: &str, value: &JsValue| Reflect::set(target, &name.into(), value).ok();

    let me = Rc::downgrade(driver);
    let status = Closure::<dyn Fn() -> JsValue>::new(move || {
        me.upgrade().map_or(JsValue::NULL, |d| Shown::from(d.client.borrow().status()).name().into())
    });
    set(&object, "status", &status.into_js_value());

    let me = Rc::downgrade(driver);
    let transport = Closure::<dyn Fn() -> JsValue>::new(move || {
        me.upgrade().map_or(JsValue::NULL, |d| transport_name(d.client.borrow().transport()).into())
    });
    set(&object, "transport", &transport.into_js_value());

    let me = Rc::downgrade(driver);
    let counters = Closure::<dyn Fn() -> JsValue>::new(move || {
        let Some(driver) = me.upgrade() else { return JsValue::NULL };
        let counted = driver.client.borrow().counters();
        let object = Object::new();
        for (name, value) in [
            ("connectionsOpened", counted.connections_opened),
            ("reconnects", counted.reconnects),
            ("transportChanges", counted.transport_changes),
            ("publications", counted.publications),
            ("holesRepaired", counted.holes_repaired),
            ("doublesDropped", counted.doubles_dropped),
            ("snapshots", counted.snapshots),
            ("nonsense", counted.nonsense),
        ] {
            set(&object, name, &(value as f64).into());
        }
        object.into()
    });
    set(&object, "counters", &counters.into_js_value());

    let me = Rc::downgrade(driver);
    let leads = Closure::<dyn Fn() -> bool>::new(move || me.upgrade().is_some_and(|driver| driver.leads()));
    set(&object, "leads", &leads.into_js_value());

    let me = Rc::downgrade(driver);
    let position = Closure::<dyn Fn(JsValue) -> JsValue>::new(move |topic: JsValue| {
        let topic: Option<Topic> = topic.as_string().and_then(|text| text.parse().ok());
        me.upgrade()
            .zip(topic)
            .and_then(|(driver, topic)| driver.client.borrow().position(&topic).map(|p| p.to_string()))
            .map_or(JsValue::NULL, Into::into)
    });
    set(&object, "position", &position.into_js_value());

    set(&browser::window(), "__touchline", &object);
}

const fn transport_name(transport: Transport) -> &'static str {
    match transport {
        Transport::WebSocket => "webSocket",
        Transport::LongPoll => "longPoll",
        Transport::IntervalPoll => "intervalPoll",
    }
}
