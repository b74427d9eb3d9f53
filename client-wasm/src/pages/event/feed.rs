//! The timeline of one event on the page: which rows the reader sees, which wait behind the button, and
//! how the page holds still meanwhile. It fetches nothing; [`super::load`] does.
//!
//! At the top of a visible page, what arrives is shown at once. Otherwise it waits: the reader sees the
//! list from the row that was on top, and above it nothing is put in until they ask.

use std::{
    collections::{HashMap, HashSet},
    rc::Rc,
};

use client_core::timeline::{Echo, Row, RowKey, Timeline, TimelineChange};
use leptos::prelude::*;
use shared::{
    MediaId, Position, Publication,
    model::media::{Media, MediaKind},
    rest::Page,
};

use super::{
    place::Place,
    scroll::{BAR, TOP, bring, hold_still, is_at_top},
};
use crate::{
    browser,
    components::{announcer::Announcer, row_list::RowList, title::Title},
};

/// Items that arrive together are pointed out when they are no more than this.
const POINTED_OUT: usize = 8;
/// So far from the top, the way back is no longer offered, in CSS pixels.
const WANDERED: f64 = 700.0;

/// What a row shows, and how it came.
#[derive(Clone, Copy)]
pub(crate) struct Cell {
    pub(crate) row: RwSignal<Row>,
    /// It arrived while somebody looked, and may be pointed out.
    pub(crate) fresh: bool,
}

/// Where the list stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Phase {
    Loading,
    Ready,
    Failed(String),
}

struct Inner {
    timeline: Timeline,
    cells: HashMap<RowKey, Cell>,
    /// The rows in the document; taken out while they are changed.
    list: Option<RowList>,
    draw: Option<Draw>,
    /// Where the reader was before they went to see what is new: a row, and how far its top was below
    /// that of the window.
    was_at: Option<(RowKey, f64)>,
}

/// The timeline on the page.
#[derive(Clone, Copy)]
pub(crate) struct Feed {
    inner: StoredValue<Inner, LocalStorage>,
    owner: StoredValue<Owner>,
    pub(crate) phase: RwSignal<Phase>,
    /// Only this kind is shown.
    pub(crate) kind: RwSignal<Option<MediaKind>>,
    /// Items that wait for the reader.
    pub(crate) waiting: RwSignal<usize>,
    /// The reader can be taken back to where they were.
    pub(crate) can_go_back: RwSignal<bool>,
    /// There is more below.
    pub(crate) has_older: RwSignal<bool>,
    pub(crate) is_empty: RwSignal<bool>,
    /// Counts the times that rows came, went or changed: for what follows the list as a whole.
    pub(crate) version: RwSignal<u32>,
    /// The reader has been at the top since they asked for what is new.
    arrived: StoredValue<bool>,
    announcer: Announcer,
    title: Title,
}

impl Feed {
    pub(crate) fn new(announcer: Announcer, title: Title, kind: Option<MediaKind>) -> Self {
        let inner =
            Inner { timeline: Timeline::new(), cells: HashMap::new(), list: None, draw: None, was_at: None };
        Self {
            inner: StoredValue::new_local(inner),
            owner: StoredValue::new(Owner::current().unwrap_or_default()),
            phase: RwSignal::new(Phase::Loading),
            kind: RwSignal::new(kind),
            waiting: RwSignal::new(0),
            can_go_back: RwSignal::new(false),
            has_older: RwSignal::new(false),
            is_empty: RwSignal::new(true),
            version: RwSignal::new(0),
            arrived: StoredValue::new(false),
            announcer,
            title,
        }
    }

    /// The container is in the document: rows go there.
    pub(crate) fn mount(
        self,
        container: &web_sys::HtmlDivElement,
        owner: Owner,
        draw: impl Fn(RowKey, Cell) -> AnyView + 'static,
    ) {
        let parent: web_sys::Element = container.clone().into();
        self.inner.update_value(|inner| {
            inner.list = Some(RowList::new(parent, owner));
            inner.draw = Some(Rc::new(draw));
        });
        self.show(&[], true);
    }

