//! What the server says of itself, for Prometheus. Counters are counted where things happen; gauges are
//! read when somebody asks, so that they cannot drift.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::app::AppState;

/// The recorder behind the `metrics` macros.
#[derive(Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    /// Installs the recorder for the process. It can be done once.
    pub fn install() -> Result<Self, String> {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(
                Matcher::Full("touchline_commit_batch_size".to_owned()),
                &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0],
            )
            .map_err(|error| error.to_string())?;
        let handle = builder.install_recorder().map_err(|error| error.to_string())?;
        describe();
        Ok(Self { handle })
    }

    /// A recorder of its own that nothing is counted in: for tests that start several applications.
    pub fn detached() -> Self {
        Self { handle: PrometheusBuilder::new().build_recorder().handle() }
    }

    /// The present values as text.
    pub fn render(&self, app: &AppState) -> String {
        let totals = app.hub.totals();
        metrics::gauge!("touchline_topics").set(totals.topics as f64);
        metrics::gauge!("touchline_subscriptions").set(totals.subscriptions as f64);
        metrics::gauge!("touchline_tail_bytes").set(totals.tail_bytes as f64);
        metrics::gauge!("touchline_sessions").set(app.sessions.count() as f64);
        metrics::gauge!("touchline_slowest_reader_lag").set(app.hub.slowest_reader_lag() as f64);
        if let Some(bytes) = resident_bytes() {
            metrics::gauge!("touchline_resident_bytes").set(bytes as f64);
        }
        crate::transport::tell_totals();
        self.handle.run_upkeep();
        self.handle.render()
    }
}

fn describe() {
    use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
    describe_gauge!("touchline_connections", "Open connections by transport");
    describe_gauge!("touchline_sessions", "Sessions: WebSockets, streams and polls under way");
    describe_gauge!("touchline_topics", "Topics in memory");
    describe_gauge!("touchline_subscriptions", "Subscriptions over all topics");
    describe_gauge!("touchline_tail_bytes", Unit::Bytes, "Encoded publications kept in memory");
    describe_gauge!("touchline_slowest_reader_lag", "Publications by which the slowest reader is behind");
    describe_gauge!(
        "touchline_connection_buffer_bytes",
        Unit::Bytes,
        "Bytes that connections hold for frames not complete or not written"
    );
    describe_gauge!("touchline_resident_bytes", Unit::Bytes, "Resident memory of the process");
    describe_counter!("touchline_deliveries_total", "Publications handed to readers, by transport");
    describe_counter!("touchline_frames_sent_total", "Frames sent, by transport");
    describe_counter!("touchline_bytes_sent_total", Unit::Bytes, "Bytes of frames sent, by transport");
    describe_counter!("touchline_frames_received_total", "Frames received from clients");
    describe_counter!("touchline_client_errors_total", "Errors answered to clients' frames, by code");
    describe_counter!("touchline_connections_refused_total", "Connections refused, by code");
    describe_counter!("touchline_feed_store_reads_total", "Reads of the store for readers behind the tail");
    describe_counter!("touchline_webhooks_total", "Tries to deliver to a webhook, by outcome");
    describe_histogram!("touchline_commit_batch_size", "Pieces of work in one commit");
}

/// Resident memory of this process (Linux).
pub fn resident_bytes() -> Option<u64> {
    const PAGE_BYTES: u64 = 4096;
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * PAGE_BYTES)
}
