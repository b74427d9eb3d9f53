//! The browser app: pages over the client's state machine. Puts the app in place of the shell that
//! `index.html` shows until it has arrived.

#![expect(
    unreachable_pub,
    reason = "`#[component]` writes a `pub` struct for the properties of every component"
)]

mod api;
mod app;
mod browser;
mod components;
mod driver;
mod offline;
mod outbox;
mod pages;
mod parts;
mod session;
mod storage;
mod tabs;
mod thumb;
mod transport;
mod unread;
mod words;

use wasm_bindgen::JsCast;

fn main() {
    console_error_panic_hook::set_once();
    let Some(place) = browser::document().get_element_by_id("app") else { return };
    let Ok(place) = place.dyn_into::<web_sys::HtmlElement>() else { return };
    place.set_text_content(None);
    leptos::mount::mount_to(place, app::App).forget();
}
