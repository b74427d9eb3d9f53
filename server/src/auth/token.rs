//! Tokens (S2, S5): JSON Web Tokens (RFC 7519) that this server has signed, or an issuer whom the operator
//! trusts.
//!
//! The key decides the algorithm (RFC 8725 §3.1), never the token: a token is held against the keys of the
//! algorithm it names, each with that algorithm alone, and there is no key for `none`. Whoever holds a key can
//! be anybody; that is what the operator trusts an issuer with.
//!
//! Called by the extractor of principals, by the transports for the `auth` frame, and by the command line.

mod jwks;
mod key;
mod secret;

use std::{net::IpAddr, sync::Arc};

use jsonwebtoken::{EncodingKey, Header, decode_header};
use serde_json::{Map, Value, json};
use shared::{
    AccountId, ErrorCode,
    limits::{DISPLAY_NAME_CHARS, TOKEN_BYTES},
    model::account::AccountRole,
};

use self::{
    jwks::Jwks,
    key::{Key, Rules},
    secret::Secret,
};
use super::{Credential, User};
use crate::{
    app::AppState,
    config,
    domain::{self, Refusal},
    error::ApiError,
    store::{StoreError, WorkError, account as rows},
    time::unix_ms,
};

/// A token may begin to be valid this much later than now, in seconds: an issuer's clock runs ahead.
const CLOCKS_APART_S: i64 = 60;
/// The last second that a timestamp can say (9999-12-30T22:00Z): no token is valid for longer, whatever it says.
const LATEST_S: f64 = 253_402_207_200.0;

/// Why a token is not taken.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    #[error("the token cannot be read")]
    Malformed,
    #[error("the token's algorithm is not one of those taken here")]
    Algorithm,
    #[error("the token is signed with a key that is not known here")]
    UnknownKey,
    #[error("the token's signature is wrong")]
    Signature,
    #[error("the token has expired")]
    Expired,
    #[error("the token is not valid yet")]
    NotYet,
    #[error("the token is of another issuer")]
    Issuer,
    #[error("the token is for another audience")]
    Audience,
    #[error("the token does not say whose it is")]
    Subject,
    #[error("the token's account does not exist, or is closed")]
    Account,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Store(error) => error.into(),
            error => Self::new(ErrorCode::Unauthenticated, error.to_string()),
        }
    }
}

/// Why tokens cannot be had at all: said to the operator at start.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error("the secret for tokens ({path}): {reason}")]
    Secret { path: String, reason: String },
    #[error("the public key for tokens ({path}): {reason}")]
    PublicKey { path: String, reason: String },
    #[error("the key set for tokens: {0}")]
    KeySet(String),
}

/// What a good token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    subject: String,
    /// Signed with the secret, by this server or by who shares it.
    by_secret: bool,
    /// What its holder is called.
    display_name: Option<String>,
    /// Unix, in milliseconds.
    pub expires_at: i64,
}

/// The keys, and what a token has to say beside its signature.
#[derive(Debug)]
pub struct Tokens {
    minting: EncodingKey,
    /// Of the secret, and of the files that were configured.
    keys: Vec<Key>,
    key_set: Option<Arc<Jwks>>,
    rules: Rules,
    create_accounts: bool,
}

impl Tokens {
    /// Reads the keys. The set at an address is fetched by [`Tokens::keep_keys_fresh`].
    pub fn open(options: &config::Tokens, data_dir: &std::path::Path) -> Result<Self, SetupError> {
        let secret = Secret::open(options, data_dir)?;
        let mut keys = vec![Key::of_secret(&secret)];
        for path in &options.jwt_public_keys {
            keys.push(Key::of_file(path)?);
        }
        let key_set = options.jwt_jwks_url.as_ref().map(|url| Jwks::new(url, options)).transpose()?;
        Ok(Self {
            minting: secret.encoding_key(),
            keys,
            key_set: key_set.map(Arc::new),
            rules: Rules::new(options),
            create_accounts: options.jwt_create_accounts,
        })
    }

    /// Fetches the key set now and then until the token is cancelled: a key that its issuer has taken back
    /// is not trusted for ever.
    pub async fn keep_keys_fresh(&self, stop: tokio_util::sync::CancellationToken) {
        if let Some(key_set) = self.key_set.clone() {
            key_set.run(stop).await;
        }
    }

    /// A token for an account, valid for `ttl_s` seconds from now.
    pub fn mint(&self, account: &AccountId, ttl_s: i64) -> Result<String, TokenError> {
        let now = unix_ms() / 1000;
        let mut claims = json!({"sub": account, "iat": now, "exp": now + ttl_s});
        if let Some(audience) = self.rules.audiences.first() {
            claims["aud"] = json!(audience);
        }
        jsonwebtoken::encode(&Header::default(), &claims, &self.minting).map_err(|_| TokenError::Malformed)
    }