    /// The first page of a snapshot, in place of what is shown. For another filter than before, `anew`.
    pub(crate) fn snapshot(self, page: Page<Media>, anew: bool, echoes: Vec<Echo>) {
        let mut changes = Vec::new();
        self.inner.update_value(|inner| {
            if anew {
                changes.extend(inner.timeline.rows().map(|(key, _)| TimelineChange::Remove { key }));
                // Keys of the old timeline must not be taken for those of the new.
                if let Some(list) = &mut inner.list {
                    list.show(&[], &HashSet::new(), |_| ().into_any());
                }
                inner.cells.clear();
                inner.was_at = None;
                inner.timeline = Timeline::new();
                changes.clear();
            }
            changes.extend(inner.timeline.apply_snapshot(page));
            for echo in echoes {
                changes.extend(inner.timeline.add_echo(echo));
            }
        });
        let first = anew || self.phase.get_untracked() != Phase::Ready;
        self.apply(&changes, first);
        self.phase.set(Phase::Ready);
    }

    /// A further page, asked for with `before`.
    pub(crate) fn older(self, before: &str, page: Page<Media>) {
        let changes = self.change(|timeline| timeline.insert_older_page(before, page));
        self.note(&changes, true);
        // It goes in below: what waits above goes on waiting.
        self.show(&changes, false);
    }

    /// What to ask for to go on downwards.
    pub(crate) fn next_older(self) -> Option<String> {
        self.inner.with_value(|inner| inner.timeline.older().map(str::to_owned))
    }

    /// What the topic has brought.
    pub(crate) fn publications(self, publications: &[Publication], position: &Position) {
        let kind = self.kind.get_untracked();
        let of_kind = |publication: &&Publication| match &publication.change {
            shared::Change::MediaNew(media) | shared::Change::MediaUpdate(media) => {
                kind.is_none_or(|kind| media.kind == kind)
            }
            _ => true,
        };
        let changes = if kind.is_none() {
            self.change(|timeline| timeline.apply_publications(publications, position))
        } else {
            let chosen: Vec<_> = publications.iter().filter(of_kind).cloned().collect();
            self.change(|timeline| timeline.apply_publications(&chosen, position))
        };
        let new = self.inner.with_value(|inner| {
            let is_new = |change: &&TimelineChange| match change {
                TimelineChange::Insert { key, .. } => matches!(inner.timeline.get(*key), Some(Row::Media(_))),
                _ => false,
            };
            changes.iter().filter(is_new).count()
        });
        if new > 0 {
            self.announcer.new_updates(new);
        }
        self.apply(&changes, false);
    }

    /// Changes the list of local echoes, by one of the timeline's own methods.
    pub(crate) fn echo(self, act: impl FnOnce(&mut Timeline) -> Vec<TimelineChange>) {
        let changes = self.change(act);
        self.apply(&changes, false);
    }

    /// Shows an item that is being posted from here, and all that waited.
    pub(crate) fn post(self, echo: Echo) {
        let changes = self.change(|timeline| timeline.add_echo(echo));
        self.note(&changes, false);
        self.show(&changes, true);
    }

    fn change(self, act: impl FnOnce(&mut Timeline) -> Vec<TimelineChange>) -> Vec<TimelineChange> {
        self.inner.try_update_value(|inner| act(&mut inner.timeline)).unwrap_or_default()
    }

    /// Brings changes to the page; `quiet` ones were asked for, and nothing is pointed out or held back.
    fn apply(self, changes: &[TimelineChange], quiet: bool) {
        self.note(changes, quiet);
        let free = quiet || (self.waiting.get_untracked() == 0 && is_at_top() && !browser::is_hidden());
        self.show(changes, free);
    }

