//! Logins that come faster than passwords can be hashed, and what other calls feel of them.

use portcullis_throwaway_postgres::Cluster;

use crate::arrivals::{Arrivals, Reception, send};
use crate::driver::{Caller as _, Load, Outcome, WARM_UP, drive};
use crate::measuring::Measuring;
use crate::others::{self, InRound, Met, OTHERS, OnStore, Others, Subject};
use crate::people::{LOGINS_A_THREAD, Person};
use crate::placement::Placement;
use crate::process::Memory;
use crate::report::{Table, factor, median, range};
use crate::rounds::Rounds;
use crate::scale::Store;

/// How many times as many logins come as can be served, in turn; the last while others call.
const TIMES_CAPACITY: [f64; 2] = [10.0, 20.0];
/// People who take turns to sign in.
const SIGNING_IN: usize = 200;

struct Round {
    at_capacity: Outcome,
    flooded: [Reception; 2],
    alone: Met,
    beside_logins: Met,
    beside_flood: Met,
    memory_before: Memory,
    memory_after: Memory,
}

/// The tables of a flood of logins.
pub(super) async fn measure(
    measuring: &Measuring,
    placement: &Placement,
    cluster: &Cluster,
) -> anyhow::Result<Vec<Table>> {
    let mut measured = Vec::new();
    for store in Store::ALL {
        let mut rounds = Vec::new();
        for round in 0..measuring.rounds.get() {
            // Each round begins anew, so that each tells what memory the flood takes.
            rounds.push(Round::measure(measuring, placement, (store, cluster), round).await?);
        }
        measured.push((store, rounds));
    }
    Ok(vec![flood_table(&measured), others_table(&measured)?, memory_table(&measured)])
}

impl Round {
    async fn measure(
        measuring: &Measuring,
        placement: &Placement,
        (store, cluster): (Store, &Cluster),
        number: usize,
    ) -> anyhow::Result<Self> {
        let threads = placement.server_cores()?;
        let installation = measuring.installation()?.with("PORTCULLIS_HASHING_THREADS", threads.to_string());
        let (_, installation) = store.prepare(installation, cluster, &format!("flood_{number}")).await?;
        let server = installation.start(placement).await?;
        let address = server.address();
        let people = Person::register(address, SIGNING_IN + 2 * OTHERS).await?;
        let (others, signing_in) = people.split_at(2 * OTHERS);
        let mut others = Others::of(others, address).await?;
        let mut logins: Vec<_> =
            signing_in.iter().take(LOGINS_A_THREAD * threads).map(Person::signs_in).collect();
        let requests: Vec<_> = signing_in.iter().map(|person| person.signs_in().request().to_vec()).collect();

        let ceaseless = Load::without_pause(measuring.lasts());
        let memory_before = server.memory()?;
        server.settle().await?;
        others.call(address, WARM_UP.lasts).await?;
        let alone = others.call(address, measuring.lasts()).await?;
        let at_capacity = drive(address, &mut logins, ceaseless).await?;
        let (beside_logins, _) = tokio::try_join!(
            others.call(address, measuring.lasts()),
            drive(address, &mut logins, ceaseless)
        )?;
        let [many, most] = TIMES_CAPACITY.map(|times| Arrivals {
            requests: &requests,
            a_second: times * at_capacity.rate(),
            last: measuring.lasts(),
        });
        let flooded = [send(address, many).await?, send(address, most).await?];
        let (beside_flood, _) =
            tokio::try_join!(others.call(address, measuring.lasts()), send(address, most))?;
        let memory_after = server.memory()?;
        server.stop().await?;
        Ok(Self { at_capacity, flooded, alone, beside_logins, beside_flood, memory_before, memory_after })
    }
}

type Measured = [(Store, Vec<Round>)];

fn flood_table(measured: &Measured) -> Table {
    let nothing = || "–".to_owned();
    let rows = |(store, rounds): &(Store, Vec<Round>)| {
        let served = Rounds::of(rounds, |round| round.at_capacity.rate());
        let latencies = Rounds::of(rounds, |round| 1e3 * round.at_capacity.latency(0.99));
        let mut rows = vec![vec![
            "as they are served".to_owned(),
            store.to_string(),
            median(&served),
            range(&served),
            "1.00".to_owned(),
            median(&latencies),
            "0".to_owned(),
            nothing(),
            nothing(),
        ]];
        for (nth, times) in TIMES_CAPACITY.into_iter().enumerate() {
            let of = |figure: fn(&Reception) -> f64| Rounds::of(rounds, |round| figure(&round.flooded[nth]));
            let goodput = of(Reception::goodput);
            let to_capacity =
                Rounds::of(rounds, |round| round.flooded[nth].goodput() / round.at_capacity.rate());
            rows.push(vec![
                format!("{times} times as many"),
                store.to_string(),
                median(&goodput),
                range(&goodput),
                factor(&to_capacity),
                median(&of(|reception| 1e3 * reception.served.latency(0.99))),
                median(&of(Reception::refusals)),
                median(&of(|reception| 1e3 * reception.refused.latency(0.5))),
                median(&of(|reception| 1e3 * reception.refused.latency(0.99))),
            ]);
        }
        rows
    };
    Table {
        title: "`POST /api/v1/auth/login`, many more than can be served".to_owned(),
        columns: vec![
            "logins come",
            "store",
            "served a second",
            "least – most",
            "to capacity",
            "served within ms (p99)",
            "503 a second",
            "503 within ms (p50)",
            "503 within ms (p99)",
        ],
        rows: measured.iter().flat_map(rows).collect(),
        plot: None,
    }
}

fn others_table(measured: &Measured) -> anyhow::Result<Table> {
    let situations: [(&str, InRound<Round>); 3] = [
        ("nobody signs in", |round| &round.alone),
        ("logins keep all hashing threads busy", |round| &round.beside_logins),
        ("logins flood in", |round| &round.beside_flood),
    ];
    let subject =
        Subject { file: "logins-flood-in", title: "Other calls while logins flood in", during: "meanwhile" };
    let on_stores: Vec<_> =
        measured.iter().map(|(store, rounds)| OnStore::of(*store, rounds, &situations)).collect();
    others::table(&subject, &on_stores)
}

fn memory_table(measured: &Measured) -> Table {
    let rows = |(store, rounds): &(Store, Vec<Round>)| {
        let row = |when: &str, memory: fn(&Round) -> Memory| {
            let mib = Rounds::of(rounds, |round| f64::from(memory(round).resident_kib) / 1024.0);
            vec![when.to_owned(), store.to_string(), median(&mib), range(&mib)]
        };
        [
            row("once people are registered", |round| round.memory_before),
            row("after the flood", |round| round.memory_after),
        ]
    };
    Table {
        title: "Memory in a flood".to_owned(),
        columns: vec!["when", "store", "resident MiB", "least – most"],
        rows: measured.iter().flat_map(rows).collect(),
        plot: None,
    }
}
