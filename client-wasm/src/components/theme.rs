//! The colour scheme: as the system has it, light, or dark.

use leptos::prelude::*;

use super::{dynamic::dynamic, icon::Icon, menu::MenuEntry};
use crate::{browser, storage::Theme};

/// The choice, shared by the button in the bar and the entry in the menu.
#[derive(Clone, Copy)]
pub(crate) struct Scheme(RwSignal<Theme>);

impl Scheme {
    /// As remembered.
    pub(crate) fn start() -> Self {
        let theme = Theme::remembered();
        theme.apply();
        Self(RwSignal::new(theme))
    }

    fn words(self) -> &'static str {
        match self.0.get() {
            Theme::System => "Colour scheme: as the system",
            Theme::Light => "Colour scheme: light",
            Theme::Dark => "Colour scheme: dark",
        }
    }

    fn icon(self) -> AnyView {
        match self.0.get() {
            Theme::System => Icon::SunMoon.draw(),
            Theme::Light => Icon::Sun.draw(),
            Theme::Dark => Icon::Moon.draw(),
        }
    }

    fn turn(self) {
        let dark_now = browser::matches_media("(prefers-color-scheme: dark)");
        // From the system's choice first to its opposite: a press always shows something.
        let next = match (self.0.get_untracked(), dark_now) {
            (Theme::System, true) => Theme::Light,
            (Theme::System, false) => Theme::Dark,
            (Theme::Light, true) | (Theme::Dark, false) => {
                if dark_now {
                    Theme::Dark
                } else {
                    Theme::Light
                }
            }
            (Theme::Light, false) | (Theme::Dark, true) => Theme::System,
        };
        next.apply();
        self.0.set(next);
    }
}

/// The button in the bar.
#[component]
pub(crate) fn ThemeButton() -> impl IntoView {
    let scheme = expect_context::<Scheme>();
    let label = move || scheme.words();
    view! {
        <button class="icon-btn theme" type="button" aria-label=label title=label on:click=move |_| scheme.turn()>
            {dynamic(move || scheme.icon())}
        </button>
    }
}

/// The entry in the account's menu, where a phone has no room for the button.
#[component]
pub(crate) fn ThemeEntry() -> impl IntoView {
    let scheme = expect_context::<Scheme>();
    view! {
        <MenuEntry on_choose=Callback::new(move |()| scheme.turn())>
            {dynamic(move || scheme.icon())}
            {dynamic(move || scheme.words())}
        </MenuEntry>
    }
}
