//! Clients of the API in other programs: one by hand, for Rust, and two that generators of others make of the
//! document. Each walks the journey that `docs/clients.md` shows.

mod python;
mod rust;
mod typescript;

use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::process::Command;

use crate::harness::{PASSWORD, Server, snippet};

/// Of a folder that `./test` has installed a generator into.
fn installed(folder: &str) -> PathBuf {
    let folder = root().join("target").join(folder);
    assert!(folder.is_dir(), "{} is not there: ./test installs it", folder.display());
    folder
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace is there")
}

/// Runs a program to its end, and returns what it says.
async fn said_by(command: &mut Command) -> String {
    /// Generators and compilers on a busy machine.
    const PATIENCE: Duration = Duration::from_mins(3);
    let running = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let finished = tokio::time::timeout(PATIENCE, running).await.expect("it ends in time");
    let Output { status, stdout, stderr } = finished.expect("it runs");
    let (said, complained) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}\n{said}\n{complained}");
    said.into_owned()
}

/// Whoever walks a journey: the address of the service, theirs, their password and the next.
fn traveller<'a>(server: &'a Server, email: &'a str) -> [&'a str; 4] {
    [server.url(), email, PASSWORD, "NewSecurePass456!"]
}

/// What every journey prints.
fn travelled(email: &str) -> String {
    format!(
        "{email} is registered\nemail_taken\nsigned in as Ada, verified: true\nwrong_password\nsigned out: invalid_access_token\n"
    )
}

#[test]
fn the_clients_in_the_documentation_are_those_that_are_tested() {
    let page = include_str!("../../docs/clients.md");
    for (fence, file) in [
        ("ts", include_str!("typescript/journey.ts")),
        ("python", include_str!("python/journey.py")),
        ("rust", include_str!("rust/journey.rs")),
    ] {
        assert!(snippet(page, fence) == file, "the block `{fence}` of docs/clients.md differs from its file");
    }
}
