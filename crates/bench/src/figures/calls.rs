//! Calls with a token, beside a handler that does nothing.

use anyhow::Context as _;

use crate::bare;
use crate::cost::Cost;
use crate::driver::{Load, Repeats, WARM_UP, drive};
use crate::hashing::Hashing;
use crate::http_client::Connection;
use crate::measuring::Measuring;
use crate::people::Person;
use crate::placement::Placement;
use crate::process::ServerProcess;
use crate::report::{Table, factor, median, percent, range};
use crate::rounds::Rounds;

struct Round {
    bare: Cost,
    me: Cost,
    refresh: Cost,
}

/// The table of calls.
pub(super) async fn measure(measuring: &Measuring, placement: &Placement) -> anyhow::Result<Vec<Table>> {
    let connections = measuring.connections.get();
    let load = Load::without_pause(measuring.lasts());

    let installation = measuring.installation()?.with("PORTCULLIS_ARGON2", Hashing::Cheapest.settings());
    let service = installation.start(placement).await?;
    let address = service.address();
    let people = Person::register(address, connections).await?;
    let mut me = Vec::new();
    for person in &people {
        me.push(person.reads_profile(address).await?);
    }
    let mut refresh: Vec<_> = people.iter().map(Person::refreshes).collect();
    let profile_octets = me.first().context("there is a connection")?.expected().len();

    let floor = start_bare(placement, profile_octets).await?;
    let mut bare = ask_bare(&floor, connections).await?;

    drive(floor.address(), &mut bare, WARM_UP).await?;
    drive(address, &mut me, WARM_UP).await?;
    drive(address, &mut refresh, WARM_UP).await?;
    let mut rounds = Vec::new();
    for _ in 0..measuring.rounds.get() {
        rounds.push(Round {
            bare: Cost::measure(&floor, None, &mut bare, load).await?,
            me: Cost::measure(&service, None, &mut me, load).await?,
            refresh: Cost::measure(&service, None, &mut refresh, load).await?,
        });
    }
    service.stop().await?;
    Ok(vec![table(&rounds, connections)])
}

async fn start_bare(placement: &Placement, octets: usize) -> anyhow::Result<ServerProcess> {
    let mut command = placement.command(&std::env::current_exe()?);
    command.args(["bare", "--octets", &octets.to_string()]);
    ServerProcess::start(command).await
}

async fn ask_bare(floor: &ServerProcess, connections: usize) -> anyhow::Result<Vec<Repeats>> {
    let mut connection = Connection::open(floor.address()).await?;
    let mut callers = Vec::new();
    for _ in 0..connections {
        callers.push(Repeats::learn(&mut connection, bare::request()).await?);
    }
    Ok(callers)
}

fn table(rounds: &[Round], connections: usize) -> Table {
    let row = |name: &str, cost: fn(&Round) -> &Cost| {
        let of = |figure: &dyn Fn(&Cost) -> f64| Rounds::of(rounds, |round| figure(cost(round)));
        let to_bare = |figure: &dyn Fn(&Cost) -> f64| {
            Rounds::of(rounds, |round| figure(cost(round)) / figure(&round.bare))
        };
        let rate = of(&Cost::rate);
        vec![
            name.to_owned(),
            median(&rate),
            range(&rate),
            median(&of(&|cost| 1e6 * cost.latency(0.5))),
            median(&of(&|cost| 1e6 * cost.latency(0.99))),
            median(&of(&|cost| 1e6 * cost.of_each())),
            factor(&to_bare(&Cost::rate)),
            factor(&to_bare(&Cost::of_each)),
            percent(&of(&Cost::driver_share)),
        ]
    };
    Table {
        title: format!("Calls at {connections} connections"),
        columns: vec![
            "call",
            "a second",
            "least – most",
            "p50 µs",
            "p99 µs",
            "server CPU µs each",
            "rate to bare",
            "CPU to bare",
            "driver busy",
        ],
        rows: vec![
            row("bare handler", |round| &round.bare),
            row("`GET /api/v1/auth/me`", |round| &round.me),
            row("`POST /api/v1/auth/refresh`", |round| &round.refresh),
        ],
        plot: None,
    }
}
