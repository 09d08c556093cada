use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use crate::harness::{PASSWORD, Server, ServerBuilder};

#[tokio::test(flavor = "multi_thread")]
async fn on_sigterm_accepted_requests_finish_and_none_is_reset() {
    let server = ServerBuilder::new().start().await;
    server.register_verified("user@example.com").await;
    let login = || async {
        let body = json!({ "email": "user@example.com", "password": PASSWORD });
        let answer = server.post("/api/v1/auth/login", body).await;
        answer.json(200);
        answer
    };
    // A client goes on until an answer tells it to come back on another connection.
    let client = || async {
        let mut answered = 1;
        while login().await.header("connection") != Some("close") {
            answered += 1;
        }
        answered
    };
    let stop = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        Server::signal(server.process_id(), "TERM");
        tokio::time::sleep(Duration::from_millis(100)).await;
        server.get("/health/ready").await.problem(503, "shutting_down");
        // Who has not heard of it yet is still served.
        login().await;
    };
    let clients = join_all((0..8).map(|_| client()));
    let (answered, ()) = tokio::join!(clients, stop);
    assert!(answered.iter().sum::<usize>() > 16, "there was a load: {answered:?}");
    assert_eq!(server.wait_for_end().await.code(), Some(0));
}
