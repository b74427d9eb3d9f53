//! What happens to the page as a whole, told to the client: network, visibility, leaving and coming back.

use std::rc::Rc;

use client_core::Input;
use wasm_bindgen::JsCast;

use super::Driver;
use crate::browser::{self, Listener, listen as on};

/// Listens for as long as the returned guards live.
pub(super) fn listen(driver: &Rc<Driver>) -> Vec<Listener> {
    let window = browser::window();
    let document = browser::document();
    let feed = |input: fn(&web_sys::Event) -> Option<Input>| {
        let me = Rc::downgrade(driver);
        move |event: web_sys::Event| {
            if let (Some(driver), Some(input)) = (me.upgrade(), input(&event)) {
                driver.input(input);
            }
        }
    };
    vec![
        on(&window, "online", feed(|_| Some(Input::Online(true)))),
        on(&window, "offline", feed(|_| Some(Input::Online(false)))),
        on(&document, "visibilitychange", feed(|_| Some(Input::Visible(!browser::is_hidden())))),
        // Gone, or into the back-forward cache: the socket is closed either way, so that the server's
        // count falls at once (a socket left open would keep the page out of the cache as well).
        on(&window, "pagehide", {
            let me = Rc::downgrade(driver);
            move |_| {
                if let Some(driver) = me.upgrade() {
                    driver.input(Input::Stop);
                    driver.give_way();
                }
            }
        }),
        // Out of the cache: the topics go on from where they stood.
        on(&window, "pageshow", {
            let me = Rc::downgrade(driver);
            move |event| {
                if let Some(driver) = me.upgrade().filter(|_| restored(&event)) {
                    driver.claim();
                    driver.input(Input::Start);
                }
            }
        }),
        // A frozen tab answers nobody: another one leads, and this one comes back as its follower.
        on(&document, "freeze", {
            let me = Rc::downgrade(driver);
            move |_| {
                if let Some(driver) = me.upgrade() {
                    driver.input(Input::Stop);
                    driver.give_way();
                }
            }
        }),
        on(&document, "resume", {
            let me = Rc::downgrade(driver);
            move |_| {
                if let Some(driver) = me.upgrade() {
                    driver.claim();
                    driver.input(Input::Start);
                }
            }
        }),
        // Frozen and thawed, slept and woken: the clock has jumped, and timers are late.
        on(&document, "resume", feed(|_| Some(Input::Timeout))),
        on(&window, "focus", feed(|_| Some(Input::Timeout))),
    ]
}

fn restored(event: &web_sys::Event) -> bool {
    event.dyn_ref::<web_sys::PageTransitionEvent>().is_some_and(web_sys::PageTransitionEvent::persisted)
}
