//! A database for each test.

use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{process, thread};

use tokio::runtime;
use tokio::sync::OnceCell;

use crate::server::{Server, run};

/// Makes the tables in the database that a URL names.
pub type Migrate = fn(String) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// Gives each test a database with the same tables: migrated once, and copied for each test.
///
/// ```no_run
/// use portcullis_throwaway_postgres::Template;
///
/// static TEMPLATE: Template = Template::new(|url| Box::pin(async move {
///     // connect to `url`, and migrate
/// }));
///
/// # async fn example() {
/// let database = TEMPLATE.database().await;
/// println!("{}", database.url());
/// # }
/// ```
pub struct Template {
    migrate: Migrate,
    name: OnceCell<String>,
}

/// The databases of this process, counted.
static COUNT: AtomicU32 = AtomicU32::new(0);

fn new_name() -> String {
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("portcullis_test_{}_{number}", process::id())
}

impl Template {
    /// Databases with the tables that `migrate` makes.
    #[must_use]
    pub const fn new(migrate: Migrate) -> Self {
        Self { migrate, name: OnceCell::const_new() }
    }

    /// A new one.
    ///
    /// # Panics
    ///
    /// Where there is no server to make it on, or the server refuses.
    pub async fn database(&self) -> Database {
        let server = Server::shared().await;
        if !server.is_throwaway() {
            // Nothing is left behind on a server that goes on: no template either.
            let database = Database::create(server, "").await;
            (self.migrate)(database.url()).await;
            return database;
        }
        let template = self.name.get_or_init(async || {
            let name = new_name();
            server.run(&format!("CREATE DATABASE {name}")).await;
            (self.migrate)(server.url(&name)).await;
            // While somebody is connected to it, nobody can copy it.
            server.run(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS FALSE")).await;
            server.terminate_connections(&name).await;
            name
        });
        let template = template.await;
        // Older servers know no other strategy. It writes files, where the other one writes a log of them.
        let strategy = if server.run("SHOW server_version_num").await < vec!["150000".to_owned()] {
            ""
        } else {
            "STRATEGY = file_copy"
        };
        Database::create(server, &format!("TEMPLATE = {template} {strategy}")).await
    }

    /// A new one without tables.
    ///
    /// # Panics
    ///
    /// Where there is no server to make it on, or the server refuses.
    pub async fn empty_database() -> Database {
        Database::create(Server::shared().await, "").await
    }
}

/// A database on the [shared server](Server::shared), dropped with this.
pub struct Database {
    server: &'static Server,
    name: String,
}

impl Database {
    async fn create(server: &'static Server, options: &str) -> Self {
        let name = new_name();
        server.run(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        server.run(&format!("CREATE DATABASE {name} {options}")).await;
        Self { server, name }
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url(&self.name)
    }

    /// Ends every connection to it, as an operator would.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    pub async fn terminate_connections(&self) {
        self.server.terminate_connections(&self.name).await;
    }

    /// Runs statements in it, and gives the first column of what they return.
    ///
    /// # Panics
    ///
    /// When the server refuses one.
    pub async fn run(&self, statements: &str) -> Vec<String> {
        run(&self.url(), statements).await
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        let server = self.server;
        // The runtime that this is dropped on may be about to end, or be busy with dropping it.
        let dropping = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(server.run(&drop));
            Ok::<_, std::io::Error>(())
        });
        let dropped = dropping.join();
        assert!(thread::panicking() || matches!(dropped, Ok(Ok(()))), "a database could not be dropped");
    }
}
