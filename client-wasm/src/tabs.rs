//! What the tabs of one browser say to each other. The only place that knows `BroadcastChannel` and
//! Web Locks. It decides nothing and works without: then a tab is alone. Called by the driver only.

use std::{cell::RefCell, rc::Rc};

use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};

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

/// A claim to a Web Lock. While it lives it waits for the lock or holds it; then the next tab has it. The
/// browser takes it from a tab that is closed or has crashed: no timer has to notice.
#[derive(Debug)]
pub(crate) struct Claim {
    abort: web_sys::AbortController,
    release: Rc<RefCell<Option<js_sys::Function>>>,
    _granted: Closure<dyn FnMut(JsValue) -> js_sys::Promise>,
}

impl Claim {
    /// Asks for the lock; `granted` is called once, when this tab has it. `None` where there are no locks
    /// (old browsers, pages that did not come over TLS).
    pub(crate) fn new(name: &str, granted: impl Fn() + 'static) -> Option<Self> {
        let navigator = crate::browser::window().navigator();
        let locks = Reflect::get(&navigator, &"locks".into()).ok().filter(JsValue::is_object)?;
        let request = Reflect::get(&locks, &"request".into()).ok()?.dyn_into::<js_sys::Function>().ok()?;
        let abort = web_sys::AbortController::new().ok()?;
        let options = js_sys::Object::new();
        Reflect::set(&options, &"signal".into(), &abort.signal()).ok()?;
        let release: Rc<RefCell<Option<js_sys::Function>>> = Rc::default();
        let held = Rc::clone(&release);
        // The lock is held for as long as this promise is open.
        let callback = Closure::<dyn FnMut(JsValue) -> js_sys::Promise>::new(move |_| {
            let promise = js_sys::Promise::new(&mut |resolve, _| {
                held.replace(Some(resolve));
            });
            granted();
            promise
        });
        let asked = request.call3(&locks, &name.into(), &options, callback.as_ref()).ok()?;
        let asked = asked.dyn_into::<js_sys::Promise>().ok()?;
        // Rejected when the claim is given up before it was granted: that is all there is to it.
        wasm_bindgen_futures::spawn_local(async move {
            wasm_bindgen_futures::JsFuture::from(asked).await.ok();
        });
        Some(Self { abort, release, _granted: callback })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        match self.release.take() {
            // Resolving a promise calls nothing of ours.
            Some(release) => drop(release.call0(&JsValue::UNDEFINED)),
            None => self.abort.abort(),
        }
    }
}
