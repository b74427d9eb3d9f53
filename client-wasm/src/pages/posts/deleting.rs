//! Deleting a post, after asking.

use leptos::prelude::*;

use super::{HEADING, State, name_of};
use crate::{
    api::posts,
    browser,
    components::{
        dynamic::dynamic,
        form::{Form, FormProblem},
        sheet::{Sheet, open_while, use_sheet},
    },
};

/// The dialog, while there is a post that it is about.
#[component]
pub(super) fn DeleteDialog(state: State) -> impl IntoView {
    view! {
        <Sheet open=open_while(state.deleting) title="Delete this post?">
            <DeleteForm state=state />
        </Sheet>
    }
}

#[component]
fn DeleteForm(state: State) -> impl IntoView {
    let sheet = use_sheet();
    let form = Form::new();
    let post = StoredValue::new(state.deleting.get_untracked());
    let name = post.with_value(|post| post.as_ref().map(name_of));
    let confirm = move |_| {
        let Some(post) = post.get_value() else { return };
        form.run(async move {
            match posts::delete(&post.id).await {
                // Somebody else was quicker.
                Err(error) if !error.is_not_found() => return Err(error),
                _ => {}
            }
            state.posts.try_update(|list| list.deleted(&post.id));
            sheet.close();
            browser::focus_if_lost(HEADING);
            state.announcer.say("The post was deleted.");
            Ok(())
        });
    };
    view! {
        <p>"“"{name}"” is gone then for everybody who works on it. What it has become on timelines stays there."</p>
        <FormProblem form=form />
        <div class="sheet-end">
            <button class="btn btn-quiet" type="button" autofocus on:click=move |_| sheet.close()>"Cancel"</button>
            <button class="btn btn-danger" type="button" aria-disabled=dynamic(move || form.is_busy().to_string()) on:click=confirm>
                "Delete"
            </button>
        </div>
    }
}
