//! A button with a menu: arrow keys, Escape, a press elsewhere.

use leptos::{ev::KeyboardEvent, html, prelude::*};
use wasm_bindgen::JsCast;

use super::dynamic::{Dynamic, dynamic, when};
use crate::browser::{self, Listener};

/// The menu that an entry belongs to, for closing it.
#[derive(Clone, Copy)]
struct Open(RwSignal<bool>, NodeRef<html::Button>);

/// A button that opens a menu.
#[component]
pub(crate) fn Menu(
    /// The name of the button, for those who listen.
    #[prop(into)]
    label: Signal<String>,
    /// Classes of the button.
    class: &'static str,
    /// `data-status` of the button.
    #[prop(optional, into)]
    status: Option<Signal<&'static str>>,
    /// The side on which the menu hangs: `left` or `right`.
    side: &'static str,
    /// What the button shows.
    mut face: Dynamic<AnyView>,
    /// The entries, drawn when it opens.
    children: ChildrenFn,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let wrap = NodeRef::<html::Div>::new();
    let button = NodeRef::<html::Button>::new();
    let list = NodeRef::<html::Div>::new();

    let on_key = move |event: KeyboardEvent| {
        let Some(list) = list.get_untracked() else { return };
        let entries = list.query_selector_all("button").map_or(0, |all| all.length());
        let current = focused_entry(&list);
        match event.key().as_str() {
            "Escape" => {
                open.set(false);
                if let Some(button) = button.get_untracked() {
                    button.focus().ok();
                }
            }
            "Tab" => {
                open.set(false);
                return;
            }
            "ArrowDown" => focus_entry(&list, current.map_or(0, |at| (at + 1) % entries.max(1))),
            "ArrowUp" => {
                focus_entry(&list, current.map_or(0, |at| (at + entries.max(1) - 1) % entries.max(1)));
            }
            "Home" => focus_entry(&list, 0),
            "End" => focus_entry(&list, entries.saturating_sub(1)),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };

    let children = StoredValue::new(children);
    // A timeline has hundreds of menus that nobody opens: all that one needs is made when it is opened.
    let draw = move || {
        provide_context(Open(open, button));
        let outside = StoredValue::new_local(close_outside(wrap, open));
        on_cleanup(move || outside.dispose());
        // Opened by keyboard or pointer, the first entry has the focus.
        Effect::new(move || {
            if let Some(list) = list.get() {
                focus_entry(&list, 0);
            }
        });
        let entries = children.with_value(|children| children());
        view! { <div class="menu" role="menu" aria-label=label node_ref=list>{entries}</div> }.into_any()
    };
    view! {
        <div class=format!("menu-wrap {side}") node_ref=wrap on:keydown=on_key>
            <button
                node_ref=button
                type="button"
                class=class
                data-status=status
                aria-haspopup="menu"
                aria-expanded=dynamic(move || if open.get() { "true" } else { "false" })
                aria-label=label
                title=label
                on:click=move |_| open.update(|open| *open = !*open)
            >
                {face()}
            </button>
            {when(move || open.get(), draw)}
        </div>
    }
}

/// Closes the menu on a press elsewhere.
fn close_outside(wrap: NodeRef<html::Div>, open: RwSignal<bool>) -> Listener {
    browser::listen(&browser::document(), "pointerdown", move |event| {
        let inside = wrap.get_untracked().zip(event.target()).is_some_and(|(wrap, target)| {
            target.dyn_ref::<web_sys::Node>().is_some_and(|node| wrap.contains(Some(node)))
        });
        if !inside {
            open.set(false);
        }
    })
}

/// One thing to choose. `checked` makes it one of several of which one holds.
#[component]
pub(crate) fn MenuEntry(
    #[prop(optional)] class: &'static str,
    #[prop(optional, into)] checked: Option<Signal<bool>>,
    on_choose: Callback<()>,
    children: Children,
) -> impl IntoView {
    let Open(open, button) = expect_context::<Open>();
    view! {
        <button
            type="button"
            class=class
            tabindex="-1"
            role=if checked.is_some() { "menuitemradio" } else { "menuitem" }
            aria-checked=dynamic(move || checked.map(|checked| checked.get().to_string()))
            on:click=move |_| {
                open.set(false);
                if let Some(button) = button.get_untracked() {
                    button.focus().ok();
                }
                on_choose.run(());
            }
        >
            {children()}
        </button>
    }
}

fn focus_entry(list: &web_sys::HtmlDivElement, at: u32) {
    let entry = list.query_selector_all("button").ok().and_then(|all| all.get(at));
    if let Some(entry) = entry.and_then(|entry| entry.dyn_into::<web_sys::HtmlElement>().ok()) {
        entry.focus().ok();
    }
}

fn focused_entry(list: &web_sys::HtmlDivElement) -> Option<u32> {
    let active = browser::document().active_element()?;
    let all = list.query_selector_all("button").ok()?;
    (0..all.length()).find(|at| all.get(*at).is_some_and(|node| node.is_same_node(Some(&active))))
}
