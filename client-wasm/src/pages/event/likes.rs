//! What the reader likes on an event: what is shown of it. What is read, heard and sent is in [`turning`], which is
//! fetched for who is signed in. Draws nothing.

use leptos::prelude::*;
use litemap::LiteMap;
use shared::{EventId, MediaId, model::media::Media};

pub(crate) mod turning;

/// One item, as the reader stands to it.
#[derive(Debug, Clone, Copy, Default)]
struct Like {
    liked: bool,
    /// What was pressed here and the item's number does not know yet.
    ahead: i64,
    /// A request is under way.
    busy: bool,
}

/// The reader's likes on the event of the page, by context.
#[derive(Clone, Copy)]
pub(crate) struct Likes {
    event: StoredValue<EventId>,
    items: RwSignal<LiteMap<MediaId, Like>>,
}

impl Likes {
    pub(crate) fn new(event: &EventId) -> Self {
        Self { event: StoredValue::new(event.clone()), items: RwSignal::new(LiteMap::new()) }
    }

    /// Whether the reader likes an item, and how many do.
    pub(crate) fn shown(self, media: &Media) -> (bool, u64) {
        let like = self.items.with(|items| items.get(&media.id).copied()).unwrap_or_default();
        (like.liked, media.likes.saturating_add_signed(like.ahead))
    }

    /// The item says how many like it now.
    pub(crate) fn counted(self, id: &MediaId) {
        if self.items.with_untracked(|items| items.get(id).is_some_and(|like| like.ahead != 0)) {
            self.items.update(|items| {
                if let Some(like) = items.get_mut(id) {
                    like.ahead = 0;
                }
            });
        }
    }
}
