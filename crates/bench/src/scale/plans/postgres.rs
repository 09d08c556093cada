//! The plans of PostgreSQL for what the service really ran, as its module `auto_explain` logs them.

use std::collections::BTreeSet;

use anyhow::Context as _;
use portcullis_throwaway_postgres::{Cluster, run};
use serde_json::Value;

use super::listed;
use crate::driver::Caller as _;
use crate::hashing::Hashing;
use crate::http_client::Connection;
use crate::placement::Placement;
use crate::process::ServerProcess;
use crate::report::Table;
use crate::scale::calls::{AnyCaller, Call};
use crate::scale::databases::Database;

/// The table of plans.
pub(in crate::scale) async fn explain(
    database: &mut Database,
    cluster: &Cluster,
    placement: &Placement,
) -> anyhow::Result<Table> {
    set_logging(database, "SET").await;
    database.installation.set("PORTCULLIS_ARGON2", Hashing::Cheapest.settings());
    let service = database.installation.start(placement).await?;
    let mut connection = Connection::open(service.address()).await?;
    let regular = [database.regulars.pop().context("somebody is signed in")?];
    let mut rows = Vec::new();
    for call in Call::ALL {
        let families = ("explained", 1);
        let callers =
            call.callers(database, &regular, Hashing::Cheapest, service.address(), families).await?;
        let mut caller = callers.into_iter().next().context("somebody calls")?;
        let plans = plans_of(&mut caller, &mut connection, &service, cluster).await?;
        rows.extend(plans.iter().map(|plan| plan.row(call)));
    }
    service.stop().await?;
    set_logging(database, "RESET").await;
    Ok(Table {
        title: format!("What PostgreSQL does for a call, among {} users", database.users()),
        columns: vec!["call", "statement", "finds rows by", "reads as a whole", "pages", "ms"],
        rows,
        plot: None,
    })
}

/// Whether plans are logged of what connections run that are made from now on.
async fn set_logging(database: &Database, set: &str) {
    const SETTINGS: [(&str, &str); 5] = [
        ("session_preload_libraries", "auto_explain"),
        ("auto_explain.log_min_duration", "0"),
        ("auto_explain.log_analyze", "on"),
        ("auto_explain.log_buffers", "on"),
        ("auto_explain.log_format", "json"),
    ];
    let name = database.url.rsplit('/').next().unwrap_or_default();
    for (setting, value) in SETTINGS {
        let value = if set == "SET" { format!("= '{value}'") } else { String::new() };
        run(&database.url, &format!("ALTER DATABASE {name} {set} {setting} {value}")).await;
    }
}

/// The plans of what the call, and the mail that it leads to, runs each time; in that order.
async fn plans_of(
    caller: &mut AnyCaller,
    connection: &mut Connection,
    service: &ServerProcess,
    cluster: &Cluster,
) -> anyhow::Result<Vec<Plan>> {
    /// From the sixth time on PostgreSQL may take a plan that suits any values.
    const UNSEEN: usize = 12;
    const SEEN: usize = 3;
    let mut seen: Vec<Vec<Plan>> = Vec::new();
    for number in 0..UNSEEN + SEEN {
        let before = cluster.log()?.len();
        let answer = connection.exchange(caller.request()).await?;
        caller.take(answer)?;
        service.settle().await?;
        if number >= UNSEEN {
            seen.push(Plan::all_in(&cluster.log()?[before..])?);
        }
    }
    let mut plans = seen.pop().unwrap_or_default();
    let mut known = BTreeSet::new();
    // What the service does by itself it does not do each time.
    plans.retain(|plan| {
        let is_usual = seen.iter().all(|others| others.iter().any(|other| other.query == plan.query));
        is_usual && known.insert(plan.query.clone())
    });
    Ok(plans)
}

/// What was done for one statement.
#[derive(Debug, Default, PartialEq)]
struct Plan {
    query: String,
    millis: f64,
    /// What was changed, if anything.
    changes: Vec<String>,
    indexes: BTreeSet<String>,
    read_as_a_whole: BTreeSet<String>,
    pages: u64,
}

