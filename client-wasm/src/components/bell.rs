//! In the bar of who is signed in: the way to their notifications, and how many are unread.

use leptos::prelude::*;

use super::{
    dynamic::{dynamic, when},
    icon::Icon,
    title::use_title,
};
use crate::session::use_session;

/// More than this are not counted out.
const SHOWN_MAX: u64 = 99;

/// The bell.
#[component]
pub(crate) fn Bell() -> impl IntoView {
    let (session, told) = (use_session(), use_title().told);
    let name = move || match told.get() {
        0 => "Notifications".to_owned(),
        unread => format!("Notifications, {unread} unread"),
    };
    let shown = move || match told.get() {
        0 => String::new(),
        unread if unread > SHOWN_MAX => format!("{SHOWN_MAX}+"),
        unread => unread.to_string(),
    };
    when(
        move || session.is_signed_in(),
        move || {
            view! {
                <a class="icon-btn bell" href="/notifications" aria-label=dynamic(name)>
                    {Icon::Bell.draw()}
                    <span class="count num">{dynamic(shown)}</span>
                </a>
            }
            .into_any()
        },
    )
}
