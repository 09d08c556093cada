//! Calls to the store, and the connections that they go through.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use prometheus::{Gauge, GaugeVec, Histogram, HistogramVec, IntCounter, IntCounterVec, Registry};

use crate::count::count;
use crate::families;
use crate::metrics::ConnectionUse;

pub(crate) struct StoreFigures {
    up: Gauge,
    durations: HistogramVec,
    failures: IntCounterVec,
    connections: GaugeVec,
    connections_max: GaugeVec,
    waiting: GaugeVec,
}

/// Figures of one method of a port.
pub(crate) struct CallFigures {
    store: Arc<StoreFigures>,
    port: &'static str,
    method: &'static str,
    /// Both made when the method is first called: many never are.
    figures: OnceLock<(Histogram, IntCounter)>,
}

impl StoreFigures {
    pub(crate) fn new(registry: &Registry) -> Self {
        Self {
            up: families::STORE_UP.gauge(registry),
            durations: families::STORE_DURATION.histograms(registry),
            failures: families::STORE_FAILURES.counters(registry),
            connections: families::STORE_CONNECTIONS.gauges(registry),
            connections_max: families::STORE_CONNECTIONS_MAX.gauges(registry),
            waiting: families::STORE_WAITING.gauges(registry),
        }
    }

    pub(crate) fn show_up(&self, up: bool) {
        self.up.set(f64::from(u8::from(up)));
    }

    pub(crate) fn show_connections(&self, pools: &[ConnectionUse]) {
        for ConnectionUse { pool, in_use, idle, max, waiting } in pools {
            self.connections.with_label_values(&[*pool, "in_use"]).set(count(*in_use));
            self.connections.with_label_values(&[*pool, "idle"]).set(count(*idle));
            self.connections_max.with_label_values(&[pool]).set(count(*max));
            self.waiting.with_label_values(&[pool]).set(count(*waiting));
        }
    }
}

impl CallFigures {
    pub(crate) fn new(store: &Arc<StoreFigures>, port: &'static str, method: &'static str) -> Self {
        Self { store: Arc::clone(store), port, method, figures: OnceLock::new() }
    }

    pub(crate) fn record(&self, took: Duration, failed: bool) {
        let labels = [self.port, self.method];
        let (duration, failures) = self.figures.get_or_init(|| {
            (self.store.durations.with_label_values(&labels), self.store.failures.with_label_values(&labels))
        });
        duration.observe(took.as_secs_f64());
        if failed {
            failures.inc();
        }
    }
}
