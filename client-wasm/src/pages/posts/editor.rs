//! Writing a post: text, file, destinations and time; for what is there already also who works on it.

use leptos::{ev::SubmitEvent, html, prelude::*};
use shared::{
    ErrorCode, IdempotencyKey, PostId, Timestamp, UploadId,
    limits::POST_TEXT_CHARS,
    model::post::{NewDestination, NewPost, Post, PostPatch, PostStatus},
};

use super::{Editing, State, destinations::Destinations, editors::Editors};
use crate::{
    api::{Answer, ApiError, posts, upload},
    browser,
    components::{
        dynamic::{dynamic, when},
        form::{Field, Form, FormProblem},
        sheet::use_sheet,
    },
    pages::event::composer::files::{Draft as File, accept},
};

/// What happens to a post once it is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// It waits for its writer.
    Keep,
    Schedule,
    Publish,
}

/// What has been filled in.
#[derive(Clone, Copy)]
struct Draft {
    /// The post as it was read or saved last; what is saved takes its place.
    known: RwSignal<Option<(PostId, u64, PostStatus)>>,
    /// What was sent to be made a post, and its key: sent again after no answer, it is not made twice.
    sent: StoredValue<Option<(NewPost, IdempotencyKey)>>,
    text: RwSignal<String>,
    at: RwSignal<String>,
    chosen: RwSignal<Vec<NewDestination>>,
    /// What the attachment that is there is called.
    attached: RwSignal<Option<String>>,
    file: RwSignal<Option<File>, LocalStorage>,
    /// The file, once the server has it.
    uploaded: StoredValue<Option<UploadId>>,
}

impl Draft {
    fn of(post: Option<&Post>) -> Self {
        let scheduled = post.filter(|post| post.status == PostStatus::Scheduled);
        let at = scheduled.and_then(|post| post.publish_at.as_ref());
        let at = at.map(|at| browser::local_input(browser::millis(at)));
        let chosen = post.map(|post| post.destinations.iter().map(|place| place.target.asked()).collect());
        let attached = post.and_then(|post| post.attachment.as_ref()).map(|file| file.content_type.clone());
        Self {
            known: RwSignal::new(post.map(known)),
            sent: StoredValue::new(None),
            text: RwSignal::new(post.map(|post| post.text.clone()).unwrap_or_default()),
            at: RwSignal::new(at.unwrap_or_default()),
            chosen: RwSignal::new(chosen.unwrap_or_default()),
            attached: RwSignal::new(attached),
            file: RwSignal::new_local(None),
            uploaded: StoredValue::new(None),
        }
    }

    fn status(self) -> PostStatus {
        self.known.with(|known| known.as_ref().map_or(PostStatus::Draft, |(.., status)| *status))
    }

    /// The time that was filled in.
    fn time(self) -> Option<Timestamp> {
        browser::timestamp(browser::of_local_input(&self.at.get_untracked()))
    }

    /// Lets go of the file that was chosen, for another or for none.
    fn choose(self, next: Option<File>) {
        self.uploaded.try_set_value(None);
        if let Some(before) = self.file.try_update(|file| std::mem::replace(file, next)).flatten() {
            before.discard();
        }
    }

    async fn upload(self) -> Answer<Option<UploadId>> {
        if let Some(uploaded) = self.uploaded.get_value() {
            return Ok(Some(uploaded));
        }
        let Some(file) = self.file.get_untracked() else { return Ok(None) };
        let poster = file.poster.get_untracked();
        let stored = upload::file(&file.file, poster.as_ref(), |_| ()).await?;
        self.uploaded.try_set_value(Some(stored.upload_id.clone()));
        Ok(Some(stored.upload_id))
    }

    async fn save(self, state: State) -> Answer<Post> {
        let upload_id = self.upload().await?;
        let text = self.text.get_untracked().trim().to_owned();
        let destinations = self.chosen.get_untracked();
        let saved = match self.known.get_untracked() {
            None => posts::create(&self.keyed(NewPost { text, upload_id, destinations, key: None })).await?,
            Some((id, version, _)) => {
                let remove_attachment = upload_id.is_none() && self.attached.with_untracked(Option::is_none);
                let patch = PostPatch {
                    version: Some(version),
                    text: Some(text),
                    upload_id,
                    remove_attachment,
                    destinations: Some(destinations),
                };
                match posts::patch(&id, &patch).await {
                    Err(error) if error.code == Some(ErrorCode::Conflict) => {
                        return Err(self.meanwhile(state, &id, error));
                    }
                    saved => saved?,
                }
            }
        };
        // Once saved it is saved: trying again goes on from here.
        self.choose(None);
        self.attached.try_set(saved.attachment.as_ref().map(|file| file.content_type.clone()));
        self.answered(state, saved.clone());
        Ok(saved)
    }

    /// What came of a change that was made here; the page may have been left meanwhile.
    fn answered(self, state: State, post: Post) {
        self.known.try_set(Some(known(&post)));
        state.answered(post);
    }

    /// The same with a key: that of the same sent before, if there was no answer.
    fn keyed(self, new: NewPost) -> NewPost {
        let before = self.sent.get_value().filter(|(sent, _)| *sent == new).map(|(_, key)| key);
        let key = before.or_else(|| browser::random_id().parse().ok());
        self.sent.set_value(key.clone().map(|key| (new.clone(), key)));
        NewPost { key, ..new }
    }

