use std::time::{Duration, Instant};

use portcullis_throwaway_redis::{Certificate, Redis};
use serde_json::json;
use tempfile::TempDir;

use crate::harness::{Server, ServerBuilder};

const AWAY: &str = "Redis does not count calls";
const BACK: &str = "Redis counts calls again";

/// An instance of its own that shares nothing but limits: so many logins an hour.
async fn instance(redis: &str, logins: u32) -> Server {
    builder(redis, logins).start().await
}

fn builder(redis: &str, logins: u32) -> ServerBuilder {
    ServerBuilder::new()
        .with_cheap_hashes()
        .with("PORTCULLIS_LOCKOUT_THRESHOLD", "0")
        .with("PORTCULLIS_TRUSTED_PROXIES", "127.0.0.1")
        .with("PORTCULLIS_RATE_LIMIT", "on")
        .with("PORTCULLIS_RATE_LIMITS", format!("login={logins}/1h"))
        .with("PORTCULLIS_RATE_LIMIT_REDIS_URL", redis)
}

async fn is_admitted(server: &Server, client: &str) -> bool {
    let login = server.request(reqwest::Method::POST, "/api/v1/auth/login").header("X-Forwarded-For", client);
    let answer = server.send(login.json(&json!({ "email": "nobody@example.com", "password": "x" }))).await;
    if answer.status == 429 {
        answer.problem(429, "rate_limited");
        return false;
    }
    answer.problem(401, "invalid_credentials");
    true
}

fn redis() -> Redis {
    Redis::start().unwrap_or_else(|error| panic!("{error}"))
}

#[tokio::test]
async fn s43_instances_with_one_redis_share_their_limits() {
    let redis = redis();
    let (one, other) = (instance(&redis.url(), 4).await, instance(&redis.url(), 4).await);
    for server in [&one, &other, &one, &other] {
        assert!(is_admitted(server, "192.0.2.1").await);
    }
    for server in [&one, &other] {
        assert!(!is_admitted(server, "192.0.2.1").await);
        assert!(is_admitted(server, "192.0.2.2").await, "another client");
    }
    let examined = one.run(&["doctor"]).await;
    assert!(examined.stdout.contains("Redis counts calls for all instances"), "{examined:?}");
}

#[tokio::test]
async fn while_redis_is_away_each_instance_limits_by_itself_and_no_call_fails_or_waits() {
    let mut redis = redis();
    let (one, other) = (instance(&redis.url(), 1).await, instance(&redis.url(), 1).await);
    assert!(is_admitted(&one, "192.0.2.1").await);
    assert!(!is_admitted(&other, "192.0.2.1").await);

    redis.kill().expect("it runs");
    for server in [&one, &other] {
        let begun = Instant::now();
        for number in 0..50 {
            let client = format!("192.0.2.{number}");
            assert!(is_admitted(server, &client).await);
            assert!(!is_admitted(server, &client).await);
        }
        assert!(begun.elapsed() < Duration::from_secs(5), "nobody waits: {:?}", begun.elapsed());
        let log = server.log_with(AWAY).await;
        assert_eq!(log.matches(AWAY).count(), 1, "it is told once: {log}");
    }

    redis.restart().unwrap_or_else(|error| panic!("{error}"));
    for server in [&one, &other] {
        server.log_with(BACK).await;
    }
    assert!(is_admitted(&one, "192.0.2.100").await);
    assert!(!is_admitted(&other, "192.0.2.100").await, "they share their limits again");
}

#[tokio::test]
async fn a_redis_that_hangs_holds_up_the_calls_under_way_and_no_others() {
    let redis = redis();
    let server = instance(&redis.url(), 1).await;
    assert!(is_admitted(&server, "192.0.2.1").await);
    redis.pause().expect("it runs");
    let begun = Instant::now();
    for number in 2..52 {
        assert!(is_admitted(&server, &format!("192.0.2.{number}")).await);
    }
    assert!(begun.elapsed() < Duration::from_secs(3), "few calls wait: {:?}", begun.elapsed());
}

#[tokio::test]
async fn a_redis_is_reached_by_tls_if_its_certificate_is_good() {
    let folder = TempDir::new().expect("a temporary folder");
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let certificate = Certificate {
        certificate: folder.path().join("certificate.pem"),
        key: folder.path().join("key.pem"),
    };
    std::fs::write(&certificate.certificate, signed.cert.pem()).expect("the folder can be written");
    std::fs::write(&certificate.key, signed.signing_key.serialize_pem()).expect("the folder can be written");
    let trusted = certificate.certificate.display().to_string();
    let redis = Redis::start_with_tls(&certificate).unwrap_or_else(|error| panic!("{error}"));

    let trusting = || builder(&redis.url(), 1).with("SSL_CERT_FILE", &trusted);
    assert!(is_admitted(&trusting().start().await, "192.0.2.1").await);
    assert!(!is_admitted(&trusting().start().await, "192.0.2.1").await, "they share their limits");
    let distrusting = builder(&redis.url(), 1).start().await;
    assert!(is_admitted(&distrusting, "192.0.2.1").await, "it counts for itself");
}
