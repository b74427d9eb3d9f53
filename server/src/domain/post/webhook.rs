//! Webhooks of an account: where posts may be sent, and what deliveries there are signed with.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use shared::{
    WebhookId,
    limits::{WEBHOOK_URL_CHARS, WEBHOOKS},
    model::post::{NewWebhook, Webhook},
};

use super::{Principal, Refusal, Tx, Work, conflict, invalid, refused, webhooks};
use crate::{ids::new_id, time::timestamp};

/// What a secret begins with (standardwebhooks.com).
const SECRET_PREFIX: &str = "whsec_";

/// A new secret: 192 random bits.
fn new_secret() -> String {
    format!("{SECRET_PREFIX}{}", STANDARD.encode(rand::random::<[u8; 24]>()))
}

/// The bytes of a secret.
pub fn secret_bytes(secret: &str) -> Option<Vec<u8>> {
    STANDARD.decode(secret.strip_prefix(SECRET_PREFIX)?).ok()
}

/// The host of an address, to be shown to those whom the address is not told.
pub fn host(url: &str) -> String {
    let parsed = url.parse::<reqwest::Url>().ok();
    parsed.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

/// Makes a webhook; its secret is said this once.
pub async fn create(tx: &mut Tx<'_>, principal: &Principal, new: NewWebhook, at: i64) -> Work<Webhook> {
    let Some(account) = principal.account_id() else { return refused(Refusal::SignIn) };
    if new.url.chars().count() > WEBHOOK_URL_CHARS {
        return invalid("url", &format!("{WEBHOOK_URL_CHARS} characters are allowed"));
    }
    if let Err(message) = crate::webhook::check(&new.url) {
        return invalid("url", message);
    }
    let known = webhooks::list(tx, account).await?;
    if known.iter().any(|webhook| webhook.url == new.url) {
        return conflict("url", "this webhook is there already");
    }
    if known.len() >= WEBHOOKS {
        return conflict("url", "an account has no more webhooks than that");
    }
    let secret = new_secret();
    let webhook = Webhook { id: new_id(), url: new.url, secret: Some(secret), created_at: timestamp(at) };
    let said = webhook.secret.as_deref().unwrap_or_default();
    webhooks::insert(tx, account, &webhook, said, at).await?;
    Ok(webhook)
}

/// Forgets a webhook. Posts on their way to it fail there.
pub async fn delete(tx: &mut Tx<'_>, principal: &Principal, id: &WebhookId) -> Work<()> {
    let Some(account) = principal.account_id() else { return refused(Refusal::SignIn) };
    if webhooks::delete(tx, account, id).await? {
        return Ok(());
    }
    refused(Refusal::NotFound("webhook"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p2_a_secret_is_new_each_time_and_read_back() {
        let (one, other) = (new_secret(), new_secret());
        assert_ne!(one, other);
        assert_eq!(secret_bytes(&one).unwrap().len(), 24);
        assert_eq!(secret_bytes("plain"), None);
    }

    #[test]
    fn p2_the_host_is_all_that_others_see() {
        assert_eq!(host("https://ada:pw@hooks.example:8443/T0K3N?x=y"), "hooks.example");
        assert_eq!(host("nonsense"), "");
    }
}
