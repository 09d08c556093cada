use portcullis_domain::ports::UserRepository as _;
use portcullis_testkit::fixtures::account;
use portcullis_throwaway_postgres::{Cluster, with_time_to_connect};
use tokio_postgres::NoTls;

use crate::every_method::Calls;
use crate::{ONE_AT_A_TIME, connect};

/// What the documentation of the crate says.
fn least_rights() -> String {
    let documentation = include_str!("../../src/lib.rs");
    let (_, section) = documentation.split_once("# Least rights").expect("a section says it");
    let (_, statements) = section.split_once("```sql").expect("in SQL");
    let (statements, _) = statements.split_once("```").expect("to its end");
    statements.replace("//!", "")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_with_the_least_rights_can_do_everything_but_migrate() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let cluster = Cluster::start().unwrap();
    let url = with_time_to_connect(&cluster.url("postgres"));
    let owner = connect(&url).await;
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
        .batch_execute("CREATE ROLE portcullis_runtime LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        .await
        .unwrap();
    let store = connect(&url.replace("//postgres@", "//portcullis_runtime@")).await;

    let pending = store.pending_migrations().await.expect("anybody may look");
    assert!(!pending.is_empty());
    let error = store.migrate().await.expect_err("not everybody may create tables");
    assert!(!error.is_unavailable(), "no later attempt will succeed: {error:?}");

    owner.migrate().await.unwrap();
    let error = store.register(account("ada@example.com")).await.expect_err("nothing is granted yet");
    assert!(!error.is_unavailable(), "{error:?}");
    client.batch_execute(&least_rights()).await.unwrap();
    Calls::new(&store, "runtime", || 0).make_all().await;
    assert_eq!(store.migrate().await.expect("there is nothing to migrate"), Vec::<String>::new());
    assert_eq!(store.pending_migrations().await.unwrap(), Vec::<String>::new());
}
