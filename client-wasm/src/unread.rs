//! How many notifications are unread, the same in every tab and on every device: read when somebody is signed in, and
//! counted by the server with each change. Draws nothing: the bell and the title do. Fetched for who is signed in.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};
use shared::model::notification::{tells_of_match, unread_after};

use crate::{
    api::talk as api,
    browser,
    components::title::use_title,
    session::{Own, use_session},
    storage,
};

/// Keeps the title's number at what is unread for as long as the current owner lives.
pub(crate) fn count() {
    let (session, told) = (use_session(), use_title().told);
    // What is heard while an answer is on its way is newer than the answer.
    let heard = StoredValue::new(0_u32);
    let read = move || {
        let before = heard.get_value();
        spawn_local(async move {
            if let Ok(unread) = api::unread().await
                && heard.get_value() == before
            {
                told.set(unread);
            }
        });
    };
    // What was shown last: an earlier number that was held back longer is no news.
    let shown = StoredValue::new(0_u32);
    let show_now = move |number: u32, unread: u64| {
        if number > shown.get_value() {
            shown.set_value(number);
            told.set(unread);
        }
    };
    let show = move |number: u32, unread: u64, delay_s: u32| {
        if delay_s == 0 {
            return show_now(number, unread);
        }
        spawn_local(async move {
            browser::pause(Duration::from_secs(delay_s.into())).await;
            show_now(number, unread);
        });
    };
    session.hear(move |own| match own {
        Own::Refresh => read(),
        Own::Publications(publications) => {
            let changes = publications.iter().rev().map(|publication| &publication.change);
            let last =
                changes.into_iter().find_map(|change| Some((unread_after(change)?, tells_of_match(change))));
            if let Some((unread, of_match)) = last {
                heard.update_value(|heard| *heard += 1);
                // Who sees their picture later hears the bell later.
                let delay_s = if of_match { storage::spoiler_delay_s() } else { 0 };
                show(heard.get_value(), unread, delay_s);
            }
        }
    });
    let id = Memo::new(move |_| session.id());
    Effect::new(move || {
        // Whoever comes next has others.
        heard.update_value(|heard| *heard += 1);
        shown.set_value(heard.get_value());
        told.set(0);
        if id.with(Option::is_some) {
            read();
        }
    });
}
