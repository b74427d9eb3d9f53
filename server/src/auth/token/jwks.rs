//! A set of public keys at an issuer's address (RFC 7517 §5). Fetched at start, every ten minutes, and when a
//! token names a key that is not in it; bounded in time and size; never oftener than configured, whatever
//! tokens come.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use futures_util::StreamExt as _;
use jsonwebtoken::jwk::Jwk;
use serde::Deserialize;
use serde_json::Value;
use tokio::{sync::Mutex, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{SetupError, key::Key};
use crate::config;

/// How long fetching may take.
const TIME_LIMIT: Duration = Duration::from_secs(5);
/// Largest set, in bytes.
const SET_BYTES: usize = 256 * 1024;
/// Most keys of a set.
const SET_KEYS: usize = 100;
/// How often the set is fetched without being asked for.
const EVERY: Duration = Duration::from_mins(10);

/// The keys of an issuer.
#[derive(Debug)]
pub(super) struct Jwks {
    url: reqwest::Url,
    http: reqwest::Client,
    keys: ArcSwap<Vec<Key>>,
    /// When it was fetched last, or tried to. Held while fetching: who comes meanwhile waits for it.
    tried: Mutex<Option<Instant>>,
    at_most_every: Duration,
}

impl Jwks {
    pub(super) fn new(url: &reqwest::Url, options: &config::Tokens) -> Result<Self, SetupError> {
        crate::use_ring_for_tls();
        let http = reqwest::Client::builder()
            .timeout(TIME_LIMIT)
            // Where the operator has pointed, and nowhere else.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| SetupError::KeySet(error.to_string()))?;
        Ok(Self {
            url: url.clone(),
            http,
            keys: ArcSwap::default(),
            tried: Mutex::new(None),
            at_most_every: Duration::from_secs(options.jwt_jwks_at_most_every_s),
        })
    }

    /// The keys as they were fetched last.
    pub(super) fn keys(&self) -> Arc<Vec<Key>> {
        self.keys.load_full()
    }

    /// Fetches the set at once and then now and then, until the token is cancelled.
    pub(super) async fn run(&self, stop: CancellationToken) {
        loop {
            self.refresh().await;
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Fetches the set unless that was tried a moment ago. True if the keys may be others than before the
    /// call: somebody else may have fetched them while this one waited.
    pub(super) async fn refresh(&self) -> bool {
        let before = self.keys();
        let mut tried = self.tried.lock().await;
        if tried.is_none_or(|tried| tried.elapsed() >= self.at_most_every) {
            *tried = Some(Instant::now());
            match self.fetch().await {
                Ok(keys) => {
                    tracing::info!(keys = keys.len(), url = %self.url, "the issuer's keys were fetched");
                    self.keys.store(Arc::new(keys));
                }
                // Those that are known stay: an issuer who is away for a moment takes nothing back.
                Err(why) => tracing::warn!(why, url = %self.url, "the issuer's keys could not be fetched"),
            }
        }
        drop(tried);
        !Arc::ptr_eq(&before, &self.keys())
    }

    async fn fetch(&self) -> Result<Vec<Key>, String> {
        let answer = self.http.get(self.url.clone()).send().await.map_err(|error| error.to_string())?;
        if !answer.status().is_success() {
            return Err(format!("it answered {}", answer.status()));
        }
        let mut body = Vec::new();
        let mut pieces = answer.bytes_stream();
        while let Some(piece) = pieces.next().await {
            body.extend_from_slice(&piece.map_err(|error| error.to_string())?);
            if body.len() > SET_BYTES {
                return Err(format!("it is larger than {SET_BYTES} bytes"));
            }
        }
        parse(&body)
    }
}

/// The keys of a set that tokens can be signed with. Others in it are passed over (RFC 7517 §5).
fn parse(body: &[u8]) -> Result<Vec<Key>, String> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Value>,
    }
    let set: Set = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let keys = set.keys.into_iter().take(SET_KEYS);
    Ok(keys.filter_map(|key| Key::of_set(&serde_json::from_value::<Jwk>(key).ok()?)).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn s5_only_public_keys_for_signing_are_taken_from_a_set() {
        let ed = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        let with = |name: &str, value: &str| {
            let mut key = ed.clone();
            key[name] = json!(value);
            key
        };
        let set = json!({"keys": [
            with("kid", "a"),
            with("use", "enc"),
            with("alg", "HS256"),
            with("crv", "X25519"),
            {"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", "alg": "HS256"},
            {"kty": "invented"},
            "nonsense",
        ]});
        let keys = parse(set.to_string().as_bytes()).unwrap();
        assert_eq!(keys.len(), 1, "{keys:?}");
        assert!(keys[0].may_be(Some("a")) && keys[0].may_be(None) && !keys[0].may_be(Some("b")));
        assert!(parse(b"[]").is_err());
    }
}
