//! The browser's clock, timers, events and title bar, each behind a small function or a guard that undoes
//! itself on drop. Decides nothing. Called by the driver, the pages and the components.

use std::{cell::RefCell, rc::Rc, time::Duration};

use client_core::Instant;
use shared::Timestamp;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};

/// The window. There is no page without one.
pub(crate) fn window() -> web_sys::Window {
    leptos::prelude::window()
}

/// The document.
pub(crate) fn document() -> web_sys::Document {
    leptos::prelude::document()
}

/// `performance.now()`: runs on while the page sleeps, or jumps afterwards; never backwards.
pub(crate) fn now() -> Instant {
    Instant(window().performance().map_or(0.0, |p| p.now()) as u64)
}

/// The wall clock, in milliseconds since 1970.
pub(crate) fn wall_ms() -> f64 {
    js_sys::Date::now()
}

/// A timestamp as milliseconds since 1970.
pub(crate) fn millis(timestamp: &Timestamp) -> f64 {
    js_sys::Date::parse(timestamp.as_str())
}

/// A moment as the wire writes it.
pub(crate) fn timestamp(millis: f64) -> Option<Timestamp> {
    let date = js_sys::Date::new(&JsValue::from_f64(millis));
    if date.get_time().is_nan() {
        return None;
    }
    String::from(date.to_iso_string()).parse().ok()
}

/// A moment as a field for day and time takes it: of the reader's own zone, to the minute.
pub(crate) fn local_input(millis: f64) -> String {
    let date = js_sys::Date::new(&JsValue::from_f64(millis));
    let shifted = js_sys::Date::new(&JsValue::from_f64(millis - date.get_timezone_offset() * 60_000.0));
    String::from(shifted.to_iso_string()).chars().take("2026-11-21T20:14".len()).collect()
}

/// The moment that such a field says, in milliseconds since 1970; NaN for none.
pub(crate) fn of_local_input(text: &str) -> f64 {
    js_sys::Date::parse(text)
}

/// The reader's time zone, by its name: `Europe/Berlin`.
pub(crate) fn time_zone() -> String {
    let format = js_sys::Intl::DateTimeFormat::new(&js_sys::Array::new(), &js_sys::Object::new());
    let zone = js_sys::Reflect::get(&format.resolved_options(), &"timeZone".into());
    zone.ok().and_then(|zone| zone.as_string()).unwrap_or_default()
}

/// A moment in the reader's language and time zone. `options` are those of `Intl.DateTimeFormat`.
pub(crate) fn format_date(millis: f64, options: &[(&str, &str)]) -> String {
    let date = js_sys::Date::new(&JsValue::from_f64(millis));
    let object = js_sys::Object::new();
    for (name, value) in options {
        // Setting a property of a plain object cannot fail.
        js_sys::Reflect::set(&object, &(*name).into(), &(*value).into()).ok();
    }
    date.to_locale_string("default", &object).into()
}

/// `14:03`, in the reader's way of writing it.
pub(crate) fn format_clock(millis: f64) -> String {
    format_date(millis, &[("hour", "2-digit"), ("minute", "2-digit")])
}

/// Day and time in full.
pub(crate) fn format_full(millis: f64) -> String {
    format_date(millis, &[("dateStyle", "full"), ("timeStyle", "short")])
}

/// The time of day, and the day as well where that is long ago.
pub(crate) fn format_moment(millis: f64) -> String {
    const LONG_AGO_MS: f64 = 18.0 * 3_600_000.0;
    if wall_ms() - millis < LONG_AGO_MS {
        return format_clock(millis);
    }
    format_date(millis, &[("day", "numeric"), ("month", "short"), ("hour", "2-digit"), ("minute", "2-digit")])
}

