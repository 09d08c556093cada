//! The service that is measured: how it is installed.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use tempfile::{NamedTempFile, TempDir};

use crate::placement::Placement;
use crate::process::{ServerProcess, peak_memory};

/// A binary with settings, and a data folder that is deleted with this value.
pub(crate) struct Installation {
    binary: PathBuf,
    folder: TempDir,
    settings: Vec<(&'static str, String)>,
}

/// How a command of an operator went.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finished {
    pub(crate) took: Duration,
    /// The most memory that it held in RAM at a time, in KiB.
    pub(crate) peak_kib: u32,
}

impl Installation {
    /// An installation whose folder is made in `parent`. Nothing limits its clients, people can sign in
    /// without an answer to a mail, and all else is as the service has it by default.
    pub(crate) fn new(binary: &Path, parent: &Path) -> anyhow::Result<Self> {
        ensure!(
            binary.is_file(),
            "{} is missing: `cargo build --release -p portcullis` builds it",
            binary.display()
        );
        let binary = binary.canonicalize()?;
        let folder = tempfile::tempdir_in(parent)?;
        Ok(Self { binary, folder, settings: Vec::new() }
            .with("PORTCULLIS_BIND", "127.0.0.1:0")
            // So that tokens hold over a restart, which gets another port.
            .with("PORTCULLIS_PUBLIC_URL", "http://127.0.0.1")
            .with("PORTCULLIS_OPS_BIND", "")
            .with("PORTCULLIS_EMAIL_VERIFICATION", "optional")
            .with("PORTCULLIS_RATE_LIMIT", "off"))
    }

    pub(crate) fn with(mut self, variable: &'static str, value: impl Into<String>) -> Self {
        self.set(variable, value);
        self
    }

    /// What is set later wins.
    pub(crate) fn set(&mut self, variable: &'static str, value: impl Into<String>) {
        self.settings.push((variable, value.into()));
    }

    /// The octets of the binary.
    pub(crate) fn program_size(&self) -> io::Result<u64> {
        Ok(fs::metadata(&self.binary)?.len())
    }

    /// Its database, where no other one is set.
    pub(crate) fn database_file(&self) -> PathBuf {
        self.data_dir().join("portcullis.db")
    }

    fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts it on what is in its folder. Its log goes to a file there, as an operator's would.
    pub(crate) async fn start(&self, placement: &Placement) -> anyhow::Result<ServerProcess> {
        let log = self.folder.path().join("log");
        let mut command = self.configured(placement);
        command.stderr(File::create(&log)?);
        let started = ServerProcess::start(command).await;
        started.with_context(|| format!("its log: {}", fs::read_to_string(&log).unwrap_or_default()))
    }

    /// Makes an administrator as an operator does.
    pub(crate) fn make_administrator(&self, email: &str, password: &str) -> anyhow::Result<()> {
        self.run(&["user", "create", "--admin", "--password-stdin", "--email", email], password).map(drop)
    }

    /// Runs a command of an operator to its end, with `input` on its standard input.
    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> anyhow::Result<Finished> {
        let mut command = self.configured(&Placement::Anywhere);
        // Not a pipe, which would hold it up once it is full.
        let mut told = NamedTempFile::new_in(self.folder.path())?;
        let begun = Instant::now();
        let mut child = command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(told.reopen()?)
            .spawn()?;
        child.stdin.take().context("it is piped")?.write_all(input.as_bytes())?;
        let mut peak_kib = 0;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            // It may be gone by now.
            peak_kib = peak_memory(child.id()).unwrap_or(peak_kib);
            sleep(Duration::from_millis(5));
        };
        let took = begun.elapsed();
        ensure!(status.success(), "{arguments:?} failed: {}", io::read_to_string(&mut told)?);
        Ok(Finished { took, peak_kib })
    }

    /// The binary with its settings and no others.
    fn configured(&self, placement: &Placement) -> Command {
        let mut command = placement.command(&self.binary);
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("PORTCULLIS_") {
                command.env_remove(variable);
            }
        }
        command
            .current_dir(self.folder.path())
            .env("PORTCULLIS_DATA_DIR", self.data_dir())
            .envs(self.settings.iter().map(|(variable, value)| (variable, value)));
        command
    }
}
