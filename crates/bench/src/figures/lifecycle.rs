//! From start to end: how soon the service answers, and how much memory it takes on the way.

use std::time::Duration;

use tokio::time::sleep;

use crate::driver::{Load, drive};
use crate::measuring::Measuring;
use crate::people::{LOGINS_A_THREAD, Person};
use crate::placement::Placement;
use crate::process::Memory;
use crate::report::{Table, grouped, median, number, range};
use crate::rounds::Rounds;

/// How long a service that just started is left alone before it counts as idle.
const IDLE: Duration = Duration::from_secs(5);
/// How long it is left alone after its load.
const REST: Duration = Duration::from_secs(10);

/// How many requests count as many: half of them `GET /me`, half of them refreshes.
const REQUESTS: u32 = 100_000;

struct Life {
    ready_when_empty: Duration,
    ready_with_data: Duration,
    at_ready: Memory,
    when_idle: Memory,
    after_requests: Memory,
    after_logins: Memory,
    after_rest: Memory,
}

/// The tables of starts, of memory and of the size of the program.
pub(super) async fn measure(measuring: &Measuring) -> anyhow::Result<Vec<Table>> {
    let mut lives = Vec::new();
    for _ in 0..measuring.rounds.get() {
        lives.push(live(measuring).await?);
    }
    Ok(vec![starts(&lives), memory(&lives), size(measuring)?])
}

async fn live(measuring: &Measuring) -> anyhow::Result<Life> {
    let installation = measuring.installation()?;
    let placement = Placement::Anywhere;
    let load = Load::without_pause(measuring.lasts());

    let server = installation.start(&placement).await?;
    let ready_when_empty = server.ready_after();
    let people = Person::register(server.address(), measuring.connections.get()).await?;
    server.stop().await?;

    let server = installation.start(&placement).await?;
    let (ready_with_data, at_ready) = (server.ready_after(), server.memory()?);
    sleep(IDLE).await;
    let when_idle = server.memory()?;

    let address = server.address();
    let mut readers = Vec::new();
    for person in &people {
        readers.push(person.reads_profile(address).await?);
    }
    let half = Load::of(REQUESTS / 2);
    drive(address, &mut readers, half).await?;
    drive(address, &mut people.iter().map(Person::refreshes).collect::<Vec<_>>(), half).await?;
    let after_requests = server.memory()?;
    let enough = LOGINS_A_THREAD * placement.server_cores()?;
    let mut logins: Vec<_> = people.iter().take(enough).map(Person::signs_in).collect();
    drive(address, &mut logins, load).await?;
    let after_logins = server.memory()?;
    sleep(REST).await;
    let after_rest = server.memory()?;
    server.stop().await?;
    Ok(Life {
        ready_when_empty,
        ready_with_data,
        at_ready,
        when_idle,
        after_requests,
        after_logins,
        after_rest,
    })
}

fn size(measuring: &Measuring) -> anyhow::Result<Table> {
    let octets = measuring.installation()?.program_size()?;
    let mebibytes = f64::from(u32::try_from(octets >> 10)?) / 1_024.0;
    Ok(Table {
        title: "Size".to_owned(),
        columns: vec!["what", "MiB"],
        rows: vec![vec!["program, all in one file".to_owned(), number(mebibytes)]],
        plot: None,
    })
}

fn starts(lives: &[Life]) -> Table {
    let row = |name: &str, start: fn(&Life) -> Duration| {
        let millis = Rounds::of(lives, |life| 1_000.0 * start(life).as_secs_f64());
        vec![name.to_owned(), median(&millis), range(&millis)]
    };
    Table {
        title: "From start to ready".to_owned(),
        columns: vec!["data folder", "ms", "least – most"],
        rows: vec![
            row("with a database", |life| life.ready_with_data),
            row("empty: makes database and keys", |life| life.ready_when_empty),
        ],
        plot: None,
    }
}

fn memory(lives: &[Life]) -> Table {
    let row = |name: String, memory: fn(&Life) -> Memory| {
        let mebibytes =
            |part: fn(Memory) -> u32| Rounds::of(lives, |life| f64::from(part(memory(life))) / 1_024.0);
        let resident = mebibytes(|memory| memory.resident_kib);
        let anonymous = mebibytes(|memory| memory.anonymous_kib);
        vec![name, median(&resident), range(&resident), median(&anonymous)]
    };
    Table {
        title: "Memory".to_owned(),
        columns: vec!["when", "resident MiB", "least – most", "of which anonymous"],
        rows: vec![
            row("ready".to_owned(), |life| life.at_ready),
            row(format!("idle for {} s", IDLE.as_secs()), |life| life.when_idle),
            row(format!("after {} requests", grouped(REQUESTS.into())), |life| life.after_requests),
            row("after logins".to_owned(), |life| life.after_logins),
            row(format!("{} s later", REST.as_secs()), |life| life.after_rest),
        ],
        plot: None,
    }
}
