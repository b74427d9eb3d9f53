//! Where people write: text, files by button, camera, drop or paste, and the name that visitors go under.

use leptos::{
    ev::{KeyboardEvent, SubmitEvent},
    html,
    prelude::*,
};
use shared::{
    AccountId, EventId, Topic,
    limits::{DISPLAY_NAME_CHARS, MEDIA_TEXT_CHARS},
    model::media::MediaKind,
};
use wasm_bindgen::JsCast;

pub(crate) mod files;
mod queue;
pub(crate) mod typing;

use files::{Draft, accept};
use queue::Queue;
use typing::Typing;

use super::{feed::Feed, outgoing::Outgoing};
use crate::{
    browser,
    components::dynamic::{dynamic, when},
    components::icon::Icon,
    driver::use_live,
    outbox::{NewPost, Timeline, outbox},
    session::use_session,
    storage,
};

/// What the file button offers.
const ACCEPT: &str = "image/*,video/*,audio/*";
/// So many characters before the limit, what is left is shown.
const COUNT_LEFT: i64 = 400;

/// What is being written. It outlives the composer: who may not post for a moment finds it again, and so does who
/// signs in or out in another tab.
#[derive(Clone, Copy)]
pub(crate) struct Writing {
    owner: StoredValue<Owner>,
    /// The account that was signed in last.
    account: StoredValue<Option<AccountId>>,
    text: RwSignal<String>,
    name: RwSignal<String>,
    drafts: RwSignal<Vec<Draft>, LocalStorage>,
    problem: RwSignal<Option<String>>,
    name_missing: RwSignal<bool>,
}

impl Writing {
    /// Nothing yet, for as long as the caller's own signals last.
    pub(crate) fn new() -> Self {
        Self {
            owner: StoredValue::new(Owner::current().unwrap_or_default()),
            account: StoredValue::new(None),
            text: RwSignal::new(String::new()),
            name: RwSignal::new(storage::display_name()),
            drafts: RwSignal::new_local(Vec::new()),
            problem: RwSignal::new(None),
            name_missing: RwSignal::new(false),
        }
    }

    /// This account is signed in now: what another one was writing is not its own.
    pub(crate) fn belongs_to(self, account: Option<AccountId>) {
        let Some(account) = account else { return };
        let before = self.account.get_value();
        if before.is_some_and(|before| before != account) {
            self.text.set(String::new());
            self.problem.set(None);
            for draft in self.drafts.try_update(std::mem::take).into_iter().flatten() {
                draft.discard();
            }
        }
        self.account.set_value(Some(account));
    }

    /// Takes the files that can be posted, and says why about the others.
    fn add(self, files: &web_sys::FileList) {
        let files = (0..files.length()).filter_map(|index| files.get(index));
        let mut problems = Vec::new();
        for file in files {
            match self.owner.with_value(|owner| owner.with(|| accept(file))) {
                Ok(draft) => self.drafts.update(|drafts| drafts.push(draft)),
                Err(problem) => problems.push(problem),
            }
        }
        self.problem.set((!problems.is_empty()).then(|| problems.join(" ")));
    }
}

