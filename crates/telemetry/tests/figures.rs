//! What is counted, and how it is told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use portcullis_domain::audit::{AuditKind, FailureReason};
use portcullis_domain::mail::{ClaimedMail, MailBacklog, MailKind, MailRecord, QueuedMail};
use portcullis_domain::ports::{
    AuditObserver as _, MailQueue, MailResending, StorageError, UserRepository as _,
};
use portcullis_domain::use_cases::Delivery;
use portcullis_domain::{MailId, Timestamp};
use portcullis_http_actix::{Answered, HttpObserver as _, MetricsReader as _, RouteGroup};
use portcullis_telemetry::{ConnectionUse, FAMILIES, HashingUse, MeasuredStore, Metrics, Sources};
use portcullis_testkit::{FrozenClock, MemoryStorage, fixtures};
use tokio::time::Instant;

fn metrics() -> Metrics {
    Metrics::new("1.2.3")
}

/// What is looked up of an installation whose mails are in `mails`.
fn sources(mails: Arc<dyn MailQueue>, clock: Arc<FrozenClock>) -> Sources {
    let pool = ConnectionUse { pool: "all", in_use: 3, idle: 1, max: 8, waiting: 2 };
    Sources {
        clock,
        mails,
        connections: Box::new(move || vec![pool]),
        hashing: Box::new(|| HashingUse { running: 2, waiting: 5 }),
        rate_limits_shared: Box::new(|| true),
    }
}

fn clock() -> Arc<FrozenClock> {
    let clock = Arc::new(FrozenClock::default());
    clock.set(fixtures::NOW);
    clock
}

fn answered<'a>(method: &'a str, route: Option<&'static str>, status: u16) -> Answered<'a> {
    Answered { method, route, status, took: Duration::from_millis(3) }
}

/// The figures as they are told, by name and labels.
async fn told(metrics: &Metrics) -> BTreeMap<String, String> {
    let text = metrics.read().await;
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').expect("a name and a value");
            (name.to_owned(), value.to_owned())
        })
        .collect()
}

#[tokio::test]
async fn requests_are_counted_by_route_method_and_class_of_status() {
    let metrics = metrics();
    let me = Some("/api/v1/auth/me");
    for (method, route, status) in [
        ("GET", me, 200),
        ("GET", me, 204),
        ("GET", me, 401),
        ("PATCH", me, 200),
        ("HEAD", Some("/verify-email"), 200),
        ("GET", None, 404),
    ] {
        metrics.answered(&answered(method, route, status));
    }
    let told = told(&metrics).await;
    let requests = |route: &str, method: &str, status: &str| {
        told.get(&format!(
            "portcullis_http_requests_total{{method=\"{method}\",route=\"{route}\",status=\"{status}\"}}"
        ))
        .map(String::as_str)
    };
    assert_eq!(requests("/api/v1/auth/me", "GET", "2xx"), Some("2"));
    assert_eq!(requests("/api/v1/auth/me", "GET", "4xx"), Some("1"));
    assert_eq!(requests("/api/v1/auth/me", "PATCH", "2xx"), Some("1"));
    assert_eq!(requests("/verify-email", "HEAD", "2xx"), Some("1"));
    assert_eq!(requests("unknown", "GET", "4xx"), Some("1"));
    let bucket = |bound: &str| {
        told[&format!(
            "portcullis_http_request_duration_seconds_bucket{{method=\"GET\",route=\"/api/v1/auth/me\",le=\"{bound}\"}}"
        )]
        .as_str()
    };
    assert_eq!((bucket("0.0025"), bucket("0.005"), bucket("+Inf")), ("0", "3", "3"));
}

#[tokio::test]
async fn nobody_outside_can_make_the_figures_grow() {
    let metrics = metrics();
    for number in 0..1_000 {
        let method = format!("METHOD-{number}");
        metrics.answered(&answered(&method, None, 405));
        metrics.answered(&answered("GET", None, 1_000 + number));
    }
    let told = told(&metrics).await;
    let requests: Vec<_> =
        told.iter().filter(|(name, _)| name.starts_with("portcullis_http_requests_total")).collect();
    assert_eq!(requests.len(), 2, "{requests:?}");
    let counts: Vec<u32> = requests.iter().map(|(_, count)| count.parse().expect("a count")).collect();
    assert_eq!(counts.iter().sum::<u32>(), 2_000);
}

#[tokio::test]
async fn calls_to_the_store_are_counted_by_method_with_those_that_fail() {
    let (metrics, memory) = (metrics(), MemoryStorage::default());
    let store = MeasuredStore::new(Arc::new(memory.clone()), &metrics);
    let id = fixtures::user("ada@example.com").id;
    store.find_by_id(id).await.expect("the store answers");
    memory.fail_next();
    store.find_by_id(id).await.expect_err("the store fails");
    store.ping().await.expect("the store answers");
    let told = told(&metrics).await;
    let figure = |name: &str, method: &str| {
        told[&format!("portcullis_store_call_{name}{{method=\"{method}\",port=\"UserRepository\"}}")].as_str()
    };
    assert_eq!(figure("duration_seconds_count", "find_by_id"), "2");
    assert_eq!(figure("failures_total", "find_by_id"), "1");
    assert_eq!((figure("duration_seconds_count", "ping"), figure("failures_total", "ping")), ("1", "0"));
}

