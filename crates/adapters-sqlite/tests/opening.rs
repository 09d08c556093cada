//! Opening a database: what is created, what is refused and with which words, and how it gets its tables.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use diesel_migrations::{FileBasedMigrations, MigrationHarness as _};
use portcullis_adapters_sqlite::{OpenError, SqliteOptions, SqliteStore};
use portcullis_domain::ports::UserRepository as _;
use portcullis_testkit::fixtures::account;
use tokio::sync::Barrier;

async fn open(path: &Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(&SqliteOptions::new(path)).await
}

async fn refusal(path: &Path) -> OpenError {
    open(path).await.err().expect("the path is refused")
}

fn connect(path: &Path) -> SqliteConnection {
    SqliteConnection::establish(path.to_str().expect("a plain name")).expect("the database opens")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_outlives_the_store_that_took_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("portcullis.db");
    let store = open(&path).await.unwrap();
    store.migrate().await.unwrap();
    let account = account("ada@example.com");
    store.register(account.clone()).await.unwrap();
    drop(store);

    let again = open(&path).await.unwrap();
    let found = again.find_by_id(account.user.id).await.unwrap();
    assert_eq!(found.map(|found| found.user), Some(account.user));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_can_read_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("portcullis.db");
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let store = open(&path).await.unwrap();
    store.migrate().await.unwrap();

    let mut files = 0;
    for file in fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", file.path().display());
        files += 1;
    }
    assert_eq!(files, 3, "the database, its log and its index lie side by side");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_means_something_to_sqlite_is_a_file_like_any_other() {
    let folder = tempfile::tempdir().unwrap();
    for name in [":memory:", "file:a?mode=memory", "100%.db"] {
        let path = folder.path().join(name);
        open(&path).await.unwrap().migrate().await.unwrap();
        assert!(path.metadata().unwrap().len() > 0, "{name} is a file with tables");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("nowhere");
    let error = refusal(&missing.join("portcullis.db")).await;
    assert!(matches!(&error, OpenError::NoSuchFolder { folder } if *folder == missing), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_not_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let error = refusal(folder.path()).await;
    assert!(matches!(&error, OpenError::NotAFile { path } if path == folder.path()), "{error}");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_takes_no_files_is_named() {
    let path = Path::new("/proc/portcullis.db");
    let error = refusal(path).await;
    assert!(matches!(&error, OpenError::Inaccessible { path: named, .. } if named == path), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_another_kind_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.txt");
    let letter = "Dear Ada, ".repeat(1000);
    fs::write(&path, &letter).unwrap();
    let error = refusal(&path).await;
    assert!(matches!(error, OpenError::NotADatabase { .. }), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), letter);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("portcullis.db");
    open(&path).await.unwrap().migrate().await.unwrap();
    let mut octets = fs::read(&path).unwrap();
    octets[100..4000].fill(0x5A);
    fs::write(&path, octets).unwrap();
    let error = refusal(&path).await;
    assert!(matches!(error, OpenError::NotADatabase { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_application_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.db");
    connect(&path).batch_execute("CREATE TABLE notes (text TEXT)").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let before = fs::read(&path).unwrap();
    let error = refusal(&path).await;
    assert!(matches!(error, OpenError::ForeignDatabase { .. }), "{error}");
    assert!(fs::read(&path).unwrap() == before, "not an octet changed");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o640);
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_apply_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("portcullis.db")).await.unwrap();
    let pending = store.pending_migrations().await.unwrap();
    assert!(!pending.is_empty(), "an empty database lacks them all");
    assert_eq!(store.migrate().await.unwrap(), pending);
    assert_eq!(store.migrate().await.unwrap(), Vec::<String>::new());
    assert_eq!(store.pending_migrations().await.unwrap(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn stores_that_open_an_empty_file_together_migrate_it_once() {
    const STORES: usize = 8;
    for _ in 0..5 {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let start = Arc::new(Barrier::new(STORES));
        let starts: Vec<_> = (0..STORES)
            .map(|_| {
                let (folder, start) = (Arc::clone(&folder), Arc::clone(&start));
                tokio::spawn(async move {
                    start.wait().await;
                    let store = open(&folder.path().join("portcullis.db")).await.expect("the file opens");
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
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("portcullis.db");
    let store = open(&path).await.unwrap();
    let all = store.migrate().await.unwrap();
    store.register(account("ada@example.com")).await.unwrap();

    let mut connection = connect(&path);
    let files = FileBasedMigrations::from_path("migrations").unwrap();
    connection.revert_all_migrations(files).unwrap();
    drop(connection);

    let again = open(&path).await.expect("what is left is nobody else's database");
    assert_eq!(again.migrate().await.unwrap(), all);
    again.register(account("ada@example.com")).await.expect("the tables are there, and empty");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_must_be_there_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions { create: false, ..SqliteOptions::new(folder.path().join("portcullis.db")) };
    let refusal = SqliteStore::open(&options).await.err().expect("there is no such file");
    assert!(matches!(&refusal, OpenError::NoSuchFile { path } if *path == options.path), "{refusal}");
    assert!(!options.path.exists());
    open(&options.path).await.unwrap();
    SqliteStore::open(&options).await.expect("now there is");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_cannot_be_looked_at_is_not_taken_for_a_missing_one() {
    let folder = tempfile::tempdir().unwrap();
    let letter = folder.path().join("letter.txt");
    fs::write(&letter, "Dear Ada").unwrap();
    for path in [letter.join("portcullis.db"), letter.join("data/portcullis.db")] {
        for create in [false, true] {
            let options = SqliteOptions { create, ..SqliteOptions::new(path.clone()) };
            let error = SqliteStore::open(&options).await.err().expect("no file is below a file");
            assert!(
                matches!(&error, OpenError::Inaccessible { path: named, .. } if *named == path),
                "{error}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn to_look_for_pending_migrations_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("portcullis.db");
    let store = open(&path).await.unwrap();
    let before = fs::read(&path).unwrap();
    let pending = store.pending_migrations().await.unwrap();
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(store.migrate().await.unwrap(), pending);
    assert_eq!(store.pending_migrations().await.unwrap(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_of_a_newer_version_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("portcullis.db");
    let store = open(&path).await.unwrap();
    assert_eq!(store.unknown_migrations().await.unwrap(), Vec::<String>::new(), "nothing is applied yet");
    store.migrate().await.unwrap();
    assert_eq!(store.unknown_migrations().await.unwrap(), Vec::<String>::new());
    let newer =
        "INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000002'), ('99991231000001')";
    connect(&path).batch_execute(newer).unwrap();
    assert_eq!(store.unknown_migrations().await.unwrap(), ["99991231000001", "99991231000002"]);
    assert_eq!(store.migrate().await.unwrap(), Vec::<String>::new(), "an older version goes on");
}
