//! The write path: whoever changes anything comes through here, over whatever transport.
//!
//! One transaction holds the domain rows, the publications and the idempotency record. What is answered
//! is on the disk. Sent twice, it is stored once and answered twice.

pub mod post;

use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};
use shared::{ErrorCode, IdempotencyKey, Topic};

use crate::{
    auth::{
        Principal,
        permission::{self, Action},
    },
    domain::Refusal,
    error::ApiError,
    store::{Store, StoreError, Tx, WorkError, idempotency},
    time::unix_ms,
};

/// What came of a change.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome<T> {
    /// It was done now.
    Done(T),
    /// It was done when the key was first used; this is what was answered then.
    Before(T),
}

impl<T> Outcome<T> {
    pub fn into_inner(self) -> T {
        match self {
            Self::Done(value) | Self::Before(value) => value,
        }
    }
}

/// An idempotency key, and the hash of what was asked under it.
#[derive(Debug, Clone)]
pub struct Keyed {
    key: IdempotencyKey,
    fingerprint: String,
}

impl Keyed {
    /// `request` is everything that makes the request what it is.
    pub fn new(key: IdempotencyKey, request: &impl Serialize) -> Result<Self, ApiError> {
        let bytes = serde_json::to_vec(request)
            .map_err(|error| ApiError::new(ErrorCode::Internal, error.to_string()))?;
        let fingerprint = data_encoding::HEXLOWER.encode(&Sha256::digest(&bytes)[..16]);
        Ok(Self { key, fingerprint })
    }

    pub fn key(&self) -> &IdempotencyKey {
        &self.key
    }
}

/// Authorises and runs a change on `topic`, then waits until it is durable. The right and the change are
/// looked at in one transaction.
///
/// `work` is given the transaction and the time; what it returns is what the key will answer for ever.
pub async fn publish<T, F>(
    store: &Store,
    principal: &Principal,
    action: Action,
    topic: &Topic,
    keyed: Option<Keyed>,
    work: F,
) -> Result<Outcome<T>, ApiError>
where
    T: Serialize + DeserializeOwned + Send + 'static,
    F: AsyncFnOnce(&mut Tx<'_>, i64) -> Result<T, WorkError<Refusal>> + Send + 'static,
{
    let (principal, topic) = (principal.clone(), topic.clone());
    let outcome = store
        .write(async move |tx| {
            permission::require(tx, &principal, action, &topic).await?;
            once(tx, &principal, keyed, unix_ms(), work).await
        })
        .await?;
    outcome.map_err(ApiError::from)
}

/// Runs a change unless its key says that it was made before, within a transaction that does more than that.
pub async fn once<T, F>(
    tx: &mut Tx<'_>,
    principal: &Principal,
    keyed: Option<Keyed>,
    at: i64,
    work: F,
) -> Result<Outcome<T>, WorkError<Refusal>>
where
    T: Serialize + DeserializeOwned,
    F: AsyncFnOnce(&mut Tx<'_>, i64) -> Result<T, WorkError<Refusal>>,
{
    let author = principal.author();
    match before(tx, &author, keyed.as_ref()).await? {
        Some(answered) => Ok(Outcome::Before(answered)),
        None => {
            let value = work(tx, at).await?;
            record(tx, &author, keyed, &value, at).await?;
            Ok(Outcome::Done(value))
        }
    }
}

/// The same for several changes, each with a key of its own: all of them or none.
pub async fn publish_all<I, T, F>(
    store: &Store,
    principal: &Principal,
    action: Action,
    topic: &Topic,
    items: Vec<(Option<Keyed>, I)>,
    work: F,
) -> Result<Vec<Outcome<T>>, ApiError>
where
    I: Send + 'static,
    T: Serialize + DeserializeOwned + Send + 'static,
    F: AsyncFn(&mut Tx<'_>, I, i64) -> Result<T, WorkError<Refusal>> + Send + 'static,
{
    let (principal, topic) = (principal.clone(), topic.clone());
    let outcome = store
        .write(async move |tx| {
            permission::require(tx, &principal, action, &topic).await?;
            let (author, at) = (principal.author(), unix_ms());
            let mut outcomes = Vec::with_capacity(items.len());
            for (keyed, item) in items {
                let outcome = match before(tx, &author, keyed.as_ref()).await? {
                    Some(answered) => Outcome::Before(answered),
                    None => {
                        let value = work(tx, item, at).await?;
                        record(tx, &author, keyed, &value, at).await?;
                        Outcome::Done(value)
                    }
                };
                outcomes.push(outcome);
            }
            Ok(outcomes)
        })
        .await?;
    outcome.map_err(ApiError::from)
}

/// What was answered when the key was first used.
async fn before<T: DeserializeOwned>(
    tx: &mut Tx<'_>,
    author: &str,
    keyed: Option<&Keyed>,
) -> Result<Option<T>, WorkError<Refusal>> {
    let Some(keyed) = keyed else { return Ok(None) };
    match idempotency::find(tx, author, &keyed.key).await? {
        Some(seen) if seen.fingerprint != keyed.fingerprint => Err(WorkError::Refused(Refusal::KeyReused)),
        Some(seen) => Ok(Some(serde_json::from_str(&seen.answer).map_err(fault)?)),
        None => Ok(None),
    }
}

async fn record<T: Serialize>(
    tx: &mut Tx<'_>,
    author: &str,
    keyed: Option<Keyed>,
    value: &T,
    at: i64,
) -> Result<(), StoreError> {
    let Some(keyed) = keyed else { return Ok(()) };
    let answer = serde_json::to_string(value).map_err(fault)?;
    let seen = idempotency::Seen { fingerprint: keyed.fingerprint, answer };
    idempotency::record(tx, author, &keyed.key, &seen, at).await
}

fn fault(error: serde_json::Error) -> StoreError {
    StoreError::Fault(error.to_string())
}
