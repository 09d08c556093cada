//! Calls with a token, beside a handler that does nothing.

use std::process;
use std::time::Duration;

use anyhow::Context as _;

use super::FiguresOptions;
use crate::bare;
use crate::driver::{Caller, Client, Load, Outcome, Repeats, drive};
use crate::http_client::Connection;
use crate::placement::Placement;
use crate::process::{ServerProcess, processor_time};
use crate::report::{Table, factor, median, percent, range};
use crate::rounds::Rounds;
use crate::service::Person;

/// Runs before the first round, so that connections, statements and caches are there.
const WARM_UP: Load = Load { lasts: Duration::from_secs(1), pause: Duration::ZERO };

struct Round {
    bare: Cost,
    me: Cost,
    refresh: Cost,
}

/// What one kind of call cost in one round.
struct Cost {
    outcome: Outcome,
    server: Duration,
    driver: Duration,
}

impl Cost {
    async fn of<C: Caller>(
        server: &ServerProcess,
        clients: &mut [Client<C>],
        load: Load,
    ) -> anyhow::Result<Self> {
        let (server_before, driver_before) = (server.processor_time()?, processor_time(process::id())?);
        let outcome = drive(clients, load).await?;
        Ok(Self {
            outcome,
            server: server.processor_time()?.saturating_sub(server_before),
            driver: processor_time(process::id())?.saturating_sub(driver_before),
        })
    }

    fn server_micros_a_request(&self) -> f64 {
        1e6 * self.server.as_secs_f64() / f64::from(self.outcome.answers)
    }

    /// How much of its core the driver was at work. Near 1 it is the driver that was measured.
    fn driver_share(&self) -> f64 {
        self.driver.as_secs_f64() / self.outcome.took.as_secs_f64()
    }

    fn micros(&self, share: f64) -> f64 {
        1e6 * self.outcome.latencies.quantile(share).as_secs_f64()
    }
}

/// The table of calls.
pub(super) async fn measure(options: &FiguresOptions, placement: &Placement) -> anyhow::Result<Vec<Table>> {
    let connections = options.connections.get();
    let load = Load::without_pause(options.lasts());

    let installation = options.installation()?.with_cheap_hashes();
    let service = installation.start(placement).await?;
    let address = service.address();
    let people = Person::register(address, connections).await?;
    let mut readers = Vec::new();
    for person in &people {
        readers.push(person.reads_profile(address).await?);
    }
    let profile_octets = readers.first().context("there is a connection")?.expected().len();
    let mut me = Client::connect(address, readers).await?;
    let mut refresh = Client::connect(address, people.iter().map(Person::refreshes)).await?;

    let floor = start_bare(placement, profile_octets).await?;
    let mut bare = Client::connect(floor.address(), ask_bare(&floor, connections).await?).await?;

    drive(&mut bare, WARM_UP).await?;
    drive(&mut me, WARM_UP).await?;
    drive(&mut refresh, WARM_UP).await?;
    let mut rounds = Vec::new();
    for _ in 0..options.rounds.get() {
        rounds.push(Round {
            bare: Cost::of(&floor, &mut bare, load).await?,
            me: Cost::of(&service, &mut me, load).await?,
            refresh: Cost::of(&service, &mut refresh, load).await?,
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
        let rate = of(&|cost| cost.outcome.rate());
        vec![
            name.to_owned(),
            median(&rate),
            range(&rate),
            median(&of(&|cost| cost.micros(0.5))),
            median(&of(&|cost| cost.micros(0.99))),
            median(&of(&Cost::server_micros_a_request)),
            factor(&to_bare(&|cost| cost.outcome.rate())),
            factor(&to_bare(&Cost::server_micros_a_request)),
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
    }
}
