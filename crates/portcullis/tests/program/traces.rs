//! The spans of requests, as a collector gets them, and what becomes of the service when it does not.

use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::{Value, json};

use crate::accounts::{PASSWORD, create};
use crate::collector::{Collector, attribute, hex};
use crate::process::{Finished, Installation, NOWHERE, Serving};

const ADDRESS: &str = "ada@example.com";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CLIENT: &str = "b7ad6b7169203331";
const LOGIN: &str = "POST /api/v1/auth/login";

/// An installation that sends its traces to `collector`, where somebody can sign in.
fn traced(collector: &str) -> Installation {
    let installation = Installation::new().with("OTEL_EXPORTER_OTLP_ENDPOINT", collector);
    create(&installation, &["--email", ADDRESS], PASSWORD).output();
    installation
}

/// The same, that does not wait for a batch to be full.
fn traced_at_once(collector: &str) -> Installation {
    traced(collector).with("OTEL_BSP_SCHEDULE_DELAY", "20")
}

fn log_in(serving: &Serving, traceparent: &str) {
    let head = format!("traceparent: {traceparent}\r\n");
    let body = json!({"email": ADDRESS, "password": PASSWORD});
    let answer = serving.post_with("/api/v1/auth/login", &head, &body);
    assert_eq!(answer.status, 200, "{}", answer.body);
}

fn sampled(trace: &str) -> String {
    format!("00-{trace}-{CLIENT}-01")
}

/// The one span of this name.
#[track_caller]
fn span<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let mut found = spans.iter().filter(|span| span.name == name);
    let span = found.next().unwrap_or_else(|| panic!("{name} is there: {spans:?}"));
    assert!(found.next().is_none(), "there is one: {spans:?}");
    span
}

#[test]
fn a_login_is_one_trace_from_its_client_down_to_the_store() {
    let collector = Collector::start();
    let installation = traced_at_once(&collector.url)
        .with("OTEL_SERVICE_NAME", "accounts")
        .with("OTEL_EXPORTER_OTLP_HEADERS", "x-key=a%20secret");
    let serving = installation.serve();
    log_in(&serving, &sampled(TRACE));

    let spans = collector.trace(TRACE, LOGIN);
    let request = span(&spans, LOGIN);
    assert_eq!(hex(&request.parent_span_id), CLIENT);
    assert_eq!(request.kind(), SpanKind::Server);
    let told = |key| attribute(&request.attributes, key);
    assert_eq!(told("http.route").as_deref(), Some("/api/v1/auth/login"));
    assert_eq!(told("http.response.status_code").as_deref(), Some("200"));
    assert!(told("request_id").is_some_and(|id| id.len() == 36));

    let use_case = span(&spans, "login");
    assert_eq!(use_case.parent_span_id, request.span_id);
    for call in ["UserRepository::find_by_login", "SessionRepository::open"] {
        let port = span(&spans, call);
        assert_eq!(port.parent_span_id, use_case.span_id, "{call}");
        let store: Vec<_> = spans.iter().filter(|span| span.parent_span_id == port.span_id).collect();
        let [store] = store.try_into().expect("one call to the store");
        assert_eq!((store.name.as_str(), store.kind()), ("sqlite", SpanKind::Client));
        assert!(port.start_time_unix_nano <= store.start_time_unix_nano, "{call}");
        assert!(store.end_time_unix_nano <= port.end_time_unix_nano, "{call}");
    }

    let text = collector.text();
    assert!(text.contains("accounts") && text.contains("x-key: a secret"), "{text}");
    assert!(text.contains("POST /v1/traces") && text.contains(env!("CARGO_PKG_VERSION")), "{text}");
    assert!(!text.contains(ADDRESS) && !text.contains(PASSWORD), "{text}");
    serving.end("TERM");
}

