//! The list of events that somebody sees. It is two lists: the public events, told on `events`, and those that
//! are shown to members alone, told on the member's own topic.
//!
//! Nothing says which of the two topics is heard first, and one may be behind the other: an event that is made
//! private leaves the one list and comes onto the other. So each topic changes its own list and never the
//! other, and an event is to be seen as long as it is on either. Called by the page.

use std::collections::BTreeMap;

use shared::{
    Change, EventId,
    model::{event::Event, member::Visibility},
};

/// Which list a change is of, by the topic that it was told on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// `events`.
    Public,
    /// `user:{id}`.
    Own,
}

type ById = BTreeMap<EventId, Event>;

/// The two lists, and what one sees of them.
#[derive(Debug, Clone, Default)]
pub struct EventList {
    public: ById,
    own: ById,
    /// Snapshots that have been asked for and have not come.
    loading: u32,
    /// What was heard of one's own list since the first of them was asked for. A snapshot says where to follow
    /// `events` from, but not which of these it has in it.
    heard: Vec<Change>,
}

impl EventList {
    /// A snapshot is being asked for. What comes of it is told by [`Self::load`] or [`Self::load_failed`].
    pub fn begin_load(&mut self) {
        self.loading += 1;
    }

    /// The snapshot has come, with all events that are to be seen.
    pub fn load(&mut self, events: impl IntoIterator<Item = Event>) {
        let by_id = events.into_iter().map(|event| (event.id.clone(), event));
        (self.public, self.own) = by_id.partition(|(_, event)| event.visibility == Visibility::Public);
        // Said again it is the same, and what came after the snapshot is not lost.
        for change in &self.heard {
            change_list(&mut self.own, change);
        }
        self.end_load();
    }

    /// No snapshot has come.
    pub fn load_failed(&mut self) {
        self.end_load();
    }

    fn end_load(&mut self) {
        self.loading = self.loading.saturating_sub(1);
        if self.loading == 0 {
            self.heard = Vec::new();
        }
    }

    /// Takes what was published on the topic of `list`.
    pub fn apply(&mut self, list: List, change: Change) {
        match list {
            List::Public => change_list(&mut self.public, &change),
            List::Own => {
                change_list(&mut self.own, &change);
                if self.loading > 0 {
                    self.heard.push(change);
                }
            }
        }
    }

    /// An event that is to be seen. While it moves from one list to the other, the newer of the two.
    pub fn get(&self, id: &EventId) -> Option<&Event> {
        match (self.public.get(id), self.own.get(id)) {
            (Some(public), Some(own)) if own.updated_at > public.updated_at => Some(own),
            (public, own) => public.or(own),
        }
    }

    /// Every event that is to be seen, once.
    pub fn iter(&self) -> impl Iterator<Item = &Event> {
        let private = self.own.keys().filter(|id| !self.public.contains_key(id));
        self.public.keys().chain(private).filter_map(|id| self.get(id))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.public.is_empty() && self.own.is_empty()
    }
}

