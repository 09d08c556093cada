//! The service held against its own document from outside, by a tool that knows nothing else of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use portcullis_http_actix::{RouteRule, routes};
use serde_json::Value;
use tokio::process::Command;

use crate::harness::{Server, ServerBuilder};

/// Many times what a run takes on a machine of its own.
const PATIENCE: Duration = Duration::from_mins(15);

/// A run of Schemathesis against a server, with all of its checks.
struct Run {
    succeeded: bool,
    /// What it found, for people.
    words: String,
    /// The same for programs, where it got so far.
    report: Value,
}

impl Run {
    async fn against(server: &Server) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let program = root.join("../target/schemathesis/bin/schemathesis");
        assert!(program.exists(), "Schemathesis is not at {}; ./test installs it", program.display());
        let report = server.data_dir().join("schemathesis.json");

        let portcullis = server.command(&[]);
        let mut command = Command::new(program);
        for (variable, value) in portcullis.get_envs() {
            match value {
                Some(value) => command.env(variable, value),
                None => command.env_remove(variable),
            };
        }
        command
            // It leaves notes where it runs, and finds its hooks as a module.
            .current_dir(server.data_dir())
            .env("PYTHONPATH", root.join("conformance"))
            .env("CONFORMANCE_PROGRAM", portcullis.get_program())
            .env("CONFORMANCE_SERVER", server.url())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .arg("--config-file")
            .arg(root.join("conformance/schemathesis.toml"))
            .arg("run")
            .arg(format!("{}/openapi.json", server.url()))
            .args(["--checks", "all", "--no-color", "--report-json-path"])
            .arg(&report)
            .kill_on_drop(true);
        let finished = tokio::time::timeout(PATIENCE, command.output()).await;
        let output = finished.expect("Schemathesis ends in time").expect("Schemathesis runs");
        Self {
            succeeded: output.status.success(),
            words: [output.stdout, output.stderr]
                .map(|text| String::from_utf8_lossy(&text).into_owned())
                .concat(),
            report: std::fs::read(report)
                .ok()
                .and_then(|report| serde_json::from_slice(&report).ok())
                .unwrap_or_default(),
        }
    }

    /// How many calls with well-formed data each operation answered 2xx, and how many it got.
    fn accepted(&self) -> BTreeMap<&str, (u64, u64)> {
        let operations = self.report["valid_rates"].as_object().expect("operations");
        let count = |phases: &Value, of: &[&str]| {
            let phases = phases.as_object().expect("phases").values();
            phases.flat_map(|phase| of.iter().map(|member| phase[member].as_u64().expect("a count"))).sum()
        };
        operations
            .iter()
            .map(|(operation, phases)| {
                let accepted = count(phases, &["accepted"]);
                let all = count(phases, &["accepted", "unreachable", "conflicts", "rejected"]);
                (operation.as_str(), (accepted, all))
            })
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s53_the_service_is_as_its_document_says() {
    let server = ServerBuilder::new().with_cheap_hashes().start().await;
    let run = Run::against(&server).await;
    assert!(run.succeeded, "{}", run.words);

    let accepted = run.accepted();
    for RouteRule { method, path, .. } in routes() {
        let operation = format!("{method} {path}");
        let (accepted, all) = accepted.get(operation.as_str()).copied().unwrap_or_default();
        assert!(accepted > 0, "{operation} never succeeded in {all} calls with well-formed data");
    }
    assert_eq!(accepted.len(), routes().len());
    let (succeeded, all) =
        accepted.values().fold((0, 0), |(some, all), (accepted, calls)| (some + accepted, all + calls));
    assert!(succeeded * 3 > all, "of {all} calls with well-formed data only {succeeded} succeeded");
}
