//! A sample of the server a second, kept for some minutes: what the operator's page draws. Reads what is counted
//! elsewhere and counts nothing itself. Started by `app`, read by `api::control`.

use std::{collections::VecDeque, time::Duration};

use parking_lot::Mutex;
use shared::model::control::Sample;
use tokio_util::sync::CancellationToken;

use crate::{
    app::App,
    metrics::resident_bytes,
    time::{Millis, timestamp, unix_ms},
};

/// Between two samples.
const EVERY: Duration = Duration::from_secs(1);
/// Samples that are kept.
const KEPT: usize = 180;

/// Counters that only grow.
#[derive(Debug, Clone, Copy, Default)]
struct Totals {
    deliveries: f64,
    frames_sent: f64,
    frames_received: f64,
    bytes_sent: f64,
}

impl Totals {
    /// Reads them from the text that Prometheus reads.
    fn parse(text: &str) -> Self {
        let mut totals = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some((series, value)) = line.rsplit_once(' ') else { continue };
            let name = series.split('{').next().unwrap_or(series);
            let total = match name {
                "touchline_deliveries_total" => &mut totals.deliveries,
                "touchline_frames_sent_total" => &mut totals.frames_sent,
                "touchline_frames_received_total" => &mut totals.frames_received,
                "touchline_bytes_sent_total" => &mut totals.bytes_sent,
                _ => continue,
            };
            *total += value.parse().unwrap_or(0.0);
        }
        totals
    }
}

/// The last minutes.
#[derive(Debug, Default)]
pub struct Monitor {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    samples: VecDeque<Sample>,
    before: Option<(Millis, Totals)>,
}

impl Monitor {
    /// The samples, the earliest first.
    pub fn samples(&self) -> Vec<Sample> {
        self.state.lock().samples.iter().cloned().collect()
    }

    /// Takes a sample.
    fn take(&self, app: &App) {
        let now = app.clock.now();
        let totals = Totals::parse(&app.metrics.render(app));
        let hub = app.hub.totals();
        let mut state = self.state.lock();
        let (then, before) = state.before.replace((now, totals)).unwrap_or((now, totals));
        let seconds = now.since(then) as f64 / 1000.0;
        let rate = |now: f64, then: f64| if seconds > 0.0 { (now - then).max(0.0) / seconds } else { 0.0 };
        let sample = Sample {
            at: timestamp(unix_ms()),
            connections: app.sessions.count() as u64,
            subscriptions: hub.subscriptions as u64,
            lag: app.hub.slowest_reader_lag(),
            resident_bytes: resident_bytes(),
            deliveries: rate(totals.deliveries, before.deliveries),
            frames_sent: rate(totals.frames_sent, before.frames_sent),
            frames_received: rate(totals.frames_received, before.frames_received),
            bytes_sent: rate(totals.bytes_sent, before.bytes_sent),
        };
        state.samples.push_back(sample);
        if state.samples.len() > KEPT {
            state.samples.pop_front();
        }
    }
}

/// Runs until the token is cancelled.
pub async fn run(app: App, stop: CancellationToken) {
    let mut every = tokio::time::interval(EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = every.tick() => app.monitor.take(&app),
            () = stop.cancelled() => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v4_totals_are_summed_over_their_series() {
        let totals = Totals::parse(
            "# TYPE touchline_deliveries_total counter\n\
             touchline_deliveries_total{transport=\"websocket\"} 3\n\
             touchline_deliveries_total{transport=\"sse\"} 4\n\
             touchline_frames_received_total 5\n\
             touchline_frames_sent_total_more 9\n",
        );
        assert_eq!((totals.deliveries, totals.frames_received, totals.frames_sent), (7.0, 5.0, 0.0));
    }
}
