//! Connecting: what is refused and with which words, how TLS is taken, and how a database gets its tables.

use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel_async::{AsyncConnection as _, AsyncMigrationHarness, AsyncPgConnection};
use diesel_migrations::{FileBasedMigrations, MigrationHarness as _};
use portcullis_adapters_postgres::{OpenError, PostgresOptions, PostgresStore, PostgresUrl};
use portcullis_domain::ports::UserRepository as _;
use portcullis_domain::with_causes;
use portcullis_testkit::fixtures::account;
use portcullis_throwaway_port::Port;
use portcullis_throwaway_postgres::{Cluster, ClusterOptions, Template, with_time_to_connect};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio::sync::Barrier;
use tokio_postgres::NoTls;

async fn connect(url: &str) -> Result<PostgresStore, OpenError> {
    PostgresStore::connect(&PostgresOptions::new(PostgresUrl::parse(url).expect("a URL"))).await
}

async fn refusal(url: &str) -> OpenError {
    connect(url).await.err().unwrap_or_else(|| panic!("{url} is refused"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_may_come() {
    let port = Port::keep().unwrap();
    for host in [port.address().to_string(), "no-such-host.invalid".to_owned(), "%2Fnowhere".to_owned()] {
        let error = refusal(&format!("postgres://ada:hunter2@{host}/accounts")).await;
        assert!(matches!(error, OpenError::Unreachable { .. }) && error.is_passing(), "{error:?}");
        let told = with_causes(&error);
        let server = host.split(':').next().unwrap();
        assert!(told.contains(server) && !told.contains("hunter2"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_nothing_is_given_up() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let began = Instant::now();
    let error = refusal(&format!("postgres://ada@{}/accounts", silent.local_addr().unwrap())).await;
    assert!(error.is_passing(), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_and_what_the_server_does_not_know_is_refused_for_good() {
    // Passwords are asked for on loopback, and trusted on the socket.
    let hba = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
    let files = vec![("pg_hba.conf".to_owned(), hba.to_owned())];
    let cluster = Cluster::start_with(&ClusterOptions { files, ..Default::default() }).unwrap();
    let by_socket = cluster.socket_url("postgres").parse::<tokio_postgres::Config>().unwrap();
    let (client, connection) = by_socket.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("CREATE ROLE ada LOGIN PASSWORD 'hunter2'").await.unwrap();
    let url = |credentials: &str, name: &str| {
        with_time_to_connect(&format!("postgres://{credentials}@127.0.0.1:{}/{name}", cluster.port()))
    };

    connect(&url("ada:hunter2", "postgres")).await.expect("the password is right");
    let by_socket = with_time_to_connect(&cluster.socket_url("postgres"));
    connect(&by_socket).await.expect("a socket is a way, too");
    for (credentials, name) in
        [("ada:hunter3", "postgres"), ("eve:hunter2", "postgres"), ("ada:hunter2", "nothing")]
    {
        let error = refusal(&url(credentials, name)).await;
        assert!(matches!(error, OpenError::Refused { .. }) && !error.is_passing(), "{error:?}");
        let told = format!("{} {error:?}", with_causes(&error));
        assert!(!told.contains("hunter"), "{told}");
    }
    let error = refusal(&url("ada", "postgres")).await;
    assert!(with_causes(&error).contains("password"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_speaks_english_or_is_not_spoken_to() {
    let cluster = Cluster::start().unwrap();
    let (client, connection) = tokio_postgres::connect(&cluster.url("postgres"), NoTls).await.unwrap();
    tokio::spawn(connection);
    // Few machines know another language: this one says that it speaks one.
    client
        .batch_execute(
            "CREATE ROLE ada LOGIN;
             CREATE FUNCTION public.current_setting(text) RETURNS text LANGUAGE sql
             AS $$ SELECT 'de_DE.UTF-8' $$;
             ALTER DATABASE postgres SET search_path = public, pg_catalog",
        )
        .await
        .unwrap();
    let of_superuser = with_time_to_connect(&cluster.url("postgres"));
    let url = of_superuser.replace("//postgres@", "//ada@");
    let error = refusal(&url).await;
    assert!(matches!(error, OpenError::ForeignLanguage { .. }) && !error.is_passing(), "{error:?}");
    connect(&of_superuser).await.expect("who may set the language does");
    client.batch_execute("DROP FUNCTION public.current_setting(text)").await.unwrap();
    connect(&url).await.expect("English will do");
}

/// A server with a certificate for `localhost`, and its authority beside one that nobody asked.
struct Secured {
    cluster: Cluster,
    folder: tempfile::TempDir,
}

impl Secured {
    fn start() -> Self {
        let authority = |name: &str| {
            let mut params = CertificateParams::new(Vec::new()).expect("no name is a bad one");
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.distinguished_name.push(DnType::CommonName, name);
            let key = KeyPair::generate().expect("a key");
            (params.self_signed(&key).expect("a certificate").pem(), Issuer::new(params, key))
        };
        let ((trusted, issuer), (stranger, _)) = (authority("Trusted"), authority("Stranger"));
        let key = KeyPair::generate().expect("a key");
        let certificate = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        let certificate = certificate.signed_by(&key, &issuer).expect("a certificate");
        let file = |name: &str, content: String| (name.to_owned(), content);
        let options = ClusterOptions {
            settings: vec![("ssl".to_owned(), "on".to_owned())],
            files: vec![file("server.crt", certificate.pem()), file("server.key", key.serialize_pem())],
            ..Default::default()
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (name, content) in [("trusted", trusted), ("stranger", stranger), ("empty", String::new())] {
            std::fs::write(folder.path().join(name), content).expect("a file");
        }
        Self { cluster: Cluster::start_with(&options).expect("a server"), folder }
    }

    fn url(&self, host: &str, mode: &str, authority: Option<&str>) -> String {
        let port = self.cluster.port();
        let root = authority.map_or_else(String::new, |name| {
            format!(
                "&sslrootcert={}",
                self.folder.path().join(name).to_str().expect("a plain name").replace('/', "%2F")
            )
        });
        let parameters = format!("application_name={mode}&sslmode={mode}{root}");
        with_time_to_connect(&format!("postgres://postgres@{host}:{port}/postgres?{parameters}"))
    }

    /// Whether what is said by this mode is encrypted.
    async fn is_encrypted(&self, mode: &str) -> bool {
        let url = self.cluster.url("postgres");
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.expect("the server is there");
        tokio::spawn(connection);
        let encrypted = "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
                         WHERE application_name = $1 LIMIT 1";
        client.query_one(encrypted, &[&mode]).await.expect("it is connected").get(0)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_as_secure_as_it_was_asked_to_be() {
    let secured = Secured::start();
    for (host, mode, authority, is_encrypted) in [
        ("localhost", "disable", None, false),
        ("127.0.0.1", "prefer", None, true),
        ("127.0.0.1", "require", None, true),
        ("127.0.0.1", "verify-ca", Some("trusted"), true),
        ("localhost", "verify-full", Some("trusted"), true),
    ] {
        let store = connect(&secured.url(host, mode, authority)).await;
        let store = store.unwrap_or_else(|error| panic!("{mode}: {}", with_causes(&error)));
        store.pending_migrations().await.unwrap();
        assert_eq!(secured.is_encrypted(mode).await, is_encrypted, "{mode}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_be_trusted_is_not_talked_to() {
    let secured = Secured::start();
    for (host, mode, authority, why) in [
        ("localhost", "verify-full", "stranger", "UnknownIssuer"),
        ("localhost", "verify-ca", "stranger", "UnknownIssuer"),
        ("localhost", "require", "stranger", "UnknownIssuer"),
        ("127.0.0.1", "verify-full", "trusted", "not valid for name"),
    ] {
        let error = refusal(&secured.url(host, mode, Some(authority))).await;
        assert!(matches!(error, OpenError::Tls { .. }) && !error.is_passing(), "{mode}: {error:?}");
        assert!(with_causes(&error).contains(why), "{mode}: {}", with_causes(&error));
    }
    for nothing in ["empty", "missing"] {
        let error = refusal(&secured.url("localhost", "verify-full", Some(nothing))).await;
        assert!(matches!(error, OpenError::Certificates { .. }) && !error.is_passing(), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_is_not_talked_to_where_tls_is_required() {
    let cluster = Cluster::start().unwrap();
    let url = with_time_to_connect(&cluster.url("postgres"));
    let error = refusal(&format!("{url}&sslmode=require")).await;
    assert!(matches!(error, OpenError::Tls { .. }), "{error:?}");
    connect(&format!("{url}&sslmode=prefer")).await.expect("there is nothing to prefer");
    let by_socket = with_time_to_connect(&cluster.socket_url("postgres"));
    connect(&format!("{by_socket}&sslmode=require")).await.expect("a socket needs none");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_outlives_the_store_that_took_it() {
    let database = Template::empty_database().await;
    let store = connect(&database.url()).await.unwrap();
    store.migrate().await.unwrap();
    let account = account("ada@example.com");
    store.register(account.clone()).await.unwrap();
    drop(store);

    let again = connect(&database.url()).await.unwrap();
    let found = again.find_by_id(account.user.id).await.unwrap();
    assert_eq!(found.map(|found| found.user), Some(account.user));
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_apply_once() {
    let database = Template::empty_database().await;
    let store = connect(&database.url()).await.unwrap();
    let pending = store.pending_migrations().await.unwrap();
    assert!(!pending.is_empty(), "an empty database lacks them all");
    assert_eq!(store.migrate().await.unwrap(), pending);
    assert_eq!(store.migrate().await.unwrap(), Vec::<String>::new());
    assert_eq!(store.pending_migrations().await.unwrap(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn stores_that_find_an_empty_database_together_migrate_it_once() {
    const STORES: usize = 8;
    for _ in 0..5 {
        let database = Template::empty_database().await;
        let (url, start) = (database.url(), Arc::new(Barrier::new(STORES)));
        let starts: Vec<_> = (0..STORES)
            .map(|_| {
                let (url, start) = (url.clone(), Arc::clone(&start));
                tokio::spawn(async move {
                    let store = connect(&url).await.expect("the server is there");
                    start.wait().await;
                    store.migrate().await.expect("the migrations apply").len()
                })
            })
            .collect();
        let mut applied = Vec::new();
        for start in starts {
            applied.push(start.await.unwrap());
        }
        assert_eq!(applied.iter().filter(|count| **count > 0).count(), 1, "{applied:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_go_down_and_up_again() {
    let database = Template::empty_database().await;
    let store = connect(&database.url()).await.unwrap();
    let all = store.migrate().await.unwrap();
    store.register(account("ada@example.com")).await.unwrap();

    let connection = AsyncPgConnection::establish(&database.url()).await.unwrap();
    let files = FileBasedMigrations::from_path("migrations").unwrap();
    AsyncMigrationHarness::new(connection).revert_all_migrations(files).unwrap();
    let left = "SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
                WHERE nspname = 'public' AND relname NOT LIKE '\\_\\_diesel%'";
    assert_eq!(database.run(left).await, Vec::<String>::new(), "nothing of ours is left");

    assert_eq!(store.migrate().await.unwrap(), all);
    store.register(account("ada@example.com")).await.expect("the tables are there, and empty");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_fails_changes_nothing() {
    let database = Template::empty_database().await;
    let store = connect(&database.url()).await.unwrap();
    let all = store.pending_migrations().await.unwrap();
    database.run("CREATE TABLE users (id int)").await;
    let error = store.migrate().await.expect_err("the name is taken");
    assert!(!error.is_unavailable(), "{error:?}");
    database.run("DROP TABLE users").await;
    assert_eq!(store.pending_migrations().await.unwrap(), all, "none is applied");
    assert_eq!(store.migrate().await.unwrap(), all);
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_of_a_newer_version_are_told() {
    let database = Template::empty_database().await;
    let store = connect(&database.url()).await.unwrap();
    assert_eq!(store.unknown_migrations().await.unwrap(), Vec::<String>::new(), "nothing is applied yet");
    store.migrate().await.unwrap();
    assert_eq!(store.unknown_migrations().await.unwrap(), Vec::<String>::new());
    let newer =
        "INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000002'), ('99991231000001')";
    database.run(newer).await;
    assert_eq!(store.unknown_migrations().await.unwrap(), ["99991231000001", "99991231000002"]);
    assert_eq!(store.migrate().await.unwrap(), Vec::<String>::new(), "an older version goes on");
}
