//! The resources, one file per domain: the same name stands in `server/domain`, `server/store`,
//! `server/api` and `client-wasm/pages`.

pub mod account;
pub mod comment;
pub mod control;
pub mod event;
pub mod follow;
pub mod match_;
pub mod media;
pub mod member;
pub mod notification;
pub mod post;
pub mod presence;
pub mod story;
pub mod tournament;
pub mod venue;
