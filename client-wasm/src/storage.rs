//! The few things that this browser remembers: the display name, the watcher's id, the colour scheme, the
//! spoiler delay. Works
//! without (private windows, blocked storage): then they live as long as the page. Called by the driver, the
//! session and the components.

use shared::WatcherId;
use wasm_bindgen::JsCast;

use crate::browser::{self, Listener};

const NAME: &str = "touchline.name";
const WATCHER: &str = "touchline.watcher";
const THEME: &str = "touchline.theme";
const SESSION: &str = "touchline.session";
const UNSENT: &str = "touchline.unsent";
const SPOILER_DELAY: &str = "touchline.delay";

fn store() -> Option<web_sys::Storage> {
    browser::window().local_storage().ok().flatten()
}

fn read(key: &str) -> Option<String> {
    store()?.get_item(key).ok()?
}

fn write(key: &str, value: &str) {
    if let Some(store) = store() {
        // A full or closed store: the value lives as long as the page.
        store.set_item(key, value).ok();
    }
}

/// The name last posted under.
pub(crate) fn display_name() -> String {
    read(NAME).unwrap_or_default()
}

/// Remembers the name to post under.
pub(crate) fn set_display_name(name: &str) {
    write(NAME, name);
}

/// Remembers how many drafts have not been sent, so that a page that begins knows whether there is an outbox to see to.
pub(crate) fn set_unsent(count: usize) {
    if unsent() != count {
        write(UNSENT, &count.to_string());
    }
}

/// How many drafts have not been sent, as far as this browser remembers.
pub(crate) fn unsent() -> usize {
    read(UNSENT).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Asks the browser not to throw away what is kept here. It decides by itself, and some ask.
pub(crate) async fn persist() {
    let navigator = browser::window().navigator();
    // Absent from pages that did not come over TLS.
    let present =
        js_sys::Reflect::get(&navigator, &"storage".into()).is_ok_and(|storage| storage.is_object());
    if let Some(asked) = present.then(|| navigator.storage().persist().ok()).flatten() {
        // Without it the drafts are kept for as long as there is room.
        wasm_bindgen_futures::JsFuture::from(asked).await.ok();
    }
}

/// How long matches are held back, in seconds.
pub(crate) fn spoiler_delay_s() -> u32 {
    read(SPOILER_DELAY).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Remembers how long matches are to be held back.
pub(crate) fn set_spoiler_delay_s(seconds: u32) {
    write(SPOILER_DELAY, &seconds.to_string());
}

/// Who this browser is in "N watching": made once, the same over all visits.
pub(crate) fn watcher() -> String {
    if let Some(known) = read(WATCHER).filter(|text| text.parse::<WatcherId>().is_ok()) {
        return known;
    }
    let fresh = browser::random_id();
    write(WATCHER, &fresh);
    fresh
}

/// Tells the other tabs of this browser that somebody has signed in or out, or goes by another name. What is
/// written says nothing: it only has to differ from what stood there.
pub(crate) fn tell_session() {
    write(SESSION, &browser::random_id());
}

/// Calls when another tab has called [`tell_session`].
pub(crate) fn on_session_told(call: impl Fn() + 'static) -> Listener {
    browser::listen(&browser::window(), "storage", move |event| {
        let told = event.dyn_ref::<web_sys::StorageEvent>().and_then(web_sys::StorageEvent::key);
        if told.as_deref() == Some(SESSION) {
            call();
        }
    })
}

/// The colour scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the system has it.
    System,
    Light,
    Dark,
}

impl Theme {
    /// The remembered choice.
    pub(crate) fn remembered() -> Self {
        match read(THEME).as_deref() {
            Some("light") => Self::Light,
            Some("dark") => Self::Dark,
            _ => Self::System,
        }
    }

    /// What `data-theme` on the root element says; `None` for the system's choice.
    pub(crate) const fn name(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }

    /// Puts the choice on the page and remembers it.
    pub(crate) fn apply(self) {
        if let Some(root) = browser::document().document_element() {
            // Neither can fail for a name that is a constant.
            match self.name() {
                Some(name) => root.set_attribute("data-theme", name).ok(),
                None => root.remove_attribute("data-theme").ok(),
            };
        }
        write(THEME, self.name().unwrap_or("system"));
    }
}
