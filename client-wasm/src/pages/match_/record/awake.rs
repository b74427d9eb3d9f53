//! Keeps the screen from going dark while a match is being recorded (Screen Wake Lock), where the browser can do that
//! and for as long as this lives. The browser lets go of it when the page is hidden; it is asked again.

use std::{cell::RefCell, rc::Rc};

use leptos::task::spawn_local;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::browser::{self, Listener};

/// The screen stays on.
#[derive(Debug)]
pub(super) struct Awake {
    lock: Rc<RefCell<Option<JsValue>>>,
    _seen: Listener,
}

impl Awake {
    pub(super) fn start() -> Self {
        let lock = Rc::<RefCell<Option<JsValue>>>::default();
        ask(Rc::downgrade(&lock));
        let again = Rc::downgrade(&lock);
        let seen = browser::listen(&browser::document(), "visibilitychange", move |_| {
            if !browser::is_hidden() {
                ask(again.clone());
            }
        });
        Self { lock, _seen: seen }
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        if let Some(lock) = self.lock.take() {
            // One that the browser has let go of already may be let go of again.
            call(&lock, "release", None);
        }
    }
}

fn ask(lock: std::rc::Weak<RefCell<Option<JsValue>>>) {
    let navigator: JsValue = browser::window().navigator().into();
    let Ok(wake) = js_sys::Reflect::get(&navigator, &"wakeLock".into()) else { return };
    let Some(promise) = call(&wake, "request", Some("screen")) else { return };
    spawn_local(async move {
        // Refused where the battery is low: then the screen goes dark as it would.
        let Ok(given) = JsFuture::from(promise).await else { return };
        match lock.upgrade() {
            Some(lock) => {
                lock.replace(Some(given));
            }
            None => {
                call(&given, "release", None);
            }
        }
    });
}

/// Calls a method that answers with a promise, if there is one.
fn call(object: &JsValue, method: &str, argument: Option<&str>) -> Option<js_sys::Promise> {
    let function = js_sys::Reflect::get(object, &method.into()).ok()?.dyn_into::<js_sys::Function>().ok()?;
    let answer = match argument {
        Some(argument) => function.call1(object, &argument.into()),
        None => function.call0(object),
    };
    answer.ok()?.dyn_into().ok()
}
