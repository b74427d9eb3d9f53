//! Who sees the event; owners change it.

use leptos::prelude::*;
use shared::model::{event::EventPatch, member::Visibility};

use super::Known;
use crate::{
    api,
    components::{
        dynamic::dynamic,
        form::{Choice, Form, FormProblem},
    },
    words::visibility_words,
};

/// A choice of three, or what was chosen.
#[component]
pub(super) fn WhoSees(known: Known) -> impl IntoView {
    let form = Form::new();
    let choice = Choice::new(form);
    let now = Memo::new(move |_| {
        choice.or(known.event.with(|event| event.as_ref().map(|event| event.visibility)).unwrap_or_default())
    });
    let choose = move |visibility: Visibility| {
        let id = known.id.get_value();
        choice.choose(visibility, move |next| {
            let id = id.clone();
            async move {
                let patch = EventPatch { visibility: Some(next), ..EventPatch::default() };
                known.has_changed(api::patch_event(&id, &patch).await?);
                Ok(())
            }
        });
    };
    let may = Memo::new(move |_| known.may_manage());
    view! {
        <section class="panel" aria-labelledby="people-visibility">
            <h2 id="people-visibility">"Who sees it"</h2>
            {dynamic(move || if may.get() {
                view! {
                    <div role="radiogroup" aria-labelledby="people-visibility" class="choices">
                        {Visibility::ALL.map(|entry| radio(entry, now, choose)).collect_view()}
                    </div>
                }
                .into_any()
            } else {
                view! { <p><b>{move || visibility_words(now.get()).0}</b>" · "{move || visibility_words(now.get()).1}</p> }.into_any()
            })}
            <FormProblem form=form />
        </section>
    }
}

fn radio(
    entry: Visibility,
    now: Memo<Visibility>,
    choose: impl Fn(Visibility) + Copy + 'static,
) -> impl IntoView {
    let (word, sentence) = visibility_words(entry);
    let hint = format!("visibility-{}", entry.as_str());
    view! {
        <label class="choice">
            <input
                type="radio"
                name="visibility"
                value=entry.as_str()
                aria-label=word
                aria-describedby=hint.clone()
                prop:checked=move || now.get() == entry
                on:change=move |_| choose(entry)
            />
            <span><b>{word}</b><span class="hint" id=hint>{sentence}</span></span>
        </label>
    }
}
