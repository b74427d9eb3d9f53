//! One monotonic clock for publishers and readers of this process.

use std::{sync::LazyLock, time::Instant};

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Nanoseconds since the clock was first read.
pub(crate) fn nanoseconds() -> u64 {
    START.elapsed().as_nanos() as u64
}
