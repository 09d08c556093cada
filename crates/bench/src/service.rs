//! The service that is measured: how it is installed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use tempfile::TempDir;

use crate::placement::Placement;
use crate::process::ServerProcess;

/// A binary with settings, and a data folder that is deleted with this value.
pub(crate) struct Installation {
    binary: PathBuf,
    folder: TempDir,
    settings: Vec<(&'static str, String)>,
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
        let mut command = placement.command(&self.binary);
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("PORTCULLIS_") {
                command.env_remove(variable);
            }
        }
        command
            .current_dir(self.folder.path())
            .env("PORTCULLIS_DATA_DIR", self.data_dir())
            .envs(self.settings.iter().map(|(variable, value)| (variable, value)))
            .stderr(File::create(&log)?);
        let started = ServerProcess::start(command).await;
        started.with_context(|| format!("its log: {}", fs::read_to_string(&log).unwrap_or_default()))
    }
}
