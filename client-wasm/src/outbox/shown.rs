//! What is shown of the outbox: the list of what waits, and the drafts in the timelines that are open. Changes no
//! draft. Called by [`super`].

use client_core::{
    outbox::{Draft, State},
    timeline::{Echo, EchoState},
};
use leptos::{prelude::*, task::spawn_local};
use serde::{Deserialize, Serialize};
use shared::{
    EventId, IdempotencyKey, Topic,
    model::media::{MediaKind, NewMedia},
};

use super::Driver;
use crate::{
    pages::event::{
        feed::Feed,
        outgoing::{Outgoing, Preview},
    },
    storage,
};

/// What the page needs to show a draft again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Note {
    pub(super) kind: MediaKind,
    pub(super) author: String,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// A draft as the list of what waits shows it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Waiting {
    pub(crate) id: IdempotencyKey,
    pub(crate) event: Option<EventId>,
    pub(crate) text: String,
    pub(crate) kind: MediaKind,
    pub(crate) state: State,
}

/// What the page is told about all drafts of this browser.
#[derive(Clone)]
pub(crate) struct Told {
    pub(crate) waiting: ArcRwSignal<Vec<Waiting>>,
    /// Why what is recorded now is not kept.
    pub(crate) not_kept: ArcRwSignal<Option<String>>,
    /// Something to be read out, once.
    pub(crate) notice: ArcRwSignal<Option<String>>,
}

impl Driver {
    pub(super) fn views_of(&self, topic: &Topic) -> Vec<(Feed, Outgoing)> {
        let views = self.views.borrow();
        views.iter().filter(|view| view.topic == *topic).map(|view| (view.feed, view.outgoing)).collect()
    }

    /// Shows what there is, in the list of what waits and in the timelines that are open.
    pub(super) fn show(&self) {
        let shown: Vec<(Draft, State)> =
            self.outbox.borrow().drafts().map(|shown| (shown.draft.clone(), shown.state.clone())).collect();
        storage::set_unsent(shown.len());
        let waiting = shown.iter().map(|(draft, state)| Waiting {
            id: draft.id.clone(),
            event: draft.topic.event_id(),
            text: text_of(draft),
            kind: note_of(draft).map_or(MediaKind::Text, |note| note.kind),
            state: state.clone(),
        });
        let waiting: Vec<_> = waiting.collect();
        if self.told.waiting.with_untracked(|before| *before != waiting) {
            self.told.waiting.set(waiting);
        }
        for (draft, state) in shown {
            let state = match state {
                State::Parked(refusal) => {
                    EchoState::Failed { code: Some(refusal.code), message: refusal.message }
                }
                State::Waiting | State::Sending | State::OfAnother => EchoState::Sending,
            };
            for (feed, outgoing) in self.views_of(&draft.topic) {
                match outgoing.state(&draft.id) {
                    Some(_) => outgoing.change(feed, &draft.id, text_of(&draft), state.clone()),
                    None => self.show_again(feed, outgoing, &draft, state.clone()),
                }
            }
        }
    }

    /// A draft that was not recorded on this page: from an earlier visit, or from another tab.
    fn show_again(&self, feed: Feed, outgoing: Outgoing, draft: &Draft, state: EchoState) {
        let Some(note) = note_of(draft) else { return };
        let (id, text, files) = (draft.id.clone(), text_of(draft), draft.files);
        let echo = Echo { key: id.clone(), kind: note.kind, text, author: note.author, preview: None, state };
        if files == 0 {
            return outgoing.show(feed, echo, None, false);
        }
        let me = self.me.clone();
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

fn text_of(draft: &Draft) -> String {
    serde_json::from_str::<NewMedia>(&draft.body).map(|new| new.text).unwrap_or_default()
}

fn note_of(draft: &Draft) -> Option<Note> {
    serde_json::from_str(&draft.note).ok()
}