    /// Holds a token against the keys, fetching them anew if it was signed with one that is not known.
    pub async fn verify(&self, token: &str) -> Result<Verified, TokenError> {
        if token.len() > TOKEN_BYTES {
            return Err(TokenError::Malformed);
        }
        let header = decode_header(token).map_err(|error| key::reason(&error, TokenError::Malformed))?;
        // No extension is understood here, so none may be critical (RFC 7515 §4.1.11).
        if header.crit.is_some() {
            return Err(TokenError::Malformed);
        }
        let error = match self.check(token, &header) {
            Ok(verified) => return Ok(verified),
            Err(error) => error,
        };
        let newer = match &self.key_set {
            Some(key_set) if is_of_unknown_key(&error, &header) => key_set.refresh().await,
            _ => false,
        };
        if newer { self.check(token, &header) } else { Err(error) }
    }

    fn check(&self, token: &str, header: &Header) -> Result<Verified, TokenError> {
        let fetched = self.key_set.as_ref().map(|key_set| key_set.keys());
        let keys = self.keys.iter().chain(fetched.iter().flat_map(|keys| keys.iter()));
        let (mut known, mut error) = (self.key_set.is_some() && key::is_public(header.alg), None);
        for key in keys.filter(|key| key.algorithm() == header.alg) {
            known = true;
            if !key.may_be(header.kid.as_deref()) {
                continue;
            }
            match key.claims(token, &self.rules) {
                Ok(claims) => return verified(&claims, key.is_secret(), &self.rules),
                Err(why) => error = Some(why),
            }
        }
        let none = if known { TokenError::UnknownKey } else { TokenError::Algorithm };
        Err(error.unwrap_or(none))
    }
}

/// Whether the issuer may have made a new key since its keys were fetched.
fn is_of_unknown_key(error: &TokenError, header: &Header) -> bool {
    match error {
        TokenError::UnknownKey => true,
        TokenError::Signature => header.kid.is_none() && key::is_public(header.alg),
        _ => false,
    }
}

fn verified(claims: &Map<String, Value>, by_secret: bool, rules: &Rules) -> Result<Verified, TokenError> {
    let seconds = |name: &str| claims.get(name).and_then(Value::as_f64);
    let now = unix_ms();
    if seconds("nbf").is_some_and(|begins| begins > (now / 1000 + CLOCKS_APART_S) as f64) {
        return Err(TokenError::NotYet);
    }
    let expires_at = (seconds("exp").ok_or(TokenError::Malformed)?.clamp(0.0, LATEST_S) * 1000.0) as i64;
    if expires_at <= now {
        return Err(TokenError::Expired);
    }
    let text = |name: &str| claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let subject = if by_secret { "sub" } else { &rules.subject_claim };
    Ok(Verified {
        subject: text(subject).ok_or(TokenError::Subject)?.to_owned(),
        by_secret,
        display_name: text("name").map(|name| name.chars().take(DISPLAY_NAME_CHARS).collect()),
        expires_at,
    })
}

/// The user whose token it is. Who is refused is logged here.
pub async fn user(app: &AppState, address: IpAddr, token: &str) -> Result<User, TokenError> {
    let found = async {
        let verified = app.tokens.verify(token).await?;
        let account = match find(app, &verified).await? {
            Some(stored) if stored.disabled => return Err(TokenError::Account),
            Some(stored) => stored.account,
            None if app.tokens.create_accounts => create(app, &verified).await?,
            None => return Err(TokenError::Account),
        };
        let by = Credential::Token { expires_at: verified.expires_at };
        Ok(User::new(app, account, address, by))
    };
    let found: Result<User, TokenError> = found.await;
    if let Err(error) = &found {
        metrics::counter!("touchline_tokens_refused_total").increment(1);
        if app.abuse.is_first(&address.to_string(), "token") {
            tracing::warn!(%address, why = %error, "a token was refused");
        }
    }
    found
}

/// The secret's tokens name an account by id or by name, an issuer's by name alone: an issuer's people may
/// have chosen what they are called.
async fn find(app: &AppState, verified: &Verified) -> Result<Option<rows::Stored>, StoreError> {
    let (subject, by_secret) = (verified.subject.clone(), verified.by_secret);
    app.store
        .read(async move |tx| {
            if by_secret && let Ok(id) = subject.parse::<AccountId>() {
                let found = rows::find(tx, &id).await?;
                if found.is_some() {
                    return Ok(found);
                }
            }
            rows::find_by_name(tx, &subject.to_ascii_lowercase()).await
        })
        .await
}

/// The account of somebody who comes for the first time.
async fn create(app: &AppState, verified: &Verified) -> Result<shared::model::account::Account, TokenError> {
    let name = domain::account::name(&verified.subject).map_err(|_| TokenError::Subject)?;
    let person = domain::account::NewPerson {
        display_name: verified.display_name.clone().unwrap_or_default(),
        name: name.clone(),
        password: None,
        role: AccountRole::User,
    };
    let made = app
        .store
        .write(async move |tx| {
            // Two of their connections may come at once.
            match rows::find_by_name(tx, &name).await? {
                Some(stored) if stored.disabled => Err(WorkError::Refused(Refusal::Forbidden)),
                Some(stored) => Ok(stored.account),
                None => domain::account::create(tx, person, unix_ms()).await,
            }
        })
        .await?;
    let account = made.map_err(|_| TokenError::Account)?;
    tracing::info!(account = %account.person.id, name = account.person.name, "an account was made for a token");
    Ok(account)
}

#[cfg(test)]
mod tests;
