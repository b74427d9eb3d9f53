//! A person as a coloured initial. The colour follows from the name, so that it is the same everywhere.

use leptos::prelude::*;

/// A coloured initial; the name itself stands beside it, so this is hidden from those who listen.
#[component]
pub(crate) fn Avatar(#[prop(into)] name: Signal<String>) -> impl IntoView {
    let class = move || format!("avatar hue-{}", name.with(|name| hue(name)));
    let initial = move || name.with(|name| initial(name));
    view! { <span class=class aria-hidden="true">{initial}</span> }
}

fn initial(name: &str) -> String {
    name.chars().find(|c| c.is_alphanumeric()).map_or_else(|| "?".to_owned(), |c| c.to_uppercase().collect())
}

/// One of eight (FNV-1a over the bytes).
fn hue(name: &str) -> u32 {
    let hash =
        name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (hash >> 13) % 8
}
