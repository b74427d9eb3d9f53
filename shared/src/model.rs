//! The resources, one file per domain: the same name stands in `server/domain`, `server/store`,
//! `server/api` and `client-wasm/pages`.

pub mod event;
pub mod media;
