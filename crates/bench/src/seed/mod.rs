//! Fills a database with a population.

use std::time::Duration;

use anyhow::ensure;
use clap::Args;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use portcullis_domain::Timestamp;
use portcullis_domain::archive::{Record, RecordKind};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::runtime::Runtime;

use crate::hashing::Hashing;
use crate::people::Person;
use crate::population::{Population, Resident};
use crate::progress::Progress;
use crate::store::{self, OpenStore};

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
    let seeded = Runtime::new()?.block_on(async {
        let store = store::open(&options.database_url).await?;
        fill(&store, &population, "users").await
    })?;
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

/// How many people are written at once. No more than a few such pages are in memory, some 20 MB each.
const PAGE: usize = 20_000;

/// Writes a population into a store that has no users.
pub(crate) async fn fill(
    store: &OpenStore,
    population: &Population,
    activity: &str,
) -> anyhow::Result<Seeded> {
    let OpenStore { archive, writers } = store;
    ensure!(archive.count(RecordKind::Users).await? == 0, "the database has users already");
    let mut progress = Progress::begin(activity, population.size());
    write_roles(store, population).await?;
    let writing = stream::iter((0..population.size()).step_by(PAGE)).map(async |first| {
        let page = Page::from(population, first);
        let (users, sessions) = (page.users, page.sessions);
        archive.write_page(page.records).await?;
        anyhow::Ok((users, sessions))
    });
    // One more than can write, so that the next page is there when a writer is.
    let mut written = writing.buffer_unordered(writers.get() + 1);
    let (mut users, mut sessions) = (0, 0);
    while let Some((more_users, more_sessions)) = written.try_next().await? {
        users += more_users;
        sessions += more_sessions;
        progress.advance(more_users);
    }
    Ok(Seeded { users, sessions, took: progress.elapsed() })
}

/// Writes the roles that some of a population hold beside those that are built in.
pub(crate) async fn write_roles(store: &OpenStore, population: &Population) -> anyhow::Result<()> {
    let roles = population.further_roles().into_iter().map(Record::Role).collect();
    store.archive.write_page(roles).await?;
    Ok(())
}

/// Some people, each before their session.
struct Page {
    records: Vec<Record>,
    users: u32,
    sessions: u32,
}

impl Page {
    /// The people whose numbers are `first` and those that follow, in the order of their addresses: an index
    /// is then written once for neighbours, and not once for each of them.
    fn from(population: &Population, first: u32) -> Self {
        let mut page = Self { records: Vec::with_capacity(2 * PAGE), users: 0, sessions: 0 };
        let mut residents: Vec<_> =
            (first..population.size()).take(PAGE).map(|number| population.resident(number)).collect();
        residents.sort_by(|one, other| {
            one.account.user.email.canonical().cmp(other.account.user.email.canonical())
        });
        for Resident { account, session } in residents {
            page.records.push(Record::User(account));
            page.users += 1;
            if let Some(session) = session {
                page.records.push(Record::Session(session));
                page.sessions += 1;
            }
        }
        page
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::sync::Arc;

    use portcullis_adapters_sqlite::{SqliteOptions, SqliteStore};
    use portcullis_domain::ports::{SessionRepository as _, UserRepository as _};
    use portcullis_domain::{LoginIdentifier, PasswordHash};
    use tempfile::TempDir;

    use super::*;

    const UNTIL: Timestamp = Timestamp::from_unix_micros(1_800_000_000_000_000);

    async fn empty_store() -> (SqliteStore, OpenStore, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteOptions::new(folder.path().join("portcullis.db"));
        let store = SqliteStore::open(&options).await.unwrap();
        store.migrate().await.unwrap();
        let open = OpenStore { archive: Arc::new(store.clone()), writers: NonZeroUsize::MIN };
        (store, open, folder)
    }

    fn population(size: u32) -> Population {
        Population::new(3, size, UNTIL, vec![PasswordHash::new("a hash")])
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn everybody_is_there_and_whoever_has_a_session_can_use_it() {
        let (store, open, _folder) = empty_store().await;
        let population = population(2_500);
        let seeded = fill(&open, &population, "users").await.unwrap();
        assert_eq!(seeded.users, 2_500);
        assert_eq!(open.archive.count(RecordKind::Users).await.unwrap(), 2_500);
        assert_eq!(open.archive.count(RecordKind::Sessions).await.unwrap(), u64::from(seeded.sessions));
        for number in [0, 999, 1_000, 2_499] {
            let Resident { account, session } = population.resident(number);
            let by_address = LoginIdentifier::Email(account.user.email.clone());
            let found = store.find_by_login(&by_address).await.unwrap().expect("they are there");
            assert_eq!(found.user, account.user);
            if let Some(session) = session {
                let principal = store.principal(session.id, UNTIL).await.unwrap();
                assert_eq!(principal.map(|principal| principal.user.id), Some(account.user.id));
            }
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_database_with_users_is_not_filled() {
        let (_, open, _folder) = empty_store().await;
        fill(&open, &population(10), "users").await.unwrap();
        let error = fill(&open, &population(10), "users").await.expect_err("there are users");
        assert!(error.to_string().contains("has users already"), "{error}");
        assert_eq!(open.archive.count(RecordKind::Users).await.unwrap(), 10);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_database_that_is_not_migrated_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("portcullis.db");
        SqliteStore::open(&SqliteOptions::new(&path)).await.unwrap();
        let refused = store::open(&format!("sqlite://{}", path.display())).await.err();
        assert!(refused.expect("it has no tables").to_string().contains("portcullis migrate"));
    }
}
