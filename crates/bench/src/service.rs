//! The service that is measured: how it is installed, and the people who use it.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde::Deserialize;
use serde_json::json;
use tempfile::TempDir;

use crate::driver::{Caller, Repeats, UnexpectedAnswer};
use crate::http_client::{Answer, Connection, get, post};
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

    /// Hashes at almost no cost, for figures that are about something else.
    pub(crate) fn with_cheap_hashes(self) -> Self {
        self.with("PORTCULLIS_ARGON2", "m=8,t=1,p=1")
    }

    pub(crate) fn with(mut self, variable: &'static str, value: impl Into<String>) -> Self {
        self.settings.push((variable, value.into()));
        self
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
            .env("PORTCULLIS_DATA_DIR", self.folder.path().join("data"))
            .envs(self.settings.iter().map(|(variable, value)| (variable, value)))
            .stderr(File::create(&log)?);
        let started = ServerProcess::start(command).await;
        started.with_context(|| format!("its log: {}", fs::read_to_string(&log).unwrap_or_default()))
    }
}

/// Somebody with an account and a session.
pub(crate) struct Person {
    email: String,
    tokens: Tokens,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    refresh_token: String,
}

impl Person {
    const PASSWORD: &str = "a password of usual length";

    /// Registers so many people, who are signed in thereby.
    pub(crate) async fn register(address: SocketAddr, count: usize) -> anyhow::Result<Vec<Self>> {
        let mut connection = Connection::open(address).await?;
        let mut people = Vec::new();
        for number in 0..count {
            let email = format!("user{number:04}@example.com");
            let body = json!({ "email": email, "password": Self::PASSWORD, "name": "Ada Lovelace" });
            let answer = connection.exchange(&post("/api/v1/auth/register", &body)).await?;
            let tokens = tokens(answer, 201)?;
            people.push(Self { email, tokens });
        }
        Ok(people)
    }

    /// This person, who looks at their profile again and again.
    pub(crate) async fn reads_profile(&self, address: SocketAddr) -> anyhow::Result<Repeats> {
        let mut connection = Connection::open(address).await?;
        let request = get("/api/v1/auth/me", Some(&self.tokens.access_token));
        let reading = Repeats::learn(&mut connection, request).await?;
        let expected = String::from_utf8_lossy(reading.expected());
        ensure!(expected.contains(&self.email), "the profile of {} is {expected}", self.email);
        Ok(reading)
    }

    /// This person, who refreshes their session again and again. Nobody else may refresh it meanwhile.
    pub(crate) fn refreshes(&self) -> Refreshing {
        Refreshing { request: Refreshing::request_with(&self.tokens.refresh_token) }
    }

    /// This person, who signs in again and again.
    pub(crate) fn signs_in(&self) -> SigningIn {
        let body = json!({ "email": self.email, "password": Self::PASSWORD });
        SigningIn { request: post("/api/v1/auth/login", &body) }
    }
}

/// The tokens in an answer that has this status.
fn tokens(answer: Answer<'_>, status: u16) -> Result<Tokens, UnexpectedAnswer> {
    if answer.status != status {
        return Err(answer.into());
    }
    serde_json::from_slice(answer.body).map_err(|_| answer.into())
}

/// Spends a refresh token, and then the one that was given for it.
pub(crate) struct Refreshing {
    request: Vec<u8>,
}

impl Refreshing {
    fn request_with(refresh_token: &str) -> Vec<u8> {
        post("/api/v1/auth/refresh", &json!({ "refresh_token": refresh_token }))
    }
}

impl Caller for Refreshing {
    fn request(&self) -> &[u8] {
        &self.request
    }

    fn take(&mut self, answer: Answer<'_>) -> Result<(), UnexpectedAnswer> {
        self.request = Self::request_with(&tokens(answer, 200)?.refresh_token);
        Ok(())
    }
}

/// Signs in with e-mail address and password.
pub(crate) struct SigningIn {
    request: Vec<u8>,
}

impl Caller for SigningIn {
    fn request(&self) -> &[u8] {
        &self.request
    }

    fn take(&mut self, answer: Answer<'_>) -> Result<(), UnexpectedAnswer> {
        tokens(answer, 200).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refresh_spends_the_token_that_the_last_one_gave() {
        let person = Person {
            email: "ada@example.com".to_owned(),
            tokens: Tokens { access_token: "a".to_owned(), refresh_token: "first".to_owned() },
        };
        let mut refreshing = person.refreshes();
        assert!(refreshing.request().ends_with(br#"{"refresh_token":"first"}"#));
        let body = br#"{"access_token":"b","refresh_token":"second"}"#;
        refreshing.take(Answer { status: 200, body }).unwrap();
        assert!(refreshing.request().ends_with(br#"{"refresh_token":"second"}"#));
    }

    #[test]
    fn an_answer_without_tokens_is_unexpected() {
        let body = br#"{"code":"overloaded"}"#;
        for status in [200, 503] {
            assert!(tokens(Answer { status, body }, 200).is_err());
        }
    }
}
