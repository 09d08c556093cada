//! What the cases need done to the database behind the ports' backs, with plain statements.

use std::path::Path;
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::{Binary, Bool};
use diesel::{SqliteConnection, sql_query};
use portcullis_domain::UserId;
use portcullis_testkit::BackDoor;

pub(crate) struct SqliteBackDoor(Mutex<SqliteConnection>);

impl SqliteBackDoor {
    pub(crate) fn connect(path: &Path) -> Self {
        let path = path.to_str().expect("temporary folders have plain names");
        let mut connection = SqliteConnection::establish(path).expect("the database opens");
        connection.batch_execute("PRAGMA busy_timeout = 20000").expect("a setting");
        Self(Mutex::new(connection))
    }

    fn connection(&self) -> MutexGuard<'_, SqliteConnection> {
        self.0.lock().expect("no operation panics")
    }
}

#[async_trait]
impl BackDoor for SqliteBackDoor {
    async fn set_active(&self, user: UserId, is_active: bool) {
        let changed = sql_query("UPDATE users SET is_active = ? WHERE id = ?")
            .bind::<Bool, _>(is_active)
            .bind::<Binary, _>(user.uuid().into_bytes())
            .execute(&mut *self.connection())
            .expect("a user can be changed");
        assert_eq!(changed, 1, "the user exists");
    }
}
