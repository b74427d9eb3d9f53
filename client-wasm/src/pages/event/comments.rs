//! The comments on an item, in a dialog: live while it is open. Fetched when it is first opened.

use std::collections::{BTreeMap, BTreeSet};

use leptos::{ev::SubmitEvent, prelude::*};
use shared::{
    CommentId, EventId, IdempotencyKey, MediaId,
    limits::COMMENT_TEXT_CHARS,
    model::{
        comment::{Comment, CommentChange, NewComment},
        media::Media,
    },
};

use super::{
    ear::{Ear, Said},
    rights::Rights,
};
use crate::{
    api::{Answer, ApiError, talk as api},
    browser,
    components::{
        announcer::use_announcer,
        avatar::Avatar,
        dynamic::{dynamic, when},
        form::{Form, FormProblem, LoadProblem, SubmitButton},
        icon::Icon,
        linked_text::linked_text,
        menu::{Menu, MenuEntry},
        sheet::{Sheet, open_while, use_sheet},
        time::TimeAgo,
    },
    pages::sign_in,
    session::use_session,
};

/// Of the list, which has the focus when the comment that had it goes.
const LIST: &str = "comments-list";

/// What the dialog knows.
#[derive(Clone, Copy)]
struct Thread {
    event: StoredValue<EventId>,
    media: StoredValue<MediaId>,
    /// In the order of time, as their ids are.
    comments: RwSignal<BTreeMap<CommentId, Comment>>,
    /// What is deleted while a page that has it still may be on its way.
    deleted: StoredValue<BTreeSet<CommentId>>,
    /// Asks for the page below.
    next: RwSignal<Option<String>>,
    loading: Form,
    known: RwSignal<bool>,
}

impl Thread {
    /// Reads a page: the newest, which is all there is to know from its oldest on, or the one below.
    fn load(self, before: Option<String>) {
        let is_first = before.is_none();
        let (event, media) = (self.event.get_value(), self.media.get_value());
        self.loading.run(async move {
            let page = api::comments(&event, &media, before).await?;
            self.comments.try_update(|comments| {
                if is_first {
                    // What has been heard meanwhile is younger than all on the page.
                    let newest = page.items.first().map(|comment| comment.id.clone());
                    comments.retain(|id, _| newest.as_ref().is_none_or(|newest| id > newest));
                }
                let is_there = |c: &Comment| {
                    self.deleted.try_with_value(|deleted| deleted.contains(&c.id)) != Some(true)
                };
                comments.extend(page.items.into_iter().filter(is_there).map(|c| (c.id.clone(), c)));
            });
            self.next.try_set(page.next);
            self.known.try_set(true);
            Ok(())
        });
    }

    fn hear(self, said: Said<'_>) {
        let publications = match said {
            Said::Refresh => return self.load(None),
            Said::Publications(publications) => publications,
        };
        for publication in publications {
            match publication.change.read::<CommentChange>() {
                Some(CommentChange::New(comment)) if comment.media_id == self.media.get_value() => {
                    self.put(*comment);
                }
                Some(CommentChange::Delete(gone)) => self.remove(gone.comment_id),
                _ => {}
            }
        }
    }

    fn put(self, comment: Comment) {
        self.comments.try_update(|comments| comments.insert(comment.id.clone(), comment));
    }

    fn remove(self, id: CommentId) {
        self.comments.try_update(|comments| comments.remove(&id));
        self.deleted.try_update_value(|deleted| deleted.insert(id));
    }
}

/// The dialog, while there is an item that it is about.
#[component]
pub(crate) fn Comments(event: StoredValue<EventId>, about: RwSignal<Option<Media>>) -> impl IntoView {
    view! {
        <Sheet open=open_while(about) title="Comments">
            {move || about.get_untracked().map(|media| {
                view! { <Talk event=event media=media.id /> }
            })}
        </Sheet>
    }
}

#[component]
fn Talk(event: StoredValue<EventId>, media: MediaId) -> impl IntoView {
    let (ear, rights) = (expect_context::<Ear>(), expect_context::<Rights>());
    let session = use_session();
    let sheet = use_sheet();
    let thread = Thread {
        event,
        media: StoredValue::new(media),
        comments: RwSignal::new(BTreeMap::new()),
        deleted: StoredValue::new(BTreeSet::new()),
        next: RwSignal::new(None),
        loading: Form::new(),
        known: RwSignal::new(false),
    };
    ear.open(move |said| thread.hear(said));
    thread.load(None);
    let ids = Memo::new(move |_| thread.comments.with(|all| all.keys().rev().cloned().collect::<Vec<_>>()));
    let signed_in = Memo::new(move |_| session.is_signed_in());
    let here =
        move || sign_in::address(&format!("/events/{}?item={}", event.get_value(), thread.media.get_value()));
    view! {
        {dynamic(move || if signed_in.get() {
            view! { <Write thread=thread /> }.into_any()
        } else {
            view! { <p><a class="btn btn-small" href=here()>"Sign in to comment"</a></p> }.into_any()
        })}
        <LoadProblem form=thread.loading again=move || thread.load(None) heading=LIST />
        <ul class="comments" id=LIST tabindex="-1" aria-label="Comments">
            <For each=move || ids.get() key=|id| id.clone() let:id>
                {thread.comments.with_untracked(|all| all.get(&id).cloned()).map(|comment| {
                    view! { <CommentRow thread=thread comment=comment rights=rights /> }
                })}
            </For>
        </ul>
        {when(
            move || thread.known.get() && ids.with(Vec::is_empty),
            || view! { <p class="hint">"Nobody has said anything yet."</p> }.into_any(),
        )}
        <div class="sheet-end">
            {when(move || thread.next.with(Option::is_some), move || view! {
                <button class="btn btn-quiet" type="button" on:click=move |_| thread.load(thread.next.get_untracked())>
                    "Show older"
                </button>
            }.into_any())}
            {when(move || signed_in.get(), move || view! { <MuteButton thread=thread /> }.into_any())}
            <button class="btn" type="button" on:click=move |_| sheet.close()>"Close"</button>
        </div>
    }
}

