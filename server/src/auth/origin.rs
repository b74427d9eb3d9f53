//! Requests that a page of another origin makes in somebody's browser (P5): refused wherever they change
//! something or open a socket, unless the origin is an allowed one. Programs send no `Origin` and pass.

use axum::http::{HeaderMap, HeaderName, header};

/// Whether a request that changes something, or opens a WebSocket, comes from a page that may do so.
pub fn is_allowed(headers: &HeaderMap, allowed: &[String]) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = text(header::ORIGIN) else {
        // Old browsers leave Origin out now and then; they do not send this header either.
        return text(HeaderName::from_static("sec-fetch-site")) != Some("cross-site");
    };
    if allowed.iter().any(|known| known == origin || known == "*") {
        return true;
    }
    // The page's own origin: same host and port. The scheme may differ behind a proxy that ends TLS.
    let host = text(header::HOST);
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    host.is_some() && authority == host
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p5_pages_of_other_origins_are_refused() {
        for (headers, allowed) in [
            (&[][..], true),
            (&[("host", "live.example"), ("origin", "https://live.example")], true),
            (&[("host", "live.example"), ("origin", "https://evil.example")], false),
            (&[("host", "live.example"), ("origin", "https://live.example.evil.example")], false),
            (&[("host", "live.example"), ("origin", "null")], false),
            (&[("host", "live.example"), ("origin", "https://club.example")], true),
            (&[("host", "live.example"), ("sec-fetch-site", "cross-site")], false),
            (&[("host", "127.0.0.1:8080"), ("origin", "http://127.0.0.1:3000")], false),
        ] {
            let map: HeaderMap = headers
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
                .collect();
            assert_eq!(is_allowed(&map, &["https://club.example".to_owned()]), allowed, "{headers:?}");
        }
    }
}
