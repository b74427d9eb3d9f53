//! The pages, one file per domain.

pub(crate) mod account;
pub(crate) mod event;
pub(crate) mod events;
pub(crate) mod invitation;
pub(crate) mod match_;
pub(crate) mod not_found;
pub(crate) mod notifications;
pub(crate) mod people;
pub(crate) mod posts;
pub(crate) mod sign_in;
pub(crate) mod stories;
pub(crate) mod venues;
