//! Who sees the event; owners change it.

use leptos::prelude::*;
use shared::model::{event::EventPatch, member::Visibility};

use super::Known;
use crate::{
    api,
    components::{
        dynamic::dynamic,
        form::{Form, FormProblem},
    },
    words::visibility_words,
};

/// A choice of three, or what was chosen.
#[component]
pub(super) fn WhoSees(known: Known) -> impl IntoView {
    let form = Form::new();
    let show = move |visibility: Visibility| {
        known.event.try_update(|event| {
            if let Some(event) = event {
                event.visibility = visibility;
            }
        });
    };
    // What was chosen last, until the server has it: what else is heard meanwhile is of choices before.
    let chosen = RwSignal::new(None);
    let now = Memo::new(move |_| {
        let known = known.event.with(|event| event.as_ref().map(|event| event.visibility));
        chosen.get().or(known).unwrap_or_default()
    });
    let choose = move |visibility: Visibility| {
        chosen.set(Some(visibility));
        // If one is under way already, the last choice goes after it.
        form.run(async move {
            while let Some(next) = chosen.try_get_untracked().flatten() {
                let patch = EventPatch { visibility: Some(next), ..EventPatch::default() };
                let answer = api::patch_event(&known.id.get_value(), &patch).await;
                if let Ok(event) = &answer {
                    show(event.visibility);
                }
                let is_last = chosen.try_get_untracked().flatten() == Some(next);
                if is_last || answer.is_err() {
                    chosen.try_set(None);
                }
                answer?;
            }
            Ok(())
        });
    };
    let may = Memo::new(move |_| known.may_manage());
    view! {
        <section class="panel" aria-labelledby="people-visibility">
            <h2 id="people-visibility">"Who sees it"</h2>
            {dynamic(move || if may.get() {
                view! {
                    <div role="radiogroup" aria-labelledby="people-visibility" class="choices">
                        {Visibility::ALL.map(|entry| choice(entry, now, choose)).collect_view()}
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

fn choice(
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
