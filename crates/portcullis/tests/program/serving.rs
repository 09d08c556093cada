//! Serving, from the ready line to the end.

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::thread;
use std::time::{Duration, Instant};

use portcullis_throwaway_port::Port;
use serde_json::json;

use crate::process::{Answer, Installation, NOWHERE};

#[test]
fn the_ready_line_names_the_real_port_and_stands_alone() {
    let serving = Installation::new().serve();
    assert_eq!(serving.get("/health/ready").status, 200);
    let finished = serving.end("TERM");
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(0), ""));
}

#[test]
fn either_signal_ends_it_well() {
    let installation = Installation::new();
    for signal in ["TERM", "INT"] {
        let finished = installation.serve().end(signal);
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    }
}

#[test]
fn a_request_that_does_not_end_holds_the_end_up_no_longer_than_it_may() {
    let serving = Installation::new().with("PORTCULLIS_SHUTDOWN_GRACE", "2s").serve();
    let mut slow = TcpStream::connect(&serving.address).unwrap();
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    slow.write_all(format!("{head}content-length: 10\r\n\r\n{{").as_bytes()).unwrap();
    // Whoever is answered came after it.
    assert_eq!(serving.get("/health").status, 200);
    let began = Instant::now();
    let finished = serving.end("TERM");
    let took = began.elapsed();
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert!(took > Duration::from_secs(1), "it is waited for: {took:?}");
    // Its body would be given up after ten seconds.
    assert!(took < Duration::from_secs(8), "there is one end for everything: {took:?}");
}

#[test]
fn logs_are_one_json_record_a_line_when_nobody_watches() {
    let serving = Installation::new().serve();
    serving.get("/health");
    let finished = serving.end("TERM");
    assert!(!finished.stderr.is_empty());
    for line in finished.stderr.lines() {
        let record: serde_json::Value = serde_json::from_str(line).expect("a record is JSON");
        assert!(record["timestamp"].is_string() && record["message"].is_string(), "{line}");
    }
}

#[test]
fn who_serves_without_sign_in_is_warned_and_told() {
    let serving = Installation::new().with("PORTCULLIS_AUTH_ENABLED", "false").serve();
    let health: serde_json::Value = serde_json::from_str(&serving.get("/health").body).unwrap();
    assert_eq!(health["auth_enabled"], false);
    assert_eq!(serving.get("/api/v1/users").status, 200, "every call acts as an administrator");
    let finished = serving.end("TERM");
    let is_warning = |line: &&str| line.contains("\"WARN\"") && line.contains("PORTCULLIS_AUTH_ENABLED");
    assert_eq!(finished.stderr.lines().filter(is_warning).count(), 1, "{}", finished.stderr);
}

#[test]
fn what_it_keeps_is_for_its_owner_alone() {
    let installation = Installation::new();
    let serving = installation.serve();
    for (name, mode) in [("data", 0o700), ("data/secret.key", 0o600), ("data/portcullis.db", 0o600)] {
        let permissions = fs::metadata(installation.path(name)).unwrap().permissions();
        assert_eq!(permissions.mode() & 0o777, mode, "{name}");
    }
    serving.end("TERM");
}

#[test]
fn a_second_start_goes_on_with_the_same_keys() {
    let installation = Installation::new();
    let kept = || fs::read(installation.path("data/secret.key")).unwrap();
    let serving = installation.serve();
    let (keys, secret) = (serving.get("/.well-known/jwks.json").body, kept());
    serving.end("TERM");
    let serving = installation.serve();
    assert_eq!((serving.get("/.well-known/jwks.json").body, kept()), (keys, secret));
}

