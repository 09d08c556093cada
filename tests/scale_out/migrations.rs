use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use portcullis_throwaway_port::Port;
use portcullis_throwaway_postgres::Database;
use reqwest::StatusCode;

use crate::harness::{PATIENCE, ServerBuilder};

/// Migrates, as another instance would, until there is a table `released`. The key is that of the adapter.
const HOLD: &str = "
DO $$ BEGIN
    PERFORM pg_advisory_lock(x'506F727463756C6C'::bigint);
    WHILE NOT EXISTS (SELECT FROM pg_class WHERE relname = 'released') LOOP PERFORM pg_sleep(0.02); END LOOP;
END $$";

const WAITING: &str = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
const HELD: &str = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

/// An instance that has not begun to serve; killed when dropped.
struct Starting(Child);

impl Drop for Starting {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_migrations_run_an_instance_lives_and_is_not_ready() {
    let port = Port::keep().expect("a free port");
    let operations = port.address().to_string();
    let builder = ServerBuilder::new().with("PORTCULLIS_OPS_BIND", &operations).with_empty_database().await;
    let database = builder.database().expect("it was made");
    let release = async {
        until_there_is(database, HELD).await;
        let mut command = builder.command(&[]);
        let _instance =
            Starting(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it runs"));
        until_there_is(database, WAITING).await;
        assert_eq!(status(&operations, "live").await, Some(StatusCode::OK));
        assert_eq!(status(&operations, "ready").await, Some(StatusCode::SERVICE_UNAVAILABLE));
        database.run("CREATE TABLE released ()").await;
        let begun = Instant::now();
        while status(&operations, "ready").await != Some(StatusCode::OK) {
            assert!(begun.elapsed() < PATIENCE, "it is ready when they have run");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::join!(database.run(HOLD), release);
}

async fn until_there_is(database: &Database, rows: &str) {
    let begun = Instant::now();
    while database.run(rows).await.is_empty() {
        assert!(begun.elapsed() < PATIENCE, "there is none: {rows}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn status(operations: &str, health: &str) -> Option<StatusCode> {
    let answer = reqwest::get(format!("http://{operations}/health/{health}")).await;
    answer.ok().map(|answer| answer.status())
}
