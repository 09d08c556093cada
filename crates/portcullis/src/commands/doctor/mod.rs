//! `portcullis doctor`: what keeps an installation from working, and what to do about it.

mod administrator;
mod clock;
mod files;
mod finding;
mod keys;
mod mail;
mod pages;
mod passwords;
mod public_url;
mod rate_limits;
mod secrets;
mod settings;
mod store;

use anyhow::ensure;
use portcullis_domain::EmailAddress;

use self::finding::Finding;
use crate::cli::OutputFormat;
use crate::config::Config;
use crate::output::{print, print_json};

/// Examines everything, prints what was found, and fails if any of it keeps the service from working. A mail is sent
/// to `recipient`, if somebody waits for it.
pub(super) async fn run(
    config: &Config,
    recipient: Option<&EmailAddress>,
    format: OutputFormat,
) -> anyhow::Result<()> {
    let findings = examine(config, recipient).await;
    if format.json {
        print_json(&findings)?;
    } else {
        let lines: Vec<_> = findings.iter().map(Finding::to_string).collect();
        print(&lines.join("\n"))?;
    }
    let failed = findings.iter().filter(|finding| finding.is_failure()).count();
    ensure!(failed == 0, "{failed} of {} checks failed", findings.len());
    Ok(())
}

async fn examine(config: &Config, recipient: Option<&EmailAddress>) -> Vec<Finding> {
    let (store, of_store) = store::examine(config).await;
    let mut findings = vec![of_store, mail::examine(config, recipient).await];
    match store {
        Some(store) => findings.extend([
            clock::examine(store.as_ref()).await,
            secrets::examine(config, store.clone()).await,
            keys::examine(store.as_ref()).await,
            administrator::examine(store.as_ref()).await,
        ]),
        None => findings
            .extend([clock::CHECK, secrets::CHECK, keys::CHECK, administrator::CHECK].map(Finding::skipped)),
    }
    findings.extend([
        files::examine(config),
        passwords::examine(config),
        pages::examine(config),
        public_url::examine(config),
        rate_limits::examine(config).await,
    ]);
    findings.extend(settings::examine(config));
    findings
}
