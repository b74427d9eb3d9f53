//! Fetching for the timeline: the snapshot, further pages, another filter.

use futures_util::future::join3;
use leptos::{prelude::*, task::spawn_local};
use shared::{
    EventId, Position, Topic,
    limits::PAGE_ITEMS_MAX,
    model::{
        event::Event,
        media::{Media, MediaKind},
    },
    rest::Page,
};

use super::{
    feed::{Feed, Phase},
    gone::Gone,
    outgoing::Outgoing,
    place::Place,
    rights::Rights,
};
use crate::{
    api::{self, ApiError, people},
    driver::Live,
};

/// Items of the first page, and of every further one.
const FIRST_ITEMS: usize = 30;
const MORE_ITEMS: usize = 60;
/// So many items or more are not added to for the sake of a place further down.
const PLACE_ITEMS_MAX: usize = 1_000;

/// What the page knows of its event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Known {
    Nothing,
    Event(Box<Event>),
    /// There is nothing to see, or there is no longer.
    Gone(Gone),
}

/// Fetches for one event.
#[derive(Clone, Copy)]
pub(crate) struct Loader {
    event: StoredValue<EventId>,
    live: Live,
    feed: Feed,
    outgoing: Outgoing,
    rights: Rights,
    pub(crate) known: RwSignal<Known>,
    pub(crate) loading_older: RwSignal<bool>,
    pub(crate) older_failed: RwSignal<Option<String>>,
    /// Counts the lists asked for: the answer to an overtaken request is thrown away.
    round: StoredValue<u32>,
    /// The kind that the list on the page is of: another one is not joined to it.
    listed: StoredValue<Option<MediaKind>>,
    /// Where the first list is to be scrolled to.
    place: StoredValue<Option<Place>>,
}

impl Loader {
    pub(crate) fn new(
        event: &EventId,
        live: Live,
        feed: Feed,
        outgoing: Outgoing,
        rights: Rights,
        place: Option<Place>,
    ) -> Self {
        Self {
            event: StoredValue::new(event.clone()),
            live,
            feed,
            outgoing,
            rights,
            known: RwSignal::new(Known::Nothing),
            loading_older: RwSignal::new(false),
            older_failed: RwSignal::new(None),
            round: StoredValue::new(0),
            listed: StoredValue::new(None),
            place: StoredValue::new(place),
        }
    }

    fn next_round(self) -> u32 {
        self.round.update_value(|round| *round += 1);
        self.round.get_value()
    }

    fn is_current(self, round: u32) -> bool {
        self.round.try_get_value() == Some(round)
    }

    /// Reads event and timeline anew and tells the client where to go on from.
    pub(crate) fn snapshot(self) {
        let (round, id, kind) = (self.next_round(), self.event.get_value(), self.feed.kind.get_untracked());
        let topic = Topic::event(&id);
        let place = self.place.get_value();
        spawn_local(async move {
            let page = first_items(&id, kind, place);
            let (event, page, access) = join3(api::event(&id), page, people::access(&id)).await;
            if !self.is_current(round) {
                // Another filter was chosen meanwhile, which reads no event.
                if let Ok(event) = event
                    && self.known.try_with_untracked(|known| *known == Known::Nothing) == Some(true)
                {
                    self.known.set(Known::Event(Box::new(event.item)));
                }
                return;
            }
            let read = match (event, page, access) {
                (Ok(event), Ok(page), Ok(access)) => Ok((event, page, access)),
                (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) => Err(error),
            };
            match read {
                Ok((event, page, access)) => {
                    self.rights.access.set(Some(access));
                    let position = earlier(event.cursor.0, page.cursor.0.clone());
                    self.known.set(Known::Event(Box::new(event.item)));
                    let first = self.feed.phase.get_untracked() != Phase::Ready;
                    let anew = first || self.listed.get_value() != kind;
                    self.listed.set_value(kind);
                    let echoes = if anew { self.outgoing.echoes(kind) } else { Vec::new() };
                    self.feed.snapshot(page, anew, echoes);
                    if let Some(place) = self.place.try_update_value(Option::take).flatten() {
                        self.feed.stand_at(&place);
                    }
                    self.live.snapshot_applied(topic, position);
                }
                // Nothing is answered, and nothing more is asked: there is no such event.
                Err(error) if error.is_closed() => self.close(),
                Err(error) => {
                    if self.feed.phase.get_untracked() != Phase::Ready {
                        self.feed.phase.set(Phase::Failed(error.message));
                    }
                    self.live.snapshot_failed(topic);
                }
            }
        });
    }

