use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::problems::Panicking;
use crate::service::{ADA, Installation};

/// Everything that this crate has logged, one record a line.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn start() -> Self {
        let log = Self::default();
        let writer = log.clone();
        let records = tracing_subscriber::fmt::layer().json().with_writer(move || writer.clone());
        let ours = Targets::new().with_target("portcullis", LevelFilter::TRACE);
        tracing_subscriber::registry().with(ours).with(records).init();
        log
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()).expect("UTF-8")
    }

    /// The records that hold both texts.
    fn records(&self, one: &str, other: &str) -> Vec<serde_json::Value> {
        let text = self.text();
        let lines = text.lines().filter(|line| line.contains(one) && line.contains(other));
        lines.map(|line| serde_json::from_str(line).expect("a record is JSON")).collect()
    }
}

/// One test, since the log of a process is one. What it holds of other tests has other ids.
#[tokio::test]
async fn the_log_tells_what_happened_and_none_of_the_secrets() {
    let log = Log::start();
    let service = Installation { seed: Some(1_000), ..Installation::default() }.serve();
    let tokens = service.signed_in(ADA).await;

    let id = |reply: &crate::service::Reply| reply.header("x-request-id").unwrap().to_owned();
    let reply = service.get("/api/v1/auth/verify-email/SECRET-token?SECRET=query").await;
    let access = &log.records("portcullis::access", &id(&reply))[0]["fields"];
    assert_eq!(access["method"], "GET");
    assert_eq!(access["route"], "/api/v1/auth/verify-email/{token}");
    assert_eq!(access["status"], 400);
    assert!(access["micros"].is_u64());
    let reply = service.send(service.request(Method::HEAD, "/SECRET-path")).await;
    let access = &log.records("portcullis::access", &id(&reply))[0]["fields"];
    assert_eq!((&access["method"], &access["route"]), (&json!("HEAD"), &json!("unknown")));

    service.storage.fail_next();
    let reply = service.get_as(&tokens.access, "/api/v1/auth/me").await;
    let failures = log.records("ERROR", &id(&reply));
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0]["fields"]["code"], "store_unavailable");
    let cause = failures[0]["fields"]["cause"].as_str().unwrap();
    assert!(cause.starts_with("the store is unavailable: "), "{cause}");

    let defective =
        Installation { hasher: Some(Arc::new(Panicking)), seed: Some(2_000), ..Installation::default() }
            .serve();
    let reply = defective.login("SECRET@example.com", "SECRET password").await;
    assert_eq!(log.records("ERROR", &id(&reply)).len(), 1);

    let refresh =
        async |token: &str| service.post("/api/v1/auth/refresh", json!({"refresh_token": token})).await;
    refresh(&tokens.refresh).await;
    service.clock.advance(Duration::from_mins(1));
    refresh(&tokens.refresh).await;

    let body = json!({"email": "SECRET,address", "password": "SECRET", "name": "SECRET\u{0}"});
    let request = service
        .request(Method::POST, "/api/v1/auth/register")
        .header("User-Agent", "SECRET\u{9}agent")
        .header("X-Request-Id", "SECRET");
    service.send(request.json(&body)).await;
    let text = log.text();
    for secret in ["SECRET", ADA, tokens.access.as_str(), tokens.refresh.as_str()] {
        assert!(!text.contains(secret), "{secret} is in the log");
    }
}
