//! The foot of an item: liking it, and what was said about it, with how many did.

use client_core::timeline::Row;
use leptos::prelude::*;
use shared::model::media::Media;

use super::{
    dynamic::{Dynamic, dynamic},
    icon::Icon,
    item::{Actions, media, media_untracked},
};

/// Both buttons. They take the same room before an item is confirmed, when there is nothing to press.
pub(super) fn reactions(row: RwSignal<Row>, actions: Actions) -> AnyView {
    let state = Memo::new(move |_| {
        let read = |m: &Media| {
            let (liked, likes) = actions.likes.shown(m);
            (liked, likes, m.comments)
        };
        media(row, read).unwrap_or_default()
    });
    let press = move |what: Callback<Media>| {
        if let Some(media) = media_untracked(row, Media::clone) {
            what.run(media);
        }
    };
    let like = Button {
        name: "Like",
        one: "like",
        icon: Icon::Heart,
        pressed: dynamic(move || Some(state.get().0.to_string())),
        opens: None,
        press: Box::new(move || press(actions.like)),
    };
    let talk = Button {
        name: "Comments",
        one: "comment",
        icon: Icon::Talk,
        pressed: dynamic(|| None),
        opens: Some("dialog"),
        press: Box::new(move || press(actions.talk)),
    };
    let foot =
        [like.draw(Signal::derive(move || state.get().1)), talk.draw(Signal::derive(move || state.get().2))];
    view! { <div class="item-foot">{foot.into_iter().collect_view()}</div> }.into_any()
}

struct Button {
    name: &'static str,
    /// What is counted.
    one: &'static str,
    icon: Icon,
    pressed: Dynamic<Option<String>>,
    opens: Option<&'static str>,
    press: Box<dyn Fn()>,
}

impl Button {
    fn draw(self, number: Signal<u64>) -> AnyView {
        let Self { name, one, icon, pressed, opens, press } = self;
        let label = dynamic(move || match number.get() {
            0 => name.to_owned(),
            number => format!("{name}: {number} {one}{}", if number == 1 { "" } else { "s" }),
        });
        let shown = dynamic(move || match number.get() {
            0 => String::new(),
            number => number.to_string(),
        });
        view! {
            <button class="act" type="button" aria-pressed=pressed aria-haspopup=opens aria-label=label on:click=move |_| press()>
                {icon.draw()}
                <span class="num">{shown}</span>
            </button>
        }
        .into_any()
    }
}