    /// Makes, changes and drops the cells that the changes are about.
    fn note(self, changes: &[TimelineChange], quiet: bool) {
        if changes.is_empty() {
            return;
        }
        let inserts = changes.iter().filter(|change| matches!(change, TimelineChange::Insert { .. })).count();
        let pointed_out = !quiet && inserts <= POINTED_OUT;
        let mut changed = Vec::new();
        self.inner.update_value(|inner| {
            let Inner { timeline, cells, .. } = inner;
            for change in changes {
                match *change {
                    TimelineChange::Insert { key, .. } => {
                        let Some(row) = timeline.get(key) else { continue };
                        let fresh = pointed_out && matches!(row, Row::Media(_));
                        let row = self.owner.with_value(|owner| owner.with(|| RwSignal::new(row.clone())));
                        cells.insert(key, Cell { row, fresh });
                    }
                    TimelineChange::Update { key } => {
                        if let (Some(row), Some(cell)) = (timeline.get(key), cells.get(&key)) {
                            changed.push((cell.row, row.clone()));
                        }
                    }
                    TimelineChange::Move { .. } => {}
                    TimelineChange::Remove { key } => {
                        if timeline.get(key).is_none() {
                            cells.remove(&key);
                        }
                    }
                }
            }
        });
        // Outside of the borrow: a signal may wake whoever reads the list.
        for (signal, row) in changed {
            signal.set(row);
        }
        self.version.update(|version| *version = version.wrapping_add(1));
    }

    /// Puts the rows on the page: all of them if `free`, and otherwise from the topmost that is shown
    /// already. What the reader is looking at stays where it is.
    fn show(self, changes: &[TimelineChange], free: bool) {
        let moved: HashSet<RowKey> = changes
            .iter()
            .filter_map(|change| match change {
                TimelineChange::Move { key, .. } => Some(*key),
                _ => None,
            })
            .collect();
        let taken = self.inner.try_update_value(|inner| {
            let list = inner.list.take()?;
            let shown = list.keys();
            let has_shown = |(key, row): (RowKey, &Row)| shown.contains(&key) && !matches!(row, Row::Echo(_));
            // Where nothing is shown nothing can move; but nobody has seen what a hidden page shows.
            let blank = !inner.timeline.rows().any(has_shown);
            let mut reached = free || (blank && !browser::is_hidden());
            let (mut wanted, mut waiting) = (Vec::with_capacity(inner.timeline.len()), 0);
            for (key, row) in inner.timeline.rows() {
                // What is being posted from here stands above all else and says nothing about the reader.
                let own = matches!(row, Row::Echo(_));
                reached = reached || (shown.contains(&key) && !own);
                if reached || own {
                    wanted.push(key);
                } else if matches!(row, Row::Media(_)) {
                    waiting += 1;
                }
            }
            // The cells of what is to be made, so that nothing is borrowed while it is drawn.
            let new = wanted.iter().filter(|key| !shown.contains(key));
            let cells: HashMap<RowKey, Cell> =
                new.filter_map(|key| Some((*key, *inner.cells.get(key)?))).collect();
            let draw = inner.draw.clone()?;
            Some((list, wanted, waiting, cells, draw))
        });
        let Some((mut list, wanted, waiting, cells, draw)) = taken.flatten() else { return };
        hold_still(&mut list, &wanted, |list| {
            list.show(&wanted, &moved, |key| {
                cells.get(&key).map_or_else(|| ().into_any(), |cell| draw(key, *cell))
            });
        });
        self.inner.update_value(|inner| inner.list = Some(list));
        let (empty, older) =
            self.inner.with_value(|inner| (inner.timeline.is_empty(), inner.timeline.older().is_some()));
        set_if_changed(self.waiting, waiting);
        set_if_changed(self.is_empty, empty);
        set_if_changed(self.has_older, older);
        self.title.unread(waiting);
    }

    /// The reader asked for what is new, or went to the top by themselves.
    pub(crate) fn release(self) {
        if self.waiting.get_untracked() > 0 {
            self.show(&[], true);
        }
    }

