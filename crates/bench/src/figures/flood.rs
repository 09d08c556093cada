//! Logins that come faster than passwords can be hashed, and what other calls feel of them.

use std::time::Duration;

use crate::arrivals::{Arrivals, Reception, send};
use crate::driver::{Caller, Load, Outcome, Repeats, drive};
use crate::measuring::Measuring;
use crate::people::{LOGINS_A_THREAD, Person, Refreshing};
use crate::placement::Placement;
use crate::process::{Memory, ServerProcess};
use crate::report::{Table, factor, median, range};
use crate::rounds::Rounds;

/// How many times as many logins come as can be served.
const TIMES_CAPACITY: f64 = 20.0;
/// People who take turns to sign in.
const SIGNING_IN: usize = 200;
/// People who look at their profile now and then, and as many who refresh their session.
const OTHERS: usize = 8;
/// How long they look at it.
const PAUSE: Duration = Duration::from_millis(10);

struct Round {
    at_capacity: Outcome,
    flooded: Reception,
    alone: Others,
    beside_logins: Others,
    beside_flood: Others,
    memory_before: Memory,
    memory_after: Memory,
}

/// What calls met with that hash nothing.
struct Others {
    reads: Outcome,
    refreshes: Outcome,
}

/// The tables of a flood of logins.
pub(super) async fn measure(measuring: &Measuring, placement: &Placement) -> anyhow::Result<Vec<Table>> {
    let threads = placement.server_cores()?;
    let mut rounds = Vec::new();
    for _ in 0..measuring.rounds.get() {
        // Each round begins anew, so that each tells what memory the flood takes.
        let installation = measuring.installation()?.with("PORTCULLIS_HASHING_THREADS", threads.to_string());
        let server = installation.start(placement).await?;
        rounds.push(Round::measure(measuring, threads, &server).await?);
        server.stop().await?;
    }
    Ok(vec![flood_table(&rounds), others_table(&rounds), memory_table(&rounds)])
}

impl Round {
    async fn measure(measuring: &Measuring, threads: usize, server: &ServerProcess) -> anyhow::Result<Self> {
        let address = server.address();
        let people = Person::register(address, SIGNING_IN + 2 * OTHERS).await?;
        let (others, signing_in) = people.split_at(2 * OTHERS);
        let (reading, refreshing) = others.split_at(OTHERS);
        let mut readers = Vec::new();
        for person in reading {
            readers.push(person.reads_profile(address).await?);
        }
        let mut refreshers: Vec<_> = refreshing.iter().map(Person::refreshes).collect();
        let mut logins: Vec<_> =
            signing_in.iter().take(LOGINS_A_THREAD * threads).map(Person::signs_in).collect();
        let requests: Vec<_> = signing_in.iter().map(|person| person.signs_in().request().to_vec()).collect();

        let storm = Load::without_pause(measuring.lasts());
        let memory_before = server.memory()?;
        let alone = Others::measure(server, measuring, &mut readers, &mut refreshers).await?;
        let at_capacity = drive(address, &mut logins, storm).await?;
        let (beside_logins, _) = tokio::try_join!(
            Others::measure(server, measuring, &mut readers, &mut refreshers),
            drive(address, &mut logins, storm),
        )?;
        let arrivals = Arrivals {
            requests: &requests,
            a_second: TIMES_CAPACITY * at_capacity.rate(),
            last: measuring.lasts(),
        };
        let flooded = send(address, arrivals).await?;
        let (beside_flood, _) = tokio::try_join!(
            Others::measure(server, measuring, &mut readers, &mut refreshers),
            send(address, arrivals),
        )?;
        let memory_after = server.memory()?;
        Ok(Self { at_capacity, flooded, alone, beside_logins, beside_flood, memory_before, memory_after })
    }
}

impl Others {
    async fn measure(
        server: &ServerProcess,
        measuring: &Measuring,
        readers: &mut [Repeats],
        refreshing: &mut [Refreshing],
    ) -> anyhow::Result<Self> {
        let now_and_then = Load { lasts: measuring.lasts(), pause: PAUSE };
        let (reads, refreshes) = tokio::try_join!(
            drive(server.address(), readers, now_and_then),
            drive(server.address(), refreshing, now_and_then),
        )?;
        Ok(Self { reads, refreshes })
    }
}

