//! Changing the text of an item, and deleting one.

use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use shared::{
    EventId,
    limits::MEDIA_TEXT_CHARS,
    model::media::{Media, MediaPatch},
};

use crate::{
    api,
    components::{
        dynamic::dynamic,
        sheet::{Sheet, open_while, use_sheet},
    },
};

/// Changes the text. The timeline shows it when the publication comes.
#[component]
pub(crate) fn EditDialog(event: StoredValue<EventId>, media: RwSignal<Option<Media>>) -> impl IntoView {
    view! {
        <Sheet open=open_while(media) title="Edit text">
            <EditForm event=event media=media />
        </Sheet>
    }
}

#[component]
fn EditForm(event: StoredValue<EventId>, media: RwSignal<Option<Media>>) -> impl IntoView {
    let sheet = use_sheet();
    let text = RwSignal::new(
        media.with_untracked(|media| media.as_ref().map(|m| m.text.clone()).unwrap_or_default()),
    );
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let submit = move |submitted: SubmitEvent| {
        submitted.prevent_default();
        let Some(id) = media.with_untracked(|media| media.as_ref().map(|m| m.id.clone())) else { return };
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            let patch = MediaPatch { text: Some(text.get_untracked().trim().to_owned()) };
            match api::patch_media(&event.get_value(), &id, &patch).await {
                Ok(_) => sheet.close(),
                Err(error) => {
                    busy.try_set(false);
                    problem.try_set(Some(error.message));
                }
            }
        });
    };
    view! {
        <form class="sheet-form" on:submit=submit>
            <div class="field">
                <label for="edit-text">"Text"</label>
                <textarea id="edit-text" class="input" rows="5" autofocus maxlength=MEDIA_TEXT_CHARS.to_string() bind:value=text></textarea>
            </div>
            <p class="error-text" role="alert" hidden=dynamic(move || problem.with(Option::is_none))>{problem}</p>
            <div class="sheet-end">
                <button class="btn btn-quiet" type="button" on:click=move |_| sheet.close()>"Cancel"</button>
                <button class="btn btn-primary" type="submit" aria-disabled=dynamic(move || busy.get().to_string())>"Save"</button>
            </div>
        </form>
    }
}

/// Deletes, after asking.
#[component]
pub(crate) fn DeleteDialog(event: StoredValue<EventId>, media: RwSignal<Option<Media>>) -> impl IntoView {
    view! {
        <Sheet open=open_while(media) title="Delete this update?">
            <DeleteForm event=event media=media />
        </Sheet>
    }
}

#[component]
fn DeleteForm(event: StoredValue<EventId>, media: RwSignal<Option<Media>>) -> impl IntoView {
    let sheet = use_sheet();
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let confirm = move |_| {
        let Some(id) = media.with_untracked(|media| media.as_ref().map(|m| m.id.clone())) else { return };
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            match api::delete_media(&event.get_value(), &id).await {
                Ok(()) => sheet.close(),
                // Somebody else was quicker.
                Err(error) if error.is_not_found() => sheet.close(),
                Err(error) => {
                    busy.try_set(false);
                    problem.try_set(Some(error.message));
                }
            }
        });
    };
    view! {
        <p>"It disappears for everybody, at once and for good."</p>
        <p class="error-text" role="alert" hidden=dynamic(move || problem.with(Option::is_none))>{problem}</p>
        <div class="sheet-end">
            <button class="btn btn-quiet" type="button" autofocus on:click=move |_| sheet.close()>"Cancel"</button>
            <button class="btn btn-danger" type="button" aria-disabled=dynamic(move || busy.get().to_string()) on:click=confirm>"Delete"</button>
        </div>
    }
}
