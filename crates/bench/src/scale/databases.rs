//! The databases: of each size one on SQLite and one on PostgreSQL.

use std::fmt;
use std::fs::{self, File};
use std::io;

use anyhow::Context as _;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use portcullis_domain::{Account, RefreshToken, RefreshTokens, SecretKey, Session};
use portcullis_throwaway_postgres::{Cluster, run};

use super::calls::{AnyCaller, boxed};
use crate::hashing::Hashing;
use crate::http_client::Connection;
use crate::machine::memory_octets;
use crate::measuring::Measuring;
use crate::people::Person;
use crate::placement::Placement;
use crate::population::{Population, Resident};
use crate::process::ProcessFamily;
use crate::progress::note;
use crate::report::{Table, grouped, number};
use crate::seed::{self, Seeded};
use crate::service::Installation;

/// Where a database is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Store {
    Sqlite,
    Postgres,
}

impl fmt::Display for Store {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        })
    }
}

impl Store {
    pub(crate) const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];

    /// The processes that keep the data, where the service does not do so itself.
    pub(crate) fn processes(self, cluster: &Cluster) -> Option<ProcessFamily> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some(ProcessFamily::of(cluster.process_id())),
        }
    }

    /// Gives an installation an empty database and [`SECRET`], and returns its URL.
    pub(crate) async fn prepare(
        self,
        installation: Installation,
        cluster: &Cluster,
        name: &str,
    ) -> anyhow::Result<(String, Installation)> {
        let installation = installation.with("PORTCULLIS_SECRET_KEY", BASE64_STANDARD.encode(SECRET));
        let (url, installation) = match self {
            Self::Sqlite => (format!("sqlite://{}", installation.database_file().display()), installation),
            Self::Postgres => {
                run(&cluster.url("postgres"), &format!("CREATE DATABASE {name}")).await;
                let url = cluster.url(name);
                (url.clone(), installation.with("PORTCULLIS_DATABASE_URL", url))
            }
        };
        // Its first start makes the tables and the signing key.
        installation.start(&Placement::Anywhere).await?.stop().await?;
        Ok((url, installation))
    }
}

/// A database, the people in it, and the installation that serves them.
pub(super) struct Database {
    pub(super) store: Store,
    /// The processes that keep it, where the service does not do so itself.
    pub(super) processes: Option<ProcessFamily>,
    pub(super) url: String,
    pub(super) installation: Installation,
    pub(super) population: Population,
    /// Who is signed in, from all over the population. Whoever has been lent out does not come back: nobody
    /// else may spend their refresh tokens.
    pub(super) regulars: Vec<Regular>,
    /// Who may look at all users.
    pub(super) administrator: Option<Person>,
    seeded: Seeded,
    octets: u64,
    fits_into_memory: bool,
}

/// Somebody who goes on with the session that they had.
pub(super) struct Regular {
    pub(super) account: Account,
    /// As it was before.
    pub(super) session: Session,
    pub(super) person: Person,
}

/// The secret key of all installations. It protects nobody.
const SECRET: &[u8] = b"the secret key of measurements, known to all who read these lines, and no secret";

const ADMINISTRATOR: &str = "administrator@example.com";

/// How many people take part at most: fewer than the access tokens that the service remembers having checked.
const MOST_PEOPLE: usize = 4_000;

impl Database {
    /// The index of the database that has the fewest users on the same store as the one with this index.
    pub(super) fn small_beside(index: usize) -> usize {
        index % 2
    }

    /// The index of the database on SQLite that has as many users.
    pub(super) fn on_sqlite_beside(index: usize) -> usize {
        index - index % 2
    }

    /// How many users it began with, as people write it.
    pub(super) fn users(&self) -> String {
        grouped(self.population.size().into())
    }

    /// Some of its people who are such, from all over the population.
    fn people_who(&self, are_such: impl Fn(&Resident) -> bool) -> Vec<Resident> {
        /// A prime greater than any population, so that each number has its turn before the first comes again.
        const STRIDE: u64 = 4_294_967_291;
        let size = u64::from(self.population.size());
        let number = |turn: u64| u32::try_from(turn * STRIDE % size).expect("it is less than the size");
        let residents = (0..size).map(|turn| self.population.resident(number(turn)));
        residents.filter(are_such).take(MOST_PEOPLE).collect()
    }

    /// The addresses of people who can sign in, with a hash of this kind, and whose profile nobody reads.
    pub(super) fn addresses(&self, hashing: Hashing) -> Vec<String> {
        let people = self.people_who(|Resident { account, sessions }| {
            let is_of_kind = account.password_hash.as_ref().is_some_and(|hash| hashing.has_made(hash));
            account.user.is_active && sessions.is_empty() && is_of_kind
        });
        people.iter().map(|resident| resident.account.user.email.as_str().to_owned()).collect()
    }

    /// An administrator who looks at the first page of users for each query in turn: so many callers at least.
    pub(super) fn listings(
        &self,
        queries: impl IntoIterator<Item = String, IntoIter: Clone>,
        at_least: usize,
    ) -> anyhow::Result<Vec<AnyCaller>> {
        let administrator = self.administrator.as_ref().context("the administrator is signed in")?;
        let queries = queries.into_iter();
        let count = queries.clone().count().max(at_least);
        let listing = |query: String| boxed(administrator.lists(&format!("/api/v1/users{query}")));
        Ok(queries.cycle().take(count).map(listing).collect())
    }