/// The composer.
#[component]
pub(crate) fn Composer(event: EventId, feed: Feed, outgoing: Outgoing, writing: Writing) -> impl IntoView {
    let typing = Typing::on(Topic::event(&event));
    let event = StoredValue::new(event);
    let session = use_session();
    let sender = outbox(session, use_live());
    let timeline = StoredValue::new_local(Timeline::of(&sender, event.get_value(), feed, outgoing));
    let not_kept = StoredValue::new(sender.told().not_kept);
    let known_as = move || session.account.with(|a| a.as_ref().map(|a| a.person.display_name.clone()));
    let area = NodeRef::<html::Textarea>::new();
    let name = NodeRef::<html::Input>::new();
    let picker = NodeRef::<html::Input>::new();
    let camera = NodeRef::<html::Input>::new();
    let dragging = dropping(writing);

    let post = move || {
        let text = writing.text.get_untracked().trim().to_owned();
        if text.is_empty() && writing.drafts.with_untracked(Vec::is_empty) {
            writing.problem.set(Some("Write something, or attach a file.".to_owned()));
            return;
        }
        let signed_in = untrack(known_as);
        let author = signed_in.clone().unwrap_or_else(|| writing.name.get_untracked().trim().to_owned());
        if author.is_empty() {
            writing.problem.set(Some("Say who you are: your name stands beside what you post.".to_owned()));
            writing.name_missing.set(true);
            if let Some(name) = name.get_untracked() {
                name.focus().ok();
            }
            return;
        }
        if text.chars().count() > MEDIA_TEXT_CHARS {
            writing.problem.set(Some(format!("The text is longer than {MEDIA_TEXT_CHARS} characters.")));
            return;
        }
        if signed_in.is_none() {
            storage::set_display_name(&author);
        }
        writing.problem.set(None);
        writing.name_missing.set(false);
        if browser::scroll_y() > 0.0 {
            browser::scroll_to(0.0, false);
        }
        for new in posts(&author, &text, writing.drafts.get_untracked()) {
            timeline.with_value(|timeline| timeline.record(new));
        }
        writing.drafts.set(Vec::new());
        writing.text.set(String::new());
        typing.posted();
        grow(area);
    };
    area.on_load(move |_| grow(area));
    let left = move || MEDIA_TEXT_CHARS as i64 - writing.text.with(|text| text.chars().count()) as i64;

    view! {
        <form
            class="composer"
            aria-label="Post an update"
            on:submit=move |submitted: SubmitEvent| {
                submitted.prevent_default();
                post();
            }
        >
            <textarea
                node_ref=area
                rows="1"
                aria-label="What is happening?"
                placeholder="What is happening?"
                bind:value=writing.text
                on:input=move |input| {
                    grow(area);
                    typing.changed(&event_target_value(&input));
                }
                on:keydown=move |pressed| on_key(&pressed, post)
            ></textarea>
            <Previews writing=writing />
            <p class="error-text" role="alert" hidden=dynamic(move || writing.problem.with(Option::is_none))>{writing.problem}</p>
            <p class="error-text" role="alert" hidden=dynamic(move || not_kept.with_value(|why| why.with(Option::is_none)))>
                {dynamic(move || not_kept.with_value(|why| why.get()))}
            </p>
            <div class="composer-row">
                <button class="icon-btn" type="button" aria-label="Attach files" title="Attach files" on:click=move |_| press(picker)>
                    {Icon::Clip.draw()}
                </button>
                <button class="icon-btn only-touch" type="button" aria-label="Take a photo" title="Take a photo" on:click=move |_| press(camera)>
                    {Icon::Camera.draw()}
                </button>
                <span class="composer-count num" data-over=dynamic(move || (left() < 0).to_string()) hidden=dynamic(move || left() > COUNT_LEFT)>
                    {left}
                </span>
                <div class="composer-as">
                    {dynamic(move || known_as().map_or_else(
                        || name_field(writing, name, post).into_any(),
                        |known_as| view! { <span class="composer-name"><span class="visually-hidden">"You post as "</span>{known_as}</span> }.into_any(),
                    ))}
                </div>
                <Queue outbox=sender />
                <button class="btn btn-primary" type="submit">"Post"</button>
            </div>

            <input node_ref=picker type="file" accept=ACCEPT multiple hidden aria-label="Files" on:change=move |_| take(picker, writing) />
            <input node_ref=camera type="file" accept="image/*" capture="environment" hidden aria-label="Camera" on:change=move |_| take(camera, writing) />
        </form>
        {when(
            move || dragging.get(),
            || view! { <div class="drop-veil"><div>"Drop to attach"</div></div> }.into_any(),
        )}
    }
}

/// A visitor says who they are.
fn name_field(
    writing: Writing,
    name: NodeRef<html::Input>,
    post: impl Fn() + Copy + 'static,
) -> impl IntoView {
    view! {
        <input
            node_ref=name
            aria-label="Your name"
            placeholder="Your name"
            maxlength=DISPLAY_NAME_CHARS.to_string()
            autocomplete="nickname"
            aria-invalid=dynamic(move || writing.name_missing.get().to_string())
            bind:value=writing.name
            on:keydown=move |pressed| on_key(&pressed, post)
        />
    }
}

/// Ctrl or Cmd with Enter posts.
fn on_key(pressed: &KeyboardEvent, post: impl Fn()) {
    if pressed.key() == "Enter" && (pressed.ctrl_key() || pressed.meta_key()) {
        pressed.prevent_default();
        post();
    }
}

