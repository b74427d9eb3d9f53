//! How often one address may try a secret that stands in an address: the code of an invitation. A code is
//! 256 bits and not to be guessed; this keeps those who try from costing anything. Called by the API.

use std::{net::IpAddr, num::NonZeroU32};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock as _};

use super::address::limited;
use crate::error::ApiError;

/// Attempts of one address in a minute, and as many in one go: a hall full of guests behind one address
/// still gets in.
const PER_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(239);

/// The attempts of every address.
#[derive(Debug)]
pub struct Guesses {
    by_address: DefaultKeyedRateLimiter<IpAddr>,
}

impl Default for Guesses {
    fn default() -> Self {
        Self { by_address: RateLimiter::hashmap(Quota::per_minute(PER_MINUTE)) }
    }
}

impl Guesses {
    /// Takes an attempt from the address's allowance.
    pub fn attempt(&self, address: IpAddr) -> Result<(), ApiError> {
        self.by_address.check_key(&limited(address)).map_err(|not_until| {
            tracing::warn!(%address, "too many attempts at an invitation");
            let wait = not_until.wait_time_from(governor::clock::DefaultClock::default().now());
            ApiError::rate_limited(wait.as_millis() as u64 + 1)
        })
    }

    /// Forgets addresses that have their whole allowance again. Call it now and then.
    pub fn forget_old(&self) {
        self.by_address.retain_recent();
    }
}
