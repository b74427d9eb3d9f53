//! Sending to webhooks: one signed POST (standardwebhooks.com), to public addresses only.
//!
//! A name is resolved here and the connection goes to what was found, so that a name cannot be a public
//! address when it is looked at and a private one when it is used. Redirects are not followed, proxies of
//! the environment not used, the body of an answer not read. Never decides when to try again: the scheduler,
//! which calls it, does.

use std::{
    error::Error as _,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac as _};
use ipnet::{Ipv4Net, Ipv6Net};
use reqwest::{
    StatusCode, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header, redirect,
};
use sha2::Sha256;

/// What came of one POST.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// The receiver has it.
    Taken,
    /// It may be had later.
    Later { reason: String, retry_after_ms: Option<u64> },
    /// The same again would be answered the same.
    Refused { reason: String },
}

/// What is sent: one delivery's identity, time of sending and body.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// The same for every try: receivers pass over an id that they have seen.
    pub id: &'a str,
    /// Seconds since 1970.
    pub at_s: i64,
    /// JSON.
    pub body: &'a str,
}

/// Sends to webhooks.
#[derive(Debug, Clone)]
pub struct Webhooks {
    /// `None` where the system has no certificates to trust.
    client: Option<reqwest::Client>,
    allow_private: bool,
}

/// A name has no address that may be sent to.
#[derive(Debug, thiserror::Error)]
#[error("the address is not a public one")]
struct NotPublic;

/// Longest wait that a receiver may ask for, in milliseconds.
const RETRY_AFTER_MAX_MS: u64 = 3600 * 1000;

impl Webhooks {
    /// `timeout` is for one POST from the look-up of the name to the head of the answer.
    ///
    /// Where no client can be made (a system without certificates) the server runs all the same, and what is
    /// sent waits for one that can.
    pub fn new(allow_private: bool, timeout: Duration) -> Self {
        crate::use_ring_for_tls();
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .timeout(timeout)
            .connect_timeout(timeout)
            .pool_max_idle_per_host(1)
            .user_agent(concat!("touchline/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(Resolver { allow_private }))
            .build()
            .inspect_err(
                |error| tracing::error!(%error, "webhooks cannot be sent to; is ca-certificates installed?"),
            );
        Self { client: client.ok(), allow_private }
    }

    /// Sends once.
    pub async fn send(&self, url: &str, secret: &[u8], message: Message<'_>) -> Sent {
        let url = match url.parse::<Url>() {
            Ok(url) => url,
            Err(error) => return Sent::Refused { reason: error.to_string() },
        };
        // Who names an address instead of a name is not asked through the resolver.
        if literal(&url).is_some_and(|address| !self.allow_private && !is_public(address)) {
            return Sent::Refused { reason: NotPublic.to_string() };
        }
        let Some(client) = &self.client else {
            let reason = "this server has no certificates to trust".to_owned();
            return Sent::Later { reason, retry_after_ms: None };
        };
        let request = client
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", message.id)
            .header("webhook-timestamp", message.at_s)
            .header("webhook-signature", signature(secret, message))
            .body(message.body.to_owned());
        match request.send().await {
            Ok(response) => judge(response.status(), retry_after_ms(response.headers())),
            Err(error) => failed(&error),
        }
    }
}

fn failed(error: &reqwest::Error) -> Sent {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if inner.is::<NotPublic>() {
            return Sent::Refused { reason: NotPublic.to_string() };
        }
        cause = inner.source();
    }
    let reason = match error {
        _ if error.is_timeout() => "the receiver did not answer in time",
        _ if error.is_connect() => "the receiver cannot be reached",
        _ if error.is_builder() => return Sent::Refused { reason: "the address cannot be used".to_owned() },
        _ => "the connection broke off",
    };
    Sent::Later { reason: reason.to_owned(), retry_after_ms: None }
}

/// What an answer means. A redirect is a refusal: where it points was not looked at.
fn judge(status: StatusCode, retry_after_ms: Option<u64>) -> Sent {
    let reason = format!("the receiver answered {}", status.as_u16());
    match status {
        _ if status.is_success() => Sent::Taken,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            Sent::Later { reason, retry_after_ms }
        }
        _ if status.is_server_error() => Sent::Later { reason, retry_after_ms },
        _ => Sent::Refused { reason },
    }
}

/// `Retry-After` in seconds (RFC 9110 §10.2.3); the form with a date is passed over.
fn retry_after_ms(headers: &header::HeaderMap) -> Option<u64> {
    let seconds: u64 = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(seconds.saturating_mul(1000).min(RETRY_AFTER_MAX_MS))
}

/// The value of `Webhook-Signature`: HMAC-SHA256 over id, time and body.
fn signature(secret: &[u8], message: Message<'_>) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
        unreachable!("HMAC takes keys of any length")
    };
    mac.update(format!("{}.{}.", message.id, message.at_s).as_bytes());
    mac.update(message.body.as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// Whether a text can be the address of a webhook; otherwise why not. Where its name leads is looked at
/// when it is sent to.
pub fn check(text: &str) -> Result<(), &'static str> {
    let Ok(url) = text.parse::<Url>() else { return Err("this is not an address") };
    if !matches!(url.scheme(), "https" | "http") {
        return Err("an address begins with https:// or http://");
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err("the address has no host");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an address with a password in it is not taken");
    }
    Ok(())
}