/// Registers the service worker. The first one has not seen what this page has read: it is told the addresses.
#[cfg(feature = "split")]
pub(crate) async fn keep_for_offline(script: &str) -> Result<(), wasm_bindgen::JsValue> {
    use wasm_bindgen_futures::JsFuture;
    let navigator = window().navigator();
    // Absent where the page did not come over TLS, and in some private windows.
    if !js_sys::Reflect::has(&navigator, &"serviceWorker".into())? {
        return Ok(());
    }
    let workers = navigator.service_worker();
    let is_first = workers.controller().is_none();
    JsFuture::from(workers.register(script)).await?;
    if !is_first {
        return Ok(());
    }
    let ready: web_sys::ServiceWorkerRegistration = JsFuture::from(workers.ready()?).await?.unchecked_into();
    let Some((worker, performance)) = ready.active().zip(window().performance()) else { return Ok(()) };
    let read: js_sys::Array = performance
        .get_entries_by_type("resource")
        .iter()
        .map(|entry| entry.unchecked_into::<web_sys::PerformanceEntry>().name())
        .map(wasm_bindgen::JsValue::from)
        .collect();
    let told = js_sys::Object::new();
    js_sys::Reflect::set(&told, &"read".into(), &read)?;
    worker.post_message(&told)
}

/// Sixteen random bytes, written as 32 hexadecimal digits: a name that nobody else has. (`randomUUID` is
/// missing from pages that did not come over TLS.)
pub(crate) fn random_id() -> String {
    let mut bytes = [0_u8; 16];
    fill_random(&mut bytes);
    let mut id = String::with_capacity(32);
    for byte in bytes {
        id.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
        id.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
    }
    id
}

/// Which build of the app this page is, by the name of its program: it carries a hash of the content. Two
/// tabs may be of different builds, for as long as one was opened before the server was replaced.
pub(crate) fn build() -> String {
    let link = document().query_selector("link[rel=modulepreload]").ok().flatten();
    let address = link.and_then(|link| link.get_attribute("href")).unwrap_or_default();
    address.rsplit('/').next().unwrap_or_default().trim_end_matches(".js").to_owned()
}

/// A seed for the state machine's jitter.
pub(crate) fn random_seed() -> u64 {
    let mut bytes = [0_u8; 8];
    fill_random(&mut bytes);
    u64::from_le_bytes(bytes)
}

fn fill_random(bytes: &mut [u8]) {
    let filled = window().crypto().is_ok_and(|crypto| crypto.get_random_values_with_u8_array(bytes).is_ok());
    if !filled {
        for byte in bytes {
            *byte = (js_sys::Math::random() * 256.0) as u8;
        }
    }
}

/// A listener that goes when this goes.
#[derive(Debug)]
pub(crate) struct Listener {
    target: web_sys::EventTarget,
    name: &'static str,
    closure: Closure<dyn FnMut(web_sys::Event)>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        let function = self.closure.as_ref().unchecked_ref();
        // Removing what was added cannot fail.
        self.target.remove_event_listener_with_callback(self.name, function).ok();
    }
}

/// Listens without holding up scrolling.
pub(crate) fn listen(
    target: &web_sys::EventTarget,
    name: &'static str,
    handler: impl FnMut(web_sys::Event) + 'static,
) -> Listener {
    let closure = Closure::<dyn FnMut(web_sys::Event)>::new(handler);
    target.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref()).ok();
    Listener { target: target.clone(), name, closure }
}

/// A timer that is cleared when this goes.
#[derive(Debug)]
pub(crate) struct Timer {
    id: i32,
    repeats: bool,
    _closure: Closure<dyn FnMut()>,
}

impl Timer {
    /// Calls once, after `delay`.
    pub(crate) fn after(delay: Duration, call: impl FnMut() + 'static) -> Option<Self> {
        let closure = Closure::<dyn FnMut()>::new(call);
        let function = closure.as_ref().unchecked_ref();
        let id = window()
            .set_timeout_with_callback_and_timeout_and_arguments_0(function, whole_millis(delay))
            .ok()?;
        Some(Self { id, repeats: false, _closure: closure })
    }

    /// Calls again and again.
    pub(crate) fn every(period: Duration, call: impl FnMut() + 'static) -> Option<Self> {
        let closure = Closure::<dyn FnMut()>::new(call);
        let function = closure.as_ref().unchecked_ref();
        let id = window()
            .set_interval_with_callback_and_timeout_and_arguments_0(function, whole_millis(period))
            .ok()?;
        Some(Self { id, repeats: true, _closure: closure })
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if self.repeats {
            window().clear_interval_with_handle(self.id);
        } else {
            window().clear_timeout_with_handle(self.id);
        }
    }
}

