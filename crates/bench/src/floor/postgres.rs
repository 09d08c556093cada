//! Accounts on PostgreSQL: a few connections for each thread that serves, with every statement prepared once.

use std::cell::Cell;

use anyhow::Context as _;
use tokio_postgres::{Client, NoTls, Statement};

use super::{Profile, Registration, expiry, now, random_id};

const TABLES: &str = "
CREATE TABLE users (
    id bigint PRIMARY KEY, email text NOT NULL UNIQUE, name text NOT NULL, password_hash text NOT NULL,
    created_at bigint NOT NULL
);
CREATE TABLE sessions (
    id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users, generation bigint NOT NULL,
    expires_at bigint NOT NULL
)";

const REGISTER: &str = "
WITH registered AS (
    INSERT INTO users (id, email, name, password_hash, created_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT DO NOTHING RETURNING id
)
INSERT INTO sessions (id, user_id, generation, expires_at) SELECT $6, id, 0, $7 FROM registered";
const FIND: &str = "SELECT id, password_hash FROM users WHERE email = $1";
const OPEN: &str = "INSERT INTO sessions (id, user_id, generation, expires_at) VALUES ($1, $2, 0, $3)";
const ROTATE: &str = "
UPDATE sessions SET generation = generation + 1, expires_at = $3
WHERE id = $1 AND generation = $2 AND expires_at > $4";
const PROFILE: &str = "
SELECT users.id, users.email, users.name, users.created_at
FROM sessions JOIN users ON users.id = sessions.user_id
WHERE sessions.id = $1 AND sessions.expires_at > $2";

/// As many as the service has for a core.
const CONNECTIONS: usize = 4;

pub(super) struct PostgresAccounts {
    connections: Vec<Connection>,
    next: Cell<usize>,
}

struct Connection {
    client: Client,
    register: Statement,
    find: Statement,
    open: Statement,
    rotate: Statement,
    profile: Statement,
}

impl PostgresAccounts {
    pub(super) async fn prepare(url: &str) -> anyhow::Result<()> {
        Ok(connect(url).await?.batch_execute(TABLES).await?)
    }

    pub(super) async fn open(url: &str) -> anyhow::Result<Self> {
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            let client = connect(url).await?;
            connections.push(Connection {
                register: client.prepare(REGISTER).await?,
                find: client.prepare(FIND).await?,
                open: client.prepare(OPEN).await?,
                rotate: client.prepare(ROTATE).await?,
                profile: client.prepare(PROFILE).await?,
                client,
            });
        }
        Ok(Self { connections, next: Cell::new(0) })
    }

    fn connection(&self) -> &Connection {
        let next = self.next.get();
        self.next.set((next + 1) % self.connections.len());
        &self.connections[next]
    }

    pub(super) async fn register(
        &self,
        registration: Registration,
        session: i64,
    ) -> anyhow::Result<Option<()>> {
        let Registration { email, name, password_hash } = registration;
        let Connection { client, register, .. } = self.connection();
        let user = random_id();
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 7] =
            [&user, &email, &name, &password_hash, &now(), &session, &expiry()];
        Ok((client.execute(register, &values).await? == 1).then_some(()))
    }

    pub(super) async fn find(&self, email: &str) -> anyhow::Result<Option<(i64, String)>> {
        let Connection { client, find, .. } = self.connection();
        let row = client.query_opt(find, &[&email]).await?;
        Ok(row.map(|row| (row.get(0), row.get(1))))
    }

    pub(super) async fn open_session(&self, user: i64, session: i64) -> anyhow::Result<()> {
        let Connection { client, open, .. } = self.connection();
        client.execute(open, &[&session, &user, &expiry()]).await?;
        Ok(())
    }

    pub(super) async fn rotate(&self, session: i64, generation: i64) -> anyhow::Result<bool> {
        let Connection { client, rotate, .. } = self.connection();
        Ok(client.execute(rotate, &[&session, &generation, &expiry(), &now()]).await? == 1)
    }

    pub(super) async fn profile(&self, session: i64) -> anyhow::Result<Option<Profile>> {
        let Connection { client, profile, .. } = self.connection();
        let row = client.query_opt(profile, &[&session, &now()]).await?;
        Ok(row.map(|row| Profile {
            id: row.get(0),
            email: row.get(1),
            name: row.get(2),
            created_at: row.get(3),
        }))
    }
}

async fn connect(url: &str) -> anyhow::Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.context("no connection")?;
    tokio::spawn(connection);
    Ok(client)
}
