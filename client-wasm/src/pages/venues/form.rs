//! The dialogs that make a venue and change one.

use leptos::{ev::SubmitEvent, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use shared::{
    limits::{VENUE_DESCRIPTION_CHARS, VENUE_PLACE_CHARS},
    model::venue::{NewVenue, Venue, VenuePatch},
};

use crate::{
    api::{ApiError, venues as api},
    browser,
    components::{
        form::{Field, Form, FormProblem, SubmitButton},
        sheet::{Sheet, use_sheet},
    },
};

/// The dialog; it goes to the venue it has made.
#[component]
pub(super) fn NewVenueDialog(open: RwSignal<bool>) -> impl IntoView {
    view! {
        <Sheet open=open title="New venue">
            <Fields known=None />
        </Sheet>
    }
}

/// The dialog that changes a venue; what came of it is heard like every change.
#[component]
pub(super) fn EditVenueDialog(venue: RwSignal<Option<Venue>>, open: RwSignal<bool>) -> impl IntoView {
    view! {
        <Sheet open=open title="Edit venue">
            <Fields known=venue.get_untracked() />
        </Sheet>
    }
}

#[component]
fn Fields(known: Option<Venue>) -> impl IntoView {
    let sheet = use_sheet();
    let navigate = use_navigate();
    let form = Form::new();
    let text = |read: fn(&Venue) -> &String| {
        RwSignal::new(known.as_ref().map(|venue| read(venue).clone()).unwrap_or_default())
    };
    let [name, place, description] =
        [text(|venue| &venue.name), text(|venue| &venue.place), text(|venue| &venue.description)];
    let label = if known.is_some() { "Save" } else { "Add venue" };
    let title = if known.is_some() { "Edit venue" } else { "New venue" };
    let known = StoredValue::new(known.map(|venue| venue.id));
    // One dialog makes one venue, however often it has to be sent.
    let key = StoredValue::new(browser::random_id());
    let submit = move |submitted: SubmitEvent| {
        let navigate = navigate.clone();
        form.submit(&submitted, async move {
            let new = NewVenue {
                name: name.get_untracked().trim().to_owned(),
                place: place.get_untracked().trim().to_owned(),
                description: description.get_untracked().trim().to_owned(),
            };
            if new.name.is_empty() {
                return Err(ApiError::of_field("name", "Give the venue a name."));
            }
            if let Some(id) = known.get_value() {
                let NewVenue { name, description, place } = new;
                let patch =
                    VenuePatch { name: Some(name), description: Some(description), place: Some(place) };
                api::change(&id, &patch).await?;
                sheet.close();
                return Ok(());
            }
            let made = key.with_value(|key| key.parse()).map_err(|_| ApiError::unreachable())?;
            let venue = match api::create(&new, &made).await {
                Ok(venue) => venue,
                Err(error) => {
                    // What was refused and is changed is something else.
                    key.try_set_value(if error.is_passing() {
                        made.to_string()
                    } else {
                        browser::random_id()
                    });
                    return Err(error);
                }
            };
            sheet.close();
            navigate(&format!("/venues/{}", venue.id), NavigateOptions::default());
            Ok(())
        });
    };
    view! {
        <form class="sheet-form" on:submit=submit novalidate aria-label=title>
            <Field form=form name="name" id="venue-name" label="Name" value=name autocomplete="organization" autofocus=true />
            <div class="field">
                <label for="venue-place">"Address"</label>
                <input id="venue-place" class="input" maxlength=VENUE_PLACE_CHARS.to_string() autocomplete="off" bind:value=place />
            </div>
            <div class="field">
                <label for="venue-description">"What it is"</label>
                <textarea id="venue-description" class="input" rows="3" maxlength=VENUE_DESCRIPTION_CHARS.to_string() bind:value=description></textarea>
            </div>
            <FormProblem form=form />
            <div class="sheet-end">
                <button class="btn btn-quiet" type="button" on:click=move |_| sheet.close()>"Cancel"</button>
                <SubmitButton form=form label=label />
            </div>
        </form>
    }
}
