use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use portcullis_throwaway_redis::{Certificate, Redis};
use serde_json::json;
use tempfile::TempDir;

use crate::harness::{PATIENCE, Server, ServerBuilder};

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

/// Whether a client is admitted when it calls these in turn.
async fn admissions(servers: &[&Server], client: &str) -> Vec<bool> {
    let mut admissions = Vec::new();
    for server in servers {
        admissions.push(is_admitted(server, client).await);
    }
    admissions
}

/// Asserts that who calls these in turn is admitted so many times and no more: they count together.
///
/// On a busy machine Redis may answer too late, and an instance counts alone for a moment, as its log tells. Then the
/// next client has to show it.
async fn share_limits(servers: &[&Server], admitted: usize) {
    let expected: Vec<_> = (0..servers.len()).map(|number| number < admitted).collect();
    let times_away = || servers.iter().map(|server| server.log().matches(AWAY).count()).sum::<usize>();
    let is_away = |server: &Server| told(&server.log()).last() == Some(&AWAY);
    let begun = Instant::now();
    for number in 1.. {
        let before = times_away();
        let admissions = admissions(servers, &format!("198.51.100.{number}")).await;
        if admissions == expected {
            return;
        }
        while times_away() == before && !servers.iter().any(|server| is_away(server)) {
            assert!(begun.elapsed() < PATIENCE, "Redis was there: {admissions:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        for server in servers.iter().filter(|server| is_away(server)) {
            is_told(server, BACK).await;
        }
    }
}

/// Asserts that one client after the other is admitted once, and that calls do not wait for Redis: again and again one
/// is answered sooner than that takes, however busy the machine is.
async fn limits_alone(server: &Server) {
    const WAIT: Duration = Duration::from_millis(100);
    const QUICK_CALLS: usize = 20;
    let (begun, mut quick) = (Instant::now(), 0);
    for client in Ipv4Addr::new(203, 0, 113, 0).to_bits().. {
        for admitted in [true, false] {
            let asked = Instant::now();
            assert_eq!(is_admitted(server, &Ipv4Addr::from_bits(client).to_string()).await, admitted);
            quick += usize::from(asked.elapsed() < WAIT);
        }
        if quick >= QUICK_CALLS {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "no more than {quick} calls did not wait");
    }
}

/// What a log tells of Redis.
fn told(log: &str) -> Vec<&'static str> {
    log.lines().filter_map(|line| [AWAY, BACK].into_iter().find(|words| line.contains(words))).collect()
}

/// Returns when this is the last that the log tells of Redis. Neither is told twice.
async fn is_told(server: &Server, words: &str) {
    let begun = Instant::now();
    loop {
        let log = server.log();
        let told = told(&log);
        assert!(told.windows(2).all(|pair| pair[0] != pair[1]), "it is told once: {log}");
        if told.last() == Some(&words) {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{words:?} is not told: {log}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn redis() -> Redis {
    Redis::start().unwrap_or_else(|error| panic!("{error}"))
}

#[tokio::test]
async fn s43_instances_with_one_redis_share_their_limits() {
    let redis = redis();
    let (one, other) = (instance(&redis.url(), 4).await, instance(&redis.url(), 4).await);
    share_limits(&[&one, &other, &one, &other, &one, &other], 4).await;
    for server in [&one, &other] {
        assert!(is_admitted(server, "192.0.2.1").await, "another client");
    }
    let begun = Instant::now();
    loop {
        let examined = one.run(&["doctor"]).await;
        if examined.stdout.contains("Redis counts calls for all instances") {
            break;
        }
        // It asks Redis once, which may answer too late on a busy machine.
        assert!(begun.elapsed() < PATIENCE, "{examined:?}");
    }
}

#[tokio::test]
async fn while_redis_is_away_each_instance_limits_by_itself_and_no_call_fails_or_waits() {
    let mut redis = redis();
    let (one, other) = (instance(&redis.url(), 1).await, instance(&redis.url(), 1).await);
    share_limits(&[&one, &other], 1).await;

    redis.kill().expect("it runs");
    for server in [&one, &other] {
        limits_alone(server).await;
        is_told(server, AWAY).await;
    }

    redis.restart().unwrap_or_else(|error| panic!("{error}"));
    for server in [&one, &other] {
        is_told(server, BACK).await;
    }
    share_limits(&[&one, &other], 1).await;
}

#[tokio::test]
async fn a_redis_that_hangs_holds_up_the_calls_under_way_and_no_others() {
    let redis = redis();
    let server = instance(&redis.url(), 1).await;
    assert!(is_admitted(&server, "192.0.2.1").await);
    redis.pause().expect("it runs");
    limits_alone(&server).await;
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
    let (one, other) = (trusting().start().await, trusting().start().await);
    share_limits(&[&one, &other], 1).await;
    assert!(is_admitted(&one, "192.0.2.1").await);
    let distrusting = builder(&redis.url(), 1).start().await;
    assert!(is_admitted(&distrusting, "192.0.2.1").await, "it counts for itself");
}
