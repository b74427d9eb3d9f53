//! Items of an event's timeline, with their files: how they become drafts, and how drafts are shown in the timeline.
//! Sends nothing. Made by the composer.

use std::rc::{Rc, Weak};

use client_core::{
    outbox::{Author, Draft, State},
    timeline::{Echo, EchoState},
};
use leptos::{prelude::Set as _, task::spawn_local};
use serde::{Deserialize, Serialize};
use shared::{
    EventId, IdempotencyKey, Topic,
    model::media::{Media, MediaKind, NewMedia},
};

use super::{
    Driver, Handle, Place,
    database::Files,
    shown::{Pending, Waiting},
};
use crate::{
    browser,
    pages::event::{
        feed::Feed,
        outgoing::{Decision, Outgoing, Preview},
    },
};

/// An item that somebody wants to post.
#[derive(Debug, Clone)]
pub(crate) struct NewPost {
    pub(crate) author: String,
    pub(crate) text: String,
    pub(crate) kind: MediaKind,
    pub(crate) file: Option<web_sys::File>,
    pub(crate) poster: Option<web_sys::Blob>,
    pub(crate) preview: Option<Preview>,
}

/// What the page needs to show a draft again.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Note {
    kind: MediaKind,
    author: String,
    width: u32,
    height: u32,
}

/// An event's timeline that is open, where one can write.
pub(crate) struct Timeline {
    event: EventId,
    feed: Feed,
    outgoing: Outgoing,
    driver: Weak<Driver>,
}

impl Timeline {
    /// Shows the drafts of an event in its timeline for as long as the current owner lives.
    pub(crate) fn of(outbox: &Handle, event: EventId, feed: Feed, outgoing: Outgoing) -> Rc<Self> {
        let driver = Rc::downgrade(&outbox.0);
        let decided = outbox.clone();
        outgoing.decided_by(Rc::new(move |decision| match decision {
            Decision::Retry(id) => decided.retry(&id),
            Decision::Discard(id) => decided.discard(&id),
        }));
        let topic = Topic::event(&event);
        let timeline = Rc::new(Self { event, feed, outgoing, driver });
        outbox.attach(topic, timeline.clone());
        timeline
    }

    /// Keeps an item and sends it as soon as that goes; it is shown at once.
    pub(crate) fn record(&self, new: NewPost) {
        let (Ok(id), Some(driver)) = (browser::random_id().parse::<IdempotencyKey>(), self.driver.upgrade())
        else {
            return;
        };
        let (width, height) = new.preview.as_ref().map_or((3, 2), |preview| (preview.width, preview.height));
        let note = Note { kind: new.kind, author: new.author.clone(), width, height };
        let name = if driver.is_visitor() { new.author.clone() } else { String::new() };
        let body = NewMedia { author: name, text: new.text.clone(), upload_id: None, key: None };
        let (Ok(body), Ok(note)) = (serde_json::to_string(&body), serde_json::to_string(&note)) else {
            return;
        };
        let echo = Echo {
            key: id.clone(),
            kind: new.kind,
            text: new.text,
            author: new.author,
            preview: new.preview.as_ref().map(|preview| preview.url.clone()),
            state: EchoState::Sending,
        };
        self.outgoing.show(self.feed, echo, new.preview, true);
        let draft = Draft {
            id,
            topic: Topic::event(&self.event),
            author: Author::Visitor,
            path: format!("/api/events/{}/media", self.event),
            body,
            files: usize::from(new.file.is_some()),
            note,
        };
        let files = new.file.map(|file| Files { name: file.name(), file: file.into(), poster: new.poster });
        driver.keep(draft, files);
    }

    /// A draft that was not recorded on this page: from an earlier visit, or from another tab.
    fn show_again(&self, draft: &Draft, state: EchoState) {
        let Some(note) = note_of(draft) else { return };
        let (id, text, files) = (draft.id.clone(), text_of(draft), draft.files);
        let echo = Echo { key: id.clone(), kind: note.kind, text, author: note.author, preview: None, state };
        let (feed, outgoing) = (self.feed, self.outgoing);
        if files == 0 {
            return outgoing.show(feed, echo, None, false);
        }
        let me = self.driver.clone();
        spawn_local(async move {
            let Some(driver) = me.upgrade() else { return };
            let Some(files) = driver.files_of(&id).await else { return };
            // It may be over, or shown, by now.
            if driver.draft(&id).is_none() || outgoing.state(&id).is_some() {
                return;
            }
            let url = web_sys::Url::create_object_url_with_blob(&files.file).unwrap_or_default();
            let preview = Preview { url: url.clone(), width: note.width, height: note.height };
            outgoing.show(feed, Echo { preview: Some(url), ..echo }, Some(preview), false);
        });
    }
}

impl Place for Timeline {
    fn show(&self, drafts: &[Pending]) {
        for Pending { draft, state, .. } in drafts {
            let state = match state {
                State::Parked(refusal) => {
                    EchoState::Failed { code: Some(refusal.code), message: refusal.message.clone() }
                }
                State::Waiting | State::Sending | State::OfAnother => EchoState::Sending,
            };
            match self.outgoing.state(&draft.id) {
                Some(_) => self.outgoing.change(self.feed, &draft.id, text_of(draft), state),
                None => self.show_again(draft, state),
            }
        }
    }

    fn progress(&self, id: &IdempotencyKey, share: f64) {
        if let Some(progress) = self.outgoing.progress(id) {
            progress.try_set(share);
        }
    }

    fn acknowledged(&self, id: &IdempotencyKey, answer: &str) {
        // What was never shown here comes over the connection.
        if let Ok(media) = serde_json::from_str::<Media>(answer)
            && self.outgoing.state(id).is_some()
        {
            self.outgoing.confirm(self.feed, id, media);
        }
    }

    fn gone(&self, id: &IdempotencyKey) {
        self.outgoing.remove(self.feed, id);
    }
}

/// The same draft with another text; `None` for what has none.
pub(super) fn with_text(draft: &Draft, text: &str) -> Option<String> {
    let mut new: NewMedia = serde_json::from_str(&draft.body).ok()?;
    text.clone_into(&mut new.text);
    serde_json::to_string(&new).ok()
}

/// A draft of an item, as a row of what waits.
pub(super) fn row(pending: &Pending) -> Waiting {
    let draft = &pending.draft;
    let name = match note_of(draft).map_or(MediaKind::Text, |note| note.kind) {
        MediaKind::Text => "Text",
        MediaKind::Photo => "Photo",
        MediaKind::Video => "Video",
        MediaKind::Audio => "Audio",
    };
    Waiting {
        id: draft.id.clone(),
        name: name.to_owned(),
        text: Some(text_of(draft)),
        state: pending.state.clone(),
    }
}

fn text_of(draft: &Draft) -> String {
    serde_json::from_str::<NewMedia>(&draft.body).map(|new| new.text).unwrap_or_default()
}

fn note_of(draft: &Draft) -> Option<Note> {
    serde_json::from_str(&draft.note).ok()
}
