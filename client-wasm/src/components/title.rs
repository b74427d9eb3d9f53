//! The title of the page and the number on its icon: what it is called, and how much is unread.

use leptos::prelude::*;

use crate::browser;

/// Name and number, kept in the title bar.
#[derive(Clone, Copy)]
pub(crate) struct Title {
    name: RwSignal<String>,
    unread: RwSignal<usize>,
}

/// The title of the page.
pub(crate) fn use_title() -> Title {
    expect_context::<Title>()
}

impl Title {
    pub(crate) fn start() -> Self {
        let title = Self { name: RwSignal::new(String::new()), unread: RwSignal::new(0) };
        Effect::new(move || {
            let name = title.name.get();
            let page = if name.is_empty() { "Touchline".to_owned() } else { format!("{name} · Touchline") };
            browser::document().set_title(&match title.unread.get() {
                0 => page,
                unread => format!("({unread}) {page}"),
            });
        });
        Effect::new(move || browser::set_badge(title.unread.get()));
        title
    }

    /// What the page is called; empty for the product alone.
    pub(crate) fn name(self, name: impl Into<String>) {
        let name = name.into();
        if self.name.with_untracked(|current| *current != name) {
            self.name.set(name);
        }
    }

    /// How many updates the reader has not seen.
    pub(crate) fn unread(self, count: usize) {
        if self.unread.get_untracked() != count {
            self.unread.set(count);
        }
    }
}
