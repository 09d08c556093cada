use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{PASSWORD, ServerBuilder, SignedIn};

/// One client that registers and one that refreshes, until the server is gone.
struct Acknowledged {
    registered: Vec<String>,
    chain: SignedIn,
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_kill_after_kill() {
    const KILLS: usize = 8;
    let mut server = ServerBuilder::new()
        .with_cheap_hashes()
        .with("PORTCULLIS_EMAIL_VERIFICATION", "optional")
        .start()
        .await;
    let mut known =
        Acknowledged { registered: Vec::new(), chain: server.signed_in("chain@example.com").await };
    for round in 0..KILLS {
        let registering = async {
            for number in 0.. {
                let email = format!("user{round}.{number}@example.com");
                let body = json!({ "email": email, "password": PASSWORD });
                match server.try_post("/api/v1/auth/register", body).await {
                    Some(answer) => {
                        answer.json(201);
                        known.registered.push(email);
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
            tokio::time::sleep(Duration::from_millis(120 + 37 * round as u64)).await;
            server.kill();
        };
        tokio::join!(registering, refreshing, killing);
        server = server.crash_and_restart().await;

        // The answer to the last refresh may have been lost with the process: a retry gets the same one.
        let tokens: Value = server.refresh(&known.chain.refresh_token).await.json(200);
        known.chain = known.chain.renewed(&tokens);
        let body = |email: &String| json!({ "email": email, "password": PASSWORD });
        for email in &known.registered {
            server.post("/api/v1/auth/register", body(email)).await.problem(409, "email_taken");
        }
        if let Some(latest) = known.registered.last() {
            server.login(latest, PASSWORD).await;
        }
    }
    assert!(known.registered.len() > KILLS, "the storm was one: {}", known.registered.len());
}
