//! Logins beside nothing but hashing.

use anyhow::{Context as _, ensure};

use crate::cost::Cost;
use crate::driver::Load;
use crate::measuring::Measuring;
use crate::people::{LOGINS_A_THREAD, Person};
use crate::placement::Placement;
use crate::raw_hash::RawHashes;
use crate::report::{Table, factor, median, range};
use crate::rounds::Rounds;

struct Round {
    raw: RawHashes,
    logins: Cost,
}

/// The table of logins.
pub(super) async fn measure(measuring: &Measuring, placement: &Placement) -> anyhow::Result<Vec<Table>> {
    let threads = placement.server_cores()?;
    let installation = measuring.installation()?.with("PORTCULLIS_HASHING_THREADS", threads.to_string());
    let service = installation.start(placement).await?;
    let address = service.address();

    let people = Person::register(address, LOGINS_A_THREAD * threads).await?;
    let mut logins: Vec<_> = people.iter().map(Person::signs_in).collect();

    let storm = Load::without_pause(measuring.lasts());
    let mut rounds = Vec::new();
    for _ in 0..measuring.rounds.get() {
        let raw = hash_only(placement, threads, measuring.seconds)?;
        let logins = Cost::measure(&service, None, &mut logins, storm).await?;
        rounds.push(Round { raw, logins });
    }
    service.stop().await?;
    Ok(vec![login_table(&rounds, threads)])
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
    let (raw, login) = (of(|round| round.raw.a_second), of(|round| round.logins.rate()));
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
        ],
        plot: None,
    }
}