/// Something done again and again while somebody sees the page. Ends when this goes.
#[derive(Debug)]
pub(crate) struct WhileSeen {
    _timer: Rc<RefCell<Option<Timer>>>,
    _listener: Listener,
}

/// Calls again and again while somebody sees the page, and when they do again; no timer runs while nobody does.
pub(crate) fn while_seen(period: Duration, call: Rc<dyn Fn()>) -> WhileSeen {
    let timer = Rc::new(RefCell::new(None));
    let (armed, calls) = (Rc::clone(&timer), Rc::clone(&call));
    let arm = move || {
        let call = Rc::clone(&calls);
        armed.replace(if is_hidden() { None } else { Timer::every(period, move || call()) });
    };
    arm();
    let listener = listen(&document(), "visibilitychange", move |_| {
        if !is_hidden() {
            call();
        }
        arm();
    });
    WhileSeen { _timer: timer, _listener: listener }
}

/// `setTimeout` takes 32 bits; a longer delay wakes early, and whoever asked looks again.
fn whole_millis(delay: Duration) -> i32 {
    i32::try_from(delay.as_millis()).unwrap_or(i32::MAX)
}

/// Whether nobody can see the page at present.
pub(crate) fn is_hidden() -> bool {
    document().visibility_state() == web_sys::VisibilityState::Hidden
}

/// What the browser believes about the network. Only `false` means anything.
pub(crate) fn is_online() -> bool {
    window().navigator().on_line()
}

/// What tells of changes of the network, where the browser has it.
pub(crate) fn network() -> Option<web_sys::EventTarget> {
    js_sys::Reflect::get(&window().navigator(), &"connection".into()).ok()?.dyn_into().ok()
}

/// Whether the reader asked for as little motion as possible.
pub(crate) fn wants_less_motion() -> bool {
    matches_media("(prefers-reduced-motion: reduce)")
}

/// Whether a media query holds.
pub(crate) fn matches_media(query: &str) -> bool {
    window().match_media(query).ok().flatten().is_some_and(|list| list.matches())
}

/// Shows a number on the app's icon, where the platform does that.
pub(crate) fn set_badge(count: u64) {
    let navigator: JsValue = window().navigator().into();
    let name = if count == 0 { "clearAppBadge" } else { "setAppBadge" };
    let Ok(function) = js_sys::Reflect::get(&navigator, &name.into()) else { return };
    if let Some(function) = function.dyn_ref::<js_sys::Function>()
        && let Ok(promise) = function.call1(&navigator, &(count as f64).into())
        && let Some(promise) = promise.dyn_ref::<js_sys::Promise>()
    {
        // A refusal (no permission) is nothing that anybody could do something about.
        let ignore = Closure::once_into_js(|_: JsValue| {});
        let _handled = js_sys::Reflect::get(promise, &"catch".into())
            .ok()
            .and_then(|catch| catch.dyn_into::<js_sys::Function>().ok())
            .and_then(|catch| catch.call1(promise, &ignore).ok());
    }
}

/// How far the page is scrolled down, in CSS pixels.
pub(crate) fn scroll_y() -> f64 {
    window().scroll_y().unwrap_or(0.0)
}

/// Scrolls the page, at once or smoothly.
pub(crate) fn scroll_to(top: f64, smooth: bool) {
    let options = web_sys::ScrollToOptions::new();
    options.set_top(top);
    let smooth = smooth && !wants_less_motion();
    options.set_behavior(if smooth {
        web_sys::ScrollBehavior::Smooth
    } else {
        web_sys::ScrollBehavior::Instant
    });
    window().scroll_to_with_scroll_to_options(&options);
}

/// What this entry of the history remembers.
pub(crate) fn history_state() -> Option<String> {
    window().history().ok()?.state().ok()?.as_string()
}

/// Makes this entry of the history remember a text, or nothing. A browser that has had too many of these
/// lately refuses, and the entry keeps what it had.
pub(crate) fn set_history_state(text: Option<&str>) {
    if let Ok(history) = window().history() {
        let state = text.map_or(JsValue::NULL, JsValue::from_str);
        history.replace_state(&state, "").ok();
    }
}

