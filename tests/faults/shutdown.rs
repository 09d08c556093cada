use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use crate::harness::{PASSWORD, Server, ServerBuilder};

#[tokio::test(flavor = "multi_thread")]
async fn on_sigterm_accepted_requests_finish_and_none_is_reset() {
    // For a tenth of it new connections are taken.
    let server = ServerBuilder::new().with("PORTCULLIS_SHUTDOWN_GRACE", "100s").start().await;
    server.register_verified("user@example.com").await;
    let login = || async {
        let body = json!({ "email": "user@example.com", "password": PASSWORD });
        let answer = server.post("/api/v1/auth/login", body).await;
        answer.json(200);
        answer
    };
    let answered = AtomicUsize::new(0);
    // A client goes on until an answer tells it to come back on another connection.
    let client = || async {
        while login().await.header("connection") != Some("close") {
            answered.fetch_add(1, Ordering::Relaxed);
        }
    };
    let stop = async {
        while answered.load(Ordering::Relaxed) < 24 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Server::signal(server.process_id(), "TERM");
        while server.get("/health/ready").await.status == 200 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        server.get("/health/ready").await.problem(503, "shutting_down");
        // Who has not heard of it yet is still served.
        login().await;
    };
    let clients = join_all((0..8).map(|_| client()));
    tokio::join!(clients, stop);
    assert_eq!(server.wait_for_end().await.code(), Some(0));
}
