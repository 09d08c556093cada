use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{PASSWORD, PATIENCE, Server, ServerBuilder, SignedIn};

/// One client that registers and one that refreshes, until the server is gone.
struct Acknowledged {
    registered: Vec<String>,
    chain: SignedIn,
}

/// How often the server is killed unless `PORTCULLIS_TEST_KILLS` says otherwise.
const KILLS: u32 = 8;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_kill_after_kill() {
    let kills = std::env::var("PORTCULLIS_TEST_KILLS")
        .map_or(KILLS, |kills| kills.parse().expect("PORTCULLIS_TEST_KILLS is a number"));
    let mut server = ServerBuilder::new()
        .with_cheap_hashes()
        .with("PORTCULLIS_EMAIL_VERIFICATION", "optional")
        // However long a start takes, a refresh whose answer was lost can be repeated.
        .with("PORTCULLIS_REFRESH_GRACE", "60s")
        .start()
        .await;
    let mut known =
        Acknowledged { registered: Vec::new(), chain: server.signed_in("chain@example.com").await };
    for round in 0..kills {
        let known_before = known.registered.len();
        let registered = AtomicUsize::new(0);
        let registering = async {
            for number in 0.. {
                let email = format!("user{round}.{number}@example.com");
                let body = json!({ "email": email, "password": PASSWORD });
                match server.try_post("/api/v1/auth/register", body).await {
                    Some(answer) => {
                        answer.json(201);
                        known.registered.push(email);
                        registered.fetch_add(1, Ordering::SeqCst);
                    }
                    None => break,
                }
            }
        };
        let refreshing = async {
            loop {
                let body = json!({ "refresh_token": known.chain.refresh_token });
                match server.try_post("/api/v1/auth/refresh", body).await {
                    Some(answer) => known.chain = known.chain.renewed(&answer.json(200)),
                    None => break,
                }
            }
        };
        let killing = async {
            tokio::time::sleep(Duration::from_millis(u64::from(120 + 37 * round % 311))).await;
            // A busy machine takes longer until there is something to lose.
            let begun = Instant::now();
            while registered.load(Ordering::SeqCst) < 2 {
                assert!(begun.elapsed() < PATIENCE, "somebody is registered");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            server.kill();
        };
        tokio::join!(registering, refreshing, killing);
        server = server.crash_and_restart().await;

        // The answer to the last refresh may have been lost with the process: a retry gets the same one.
        let tokens: Value = server.refresh(&known.chain.refresh_token).await.json(200);
        known.chain = known.chain.renewed(&tokens);
        assert_taken(&server, &known.registered[known_before..]).await;
        if let Some(latest) = known.registered.last() {
            server.login(latest, PASSWORD).await;
        }
    }
    assert_taken(&server, &known.registered).await;
    assert!(known.registered.len() > kills as usize, "the storm was one: {}", known.registered.len());
}

async fn assert_taken(server: &Server, emails: &[String]) {
    for email in emails {
        let again = json!({ "email": email, "password": PASSWORD });
        server.post("/api/v1/auth/register", again).await.problem(409, "email_taken");
    }
}