impl Plan {
    /// All that a part of the server's log tells of.
    fn all_in(log: &str) -> anyhow::Result<Vec<Self>> {
        log.split("LOG:  duration: ").skip(1).filter_map(Self::parse).collect()
    }

    /// Reads a line `0.123 ms  plan:` and the lines that belong to it, which begin with a tab; none when it
    /// tells of something else.
    fn parse(entry: &str) -> Option<anyhow::Result<Self>> {
        let (line, rest) = entry.split_once('\n')?;
        let millis = line.strip_suffix(" ms  plan:")?;
        let json: String = rest.lines().take_while(|line| line.starts_with('\t')).collect();
        Some((|| {
            let explained: Value = serde_json::from_str(&json).context("a plan is JSON")?;
            let root = &explained["Plan"];
            let pages = |kind: &str| root[kind].as_u64().unwrap_or_default();
            let mut plan = Self {
                query: explained["Query Text"].as_str().context("a plan is one of a query")?.to_owned(),
                millis: millis.parse().context("a duration is a number")?,
                pages: pages("Shared Hit Blocks") + pages("Shared Read Blocks"),
                ..Self::default()
            };
            plan.look_into(root);
            Ok(plan)
        })())
    }

    fn look_into(&mut self, step: &Value) {
        let text = |name: &str| step[name].as_str().unwrap_or_default().to_owned();
        // What was planned for other cases, and not needed in this one.
        if step["Actual Loops"].as_f64() == Some(0.0) {
            return;
        }
        match text("Node Type").as_str() {
            "ModifyTable" => {
                self.changes.push(format!("{} {}", text("Operation").to_lowercase(), text("Relation Name")));
            }
            "Index Scan" | "Index Only Scan" | "Bitmap Index Scan" => {
                self.indexes.insert(text("Index Name"));
            }
            "Seq Scan" => {
                self.read_as_a_whole.insert(text("Relation Name"));
            }
            _ => {}
        }
        for below in step["Plans"].as_array().into_iter().flatten() {
            self.look_into(below);
        }
    }

    fn row(&self, call: Call) -> Vec<String> {
        let statement = if self.changes.is_empty() { "select".to_owned() } else { self.changes.join(", ") };
        vec![
            call.name().to_owned(),
            statement,
            listed(&self.indexes),
            listed(&self.read_as_a_whole),
            self.pages.to_string(),
            format!("{:.2}", self.millis),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "2026-01-01 00:00:00.000 UTC [7] LOG:  duration: 0.250 ms  plan:\n\
        \t{\n\
        \t  \"Query Text\": \"UPDATE a SET x = 1 FROM b\",\n\
        \t  \"Plan\": {\"Node Type\": \"ModifyTable\", \"Operation\": \"Update\", \"Relation Name\": \"a\",\n\
        \t    \"Actual Loops\": 1, \"Shared Hit Blocks\": 9, \"Shared Read Blocks\": 2, \"Plans\": [\n\
        \t      {\"Node Type\": \"Index Scan\", \"Index Name\": \"a_pkey\", \"Actual Loops\": 1},\n\
        \t      {\"Node Type\": \"Seq Scan\", \"Relation Name\": \"b\", \"Actual Loops\": 2},\n\
        \t      {\"Node Type\": \"Seq Scan\", \"Relation Name\": \"c\", \"Actual Loops\": 0}]}\n\
        \t}\n\
        2026-01-01 00:00:00.001 UTC [7] LOG:  checkpoint starting: time\n\
        2026-01-01 00:00:00.002 UTC [7] LOG:  duration: 5.000 ms  statement: SELECT 1\n";

    #[test]
    fn a_plan_in_the_log_tells_what_was_done() {
        let plan = Plan {
            query: "UPDATE a SET x = 1 FROM b".to_owned(),
            millis: 0.25,
            changes: vec!["update a".to_owned()],
            indexes: ["a_pkey".to_owned()].into(),
            read_as_a_whole: ["b".to_owned()].into(),
            pages: 11,
        };
        assert_eq!(Plan::all_in(LOG).unwrap(), [plan]);
        assert!(Plan::all_in("LOG:  duration: 1.0 ms  plan:\n\t{\n").is_err(), "it is cut off");
    }
}
