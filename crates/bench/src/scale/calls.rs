//! The calls, to each of the services in turn.

use std::net::SocketAddr;

use anyhow::Context as _;

use super::databases::{Database, Regular, Store};
use super::round_trips::RoundTrips;
use crate::cost::Cost;
use crate::driver::{Caller, Load, Turns, WARM_UP, drive};
use crate::hashing::Hashing;
use crate::measuring::Measuring;
use crate::people::{LOGINS_A_THREAD, Registering, SigningIn};
use crate::placement::Placement;
use crate::plot::{Lines, LinesPanel, Plot};
use crate::process::ServerProcess;
use crate::progress::note;
use crate::report::{Table, factor, median, range};
use crate::rounds::Rounds;

/// What is asked of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    ReadProfile,
    ListUsers,
    /// By what begins few names.
    FindFew,
    /// By what begins many names.
    FindMany,
    Refresh,
    SignIn,
    Register,
}

pub(super) type AnyCaller = Box<dyn Caller>;

pub(super) fn boxed(caller: impl Caller + 'static) -> AnyCaller {
    Box::new(caller)
}

impl Call {
    pub(super) const ALL: [Self; 7] = [
        Self::ReadProfile,
        Self::ListUsers,
        Self::FindFew,
        Self::FindMany,
        Self::Refresh,
        Self::SignIn,
        Self::Register,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::ReadProfile => "`GET /api/v1/auth/me`",
            Self::ListUsers => "`GET /api/v1/users`",
            Self::FindFew => "`GET /api/v1/users?q=` of few",
            Self::FindMany => "`GET /api/v1/users?q=` of many",
            Self::Refresh => "`POST /api/v1/auth/refresh`",
            Self::SignIn => "`POST /api/v1/auth/login`",
            Self::Register => "`POST /api/v1/auth/register`",
        }
    }

    /// Everybody who can call this: of `regulars` where a session is needed, and else of all other people in
    /// the database, so many of them at least. Who registers is of a family whose name begins with `occasion`.
    pub(super) async fn callers(
        self,
        database: &Database,
        regulars: &[Regular],
        hashing: Hashing,
        address: SocketAddr,
        (occasion, at_least): (&str, usize),
    ) -> anyhow::Result<Vec<AnyCaller>> {
        Ok(match self {
            Self::ReadProfile => {
                let mut callers = Vec::new();
                for regular in regulars {
                    callers.push(boxed(regular.person.reads_profile(address).await?));
                }
                callers
            }
            Self::ListUsers => database.listings([String::new()], at_least)?,
            Self::FindFew => {
                let people = regulars.iter().map(|regular| regular.account.user.email.canonical_local_part());
                database.listings(people.map(|name| format!("?q={name}")), at_least)?
            }
            Self::FindMany => {
                let beginnings = ["jo", "ma", "sa", "st", "da", "em", "fe", "gr"];
                database.listings(beginnings.map(|beginning| format!("?q={beginning}")), at_least)?
            }
            Self::Refresh => regulars.iter().map(|regular| boxed(regular.person.refreshes())).collect(),
            Self::SignIn => {
                database.addresses(hashing).iter().map(|address| boxed(SigningIn::of(address))).collect()
            }
            Self::Register => {
                (0..at_least).map(|family| boxed(Registering::of(format!("{occasion}.{family}")))).collect()
            }
        })
    }
}

/// Calls that are measured by turns, by services that hash in one way.
struct Stage {
    hashing: Hashing,
    calls: &'static [Call],
    occasion: &'static str,
}

/// Registrations come last, and those that are slow before those that are quick: they make few users more.
const STAGES: [Stage; 4] = [
    Stage {
        hashing: Hashing::Cheapest,
        calls: &[
            Call::ReadProfile,
            Call::ListUsers,
            Call::FindFew,
            Call::FindMany,
            Call::Refresh,
            Call::SignIn,
        ],
        occasion: "unused",
    },
    Stage { hashing: Hashing::Usual, calls: &[Call::SignIn], occasion: "unused" },
    Stage { hashing: Hashing::Usual, calls: &[Call::Register], occasion: "slow" },
    Stage { hashing: Hashing::Cheapest, calls: &[Call::Register], occasion: "quick" },
];

