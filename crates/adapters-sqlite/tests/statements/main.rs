//! What the ports' methods ask of SQLite: statements find their rows by an index, and are prepared once for
//! a connection. Each method is called, and what diesel runs is taken down.

mod calls;
mod lists;
mod plans;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use portcullis_adapters_sqlite::{SqliteOptions, SqliteStore};
use tempfile::TempDir;
use tokio::sync::MutexGuard;

use self::calls::call_every_method;
use self::plans::{pretend_to_be_large, scans};

/// What diesel did, as it said.
#[derive(Default)]
struct Record {
    prepared: Vec<Preparation>,
    run: BTreeSet<String>,
}

/// A statement, and the connection that keeps it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Preparation {
    statement: String,
    connection: usize,
}

static RECORD: Mutex<Record> = Mutex::new(Record { prepared: Vec::new(), run: BTreeSet::new() });

#[expect(clippy::unnecessary_wraps, reason = "diesel asks for an option")]
fn take_down() -> Option<Box<dyn Instrumentation>> {
    static CONNECTIONS: AtomicUsize = AtomicUsize::new(0);
    let connection = CONNECTIONS.fetch_add(1, Ordering::Relaxed);
    Some(Box::new(move |event: InstrumentationEvent<'_>| {
        let mut record = RECORD.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            InstrumentationEvent::CacheQuery { sql, .. } => {
                record.prepared.push(Preparation { statement: sql.to_owned(), connection });
            }
            InstrumentationEvent::StartQuery { query, .. } => {
                let text = query.to_string();
                let statement = text.split(" -- binds").next().unwrap_or_default();
                record.run.insert(statement.to_owned());
            }
            _ => {}
        }
    }))
}

fn taken_down() -> Record {
    std::mem::take(&mut *RECORD.lock().unwrap_or_else(PoisonError::into_inner))
}

/// A store whose statements are taken down, alone.
struct ObservedStore {
    store: SqliteStore,
    path: PathBuf,
    _folder: TempDir,
    _alone: MutexGuard<'static, ()>,
}

impl ObservedStore {
    async fn open() -> Self {
        static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
        let alone = ALONE.lock().await;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("portcullis.db");
        let options = SqliteOptions::new(&path);
        let open = async || SqliteStore::open(&options).await.expect("the database opens");
        open().await.migrate().await.expect("the migrations apply");

        set_default_instrumentation(take_down).expect("nothing else is taken down");
        let store = open().await;
        taken_down();
        Self { store, path, _folder: folder, _alone: alone }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_are_prepared_once_and_find_their_rows_by_an_index() {
    let ObservedStore { store, path, .. } = &ObservedStore::open().await;
    call_every_method(store, "first").await.unwrap();
    let first = taken_down();
    call_every_method(store, "second").await.unwrap();
    let second = taken_down();

    let mut prepared = first.prepared;
    prepared.extend(second.prepared);
    prepared.sort_unstable();
    let again: Vec<_> = prepared.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert!(again.is_empty(), "a connection prepares these again: {again:#?}");
    let kept: BTreeSet<_> = prepared.into_iter().map(|preparation| preparation.statement).collect();
    let afresh: Vec<_> = second.run.difference(&kept).filter(|statement| !is_cheap(statement)).collect();
    assert_eq!(afresh, Vec::<&String>::new(), "these are prepared at each call");
    let replanned: Vec<_> = kept.iter().filter(|statement| is_planned_by_its_values(statement)).collect();
    assert_eq!(replanned, Vec::<&String>::new(), "SQLite prepares these again at each call");
    assert!(second.run.len() > 100, "{} statements are all that the ports need", second.run.len());
    assert_eq!(scans(path, &second.run), Vec::<String>::new());
    pretend_to_be_large(path);
    assert_eq!(scans(path, &second.run), Vec::<String>::new(), "with statistics");
}

/// What begins and ends a transaction is quickly prepared, and so is a setting.
fn is_cheap(statement: &str) -> bool {
    statement.starts_with("PRAGMA") || ["BEGIN", "BEGIN IMMEDIATE", "COMMIT"].contains(&statement)
}

/// SQLite looks at a bound limit when it plans, and plans again when it is bound again. That costs more
/// than to find the one row; a sweep and a page of a list, which need a limit, can bear it.
fn is_planned_by_its_values(statement: &str) -> bool {
    let is_a_page = statement.contains("> ?) ORDER BY") || statement.contains("DESC");
    let counts = statement.contains("OFFSET ?");
    let needs_a_limit = statement.starts_with("DELETE") || is_a_page || counts;
    statement.contains("LIMIT ?") && !needs_a_limit
}