#[test]
fn whoever_calls_with_a_token_is_authenticated_within_the_trace() {
    let collector = Collector::start();
    let serving = traced_at_once(&collector.url).serve();
    let body = json!({"email": ADDRESS, "password": PASSWORD});
    let tokens: Value = serde_json::from_str(&serving.post("/api/v1/auth/login", &body).body).unwrap();
    let head = format!(
        "Authorization: Bearer {}\r\ntraceparent: {}\r\n",
        tokens["access_token"].as_str().unwrap(),
        sampled(TRACE)
    );
    assert_eq!(serving.post_with("/api/v1/auth/logout", &head, &json!({})).status, 204);
    let spans = collector.trace(TRACE, "POST /api/v1/auth/logout");
    let request = span(&spans, "POST /api/v1/auth/logout");
    for use_case in ["authenticate", "logout"] {
        assert_eq!(span(&spans, use_case).parent_span_id, request.span_id, "{use_case}");
    }
}

#[test]
fn a_trace_of_ones_own_has_the_id_that_the_log_tells_and_one_that_is_not_sampled_is_not_sent() {
    const UNSAMPLED: &str = "11111111111111111111111111111111";
    let collector = Collector::start();
    let serving = traced(&collector.url).serve();
    log_in(&serving, "malformed");
    log_in(&serving, &format!("00-{UNSAMPLED}-{CLIENT}-00"));
    let finished = serving.end("TERM");
    let records = finished.stderr.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let logins: Vec<_> = records.filter(|record| record["route"] == "/api/v1/auth/login").collect();
    let [own, unsampled] = logins.try_into().expect("both are in the log");
    assert_eq!(unsampled["trace_id"], UNSAMPLED);

    let spans = collector.spans();
    let request = span(&spans, LOGIN);
    assert_eq!(hex(&request.trace_id), own["trace_id"].as_str().unwrap());
    assert!(request.parent_span_id.is_empty(), "it is the first of its trace");
    let of_requests = |span: &Span| span.trace_id == request.trace_id;
    assert!(spans.iter().all(of_requests), "nothing is sent of what belongs to no request: {spans:?}");
}

#[test]
fn the_last_spans_are_sent_before_the_program_ends() {
    let collector = Collector::start();
    let serving = traced(&collector.url).with("OTEL_BSP_SCHEDULE_DELAY", "3600000").serve();
    log_in(&serving, &sampled(TRACE));
    assert!(collector.spans().is_empty(), "they wait for more");
    assert_eq!(serving.end("TERM").code, Some(0));
    span(&collector.spans(), LOGIN);
}

/// Calls again and again, with more spans than may wait, and ends the program.
fn serve_while_nobody_takes_spans(collector: &str) -> (Finished, Duration) {
    let installation = traced_at_once(collector)
        .with("OTEL_BSP_MAX_QUEUE_SIZE", "200")
        .with("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1")
        .with("OTEL_EXPORTER_OTLP_TIMEOUT", "300")
        .with("PORTCULLIS_SHUTDOWN_GRACE", "1s")
        // Nobody reads the log before the end, and a pipe does not hold all of it.
        .with("PORTCULLIS_LOG", "warn");
    let serving = installation.serve();
    let mut calls = Vec::new();
    for _ in 0..300 {
        let began = Instant::now();
        assert_eq!(serving.get("/health").status, 200);
        calls.push(began.elapsed());
        std::thread::sleep(Duration::from_millis(5));
    }
    // A busy machine keeps one or the other waiting; a collector that is waited for, all of them.
    let slow = calls.iter().filter(|took| **took >= Duration::from_millis(250)).count();
    assert!(2 * slow <= calls.len(), "they are as quick: {calls:?}");
    let began = Instant::now();
    (serving.end("TERM"), began.elapsed())
}

#[test]
fn a_collector_that_is_away_or_hangs_holds_nothing_up_and_is_in_the_log_once() {
    for collector in [format!("http://{NOWHERE}"), Collector::hung()] {
        let (finished, took) = serve_while_nobody_takes_spans(&collector);
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        // All that wait would take a minute.
        assert!(took < Duration::from_secs(20), "it ends within the grace: {took:?}");
        let warnings = finished.stderr.matches("the collector does not take them").count();
        assert_eq!(warnings, 1, "{}", finished.stderr);
    }
}

#[test]
fn what_is_no_collector_stops_the_start() {
    for (variable, value) in
        [("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"), ("OTEL_EXPORTER_OTLP_HEADERS", "secret")]
    {
        let finished = Installation::new().with(variable, value).run(&[]);
        assert!(finished.failure().contains(variable), "{finished:?}");
        assert!(!finished.failure().contains("secret"), "{finished:?}");
    }
}
