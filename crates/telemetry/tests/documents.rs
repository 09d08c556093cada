//! What the documentation, the dashboard and the alerts say of figures is true.

use std::collections::BTreeSet;
use std::path::PathBuf;

use portcullis_telemetry::{FAMILIES, Family, Kind};
use serde_json::Value;

const TABLE: &str = "docs/operations/metrics.md";
const DASHBOARD: &str = "docs/operations/grafana-dashboard.json";
const ALERTS: &str = "docs/operations/prometheus-alerts.yaml";

fn path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "..", name].iter().collect()
}

fn read(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn table() -> String {
    let rows = FAMILIES.iter().map(|Family { name, kind, labels, help }| {
        let labels: Vec<_> = labels.iter().map(|label| format!("`{label}`")).collect();
        format!("| `{name}` | {} | {} | {help} |\n", kind.name(), labels.join(", "))
    });
    let head = "| name | kind | labels | what it says |\n|---|---|---|---|\n".to_owned();
    rows.fold(head, |table, row| table + &row)
}

/// The table in the documentation lists every family; `just docs` writes it anew.
#[test]
fn the_table_of_figures_in_the_documentation_is_current() {
    const MARK: &str = "<!-- The table is generated. -->\n\n";
    let document = read(TABLE);
    let (before, after) = document.split_once(MARK).expect("the mark is there");
    let (_, after) = after.split_once("\n\n").expect("something follows the table");
    let current = format!("{before}{MARK}{}\n{after}", table());
    if std::env::var_os("PORTCULLIS_TEST_UPDATE_DOCS").is_some() {
        std::fs::write(path(TABLE), current).expect("the document can be written");
    } else {
        assert!(document == current, "`just docs` writes {TABLE} anew");
    }
}

/// The words of an expression, with what directly follows each.
fn words(expression: &str) -> Vec<(&str, &str)> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_' || character == '$';
    let mut words = Vec::new();
    let mut rest = expression;
    while let Some(start) = rest.find(is_part) {
        let word = &rest[start..];
        let end = word.find(|character| !is_part(character)).unwrap_or(word.len());
        rest = &word[end..];
        words.push((&word[..end], rest.trim_start()));
    }
    words
}

/// The family that a name in an expression is of.
fn family(name: &str) -> Option<&'static Family> {
    let parts = ["_bucket", "_sum", "_count"].iter().filter_map(|part| name.strip_suffix(part));
    FAMILIES.iter().find(|family| match family.kind {
        Kind::Histogram(_) => parts.clone().any(|base| base == family.name),
        Kind::Counter | Kind::Gauge => name == family.name,
    })
}

/// Checks that an expression names figures and labels that there are, and gives the families.
fn check(expression: &str) -> BTreeSet<&'static str> {
    // What Prometheus itself adds, and what histograms have.
    let mut labels = BTreeSet::from(["job", "instance", "le"]);
    let mut named = BTreeSet::new();
    // Values of labels, and what is no name at all, stand in quotes.
    let unquoted: String = expression.split('"').step_by(2).collect::<Vec<_>>().join("\"\"");
    for (word, _) in words(&unquoted) {
        if word.starts_with("portcullis_") || word.starts_with("process_") {
            let family = family(word).unwrap_or_else(|| panic!("{word} is no figure: {expression}"));
            labels.extend(family.labels);
            named.insert(family.name);
        }
    }
    let lists = unquoted.split("by (").skip(1).map(|list| list.split(')').next().expect("a first part"));
    let listed = lists.flat_map(|list| list.split(',').map(str::trim).collect::<Vec<_>>());
    let is_matched = |after: &str| ["=\"", "=~\"", "!=\"", "!~\""].iter().any(|sign| after.starts_with(sign));
    let matched = words(&unquoted);
    let matched = matched.iter().filter(|(_, after)| is_matched(after)).map(|(word, _)| *word);
    for label in listed.chain(matched) {
        assert!(labels.contains(label), "{label} is no label of these figures: {expression}");
    }
    assert!(!named.is_empty(), "{expression} names no figure");
    named
}

/// Every text in a JSON document that stands under this key.
fn under<'a>(key: &str, value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if name == key => found.push(text),
                    value => under(key, value, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| under(key, value, found)),
        _ => {}
    }
}

#[test]
fn the_dashboard_shows_figures_and_labels_that_there_are_and_leaves_none_out() {
    let dashboard: Value = serde_json::from_str(&read(DASHBOARD)).expect("a dashboard is JSON");
    let mut expressions = Vec::new();
    under("expr", &dashboard, &mut expressions);
    let mut shown: BTreeSet<_> = expressions.iter().flat_map(|expression| check(expression)).collect();
    // When a process started is for the table of instances that every Grafana has.
    shown.insert("process_start_time_seconds");
    assert_eq!(shown, FAMILIES.iter().map(|family| family.name).collect());
}

#[test]
fn the_alerts_watch_figures_and_labels_that_there_are() {
    let alerts = read(ALERTS);
    let expressions: Vec<_> =
        alerts.lines().filter_map(|line| line.trim_start().strip_prefix("expr: ")).collect();
    assert_eq!(expressions.len(), alerts.matches("- alert: ").count(), "each stands on one line");
    assert!(expressions.len() >= 10);
    for expression in expressions {
        check(expression);
    }
}

#[test]
fn what_does_not_exist_is_noticed() {
    for wrong in [
        "rate(portcullis_no_such_total[5m])",
        "portcullis_store_up{no_such=\"label\"}",
        "sum by (no_such) (portcullis_store_up)",
        "portcullis_hashing_wait_seconds",
        "vector(1)",
    ] {
        assert!(std::panic::catch_unwind(|| check(wrong)).is_err(), "{wrong}");
    }
}