fn change_list(list: &mut ById, change: &Change) {
    match change {
        Change::EventNew(event) | Change::EventUpdate(event) => {
            list.insert(event.id.clone(), (**event).clone());
        }
        Change::EventDelete(gone) => {
            list.remove(&gone.event_id);
        }
        Change::EventStatus(changed) => {
            if let Some(event) = list.get_mut(&changed.event_id) {
                event.status = changed.status;
            }
        }
        Change::EventAccess(_)
        | Change::MediaNew(_)
        | Change::MediaUpdate(_)
        | Change::MediaDelete(_)
        | Change::Other(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use shared::{change::EventDeleted, model::event::EventStatus};

    use super::*;

    fn event(visibility: Visibility, second: u32) -> Event {
        let at = format!("2026-11-21T20:00:{second:02}.000Z").parse().unwrap();
        Event {
            id: id(),
            title: format!("as of {second}"),
            description: String::new(),
            place: String::new(),
            status: EventStatus::Live,
            starts_at: None,
            created_at: "2026-11-21T20:00:00.000Z".parse().unwrap(),
            updated_at: at,
            media_count: 0,
            cover: None,
            visibility,
            owner: None,
        }
    }

    fn id() -> EventId {
        "e1".parse().unwrap()
    }

    fn new(visibility: Visibility, second: u32) -> Change {
        Change::EventNew(Box::new(event(visibility, second)))
    }

    fn gone() -> Change {
        Change::EventDelete(EventDeleted { event_id: id() })
    }

    /// Every way in which two logs can be heard, each in its own order.
    fn interleaved(public: &[Change], own: &[Change]) -> Vec<Vec<(List, Change)>> {
        let mut ways = Vec::new();
        for (list, first, public, own) in [
            (List::Public, public.first(), public.get(1..), Some(own)),
            (List::Own, own.first(), Some(public), own.get(1..)),
        ] {
            let Some((first, (public, own))) = first.zip(public.zip(own)) else { continue };
            for mut way in interleaved(public, own) {
                way.insert(0, (list, first.clone()));
                ways.push(way);
            }
        }
        if ways.is_empty() { vec![Vec::new()] } else { ways }
    }

    #[track_caller]
    fn check(begin: Option<Event>, public: &[Change], own: &[Change], seen: Option<&str>) {
        for way in interleaved(public, own) {
            let mut list = EventList::default();
            list.begin_load();
            list.load(begin.clone());
            for (of, change) in way.clone() {
                list.apply(of, change);
            }
            let titles: Vec<_> = list.iter().map(|event| event.title.as_str()).collect();
            assert_eq!(titles, Vec::from_iter(seen), "{way:?}");
            assert_eq!(list.get(&id()).map(|event| event.title.as_str()), seen);
            assert_eq!(list.is_empty(), seen.is_none());
        }
    }

    #[test]
    fn p6_an_event_that_changes_lists_is_seen_whichever_topic_is_heard_first() {
        use Visibility::{Private, Public};
        let shown = |visibility| Some(event(visibility, 1));
        check(shown(Public), &[gone()], &[new(Private, 2)], Some("as of 2"));
        check(shown(Public), &[new(Public, 2), gone()], &[new(Private, 3)], Some("as of 3"));
        check(shown(Private), &[new(Public, 2)], &[gone()], Some("as of 2"));
        check(shown(Private), &[new(Public, 2), gone()], &[gone(), new(Private, 3)], Some("as of 3"));
        check(shown(Public), &[gone(), new(Public, 3)], &[new(Private, 2), gone()], Some("as of 3"));
    }

    #[test]
    fn p6_an_event_that_is_on_neither_list_is_not_seen() {
        use Visibility::{Private, Public};
        check(Some(event(Public, 1)), &[gone()], &[new(Private, 2), gone()], None);
        check(Some(event(Private, 1)), &[new(Public, 2), gone()], &[gone()], None);
        check(None, &[new(Public, 2), gone()], &[new(Private, 1), gone(), new(Private, 3), gone()], None);
    }

    #[test]
    fn p6_what_is_heard_while_a_snapshot_is_under_way_is_not_lost_to_it() {
        let mut list = EventList::default();
        list.begin_load();
        list.apply(List::Own, new(Visibility::Private, 2));
        list.load([]);
        assert!(list.get(&id()).is_some(), "the snapshot was read before it came");
        list.begin_load();
        list.apply(List::Own, gone());
        list.load([event(Visibility::Private, 2)]);
        assert!(list.is_empty());
        list.apply(List::Own, new(Visibility::Private, 3));
        list.begin_load();
        list.load([]);
        assert!(list.is_empty(), "what was heard before is for the snapshot to say");
    }

    #[test]
    fn a_status_is_that_of_the_event_on_its_list() {
        let over = shared::change::EventStatusChanged { event_id: id(), status: EventStatus::Completed };
        let mut list = EventList::default();
        list.apply(List::Public, Change::EventStatus(over.clone()));
        assert!(list.is_empty());
        list.apply(List::Public, new(Visibility::Public, 1));
        list.apply(List::Public, Change::EventStatus(over));
        assert_eq!(list.get(&id()).map(|event| event.status), Some(EventStatus::Completed));
    }
}
