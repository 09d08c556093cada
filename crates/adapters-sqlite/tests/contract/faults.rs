//! Triggers that make writes fail in the middle of a step.

use std::path::Path;
use std::sync::Mutex;

use async_trait::async_trait;
use diesel::SqliteConnection;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use portcullis_testkit::contract::faults::{FaultInjector, Part};

pub(crate) struct SqliteFaults(Mutex<SqliteConnection>);

impl SqliteFaults {
    pub(crate) fn connect(path: &Path) -> Self {
        let path = path.to_str().expect("temporary folders have plain names");
        let mut connection = SqliteConnection::establish(path).expect("the database opens");
        connection.batch_execute("PRAGMA busy_timeout = 20000").expect("a setting");
        Self(Mutex::new(connection))
    }

    /// Runs a statement for every way to write to every table of these.
    fn for_each_write(&self, parts: &[Part], statement: impl Fn(&str, &str) -> String) {
        let mut connection = self.0.lock().expect("no statement panics");
        for table in parts.iter().flat_map(|part| tables(*part)) {
            for write in ["INSERT", "UPDATE", "DELETE"] {
                connection.batch_execute(&statement(table, write)).expect("a trigger is made or dropped");
            }
        }
    }
}

#[async_trait]
impl FaultInjector for SqliteFaults {
    async fn break_writes_to(&self, part: Part) {
        self.for_each_write(&[part], |table, write| {
            // Takes back the statement alone; the rest is up to the transaction.
            format!(
                "CREATE TRIGGER fault_{table}_{write} BEFORE {write} ON {table} \
                 BEGIN SELECT RAISE(ABORT, 'a fault'); END"
            )
        });
    }

    async fn mend(&self) {
        self.for_each_write(&Part::ALL, |table, write| {
            format!("DROP TRIGGER IF EXISTS fault_{table}_{write}")
        });
    }
}

fn tables(part: Part) -> &'static [&'static str] {
    match part {
        Part::Accounts => &["users"],
        Part::Sessions => &["sessions"],
        Part::Secrets => &["verifications", "password_resets", "email_changes"],
        Part::Counts => &["password_attempts"],
        Part::Mails => &["mail_queue"],
        Part::Events => &["audit_events"],
    }
}
