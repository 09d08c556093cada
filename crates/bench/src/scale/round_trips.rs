//! How often each call asks PostgreSQL and waits for the answer.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use portcullis_throwaway_postgres::Wire;
use tokio::time::sleep;

use super::calls::{AnyCaller, Call};
use super::databases::Database;
use crate::driver::Caller as _;
use crate::hashing::Hashing;
use crate::http_client::Connection;
use crate::placement::Placement;
use crate::progress::note;
use crate::report::Table;

/// How long each answer of PostgreSQL is held up: much longer than anything else takes.
const DELAY: Duration = Duration::from_millis(25);

/// The round trips of a call whose statements are prepared.
pub(super) struct RoundTrips {
    pub(super) call: Call,
    /// Those before the answer to the client: how often it is held up by [`DELAY`].
    pub(super) waited_for: u32,
    /// All that there were on the wire, with those of the mail that the call leads to.
    in_all: usize,
}

/// Counts those of each call, on the wire between a service and its server.
pub(super) async fn count(database: &mut Database, placement: &Placement) -> anyhow::Result<Vec<RoundTrips>> {
    note("counting round trips");
    let (wire, url) = Wire::before(&database.url, DELAY).await?;
    database.installation.set("PORTCULLIS_DATABASE_URL", url);
    database.installation.set("PORTCULLIS_ARGON2", Hashing::Cheapest.settings());
    let service = database.installation.start(placement).await?;
    let mut connection = Connection::open(service.address()).await?;
    let regular = [database.regulars.pop().context("somebody is signed in")?];
    let mut counted = Vec::new();
    for call in Call::ALL {
        let families = ("counted", 1);
        let callers =
            call.callers(database, &regular, Hashing::Cheapest, service.address(), families).await?;
        let mut caller = callers.into_iter().next().context("somebody calls")?;
        counted.push(count_those_of(call, &mut caller, &mut connection, &wire).await?);
    }
    service.stop().await?;
    database.installation.set("PORTCULLIS_DATABASE_URL", database.url.clone());
    Ok(counted)
}

async fn count_those_of(
    call: Call,
    caller: &mut AnyCaller,
    connection: &mut Connection,
    wire: &Wire,
) -> anyhow::Result<RoundTrips> {
    /// So many that each connection has prepared its statements.
    const UNCOUNTED: usize = 16;
    const COUNTED: usize = 9;
    let (mut waited_for, mut in_all) = (Vec::new(), Vec::new());
    for number in 0..UNCOUNTED + COUNTED {
        let asked = Instant::now();
        let answer = connection.exchange(caller.request()).await?;
        let took = asked.elapsed();
        caller.take(answer)?;
        let trips = count_until_silence(wire).await;
        if number >= UNCOUNTED {
            waited_for.push(u32::try_from(took.as_micros() / DELAY.as_micros())?);
            in_all.push(trips);
        }
    }
    Ok(RoundTrips { call, waited_for: median(waited_for), in_all: median(in_all) })
}

/// What was said on a wire since it was last asked, when nothing more is.
async fn count_until_silence(wire: &Wire) -> usize {
    let mut trips = 0;
    loop {
        sleep(4 * DELAY).await;
        match wire.take_count() {
            0 => return trips,
            more => trips += more,
        }
    }
}

/// The middle one of several: now and then the service looks into its queues meanwhile.
fn median<T: Ord + Copy>(mut counts: Vec<T>) -> T {
    counts.sort_unstable();
    counts[counts.len() / 2]
}

/// The table of round trips.
pub(super) fn table(trips: &[RoundTrips]) -> Table {
    let row = |trips: &RoundTrips| {
        vec![trips.call.name().to_owned(), trips.waited_for.to_string(), trips.in_all.to_string()]
    };
    Table {
        title: "Round trips to PostgreSQL".to_owned(),
        columns: vec!["call", "before its answer", "in all, with its mail"],
        rows: trips.iter().map(row).collect(),
        plot: None,
    }
}