    /// Somebody else was quicker. What they made of it is known by now; saving again takes its place.
    fn meanwhile(self, state: State, id: &PostId, error: ApiError) -> ApiError {
        if error.field.as_deref() != Some("version") {
            return error;
        }
        self.known.update(|draft| {
            if let Some(post) = state.posts.with_untracked(|list| list.get(id).map(known)) {
                *draft = Some(post);
            }
        });
        let message = "Somebody else has changed this post meanwhile. Your words are kept here; saving again takes the place of theirs.";
        ApiError { message: message.to_owned(), ..error }
    }

    /// Saves, and does with the post what was asked for.
    async fn run(self, state: State, then: Then) -> Answer<()> {
        let time = self.time();
        if then == Then::Schedule && time.is_none() {
            return Err(ApiError::of_field("at", "Say when it is to go out."));
        }
        let saved = self.save(state).await?;
        let done = match (then, time, saved.status) {
            (Then::Schedule, Some(at), _) => posts::schedule(&saved.id, at).await?,
            (Then::Publish, _, PostStatus::Failed) => posts::turn(&saved.id, "retry").await?,
            (Then::Publish, ..) => posts::turn(&saved.id, "publish").await?,
            (Then::Keep, _, PostStatus::Scheduled) => posts::turn(&saved.id, "unschedule").await?,
            _ => return Ok(()),
        };
        self.answered(state, done);
        Ok(())
    }
}

fn known(post: &Post) -> (PostId, u64, PostStatus) {
    (post.id.clone(), post.version, post.status)
}

/// The contents of the sheet.
#[component]
pub(super) fn Editor(state: State) -> impl IntoView {
    let sheet = use_sheet();
    let form = Form::new();
    let post = match state.editing.get_untracked() {
        Some(Editing::Post(id)) => state.posts.with_untracked(|list| list.get(&id).cloned()),
        Some(Editing::New) | None => None,
    };
    let draft = Draft::of(post.as_ref());
    on_cleanup(move || draft.choose(None));
    let run = move |then: Then| {
        form.run(async move {
            draft.run(state, then).await?;
            sheet.close();
            Ok(())
        });
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        run(Then::Keep);
    };
    let is_timed = Memo::new(move |_| draft.at.with(|at| !at.is_empty()));
    let keep = move || if draft.status() == PostStatus::Failed { "Save" } else { "Save as draft" };
    let send = move || match (is_timed.get(), draft.status()) {
        (true, _) => "Schedule",
        (false, PostStatus::Failed) => "Try again",
        (false, _) => "Publish now",
    };
    let press = move |_| run(if is_timed.get_untracked() { Then::Schedule } else { Then::Publish });
    let busy = move || form.is_busy().to_string();
    let hint =
        format!("In your time zone ({}). Without a time it goes out when you say so.", browser::time_zone());
    view! {
        <form class="sheet-form" on:submit=submit novalidate>
            <div class="field">
                <label for="post-text">"Text"</label>
                <textarea id="post-text" class="input" rows="5" autofocus maxlength=POST_TEXT_CHARS.to_string() bind:value=draft.text></textarea>
            </div>
            <Attachment draft=draft />
            <Destinations state=state chosen=draft.chosen />
            <Field form=form name="at" id="post-at" label="Goes out at" kind="datetime-local" autocomplete="off" value=draft.at hint=hint />
            <FormProblem form=form />
            <div class="sheet-end">
                <button class="btn btn-quiet" type="button" on:click=move |_| sheet.close()>"Cancel"</button>
                <button class="btn" type="submit" aria-disabled=dynamic(busy)>{keep}</button>
                <button class="btn btn-primary" type="button" aria-disabled=dynamic(busy) on:click=press>{send}</button>
            </div>
        </form>
        {post.map(|post| view! { <Editors state=state post=post /> })}
    }
}

#[component]
fn Attachment(draft: Draft) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    let problem = RwSignal::new(None::<String>);
    let name = Memo::new(move |_| {
        let chosen = draft.file.with(|file| file.as_ref().map(|file| file.file.name()));
        chosen.or_else(|| draft.attached.get())
    });
    let chosen = move |_| {
        let file = input.get_untracked().and_then(|input| input.files()).and_then(|files| files.get(0));
        let taken = file.map(accept).transpose();
        problem.set(taken.as_ref().err().cloned());
        draft.choose(taken.unwrap_or_default());
    };
    let remove = move |_| {
        draft.choose(None);
        draft.attached.set(None);
        problem.set(None);
        if let Some(input) = input.get_untracked() {
            input.set_value("");
            // The button that had the focus goes.
            input.focus().ok();
        }
    };
    view! {
        <div class="field">
            <label for="post-file">"Photo, video or sound"</label>
            <input id="post-file" class="input" type="file" accept="image/*,video/*,audio/*" node_ref=input on:change=chosen />
            <p class="error-text" role="alert" hidden=dynamic(move || problem.with(Option::is_none))>{problem}</p>
            {when(move || name.with(Option::is_some), move || view! {
                <div class="row">
                    <span class="hint">{name}</span>
                    <button class="btn btn-small" type="button" on:click=remove>"Remove the file"</button>
                </div>
            }.into_any())}
        </div>
    }
}
