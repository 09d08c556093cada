use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::harness::{PASSWORD, Server, ServerBuilder};

#[tokio::test(flavor = "multi_thread")]
async fn on_sigterm_accepted_requests_finish_and_none_is_reset() {
    let server = ServerBuilder::new().start().await;
    server.register_verified("user@example.com").await;
    let process = server.process_id();
    let stopping = AtomicBool::new(false);
    let client = || async {
        let mut answered = 0;
        loop {
            let was_stopping = stopping.load(Ordering::SeqCst);
            let login = server
                .request(Method::POST, "/api/v1/auth/login")
                .json(&json!({ "email": "user@example.com", "password": PASSWORD }))
                .send()
                .await;
            match login {
                Ok(answer) => assert_eq!(answer.status(), 200),
                // A connection that is refused was not accepted; one that is cut in the middle was.
                Err(error) => {
                    assert!(was_stopping || stopping.load(Ordering::SeqCst), "{error:?}");
                    assert!(error.is_connect(), "an accepted request was cut off: {error:?}");
                    return answered;
                }
            }
            answered += 1;
        }
    };
    let stop = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        stopping.store(true, Ordering::SeqCst);
        Server::signal(process, "TERM");
    };
    let clients = join_all((0..8).map(|_| client()));
    let (answered, ()) = tokio::join!(clients, stop);
    assert!(answered.iter().sum::<usize>() >= 8, "there was a load: {answered:?}");
    assert_eq!(server.wait_for_end().await.code(), Some(0));
}
