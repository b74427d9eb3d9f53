//! Who works on a post beside its owner. The owner shares it, at once and not when the post is saved.

use leptos::{ev::SubmitEvent, prelude::*};
use shared::model::post::Post;

use super::State;
use crate::{
    api::posts,
    components::{
        dynamic::dynamic,
        form::{Form, FormProblem, SubmitButton},
        icon::Icon,
        name_field::{self, NameField},
    },
    session::use_session,
};

/// The list and the form; nothing for who does not own the post.
#[component]
pub(super) fn Editors(state: State, post: Post) -> impl IntoView {
    let session = use_session();
    let form = Form::new();
    let name = RwSignal::new(String::new());
    let is_mine = untrack(|| session.id()).as_ref() == Some(&post.owner.id);
    let id = StoredValue::new(post.id);
    let editors = Memo::new(move |_| {
        state.posts.with(|list| {
            id.with_value(|id| list.get(id).map(|post| post.editors.clone()).unwrap_or_default())
        })
    });
    let share = move |event: SubmitEvent| {
        form.submit(&event, async move {
            let wanted = name_field::given(name)?;
            let shared = posts::share(&id.get_value(), &wanted).await.map_err(name_field::nobody)?;
            name.try_set(String::new());
            state.answered(shared);
            state.announcer.say("The post was shared.");
            Ok(())
        });
    };
    is_mine.then(|| view! {
        <section class="field post-editors" aria-label="Who else works on it">
            <ul class="post-places" aria-label="Editors" hidden=dynamic(move || editors.with(Vec::is_empty))>
                <For each=move || editors.get() key=|person| person.id.clone() let:person>
                    {
                        let of = StoredValue::new(person.name);
                        let remove = move |_| form.run(async move { posts::unshare(&id.get_value(), &of.get_value()).await });
                        view! {
                            <li class="chip-small">
                                {Icon::People.draw()}
                                <span>{person.display_name.clone()}</span>
                                <button class="chip-x" type="button" aria-label=format!("Share no more with {}", person.display_name) on:click=remove>
                                    {Icon::Close.draw()}
                                </button>
                            </li>
                        }
                    }
                </For>
            </ul>
            <form class="add-row" aria-label="Share this post" on:submit=share novalidate>
                <NameField form=form id="post-share" list="post-share-names" label="Share with" value=name hint="They can change and publish it." />
                <SubmitButton form=form label="Share" class="btn" />
                <FormProblem form=form />
            </form>
        </section>
    })
}
