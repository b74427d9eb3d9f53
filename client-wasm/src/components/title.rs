//! The title of the page and the number on the app's icon: what it is called, and how much is unread. The title counts
//! what waits on the page and the notifications; the icon, which all tabs share, the notifications alone.

use leptos::prelude::*;

use crate::browser;

/// Name and number, kept in the title bar.
#[derive(Clone, Copy)]
pub(crate) struct Title {
    name: RwSignal<String>,
    /// Updates on this page that the reader has not seen.
    unread: RwSignal<usize>,
    /// Notifications that the reader has not read, wherever.
    pub(crate) told: RwSignal<u64>,
}

/// The title of the page.
pub(crate) fn use_title() -> Title {
    expect_context::<Title>()
}

impl Title {
    pub(crate) fn start() -> Self {
        let title =
            Self { name: RwSignal::new(String::new()), unread: RwSignal::new(0), told: RwSignal::new(0) };
        let unread = move || title.unread.get() as u64 + title.told.get();
        Effect::new(move || {
            let name = title.name.get();
            let page = if name.is_empty() { "Touchline".to_owned() } else { format!("{name} · Touchline") };
            browser::document().set_title(&match unread() {
                0 => page,
                unread => format!("({unread}) {page}"),
            });
        });
        Effect::new(move || browser::set_badge(title.told.get()));
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
