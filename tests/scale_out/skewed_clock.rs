use serde_json::Value;

use crate::harness::ServerBuilder;

/// From now on the server says that it is two minutes later.
const TWO_MINUTES_LATER: &str = "
CREATE SCHEMA skewed;
CREATE FUNCTION skewed.clock_timestamp() RETURNS timestamptz LANGUAGE sql
    AS $$ SELECT pg_catalog.clock_timestamp() + interval '2 minutes' $$;
DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET search_path = skewed, public, pg_catalog', current_database());
END $$";

/// What the doctor finds about the clock: the status, and the words.
async fn found(builder: &ServerBuilder) -> (String, String) {
    let mut doctor = builder.command(&["doctor", "--json"]);
    let output = tokio::task::spawn_blocking(move || doctor.output().expect("it runs")).await;
    let findings: Value = serde_json::from_slice(&output.expect("it ends").stdout).expect("JSON");
    let clock = findings.as_array().expect("a list").iter().find(|finding| finding["check"] == "clock");
    let text = |key| clock.expect("it is told")[key].as_str().expect("text").to_owned();
    (text("status"), text("result"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_not_that_of_the_store_is_found() {
    let builder = ServerBuilder::new().with_empty_database().await;
    let server = builder.clone().start().await;
    let (status, result) = found(&builder).await;
    assert_eq!(status, "ok", "{result}");
    builder.database().expect("it was made").run(TWO_MINUTES_LATER).await;
    let (status, result) = found(&builder).await;
    assert_eq!(status, "failed", "{result}");
    assert!(result.contains("behind that of the store"), "{result}");
    drop(server);
}
