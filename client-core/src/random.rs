//! Seeded randomness for jitter. Not for secrets. Called by `core`; never asks the system for entropy.

/// `SplitMix64` (Steele, Lea, Flood 2014): tiny in WebAssembly, and good enough to spread reconnects.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number from 0 to `max`, both included.
    pub(crate) const fn up_to(&mut self, max: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        // The modulo's bias is of no matter for delays of some seconds.
        if max == u64::MAX { z } else { z % (max + 1) }
    }
}