/// One kind of call, to all services.
pub(super) struct Measured {
    call: Call,
    hashing: Hashing,
    connections: usize,
    /// Of each round, by database.
    rounds: Vec<Vec<Cost>>,
}

/// Measures every stage.
pub(super) async fn measure(
    measuring: &Measuring,
    placement: &Placement,
    databases: &mut [Database],
) -> anyhow::Result<Vec<Measured>> {
    let mut measured = Vec::new();
    for stage in STAGES {
        for database in databases.iter_mut() {
            database.installation.set("PORTCULLIS_ARGON2", stage.hashing.settings());
        }
        measured.extend(stage.measure(measuring, placement, databases).await?);
    }
    Ok(measured)
}

/// Who calls one service.
type Crowd = Vec<Turns<AnyCaller>>;

impl Stage {
    async fn measure(
        &self,
        measuring: &Measuring,
        placement: &Placement,
        databases: &[Database],
    ) -> anyhow::Result<Vec<Measured>> {
        let connections = match self.hashing {
            Hashing::Usual => LOGINS_A_THREAD * placement.server_cores()?,
            Hashing::Cheapest => measuring.connections.get(),
        };
        let mut servers = Vec::new();
        for database in databases {
            servers.push(database.installation.start(placement).await?);
        }
        let mut measured = Vec::new();
        let mut crowds = Vec::new();
        for &call in self.calls {
            let of_call = self.gather(call, connections, databases, &servers).await?;
            crowds.push(of_call);
            measured.push(Measured { call, hashing: self.hashing, connections, rounds: Vec::new() });
        }
        let load = Load::without_pause(measuring.lasts());
        for round in 1..=measuring.rounds.get() {
            note(&format!("{:?} hashes, {:?}: round {round}", self.hashing, self.calls));
            for (measured, crowds) in measured.iter_mut().zip(&mut crowds) {
                let mut costs = Vec::new();
                for ((database, server), crowd) in databases.iter().zip(&servers).zip(crowds) {
                    database.have_at_hand().await?;
                    costs.push(Cost::measure(server, database.processes, crowd, load).await?);
                    server.settle().await?;
                }
                measured.rounds.push(costs);
            }
        }
        for server in servers {
            server.stop().await?;
        }
        Ok(measured)
    }

    /// Who makes a call, for each of the services, which they have called already for a while.
    async fn gather(
        &self,
        call: Call,
        connections: usize,
        databases: &[Database],
        servers: &[ServerProcess],
    ) -> anyhow::Result<Vec<Crowd>> {
        let mut crowds = Vec::new();
        for (database, server) in databases.iter().zip(servers) {
            let (regulars, these) = (&database.regulars, (self.occasion, connections));
            let callers = call.callers(database, regulars, self.hashing, server.address(), these).await?;
            let mut crowd = Turns::deal(callers, connections)?;
            drive(server.address(), &mut crowd, WARM_UP).await.with_context(|| {
                format!("{}, {}, {} users", call.name(), database.store, database.users())
            })?;
            server.settle().await?;
            crowds.push(crowd);
        }
        Ok(crowds)
    }
}

