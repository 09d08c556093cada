//! Fills a database with a population.

mod pages;
mod postgres;
mod rows;
mod sqlite;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::ensure;
use clap::Args;
use portcullis_domain::archive::{PageStart, Record, RecordKind};
use portcullis_domain::ports::{Entropy as _, InstallationArchive};
use portcullis_domain::{Client, RoleId, RoleName, Session, Timestamp};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::runtime::Runtime;
use tokio::task::spawn_blocking;

use self::pages::pages;
use self::rows::{PASSWORD_RESETS, Rows, SESSIONS};
use crate::hashing::Hashing;
use crate::people::Person;
use crate::population::{Dice, Population};
use crate::progress::Progress;
use crate::store;

#[derive(Clone, Debug, Args)]
pub(crate) struct SeedOptions {
    /// The database: `sqlite://PATH` or `postgres://…`, migrated and without users
    #[arg(long, env = "PORTCULLIS_DATABASE_URL", hide_env_values = true)]
    database_url: String,
    /// How many users
    #[arg(long, default_value_t = 1_000_000)]
    users: u32,
    /// Which users: the same ones for the same number, count and end
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// When the last of them registered (RFC 3339); now unless given
    #[arg(long, value_parser = moment)]
    until: Option<Timestamp>,
    /// The password of all of them
    #[arg(long, default_value = Person::PASSWORD)]
    password: String,
}

fn moment(text: &str) -> Result<Timestamp, time::error::Parse> {
    OffsetDateTime::parse(text, &Rfc3339).map(Timestamp::from)
}

/// Fills the database, and prints how long it took.
pub(crate) fn run(options: &SeedOptions) -> anyhow::Result<()> {
    let hash = Hashing::Usual.hash(&options.password)?;
    let until = options.until.unwrap_or_else(now);
    let population = Population::new(options.seed, options.users, until, vec![hash]);
    let seeded = Runtime::new()?.block_on(fill(&options.database_url, &population, "users"))?;
    println!(
        "{} users and {} sessions in {:.1} s: {:.0} users a second",
        seeded.users,
        seeded.sessions,
        seeded.took.as_secs_f64(),
        seeded.rate()
    );
    Ok(())
}

/// The moment at which this is asked.
#[expect(
    clippy::disallowed_methods,
    reason = "what is measured runs by the system's clock, so sessions must"
)]
pub(crate) fn now() -> Timestamp {
    OffsetDateTime::now_utc().into()
}

/// What was written, and how long that took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seeded {
    pub(crate) users: u32,
    pub(crate) sessions: u32,
    pub(crate) took: Duration,
}

impl Seeded {
    /// Users a second.
    pub(crate) fn rate(&self) -> f64 {
        f64::from(self.users) / self.took.as_secs_f64()
    }
}

/// What has been written so far.
struct Written {
    users: u32,
    sessions: u32,
    progress: Progress,
}

impl Written {
    fn add(&mut self, users: u32, sessions: u32) {
        self.users += users;
        self.sessions += sessions;
        self.progress.advance(users);
    }
}

/// Writes a population into the migrated database that a URL names, which has no users and which nobody else has open.
/// It has all of them and all of its indexes afterwards, or is as it was.
pub(crate) async fn fill(url: &str, population: &Population, activity: &str) -> anyhow::Result<Seeded> {
    let progress = Progress::begin(activity, population.size());
    let store = store::open(url).await?;
    ensure!(store.count(RecordKind::Users).await? == 0, "the database has users already");
    write_roles(&*store, population).await?;
    let pages = pages(population, role_ids(&*store).await?);
    drop(store);
    let written = Written { users: 0, sessions: 0, progress };
    let Written { users, sessions, progress } = match url.strip_prefix("sqlite://") {
        Some(path) => {
            let path = path.to_owned();
            spawn_blocking(move || sqlite::fill(&path, pages, written)).await??
        }
        None => postgres::fill(url, pages, written).await?,
    };
    Ok(Seeded { users, sessions, took: progress.elapsed() })
}

/// Writes the roles that some of a population hold beside those that are built in.
pub(crate) async fn write_roles(
    store: &dyn InstallationArchive,
    population: &Population,
) -> anyhow::Result<()> {
    let roles = population.further_roles().into_iter().map(Record::Role).collect();
    store.write_page(roles).await?;
    Ok(())
}

