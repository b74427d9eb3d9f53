//! A list of rows whose nodes are touched only when their own row changes: what is there stays where it is,
//! what is new goes in between, whatever the number that comes at once. (`<For>` takes out and re-inserts
//! everything below when two keyed items go in together in front.)
//!
//! It knows keys and views, not what they mean. Called by the timeline.

use std::collections::{HashMap, HashSet};

use client_core::timeline::RowKey;
use leptos::{
    prelude::*,
    tachys::view::any_view::{AnyView, AnyViewState},
};

/// Rows below so many are laid out only when they come near the window.
const NEAR_ROWS: usize = 40;

/// A row in the document.
struct Mounted {
    key: RowKey,
    /// What the row's view has made lives as long as the row.
    owner: Owner,
    state: AnyViewState,
    node: web_sys::Element,
    /// It need not be laid out before it comes near.
    far: bool,
}

/// The rows of one container.
pub(crate) struct RowList {
    parent: web_sys::Element,
    owner: Owner,
    rows: Vec<Mounted>,
}

impl RowList {
    /// Rows go into `parent`, which must hold nothing else.
    pub(crate) fn new(parent: web_sys::Element, owner: Owner) -> Self {
        Self { parent, owner, rows: Vec::new() }
    }

    pub(crate) fn node(&self, key: RowKey) -> Option<web_sys::Element> {
        self.rows.iter().find(|row| row.key == key).map(|row| row.node.clone())
    }

    pub(crate) fn keys(&self) -> HashSet<RowKey> {
        self.rows.iter().map(|row| row.key).collect()
    }

    /// The first row whose lower edge is below `edge` (CSS pixels from the top of the window) and that
    /// `stays`, and the distance of its upper edge from the top.
    pub(crate) fn first_below(&self, edge: f64, stays: impl Fn(RowKey) -> bool) -> Option<(RowKey, f64)> {
        // The rows stand in order, so that a search by halves does.
        let from = self.rows.partition_point(|row| row.node.get_bounding_client_rect().bottom() <= edge);
        let row = self.rows[from..].iter().find(|row| stays(row.key))?;
        Some((row.key, row.node.get_bounding_client_rect().top()))
    }

    /// Makes the rows those of `wanted`, in that order. Rows of `moved` may be taken out and put in
    /// elsewhere; every other row that is there already is left alone.
    pub(crate) fn show(
        &mut self,
        wanted: &[RowKey],
        moved: &HashSet<RowKey>,
        draw: impl Fn(RowKey) -> AnyView,
    ) {
        let kept: HashSet<RowKey> = wanted.iter().copied().collect();
        let mut staying = Vec::with_capacity(wanted.len());
        let mut moving = HashMap::new();
        for mut row in std::mem::take(&mut self.rows) {
            if !kept.contains(&row.key) {
                row.state.unmount();
                row.owner.cleanup();
            } else if moved.contains(&row.key) {
                moving.insert(row.key, row);
            } else {
                staying.push(row);
            }
        }
        let mut staying = staying.into_iter().peekable();
        for &key in wanted {
            if staying.peek().is_some_and(|row| row.key == key) {
                self.rows.extend(staying.next());
                continue;
            }
            let below = staying.peek().map(|row| row.node.clone());
            let row = match moving.remove(&key) {
                Some(mut row) => {
                    row.state.mount(&self.parent, below.as_deref());
                    Some(row)
                }
                None => self.make(key, below.as_deref(), &draw),
            };
            self.rows.extend(row);
        }
        // Once far, always far: what was laid out remembers its size.
        for row in self.rows.iter_mut().skip(NEAR_ROWS).filter(|row| !row.far) {
            row.far = row.node.class_list().add_1("far").is_ok();
        }
    }

    fn make(
        &self,
        key: RowKey,
        below: Option<&web_sys::Node>,
        draw: impl Fn(RowKey) -> AnyView,
    ) -> Option<Mounted> {
        let owner = self.owner.child();
        let mut state = owner.with(|| draw(key).build());
        state.mount(&self.parent, below);
        let node = state.elements().into_iter().next()?;
        Some(Mounted { key, owner, state, node, far: false })
    }
}
