//! `portcullis keys`: the keys that sign access tokens.

use std::fmt::Write as _;

use portcullis_domain::use_cases::RotationStart;
use portcullis_domain::{KeyState, Origin, SigningKey};
use serde::Serialize;

use crate::cli::{KeysCommand, OutputFormat};
use crate::config::Config;
use crate::output::{print, print_json};
use crate::wiring::Installation;

/// Runs one of the commands on signing keys.
pub(super) async fn run(config: &Config, command: KeysCommand) -> anyhow::Result<()> {
    match command {
        KeysCommand::List { format } => list(config, format).await,
        KeysCommand::Rotate { now, format } => rotate(config, now, format).await,
    }
}

/// Prints every key, the oldest first.
async fn list(config: &Config, format: OutputFormat) -> anyhow::Result<()> {
    let installation = Installation::for_command(config).await?;
    let keys = installation.use_cases.list_signing_keys.list().await?;
    let views: Vec<_> = keys.iter().map(|(key, state)| KeyView::of(key, *state)).collect();
    if format.json {
        print_json(&views)?;
    } else {
        print(&table(&views))?;
    }
    Ok(())
}

/// Makes the next key and prints it.
async fn rotate(config: &Config, at_once: bool, format: OutputFormat) -> anyhow::Result<()> {
    let installation = Installation::for_command(config).await?;
    let start = if at_once { RotationStart::Immediate } else { RotationStart::Announced };
    let rotate = &installation.use_cases.rotate_signing_key;
    let key = rotate.rotate(&Origin::operator(), config.jwt_algorithm, start).await?;
    let now = installation.clock.now();
    let signing = Some(&key).filter(|key| key.signs_from <= now);
    let view = KeyView::of(&key, KeyState::of(&key, signing, now));
    if format.json {
        print_json(&view)?;
    } else {
        print(&format!("key {} ({}) signs from {}", view.kid, view.algorithm, view.signs_from))?;
    }
    Ok(())
}

/// A key for people and programs to read, without its private part.
#[derive(Serialize)]
struct KeyView {
    kid: String,
    algorithm: &'static str,
    created_at: String,
    signs_from: String,
    verifies_until: Option<String>,
    state: &'static str,
}

impl KeyView {
    fn of(key: &SigningKey, state: KeyState) -> Self {
        Self {
            kid: key.id.to_string(),
            algorithm: key.algorithm.name(),
            created_at: key.created_at.to_string(),
            signs_from: key.signs_from.to_string(),
            verifies_until: key.verifies_until.map(|moment| moment.to_string()),
            state: state.name(),
        }
    }
}

fn table(keys: &[KeyView]) -> String {
    let row = |cells: [&str; 6]| {
        let [kid, algorithm, created, signs_from, verifies_until, state] = cells;
        format!("{kid:<43}  {algorithm:<9}  {created:<27}  {signs_from:<27}  {verifies_until:<27}  {state}")
    };
    let head = row(["KID", "ALGORITHM", "CREATED", "SIGNS FROM", "VERIFIES UNTIL", "STATE"]);
    keys.iter().fold(head, |mut table, key| {
        let verifies_until = key.verifies_until.as_deref().unwrap_or("-");
        let cells = [&key.kid, key.algorithm, &key.created_at, &key.signs_from, verifies_until, key.state];
        write!(table, "\n{}", row(cells)).expect("a string takes all");
        table
    })
}
