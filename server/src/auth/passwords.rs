//! Passwords: hashed with argon2id (RFC 9106), a few at a time, and how often they may be tried.
//!
//! A hash takes a processor and 19 MiB for some ten milliseconds; without a bound on how many are worked on,
//! a flood of sign-ins would take the whole machine. Called by the API of accounts and by the command line.

use std::{net::IpAddr, num::NonZeroU32, sync::Arc};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock as _};
use shared::limits::ACCOUNT_NAME_CHARS_MAX;
use tokio::sync::Semaphore;

use super::address::limited;
use crate::{config::Accounts, error::ApiError};

/// Requests that may wait for their turn; beyond it, who comes is told to come back.
const WAITING: usize = 64;

/// The pool, and the limits of attempts.
#[derive(Debug)]
pub struct Passwords {
    working: Arc<Semaphore>,
    /// Those who work and those who wait.
    admitted: Arc<Semaphore>,
    by_address: DefaultKeyedRateLimiter<IpAddr>,
    by_name: DefaultKeyedRateLimiter<String>,
}

/// Why a password was not hashed: a fault of the program or of the machine.
#[derive(Debug, thiserror::Error)]
#[error("a password could not be hashed: {0}")]
pub struct HashError(String);

impl Passwords {
    pub fn new(options: &Accounts) -> Self {
        let per_minute = NonZeroU32::new(options.sign_ins_per_minute).unwrap_or(NonZeroU32::MIN);
        let at_once = options.passwords_at_once as usize;
        Self {
            working: Arc::new(Semaphore::new(at_once)),
            admitted: Arc::new(Semaphore::new(at_once + WAITING)),
            by_address: RateLimiter::hashmap(Quota::per_minute(per_minute)),
            by_name: RateLimiter::hashmap(Quota::per_minute(per_minute)),
        }
    }

    /// Takes an attempt from the address's allowance, and from the name's where one is tried.
    pub fn attempt(&self, address: IpAddr, name: Option<&str>) -> Result<(), ApiError> {
        let now = governor::clock::DefaultClock::default().now();
        let too_often = |not_until: governor::NotUntil<_>| {
            ApiError::rate_limited(not_until.wait_time_from(now).as_millis() as u64 + 1)
        };
        self.by_address.check_key(&limited(address)).map_err(too_often)?;
        // A name that is too long to be anybody's is not remembered: it may be as long as a request.
        match name.filter(|name| name.len() <= ACCOUNT_NAME_CHARS_MAX) {
            Some(name) => self.by_name.check_key(&name.to_owned()).map_err(too_often),
            None => Ok(()),
        }
    }

    /// Forgets addresses and names that have their whole allowance again. Call it now and then.
    pub fn forget_old_attempts(&self) {
        self.by_address.retain_recent();
        self.by_name.retain_recent();
    }

    /// Hashes a password, when it is its turn.
    pub async fn hash(&self, password: String) -> Result<String, ApiError> {
        self.run(move || hash(&password)).await?.map_err(|error| {
            tracing::error!(%error);
            ApiError::new(shared::ErrorCode::Internal, "a fault of the server; its log has the details")
        })
    }

    /// Whether `password` is the one that `stored` was made of. Without one stored it takes as long and is
    /// never right, so that the time does not tell which names there are.
    pub async fn verify(&self, password: String, stored: Option<String>) -> Result<bool, ApiError> {
        self.run(move || match stored {
            Some(stored) => verify(&password, &stored),
            None => {
                drop(hash(&password));
                false
            }
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
        let busy = || ApiError::rate_limited(1000);
        let admitted = self.admitted.clone().try_acquire_owned().map_err(|_| busy())?;
        let working = self.working.clone().acquire_owned().await.map_err(|_| busy())?;
        let done = tokio::task::spawn_blocking(move || {
            // Held until the work is done, also if nobody waits for it any more.
            let _permits = (admitted, working);
            work()
        });
        done.await.map_err(|error| {
            tracing::error!(%error, "the work on a password broke off");
            ApiError::new(shared::ErrorCode::Internal, "a fault of the server; its log has the details")
        })
    }
}

/// A password's hash, as a PHC string.
pub fn hash(password: &str) -> Result<String, HashError> {
    Argon2::default()
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| HashError(error.to_string()))
}

fn verify(password: &str, stored: &str) -> bool {
    match PasswordHash::new(stored) {
        Ok(stored) => Argon2::default().verify_password(password.as_bytes(), &stored).is_ok(),
        Err(error) => {
            tracing::error!(%error, "a stored password cannot be read");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p5_a_password_is_kept_as_argon2id_and_recognised() {
        let stored = hash("correct horse").unwrap();
        assert!(stored.starts_with("$argon2id$v=19$"), "{stored}");
        assert!(verify("correct horse", &stored));
        assert!(!verify("correct hors", &stored));
        assert_ne!(stored, hash("correct horse").unwrap(), "each has a salt of its own");
        assert!(!verify("correct horse", "not a hash"));
    }

    #[test]
    fn p7_attempts_are_limited_by_address_and_by_name() {
        let options = Accounts {
            registration: shared::model::account::Registration::Open,
            visitors_may_post: false,
            session_days: 1,
            sign_ins_per_minute: 3,
            passwords_at_once: 1,
        };
        let passwords = Passwords::new(&options);
        let address = |last: u8| IpAddr::from([192, 0, 2, last]);
        for _ in 0..3 {
            passwords.attempt(address(1), Some("ada")).unwrap();
        }
        let refused = passwords.attempt(address(1), Some("bob")).unwrap_err();
        assert_eq!(refused.0.code, shared::ErrorCode::RateLimited);
        assert!(refused.0.retry_after_ms.unwrap() <= 20_001);
        assert!(passwords.attempt(address(2), Some("ada")).is_err(), "the name as well, from wherever");
        assert!(passwords.attempt(address(2), Some("bob")).is_ok());
    }

    #[test]
    fn p7_a_network_of_addresses_is_one_and_a_name_without_end_is_not_kept() {
        let options = Accounts {
            registration: shared::model::account::Registration::Open,
            visitors_may_post: false,
            session_days: 1,
            sign_ins_per_minute: 3,
            passwords_at_once: 1,
        };
        let passwords = Passwords::new(&options);
        let long = "x".repeat(1 << 20);
        let attempt = |last: u16| {
            let address = IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, last]);
            passwords.attempt(address, Some(&long))
        };
        for last in 0..3 {
            attempt(last).unwrap();
        }
        assert_eq!(attempt(3).unwrap_err().0.code, shared::ErrorCode::RateLimited);
        assert_eq!((passwords.by_address.len(), passwords.by_name.len()), (1, 0));
    }
}