/// One item for each file; the text goes with the first.
fn posts(author: &str, text: &str, drafts: Vec<Draft>) -> Vec<NewPost> {
    if drafts.is_empty() {
        let kind = MediaKind::Text;
        return vec![NewPost {
            author: author.to_owned(),
            text: text.to_owned(),
            kind,
            file: None,
            poster: None,
            preview: None,
        }];
    }
    let texts = std::iter::once(text.to_owned()).chain(std::iter::repeat(String::new()));
    drafts
        .into_iter()
        .zip(texts)
        .map(|(draft, text)| NewPost {
            author: author.to_owned(),
            text,
            kind: draft.kind,
            poster: draft.poster.get_untracked(),
            preview: Some(draft.preview()),
            file: Some(draft.file),
        })
        .collect()
}

#[component]
fn Previews(writing: Writing) -> impl IntoView {
    view! {
        <ul class="previews" hidden=dynamic(move || writing.drafts.with(Vec::is_empty)) aria-label="Attached files">
            <For each=move || writing.drafts.get() key=|draft| draft.number let:draft>
                {
                    let number = draft.number;
                    let label = format!("Remove {}", draft.file.name());
                    let detach = move |_| {
                        writing.drafts.update(|drafts| {
                            if let Some(at) = drafts.iter().position(|draft| draft.number == number) {
                                drafts.remove(at).discard();
                            }
                        });
                    };
                    view! {
                        <li class="preview">
                            {draft.draw()}
                            <button class="icon-btn" type="button" aria-label=label on:click=detach>{Icon::Close.draw()}</button>
                        </li>
                    }
                }
            </For>
        </ul>
    }
}

/// Makes the text area as high as its text.
fn grow(area: NodeRef<html::Textarea>) {
    let Some(area) = area.get_untracked() else { return };
    // After the value has reached the element.
    browser::before_paint(move || {
        let style = web_sys::HtmlElement::style(&area);
        style.set_property("height", "auto").ok();
        style.set_property("height", &format!("{}px", area.scroll_height())).ok();
    });
}

fn press(input: NodeRef<html::Input>) {
    if let Some(input) = input.get_untracked() {
        input.click();
    }
}

fn take(input: NodeRef<html::Input>, writing: Writing) {
    let Some(input) = input.get_untracked() else { return };
    if let Some(files) = input.files() {
        writing.add(&files);
    }
    // So that the same file can be chosen again.
    input.set_value("");
}

/// Files dropped on the page or pasted anywhere. Whether something is being dragged over it.
fn dropping(writing: Writing) -> RwSignal<bool> {
    let dragging = RwSignal::new(false);
    let document = browser::document();
    let has_files = |event: &web_sys::Event| {
        let data = event.dyn_ref::<web_sys::DragEvent>().and_then(web_sys::DragEvent::data_transfer);
        data.is_some_and(|data| data.types().iter().any(|kind| kind == "Files"))
    };
    let listeners = vec![
        browser::listen(&document, "dragover", move |event| {
            if has_files(&event) {
                event.prevent_default();
                if !dragging.get_untracked() {
                    dragging.set(true);
                }
            }
        }),
        browser::listen(&document, "dragleave", move |event| {
            // Out of the window, not from one element to the next.
            if event.dyn_ref::<web_sys::DragEvent>().is_some_and(|event| event.related_target().is_none()) {
                dragging.set(false);
            }
        }),
        browser::listen(&document, "drop", move |event| {
            dragging.set(false);
            let Some(data) =
                event.dyn_ref::<web_sys::DragEvent>().and_then(web_sys::DragEvent::data_transfer)
            else {
                return;
            };
            if let Some(files) = data.files().filter(|files| files.length() > 0) {
                event.prevent_default();
                writing.add(&files);
            }
        }),
        browser::listen(&document, "paste", move |event| {
            let data =
                event.dyn_ref::<web_sys::ClipboardEvent>().and_then(web_sys::ClipboardEvent::clipboard_data);
            if let Some(files) = data.and_then(|data| data.files()).filter(|files| files.length() > 0) {
                event.prevent_default();
                writing.add(&files);
            }
        }),
    ];
    let listeners = StoredValue::new_local(listeners);
    on_cleanup(move || listeners.dispose());
    dragging
}
