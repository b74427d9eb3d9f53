//! The page's side of the service worker, which keeps the app and what was last read for when there is no
//! network (M10). Without one (private windows, no TLS, blocked) nothing is kept and everything else works.
//! Called by the app, by `api` for every answer, and by the banner.

use leptos::prelude::*;

/// What the worker adds to an answer that it has kept: when the server gave it, as HTTP writes dates.
pub(crate) const AS_OF: &str = "touchline-as-of";

thread_local! {
    static AS_OF_MS: ArcRwSignal<Option<f64>> = ArcRwSignal::new(None);
}

/// When the oldest of what is shown was true, in milliseconds since 1970, if it comes from what was kept.
pub(crate) fn as_of_ms() -> ArcRwSignal<Option<f64>> {
    AS_OF_MS.with(Clone::clone)
}

/// An answer was one that was kept. Called with the value of [`AS_OF`].
pub(crate) fn note(as_of: &str) {
    let at = js_sys::Date::parse(as_of);
    if at.is_finite() {
        as_of_ms().update(|before| *before = Some(before.map_or(at, |before| before.min(at))));
    }
}

/// Has the browser keep the app, once the page is up: what the reader came for comes first.
#[cfg(feature = "split")]
pub(crate) fn start(live: crate::driver::Live) {
    let asked = StoredValue::new(false);
    Effect::new(move || {
        if live.shown.get().is_up() {
            as_of_ms().set(None);
            if !asked.get_value() {
                asked.set_value(true);
                leptos::task::spawn_local(async {
                    // A browser that keeps nothing says so by failing, and the page goes on without.
                    crate::browser::keep_for_offline("/service-worker.js").await.ok();
                });
            }
        }
    });
}

/// The development server has no worker.
#[cfg(not(feature = "split"))]
pub(crate) fn start(_live: crate::driver::Live) {}
