//! Uploads and files as a browser meets them: through the router, without a socket.

use std::{fs, io, path::Path};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{Request, Response, StatusCode, header},
};
use clap::Parser as _;
use futures_util::stream;
use http_body_util::BodyExt as _;
use shared::{ErrorCode, model::media::Attachment, rest::ErrorBody};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::{
    app::{self, AppState},
    config::Cli,
    metrics::Metrics,
};

const BOUNDARY: &str = "-----------------------------1";

fn fixture(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/media").join(name)).unwrap()
}

/// A server without a socket, and its data.
struct Server {
    router: Router,
    dir: TempDir,
    stop: CancellationToken,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Server {
    async fn start(flags: &[&str]) -> Self {
        let dir = TempDir::new().unwrap();
        let data_dir =
            ["touchline", "--visitors-may-post", "true", "--data-dir", dir.path().to_str().unwrap()];
        let config = Cli::parse_from(data_dir.iter().chain(flags)).config;
        let stop = CancellationToken::new();
        let app = AppState::start(config, Metrics::detached(), &stop).await.unwrap();
        Self { router: app::router(app), dir, stop }
    }

    async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn post(&self, body: impl Into<Body>) -> Response<Body> {
        let form = format!("multipart/form-data; boundary={BOUNDARY}");
        self.send(Request::post("/api/uploads").header(header::CONTENT_TYPE, form).body(body.into()).unwrap())
            .await
    }

    async fn get(&self, url: &str, headers: &[(header::HeaderName, &str)]) -> Response<Body> {
        let request =
            headers.iter().fold(Request::get(url), |request, (name, value)| request.header(name, *value));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Files of uploads, finished or not.
    fn files(&self) -> usize {
        fn count(dir: &Path) -> usize {
            fs::read_dir(dir)
                .into_iter()
                .flatten()
                .flatten()
                .map(|entry| if entry.path().is_dir() { count(&entry.path()) } else { 1 })
                .sum()
        }
        count(&self.dir.path().join("media"))
    }
}

/// A form as browsers send it.
fn form(fields: &[(&str, &str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, file_name, content) in fields {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\n\
             Content-Type: image/jpeg\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

async fn bytes(response: Response<Body>) -> Bytes {
    response.into_body().collect().await.unwrap().to_bytes()
}

async fn attachment(response: Response<Body>) -> Attachment {
    assert_eq!(response.status(), StatusCode::CREATED);
    serde_json::from_slice(&bytes(response).await).unwrap()
}

#[tokio::test]
async fn e16_a_video_goes_in_and_comes_out_by_ranges() {
    let server = Server::start(&[]).await;
    let (video, poster) = (fixture("rotated.mp4"), fixture("still.webp"));
    let stored = server.post(form(&[("file", "a.jpg", &video), ("poster", "p.png", &poster)])).await;
    let stored = attachment(stored).await;
    assert_eq!(
        (stored.content_type.as_str(), stored.width, stored.height),
        ("video/mp4", Some(32), Some(64))
    );
    assert_eq!(stored.renditions.len(), 1);

    let whole = server.get(&stored.url, &[(header::ACCEPT_ENCODING, "br, gzip")]).await;
    assert_eq!(whole.status(), StatusCode::OK);
    for (name, value) in [
        (header::CONTENT_TYPE, "video/mp4"),
        (header::ACCEPT_RANGES, "bytes"),
        (header::CACHE_CONTROL, "private, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_DISPOSITION, "inline"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
    ] {
        assert_eq!(whole.headers()[&name], value, "{name}");
    }
    assert!(!whole.headers().contains_key(header::CONTENT_ENCODING));
    let tag = whole.headers()[header::ETAG].to_str().unwrap().to_owned();
    let whole = bytes(whole).await;
    assert_eq!(whole.len() as u64, stored.bytes);

    let part = server.get(&stored.url, &[(header::RANGE, "bytes=100-199"), (header::IF_RANGE, &tag)]).await;
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.headers()[header::CONTENT_RANGE], format!("bytes 100-199/{}", whole.len()));
    assert_eq!(bytes(part).await, whole[100..200]);
    let other = server.get(&stored.url, &[(header::RANGE, "bytes=0-9"), (header::IF_RANGE, "\"old\"")]).await;
    assert_eq!(other.status(), StatusCode::OK);
    let beyond = server.get(&stored.url, &[(header::RANGE, "bytes=999999-")]).await;
    assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    let known = server.get(&stored.url, &[(header::IF_NONE_MATCH, &tag)]).await;
    assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
    assert!(bytes(known).await.is_empty());
}

#[tokio::test]
async fn e16_files_that_are_not_there_are_not_found() {
    let server = Server::start(&[]).await;
    let stored = attachment(server.post(form(&[("file", "a", &fixture("turned.jpg"))])).await).await;
    let other = stored.url.replace("original.jpg", "320.jpg");
    for url in
        [other.as_str(), "/media/x/original.jpg", "/media/x/..%2F..%2Ftouchline.db", "/media/x/received"]
    {
        assert_eq!(server.get(url, &[]).await.status(), StatusCode::NOT_FOUND, "{url}");
    }
}

#[tokio::test]
async fn v8_what_is_refused_has_a_code_and_leaves_nothing() {
    let server = Server::start(&["--upload-max-bytes", "6000", "--upload-max-pixels", "2048"]).await;
    let photo = fixture("turned.jpg");
    let page = b"<!doctype html><script>alert(1)</script>".as_slice();
    let long = [&fixture("sound.mp3")[..], &[0; 6000]].concat();
    let mut bomb = fixture("still.gif");
    bomb[6..10].copy_from_slice(&[0xFF; 4]);
    for (fields, code) in [
        (&[("file", "photo.jpg", page)][..], ErrorCode::UnsupportedMedia),
        (&[("file", "a.mp3", &long)], ErrorCode::TooLarge),
        (&[("file", "a.gif", &bomb)], ErrorCode::TooLarge),
        (&[("file", "a.jpg", &photo[..500])], ErrorCode::Truncated),
        (&[("file", "a.jpg", b"")], ErrorCode::Truncated),
        (&[("file", "a.jpg", &photo), ("file", "b.jpg", &photo)], ErrorCode::Invalid),
        (&[("text", "", b"no file at all")], ErrorCode::Invalid),
        (&[("file", "a.jpg", &photo), ("text", "", b"\xFF\xFE")], ErrorCode::Malformed),
    ] {
        let response = server.post(form(fields)).await;
        let status = response.status();
        let ErrorBody { error } = serde_json::from_slice(&bytes(response).await).unwrap();
        assert_eq!((error.code, status.as_u16()), (code, code.http_status()), "{}", error.message);
        assert_eq!(server.files(), 0, "{code}");
    }
}

#[tokio::test]
async fn e16_an_upload_that_breaks_off_is_truncated_and_leaves_nothing() {
    let server = Server::start(&[]).await;
    let whole = form(&[("file", "a.jpg", &fixture("turned.jpg"))]);
    let cut = Bytes::copy_from_slice(&whole[..whole.len() / 2]);
    let reset = io::Error::from(io::ErrorKind::ConnectionReset);
    for end in [None, Some(Err(reset))] {
        let pieces = stream::iter([Ok(cut.clone())].into_iter().chain(end));
        let response = server.post(Body::from_stream(pieces)).await;
        assert_eq!(response.status().as_u16(), ErrorCode::Truncated.http_status());
        let ErrorBody { error } = serde_json::from_slice(&bytes(response).await).unwrap();
        assert_eq!(error.code, ErrorCode::Truncated);
        assert_eq!(server.files(), 0);
    }
}
