//! People who call now and then while something else goes on, and what they notice of it.

use std::net::SocketAddr;
use std::time::Duration;

use crate::driver::{Load, Outcome, Repeats, drive};
use crate::people::{Person, Refreshing};
use crate::plot::{Bars, BarsPanel, Group, Plot};
use crate::report::{Table, factor, median, range};
use crate::rounds::Rounds;
use crate::scale::Store;

/// People who look at their profile, and as many who refresh their session.
pub(crate) const OTHERS: usize = 8;
/// How long they look at it.
const PAUSE: Duration = Duration::from_millis(10);

/// Who calls now and then.
pub(crate) struct Others {
    readers: Vec<Repeats>,
    refreshing: Vec<Refreshing>,
}

/// What became of their calls in one situation.
pub(crate) struct Met {
    reads: Outcome,
    refreshes: Outcome,
}

impl Others {
    /// Twice [`OTHERS`] of these people, who do nothing else.
    pub(crate) async fn of(
        people: impl IntoIterator<Item = &Person>,
        address: SocketAddr,
    ) -> anyhow::Result<Self> {
        let (mut readers, mut refreshing) = (Vec::new(), Vec::new());
        for person in people {
            if readers.len() < OTHERS {
                readers.push(person.reads_profile(address).await?);
            } else if refreshing.len() < OTHERS {
                refreshing.push(person.refreshes());
            }
        }
        Ok(Self { readers, refreshing })
    }

    /// Lets them call for a while.
    pub(crate) async fn call(&mut self, address: SocketAddr, lasts: Duration) -> anyhow::Result<Met> {
        let now_and_then = Load { pause: PAUSE, ..Load::without_pause(lasts) };
        let (reads, refreshes) = tokio::try_join!(
            drive(address, &mut self.readers, now_and_then),
            drive(address, &mut self.refreshing, now_and_then),
        )?;
        Ok(Met { reads, refreshes })
    }
}

/// What they met with on one store, round by round, in situations of which the first is that nothing else went on.
pub(crate) struct OnStore<'a> {
    store: String,
    situations: Vec<Situation<'a>>,
}

/// What they met with in each round.
struct Situation<'a> {
    name: &'static str,
    rounds: Vec<&'a Met>,
}

/// What they met with in one situation of a round.
pub(crate) type InRound<Round> = fn(&Round) -> &Met;

/// Which plot they make.
pub(crate) struct Subject {
    pub(crate) file: &'static str,
    pub(crate) title: &'static str,
    /// When the calls were made.
    pub(crate) during: &'static str,
}

/// What became of one kind of their calls.
type OfKind = fn(&Met) -> &Outcome;

const KINDS: [(&str, OfKind); 2] =
    [("`GET /api/v1/auth/me`", |met| &met.reads), ("`POST /api/v1/auth/refresh`", |met| &met.refreshes)];

/// The table of what they met with.
pub(crate) fn table(subject: &Subject, measured: &[OnStore<'_>]) -> anyhow::Result<Table> {
    let mut rows = Vec::new();
    for (call, kind) in KINDS {
        for on_store in measured {
            rows.extend(on_store.rows(call, kind));
        }
    }
    Ok(Table {
        title: format!(
            "Other calls {}, by {OTHERS} readers and {OTHERS} who refresh, with a pause of {} ms",
            subject.during,
            PAUSE.as_millis()
        ),
        columns: vec![
            "call",
            "store",
            "while",
            "a second",
            "p50 ms",
            "p99 ms",
            "least – most",
            "p99 to alone",
        ],
        rows,
        plot: Some(plot(subject, measured)?),
    })
}

impl<'a> OnStore<'a> {
    /// What they met with in these rounds, in each of these situations.
    pub(crate) fn of<Round>(
        store: Store,
        rounds: &'a [Round],
        situations: &[(&'static str, InRound<Round>)],
    ) -> Self {
        let situation = |&(name, met): &(&'static str, InRound<Round>)| Situation {
            name,
            rounds: rounds.iter().map(met).collect(),
        };
        Self { store: store.to_string(), situations: situations.iter().map(situation).collect() }
    }

    fn rows(&self, call: &str, kind: OfKind) -> Vec<Vec<String>> {
        let Some(alone) = self.situations.first() else { return Vec::new() };
        let row = |situation: &Situation<'_>| {
            let p99 = situation.latency(kind, 0.99);
            let both: Vec<_> = situation.rounds.iter().zip(&alone.rounds).collect();
            let to_alone =
                Rounds::of(&both, |(met, alone)| kind(met).latency(0.99) / kind(alone).latency(0.99));
            vec![
                call.to_owned(),
                self.store.clone(),
                situation.name.to_owned(),
                median(&Rounds::of(&situation.rounds, |met| kind(met).rate())),
                median(&situation.latency(kind, 0.5)),
                median(&p99),
                range(&p99),
                factor(&to_alone),
            ]
        };
        self.situations.iter().map(row).collect()
    }
}

impl Situation<'_> {
    /// The milliseconds within which `share` of the answers came.
    fn latency(&self, kind: OfKind, share: f64) -> Rounds {
        Rounds::of(&self.rounds, |met| 1e3 * kind(met).latency(share))
    }
}

fn plot(subject: &Subject, measured: &[OnStore<'_>]) -> anyhow::Result<Plot> {
    let panel = |call: &str, kind: OfKind, OnStore { store, situations }: &OnStore<'_>| BarsPanel {
        title: format!("{}, {store}", call.replace(['`'], "").replace("/api/v1", "")),
        unit: "ms",
        level: None,
        groups: situations
            .iter()
            .map(|situation| Group {
                name: situation.name.to_owned(),
                values: [0.5, 0.99].map(|share| situation.latency(kind, share).median()).to_vec(),
            })
            .collect(),
    };
    let mut panels = Vec::new();
    for (call, kind) in KINDS {
        panels.extend(measured.iter().map(|on_store| panel(call, kind, on_store)));
    }
    let series = ["half of the answers came within (p50)", "99 in 100 came within (p99)"];
    let bars = Bars {
        name: subject.file,
        title: subject.title.to_owned(),
        series: series.map(str::to_owned).to_vec(),
        panels,
    };
    bars.plot()
}
