//! The mail queue, and what comes of deliveries.

use portcullis_domain::Timestamp;
use portcullis_domain::mail::MailBacklog;
use portcullis_domain::use_cases::Delivery;
use prometheus::{Gauge, GaugeVec, IntCounterVec, Registry};

use crate::count::count;
use crate::families;

pub(crate) struct MailFigures {
    queue: GaugeVec,
    oldest_due: Gauge,
    deliveries: IntCounterVec,
}

impl MailFigures {
    pub(crate) fn new(registry: &Registry) -> Self {
        let deliveries = families::MAIL_DELIVERIES.counters(registry);
        for outcome in ["delivered", "dropped", "deferred", "parked"] {
            deliveries.with_label_values(&[outcome]);
        }
        Self {
            queue: families::MAIL_QUEUE.gauges(registry),
            oldest_due: families::MAIL_OLDEST_DUE.gauge(registry),
            deliveries,
        }
    }

    pub(crate) fn finished(&self, delivery: &Delivery) {
        let outcome = match delivery {
            Delivery::Idle => return,
            Delivery::Delivered(_) => "delivered",
            Delivery::Dropped(_) => "dropped",
            Delivery::Deferred { .. } => "deferred",
            Delivery::Parked { .. } => "parked",
        };
        self.deliveries.with_label_values(&[outcome]).inc();
    }

    /// Shows what is in the queue; what is not known, as no number.
    pub(crate) fn show(&self, backlog: Option<MailBacklog>, now: Timestamp) {
        let known =
            |figure: fn(MailBacklog) -> u64| backlog.map_or(f64::NAN, |backlog| count(figure(backlog)));
        self.queue.with_label_values(&["pending"]).set(known(|backlog| backlog.pending));
        self.queue.with_label_values(&["parked"]).set(known(|backlog| backlog.parked));
        let age = |backlog: MailBacklog| {
            backlog.oldest_due_at.map_or(0.0, |due_at| now.since(due_at).as_secs_f64())
        };
        self.oldest_due.set(backlog.map_or(f64::NAN, age));
    }
}