#[test]
fn instances_that_start_together_on_nothing_share_what_they_make() {
    const INSTANCES: usize = 4;
    let installation = Installation::new();
    let serving: Vec<_> = thread::scope(|scope| {
        let starts: Vec<_> = (0..INSTANCES).map(|_| scope.spawn(|| installation.serve())).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    let keys: Vec<_> = serving.iter().map(|instance| instance.get("/.well-known/jwks.json").body).collect();
    assert!(keys.iter().all(|other| other == &keys[0]), "{keys:?}");
}

#[test]
fn the_operations_listener_tells_how_the_service_is() {
    let port = Port::keep().unwrap();
    let operations = port.address().to_string();
    let installation = Installation::new().with("PORTCULLIS_OPS_BIND", &operations);
    let unheard = installation.run(&["health", "--live"]);
    assert_eq!((unheard.code, unheard.stdout.as_str()), (Some(1), ""));
    assert!(unheard.stderr.contains(&operations), "{}", unheard.stderr);

    let serving = installation.serve();
    for arguments in [&["health"][..], &["health", "--live"]] {
        let healthy = installation.run(arguments);
        assert_eq!((healthy.code, healthy.stdout.as_str()), (Some(0), ""), "{}", healthy.stderr);
    }
    assert_eq!(serving.get("/metrics").status, 404, "figures are not for everybody");
    let login = json!({"email": "nobody@example.com", "password": "correct horse battery"});
    assert_eq!(serving.post("/api/v1/auth/login", &login).status, 401);
    let figures = Answer::at(&operations, "/metrics").expect("somebody listens").body;
    for figure in [
        "portcullis_http_requests_total{method=\"POST\",route=\"/api/v1/auth/login\",status=\"4xx\"} 1",
        "portcullis_logins_total{outcome=\"unknown_account\"} 1",
        "portcullis_hashing_duration_seconds_count 1",
        "portcullis_hashing_jobs{state=\"running\"} 0",
        "portcullis_store_call_duration_seconds_count{method=\"find_by_login\",port=\"UserRepository\"} 1",
        "portcullis_store_connections_max{pool=\"write\"} 1",
        "portcullis_store_up 1",
        "portcullis_mail_queue_mails{state=\"pending\"} 0",
        "portcullis_rate_limits_shared 0",
    ] {
        assert!(figures.lines().any(|line| line == figure), "{figure} is missing: {figures}");
    }
    serving.end("TERM");
}

#[test]
fn a_service_that_still_waits_for_its_store_lives_and_is_not_ready() {
    let port = Port::keep().unwrap();
    let operations = port.address().to_string();
    let installation = Installation::new()
        .with("PORTCULLIS_OPS_BIND", &operations)
        .with("PORTCULLIS_DATABASE_URL", format!("postgres://nobody@{NOWHERE}/nothing?sslmode=disable"))
        .with("PORTCULLIS_SECRET_KEY", "cnOYEMAeM68iHfq/uqWO2O4F4iw5czATXKtPjxeJMqM=")
        .with("PORTCULLIS_DATABASE_WAIT", "5m");
    let _starting = installation.start();
    let deadline = Instant::now() + Duration::from_secs(20);
    let live = loop {
        match Answer::at(&operations, "/health/live") {
            Some(answer) => break answer,
            None if Instant::now() < deadline => thread::sleep(Duration::from_millis(10)),
            None => panic!("nobody listens"),
        }
    };
    assert_eq!(live.status, 200);
    let ready = Answer::at(&operations, "/health/ready").expect("somebody listens");
    assert_eq!(ready.status, 503);
    assert!(ready.body.contains("store_unavailable"), "{}", ready.body);
    let figures = Answer::at(&operations, "/metrics").expect("somebody listens").body;
    assert!(figures.contains("\nportcullis_store_up 0\n"), "{figures}");
}

#[test]
fn health_asks_the_api_where_there_is_no_operations_listener() {
    let port = Port::keep().unwrap();
    let installation = Installation::new().with("PORTCULLIS_BIND", port.address().to_string());
    let serving = installation.serve();
    assert_eq!(installation.run(&["health"]).code, Some(0));
    serving.end("TERM");
    assert_eq!(installation.run(&["health"]).code, Some(1));
    assert_eq!(Installation::new().run(&["health"]).code, Some(1), "port 0 does not tell where it is");
}

#[test]
fn the_mailbox_is_shown_with_the_file_mailer_only() {
    let files = Installation::new().serve();
    assert_eq!(files.get("/dev/mailbox.json").status, 200);
    let smtp = Installation::new().with("PORTCULLIS_SMTP_URL", "smtp://127.0.0.1:9").serve();
    assert_eq!(smtp.get("/dev/mailbox.json").status, 404);
}
