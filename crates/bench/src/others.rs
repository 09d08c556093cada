//! People who call now and then while something else goes on, and what they notice of it.

use std::net::SocketAddr;
use std::time::Duration;

use crate::driver::{Load, Outcome, Repeats, drive};
use crate::people::{Person, Refreshing};
use crate::report::{Table, factor, median, range};
use crate::rounds::Rounds;

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
        let now_and_then = Load { lasts, pause: PAUSE };
        let (reads, refreshes) = tokio::try_join!(
            drive(address, &mut self.readers, now_and_then),
            drive(address, &mut self.refreshing, now_and_then),
        )?;
        Ok(Met { reads, refreshes })
    }
}

/// What they met with on one store, round by round, in a situation and when nothing else went on.
pub(crate) struct Situation<'a> {
    pub(crate) store: String,
    pub(crate) name: &'static str,
    pub(crate) rounds: Vec<Beside<'a>>,
}

/// One round.
pub(crate) struct Beside<'a> {
    pub(crate) met: &'a Met,
    pub(crate) alone: &'a Met,
}

/// The table of what they met with.
pub(crate) fn table(while_what: &str, situations: &[Situation<'_>]) -> Table {
    let kinds: [(&str, fn(&Met) -> &Outcome); 2] =
        [("`GET /api/v1/auth/me`", |met| &met.reads), ("`POST /api/v1/auth/refresh`", |met| &met.refreshes)];
    let row = |call: &str, kind: fn(&Met) -> &Outcome, situation: &Situation<'_>| {
        let of = |figure: fn(&Outcome) -> f64| Rounds::of(&situation.rounds, |round| figure(kind(round.met)));
        let p99 = |outcome: &Outcome| 1e3 * outcome.latency(0.99);
        let to_alone = Rounds::of(&situation.rounds, |round| p99(kind(round.met)) / p99(kind(round.alone)));
        vec![
            call.to_owned(),
            situation.store.clone(),
            situation.name.to_owned(),
            median(&of(Outcome::rate)),
            median(&of(|outcome| 1e3 * outcome.latency(0.5))),
            median(&of(p99)),
            range(&of(p99)),
            factor(&to_alone),
        ]
    };
    let rows = kinds
        .into_iter()
        .flat_map(|(call, kind)| situations.iter().map(move |situation| row(call, kind, situation)));
    Table {
        title: format!(
            "Other calls {while_what}, by {OTHERS} readers and {OTHERS} who refresh, with a pause of {} ms",
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
        rows: rows.collect(),
    }
}
