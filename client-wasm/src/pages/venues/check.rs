//! Saying how it is: a rating, how full it is, a line, a photo. What is typed stays until the server has it.

use leptos::{ev::SubmitEvent, html, prelude::*};
use shared::{
    VenueId,
    limits::{DISPLAY_NAME_CHARS, RATING_MAX, VIBE_CHECK_TEXT_CHARS},
    model::{
        media::MediaKind,
        venue::{Crowd, NewVibeCheck},
    },
};

use super::words::crowd_word;
use crate::{
    api::{Answer, ApiError, upload, venues as api},
    browser,
    components::{
        announcer::use_announcer,
        dynamic::{dynamic, when},
        form::{Form, FormProblem, SubmitButton},
        icon::Icon,
    },
    pages::event::composer::files::{Draft, accept},
    session::use_session,
    storage,
};

/// What is being said.
#[derive(Clone, Copy)]
struct Saying {
    rating: RwSignal<Option<u8>>,
    crowd: RwSignal<Option<Crowd>>,
    text: RwSignal<String>,
    author: RwSignal<String>,
    photo: RwSignal<Option<Draft>, LocalStorage>,
    /// The photo as it was stored, and the identity of the vibe check: sent again, it is stored once.
    upload: StoredValue<Option<shared::UploadId>>,
    key: StoredValue<String>,
}

impl Saying {
    fn new() -> Self {
        Self {
            rating: RwSignal::new(None),
            crowd: RwSignal::new(None),
            text: RwSignal::default(),
            author: RwSignal::new(storage::display_name()),
            photo: RwSignal::new_local(None),
            upload: StoredValue::default(),
            key: StoredValue::new(browser::random_id()),
        }
    }

    /// Something else is said from now on.
    fn changed(self) {
        self.key.try_set_value(browser::random_id());
    }

    fn forget_photo(self) {
        if let Some(draft) = self.photo.try_update(Option::take).flatten() {
            draft.discard();
        }
        self.upload.try_set_value(None);
        self.changed();
    }

    fn forget(self) {
        self.forget_photo();
        self.rating.try_set(None);
        self.crowd.try_set(None);
        self.text.try_set(String::new());
    }

    async fn send(self, venue: &VenueId) -> Answer<()> {
        let photo = self.photo.get_untracked();
        let mut new = NewVibeCheck {
            author: self.author.get_untracked().trim().to_owned(),
            rating: self.rating.get_untracked(),
            crowd: self.crowd.get_untracked(),
            text: self.text.get_untracked().trim().to_owned(),
            upload_id: self.upload.get_value(),
        };
        if new.rating.is_none() && new.crowd.is_none() && new.text.is_empty() && photo.is_none() {
            return Err(ApiError::of_field(
                "nothing",
                "Say something first: a rating, how full it is, a line or a photo.",
            ));
        }
        if let Some(draft) = photo.filter(|_| new.upload_id.is_none()) {
            let stored = upload::file(&draft.file, None, |_| ()).await?;
            self.upload.try_set_value(Some(stored.upload_id.clone()));
            new.upload_id = Some(stored.upload_id);
        }
        if !new.author.is_empty() {
            storage::set_display_name(&new.author);
        }
        let key = self
            .key
            .try_with_value(|key| key.parse())
            .and_then(Result::ok)
            .ok_or_else(ApiError::unreachable)?;
        let answer = api::check(venue, &new, &key).await.map(drop);
        if answer.as_ref().is_err_and(|error| !error.is_passing()) {
            self.changed();
        }
        answer
    }
}

