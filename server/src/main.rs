//! The `touchline` command.

use std::{io::Write as _, process::ExitCode};

use anyhow::Context as _;
use clap::Parser as _;
use server::{
    app::{AppState, StartError},
    config::{Cli, Command, Config, StoreCommand},
    data_dir, listener,
    metrics::Metrics,
};
use tokio::{net::TcpListener, signal::unix::SignalKind};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    log_to_stderr(&cli.config);
    let outcome = match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve(cli.config),
        Command::Store(asked) => command(&cli.config, asked),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn log_to_stderr(config: &Config) {
    let filter = EnvFilter::try_from_env("TOUCHLINE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if config.log_json {
        log.json().init();
    } else {
        log.init();
    }
}

#[tokio::main(flavor = "current_thread")]
async fn command(config: &Config, asked: StoreCommand) -> anyhow::Result<()> {
    let said = server::command::run(config, asked).await?;
    writeln!(std::io::stdout(), "{said}")?;
    Ok(())
}

#[tokio::main]
async fn serve(config: Config) -> anyhow::Result<()> {
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
    let _lock = data_dir::lock(&config.data_dir)?;
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.listen))?;
    let metrics = Metrics::install().map_err(StartError::Metrics)?;
    let background = CancellationToken::new();
    let app = AppState::start(config, metrics, &background).await?;
    let stop = stop_on_signal(&app)?;
    tracing::info!("listening on http://{}", listener.local_addr()?);
    listener::run(app.clone(), listener, stop).await;
    background.cancel();
    app.tasks.close();
    app.tasks.wait().await;
    tracing::info!("stopped");
    Ok(())
}

/// Cancelled by SIGTERM or Ctrl-C.
fn stop_on_signal(app: &server::app::App) -> anyhow::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let mut terminate = tokio::signal::unix::signal(SignalKind::terminate())?;
    let told = stop.clone();
    app.tasks.spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            interrupted = tokio::signal::ctrl_c() => {
                if let Err(error) = interrupted {
                    tracing::error!(%error, "cannot wait for Ctrl-C");
                }
            }
        }
        tracing::info!("draining");
        told.cancel();
    });
    Ok(stop)
}
