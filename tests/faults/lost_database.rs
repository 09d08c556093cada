use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use portcullis_throwaway_postgres::{Cluster, ClusterOptions, with_time_to_connect};
use serde_json::json;

use crate::harness::{PASSWORD, PATIENCE, Server, ServerBuilder, SignedIn};

/// Keeps everybody from the table of users until there is a table `released`.
const HOLD: &str = "
BEGIN;
LOCK users;
DO $$ BEGIN
    WHILE NOT EXISTS (SELECT FROM pg_class WHERE relname = 'released') LOOP PERFORM pg_sleep(0.02); END LOOP;
END $$;
ROLLBACK";

const HELD: &str = "SELECT 1 FROM pg_locks
                    WHERE relation = 'users'::regclass AND mode = 'AccessExclusiveLock' AND granted";

async fn server_on(url: &str) -> Server {
    ServerBuilder::new().with_cheap_hashes().on_postgres(url).start().await
}

/// Every kind of call is answered 503, soon; only whether the process lives is not.
async fn is_out_of_order(server: &Server, signed_in: &SignedIn) {
    let calls = async {
        let me = server.get_as(&signed_in.access_token, "/api/v1/auth/me").await;
        me.problem(503, "store_unavailable");
        let body = json!({ "email": "late@example.com", "password": PASSWORD });
        server.post("/api/v1/auth/register", body).await.problem(503, "store_unavailable");
        server.refresh(&signed_in.refresh_token).await.problem(503, "store_unavailable");
        server.get("/health/ready").await.problem(503, "store_unavailable");
    };
    tokio::time::timeout(PATIENCE, calls).await.expect("calls are given up");
    server.get("/health/live").await.json(200);
}

/// The service is back without a restart, and the session that was open is as it was.
async fn recovers(server: &Server, signed_in: &SignedIn) {
    let back = Instant::now();
    while server.get("/health/ready").await.status != 200 {
        assert!(back.elapsed() < PATIENCE, "the service does not come back:\n{}", server.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    server.get_as(&signed_in.access_token, "/api/v1/auth/me").await.json(200);
    server.refreshed(signed_in).await;
    let body = json!({ "email": "later@example.com", "password": PASSWORD });
    server.post("/api/v1/auth/register", body).await.json(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_postgres_dies_the_service_says_so_and_comes_back_with_it() {
    let durable = ClusterOptions { durable: true, ..ClusterOptions::default() };
    let mut cluster = Cluster::start_with(&durable).unwrap_or_else(|error| panic!("{error}"));
    let server = server_on(&cluster.url("postgres")).await;
    let signed_in = server.signed_in("user@example.com").await;
    cluster.kill().expect("it runs");
    is_out_of_order(&server, &signed_in).await;
    cluster.restart().unwrap_or_else(|error| panic!("{error}"));
    recovers(&server, &signed_in).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_postgres_hangs_calls_are_given_up_and_it_is_used_again_when_it_goes_on() {
    let cluster = Cluster::start().unwrap_or_else(|error| panic!("{error}"));
    let server = server_on(&cluster.url("postgres")).await;
    let signed_in = server.signed_in("user@example.com").await;
    cluster.pause().expect("it runs");
    tokio::select! {
        // Who was held up may find both answers there.
        biased;
        ready = server.get("/health/ready") => { ready.problem(503, "store_unavailable"); }
        _ = server.get_as(&signed_in.access_token, "/api/v1/auth/me") => {
            panic!("it is told before a call is given up");
        }
    }
    is_out_of_order(&server, &signed_in).await;
    cluster.resume().expect("it is there");
    recovers(&server, &signed_in).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_connections_are_cut_again_and_again_no_step_is_half_done() {
    let server = ServerBuilder::new()
        .with_cheap_hashes()
        .with("PORTCULLIS_EMAIL_VERIFICATION", "optional")
        // However long calls take, a refresh whose answer was lost can be repeated.
        .with("PORTCULLIS_REFRESH_GRACE", "60s")
        .start()
        .await;
    let mut chain = server.signed_in("chain@example.com").await;
    let (is_over, rounds) = (AtomicBool::new(false), AtomicUsize::new(0));
    let storm = async {
        let mut registered = 0;
        for number in 0..150 {
            let email = format!("user{number}@example.com");
            let body = json!({ "email": email, "password": PASSWORD });
            let answer = server.post("/api/v1/auth/register", body.clone()).await;
            match answer.status {
                201 => {
                    registered += 1;
                    let me = answer.json(201)["access_token"].as_str().expect("a token").to_owned();
                    let me = server.get_as(&me, "/api/v1/auth/me").await;
                    assert!(matches!(me.status, 200 | 503), "{}", me.text);
                }
                503 => {
                    // It was stored whole or not at all, whichever it was.
                    let again = server.post("/api/v1/auth/register", body).await;
                    assert!(matches!(again.status, 201 | 409 | 503), "{}", again.text);
                }
                _ => panic!("{}", answer.text),
            }
            let refreshed = server.refresh(&chain.refresh_token).await;
            match refreshed.status {
                200 => chain = chain.renewed(&refreshed.json(200)),
                503 => {}
                _ => panic!("{}", refreshed.text),
            }
            rounds.fetch_add(1, Ordering::SeqCst);
        }
        is_over.store(true, Ordering::SeqCst);
        registered
    };
    let cutting = async {
        while !is_over.load(Ordering::SeqCst) {
            // However slow the machine is, something gets through in between.
            let enough = rounds.load(Ordering::SeqCst) + 2;
            tokio::time::sleep(Duration::from_millis(100)).await;
            while rounds.load(Ordering::SeqCst) < enough && !is_over.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            server.database().expect("a database of its own").terminate_connections().await;
        }
    };
    let (registered, ()) = tokio::join!(storm, cutting);
    assert!(registered > 50, "most get through: {registered}");
    // Connections that were cut last are found to be.
    let begun = Instant::now();
    let refreshed = loop {
        let answer = server.refresh(&chain.refresh_token).await;
        if answer.status != 503 || begun.elapsed() > PATIENCE {
            break answer;
        }
    };
    refreshed.json(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_table_is_locked_elsewhere_waits_are_bounded() {
    let cluster = Cluster::start().unwrap_or_else(|error| panic!("{error}"));
    let url = with_time_to_connect(&cluster.url("postgres"));
    let server = server_on(&url).await;
    let signed_in = server.signed_in("user@example.com").await;
    let holding = portcullis_throwaway_postgres::run(&url, HOLD);
    let meanwhile = async {
        let begun = Instant::now();
        while portcullis_throwaway_postgres::run(&url, HELD).await.is_empty() {
            assert!(begun.elapsed() < PATIENCE, "it is locked");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let builder = server.builder.clone();
        let command =
            tokio::spawn(async move { builder.run(&["user", "show", "user@example.com"], b"").await });
        let begun = Instant::now();
        let calls = (0..40).map(|_| server.get_as(&signed_in.access_token, "/api/v1/auth/me"));
        for answer in futures_util::future::join_all(calls).await {
            answer.problem(503, "store_unavailable");
        }
        assert!(begun.elapsed() < PATIENCE, "all are given up: {:?}", begun.elapsed());
        server.get("/health/live").await.json(200);
        assert!(!command.is_finished(), "a command is more patient than a caller");
        portcullis_throwaway_postgres::run(&url, "CREATE TABLE released ()").await;
        command.await.expect("it ends")
    };
    let (_, command) = tokio::join!(holding, meanwhile);
    assert!(command.output().contains("user@example.com"), "a command waits");
    recovers(&server, &signed_in).await;
}
