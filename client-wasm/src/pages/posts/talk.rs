//! What those who work on a post say about it, in a dialog: live while it is open.

use leptos::prelude::*;
use shared::{PostId, model::comment::Parent};

use super::{HEADING, State, opened::Opened};
use crate::{
    browser,
    components::sheet::{Sheet, open_while, use_sheet},
    pages::event::comments::Talk,
    session::use_session,
};

/// The dialog, while there is a post that it is about.
#[component]
pub(super) fn TalkDialog(state: State) -> impl IntoView {
    view! {
        <Sheet open=open_while(state.talking) title="Comments">
            {move || state.talking.get_untracked().map(|id| view! { <TalkOf state=state id=id /> })}
        </Sheet>
    }
}

#[component]
fn TalkOf(state: State, id: PostId) -> impl IntoView {
    let (session, sheet) = (use_session(), use_sheet());
    let opened = Opened::follow(state, &id);
    let of = StoredValue::new(id.clone());
    let mine = Signal::derive(move || {
        let me = session.id();
        state.posts.with(|list| {
            of.with_value(|id| list.get(id).is_some_and(|post| Some(&post.owner.id) == me.as_ref()))
        })
    });
    // Deleted, or shared no more: there is nothing to be said about.
    let there = Memo::new(move |_| state.posts.with(|list| of.with_value(|id| list.get(id).is_some())));
    Effect::new(move || {
        if !there.get() {
            sheet.close();
            browser::focus_if_lost(HEADING);
            state.announcer.say("The post is not there any more.");
        }
    });
    view! {
        {opened.here()}
        <Talk parent=Parent::Post { post_id: id } ear=opened.ear may_manage=mine />
    }
}
