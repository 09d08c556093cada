//! Requests, by route, method and class of status.

use std::collections::HashMap;
use std::sync::OnceLock;

use portcullis_http_actix::{Answered, RouteGroup, route_names};
use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec, Registry};

use crate::families;

/// What is told of a request whose path matches nothing.
const UNKNOWN_ROUTE: &str = "unknown";

/// The methods that have figures of their own. All others are told as the last.
const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"];

/// The classes of statuses (RFC 9110 §15).
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

pub(crate) struct HttpFigures {
    requests: IntCounterVec,
    durations: HistogramVec,
    refusals: IntCounterVec,
    /// Those of the API, which are found without a lock; others are looked up among all.
    routes: HashMap<&'static str, RouteFigures>,
}

/// Figures of one route, each made when it is first needed: most methods of most routes are never called.
type RouteFigures = [MethodFigures; METHODS.len()];

#[derive(Default)]
struct MethodFigures {
    duration: OnceLock<Histogram>,
    requests: [OnceLock<IntCounter>; CLASSES.len()],
}

impl HttpFigures {
    pub(crate) fn new(registry: &Registry) -> Self {
        let refusals = families::RATE_LIMIT_REFUSALS.counters(registry);
        for group in RouteGroup::ALL {
            refusals.with_label_values(&[group.name()]);
        }
        Self {
            requests: families::HTTP_REQUESTS.counters(registry),
            durations: families::HTTP_DURATION.histograms(registry),
            refusals,
            routes: route_names().into_iter().map(|route| (route, RouteFigures::default())).collect(),
        }
    }

    pub(crate) fn answered(&self, answer: &Answered<'_>) {
        let method = METHODS.iter().position(|method| *method == answer.method).unwrap_or(METHODS.len() - 1);
        let class = usize::from(answer.status / 100).clamp(1, CLASSES.len()) - 1;
        let route = answer.route.unwrap_or(UNKNOWN_ROUTE);
        let duration = || self.durations.with_label_values(&[route, METHODS[method]]);
        let requests = || self.requests.with_label_values(&[route, METHODS[method], CLASSES[class]]);
        let took = answer.took.as_secs_f64();
        if let Some(figures) = self.routes.get(route) {
            let figures = &figures[method];
            figures.duration.get_or_init(duration).observe(took);
            figures.requests[class].get_or_init(requests).inc();
        } else {
            duration().observe(took);
            requests().inc();
        }
    }

    pub(crate) fn rate_limited(&self, group: RouteGroup) {
        self.refusals.with_label_values(&[group.name()]).inc();
    }
}
