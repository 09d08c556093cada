//! What calls notice while the service deletes many rows that have expired.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use diesel::sql_types::BigInt;
use diesel::{Connection as _, QueryableByName, RunQueryDsl as _, SqliteConnection, sql_query};
use portcullis_throwaway_postgres::run;
use tokio::time::sleep;

use super::databases::{Database, Regular, Store};
use crate::driver::WARM_UP;
use crate::measuring::Measuring;
use crate::others::{self, InRound, Met, OTHERS, OnStore, Others, Subject};
use crate::people::Person;
use crate::placement::Placement;
use crate::progress::note;
use crate::report::{Table, grouped, median, range};
use crate::rounds::Rounds;
use crate::seed;

/// What is swept, and who calls meanwhile.
pub(super) struct Sweeping {
    /// How many sessions, and as many one-time secrets, expire in each round.
    expired: u32,
    /// In each database those who do nothing else: a refresh token is spent once.
    callers: Vec<Vec<Person>>,
}

struct Round {
    alone: Met,
    beside: Met,
    /// Rows a second.
    swept: f64,
}

impl Sweeping {
    /// With people of these databases, who take no part in anything else from now on.
    pub(super) fn beside(databases: &mut [Database], expired: u32) -> anyhow::Result<Self> {
        let lend = |database: &mut Database| {
            let lent = database.lend(2 * OTHERS)?;
            anyhow::Ok(lent.into_iter().map(|Regular { person, .. }| person).collect())
        };
        Ok(Self { expired, callers: databases.iter_mut().map(lend).collect::<Result<_, _>>()? })
    }

    /// The tables of calls beside the sweeper, and of how much it sweeps, in the same databases.
    pub(super) async fn measure(
        &self,
        measuring: &Measuring,
        placement: &Placement,
        databases: &[Database],
    ) -> anyhow::Result<Vec<Table>> {
        let mut measured = Vec::new();
        for (database, people) in databases.iter().zip(&self.callers) {
            let service = database.installation.start(placement).await?;
            let mut others = Others::of(people, service.address()).await?;
            service.stop().await?;
            let mut rounds = Vec::new();
            for round in 1..=measuring.rounds.get() {
                note(&format!("{}, {} users, sweeping: round {round}", database.store, database.users()));
                rounds.push(self.round(measuring.lasts(), placement, database, &mut others).await?);
            }
            measured.push((database.store, rounds));
        }
        let users = databases.first().context("there is a database")?.users();
        let rows = grouped(2 * u64::from(self.expired));
        let title = format!("Sweeping {rows} expired rows, among {users} users");
        Ok(vec![calls_table(&measured)?, sweep_table(title, &measured)])
    }

    /// The sweeper begins when the service starts, and goes on while there is something to sweep.
    async fn round(
        &self,
        lasts: Duration,
        placement: &Placement,
        database: &Database,
        others: &mut Others,
    ) -> anyhow::Result<Round> {
        let service = database.installation.start(placement).await?;
        service.settle().await?;
        database.have_at_hand().await?;
        others.call(service.address(), WARM_UP.lasts).await?;
        let alone = others.call(service.address(), lasts).await?;
        service.stop().await?;

        seed::add_expired(&database.url, &database.population, self.expired).await?;
        if database.store == Store::Postgres {
            run(&database.url, "CHECKPOINT").await;
        }
        database.have_at_hand().await?;
        let service = database.installation.start(placement).await?;
        others.call(service.address(), WARM_UP.lasts).await?;
        let (before, begun) = (expired_rows(database).await?, Instant::now());
        let beside = others.call(service.address(), lasts).await?;
        let (after, took) = (expired_rows(database).await?, begun.elapsed());
        ensure!(after > 0, "all was swept before the calls were over: more has to expire");
        ensure!(after < before, "nothing was swept");
        until_swept(database).await?;
        service.stop().await?;
        Ok(Round { alone, beside, swept: f64::from(before - after) / took.as_secs_f64() })
    }
}

async fn until_swept(database: &Database) -> anyhow::Result<()> {
    const LONGEST: Duration = Duration::from_mins(10);
    const LOOK: Duration = Duration::from_millis(500);
    let deadline = Instant::now() + LONGEST;
    while expired_rows(database).await? > 0 {
        ensure!(Instant::now() < deadline, "the sweeper does not come to an end");
        sleep(LOOK).await;
    }
    Ok(())
}

/// How many sessions and one-time secrets there are that have expired.
async fn expired_rows(database: &Database) -> anyhow::Result<u32> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        rows: i64,
    }
    match database.store {
        Store::Sqlite => {
            let mut connection =
                SqliteConnection::establish(&database.installation.database_file().to_string_lossy())?;
            let count = sql_query(
                "SELECT (SELECT count(*) FROM sessions WHERE expires_at < ?1)
                    + (SELECT count(*) FROM password_resets WHERE expires_at < ?1) AS rows",
            );
            let Count { rows } =
                count.bind::<BigInt, _>(seed::now().unix_micros()).get_result(&mut connection)?;
            Ok(u32::try_from(rows)?)
        }
        Store::Postgres => {
            let count = run(
                &database.url,
                "SELECT (SELECT count(*) FROM sessions
                        WHERE expires_on <= (now() AT TIME ZONE 'UTC')::date AND expires_at < now())
                    + (SELECT count(*) FROM password_resets WHERE expires_at < now())",
            );
            Ok(count.await.concat().parse()?)
        }
    }
}

fn calls_table(measured: &[(Store, Vec<Round>)]) -> anyhow::Result<Table> {
    let situations: [(&str, InRound<Round>); 2] =
        [("nothing is swept", |round| &round.alone), ("expired rows are swept", |round| &round.beside)];
    let subject = Subject {
        file: "sweeping",
        title: "Calls while expired rows are swept",
        during: "beside the sweeper",
    };
    let on_stores: Vec<_> =
        measured.iter().map(|(store, rounds)| OnStore::of(*store, rounds, &situations)).collect();
    others::table(&subject, &on_stores)
}

fn sweep_table(title: String, measured: &[(Store, Vec<Round>)]) -> Table {
    let row = |(store, rounds): &(Store, Vec<Round>)| {
        let swept = Rounds::of(rounds, |round| round.swept);
        vec![store.to_string(), median(&swept), range(&swept)]
    };
    Table {
        title,
        columns: vec!["store", "rows a second, beside calls", "least – most"],
        rows: measured.iter().map(row).collect(),
        plot: None,
    }
}
