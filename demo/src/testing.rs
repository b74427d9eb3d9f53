//! A real server for the tests of this crate.

use clap::Parser as _;
use server::{app::AppState, config::Cli, listener, metrics::Metrics};
use tokio_util::sync::CancellationToken;

/// A server with a directory of its own, where it is, and what stops it.
pub(crate) async fn serve(flags: &[&str]) -> (tempfile::TempDir, String, CancellationToken) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().display().to_string();
    let flags = ["touchline", "--data-dir", &path].into_iter().chain(flags.iter().copied());
    let config = Cli::try_parse_from(flags).unwrap().config;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let app = AppState::start(config, Metrics::detached(), &stop).await.unwrap();
    tokio::spawn(listener::run(app, listener, stop.clone()));
    (dir, address, stop)
}