async fn role_ids(store: &dyn InstallationArchive) -> anyhow::Result<BTreeMap<RoleName, RoleId>> {
    /// More than a population has.
    const ALL: u32 = 1_000;
    let records = store.read_page(PageStart::Roles(None), ALL).await?;
    let id = |record| match record {
        Record::Role(role) => Some((role.name, role.id)),
        _ => None,
    };
    Ok(records.into_iter().filter_map(id).collect())
}

/// Adds sessions and secrets of reset mails that expired within the last day, so many of each, to those that some of a
/// population have. Nobody has two such secrets.
pub(crate) async fn add_expired(url: &str, population: &Population, count: u32) -> anyhow::Result<()> {
    ensure!(count <= population.size(), "{count} is more than {} people", population.size());
    let stride = population.size() / count.max(1);
    let expired = expired(population, (0..count).map(|number| number * stride), now());
    match url.strip_prefix("sqlite://") {
        Some(path) => {
            let path = path.to_owned();
            spawn_blocking(move || sqlite::add(&path, &expired)).await?
        }
        None => postgres::add(url, expired).await,
    }
}

/// A session and a secret of each of these people, over for some minutes at `now` at least.
fn expired(population: &Population, numbers: impl Iterator<Item = u32>, now: Timestamp) -> Vec<Rows> {
    const LEAST: u64 = 5 * 60;
    const MOST: u64 = 24 * 60 * 60;
    let entropy = Dice::new(now.unix_millis());
    let (mut sessions, mut resets) = (Vec::new(), Vec::new());
    for number in numbers {
        let user = population.resident(number).account.user;
        let over_for = Duration::from_secs(LEAST + u64::from(number) % (MOST - LEAST));
        let expired_at = now - over_for;
        let opened_at = expired_at - Population::LIFETIME.idle;
        let session = Session::open(user.id, Client::default(), Population::LIFETIME, opened_at, &entropy);
        let mut digest = [0; 32];
        entropy.fill(&mut digest);
        sessions.push(rows::session(&session));
        resets.push(rows::password_reset(&user, digest, expired_at));
    }
    vec![Rows { table: &SESSIONS, rows: sessions }, Rows { table: &PASSWORD_RESETS, rows: resets }]
}

#[cfg(test)]
mod tests {
    use portcullis_adapters_postgres::{PostgresOptions, PostgresStore, PostgresUrl};
    use portcullis_adapters_sqlite::{SqliteOptions, SqliteStore};
    use portcullis_domain::ports::{SessionRepository, TokenRepository, UserRepository};
    use portcullis_domain::{LoginIdentifier, PasswordHash};
    use portcullis_throwaway_postgres::{Template, run};
    use tempfile::TempDir;

    use super::*;
    use crate::population::Resident;

    const UNTIL: Timestamp = Timestamp::from_unix_micros(1_800_000_000_000_000);

    fn path_in(folder: &TempDir) -> String {
        folder.path().join("portcullis.db").to_str().expect("a path is text").to_owned()
    }

    async fn sqlite(path: &str) -> SqliteStore {
        let store = SqliteStore::open(&SqliteOptions::new(path)).await.unwrap();
        store.migrate().await.unwrap();
        store
    }

    async fn postgres(url: &str) -> PostgresStore {
        let store = PostgresStore::connect(&PostgresOptions::new(PostgresUrl::parse(url).unwrap())).await;
        let store = store.unwrap();
        store.migrate().await.unwrap();
        store
    }

    fn population(size: u32) -> Population {
        Population::new(3, size, UNTIL, vec![PasswordHash::new("a hash")])
    }

