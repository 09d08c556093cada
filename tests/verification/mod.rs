//! `portcullis verify`: it finds nothing where nothing is wrong, and what is wrong where something is.

mod impostors;
mod installations;
mod interruption;

use serde_json::Value;

use crate::harness::{PASSWORD, Server};

const ROOT: &str = "root@example.com";

/// What `portcullis verify` found.
struct Examined {
    code: Option<i32>,
    report: Value,
    stderr: String,
}

impl Examined {
    /// The rows that came out so.
    fn rows(&self, outcome: &str) -> Vec<&str> {
        let rows = self.report["rows"].as_array().into_iter().flatten();
        rows.filter(|row| row["outcome"] == outcome).filter_map(|row| row["id"].as_str()).collect()
    }

    #[track_caller]
    fn assert_good(&self) {
        assert_eq!(self.code, Some(0), "{}\n{:#}", self.stderr, self.report);
        assert_eq!(self.report["left_behind"], serde_json::json!([]));
        assert!(!self.rows("passed").is_empty());
    }
}

/// Makes the administrator whom [`examine`] signs in.
async fn make_administrator(server: &Server) {
    server.administrator(ROOT).await;
}

/// Examines what answers at `url`, with the mailbox of `server`.
async fn examine(server: &Server, url: &str, arguments: &[&str]) -> Examined {
    let mailbox = server.data_dir().join("mailbox").display().to_string();
    examine_with(server, url, &[&["--mailbox", &mailbox], arguments].concat()).await
}

async fn examine_with(server: &Server, url: &str, arguments: &[&str]) -> Examined {
    let command = [&["verify", url, "--email", ROOT, "--password-stdin", "--json"], arguments].concat();
    let finished = server.run_with(&command, PASSWORD.as_bytes()).await;
    let report = serde_json::from_str(&finished.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}\n{}", finished.stdout, finished.stderr));
    Examined { code: finished.code, report, stderr: finished.stderr }
}

/// How many accounts there are.
async fn accounts(server: &Server) -> usize {
    let admin = server.login(ROOT, PASSWORD).await;
    let users = server.get_as(&admin.access_token, "/api/v1/users?limit=200").await.json(200);
    users["items"].as_array().expect("items").len()
}
