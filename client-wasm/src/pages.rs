//! The pages, one file per domain.

pub(crate) mod event;
pub(crate) mod events;
pub(crate) mod not_found;
