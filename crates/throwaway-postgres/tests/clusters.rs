//! Clusters start, obey, and leave nothing behind.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use portcullis_throwaway_postgres::{Cluster, ClusterOptions, Template};
use tokio_postgres::{Client, Error, NoTls};

/// How long a test waits for what is about to come.
const PATIENCE: Duration = Duration::from_secs(20);

async fn connect(url: &str) -> Result<Client, Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn data_folder(client: &Client) -> PathBuf {
    let row = client.query_one("SHOW data_directory", &[]).await.expect("a setting");
    PathBuf::from(row.get::<_, String>(0))
}

fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_reached_both_ways_and_is_gone_when_dropped() {
    let cluster = Cluster::start().unwrap();
    let folder = data_folder(&connect(&cluster.url("postgres")).await.unwrap()).await;
    let by_socket = cluster.socket_url("postgres");
    let by_socket = by_socket.parse::<tokio_postgres::Config>().unwrap();
    let (client, connection) = by_socket.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    assert_eq!(data_folder(&client).await, folder);

    let url = cluster.url("postgres");
    drop(cluster);
    assert!(connect(&url).await.is_err(), "nobody listens any more");
    assert!(!folder.parent().unwrap().exists(), "nothing is left of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_cluster_comes_back_with_its_data() {
    let mut cluster = Cluster::start_with(&ClusterOptions { durable: true, ..Default::default() }).unwrap();
    let client = connect(&cluster.url("postgres")).await.unwrap();
    client.batch_execute("CREATE TABLE notes (text text); INSERT INTO notes VALUES ('kept')").await.unwrap();
    cluster.kill().unwrap();
    client.batch_execute("SELECT 1").await.expect_err("the server is gone");
    connect(&cluster.url("postgres")).await.expect_err("it takes no connections");

    cluster.restart().unwrap();
    let client = connect(&cluster.url("postgres")).await.unwrap();
    let row = client.query_one("SELECT text FROM notes", &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_cluster_is_silent_until_it_is_resumed() {
    let cluster = Cluster::start().unwrap();
    let client = connect(&cluster.url("postgres")).await.unwrap();
    cluster.pause().unwrap();
    let asked = tokio::time::timeout(Duration::from_millis(300), client.batch_execute("SELECT 1")).await;
    assert!(asked.is_err(), "a halted server says nothing");
    let url = cluster.url("postgres");
    let asked = tokio::time::timeout(Duration::from_millis(300), connect(&url)).await;
    assert!(asked.is_err(), "not even to new connections");
    cluster.resume().unwrap();
    client.batch_execute("SELECT 1").await.expect("it goes on as if nothing had been");
    // A halted one is cleaned up like any other.
    cluster.pause().unwrap();
    let folder = cluster_folder(&cluster);
    drop(cluster);
    assert!(!folder.exists());
}

fn cluster_folder(cluster: &Cluster) -> PathBuf {
    let url = cluster.socket_url("postgres");
    let (_, rest) = url.split_once('@').expect("a user");
    let (folder, _) = rest.split_once(':').expect("a port");
    PathBuf::from(folder.replace("%2F", "/"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_follows_and_can_take_over() {
    let mut primary = Cluster::start().unwrap();
    let standby = Cluster::standby_of(&primary, &ClusterOptions::default()).unwrap();
    let client = connect(&primary.url("postgres")).await.unwrap();
    client.batch_execute("CREATE TABLE notes (text text); INSERT INTO notes VALUES ('kept')").await.unwrap();

    let follower = connect(&standby.url("postgres")).await.unwrap();
    let began = Instant::now();
    while follower.query_one("SELECT text FROM notes", &[]).await.is_err() {
        assert!(began.elapsed() < PATIENCE, "it follows");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let refused = follower.batch_execute("INSERT INTO notes VALUES ('new')").await;
    refused.expect_err("a standby writes nothing");
    primary.kill().unwrap();
    standby.promote().unwrap();
    follower.batch_execute("INSERT INTO notes VALUES ('new')").await.expect("it is the primary now");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_test_has_a_database_of_its_own() {
    static TEMPLATE: Template = Template::new(|url| {
        Box::pin(async move {
            let client = connect(&url).await.unwrap();
            client.batch_execute("CREATE TABLE notes (text text)").await.unwrap();
        })
    });
    let (one, other) = tokio::join!(TEMPLATE.database(), TEMPLATE.database());
    one.run("INSERT INTO notes VALUES ('mine')").await;
    assert_eq!(one.run("SELECT text FROM notes").await, ["mine"]);
    assert_eq!(other.run("SELECT text FROM notes").await, Vec::<String>::new());
    let url = one.url();
    // Somebody is still connected.
    let client = connect(&url).await.unwrap();
    drop(one);
    client.batch_execute("SELECT 1").await.expect_err("its connections are ended");
    connect(&url).await.expect_err("and it is gone");
    let empty = Template::empty_database().await;
    assert_eq!(empty.run("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").await, ["0"]);
}

/// Run by the next test, in a process that it kills.
#[test]
#[ignore = "waits for its end"]
fn start_a_cluster_and_wait() {
    let path = std::env::var_os("PORTCULLIS_TEST_NOTE").expect("the next test says where");
    let cluster = Cluster::start().unwrap();
    std::fs::write(path, cluster_folder(&cluster).as_os_str().as_encoded_bytes()).unwrap();
    std::thread::sleep(Duration::from_mins(1));
}

#[test]
fn a_killed_test_leaves_no_cluster_behind() {
    let folder = tempfile::tempdir().unwrap();
    let note = folder.path().join("note");
    let mut test = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "start_a_cluster_and_wait"])
        .env("PORTCULLIS_TEST_NOTE", &note)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    eventually("the cluster starts", || note.metadata().is_ok_and(|note| note.len() > 0));
    let cluster = std::fs::read_to_string(&note).unwrap();
    assert!(Path::new(&cluster).join("data/postmaster.pid").exists());
    test.kill().unwrap();
    test.wait().unwrap();
    eventually("nothing is left of it", || !Path::new(&cluster).exists());
}
