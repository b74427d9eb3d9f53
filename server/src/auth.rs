//! Who asks, and what they may do.

pub mod abuse;
pub mod address;
pub mod api_key;
#[cfg(test)]
pub(crate) mod example;
pub mod guesses;
pub mod origin;
pub mod passwords;
pub mod permission;
mod principal;
pub mod session;
pub mod standing;
pub mod token;

pub use principal::{Credential, Principal, SYSTEM, User};