    /// The server does not let the reader see the event, or no longer.
    pub(crate) fn close(self) {
        let why = match self.known.get_untracked() {
            Known::Nothing => Gone::Missing,
            // What nobody owns is open to everybody, as long as it is there.
            Known::Event(event) if event.owner.is_none() => Gone::Deleted,
            Known::Event(_) => Gone::Closed,
            // Its deletion is heard of before the subscription ends.
            Known::Gone(why) => why,
        };
        self.known.set(Known::Gone(why));
    }

    /// Somebody's rights have changed: asks for those of the reader.
    pub(crate) fn ask_access(self) {
        let (round, id) = (self.round.get_value(), self.event.get_value());
        spawn_local(async move {
            let answer = people::access(&id).await;
            if !self.is_current(round) {
                return;
            }
            match answer {
                Ok(access) => self.rights.access.set(Some(access)),
                Err(error) if error.is_closed() => self.close(),
                // They are asked for again with the next snapshot; until then the server says no.
                Err(_) => {}
            }
        });
    }

    /// Shows items of one kind only, or all of them again.
    pub(crate) fn filter(self, kind: Option<MediaKind>) {
        self.feed.kind.set(kind);
        // The place was one in the list before.
        self.place.set_value(None);
        let (round, id) = (self.next_round(), self.event.get_value());
        spawn_local(async move {
            let page = api::media_page(&id, kind, None, FIRST_ITEMS).await;
            if !self.is_current(round) {
                return;
            }
            match page {
                Ok(page) => {
                    // What was published since the page was read comes again, to the new list.
                    let position = page.cursor.0.clone();
                    self.listed.set_value(kind);
                    self.feed.snapshot(page, true, self.outgoing.echoes(kind));
                    self.live.reposition(Topic::event(&id), position);
                }
                Err(error) => self.feed.phase.set(Phase::Failed(error.message)),
            }
        });
    }

    /// Somebody pressed "Try again".
    pub(crate) fn again(self) {
        self.feed.phase.set(Phase::Loading);
        self.live.refresh(Topic::event(&self.event.get_value()));
    }

    /// Goes on downwards.
    pub(crate) fn older(self) {
        if self.loading_older.get_untracked() {
            return;
        }
        let Some(before) = self.feed.next_older() else { return };
        let (round, id, kind) =
            (self.round.get_value(), self.event.get_value(), self.feed.kind.get_untracked());
        self.loading_older.set(true);
        self.older_failed.set(None);
        spawn_local(async move {
            let page = api::media_page(&id, kind, Some(&before), MORE_ITEMS).await;
            if self.loading_older.try_set(false).is_some() || !self.is_current(round) {
                return;
            }
            match page {
                Ok(page) => self.feed.older(&before, page),
                Err(error) => self.older_failed.set(Some(error.message)),
            }
        });
    }
}

/// The first items of a timeline, down to a place and a first page's worth below it, so that it can be
/// scrolled to. Further pages lie below the first and are read after it: going live from the first one's
/// cursor brings what happened between.
async fn first_items(
    id: &EventId,
    kind: Option<MediaKind>,
    place: Option<Place>,
) -> Result<Page<Media>, ApiError> {
    let mut page = api::media_page(id, kind, None, FIRST_ITEMS).await?;
    let Some(place) = place else { return Ok(page) };
    while page.items.len() < PLACE_ITEMS_MAX
        && page.items.iter().filter(|media| media.offset <= place.offset).count() < FIRST_ITEMS
    {
        let Some(next) = page.next.take() else { break };
        let more = api::media_page(id, kind, Some(&next), PAGE_ITEMS_MAX).await?;
        page.items.extend(more.items);
        page.next = more.next;
    }
    Ok(page)
}

/// Two reads, one place to go live from: the lower, so that nothing is missed.
pub(crate) fn earlier(one: Position, other: Position) -> Position {
    if one.epoch == other.epoch && one.offset <= other.offset { one } else { other }
}
