//! The dialog that adds a story: a photo or a video from this machine, how it looks, a few words.

use leptos::{ev::SubmitEvent, html, prelude::*, task::spawn_local};
use shared::{
    IdempotencyKey, UploadId,
    limits::STORY_TEXT_CHARS,
    model::{media::MediaKind, story::NewStory},
};

use crate::{
    api::{Answer, ApiError, stories as api, upload},
    browser,
    components::{
        announcer::use_announcer,
        dynamic::{dynamic, when},
        icon::Icon,
        sheet::{Sheet, use_sheet},
    },
    pages::event::composer::files::{Draft, accept},
};

const ACCEPT: &str = "image/*,video/*";

/// The dialog.
#[component]
pub(super) fn AddDialog(open: RwSignal<bool>) -> impl IntoView {
    view! {
        <Sheet open=open title="Add a story">
            <AddForm />
        </Sheet>
    }
}

/// What has been made ready: an upload, once it is there, and the key of the story.
#[derive(Clone, Copy)]
struct Adding {
    draft: RwSignal<Option<Draft>, LocalStorage>,
    text: RwSignal<String>,
    busy: RwSignal<bool>,
    problem: RwSignal<Option<String>>,
    /// The share of the file that has been sent, from 0 to 1.
    progress: RwSignal<f64>,
    /// Sent already, and the key of the story that is made of it: trying again does nothing twice.
    sent: RwSignal<Option<(UploadId, IdempotencyKey)>>,
}

impl Adding {
    fn take(self, file: web_sys::File) {
        self.forget();
        match accept(file) {
            Ok(draft) if matches!(draft.kind, MediaKind::Photo | MediaKind::Video) => {
                self.draft.set(Some(draft));
            }
            Ok(draft) => {
                draft.discard();
                self.problem.set(Some("A story is a photo or a video.".to_owned()));
            }
            Err(problem) => self.problem.set(Some(problem)),
        }
    }

    /// Lets go of the file that was chosen.
    fn forget(self) {
        if let Some(draft) = self.draft.try_update(Option::take).flatten() {
            draft.discard();
        }
        self.sent.try_set(None);
        self.problem.try_set(None);
        self.progress.try_set(0.0);
    }

    async fn post(self, draft: Draft) -> Answer<()> {
        let (upload_id, key) = match self.sent.get_untracked() {
            Some(sent) => sent,
            None => {
                let progress = self.progress;
                let poster = draft.poster.get_untracked();
                let file = upload::file(&draft.file, poster.as_ref(), move |share| {
                    progress.try_set(share);
                });
                let upload_id = file.await?.upload_id;
                // What is made up here is an identifier.
                let key =
                    browser::random_id().parse::<IdempotencyKey>().map_err(|_| ApiError::unreachable())?;
                let sent = (upload_id, key);
                self.sent.try_set(Some(sent.clone()));
                sent
            }
        };
        let text = self.text.try_get_untracked().unwrap_or_default().trim().to_owned();
        api::post(&NewStory { upload_id, text }, &key).await.map(drop)
    }
}

#[component]
fn AddForm() -> impl IntoView {
    let sheet = use_sheet();
    let announcer = use_announcer();
    let adding = Adding {
        draft: RwSignal::new_local(None),
        text: RwSignal::new(String::new()),
        busy: RwSignal::new(false),
        problem: RwSignal::new(None),
        progress: RwSignal::new(0.0),
        sent: RwSignal::new(None),
    };
    on_cleanup(move || adding.forget());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if adding.busy.get_untracked() {
            return;
        }
        let Some(draft) = adding.draft.get_untracked() else {
            adding.problem.set(Some("Choose a photo or a video.".to_owned()));
            return;
        };
        adding.busy.set(true);
        adding.problem.set(None);
        spawn_local(async move {
            let answer = adding.post(draft).await;
            adding.busy.try_set(false);
            match answer {
                Ok(()) => {
                    announcer.say("Your story is there until tomorrow.");
                    sheet.close();
                }
                Err(error) => {
                    adding.problem.try_set(Some(error.message));
                }
            }
        });
    };
    let percent = move || (adding.progress.get() * 100.0) as u32;
    view! {
        <form class="sheet-form" on:submit=submit novalidate>
            <Chooser adding=adding />
            <div class="field">
                <label for="story-text">"Text"</label>
                <input id="story-text" class="input" maxlength=STORY_TEXT_CHARS.to_string() autocomplete="off" bind:value=adding.text />
            </div>
            {when(move || adding.busy.get(), move || view! {
                <div class="echo-state">
                    <span class="num">{dynamic(move || format!("Sending… {} %", percent()))}</span>
                    <progress max="100" value=dynamic(move || percent().to_string()) aria-label="Sent"></progress>
                </div>
            }.into_any())}
            <p class="error-text" role="alert" hidden=dynamic(move || adding.problem.with(Option::is_none))>{adding.problem}</p>
            <div class="sheet-end">
                <button class="btn btn-quiet" type="button" on:click=move |_| sheet.close()>"Cancel"</button>
                <button class="btn btn-primary" type="submit" aria-disabled=dynamic(move || adding.busy.get().to_string())>"Share"</button>
            </div>
        </form>
    }
}

/// The file: chosen, and how it looks.
#[component]
fn Chooser(adding: Adding) -> impl IntoView {
    let picker = NodeRef::<html::Input>::new();
    let chosen = move |_| {
        let Some(input) = picker.get_untracked() else { return };
        if let Some(file) = input.files().and_then(|files| files.get(0)) {
            adding.take(file);
        }
        // So that the same file can be chosen again.
        input.set_value("");
    };
    let choose = move |_| {
        if let Some(input) = picker.get_untracked().filter(|_| !adding.busy.get_untracked()) {
            input.click();
        }
    };
    let has_one = Memo::new(move |_| adding.draft.with(Option::is_some));
    let label = move || if has_one.get() { "Choose another" } else { "Choose a photo or a video" };
    view! {
        <div class="story-chooser">
            {dynamic(move || adding.draft.with(|draft| draft.as_ref().map(|draft| view! {
                <div class="story-draft">{draft.draw()}</div>
            })))}
            <button class="btn" type="button" autofocus on:click=choose>{Icon::Camera.draw()} {label}</button>
            <input node_ref=picker type="file" accept=ACCEPT hidden aria-label="Photo or video" on:change=chosen />
        </div>
    }
}
