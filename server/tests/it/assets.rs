//! Everything else: the app's files, its page under every address of its own, and health.

use tempfile::TempDir;

use crate::support::Server;

async fn server_with_app() -> (Server, TempDir) {
    let app = TempDir::new().unwrap();
    std::fs::write(app.path().join("index.html"), "<!doctype html>the page").unwrap();
    std::fs::write(app.path().join("app-0123456789abcdef.js"), "console.log('plain')").unwrap();
    std::fs::write(app.path().join("app-0123456789abcdef.js.br"), "compressed").unwrap();
    let dir = app.path().display().to_string();
    (Server::with(&["--assets-dir", &dir]).await, app)
}

#[tokio::test]
async fn the_page_is_under_every_address_of_the_app_and_never_kept() {
    let (server, _app) = server_with_app().await;
    for path in ["/", "/events/0198c0de", "/index.html", "/events/x?media=1"] {
        let answer = server.get(path).await;
        assert_eq!(
            (answer.status, answer.bytes.as_slice()),
            (200, &b"<!doctype html>the page"[..]),
            "{path}"
        );
        assert_eq!(
            (answer.header("cache-control"), answer.header("content-type")),
            ("no-cache", "text/html; charset=utf-8")
        );
    }
}

#[tokio::test]
async fn v8_the_page_runs_no_script_but_its_own_and_stands_in_no_foreign_frame() {
    let (server, _app) = server_with_app().await;
    for path in ["/", "/events/0198c0de", "/index.html"] {
        let answer = server.get(path).await;
        let policy = answer.header("content-security-policy").to_owned();
        let scripts = policy.split("; ").find(|part| part.starts_with("script-src ")).unwrap_or_default();
        assert_eq!(scripts, "script-src 'self' 'wasm-unsafe-eval'", "{path}");
        assert!(policy.ends_with("; frame-ancestors 'none'"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    }
    let (_, app) = server_with_app().await;
    let dir = app.path().display().to_string();
    let framed = Server::with(&["--assets-dir", &dir, "--frame-ancestor", "https://club.example"]).await;
    let policy = framed.get("/").await.header("content-security-policy").to_owned();
    assert!(policy.ends_with("; frame-ancestors https://club.example"), "{policy}");
}

#[tokio::test]
async fn files_with_a_hash_are_kept_for_ever_and_come_compressed() {
    let (server, _app) = server_with_app().await;
    let path = "/app-0123456789abcdef.js";
    let plain = server.get(path).await;
    assert_eq!((plain.status, plain.header("content-type")), (200, "text/javascript; charset=utf-8"));
    assert_eq!(plain.header("cache-control"), "public, max-age=31536000, immutable");
    let small = server.get_with(path, &[("accept-encoding", "gzip, br")]).await;
    assert_eq!((small.header("content-encoding"), small.bytes.as_slice()), ("br", &b"compressed"[..]));
}

#[tokio::test]
async fn what_is_missing_is_missing_and_never_the_page() {
    let (server, _app) = server_with_app().await;
    for path in
        ["/app-gone.js", "/gone.wasm", "/%2e%2e/touchline.db", "/..%2ftouchline.db", "/api/events/x/y"]
    {
        let answer = server.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.bytes.starts_with(b"<!doctype"), "{path}");
    }
}

#[tokio::test]
async fn p10_health_and_readiness() {
    let server = Server::start().await;
    for path in ["/healthz", "/readyz"] {
        let answer = server.get(path).await;
        assert_eq!((answer.status, answer.bytes.as_slice()), (200, &b"ok\n"[..]), "{path}");
    }
    server.app.begin_drain();
    let ready = server.get("/readyz").await;
    assert_eq!(ready.refusal(), (503, "draining", ""));
    assert_eq!(server.get("/healthz").await.status, 200, "it ends, but it lives");
    for path in ["/api/poll?from=events", "/api/sse?from=events"] {
        assert_eq!(server.get(path).await.refusal(), (503, "draining", ""), "{path}");
    }
}
