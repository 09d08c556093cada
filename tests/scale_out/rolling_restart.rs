use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::load_balancer::LoadBalancer;
use crate::harness::{PATIENCE, Server, ServerBuilder, SignedIn};

const CLIENTS: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_under_load_fails_no_request() {
    let builder = ServerBuilder::new()
        .with_cheap_hashes()
        .with("PORTCULLIS_PUBLIC_URL", "http://accounts.test")
        // For a tenth of it an instance that is about to end takes new connections.
        .with("PORTCULLIS_SHUTDOWN_GRACE", "100s");
    let first = builder.start().await;
    let second = first.another().await;
    let balancer = LoadBalancer::before(&[&first, &second]).await;
    let users = join_all((0..CLIENTS).map(|number| {
        let first = &first;
        async move { first.signed_in(&format!("user{number}@example.com")).await }
    }))
    .await;

    let (is_over, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    let clients = join_all(users.into_iter().map(|user| use_it(&balancer.url, user, &is_over, &answered)));
    let restarts = async {
        more_of(&answered, 100).await;
        let renewed_first = replace(&balancer, first).await;
        let renewed_second = replace(&balancer, second).await;
        more_of(&answered, 100).await;
        is_over.store(true, Ordering::SeqCst);
        (renewed_first, renewed_second)
    };
    tokio::join!(clients, restarts);
}

/// Returns when so many more are answered.
async fn more_of(answered: &AtomicUsize, count: usize) {
    let (enough, begun) = (answered.load(Ordering::SeqCst) + count, Instant::now());
    while answered.load(Ordering::SeqCst) < enough {
        assert!(begun.elapsed() < PATIENCE, "there is a load");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Starts a new instance, sends the old one away, and waits until it has gone in good order.
async fn replace(balancer: &LoadBalancer, old: Server) -> Server {
    let new = old.another().await;
    Server::signal(old.process_id(), "TERM");
    // The balancer finds out by itself that the old one is about to end.
    let begun = Instant::now();
    while balancer.sends_to(&old) {
        assert!(begun.elapsed() < PATIENCE, "the old one tells it");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    balancer.replace(old.url(), &new);
    assert_eq!(old.wait_for_end().await.code(), Some(0), "{}", old.log());
    new
}

/// Asks and refreshes, on connections that are kept open, until it is over. Whatever is not a success ends
/// the test.
async fn use_it(url: &str, mut user: SignedIn, is_over: &AtomicBool, answered: &AtomicUsize) {
    let client = reqwest::Client::new();
    while !is_over.load(Ordering::SeqCst) {
        let me = client.get(format!("{url}/api/v1/auth/me")).bearer_auth(&user.access_token).send().await;
        let me = me.unwrap_or_else(|error| panic!("no request fails: {error:?}"));
        assert_eq!(me.status(), 200);
        let body = json!({ "refresh_token": user.refresh_token });
        let tokens = client.post(format!("{url}/api/v1/auth/refresh")).json(&body).send().await;
        let tokens = tokens.unwrap_or_else(|error| panic!("no request fails: {error:?}"));
        assert_eq!(tokens.status(), 200);
        let tokens: Value =
            serde_json::from_str(&tokens.text().await.expect("the body arrives whole")).expect("JSON");
        user = user.renewed(&tokens);
        answered.fetch_add(2, Ordering::SeqCst);
    }
}
