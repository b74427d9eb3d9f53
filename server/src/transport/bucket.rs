//! How many frames a client may send (P7). It is told the time and reads no clock. Used by `session`.

use crate::time::Millis;

/// A token bucket over the time it is told.
#[derive(Debug)]
pub(super) struct Bucket {
    per_second: u32,
    /// Thousandths of a frame.
    level: u64,
    at: Millis,
}

impl Bucket {
    /// `per_second` frames a second, twice as many in one go.
    pub(super) fn new(per_second: u32, now: Millis) -> Self {
        Self { per_second, level: u64::from(per_second) * 2000, at: now }
    }

    /// Takes one, or says in how many milliseconds there is one again.
    pub(super) fn take(&mut self, now: Millis) -> Result<(), u64> {
        let gained = now.since(self.at).saturating_mul(u64::from(self.per_second));
        self.level = self.level.saturating_add(gained).min(u64::from(self.per_second) * 2000);
        self.at = now;
        if self.level < 1000 {
            return Err((1000 - self.level).div_ceil(u64::from(self.per_second.max(1))));
        }
        self.level -= 1000;
        Ok(())
    }
}
