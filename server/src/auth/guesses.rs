//! How often one address may try a secret that stands in an address, the code of an invitation, and how often
//! one account may look for people by the beginning of a name. A code is 256 bits and not to be guessed, and
//! names are no secret; this keeps those who try them all from costing anything. Called by the API.

use std::{net::IpAddr, num::NonZeroU32};

use governor::{
    DefaultKeyedRateLimiter, NotUntil, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use shared::AccountId;

use super::address::limited;
use crate::error::ApiError;

/// Attempts of one address in a minute, and as many in one go: a hall full of guests behind one address
/// still gets in, and who types a name fast still sees who it may be.
const PER_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(239);

/// The attempts of every address, and of every account.
#[derive(Debug)]
pub struct Guesses {
    by_address: DefaultKeyedRateLimiter<IpAddr>,
    by_account: DefaultKeyedRateLimiter<AccountId>,
}

impl Default for Guesses {
    fn default() -> Self {
        Self {
            by_address: RateLimiter::hashmap(Quota::per_minute(PER_MINUTE)),
            by_account: RateLimiter::hashmap(Quota::per_minute(PER_MINUTE)),
        }
    }
}

impl Guesses {
    /// Takes an attempt from the address's allowance.
    pub fn attempt(&self, address: IpAddr) -> Result<(), ApiError> {
        self.by_address.check_key(&limited(address)).map_err(|not_until| {
            tracing::warn!(%address, "too many attempts at an invitation");
            too_often(&not_until)
        })
    }

    /// Takes a look for people from the account's allowance.
    pub fn look_up(&self, account: &AccountId) -> Result<(), ApiError> {
        self.by_account.check_key(account).map_err(|not_until| {
            tracing::warn!(%account, "too many looks for people");
            too_often(&not_until)
        })
    }

    /// Forgets addresses and accounts that have their whole allowance again. Call it now and then.
    pub fn forget_old(&self) {
        self.by_address.retain_recent();
        self.by_account.retain_recent();
    }
}

fn too_often(not_until: &NotUntil<<DefaultClock as Clock>::Instant>) -> ApiError {
    let wait = not_until.wait_time_from(DefaultClock::default().now());
    ApiError::rate_limited(wait.as_millis() as u64 + 1)
}