fn literal(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Looks names up, and gives out public addresses only.
#[derive(Debug)]
struct Resolver {
    allow_private: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let usable: Vec<SocketAddr> =
                found.filter(|found| allow_private || is_public(found.ip())).collect();
            if usable.is_empty() {
                return Err(NotPublic.into());
            }
            Ok(Box::new(usable.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is of the public Internet (IANA's special-purpose registries).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// What of IPv4 is not public (the registry of RFC 6890, and what is multicast or reserved).
const SPECIAL_V4: [Ipv4Net; 15] = [
    // This network
    v4(0, 0, 0, 8),
    // Private, shared, link-local
    v4(10, 0, 0, 8),
    v4(172, 16, 0, 12),
    v4(192, 168, 0, 16),
    v4(100, 64, 0, 10),
    v4(169, 254, 0, 16),
    // Loopback
    v4(127, 0, 0, 8),
    // Protocol assignments, 6to4 relays, benchmarks
    v4(192, 0, 0, 24),
    v4(192, 88, 99, 24),
    v4(198, 18, 0, 15),
    // Documentation
    v4(192, 0, 2, 24),
    v4(198, 51, 100, 24),
    v4(203, 0, 113, 24),
    // Multicast, reserved
    v4(224, 0, 0, 4),
    v4(240, 0, 0, 4),
];

const fn v4(a: u8, b: u8, c: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, 0), prefix)
}

/// Global unicast: everything else is local, multicast or nothing yet.
const GLOBAL_V6: Ipv6Net = v6(0x2000, 0, 3);

/// What of [`GLOBAL_V6`] is not public.
const SPECIAL_V6: [Ipv6Net; 3] = [
    // Teredo and other protocol assignments
    v6(0x2001, 0, 23),
    // Documentation
    v6(0x2001, 0xdb8, 32),
    v6(0x3fff, 0, 20),
];

const fn v6(a: u16, b: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), prefix)
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !SPECIAL_V4.iter().any(|net| net.contains(&address))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = address.to_ipv4_mapped() {
        return is_public_v4(inner);
    }
    let inner = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        // Addresses that lead to IPv4 ones: NAT64 (RFC 6052), 6to4 (RFC 3056)
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => is_public_v4(inner(high, low)),
        _ => GLOBAL_V6.contains(&address) && !SPECIAL_V6.iter().any(|net| net.contains(&address)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p2_the_signature_is_the_standards() {
        // The example of the specification.
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let message = Message {
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            at_s: 1_614_265_330,
            body: r#"{"test": 2432232314}"#,
        };
        assert_eq!(signature(&secret, message), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn p2_only_public_addresses_are_sent_to() {
        for public in
            ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::"]
        {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for other in [
            "0.0.0.0",
            "10.1.2.3",
            "127.0.0.1",
            "127.9.9.9",
            "100.64.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::7f00:1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2002:a00:1::",
            "3fff::1",
            "100::1",
        ] {
            assert!(!is_public(other.parse().unwrap()), "{other}");
        }
    }

    #[test]
    fn p2_what_can_be_an_address() {
        for good in ["https://hooks.example/x?y=z", "http://127.0.0.1:9/", "https://[::1]/"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "hooks.example",
            "ftp://hooks.example/",
            "file:///etc/passwd",
            "https://",
            "https://ada:pw@x/",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn p2_numbers_in_every_spelling_are_looked_at() {
        for url in [
            "http://127.0.0.1/",
            "http://0x7f.1/",
            "http://2130706433/",
            "http://0177.0.0.1/",
            "http://[::ffff:7f00:1]/",
        ] {
            let address = literal(&url.parse().unwrap()).unwrap_or_else(|| panic!("{url}"));
            assert!(!is_public(address), "{url}");
        }
    }

    #[test]
    fn p2_what_an_answer_means() {
        let later = |ms| Sent::Later { reason: "the receiver answered 503".to_owned(), retry_after_ms: ms };
        assert_eq!(judge(StatusCode::NO_CONTENT, None), Sent::Taken);
        assert_eq!(judge(StatusCode::SERVICE_UNAVAILABLE, Some(5)), later(Some(5)));
        assert!(matches!(judge(StatusCode::TOO_MANY_REQUESTS, None), Sent::Later { .. }));
        for refused in [StatusCode::FOUND, StatusCode::BAD_REQUEST, StatusCode::GONE] {
            assert!(matches!(judge(refused, None), Sent::Refused { .. }), "{refused}");
        }
        let mut headers = header::HeaderMap::new();
        assert_eq!(retry_after_ms(&headers), None);
        headers.insert(header::RETRY_AFTER, header::HeaderValue::from_static("7"));
        assert_eq!(retry_after_ms(&headers), Some(7000));
        headers.insert(header::RETRY_AFTER, header::HeaderValue::from_static("999999"));
        assert_eq!(retry_after_ms(&headers), Some(RETRY_AFTER_MAX_MS));
    }

    #[tokio::test]
    async fn p2_a_name_that_leads_home_is_refused_after_it_was_looked_up() {
        let webhooks = Webhooks::new(false, Duration::from_secs(5));
        let message = Message { id: "post-1", at_s: 0, body: "{}" };
        let refused = Sent::Refused { reason: NotPublic.to_string() };
        for url in ["http://localhost:9/", "http://127.0.0.1:9/", "http://[::1]:9/"] {
            assert_eq!(webhooks.send(url, b"secret", message).await, refused, "{url}");
        }
    }
}
