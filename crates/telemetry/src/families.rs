//! Every family of figures: name, labels and meaning. What is not listed here cannot be shown.

use prometheus::{
    Counter, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts,
    Registry,
};

/// Figures of one name.
#[derive(Debug)]
pub struct Family {
    /// What it is called.
    pub name: &'static str,
    /// What can be done with its figures.
    pub kind: Kind,
    /// What tells its figures apart.
    pub labels: &'static [&'static str],
    /// What they say.
    pub help: &'static str,
}

/// What can be done with figures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// It only grows; its rate tells something.
    Counter,
    /// It goes up and down.
    Gauge,
    /// How many observations were no greater than each of these bounds.
    Histogram(&'static [f64]),
}

impl Kind {
    /// What Prometheus calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram(_) => "histogram",
        }
    }
}

/// From what a warm cache takes to where a client gives up.
const REQUEST: Kind =
    Kind::Histogram(&[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0]);
/// From a read in memory to where the store gives up.
const STORE_CALL: Kind = Kind::Histogram(&[
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
]);
/// From no wait to a full queue of costly hashes.
const HASHING: Kind =
    Kind::Histogram(&[0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0]);

macro_rules! families {
    ($($constant:ident = $kind:expr, $name:literal [$($label:literal),*] $help:literal;)+) => {
        $(pub(crate) const $constant: Family =
            Family { name: $name, kind: $kind, labels: &[$($label),*], help: $help };)+

        /// Every family there is, in the order of the documentation.
        pub const FAMILIES: &[Family] = &[$($constant),+];
    };
}

families! {
    HTTP_REQUESTS = Kind::Counter, "portcullis_http_requests_total" ["route", "method", "status"]
        "Requests that were answered, by the pattern that their path matched and the class of the status.";
    HTTP_DURATION = REQUEST, "portcullis_http_request_duration_seconds" ["route", "method"]
        "Time from the head of a request to its answer, which remains to be sent.";
    RATE_LIMIT_REFUSALS = Kind::Counter, "portcullis_rate_limit_refusals_total" ["group"]
        "Calls refused because their client made too many, by route group.";
    RATE_LIMITS_SHARED = Kind::Gauge, "portcullis_rate_limits_shared" []
        "1 while instances count calls together, 0 while this one counts for itself.";
    LOGINS = Kind::Counter, "portcullis_logins_total" ["outcome"]
        "Logins that were tried and not locked out, by `success` or what was wrong.";
    REFRESH_REUSE = Kind::Counter, "portcullis_refresh_token_reuse_total" []
        "Spent refresh tokens that were used again, which ended their sessions.";
    AUDIT_EVENTS = Kind::Counter, "portcullis_audit_events_total" ["kind", "outcome"]
        "Events of the audit trail that this instance stored.";
    HASHING_WAIT = HASHING, "portcullis_hashing_wait_seconds" []
        "Time that passwords waited for a thread that hashes.";
    HASHING_DURATION = HASHING, "portcullis_hashing_duration_seconds" []
        "Time that hashing took, without the wait.";
    HASHING_REFUSALS = Kind::Counter, "portcullis_hashing_refusals_total" []
        "Passwords refused because the queue was full.";
    HASHING_JOBS = Kind::Gauge, "portcullis_hashing_jobs" ["state"]
        "Passwords that are being hashed (`running`) or wait for it (`waiting`).";
    STORE_UP = Kind::Gauge, "portcullis_store_up" []
        "1 if the store answered when these figures were read, 0 if it did not within a second, or while starting.";
    STORE_DURATION = STORE_CALL, "portcullis_store_call_duration_seconds" ["port", "method"]
        "Time that calls to the store took, with the wait for a connection.";
    STORE_FAILURES = Kind::Counter, "portcullis_store_call_failures_total" ["port", "method"]
        "Calls to the store that failed.";
    STORE_CONNECTIONS = Kind::Gauge, "portcullis_store_connections" ["pool", "state"]
        "Connections to the store that are open, `in_use` or `idle`.";
    STORE_CONNECTIONS_MAX = Kind::Gauge, "portcullis_store_connections_max" ["pool"]
        "How many connections there can be.";
    STORE_WAITING = Kind::Gauge, "portcullis_store_connection_waiters" ["pool"]
        "Calls that wait for a connection.";
    MAIL_QUEUE = Kind::Gauge, "portcullis_mail_queue_mails" ["state"]
        "Mails in the queue that all instances share: `pending`, or `parked` for an operator to look at.";
    MAIL_OLDEST_DUE = Kind::Gauge, "portcullis_mail_queue_oldest_due_age_seconds" []
        "For how long the mail that waits longest could have been delivered; 0 when none is due.";
    MAIL_DELIVERIES = Kind::Counter, "portcullis_mail_deliveries_total" ["outcome"]
        "Attempts at delivery by this instance, by what came of them.";
    BUILD_INFO = Kind::Gauge, "portcullis_build_info" ["version"]
        "1, with the version of the program.";
    PROCESS_START = Kind::Gauge, "process_start_time_seconds" []
        "When the process started, in Unix time.";
    PROCESS_CPU = Kind::Counter, "process_cpu_seconds_total" []
        "Time that the process spent on processors.";
    PROCESS_MEMORY = Kind::Gauge, "process_resident_memory_bytes" []
        "Memory of the process that is in RAM.";
    PROCESS_FDS = Kind::Gauge, "process_open_fds" []
        "File descriptors that are open.";
    PROCESS_THREADS = Kind::Gauge, "process_threads" []
        "Threads of the process.";
}

impl Family {
    pub(crate) fn counters(&self, registry: &Registry) -> IntCounterVec {
        registered(registry, IntCounterVec::new(self.opts(Kind::Counter), self.labels))
    }

    pub(crate) fn counter(&self, registry: &Registry) -> IntCounter {
        registered(registry, IntCounter::with_opts(self.opts(Kind::Counter)))
    }

    /// A counter of what is no whole number.
    pub(crate) fn seconds_counter(&self, registry: &Registry) -> Counter {
        registered(registry, Counter::with_opts(self.opts(Kind::Counter)))
    }

    pub(crate) fn gauges(&self, registry: &Registry) -> GaugeVec {
        registered(registry, GaugeVec::new(self.opts(Kind::Gauge), self.labels))
    }

    pub(crate) fn gauge(&self, registry: &Registry) -> Gauge {
        registered(registry, Gauge::with_opts(self.opts(Kind::Gauge)))
    }

    pub(crate) fn histograms(&self, registry: &Registry) -> HistogramVec {
        registered(registry, HistogramVec::new(self.histogram_opts(), self.labels))
    }

    pub(crate) fn histogram(&self, registry: &Registry) -> Histogram {
        registered(registry, Histogram::with_opts(self.histogram_opts()))
    }

    fn opts(&self, kind: Kind) -> Opts {
        assert_eq!(self.kind, kind, "{}", self.name);
        Opts::new(self.name, self.help)
    }

    fn histogram_opts(&self) -> HistogramOpts {
        let Kind::Histogram(bounds) = self.kind else {
            panic!("{} is no histogram", self.name);
        };
        HistogramOpts::new(self.name, self.help).buckets(bounds.to_vec())
    }
}

fn registered<C: prometheus::core::Collector + Clone + 'static>(
    registry: &Registry,
    figures: prometheus::Result<C>,
) -> C {
    let figures = figures.expect("names and labels of families are well formed");
    registry.register(Box::new(figures.clone())).expect("each family is registered once");
    figures
}
