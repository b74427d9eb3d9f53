//! A field for the name of somebody with an account; people who are known are suggested. Called by the forms
//! that add somebody to something.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};
use shared::{ErrorCode, model::account::Person};

use super::form::{Field, Form};
use crate::{
    api::{Answer, ApiError, people},
    browser::Timer,
};

/// So long after the last key, names are looked up.
const LOOK_UP_AFTER: Duration = Duration::from_millis(150);
/// On the wire.
const NAME: &str = "name";

/// The field. Errors of the form that name `name` are shown here.
#[component]
pub(crate) fn NameField(
    form: Form,
    /// Unique on the page.
    id: &'static str,
    /// Unique on the page as well: of the suggestions.
    list: &'static str,
    label: &'static str,
    value: RwSignal<String>,
    #[prop(optional, into)] hint: String,
) -> impl IntoView {
    let found = RwSignal::new(Vec::<Person>::new());
    let waiting: StoredValue<Option<Timer>, LocalStorage> = StoredValue::new_local(None);
    Effect::new(move || {
        let beginning = value.with(|name| name.trim().trim_start_matches('@').to_owned());
        waiting.set_value(
            (!beginning.is_empty())
                .then(|| {
                    Timer::after(LOOK_UP_AFTER, move || {
                        let beginning = beginning.clone();
                        spawn_local(async move {
                            // Without suggestions a name can be typed all the same.
                            if let Ok(people) = people::people(&beginning).await {
                                found.try_set(people);
                            }
                        });
                    })
                })
                .flatten(),
        );
    });
    view! {
        <Field form=form name=NAME id=id label=label value=value autocomplete="off" list=list hint=hint />
        <datalist id=list>
            {move || found.get().into_iter().map(|person| view! { <option value=person.name>{person.display_name}</option> }).collect_view()}
        </datalist>
    }
}

/// The name that was given, as accounts are called.
pub(crate) fn given(value: RwSignal<String>) -> Answer<String> {
    let name = value.with_untracked(|name| name.trim().trim_start_matches('@').to_lowercase());
    if name.is_empty() {
        return Err(ApiError::of_field(NAME, "Whom? Give the name that they sign in with."));
    }
    Ok(name)
}

/// The server's error where it may be that nobody goes by the name.
pub(crate) fn nobody(error: ApiError) -> ApiError {
    match error.code {
        Some(ErrorCode::NotFound) => ApiError::of_field(NAME, "Nobody here goes by that name."),
        _ => error,
    }
}