#[tokio::test]
async fn logins_are_counted_by_what_came_of_them_and_reuse_by_itself() {
    let metrics = metrics();
    metrics.observe(&fixtures::event(AuditKind::Login));
    for _ in 0..2 {
        metrics.observe(&fixtures::event(AuditKind::Login).failed(FailureReason::WrongPassword));
    }
    metrics.observe(&fixtures::event(AuditKind::RefreshTokenReuse).failed(FailureReason::Spent));
    let told = told(&metrics).await;
    assert_eq!(told["portcullis_logins_total{outcome=\"success\"}"], "1");
    assert_eq!(told["portcullis_logins_total{outcome=\"wrong_password\"}"], "2");
    assert_eq!(told["portcullis_logins_total{outcome=\"email_not_verified\"}"], "0");
    assert_eq!(told["portcullis_refresh_token_reuse_total"], "1");
    assert_eq!(told["portcullis_audit_events_total{kind=\"login\",outcome=\"failure\"}"], "2");
}

#[tokio::test]
async fn the_queue_is_told_with_the_age_of_what_waits_longest() {
    let (metrics, store, clock) = (metrics(), MemoryStorage::default(), clock());
    metrics.look_at(sources(Arc::new(store.clone()), clock.clone()));
    let age = "portcullis_mail_queue_oldest_due_age_seconds";
    assert_eq!(told(&metrics).await[age], "0");
    for who in ["ada", "eve"] {
        let mail = fixtures::mail(MailKind::PasswordChanged, &format!("{who}@example.com"));
        store.enqueue(mail).await.expect("the store takes it");
    }
    clock.set(fixtures::NOW + Duration::from_secs(90));
    let told = told(&metrics).await;
    assert_eq!((told[age].as_str(), told["portcullis_store_up"].as_str()), ("90", "1"));
    assert_eq!(told["portcullis_mail_queue_mails{state=\"pending\"}"], "2");
    assert_eq!(told["portcullis_mail_queue_mails{state=\"parked\"}"], "0");
    assert_eq!(told["portcullis_hashing_jobs{state=\"waiting\"}"], "5");
    assert_eq!(told["portcullis_store_connections{pool=\"all\",state=\"in_use\"}"], "3");
    assert_eq!(told["portcullis_store_connection_waiters{pool=\"all\"}"], "2");
    assert_eq!(told["portcullis_rate_limits_shared"], "1");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_is_told_as_down_and_holds_nothing_up() {
    let metrics = metrics();
    metrics.look_at(sources(Arc::new(SilentQueue), clock()));
    let start = Instant::now();
    let told = told(&metrics).await;
    assert_eq!(start.elapsed(), Duration::from_secs(1));
    assert_eq!(told["portcullis_store_up"], "0");
    assert_eq!(told["portcullis_mail_queue_mails{state=\"pending\"}"], "NaN", "it is not known");
}

#[tokio::test]
async fn before_there_is_a_store_it_is_told_as_down() {
    assert_eq!(told(&metrics()).await["portcullis_store_up"], "0");
}

#[tokio::test]
async fn two_installations_in_a_process_do_not_meet() {
    let (one, other) = (metrics(), metrics());
    one.password_refused();
    let refusals = "portcullis_hashing_refusals_total";
    assert_eq!((told(&one).await[refusals].as_str(), told(&other).await[refusals].as_str()), ("1", "0"));
}

#[tokio::test]
async fn every_family_is_told_and_nothing_else() {
    let (metrics, store) = (metrics(), MemoryStorage::default());
    metrics.answered(&answered("GET", None, 404));
    metrics.rate_limited(RouteGroup::Login);
    metrics.observe(&fixtures::event(AuditKind::Login));
    metrics.password_hashed(Duration::from_millis(1), Duration::from_millis(25));
    metrics.mail_delivery_finished(&Delivery::Delivered(
        fixtures::mail(MailKind::VerifyEmail, "a@example.com").id,
    ));
    MeasuredStore::new(Arc::new(store.clone()), &metrics).ping().await.expect("the store answers");
    metrics.look_at(sources(Arc::new(store), clock()));
    let text = metrics.read().await;
    let told: BTreeSet<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .map(|line| line.split_once(' ').expect("a name and a kind"))
        .collect();
    let listed: BTreeSet<_> = FAMILIES.iter().map(|family| (family.name, family.kind.name())).collect();
    assert_eq!(told, listed);
    assert!(text.contains("portcullis_build_info{version=\"1.2.3\"} 1\n"), "{text}");
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn the_process_tells_of_itself() {
    let told = told(&metrics()).await;
    let figure = |name: &str| told[name].parse::<f64>().expect("a number");
    assert!(figure("process_resident_memory_bytes") > 1_000_000.0);
    assert!(figure("process_start_time_seconds") > 1_600_000_000.0);
    assert!(figure("process_open_fds") >= 3.0 && figure("process_threads") >= 1.0);
    assert!(figure("process_cpu_seconds_total") >= 0.0);
}

/// Never answers when it is asked how much there is, which is all that it is asked.
struct SilentQueue;

#[async_trait]
impl MailQueue for SilentQueue {
    async fn enqueue(&self, _: QueuedMail) -> Result<(), StorageError> {
        unreachable!()
    }

    async fn claim(&self, _: Timestamp, _: Timestamp) -> Result<Option<ClaimedMail>, StorageError> {
        unreachable!()
    }

    async fn complete(&self, _: &ClaimedMail) -> Result<(), StorageError> {
        unreachable!()
    }

    async fn retry(&self, _: &ClaimedMail, _: Timestamp, _: &str) -> Result<(), StorageError> {
        unreachable!()
    }

    async fn park(&self, _: &ClaimedMail, _: &str) -> Result<(), StorageError> {
        unreachable!()
    }

    async fn list(&self, _: Option<MailId>, _: u32) -> Result<Vec<MailRecord>, StorageError> {
        unreachable!()
    }

    async fn backlog(&self) -> Result<MailBacklog, StorageError> {
        std::future::pending().await
    }

    async fn send_again(&self, _: MailResending) -> Result<bool, StorageError> {
        unreachable!()
    }
}