/// Whether the browser scrolls by itself to where a page was left.
pub(crate) fn restores_scrolling(by_itself: bool) {
    if let Ok(history) = window().history() {
        let how =
            if by_itself { web_sys::ScrollRestoration::Auto } else { web_sys::ScrollRestoration::Manual };
        history.set_scroll_restoration(how).ok();
    }
}

/// Calls before the next frame is painted; not at all while nothing is.
pub(crate) fn before_paint(call: impl FnOnce() + 'static) {
    leptos::prelude::request_animation_frame(call);
}

/// The origin, for links to be passed on.
pub(crate) fn origin() -> String {
    window().location().origin().unwrap_or_default()
}

/// Copies text. Where the clipboard is closed to us, nothing happens and `false` comes back.
pub(crate) async fn copy(text: &str) -> bool {
    let navigator: JsValue = window().navigator().into();
    // Absent from pages that did not come over TLS.
    let present = js_sys::Reflect::get(&navigator, &"clipboard".into()).is_ok_and(|c| !c.is_undefined());
    present
        && wasm_bindgen_futures::JsFuture::from(window().navigator().clipboard().write_text(text))
            .await
            .is_ok()
}

/// Text as a part of an address.
pub(crate) fn encode(text: &str) -> String {
    js_sys::encode_uri_component(text).into()
}

/// Moves the focus to the element with this id, if it is there.
pub(crate) fn focus(id: &str) {
    if let Some(element) = element(id).and_then(|e| e.dyn_into::<web_sys::HtmlElement>().ok()) {
        // An element that cannot be focused stays without focus.
        element.focus().ok();
    }
}

/// The element with this id.
pub(crate) fn element(id: &str) -> Option<web_sys::Element> {
    document().get_element_by_id(id)
}

/// Focuses the element with this id if what had the focus is being taken off the page: pressed buttons go with
/// their rows, and who works by keyboard would begin at the top again.
pub(crate) fn focus_if_lost(id: &'static str) {
    // What is taken off is off by then.
    before_paint(move || {
        let active = document().active_element();
        if active.is_none_or(|active| active.tag_name() == "BODY") {
            focus(id);
        }
    });
}

/// Waits.
pub(crate) async fn pause(delay: Duration) {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, whole_millis(delay)).ok();
    });
    // This promise is never rejected.
    wasm_bindgen_futures::JsFuture::from(promise).await.ok();
}

/// Moves the focus to an element and brings it into view.
pub(crate) fn focus_and_show(element: Option<&web_sys::Element>) {
    if let Some(element) = element.and_then(|e| e.dyn_ref::<web_sys::HtmlElement>()) {
        element.focus().ok();
        let options = web_sys::ScrollIntoViewOptions::new();
        options.set_block(web_sys::ScrollLogicalPosition::Start);
        element.scroll_into_view_with_scroll_into_view_options(&options);
    }
}

/// Whether this browser can speak.
pub(crate) fn can_speak() -> bool {
    js_sys::Reflect::has(&window(), &"speechSynthesis".into()).unwrap_or(false)
}

/// Speaks a sentence after those before it. Browsers do so once the page has been pressed.
pub(crate) fn speak(sentence: &str) {
    if !can_speak() {
        return;
    }
    if let (Ok(voice), Ok(said)) =
        (window().speech_synthesis(), web_sys::SpeechSynthesisUtterance::new_with_text(sentence))
    {
        voice.speak(&said);
    }
}

/// Says nothing more of what is being spoken or waits for it.
pub(crate) fn hush() {
    if can_speak()
        && let Ok(voice) = window().speech_synthesis()
    {
        voice.cancel();
    }
}

/// A short tick in the hand, where the device has one.
pub(crate) fn tick_in_hand() {
    const TICK_MS: u32 = 12;
    let navigator = window().navigator();
    if js_sys::Reflect::has(&navigator, &"vibrate".into()).unwrap_or(false) {
        navigator.vibrate_with_duration(TICK_MS);
    }
}
