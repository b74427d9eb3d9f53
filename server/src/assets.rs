//! The client's files, embedded in the program and compressed beforehand.
//!
//! Files with a hash in their name are cached for ever; the page itself never is. An address without a
//! file's ending is a page of the app and answers the page; a missing script or picture is a plain 404,
//! never the page under a wrong name.

pub mod policy;

use std::{borrow::Cow, path::PathBuf};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use rust_embed::RustEmbed;
use shared::ErrorCode;

use crate::{app::App, error::ApiError};

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../dist"]
struct Embedded;

/// Where the client's files come from.
#[derive(Debug)]
pub struct Assets {
    dir: Option<PathBuf>,
}

const PAGE: &str = "index.html";
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");

impl Assets {
    /// `dir` takes the place of the embedded files.
    pub fn new(dir: Option<PathBuf>) -> Self {
        Self { dir }
    }

    fn read(&self, name: &str) -> Option<Cow<'static, [u8]>> {
        let Some(dir) = &self.dir else { return Embedded::get(name).map(|file| file.data) };
        // Names come from the network: nothing but plain names below the directory.
        let plain =
            name.split('/').all(|part| !part.is_empty() && part != ".." && !part.contains(['\\', '\0']));
        plain.then(|| std::fs::read(dir.join(name)).ok()).flatten().map(Cow::Owned)
    }

    /// The page's policy; made from the page as it is served.
    fn policy(&self, request: &HeaderMap, ancestors: &[String]) -> Option<HeaderValue> {
        let page = self.read(PAGE)?;
        let host = request.get(header::HOST).and_then(|value| value.to_str().ok());
        let policy = policy::of(&String::from_utf8_lossy(&page), host, ancestors);
        HeaderValue::from_str(&policy).ok()
    }

    fn serve(&self, name: &str, accepted: &HeaderMap) -> Option<Response> {
        let accepts = |coding: &str| {
            let listed =
                accepted.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
            listed.flat_map(|value| value.split(',')).any(|entry| {
                let (name, weight) = entry.trim().split_once(';').unwrap_or((entry.trim(), "q=1"));
                name.eq_ignore_ascii_case(coding) && weight.trim() != "q=0"
            })
        };
        let compressed = [("br", "br"), ("gzip", "gz")].into_iter().find_map(|(coding, ending)| {
            accepts(coding)
                .then(|| self.read(&format!("{name}.{ending}")))
                .flatten()
                .map(|data| (coding, data))
        });
        let (coding, data) = match compressed {
            Some((coding, data)) => (Some(coding), data),
            None => (None, self.read(name)?),
        };
        let mut response = Body::from(data.into_owned()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(name)));
        headers.insert(header::CACHE_CONTROL, if has_hash(name) { FOREVER } else { REVALIDATE });
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if let Some(coding) = coding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        Some(response)
    }
}

/// Whatever no other route took: a file of the client, or a page of it.
pub async fn asset(State(app): State<App>, request: Request) -> Result<Response, ApiError> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(crate::api::method_not_allowed().await);
    }
    let path = request.uri().path().trim_start_matches('/');
    let last = path.rsplit('/').next().unwrap_or_default();
    let name = if last.contains('.') { path } else { PAGE };
    if let Some(mut response) = app.assets.serve(name, request.headers()) {
        if name == PAGE {
            // A page without its policy is not served.
            let policy = app.assets.policy(request.headers(), &app.config.frame_ancestors);
            let policy = policy
                .ok_or_else(|| ApiError::new(ErrorCode::Internal, "the page's policy cannot be made"))?;
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        return Ok(response);
    }
    if name == PAGE {
        let message = "This server was built without the browser app; `cargo xtask run` builds both.\n";
        return Ok((StatusCode::NOT_FOUND, message).into_response());
    }
    Err(ApiError::not_found("file"))
}

/// Whether the name carries a hash of the content: `-` and at least eight hexadecimal digits before a dot.
fn has_hash(name: &str) -> bool {
    let stem = name.rsplit('/').next().unwrap_or_default().split('.').next().unwrap_or_default();
    let stem = stem.strip_suffix("_bg").unwrap_or(stem);
    let hash = stem.rsplit('-').next().unwrap_or_default();
    hash.len() >= 8 && hash != stem && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" => "image/jpeg",
        "ico" => "image/x-icon",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_with_a_hash_are_kept_for_ever() {
        for (name, kept) in [
            ("client-wasm-1a2b3c4d5e6f.js", true),
            ("client-wasm-1a2b3c4d5e6f_bg.wasm", true),
            ("style/app-0123456789abcdef.css", true),
            ("index.html", false),
            ("favicon.svg", false),
            ("service-worker.js", false),
            ("deadbeef.js", false),
        ] {
            assert_eq!(has_hash(name), kept, "{name}");
        }
    }

    #[test]
    fn v8_names_from_the_network_stay_below_the_directory() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("dist")).unwrap();
        std::fs::write(dir.path().join("secret.txt"), "secret").unwrap();
        std::fs::write(dir.path().join("dist/open.txt"), "open").unwrap();
        let assets = Assets::new(Some(dir.path().join("dist")));
        assert!(assets.read("open.txt").is_some());
        for bad in ["../secret.txt", "/etc/passwd", "a/../../secret.txt", "..\\secret.txt", ""] {
            assert!(assets.read(bad).is_none(), "{bad}");
        }
    }
}
