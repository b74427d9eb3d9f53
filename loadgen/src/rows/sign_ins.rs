//! How many people sign in within a second, and that the others are served meanwhile: passwords are worked on
//! in a pool of two, so a crowd at the door takes no more than that of the machine.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use bytes::Bytes;
use hyper::{Method, StatusCode};
use tokio::runtime::Runtime;

use super::Setup;
use crate::{
    http::Http,
    report::{Report, Target},
    server::Server,
};

/// People at the door at a time; fewer than the server lets wait, so that nobody is sent away.
const AT_THE_DOOR: usize = 32;
const PERSON: &str = r#"{"name":"ada","password":"correct horse"}"#;
/// A sign-in works for about 20 ms on a password; two at a time on two processors.
const LEAST_PER_SECOND: f64 = 20.0;
/// What reading a list may take meanwhile, in milliseconds.
const READ_P50_MS: f64 = 50.0;

pub(super) fn measure(setup: &Setup, runtime: &Runtime, report: &mut Report) -> Result<()> {
    let (runs, span) = if setup.quick { (2, Duration::from_secs(2)) } else { (3, Duration::from_secs(5)) };
    let server = Server::start(&setup.server)?;
    runtime.block_on(async {
        let mut http = Http::connect(server.address).await?;
        let (status, _) =
            http.send(Method::POST, "/api/accounts", Bytes::from_static(PERSON.as_bytes())).await?;
        ensure!(status == StatusCode::CREATED, "registering answered {status}");
        anyhow::Ok(())
    })?;
    let (mut rates, mut reads) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let begin = Instant::now();
        let (signed_in, read_ms) = runtime.block_on(crowd(&server, span))?;
        rates.push(signed_in as f64 / begin.elapsed().as_secs_f64());
        reads.push(read_ms);
    }
    let what = format!("sign-ins with {AT_THE_DOOR} at the door");
    report.several("signInsPerSecond", what, "per s", rates, Some(Target::AtLeast(LEAST_PER_SECOND)));
    let what = "reading the events meanwhile, p50".to_owned();
    report.several("readWhileSigningInMs", what, "ms", reads, Some(Target::AtMost(READ_P50_MS)));
    Ok(())
}

/// Signs in for `span`; how many got in, and the median time of a read beside it in milliseconds.
async fn crowd(server: &Server, span: Duration) -> Result<(u64, f64)> {
    let begin = Instant::now();
    let people = (0..AT_THE_DOOR).map(|_| async {
        let mut http = Http::connect(server.address).await?;
        let mut signed_in = 0_u64;
        while begin.elapsed() < span {
            let body = Bytes::from_static(PERSON.as_bytes());
            let (status, _) = http.send(Method::POST, "/api/session", body).await?;
            ensure!(status == StatusCode::OK, "signing in answered {status}");
            signed_in += 1;
        }
        anyhow::Ok(signed_in)
    });
    let reading = async {
        let mut http = Http::connect(server.address).await?;
        let mut times = Vec::new();
        while begin.elapsed() < span {
            let asked = Instant::now();
            let (status, _) = http.send(Method::GET, "/api/events", Bytes::new()).await?;
            ensure!(status == StatusCode::OK, "reading answered {status}");
            times.push(asked.elapsed().as_secs_f64() * 1000.0);
        }
        times.sort_by(f64::total_cmp);
        anyhow::Ok(times[times.len() / 2])
    };
    let (signed_in, read_ms) = tokio::try_join!(futures_util::future::try_join_all(people), reading)?;
    Ok((signed_in.into_iter().sum(), read_ms))
}
