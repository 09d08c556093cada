use std::time::Instant;

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use serde_json::json;

use crate::harness::{PASSWORD, PATIENCE, ServerBuilder};

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_held_elsewhere_writes_are_503_and_reads_go_on() {
    let server = ServerBuilder::new().with_cheap_hashes().start().await;
    let signed_in = server.signed_in("user@example.com").await;
    let path = server.data_dir().join("portcullis.db");
    let mut elsewhere = SqliteConnection::establish(path.to_str().expect("UTF-8")).expect("a database");
    elsewhere.batch_execute("PRAGMA busy_timeout = 30000").expect("a setting");
    elsewhere.batch_execute("BEGIN EXCLUSIVE").expect("nobody writes for long");

    let command = ["user", "create", "--email", "patient@example.com", "--invite"];
    let (builder, begun) = (server.builder.clone(), Instant::now());
    let command = tokio::spawn(async move { builder.run(&command, b"").await });
    let body = json!({ "email": "late@example.com", "password": PASSWORD });
    server.post("/api/v1/auth/register", body.clone()).await.problem(503, "store_unavailable");
    assert!(begun.elapsed() < PATIENCE, "it waits, but not for ever");
    server.get_as(&signed_in.access_token, "/api/v1/auth/me").await.json(200);
    server.get("/health/live").await.json(200);

    assert!(!command.is_finished(), "a command is more patient than a caller");
    elsewhere.batch_execute("ROLLBACK").expect("it was held");
    command.await.expect("it ends").output();
    server.post("/api/v1/auth/register", body).await.json(201);
    server.refresh(&signed_in.refresh_token).await.json(200);
}