    /// The page is looked at again: a list on which nothing was shown yet does not ask first.
    pub(crate) fn seen(self) {
        let blank = self.inner.with_value(|inner| {
            let shown = inner.list.as_ref().map(RowList::keys).unwrap_or_default();
            !inner.timeline.rows().any(|(key, row)| shown.contains(&key) && !matches!(row, Row::Echo(_)))
        });
        if blank && !browser::is_hidden() {
            self.release();
        }
    }

    /// Shows what is new and goes there; the way back is kept.
    pub(crate) fn go_to_new(self) {
        let was_at = self
            .inner
            .with_value(|inner| inner.list.as_ref().and_then(|list| list.first_below(BAR, |_| true)));
        let far = browser::scroll_y() > TOP;
        self.release();
        self.inner.update_value(|inner| inner.was_at = was_at.filter(|_| far));
        self.arrived.set_value(false);
        self.can_go_back.set(far && was_at.is_some());
        browser::scroll_to(0.0, browser::scroll_y() < 2_000.0);
    }

    /// Back to where the reader was.
    pub(crate) fn go_back(self) {
        self.can_go_back.set(false);
        let Some((key, top)) = self.inner.try_update_value(|inner| inner.was_at.take()).flatten() else {
            return;
        };
        let node = self.inner.with_value(|inner| inner.list.as_ref().and_then(|list| list.node(key)));
        if let Some(node) = node {
            bring(&node, top, 3);
        }
    }

    /// The reader has scrolled.
    pub(crate) fn scrolled(self) {
        if is_at_top() && !browser::is_hidden() {
            self.release();
            self.arrived.set_value(true);
        } else if self.arrived.get_value() && browser::scroll_y() > WANDERED {
            // They went to the top and are on their way again: the offer is taken back.
            set_if_changed(self.can_go_back, false);
        }
    }

    /// There is a list to read.
    pub(crate) fn is_ready(self) -> bool {
        self.phase.get_untracked() == Phase::Ready
    }

    /// Where the reader stands; nowhere in particular at the top.
    pub(crate) fn place(self) -> Option<Place> {
        if is_at_top() {
            return None;
        }
        self.inner.with_value(|inner| {
            let offset = |key| match inner.timeline.get(key) {
                Some(Row::Media(media)) => Some(media.offset),
                _ => None,
            };
            let (key, top) = inner.list.as_ref()?.first_below(BAR, |key| offset(key).is_some())?;
            Some(Place { offset: offset(key)?, top })
        })
    }

    /// Takes the reader to a place, or to the next item below it if that is gone.
    pub(crate) fn stand_at(self, place: &Place) {
        let node = self.inner.with_value(|inner| {
            let is_it = |row: &Row| matches!(row, Row::Media(media) if media.offset <= place.offset);
            let (key, _) = inner.timeline.rows().find(|(_, row)| is_it(row))?;
            inner.list.as_ref()?.node(key)
        });
        if let Some(node) = node {
            bring(&node, place.top, 3);
        }
    }

    /// The row of an item, if it is on the page.
    pub(crate) fn node_of(self, id: &MediaId) -> Option<web_sys::Element> {
        self.inner.with_value(|inner| inner.list.as_ref()?.node(inner.timeline.key_of(id)?))
    }

    /// The photos of the list, newest first.
    pub(crate) fn photos(self) -> Vec<Media> {
        self.inner.with_value(|inner| {
            inner
                .timeline
                .rows()
                .filter_map(|(_, row)| match row {
                    Row::Media(media) if media.kind == MediaKind::Photo && media.attachment.is_some() => {
                        Some((**media).clone())
                    }
                    _ => None,
                })
                .collect()
        })
    }
}

type Draw = Rc<dyn Fn(RowKey, Cell) -> AnyView>;

fn set_if_changed<T: PartialEq + Copy + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    if signal.get_untracked() != value {
        signal.set(value);
    }
}
