//! What the tabs of one browser say to each other, and the locks that they hold. The only place that knows
//! `BroadcastChannel` and Web Locks. It decides nothing and works without: then a tab is alone. Called by
//! the driver only.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};

/// A channel between tabs of this origin; closed when this goes.
#[derive(Debug)]
pub(crate) struct Channel {
    inner: web_sys::BroadcastChannel,
    _message: Closure<dyn FnMut(web_sys::MessageEvent)>,
}

impl Channel {
    /// Listens to the other tabs. `None` where the browser has no such channel or does not let us have it.
    pub(crate) fn open(name: &str, heard: impl Fn(String) + 'static) -> Option<Self> {
        let inner = web_sys::BroadcastChannel::new(name).ok()?;
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

/// What becomes of a claim that was not given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The lock is ours for as long as the claim lives.
    Granted,
    /// It was ours, and another tab has taken it away.
    Lost,
    /// The browser does not let us have locks.
    Denied,
}

/// Whether a claim waits for its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Wait,
    /// Takes the lock from whoever has it.
    Take,
}

/// A claim to a Web Lock. While it lives it waits for the lock or holds it; then the next tab has it. The
/// browser takes it from a tab that is closed or has crashed: no timer has to notice.
#[derive(Debug)]
pub(crate) struct Claim {
    abort: Option<web_sys::AbortController>,
    release: Rc<RefCell<Option<Function>>>,
    given_up: Rc<Cell<bool>>,
}

impl Claim {
    /// Asks for the lock; `told` is called with what becomes of it, never before this returns. `None` where
    /// there are no locks (old browsers, pages that did not come over TLS).
    pub(crate) fn new(name: &str, manner: Manner, told: impl Fn(Verdict) + 'static) -> Option<Self> {
        let navigator = crate::browser::window().navigator();
        let locks = Reflect::get(&navigator, &"locks".into()).ok().filter(JsValue::is_object)?;
        let request = Reflect::get(&locks, &"request".into()).ok()?.dyn_into::<Function>().ok()?;
        let options = Object::new();
        let abort = match manner {
            // Who takes does not wait, and the browser takes no signal for that.
            Manner::Take => {
                Reflect::set(&options, &"steal".into(), &JsValue::TRUE).ok()?;
                None
            }
            Manner::Wait => {
                let abort = web_sys::AbortController::new().ok()?;
                Reflect::set(&options, &"signal".into(), &abort.signal()).ok()?;
                Some(abort)
            }
        };
        let claim = Self { abort, release: Rc::default(), given_up: Rc::default() };
        let (release, given_up) = (Rc::clone(&claim.release), Rc::clone(&claim.given_up));
        let granted = Rc::new(Cell::new(false));
        let told = Rc::new(told);
        let (held, tell) = (Rc::clone(&granted), Rc::clone(&told));
        // The lock is held for as long as the promise that this answers is open.
        let callback = Closure::<dyn FnMut(JsValue) -> Promise>::new(move |_| {
            if given_up.get() {
                return Promise::resolve(&JsValue::UNDEFINED);
            }
            let promise = Promise::new(&mut |resolve, _| {
                release.replace(Some(resolve));
            });
            held.set(true);
            tell(Verdict::Granted);
            promise
        });
        let asked = request.call3(&locks, &name.into(), &options, callback.as_ref()).ok()?;
        let asked = asked.dyn_into::<Promise>().ok()?;
        let given_up = Rc::clone(&claim.given_up);
        wasm_bindgen_futures::spawn_local(async move {
            let over = wasm_bindgen_futures::JsFuture::from(asked).await;
            // The browser may have called it until here.
            drop(callback);
            if over.is_err() && !given_up.get() {
                told(if granted.get() { Verdict::Lost } else { Verdict::Denied });
            }
        });
        Some(claim)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.given_up.set(true);
        match (self.release.take(), &self.abort) {
            // Resolving a promise calls nothing of ours.
            (Some(release), _) => drop(release.call0(&JsValue::UNDEFINED)),
            (None, Some(abort)) => abort.abort(),
            (None, None) => {}
        }
    }
}
