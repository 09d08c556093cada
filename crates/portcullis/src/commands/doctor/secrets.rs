use std::sync::Arc;

use portcullis_adapters_process::SystemClock;
use portcullis_domain::SecretKey;
use portcullis_domain::ports::SigningKeyRepository;

use super::finding::Finding;
use crate::config::Config;
use crate::store::Store;
use crate::{secret_key_file, wiring};

pub(super) const CHECK: &str = "secrets";

/// Finds out whether there is a secret key that nobody guesses, and whether it opens the signing keys in the store.
pub(super) async fn examine(config: &Config, store: Arc<dyn Store>) -> Finding {
    let remedy = "give the secret key that this store was set up with, as PORTCULLIS_SECRET_KEY or in the \
                  data directory";
    let secret = match secret_key(config) {
        Ok(Some(secret)) => secret,
        Ok(None) => return without_secret(store.as_ref(), remedy).await,
        Err(error) => return Finding::error(CHECK, error, remedy),
    };
    match wiring::key_ring(store, &secret, &SystemClock).await {
        Ok(_) if secret.looks_chosen() => Finding::warning(
            CHECK,
            "the secret key opens the signing keys, but does not look random: who guesses it can forge everything",
            "for a new installation, take what `openssl rand -base64 32` prints; a key in use cannot be changed \
             without ending every session",
        ),
        Ok(_) => Finding::ok(CHECK, "there is a secret key, and it opens the signing keys"),
        Err(error) => Finding::error(CHECK, error, remedy),
    }
}

/// The configured key, else the one of the data directory, which is not made.
fn secret_key(config: &Config) -> anyhow::Result<Option<SecretKey>> {
    match &config.secret_key {
        Some(key) => Ok(Some(key.clone())),
        None => Ok(secret_key_file::load(&config.secret_key_file())?),
    }
}

/// A first start makes a secret key; a later one must not, as signing keys are sealed under the first.
async fn without_secret(store: &dyn Store, remedy: &str) -> Finding {
    match SigningKeyRepository::list(store).await {
        Ok(keys) if keys.is_empty() => Finding::ok(CHECK, "there are none yet: the first start makes them"),
        Ok(_) => {
            Finding::failed(CHECK, "there is no secret key, but signing keys are sealed under one", remedy)
        }
        Err(error) => Finding::error(CHECK, error, "mend the store first"),
    }
}
