//! Holding the page still while rows come and go, and bringing it back to a place. Knows rows and pixels
//! only. Called by [`super::feed`]. Browsers do some of this by themselves, and not all of them do.

use std::collections::HashSet;

use client_core::timeline::RowKey;

use crate::{browser, components::row_list::RowList};

/// So near to the top, new items go in at once, in CSS pixels.
pub(super) const TOP: f64 = 48.0;
/// Height of the bar at the top, which hides what is under it, in CSS pixels.
pub(super) const BAR: f64 = 56.0;

/// Lets `change` change the list, and sees to it that the first row in view stays within a pixel.
pub(super) fn hold_still(list: &mut RowList, wanted: &[RowKey], change: impl FnOnce(&mut RowList)) {
    let scrolled = browser::scroll_y();
    if scrolled <= TOP {
        change(list);
        if (browser::scroll_y() - scrolled).abs() >= 1.0 {
            browser::scroll_to(scrolled, false);
        }
        return;
    }
    let staying: HashSet<RowKey> = wanted.iter().copied().collect();
    let anchor = list.first_below(BAR, |key| staying.contains(&key));
    change(list);
    let Some((key, top)) = anchor else { return };
    let now = list.node(key).map(|node| node.get_bounding_client_rect().top());
    if let Some(now) = now
        && (now - top).abs() >= 0.5
    {
        browser::scroll_to(browser::scroll_y() + now - top, false);
    }
}

/// Scrolls until the node's top is `top` below that of the window. What comes into view on the way is laid
/// out only then and may move it again, so that it is looked at again in the frames that follow.
pub(super) fn bring(node: &web_sys::Element, top: f64, frames: u32) {
    let off = node.get_bounding_client_rect().top() - top;
    if off.abs() >= 0.5 {
        browser::scroll_to(browser::scroll_y() + off, false);
    }
    if frames > 0 {
        let node = node.clone();
        browser::before_paint(move || bring(&node, top, frames - 1));
    }
}

/// Whether the reader is where new items belong.
pub(super) fn is_at_top() -> bool {
    browser::scroll_y() <= TOP
}
