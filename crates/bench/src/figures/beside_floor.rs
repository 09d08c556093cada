//! Calls beside the least program that gives the same guarantees, on both stores.

use std::net::SocketAddr;
use std::path::Path;

use portcullis_throwaway_postgres::{Cluster, run};
use tempfile::TempDir;

use crate::cost::Cost;
use crate::driver::{Caller, Load, WARM_UP, drive};
use crate::hashing::Hashing;
use crate::measuring::Measuring;
use crate::people::{Person, Registering};
use crate::placement::Placement;
use crate::plot::{Bars, BarsPanel, Group, Plot};
use crate::process::ServerProcess;
use crate::report::{Table, factor, median, range, short};
use crate::rounds::Rounds;
use crate::scale::Store;

/// How many clients call at the same time when many do.
const CROWD: usize = 64;

/// A kind of call by so many clients, to the floor and to the service.
struct Pair {
    call: &'static str,
    floor: Callers,
    service: Callers,
    rounds: Vec<[Cost; 2]>,
}

type Callers = Vec<Box<dyn Caller>>;

/// The table of calls beside the floor.
pub(super) async fn measure(
    measuring: &Measuring,
    placement: &Placement,
    cluster: &Cluster,
) -> anyhow::Result<Vec<Table>> {
    let mut measured = Vec::new();
    for store in Store::ALL {
        measured.push((store, pairs(store, measuring, placement, cluster).await?));
    }
    let rows = measured.iter().flat_map(|(store, pairs)| pairs.iter().map(|pair| pair.row(*store)));
    Ok(vec![Table {
        title: "Calls beside the floor".to_owned(),
        columns: vec![
            "call",
            "store",
            "connections",
            "floor a second",
            "service a second",
            "least – most",
            "floor CPU µs each",
            "service CPU µs each",
            "PostgreSQL CPU µs each, for the floor",
            "for the service",
            "rate to floor",
            "CPU to floor",
            "with PostgreSQL's",
        ],
        rows: rows.collect(),
        plot: Some(plot(&measured)?),
    }])
}

/// How often and at what cost, on each store, with the floor at one.
fn plot(measured: &[(Store, Vec<Pair>)]) -> anyhow::Result<Plot> {
    let panel = |title: &str, unit, figure: fn(&Cost) -> f64| {
        let pairs = measured.first().map_or_else(Vec::new, |(_, pairs)| pairs.iter().collect());
        let groups = pairs.into_iter().enumerate().map(|(index, pair)| Group {
            name: format!("{} ×{}", short(pair.call), pair.service.len()),
            values: measured.iter().map(|(_, pairs)| pairs[index].to_floor(figure).median()).collect(),
        });
        BarsPanel { title: title.to_owned(), unit, level: Some(1.0), groups: groups.collect() }
    };
    let bars = Bars {
        name: "beside-the-floor",
        title: "Calls beside the floor, by so many clients".to_owned(),
        series: measured.iter().map(|(store, _)| store.to_string()).collect(),
        panels: vec![
            panel("Rate: more is better", "times that of the floor", Cost::rate),
            panel(
                "Processor time of service and database: less is better",
                "times that of the floor",
                Cost::of_both_each,
            ),
        ],
    };
    bars.plot()
}

async fn pairs(
    store: Store,
    measuring: &Measuring,
    placement: &Placement,
    cluster: &Cluster,
) -> anyhow::Result<Vec<Pair>> {
    let installation = measuring.installation()?.with("PORTCULLIS_ARGON2", Hashing::Cheapest.settings());
    let (_, installation) = store.prepare(installation, cluster, "beside_the_floor").await?;
    let service = installation.start(placement).await?;
    let folder = TempDir::new_in(measuring.folder())?;
    let floor = start_floor(store, placement, cluster, folder.path()).await?;

    let mut pairs = pair_up(&floor, &service, measuring.connections.get()).await?;
    let database = store.processes(cluster);
    let load = Load::without_pause(measuring.lasts());
    for round in 0..=measuring.rounds.get() {
        for pair in &mut pairs {
            if round == 0 {
                drive(floor.address(), &mut pair.floor, WARM_UP).await?;
                drive(service.address(), &mut pair.service, WARM_UP).await?;
            } else {
                let of_floor = Cost::measure(&floor, database, &mut pair.floor, load).await?;
                let of_service = Cost::measure(&service, database, &mut pair.service, load).await?;
                pair.rounds.push([of_floor, of_service]);
            }
            service.settle().await?;
        }
    }
    floor.stop().await?;
    service.stop().await?;
    Ok(pairs)
}

