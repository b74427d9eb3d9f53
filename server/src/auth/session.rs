//! Sessions: the cookie that a sign-in sets. The browser has 256 random bits; the store has their SHA-256.

use axum::http::{HeaderMap, HeaderValue, header};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use shared::{AccountId, ErrorCode, SessionId, model::account::SessionInfo};

use super::{Credential, Principal, User};
use crate::{
    app::AppState,
    error::ApiError,
    ids::new_id,
    store::{StoreError, Tx, WorkError, account as rows},
    time::{timestamp, unix_ms},
};

/// The cookie's name.
pub const COOKIE: &str = "touchline_session";
const DAY_MS: i64 = 24 * 3600 * 1000;
/// A session that was seen longer ago than this is written as seen now.
const RENEW_AFTER_MS: i64 = 10 * 60 * 1000;
/// What is kept of what a browser calls itself.
const USER_AGENT_CHARS: usize = 200;

/// A new secret: 256 random bits.
pub fn new_secret() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// What the store keeps of a secret.
pub fn hash(secret: &str) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(secret.as_bytes()))
}

/// The secret in the cookie of a request.
pub fn secret_of(headers: &HeaderMap) -> Option<String> {
    CookieJar::from_headers(headers).get(COOKIE).map(|cookie| cookie.value().to_owned())
}

/// The user whose session the cookie is of; `None` if there is no cookie or the session is over.
pub async fn user(
    app: &AppState,
    address: std::net::IpAddr,
    headers: &HeaderMap,
) -> Result<Option<User>, ApiError> {
    let Some(secret) = secret_of(headers) else { return Ok(None) };
    let (hash, now) = (hash(&secret), unix_ms());
    let of = hash.clone();
    let found = app.store.read(async move |tx| rows::find_session(tx, &of, now).await).await?;
    let Some((id, stored, seen_at)) = found.filter(|(_, stored, _)| !stored.disabled) else {
        return Ok(None);
    };
    if now - seen_at > RENEW_AFTER_MS {
        let expires_at = now + i64::from(app.config.accounts.session_days) * DAY_MS;
        let renewed = app.store.write(async move |tx| {
            Ok::<_, WorkError<()>>(rows::renew_session(tx, &hash, now, expires_at).await?)
        });
        // A store that cannot be written is no reason to keep somebody from reading.
        if let Err(error) = renewed.await {
            tracing::warn!(%error, "a session could not be renewed");
        }
    }
    Ok(Some(User::new(app, stored.account, address, Credential::Session(id))))
}

/// Who a new session is for, and where it comes from.
#[derive(Debug)]
pub struct Opening {
    pub account: AccountId,
    pub user_agent: String,
    pub address: String,
    /// Its cookie is for TLS alone.
    pub over_tls: bool,
    /// How long it lasts unless it is used, in days.
    pub days: u32,
}

impl Opening {
    pub fn new(account: AccountId, principal: &Principal, headers: &HeaderMap, days: u32) -> Self {
        let user_agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        Self {
            account,
            user_agent: user_agent.unwrap_or_default().chars().take(USER_AGENT_CHARS).collect(),
            address: principal.address().to_string(),
            over_tls: over_tls(headers),
            days,
        }
    }
}

/// Stores a session; returns the secret for its cookie.
pub async fn open(tx: &mut Tx<'_>, opening: &Opening, at: i64) -> Result<String, StoreError> {
    let secret = new_secret();
    let expires_at = at + i64::from(opening.days) * DAY_MS;
    let session = SessionInfo {
        id: new_id::<SessionId>(),
        current: true,
        user_agent: opening.user_agent.clone(),
        address: opening.address.clone(),
        created_at: timestamp(at),
        seen_at: timestamp(at),
        expires_at: timestamp(expires_at),
    };
    let secure = opening.over_tls;
    rows::insert_session(tx, &hash(&secret), &opening.account, &session, secure, at, expires_at).await?;
    Ok(secret)
}

/// The same for who has shown the password of `checked`, which takes a while to find out; `None` if it was
/// changed meanwhile, or the account closed: what that has ended does not begin anew.
pub async fn open_checked(
    tx: &mut Tx<'_>,
    checked: &rows::Stored,
    opening: &Opening,
    at: i64,
) -> Result<Option<String>, StoreError> {
    let now = rows::find(tx, &opening.account).await?;
    match now.filter(|now| !now.disabled && now.password == checked.password) {
        Some(_) => open(tx, opening, at).await.map(Some),
        None => Ok(None),
    }
}

/// Whether a page was served over TLS, by a request of it that changes something: a browser names the page's
/// origin with it, whatever proxies there are in between. With a GET it does not.
pub fn over_tls(request: &HeaderMap) -> bool {
    request.get(header::ORIGIN).is_some_and(|origin| origin.as_bytes().starts_with(b"https:"))
}

/// The header that gives a browser its cookie (RFC 6265), `secure` for TLS alone.
pub fn set_cookie(secret: &str, days: u32, secure: bool) -> Result<HeaderValue, ApiError> {
    let age = i64::from(days) * DAY_MS / 1000;
    // `cookie` counts in its own durations; the attribute is a number of seconds.
    header_value(&format!("{}; Max-Age={age}", cookie(secret.to_owned(), secure)))
}

/// The header that takes the cookie away, for a request that changes something.
pub fn clear_cookie(request: &HeaderMap) -> Result<HeaderValue, ApiError> {
    header_value(&format!("{}; Max-Age=0", cookie(String::new(), over_tls(request))))
}

fn cookie(value: String, secure: bool) -> Cookie<'static> {
    Cookie::build((COOKIE, value)).path("/").http_only(true).same_site(SameSite::Lax).secure(secure).build()
}

fn header_value(text: &str) -> Result<HeaderValue, ApiError> {
    HeaderValue::from_str(text).map_err(|error| ApiError::new(ErrorCode::Internal, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p5_no_script_and_no_other_site_has_the_cookie() {
        let mut request = HeaderMap::new();
        let plain = set_cookie("s3cret", 30, over_tls(&request)).unwrap();
        assert_eq!(plain, "touchline_session=s3cret; HttpOnly; SameSite=Lax; Path=/; Max-Age=2592000");
        request.insert(header::ORIGIN, HeaderValue::from_static("https://live.example"));
        let secure = clear_cookie(&request).unwrap();
        assert_eq!(secure, "touchline_session=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0");
    }

    #[test]
    fn p5_a_secret_is_new_each_time_and_its_hash_says_nothing() {
        let (one, other) = (new_secret(), new_secret());
        assert_ne!(one, other);
        assert_eq!((one.len(), hash(&one).len()), (43, 64));
    }
}
