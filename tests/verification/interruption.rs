//! Whoever interrupts an examination finds nothing left of it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use super::{ROOT, accounts, make_administrator};
use crate::harness::{PASSWORD, Server, ServerBuilder};

#[tokio::test]
async fn an_interrupted_examination_erases_what_it_made() {
    // The second row has to wait for an hour.
    let server = ServerBuilder::new()
        .with_cheap_hashes()
        .with("PORTCULLIS_RATE_LIMIT", "on")
        .with("PORTCULLIS_RATE_LIMITS", "reset=1/1h")
        .start()
        .await;
    make_administrator(&server).await;
    let mailbox = server.data_dir().join("mailbox");
    let mut command = server.command(&["verify", server.url(), "--email", ROOT, "--password-stdin"]);
    command.args(["--only", "S10,S22,S52", "--patience", "2h", "--mailbox"]).arg(mailbox);
    let mut process =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    process.stdin.take().expect("piped").write_all(PASSWORD.as_bytes()).expect("it reads");
    let stdout = BufReader::new(process.stdout.take().expect("piped"));
    let ended = tokio::task::spawn_blocking(move || {
        let mut lines = Vec::new();
        for line in stdout.lines() {
            let line = line.expect("text");
            if line.contains(" S7 ") {
                // S10 is about to wait.
                std::thread::sleep(std::time::Duration::from_secs(2));
                Server::signal(process.id(), "INT");
            }
            lines.push(line);
        }
        (lines, process.wait().expect("a child can be waited for"))
    });
    let (lines, status) = ended.await.expect("it ends");
    assert_eq!(status.code(), Some(1), "{lines:?}");
    let interrupted =
        lines.iter().filter(|line| line.starts_with("not run") && line.ends_with(": interrupted"));
    assert_eq!(interrupted.count(), 3, "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("left behind")), "{lines:?}");
    assert_eq!(accounts(&server).await, 1);
}