/// Starts the floor on an empty database.
async fn start_floor(
    store: Store,
    placement: &Placement,
    cluster: &Cluster,
    folder: &Path,
) -> anyhow::Result<ServerProcess> {
    let url = match store {
        Store::Sqlite => format!("sqlite://{}", folder.join("floor.db").display()),
        Store::Postgres => {
            run(&cluster.url("postgres"), "CREATE DATABASE floor").await;
            cluster.url("floor")
        }
    };
    let workers = placement.server_cores()?.to_string();
    let mut command = placement.command(&std::env::current_exe()?);
    command.args(["floor", "--database-url", &url, "--workers", &workers, "--hashing-threads", &workers]);
    command.args(["--memory-kib", "8", "--passes", "1"]);
    ServerProcess::start(command).await
}

/// The same people with the same calls, at both.
async fn pair_up(
    floor: &ServerProcess,
    service: &ServerProcess,
    connections: usize,
) -> anyhow::Result<Vec<Pair>> {
    let (of_floor, of_service) = (callers(floor, connections).await?, callers(service, connections).await?);
    let pair = |(of_floor, of_service): ((&'static str, Callers), (&'static str, Callers))| Pair {
        call: of_floor.0,
        floor: of_floor.1,
        service: of_service.1,
        rounds: Vec::new(),
    };
    Ok(of_floor.into_iter().zip(of_service).map(pair).collect())
}

/// Who makes each kind of call: `few` clients, and for what clients do most a crowd of them.
async fn callers(server: &ServerProcess, few: usize) -> anyhow::Result<Vec<(&'static str, Callers)>> {
    let address = server.address();
    let people = Person::register(address, few.max(CROWD) + CROWD + few).await?;
    // A login shows in the profile, which is compared to the octet; and of two who spend the tokens of one
    // session, one has none that is good.
    let (readers, others) = people.split_at(few.max(CROWD));
    let (crowd, few_others) = others.split_at(CROWD);
    let refreshing = |people: &[Person]| -> Callers {
        people.iter().map(|person| -> Box<dyn Caller> { Box::new(person.refreshes()) }).collect()
    };
    let signing_in = few_others.iter().map(|person| -> Box<dyn Caller> { Box::new(person.signs_in()) });
    let newcomers =
        (0..few).map(|family| -> Box<dyn Caller> { Box::new(Registering::of(format!("newcomer{family}"))) });
    let me = "`GET /api/v1/auth/me`";
    let refresh = "`POST /api/v1/auth/refresh`";
    Ok(vec![
        (me, reading(&readers[..few], address).await?),
        (me, reading(&readers[..CROWD], address).await?),
        (refresh, refreshing(few_others)),
        (refresh, refreshing(crowd)),
        ("`POST /api/v1/auth/login`", signing_in.collect()),
        ("`POST /api/v1/auth/register`", newcomers.collect()),
    ])
}

async fn reading(people: &[Person], address: SocketAddr) -> anyhow::Result<Callers> {
    let mut readers: Callers = Vec::new();
    for person in people {
        readers.push(Box::new(person.reads_profile(address).await?));
    }
    Ok(readers)
}

impl Pair {
    fn to_floor(&self, figure: fn(&Cost) -> f64) -> Rounds {
        Rounds::of(&self.rounds, |[floor, service]| figure(service) / figure(floor))
    }

    fn row(&self, store: Store) -> Vec<String> {
        let floor = |figure: fn(&Cost) -> f64| Rounds::of(&self.rounds, |[floor, _]| figure(floor));
        let service = |figure: fn(&Cost) -> f64| Rounds::of(&self.rounds, |[_, service]| figure(service));
        let micros = |cost: &Cost| 1e6 * cost.of_each();
        let rate = service(Cost::rate);
        let of_database = |cost: &Cost| 1e6 * cost.of_database_each();
        let on_postgres = |figure: String| if store == Store::Postgres { figure } else { "–".to_owned() };
        vec![
            self.call.to_owned(),
            store.to_string(),
            self.service.len().to_string(),
            median(&floor(Cost::rate)),
            median(&rate),
            range(&rate),
            median(&floor(micros)),
            median(&service(micros)),
            on_postgres(median(&floor(of_database))),
            on_postgres(median(&service(of_database))),
            factor(&self.to_floor(Cost::rate)),
            factor(&self.to_floor(Cost::of_each)),
            factor(&self.to_floor(Cost::of_both_each)),
        ]
    }
}
