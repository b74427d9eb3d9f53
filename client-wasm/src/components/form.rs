//! Forms: labelled fields that say what is wrong with them, and the one request that is under way; and settings
//! that are sent as soon as they are chosen. Knows no page; what is sent, and where, is the caller's.

use std::{future::Future, pin::Pin};

use leptos::{ev::SubmitEvent, html, prelude::*, task::spawn_local};

use super::dynamic::{dynamic, when};
use crate::{
    api::{Answer, ApiError},
    browser,
};

/// What a form does: the request, and what follows it.
type Work = Pin<Box<dyn Future<Output = Answer<()>>>>;

/// The state of one form.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    busy: RwSignal<bool>,
    problem: RwSignal<Option<ApiError>>,
    /// The fields that are shown, by their names on the wire.
    fields: StoredValue<Vec<&'static str>>,
}

impl Form {
    pub(crate) fn new() -> Self {
        Self {
            busy: RwSignal::new(false),
            problem: RwSignal::new(None),
            fields: StoredValue::new(Vec::new()),
        }
    }

    /// Does the work; what goes wrong is shown. While some is under way nothing further is begun: the buttons say so
    /// by `aria-disabled`. What is to be sent all the same is a [`Choice`].
    pub(crate) fn run(self, work: impl Future<Output = Answer<()>> + 'static) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.problem.set(None);
        let work: Work = Box::pin(work);
        spawn_local(async move {
            let answer = work.await;
            // The form may have gone with its page.
            self.busy.try_set(false);
            if let Err(error) = answer {
                self.problem.try_set(Some(error));
            }
        });
    }

    /// The same, in answer to a submission.
    pub(crate) fn submit(self, event: &SubmitEvent, work: impl Future<Output = Answer<()>> + 'static) {
        event.prevent_default();
        self.run(work);
    }

    /// `aria-disabled` of the form's buttons: they keep the focus while the request is under way.
    pub(crate) fn is_busy(self) -> bool {
        self.busy.get()
    }

    /// Whether something went wrong.
    fn has_failed(self) -> bool {
        self.problem.with(Option::is_some)
    }

    fn of_field(self, name: &str) -> Option<String> {
        self.problem.with(|problem| {
            problem.as_ref().filter(|p| p.field.as_deref() == Some(name)).map(|p| p.message.clone())
        })
    }

    /// What belongs to no field that is shown.
    fn of_none(self) -> Option<String> {
        self.problem.with(|problem| {
            let shown = |field: &str| self.fields.with_value(|fields| fields.contains(&field));
            problem.as_ref().filter(|p| !p.field.as_deref().is_some_and(shown)).map(|p| p.message.clone())
        })
    }
}

/// A setting that is shown as it was chosen before the server has it. What is chosen while the choice before is
/// under way goes after it, also if the page has been left meanwhile.
#[derive(Clone, Copy)]
pub(crate) struct Choice<T: Send + Sync + 'static> {
    form: Form,
    /// The last one, until the server has it.
    chosen: RwSignal<Option<T>>,
}

impl<T: Copy + PartialEq + Send + Sync + 'static> Choice<T> {
    /// Nothing is chosen yet; what goes wrong is shown by `form`.
    pub(crate) fn new(form: Form) -> Self {
        Self { form, chosen: RwSignal::new(None) }
    }

    /// What to show where `known` is what the server has: what is heard from it meanwhile is of choices before.
    pub(crate) fn or(self, known: T) -> T {
        self.chosen.get().unwrap_or(known)
    }

    /// Chooses. `send` sends one choice and takes note of the answer; it may be called when the page has gone.
    pub(crate) fn choose<F>(self, choice: T, send: impl Fn(T) -> F + 'static)
    where
        F: Future<Output = Answer<()>> + 'static,
    {
        self.chosen.set(Some(choice));
        let chosen = ArcRwSignal::from(self.chosen);
        self.form.run(async move {
            let mut next = choice;
            loop {
                let answer = send(next).await;
                match chosen.get_untracked() {
                    // What became of a choice that holds no longer matters to nobody.
                    Some(last) if last != next => next = last,
                    _ => {
                        chosen.set(None);
                        return answer;
                    }
                }
            }
        });
    }
}

/// One line to be filled in.
#[component]
pub(crate) fn Field(
    form: Form,
    /// On the wire: an error that names it is shown here.
    name: &'static str,
    /// Unique on the page.
    id: &'static str,
    label: &'static str,
    value: RwSignal<String>,
    #[prop(default = "text")] kind: &'static str,
    /// What password managers and keyboards go by.
    autocomplete: &'static str,
    #[prop(optional, into)] hint: String,
    /// The id of a `<datalist>` with suggestions.
    #[prop(optional)]
    list: Option<&'static str>,
    #[prop(optional)] autofocus: bool,
) -> impl IntoView {
    form.fields.update_value(|fields| fields.push(name));
    let input = NodeRef::<html::Input>::new();
    let problem = Memo::new(move |_| form.of_field(name));
    Effect::new(move || {
        if problem.with(Option::is_some)
            && let Some(input) = input.get_untracked()
        {
            input.focus().ok();
        }
    });
    let wrong = Memo::new(move |_| problem.with(Option::is_some));
    let bare = hint.is_empty();
    let about = move || match (wrong.get(), bare) {
        (true, _) => Some(format!("{id}-problem")),
        (false, false) => Some(format!("{id}-hint")),
        (false, true) => None,
    };
    // Names and codes are written as they are, not as sentences.
    let plain = matches!(autocomplete, "username" | "off");
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <input
                id=id
                name=name
                class="input"
                type=kind
                node_ref=input
                autocomplete=autocomplete
                list=list
                autocapitalize=plain.then_some("none")
                spellcheck=plain.then_some("false")
                autofocus=autofocus
                aria-invalid=dynamic(move || wrong.get().to_string())
                aria-describedby=dynamic(about)
                bind:value=value
            />
            <p class="error-text" id=format!("{id}-problem") role="alert" hidden=dynamic(move || !wrong.get())>{problem}</p>
            {(!bare).then(|| view! { <p class="hint" id=format!("{id}-hint") hidden=wrong>{hint}</p> })}
        </div>
    }
}

/// What is wrong with the form as a whole.
#[component]
pub(crate) fn FormProblem(form: Form) -> impl IntoView {
    let problem = Memo::new(move |_| form.of_none());
    view! { <p class="error-text" role="alert" hidden=dynamic(move || problem.with(Option::is_none))>{problem}</p> }
}

/// What went wrong when something was read, and the way to try again.
#[component]
pub(crate) fn LoadProblem(
    form: Form,
    again: impl Fn() + Copy + Send + 'static,
    /// The id of what has the focus when the button goes.
    heading: &'static str,
) -> impl IntoView {
    let press = move |_| {
        again();
        browser::focus_if_lost(heading);
    };
    view! {
        <FormProblem form=form />
        {when(move || form.has_failed(), move || view! {
            <div class="row"><button class="btn btn-small" type="button" on:click=press>"Try again"</button></div>
        }.into_any())}
    }
}

/// The button that sends it.
#[component]
pub(crate) fn SubmitButton(
    form: Form,
    label: &'static str,
    #[prop(default = "btn btn-primary")] class: &'static str,
) -> impl IntoView {
    view! { <button class=class type="submit" aria-disabled=dynamic(move || form.is_busy().to_string())>{label}</button> }
}
