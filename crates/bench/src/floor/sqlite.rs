//! Accounts on SQLite: read on the thread that serves, written one after the other on threads for what blocks, every
//! commit on the disk before it is answered.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::web;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;

use super::{Profile, Registration, expiry, now, random_id};

diesel::table! {
    users (id) {
        id -> BigInt,
        email -> Text,
        name -> Text,
        password_hash -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    sessions (id) {
        id -> BigInt,
        user_id -> BigInt,
        generation -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::joinable!(sessions -> users (user_id));
diesel::allow_tables_to_appear_in_same_query!(sessions, users);

const TABLES: &str = "
CREATE TABLE users (
    id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, password_hash TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users, generation INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT";

pub(super) struct SqliteAccounts {
    reader: RefCell<SqliteConnection>,
    writer: Arc<Mutex<SqliteConnection>>,
}

impl SqliteAccounts {
    pub(super) fn prepare(path: &str) -> anyhow::Result<()> {
        Ok(connect(path)?.batch_execute(TABLES)?)
    }

    pub(super) fn open(path: &str) -> anyhow::Result<Self> {
        Ok(Self { reader: RefCell::new(connect(path)?), writer: Arc::new(Mutex::new(connect(path)?)) })
    }

    async fn write<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&mut SqliteConnection) -> QueryResult<T> + Send + 'static,
    ) -> anyhow::Result<T> {
        let writer = Arc::clone(&self.writer);
        let written = web::block(move || {
            let mut connection = writer.lock().unwrap_or_else(PoisonError::into_inner);
            connection.immediate_transaction(operation)
        });
        Ok(written.await??)
    }

    pub(super) async fn register(
        &self,
        registration: Registration,
        session: i64,
    ) -> anyhow::Result<Option<()>> {
        self.write(move |connection| {
            let Registration { email, name, password_hash } = registration;
            let user = random_id();
            let columns = (
                users::id.eq(user),
                users::email.eq(email),
                users::name.eq(name),
                users::password_hash.eq(password_hash),
                users::created_at.eq(now()),
            );
            let added = diesel::insert_into(users::table)
                .values(columns)
                .on_conflict_do_nothing()
                .execute(connection)?;
            if added == 0 {
                return Ok(None);
            }
            insert_session(connection, user, session).map(Some)
        })
        .await
    }

    pub(super) fn find(&self, email: &str) -> anyhow::Result<Option<(i64, String)>> {
        let account = users::table.filter(users::email.eq(email)).select((users::id, users::password_hash));
        Ok(account.first(&mut *self.reader.borrow_mut()).optional()?)
    }

    pub(super) async fn open_session(&self, user: i64, session: i64) -> anyhow::Result<()> {
        self.write(move |connection| insert_session(connection, user, session)).await
    }

    pub(super) async fn rotate(&self, session: i64, generation: i64) -> anyhow::Result<bool> {
        self.write(move |connection| {
            let current = sessions::table
                .find(session)
                .filter(sessions::generation.eq(generation))
                .filter(sessions::expires_at.gt(now()));
            let next = (sessions::generation.eq(generation + 1), sessions::expires_at.eq(expiry()));
            Ok(diesel::update(current).set(next).execute(connection)? == 1)
        })
        .await
    }

    pub(super) fn profile(&self, session: i64) -> anyhow::Result<Option<Profile>> {
        let profile = sessions::table
            .inner_join(users::table)
            .filter(sessions::id.eq(session))
            .filter(sessions::expires_at.gt(now()))
            .select((users::id, users::email, users::name, users::created_at));
        let row = profile.first(&mut *self.reader.borrow_mut()).optional()?;
        Ok(row.map(|(id, email, name, created_at)| Profile { id, email, name, created_at }))
    }
}

fn insert_session(connection: &mut SqliteConnection, user: i64, session: i64) -> QueryResult<()> {
    let columns = (
        sessions::id.eq(session),
        sessions::user_id.eq(user),
        sessions::generation.eq(0),
        sessions::expires_at.eq(expiry()),
    );
    diesel::insert_into(sessions::table).values(columns).execute(connection).map(drop)
}

fn connect(path: &str) -> anyhow::Result<SqliteConnection> {
    let mut connection = SqliteConnection::establish(path)?;
    connection.batch_execute(
        "PRAGMA busy_timeout = 4000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON",
    )?;
    Ok(connection)
}
