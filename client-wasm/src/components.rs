//! What pages are made of. A component draws and asks; what it asks for is done by a page or the driver.

pub(crate) mod announcer;
pub(crate) mod avatar;
pub(crate) mod banner;
pub(crate) mod bell;
pub(crate) mod dynamic;
pub(crate) mod event_card;
pub(crate) mod form;
pub(crate) mod header;
pub(crate) mod icon;
pub(crate) mod item;
pub(crate) mod lightbox;
pub(crate) mod linked_text;
pub(crate) mod me;
pub(crate) mod menu;
pub(crate) mod name_field;
pub(crate) mod new_event;
pub(crate) mod picture;
mod reactions;
pub(crate) mod row_list;
pub(crate) mod sheet;
pub(crate) mod status_badge;
pub(crate) mod theme;
pub(crate) mod time;
pub(crate) mod title;
