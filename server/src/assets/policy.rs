//! The page's Content-Security-Policy (CSP Level 3): whatever text somebody posts, no script of theirs runs.
//! Scripts come from this server, or stand in the page as it was built, by their hash. Called by `assets`
//! for every answer that is the page.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

/// The policy for a page, served under `host` and shown in frames of `ancestors` only.
pub fn of(page: &str, host: Option<&str>, ancestors: &[String]) -> String {
    let scripts: Vec<String> = inline_scripts(page)
        .map(|script| format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(script.as_bytes()))))
        .collect();
    // Not every browser takes 'self' for a WebSocket of the same host.
    let sockets = host
        .filter(|host| is_plain(host))
        .map_or_else(String::new, |host| format!(" ws://{host} wss://{host}"));
    let ancestors = if ancestors.is_empty() { "'none'".to_owned() } else { ancestors.join(" ") };
    format!(
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'{}; connect-src 'self'{sockets}; \
         style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' blob:; object-src 'none'; \
         base-uri 'self'; form-action 'self'; frame-ancestors {ancestors}",
        scripts.concat()
    )
}

/// Reads a source for `frame-ancestors`: an origin, or `'self'`.
pub fn ancestor(text: &str) -> Result<String, String> {
    let origin = text.split_once("://").is_some_and(|(scheme, host)| {
        matches!(scheme, "http" | "https") && is_plain(host.strip_prefix("*.").unwrap_or(host))
    });
    if text == "'self'" || text == "self" {
        Ok("'self'".to_owned())
    } else if origin {
        Ok(text.to_owned())
    } else {
        Err("an origin like https://club.example, or self".to_owned())
    }
}

/// What cannot end a source or begin another directive.
fn is_plain(host: &str) -> bool {
    !host.is_empty()
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']'))
}

/// The text of every script that stands in the page itself.
fn inline_scripts(page: &str) -> impl Iterator<Item = &str> {
    page.split("<script").skip(1).filter_map(|after| {
        let (attributes, rest) = after.split_once('>')?;
        let (script, _) = rest.split_once("</script>")?;
        (!attributes.contains("src=")).then_some(script)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_of_the_page_run_by_their_hash_and_no_others() {
        let page = "<script src=\"/a.js\"></script><script type=\"module\">init()</script>";
        let policy = of(page, Some("live.example:8080"), &[]);
        // printf 'init()' | openssl dgst -sha256 -binary | base64
        let hash = "'sha256-w4ujnOpjBoH2vcasx+reJRUwYivG8Q3afx/XevGJod8='";
        assert!(policy.contains(&format!("script-src 'self' 'wasm-unsafe-eval' {hash};")), "{policy}");
        assert!(
            policy.contains("connect-src 'self' ws://live.example:8080 wss://live.example:8080;"),
            "{policy}"
        );
        assert!(policy.ends_with("frame-ancestors 'none'"), "{policy}");
    }

    #[test]
    fn a_host_cannot_add_to_the_policy() {
        for host in ["a b", "a;script-src *", "a'", "", "a,b"] {
            let policy = of("", Some(host), &[]);
            assert!(policy.contains("connect-src 'self';"), "{policy}");
        }
    }

    #[test]
    fn frames_are_for_those_who_are_named() {
        let ancestors = ["self", "https://club.example", "https://*.club.example:8443"]
            .map(|text| ancestor(text).unwrap());
        let policy = of("", None, &ancestors);
        assert!(
            policy.ends_with("frame-ancestors 'self' https://club.example https://*.club.example:8443"),
            "{policy}"
        );
        for bad in ["", "*", "club.example", "https://", "https://a b", "https://a;b", "javascript://x"] {
            assert!(ancestor(bad).is_err(), "{bad:?} was taken");
        }
    }
}
