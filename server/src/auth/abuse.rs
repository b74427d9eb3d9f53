//! Who goes on in spite of having been told (P7): told apart from who was refused once, and logged once.

use std::num::NonZeroU32;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// Refusals within a minute after which somebody is an abuser.
const TOLERATED: NonZeroU32 = NonZeroU32::MIN.saturating_add(19);

/// What was refused to whom of late.
#[derive(Debug)]
pub struct Abuse {
    refusals: DefaultKeyedRateLimiter<String>,
    /// By who and what, so that each is logged once a minute.
    logged: DefaultKeyedRateLimiter<(String, &'static str)>,
}

impl Default for Abuse {
    fn default() -> Self {
        Self {
            refusals: RateLimiter::hashmap(Quota::per_minute(TOLERATED)),
            logged: RateLimiter::hashmap(Quota::per_minute(NonZeroU32::MIN)),
        }
    }
}

impl Abuse {
    /// Notes that something was refused to `who`; true if that has been so too often.
    pub fn note(&self, who: &str) -> bool {
        self.refusals.check_key(&who.to_owned()).is_err()
    }

    /// Whether this is the first of its kind in a minute: then it is worth a line in the log.
    pub fn is_first(&self, who: &str, what: &'static str) -> bool {
        self.logged.check_key(&(who.to_owned(), what)).is_ok()
    }

    /// Forgets those who have behaved since. Call it now and then.
    pub fn forget(&self) {
        self.refusals.retain_recent();
        self.logged.retain_recent();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p7_who_goes_on_is_an_abuser_and_logged_once() {
        let abuse = Abuse::default();
        assert!((0..20).all(|_| !abuse.note("ada")));
        assert!(abuse.note("ada") && !abuse.note("bob"));
        assert!(abuse.is_first("ada", "publishing") && !abuse.is_first("ada", "publishing"));
        assert!(abuse.is_first("ada", "token"));
    }
}
