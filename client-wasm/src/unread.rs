//! How many notifications are unread, the same in every tab and on every device: read when somebody is signed in, and
//! counted by the server with each change. Draws nothing: the bell and the title do. Fetched for who is signed in.

use leptos::{prelude::*, task::spawn_local};
use shared::model::notification::unread_after;

use crate::{
    api::talk as api,
    components::title::use_title,
    session::{Own, use_session},
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
    session.hear(move |own| match own {
        Own::Refresh => read(),
        Own::Publications(publications) => {
            let last = publications.iter().rev().find_map(|publication| unread_after(&publication.change));
            if let Some(unread) = last {
                heard.update_value(|heard| *heard += 1);
                told.set(unread);
            }
        }
    });
    let id = Memo::new(move |_| session.id());
    Effect::new(move || {
        // Whoever comes next has others.
        heard.update_value(|heard| *heard += 1);
        told.set(0);
        if id.with(Option::is_some) {
            read();
        }
    });
}
