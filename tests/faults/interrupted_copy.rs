use std::process::Stdio;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::dsl::sql;
use diesel::sql_types::BigInt;
use diesel::{Connection as _, RunQueryDsl as _, SqliteConnection};
use portcullis_throwaway_postgres::{Database, Template};
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::ServerBuilder;

const USERS: i64 = 12_000;

/// The store that is copied to.
enum Target {
    File { path: String, _folder: TempDir },
    Database(Database),
}

impl Target {
    async fn new() -> Self {
        if crate::ON_POSTGRES {
            return Self::Database(Template::empty_database().await);
        }
        let folder = TempDir::new().expect("a temporary folder");
        Self::File { path: format!("{}/target.db", folder.path().display()), _folder: folder }
    }

    fn url(&self) -> String {
        match self {
            Self::File { path, .. } => format!("sqlite://{path}"),
            Self::Database(database) => database.url(),
        }
    }

    async fn users(&self) -> i64 {
        match self {
            Self::File { path, .. } => {
                let mut connection = SqliteConnection::establish(path).expect("a database");
                connection.batch_execute("PRAGMA busy_timeout = 30000").expect("a setting");
                let count = sql::<BigInt>("(SELECT count(*) FROM users)");
                diesel::select(count).get_result(&mut connection).expect("a count")
            }
            Self::Database(database) => {
                database.run("SELECT count(*) FROM users").await[0].parse().expect("a count")
            }
        }
    }
}

fn fill(path: &str) {
    let mut connection = SqliteConnection::establish(path).expect("a database");
    let users = format!(
        "INSERT INTO users (id, email, email_canonical, email_verified, is_active, locale, created_at)
         WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {USERS})
         SELECT randomblob(16), n || '@example.com', n || '@example.com', 1, 1, 'en', n FROM numbers;
         INSERT INTO user_roles SELECT users.id, roles.id FROM users, roles WHERE roles.name = 'user'"
    );
    connection.batch_execute(&users).expect("a table of users");
}

fn migrate(program: &ServerBuilder, url: &str) {
    let migrated = program.command(&["migrate", "--database-url", url]).status();
    assert!(migrated.expect("the binary runs").success());
}

/// Copies to a new store until there is something in it, and kills the copier. Gives how many users are there then.
async fn begin_copy(program: &ServerBuilder, source: &str) -> (Target, i64) {
    let target = Target::new().await;
    migrate(program, &target.url());
    let copy = ["copy", "--json", "--from", source, "--to", &target.url()];
    let mut killed = program.command(&copy).stderr(Stdio::null()).spawn().expect("the binary runs");
    let began = Instant::now();
    while target.users().await == 0 {
        assert!(began.elapsed() < Duration::from_mins(1), "nothing is copied");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    killed.kill().expect("it can be killed");
    killed.wait().expect("a child can be waited for");
    let held = target.users().await;
    (target, held)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_was_killed_goes_on_where_it_was() {
    /// On a busy machine a copier may be through before it can be killed.
    const ATTEMPTS: u32 = 5;
    let folder = TempDir::new().expect("a temporary folder");
    let path = format!("{}/source.db", folder.path().display());
    let source = format!("sqlite://{path}");
    let secret_key = "++xK5kHBBpFjFQ/hZHMYWFYrmRWDeqV0a0ZYjectB3M=";
    let program = ServerBuilder::new().with("PORTCULLIS_SECRET_KEY", secret_key);
    migrate(&program, &source);
    fill(&path);

    let mut attempt = 1;
    let (target, held) = loop {
        let (target, held) = begin_copy(&program, &source).await;
        if held < USERS || attempt == ATTEMPTS {
            break (target, held);
        }
        attempt += 1;
    };
    assert!((500..USERS).contains(&held) && held % 500 == 0, "whole pages, and not all of them: {held}");

    let copy = ["copy", "--json", "--from", &source, "--to", &target.url()];
    let copied = program.command(&copy).output().expect("the binary runs");
    assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
    let copied: Value = serde_json::from_slice(&copied.stdout).expect("JSON");
    let users = &copied.as_array().expect("an array")[1];
    assert_eq!((&users["records"], &users["new"]), (&USERS.into(), &(USERS - held).into()));
    assert_eq!(target.users().await, USERS);
}
