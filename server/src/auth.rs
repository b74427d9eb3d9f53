//! Who asks, and what they may do. The one place that decides it; everything else asks here.

pub mod address;
pub mod origin;
pub mod permission;
pub mod principal;

pub use principal::Principal;