    async fn new(store: Store, users: u32, measuring: &Measuring, cluster: &Cluster) -> anyhow::Result<Self> {
        let installation = measuring
            .installation()?
            // Longer than a run takes.
            .with("PORTCULLIS_ACCESS_TOKEN_TTL", "12h");
        let (url, installation) = store.prepare(installation, cluster, &format!("users_{users}")).await?;

        let hashes = [Hashing::Usual, Hashing::Cheapest].map(|hashing| hashing.hash(Person::PASSWORD));
        let hashes = hashes.into_iter().collect::<Result<_, _>>()?;
        let population = Population::new(1, users, seed::now(), hashes);
        let activity = format!("{store}, users");
        let seeded = seed::fill(&url, &population, &activity).await?;
        if store == Store::Postgres {
            // As it is some minutes later in any case.
            run(&url, "VACUUM (ANALYZE)").await;
            run(&url, "CREATE EXTENSION pg_prewarm").await;
            run(&url, "CHECKPOINT").await;
        }
        Ok(Self {
            store,
            processes: store.processes(cluster),
            url,
            installation,
            population,
            regulars: Vec::new(),
            administrator: None,
            seeded,
            octets: 0,
            fits_into_memory: true,
        })
    }

    /// Some of those who are signed in, for good.
    pub(super) fn lend(&mut self, count: usize) -> anyhow::Result<Vec<Regular>> {
        let left = self.regulars.len().checked_sub(count).context("too few are signed in")?;
        Ok(self.regulars.split_off(left))
    }

    /// Reads all of it into memory, where all databases fit. A machine that gives its memory to others takes pages away that were not looked at for
    /// a while, and what its disk adds then is no figure of the service.
    pub(super) async fn have_at_hand(&self) -> anyhow::Result<()> {
        if !self.fits_into_memory {
            return Ok(());
        }
        match self.store {
            Store::Sqlite => {
                io::copy(&mut File::open(self.installation.database_file())?, &mut io::sink())?;
            }
            Store::Postgres => {
                run(&self.url, "SELECT pg_prewarm(oid) FROM pg_class WHERE relkind IN ('r', 'i')").await;
            }
        }
        Ok(())
    }

    async fn octets_on_disk(&self) -> anyhow::Result<u64> {
        match self.store {
            Store::Sqlite => Ok(fs::metadata(self.installation.database_file())?.len()),
            Store::Postgres => {
                let size = run(&self.url, "SELECT pg_database_size(current_database())").await;
                Ok(size.first().context("a database has a size")?.parse()?)
            }
        }
    }

    /// Lets people go on with the sessions that they have, and then looks how large it is.
    async fn sign_in(&mut self) -> anyhow::Result<()> {
        note(&format!("{}, {} users: signing people in", self.store, self.users()));
        let tokens = RefreshTokens::new(&SecretKey::new(SECRET.to_vec())?);
        self.installation.make_administrator(ADMINISTRATOR, Person::PASSWORD)?;
        let server = self.installation.start(&Placement::Anywhere).await?;
        let mut connection = Connection::open(server.address()).await?;
        self.administrator = Some(Person::sign_in(&mut connection, ADMINISTRATOR).await?);
        for Resident { account, sessions } in self.people_who(|resident| !resident.sessions.is_empty()) {
            let session = sessions.into_iter().next().context("they have one")?;
            let token = tokens.write(RefreshToken { session: session.id, generation: session.generation });
            let email = account.user.email.as_str();
            let person = Person::come_back(&mut connection, email, &token).await?;
            self.regulars.push(Regular { account, session, person });
        }
        server.stop().await?;
        self.octets = self.octets_on_disk().await?;
        Ok(())
    }
}

/// A database of each size on each store: of the first size on SQLite and on PostgreSQL, then of the next.
pub(super) async fn fill(
    measuring: &Measuring,
    cluster: &Cluster,
    sizes: &[u32],
) -> anyhow::Result<Vec<Database>> {
    let mut databases = Vec::new();
    for &users in sizes {
        for store in Store::ALL {
            databases.push(Database::new(store, users, measuring, cluster).await?);
        }
    }
    for database in &mut databases {
        database.sign_in().await?;
    }
    // What else is in memory has to have room, and what PostgreSQL reads is there twice.
    let all: u64 = databases.iter().map(|database| database.octets).sum();
    let fit = all <= memory_octets()? / 2;
    for database in &mut databases {
        database.fits_into_memory = fit;
    }
    Ok(databases)
}

/// A sentence on where the databases are when they are asked.
pub(super) fn describe(databases: &[Database]) -> String {
    if databases.iter().all(|database| database.fits_into_memory) {
        "The databases are in memory.".to_owned()
    } else {
        "The databases are larger than half of the memory.".to_owned()
    }
}

/// The table of how the databases were filled.
pub(super) fn table(databases: &[Database]) -> Table {
    let row = |database: &Database| {
        vec![
            database.store.to_string(),
            database.users(),
            grouped(database.seeded.sessions.into()),
            format!("{:.1}", database.seeded.took.as_secs_f64()),
            format!("{:.0}", database.seeded.rate()),
            number(f64::from(u32::try_from(database.octets >> 10).unwrap_or(u32::MAX)) / 1_024.0),
        ]
    };
    Table {
        title: "Databases, and how long it took to fill them".to_owned(),
        columns: vec!["store", "users", "sessions", "s", "users a second", "MiB"],
        rows: databases.iter().map(row).collect(),
        plot: None,
    }
}
