//! Where the reader stands in a timeline, kept in the entry of the browser's history: a reload and the way
//! back lead there again, a new visit begins at the top. Knows nothing of rows; called by the page.
//!
//! The browser's own restoring of a scrolled page comes too early: the rows are not there yet.

use std::{cell::RefCell, rc::Rc, time::Duration};

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use shared::{EventId, Offset};

use super::feed::Feed;
use crate::browser::{self, Timer};

/// The reader has come to rest. Browsers refuse entries that are written all the time.
const REST: Duration = Duration::from_millis(200);
/// Who is led back may end a part of a pixel beside the place, in CSS pixels. It stays what it was: the parts would add
/// up from one way back to the next.
const DRIFT: f64 = 1.5;

/// An item, and where it was in the window.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// The offset of the first item in view.
    pub(crate) offset: Offset,
    /// How far its upper edge was below that of the window, in CSS pixels.
    pub(crate) top: f64,
}

/// What the history's entry holds.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    event: EventId,
    place: Place,
}

impl Place {
    /// Where the reader stood in this timeline when this entry of the history was last shown.
    pub(crate) fn kept(event: &EventId) -> Option<Self> {
        let entry: Entry = serde_json::from_str(&browser::history_state()?).ok()?;
        (entry.event == *event).then_some(entry.place)
    }
}

/// Keeps the place from now on, for as long as the page is shown.
pub(crate) fn keep(event: &EventId, feed: Feed) {
    let event = event.clone();
    let waiting: Rc<RefCell<Option<Timer>>> = Rc::default();
    browser::restores_scrolling(false);
    let scrolled = browser::listen(&browser::window(), "scroll", move |_| {
        let event = event.clone();
        let rested = Timer::after(REST, move || {
            if !feed.is_ready() {
                // The reader is not there yet; where they are going stays kept.
                return;
            }
            let place = feed.place();
            if let (Some(place), Some(kept)) = (place, Place::kept(&event))
                && place.offset == kept.offset
                && (place.top - kept.top).abs() < DRIFT
            {
                return;
            }
            let entry = place.map(|place| Entry { event: event.clone(), place });
            let text = entry.and_then(|entry| serde_json::to_string(&entry).ok());
            browser::set_history_state(text.as_deref());
        });
        waiting.replace(rested);
    });
    let scrolled = StoredValue::new_local(scrolled);
    on_cleanup(move || {
        scrolled.dispose();
        browser::restores_scrolling(true);
    });
}
