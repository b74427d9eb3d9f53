//! What the tabs of one browser say to each other. The only place that knows `BroadcastChannel`. It
//! decides nothing and works without: then a tab is alone. Called by the driver only.

use wasm_bindgen::{JsCast, closure::Closure};

/// The name under which the tabs of this origin hear each other.
const CHANNEL: &str = "touchline.tabs";

/// The channel between the tabs; closed when this goes.
#[derive(Debug)]
pub(crate) struct Channel {
    inner: web_sys::BroadcastChannel,
    _message: Closure<dyn FnMut(web_sys::MessageEvent)>,
}

impl Channel {
    /// Listens to the other tabs. `None` where the browser has no such channel or does not let us have it.
    pub(crate) fn open(heard: impl Fn(String) + 'static) -> Option<Self> {
        let inner = web_sys::BroadcastChannel::new(CHANNEL).ok()?;
        let message =
            Closure::<dyn FnMut(web_sys::MessageEvent)>::new(move |event: web_sys::MessageEvent| {
                if let Some(text) = event.data().as_string() {
                    heard(text);
                }
            });
        inner.set_onmessage(Some(message.as_ref().unchecked_ref()));
        Some(Self { inner, _message: message })
    }

    /// Tells every other tab.
    pub(crate) fn post(&self, text: &str) {
        // Text can always be cloned, and the channel is open for as long as this lives.
        self.inner.post_message(&text.into()).ok();
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.inner.set_onmessage(None);
        self.inner.close();
    }
}