fn flood_table(rounds: &[Round]) -> Table {
    let of = |figure: fn(&Round) -> f64| Rounds::of(rounds, figure);
    let nothing = || "–".to_owned();
    let served = of(|round| round.at_capacity.rate());
    let goodput = of(|round| round.flooded.goodput());
    Table {
        title: format!("`POST /api/v1/auth/login`, {TIMES_CAPACITY} times as many as can be served"),
        columns: vec![
            "logins come",
            "served a second",
            "least – most",
            "to capacity",
            "served within ms (p99)",
            "503 a second",
            "503 within ms (p50)",
            "503 within ms (p99)",
        ],
        rows: vec![
            vec![
                "as they are served".to_owned(),
                median(&served),
                range(&served),
                "1.00".to_owned(),
                median(&of(|round| 1e3 * round.at_capacity.latency(0.99))),
                "0".to_owned(),
                nothing(),
                nothing(),
            ],
            vec![
                format!("{TIMES_CAPACITY} times as many"),
                median(&goodput),
                range(&goodput),
                factor(&of(|round| round.flooded.goodput() / round.at_capacity.rate())),
                median(&of(|round| 1e3 * round.flooded.served.latency(0.99))),
                median(&of(|round| round.flooded.refusals())),
                median(&of(|round| 1e3 * round.flooded.refused.latency(0.5))),
                median(&of(|round| 1e3 * round.flooded.refused.latency(0.99))),
            ],
        ],
    }
}

/// What they met with in one situation.
type InRound = fn(&Round) -> &Others;
/// What became of one kind of their calls.
type OfKind = fn(&Others) -> &Outcome;

fn others_table(rounds: &[Round]) -> Table {
    let kinds: [(&str, OfKind); 2] = [
        ("`GET /api/v1/auth/me`", |others| &others.reads),
        ("`POST /api/v1/auth/refresh`", |others| &others.refreshes),
    ];
    let situations: [(&str, InRound); 3] = [
        ("nobody signs in", |round| &round.alone),
        ("logins keep all hashing threads busy", |round| &round.beside_logins),
        ("logins flood in", |round| &round.beside_flood),
    ];
    let row = |(call, kind): (&str, OfKind), (situation, others): (&str, InRound)| {
        let p99 = Rounds::of(rounds, |round| 1e3 * kind(others(round)).latency(0.99));
        vec![
            call.to_owned(),
            situation.to_owned(),
            median(&Rounds::of(rounds, |round| kind(others(round)).rate())),
            median(&Rounds::of(rounds, |round| 1e3 * kind(others(round)).latency(0.5))),
            median(&p99),
            range(&p99),
            factor(&Rounds::of(rounds, |round| {
                kind(others(round)).latency(0.99) / kind(&round.alone).latency(0.99)
            })),
        ]
    };
    Table {
        title: format!(
            "Other calls meanwhile, by {OTHERS} readers and {OTHERS} who refresh, with a pause of {} ms",
            PAUSE.as_millis()
        ),
        columns: vec!["call", "while", "a second", "p50 ms", "p99 ms", "least – most", "p99 to alone"],
        rows: kinds
            .into_iter()
            .flat_map(|kind| situations.into_iter().map(move |situation| (kind, situation)))
            .map(|(kind, situation)| row(kind, situation))
            .collect(),
    }
}

fn memory_table(rounds: &[Round]) -> Table {
    let row = |when: &str, memory: fn(&Round) -> Memory| {
        let mib = Rounds::of(rounds, |round| f64::from(memory(round).resident_kib) / 1024.0);
        vec![when.to_owned(), median(&mib), range(&mib)]
    };
    Table {
        title: "Memory in a flood".to_owned(),
        columns: vec!["when", "resident MiB", "least – most"],
        rows: vec![
            row("once people are registered", |round| round.memory_before),
            row("after the flood", |round| round.memory_after),
        ],
    }
}