    /// Everybody is there as they are, and whoever has sessions can use them.
    async fn assert_holds(
        store: &(impl InstallationArchive + UserRepository + SessionRepository),
        population: &Population,
        seeded: Seeded,
    ) {
        assert_eq!(seeded.users, population.size());
        assert_eq!(store.count(RecordKind::Users).await.unwrap(), u64::from(seeded.users));
        assert_eq!(store.count(RecordKind::Sessions).await.unwrap(), u64::from(seeded.sessions));
        for number in [0, 999, 1_000, population.size() - 1] {
            let Resident { account, sessions } = population.resident(number);
            let by_address = LoginIdentifier::Email(account.user.email.clone());
            let found = store.find_by_login(&by_address).await.unwrap().expect("they are there");
            assert_eq!(found.user, account.user);
            assert_eq!(found.password_hash, account.password_hash);
            for session in sessions {
                let principal = store.principal(session.id, UNTIL).await.unwrap().expect("it lives");
                assert_eq!((principal.user.id, principal.session), (account.user.id, session));
            }
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn sqlite_has_everybody_and_all_of_its_schema() {
        let folder = tempfile::tempdir().unwrap();
        let path = path_in(&folder);
        drop(sqlite(&path).await);
        let schema = || sqlite::schema(&path).unwrap();
        let (before, population) = (schema(), population(25_000));
        let seeded = fill(&format!("sqlite://{path}"), &population, "users").await.unwrap();
        assert_eq!(schema(), before);
        assert_holds(&sqlite(&path).await, &population, seeded).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn postgresql_has_everybody_and_all_of_its_indexes_and_constraints() {
        const ORDER: &str = "
            SELECT string_agg(definition, E'\n' ORDER BY definition) FROM (
                SELECT indexdef AS definition FROM pg_indexes WHERE schemaname = 'public'
                UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
                FROM pg_constraint
            ) AS all_of_it";
        let database = Template::empty_database().await;
        let store = postgres(&database.url()).await;
        let before = run(&database.url(), ORDER).await;
        let population = population(25_000);
        let seeded = fill(&database.url(), &population, "users").await.unwrap();
        assert_eq!(run(&database.url(), ORDER).await, before);
        assert_holds(&store, &population, seeded).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_database_with_users_is_not_filled() {
        let folder = tempfile::tempdir().unwrap();
        let path = path_in(&folder);
        drop(sqlite(&path).await);
        let url = format!("sqlite://{path}");
        fill(&url, &population(10), "users").await.unwrap();
        let error = fill(&url, &population(10), "users").await.expect_err("there are users");
        assert!(error.to_string().contains("has users already"), "{error}");
        assert_eq!(sqlite(&path).await.count(RecordKind::Users).await.unwrap(), 10);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_database_that_somebody_has_open_is_not_filled() {
        let folder = tempfile::tempdir().unwrap();
        let path = path_in(&folder);
        let store = sqlite(&path).await;
        let error = fill(&format!("sqlite://{path}"), &population(10), "users").await;
        assert!(error.is_err(), "what they read would change under them");
        assert_eq!(store.count(RecordKind::Users).await.unwrap(), 0);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_database_that_is_not_migrated_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = path_in(&folder);
        SqliteStore::open(&SqliteOptions::new(&path)).await.unwrap();
        let refused = store::open(&format!("sqlite://{path}")).await.err();
        assert!(refused.expect("it has no tables").to_string().contains("portcullis migrate"));
    }

    /// The sweeper of a store finds all of them, and only them.
    async fn assert_swept(
        store: &(impl SessionRepository + TokenRepository),
        (expired, now): (u32, Timestamp),
    ) {
        assert_eq!(SessionRepository::delete_expired(store, now, 1_000).await.unwrap(), expired);
        assert_eq!(TokenRepository::delete_expired(store, now, 1_000).await.unwrap(), expired);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_has_expired_is_what_a_sweep_deletes() {
        let population = Population::new(3, 1_000, now(), vec![PasswordHash::new("a hash")]);
        let folder = tempfile::tempdir().unwrap();
        let path = path_in(&folder);
        drop(sqlite(&path).await);
        let url = format!("sqlite://{path}");
        fill(&url, &population, "users").await.unwrap();
        add_expired(&url, &population, 300).await.unwrap();
        assert_swept(&sqlite(&path).await, (300, now())).await;

        let database = Template::empty_database().await;
        let store = postgres(&database.url()).await;
        fill(&database.url(), &population, "users").await.unwrap();
        add_expired(&database.url(), &population, 300).await.unwrap();
        assert_swept(&store, (300, now())).await;
    }
}
