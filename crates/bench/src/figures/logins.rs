//! Logins beside nothing but hashing, and what other calls feel of them.

use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::cost::Cost;
use crate::driver::{Load, Outcome, drive};
use crate::measuring::Measuring;
use crate::people::{LOGINS_A_THREAD, Person};
use crate::placement::Placement;
use crate::raw_hash::RawHashes;
use crate::report::{Table, factor, median, range};
use crate::rounds::Rounds;

/// People who look at their profile now and then, while others sign in.
const READERS: usize = 8;
/// How long they look at it.
const READING: Duration = Duration::from_millis(10);

struct Round {
    raw: RawHashes,
    logins: Cost,
    reads_alone: Outcome,
    reads_beside_logins: Outcome,
    logins_beside_reads: Outcome,
}

/// The tables of logins, and of `GET /me` beside them.
pub(super) async fn measure(measuring: &Measuring, placement: &Placement) -> anyhow::Result<Vec<Table>> {
    let threads = placement.server_cores()?;
    let installation = measuring.installation()?.with("PORTCULLIS_HASHING_THREADS", threads.to_string());
    let service = installation.start(placement).await?;
    let address = service.address();

    let people = Person::register(address, LOGINS_A_THREAD * threads + READERS).await?;
    let (reading, signing_in) = people.split_at(READERS);
    let mut readers = Vec::new();
    for person in reading {
        readers.push(person.reads_profile(address).await?);
    }
    let mut logins: Vec<_> = signing_in.iter().map(Person::signs_in).collect();

    let storm = Load::without_pause(measuring.lasts());
    let now_and_then = Load { lasts: measuring.lasts(), pause: READING };
    let mut rounds = Vec::new();
    for _ in 0..measuring.rounds.get() {
        let raw = hash_only(placement, threads, measuring.seconds)?;
        let alone = Cost::measure(&service, &mut logins, storm).await?;
        let reads_alone = drive(address, &mut readers, now_and_then).await?;
        let (reads, beside) =
            tokio::try_join!(drive(address, &mut readers, now_and_then), drive(address, &mut logins, storm))?;
        rounds.push(Round {
            raw,
            logins: alone,
            reads_alone,
            reads_beside_logins: reads,
            logins_beside_reads: beside,
        });
    }
    service.stop().await?;
    Ok(vec![login_table(&rounds, threads), reader_table(&rounds)])
}

/// Runs `raw-hash` in a process of its own where the service runs, which is idle meanwhile.
fn hash_only(placement: &Placement, threads: usize, seconds: u32) -> anyhow::Result<RawHashes> {
    let mut command = placement.command(&std::env::current_exe()?);
    command.args(["raw-hash", "--threads", &threads.to_string(), "--seconds", &seconds.to_string()]);
    let output = command.output()?;
    ensure!(output.status.success(), "raw-hash failed: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).context("raw-hash prints JSON")
}

fn login_table(rounds: &[Round], threads: usize) -> Table {
    let of = |figure: fn(&Round) -> f64| Rounds::of(rounds, figure);
    let (raw, login, beside) = (
        of(|round| round.raw.a_second),
        of(|round| round.logins.rate()),
        of(|round| round.logins_beside_reads.rate()),
    );
    let nothing = || "–".to_owned();
    Table {
        title: format!(
            "Logins at {} connections, {threads} hashing thread{}",
            LOGINS_A_THREAD * threads,
            if threads == 1 { "" } else { "s" }
        ),
        columns: vec![
            "what",
            "a second",
            "least – most",
            "p50 ms",
            "p99 ms",
            "server CPU ms each",
            "rate to Argon2 alone",
            "CPU to Argon2 alone",
        ],
        rows: vec![
            vec![
                "Argon2 alone".to_owned(),
                median(&raw),
                range(&raw),
                nothing(),
                nothing(),
                median(&of(|round| 1e3 * round.raw.of_each)),
                "1.00".to_owned(),
                "1.00".to_owned(),
            ],
            vec![
                "`POST /api/v1/auth/login`".to_owned(),
                median(&login),
                range(&login),
                median(&of(|round| 1e3 * round.logins.latency(0.5))),
                median(&of(|round| 1e3 * round.logins.latency(0.99))),
                median(&of(|round| 1e3 * round.logins.of_each())),
                factor(&of(|round| round.logins.rate() / round.raw.a_second)),
                factor(&of(|round| round.logins.of_each() / round.raw.of_each)),
            ],
            vec![
                "the same beside readers".to_owned(),
                median(&beside),
                range(&beside),
                median(&of(|round| 1e3 * round.logins_beside_reads.latency(0.5))),
                median(&of(|round| 1e3 * round.logins_beside_reads.latency(0.99))),
                nothing(),
                factor(&of(|round| round.logins_beside_reads.rate() / round.raw.a_second)),
                nothing(),
            ],
        ],
    }
}

fn reader_table(rounds: &[Round]) -> Table {
    let row = |name: &str, outcome: fn(&Round) -> &Outcome| {
        let p99 = Rounds::of(rounds, |round| 1e3 * outcome(round).latency(0.99));
        vec![
            name.to_owned(),
            median(&Rounds::of(rounds, |round| outcome(round).rate())),
            median(&Rounds::of(rounds, |round| 1e3 * outcome(round).latency(0.5))),
            median(&p99),
            range(&p99),
            factor(&Rounds::of(rounds, |round| {
                outcome(round).latency(0.99) / round.reads_alone.latency(0.99)
            })),
        ]
    };
    Table {
        title: format!(
            "`GET /api/v1/auth/me` by {READERS} readers with a pause of {} ms",
            READING.as_millis()
        ),
        columns: vec!["while", "a second", "p50 ms", "p99 ms", "least – most", "p99 to alone"],
        rows: vec![
            row("nothing else happens", |round| &round.reads_alone),
            row("logins keep all hashing threads busy", |round| &round.reads_beside_logins),
        ],
    }
}
