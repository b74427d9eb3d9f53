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
    let with = |act: fn(&Driver, &web_sys::Event)| {
        let me = Rc::downgrade(driver);
        move |event: web_sys::Event| {
            if let Some(driver) = me.upgrade() {
                act(&driver, &event);
            }
        }
    };
    let mut listeners = vec![
        on(&window, "online", with(|driver, _| driver.input(Input::Online(true)))),
        on(&window, "offline", with(|driver, _| driver.input(Input::Online(false)))),
        on(&document, "visibilitychange", with(|driver, _| driver.sees(!browser::is_hidden()))),
        // Gone, or into the back-forward cache: the socket is closed either way, so that the server's
        // count falls at once (a socket left open would keep the page out of the cache as well).
        on(&window, "pagehide", with(|driver, _| driver.leave())),
        // Out of the cache: the topics go on from where they stood.
        on(
            &window,
            "pageshow",
            with(|driver, event| {
                if restored(event) {
                    driver.take_part();
                }
            }),
        ),
        // A frozen tab answers nobody: another one leads, and this one comes back as its follower.
        on(&document, "freeze", with(|driver, _| driver.leave())),
        on(&document, "resume", with(|driver, _| driver.take_part())),
        // Frozen and thawed, slept and woken: the clock has jumped, and timers are late.
        on(&document, "resume", with(|driver, _| driver.input(Input::Timeout))),
        on(&window, "focus", with(|driver, _| driver.input(Input::Timeout))),
    ];
    // From one network to another, where the browser says so: what is open may have stayed behind.
    if let Some(network) = browser::network() {
        listeners.push(on(
            &network,
            "change",
            with(|driver, _| driver.input(Input::Online(browser::is_online()))),
        ));
    }
    listeners
}

fn restored(event: &web_sys::Event) -> bool {
    event.dyn_ref::<web_sys::PageTransitionEvent>().is_some_and(web_sys::PageTransitionEvent::persisted)
}
