//! A server inside this process.

use std::{net::SocketAddr, path::Path, sync::Arc};

use clap::Parser as _;
use server::{
    app::{App, AppState},
    config::{Cli, Config},
    listener,
    metrics::Metrics,
};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::Api;

/// What a test's server is started with unless the test says otherwise: a free port, no
/// windows, visitors who may post, limits that only the tests about limits meet, and a page of its
/// own, so that it is the same to them whether the browser app was built or not.
pub(crate) const FLAGS: [(&str, &str); 9] = [
    ("--listen", "127.0.0.1:0"),
    ("--window-event-ms", "0"),
    ("--window-events-ms", "0"),
    ("--publish-per-second", "100000"),
    ("--max-connections-per-address", "4096"),
    ("--max-http-connections-per-address", "4096"),
    ("--visitors-may-post", "true"),
    ("--sign-ins-per-minute", "100000"),
    ("--assets-dir", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/app")),
];

/// A running server. It ends when this is dropped; its data directory goes with the last that holds it.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) api: Api,
    pub(crate) app: App,
    pub(crate) dir: Arc<TempDir>,
    stop: CancellationToken,
    background: CancellationToken,
    running: Option<JoinHandle<()>>,
}

impl std::ops::Deref for Server {
    type Target = Api;
    fn deref(&self) -> &Api {
        &self.api
    }
}

/// The flags of a test, completed by [`FLAGS`].
pub(crate) fn flags(data_dir: &Path, own: &[&str]) -> Vec<String> {
    let mut flags = vec!["--data-dir".to_owned(), data_dir.display().to_string()];
    for (name, value) in FLAGS {
        if !own.contains(&name) {
            flags.extend([name.to_owned(), value.to_owned()]);
        }
    }
    flags.extend(own.iter().map(|flag| (*flag).to_owned()));
    flags
}

fn config(data_dir: &Path, own: &[&str]) -> Config {
    let arguments = std::iter::once("touchline".to_owned()).chain(flags(data_dir, own));
    Cli::try_parse_from(arguments).expect("the flags of the test").config
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    pub(crate) async fn with(own: &[&str]) -> Self {
        Self::in_dir(Arc::new(TempDir::new().expect("a directory")), own).await
    }

    pub(crate) async fn in_dir(dir: Arc<TempDir>, own: &[&str]) -> Self {
        let config = config(dir.path(), own);
        let listener = TcpListener::bind(config.listen).await.expect("a port");
        let address: SocketAddr = listener.local_addr().expect("an address");
        let (stop, background) = (CancellationToken::new(), CancellationToken::new());
        let app = AppState::start(config, Metrics::detached(), &background).await.expect("a server");
        let running = tokio::spawn(listener::run(app.clone(), listener, stop.clone()));
        Self { api: Api::new(address), app, dir, stop, background, running: Some(running) }
    }

    /// Ends the server as SIGTERM does, and waits for it.
    pub(crate) async fn stop(&mut self) {
        self.stop.cancel();
        if let Some(running) = self.running.take() {
            running.await.expect("the listener ended");
        }
        self.background.cancel();
        self.app.tasks.close();
        super::within("the end of all tasks", self.app.tasks.wait()).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
        self.background.cancel();
    }
}