/// One table for the calls that are about the store, and one for those that are about Argon2.
pub(super) fn tables(
    measured: &[Measured],
    databases: &[Database],
    trips: &[RoundTrips],
) -> anyhow::Result<Vec<Table>> {
    [Hashing::Cheapest, Hashing::Usual]
        .into_iter()
        .map(|hashing| {
            let measured: Vec<_> = measured.iter().filter(|measured| measured.hashing == hashing).collect();
            let connections = measured.first().map_or(0, |measured| measured.connections);
            let (kind, plot) = match hashing {
                Hashing::Cheapest => ("Argon2 at its cheapest", growth(&measured, databases)?),
                Hashing::Usual => ("Argon2 as delivered", None),
            };
            let rows = measured.iter().flat_map(|measured| measured.rows(databases, trips));
            Ok(Table {
                title: format!("Calls at {connections} connections, {kind}"),
                columns: vec![
                    "call",
                    "store",
                    "users",
                    "a second",
                    "least – most",
                    "p50 ms",
                    "p99 ms",
                    "service CPU µs each",
                    "PostgreSQL CPU µs each",
                    "rate to fewest users",
                    "CPU to fewest users",
                    "rate to SQLite",
                    "round trips",
                ],
                rows: rows.collect(),
                plot,
            })
        })
        .collect()
}

/// What becomes of each call as users become more, where there are databases of several sizes.
fn growth(measured: &[&Measured], databases: &[Database]) -> anyhow::Result<Option<Plot>> {
    if databases.len() <= Store::ALL.len() {
        return Ok(None);
    }
    let panel = |what: &str, store: Store, figure: fn(&Cost) -> f64| {
        let of_store = || databases.iter().enumerate().filter(move |(_, database)| database.store == store);
        let line = |measured: &&Measured| {
            let point = |(index, database): (usize, &Database)| {
                let to_fewest = measured.to(index, Database::small_beside(index), figure);
                (f64::from(database.population.size()), to_fewest.median())
            };
            of_store().map(point).collect()
        };
        LinesPanel {
            title: format!("{what}, {store}"),
            x_unit: "users",
            y_unit: "times that among the fewest",
            lines: measured.iter().map(line).collect(),
        }
    };
    let mut panels = Vec::new();
    for store in Store::ALL {
        panels.push(panel("Rate", store, Cost::rate));
    }
    panels.push(panel("Processor time of a call", Store::Sqlite, Cost::of_each));
    panels.push(panel("Processor time of service and database", Store::Postgres, Cost::of_both_each));
    let lines = Lines {
        name: "growth",
        title: "Calls as users become more".to_owned(),
        series: measured.iter().map(|measured| measured.call.name().replace('`', "")).collect(),
        panels,
    };
    lines.plot().map(Some)
}

impl Measured {
    /// A figure of one database for that of another.
    fn to(&self, index: usize, other: usize, figure: fn(&Cost) -> f64) -> Rounds {
        Rounds::of(&self.rounds, |round| figure(&round[index]) / figure(&round[other]))
    }

    /// One for each database.
    fn rows(&self, databases: &[Database], trips: &[RoundTrips]) -> Vec<Vec<String>> {
        let row = |(index, database): (usize, &Database)| {
            let of = |figure: &dyn Fn(&Cost) -> f64| Rounds::of(&self.rounds, |round| figure(&round[index]));
            let to = |other: usize, figure: fn(&Cost) -> f64| factor(&self.to(index, other, figure));
            let fewest = Database::small_beside(index);
            let trips = trips.iter().find(|trips| trips.call == self.call);
            let rate = of(&Cost::rate);
            vec![
                self.call.name().to_owned(),
                database.store.to_string(),
                database.users(),
                median(&rate),
                range(&rate),
                median(&of(&|cost| 1e3 * cost.latency(0.5))),
                median(&of(&|cost| 1e3 * cost.latency(0.99))),
                median(&of(&|cost| 1e6 * cost.of_each())),
                match database.store {
                    Store::Sqlite => "–".to_owned(),
                    Store::Postgres => median(&of(&|cost| 1e6 * cost.of_database_each())),
                },
                to(fewest, Cost::rate),
                to(fewest, Cost::of_both_each),
                to(Database::on_sqlite_beside(index), Cost::rate),
                match (database.store, trips) {
                    (Store::Postgres, Some(trips)) => trips.waited_for.to_string(),
                    _ => "–".to_owned(),
                },
            ]
        };
        databases.iter().enumerate().map(row).collect()
    }
}