/// The form.
#[component]
pub(super) fn CheckForm(venue: StoredValue<VenueId>) -> impl IntoView {
    let (session, announcer) = (use_session(), use_announcer());
    let form = Form::new();
    let saying = Saying::new();
    on_cleanup(move || saying.forget_photo());
    let submit = move |event: SubmitEvent| {
        form.submit(&event, async move {
            saying.send(&venue.get_value()).await?;
            announcer.say("Your vibe check is there.");
            saying.forget();
            Ok(())
        });
    };
    view! {
        <form class="check-form" on:submit=submit novalidate aria-label="Vibe check">
            <fieldset class="choice">
                <legend>"Rating"</legend>
                {(1..=RATING_MAX as u8).map(|number| {
                    let id = format!("rating-{number}");
                    view! {
                        <input type="radio" name="rating" id=id.clone() prop:checked=dynamic(move || saying.rating.get() == Some(number)) on:change=move |_| {
                            saying.rating.set(Some(number));
                            saying.changed();
                        } />
                        <label for=id class="num">{number}</label>
                    }
                }).collect_view()}
            </fieldset>
            <fieldset class="choice">
                <legend>"How full is it?"</legend>
                {Crowd::ALL.map(|crowd| {
                    let id = format!("crowd-{}", crowd.as_str());
                    view! {
                        <input type="radio" name="crowd" id=id.clone() prop:checked=dynamic(move || saying.crowd.get() == Some(crowd)) on:change=move |_| {
                            saying.crowd.set(Some(crowd));
                            saying.changed();
                        } />
                        <label for=id>{crowd_word(crowd)}</label>
                    }
                }).collect_view()}
            </fieldset>
            <div class="field">
                <label for="check-text">"In a line"</label>
                <input id="check-text" class="input" maxlength=VIBE_CHECK_TEXT_CHARS.to_string() autocomplete="off" on:input=move |_| saying.changed() bind:value=saying.text />
            </div>
            {when(move || session.is_known() && !session.is_signed_in(), move || view! {
                <div class="field">
                    <label for="check-author">"Your name"</label>
                    <input id="check-author" class="input" maxlength=DISPLAY_NAME_CHARS.to_string() autocomplete="nickname" on:input=move |_| saying.changed() bind:value=saying.author />
                </div>
            }.into_any())}
            <Photo saying=saying form=form />
            <FormProblem form=form />
            <div class="row"><SubmitButton form=form label="Post vibe check" /></div>
        </form>
    }
}

/// The photo: chosen, and how it looks.
#[component]
fn Photo(saying: Saying, form: Form) -> impl IntoView {
    let picker = NodeRef::<html::Input>::new();
    let chosen = move |_| {
        let Some(input) = picker.get_untracked() else { return };
        if let Some(file) = input.files().and_then(|files| files.get(0)) {
            saying.forget_photo();
            match accept(file) {
                Ok(draft) if draft.kind == MediaKind::Photo => saying.photo.set(Some(draft)),
                Ok(draft) => {
                    draft.discard();
                    form.run(async { Err(ApiError::of_field("nothing", "A vibe check takes a photo.")) });
                }
                Err(problem) => form.run(async move { Err(ApiError::of_field("nothing", &problem)) }),
            }
        }
        // So that the same file can be chosen again.
        input.set_value("");
    };
    let has_one = Memo::new(move |_| saying.photo.with(Option::is_some));
    view! {
        <div class="check-photo">
            {dynamic(move || saying.photo.with(|draft| draft.as_ref().map(|draft| view! { <div class="story-draft">{draft.draw()}</div> })))}
            <div class="row">
                <button class="btn btn-small" type="button" on:click=move |_| {
                    if let Some(input) = picker.get_untracked() {
                        input.click();
                    }
                }>{Icon::Camera.draw()} {dynamic(move || if has_one.get() { "Another photo" } else { "Add a photo" })}</button>
                {when(move || has_one.get(), move || view! {
                    <button class="btn btn-small btn-quiet" type="button" on:click=move |_| saying.forget_photo()>"Remove it"</button>
                }.into_any())}
            </div>
            <input node_ref=picker type="file" accept="image/*" hidden aria-label="Photo" on:change=chosen />
        </div>
    }
}
