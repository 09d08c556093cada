//! Passwords that are hashed.

use std::time::Duration;

use prometheus::{GaugeVec, Histogram, IntCounter, Registry};

use crate::count::count;
use crate::families;
use crate::metrics::HashingUse;

pub(crate) struct HashingFigures {
    wait: Histogram,
    duration: Histogram,
    refusals: IntCounter,
    jobs: GaugeVec,
}

impl HashingFigures {
    pub(crate) fn new(registry: &Registry) -> Self {
        Self {
            wait: families::HASHING_WAIT.histogram(registry),
            duration: families::HASHING_DURATION.histogram(registry),
            refusals: families::HASHING_REFUSALS.counter(registry),
            jobs: families::HASHING_JOBS.gauges(registry),
        }
    }

    pub(crate) fn hashed(&self, waited: Duration, took: Duration) {
        self.wait.observe(waited.as_secs_f64());
        self.duration.observe(took.as_secs_f64());
    }

    pub(crate) fn refused(&self) {
        self.refusals.inc();
    }

    pub(crate) fn show(&self, HashingUse { running, waiting }: HashingUse) {
        self.jobs.with_label_values(&["running"]).set(count(running));
        self.jobs.with_label_values(&["waiting"]).set(count(waiting));
    }
}
