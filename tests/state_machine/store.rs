//! The stores, each time a fresh one with all tables.

use std::any::Any;
use std::sync::Arc;

use portcullis_adapters_postgres::{PostgresOptions, PostgresStore, PostgresUrl};
use portcullis_adapters_sqlite::{SqliteOptions, SqliteStore};
use portcullis_domain::ports::{
    AuditTrail, LockoutRepository, MailQueue, RoleRepository, SessionRepository, SigningKeyRepository,
    TokenRepository, UserAdministration, UserRepository,
};
use portcullis_throwaway_postgres::Template;

/// Every storage port.
pub(crate) trait Ports:
    UserRepository
    + UserAdministration
    + RoleRepository
    + SessionRepository
    + TokenRepository
    + LockoutRepository
    + MailQueue
    + AuditTrail
    + SigningKeyRepository
{
}

impl<S> Ports for S where
    S: UserRepository
        + UserAdministration
        + RoleRepository
        + SessionRepository
        + TokenRepository
        + LockoutRepository
        + MailQueue
        + AuditTrail
        + SigningKeyRepository
{
}

/// A store, and what it lies on.
pub(crate) struct Store {
    pub(crate) ports: Arc<dyn Ports>,
    /// Lives as long as the store.
    pub(crate) ground: Box<dyn Any>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum StoreKind {
    Sqlite,
    Postgres,
}

static TEMPLATE: Template = Template::new(|url| {
    Box::pin(async move {
        connect(&url).await.migrate().await.expect("the migrations apply");
    })
});

async fn connect(url: &str) -> PostgresStore {
    let url = PostgresUrl::parse(url).expect("the server's URL is one that the store reads");
    PostgresStore::connect(&PostgresOptions::new(url)).await.expect("the server is there")
}

impl StoreKind {
    pub(crate) async fn open(self) -> Store {
        match self {
            Self::Sqlite => {
                let folder = tempfile::tempdir().expect("a temporary folder");
                let options = SqliteOptions::new(folder.path().join("portcullis.db"));
                let store = SqliteStore::open(&options).await.expect("the database opens");
                store.migrate().await.expect("the migrations apply");
                Store { ports: Arc::new(store), ground: Box::new(folder) }
            }
            Self::Postgres => {
                let database = TEMPLATE.database().await;
                let store = connect(&database.url()).await;
                Store { ports: Arc::new(store), ground: Box::new(database) }
            }
        }
    }
}