#[component]
fn Write(thread: Thread) -> impl IntoView {
    let form = Form::new();
    let text = RwSignal::new(String::new());
    // What was sent last, and under which key: sent again as it was, it is the same comment.
    let sent = StoredValue::new(None::<(String, IdempotencyKey)>);
    let send = move || async move {
        let words = text.get_untracked().trim().to_owned();
        if words.is_empty() {
            return Err(ApiError::of_field("", "Write something first."));
        }
        let again = sent.get_value().filter(|(before, _)| *before == words).map(|(_, key)| key);
        let key = again.or_else(|| browser::random_id().parse().ok());
        sent.set_value(key.clone().map(|key| (words.clone(), key)));
        let new = NewComment { text: words.clone(), key };
        let answer = api::comment(&thread.event.get_value(), &thread.media.get_value(), &new).await?;
        thread.put(answer);
        sent.try_set_value(None);
        // What has been written meanwhile is the next one.
        if text.try_get_untracked().is_some_and(|text| text.trim() == words) {
            text.set(String::new());
        }
        Ok(())
    };
    view! {
        <form class="comment-form" aria-label="Comment" on:submit=move |event: SubmitEvent| form.submit(&event, send())>
            <label class="visually-hidden" for="comment-text">"Your comment"</label>
            <textarea
                id="comment-text"
                class="input"
                rows="2"
                autofocus
                placeholder="Say something; @name tells somebody"
                maxlength=COMMENT_TEXT_CHARS.to_string()
                bind:value=text
            ></textarea>
            <FormProblem form=form />
            <SubmitButton form=form label="Comment" />
        </form>
    }
}

#[component]
fn CommentRow(thread: Thread, comment: Comment, rights: Rights) -> impl IntoView {
    let session = use_session();
    let announcer = use_announcer();
    let form = Form::new();
    let author = comment.author.id.clone();
    let may_delete =
        move || rights.may_manage() || session.id().is_some_and(|id| id == author) || session.is_admin();
    let id = StoredValue::new(comment.id);
    let delete = Callback::new(move |()| {
        // Its publication may take the row away before the answer comes.
        let (event, media, id) = (thread.event.get_value(), thread.media.get_value(), id.get_value());
        form.run(async move {
            gone(api::delete_comment(&event, &media, &id).await)?;
            thread.remove(id);
            browser::focus_if_lost(LIST);
            announcer.say("The comment was deleted.");
            Ok(())
        });
    });
    let at = browser::millis(&comment.created_at);
    view! {
        <li class="comment">
            <Avatar name=Signal::stored(comment.author.display_name.clone()) />
            <div class="rows-main">
                <p class="item-head">
                    <b class="who">{comment.author.display_name}</b>
                    <span class="when"><TimeAgo at=Signal::stored(at) /></span>
                </p>
                <p class="item-text">{linked_text(&comment.text)}</p>
                <FormProblem form=form />
            </div>
            {when(may_delete, move || view! {
                <Menu label="More" class="icon-btn" side="right" face=dynamic(|| Icon::More.draw())>
                    <MenuEntry class="danger" on_choose=delete>{Icon::Trash.draw()} "Delete"</MenuEntry>
                </Menu>
            }.into_any())}
        </li>
    }
}

/// Somebody else was quicker.
fn gone(answer: Answer<()>) -> Answer<()> {
    match answer {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}

/// Whether notifications come of this item.
#[component]
fn MuteButton(thread: Thread) -> impl IntoView {
    let form = Form::new();
    let muted = RwSignal::new(None::<bool>);
    let place = move || (thread.event.get_value(), thread.media.get_value());
    let (event, media) = place();
    form.run(async move {
        muted.try_set(Some(api::is_muted(&event, &media).await?));
        Ok(())
    });
    let turn = move |_| {
        let Some(now) = muted.get_untracked() else { return };
        let (event, media) = place();
        form.run(async move {
            api::set_muted(&event, Some(&media), !now).await?;
            muted.try_set(Some(!now));
            Ok(())
        });
    };
    view! {
        <FormProblem form=form />
        <button
            class="btn btn-quiet"
            type="button"
            title="No notifications of this update"
            aria-pressed=dynamic(move || muted.get().unwrap_or(false).to_string())
            aria-disabled=dynamic(move || (form.is_busy() || muted.get().is_none()).to_string())
            on:click=turn
        >
            {dynamic(move || if muted.get() == Some(true) { "Muted" } else { "Mute" })}
        </button>
    }
}
