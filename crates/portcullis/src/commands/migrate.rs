//! `portcullis migrate`: the schema of the store.

use anyhow::ensure;

use crate::config::Config;
use crate::output::print;
use crate::store::{self, Purpose};

/// Applies the migrations that the schema lacks; with `check`, fails if there are any.
pub(super) async fn run(config: &Config, check: bool) -> anyhow::Result<()> {
    let purpose = if check { Purpose::Command } else { Purpose::FirstCommand };
    let opened = store::open_as_it_is(config, purpose).await?;
    if check {
        let pending = store::pending_migrations(opened.as_ref(), config).await?;
        ensure!(pending.is_empty(), "the database lacks the migrations {}", pending.join(", "));
        print("the database schema is up to date")?;
    } else {
        let applied = store::migrate(opened.as_ref(), config).await?;
        for name in applied {
            print(&format!("applied {name}"))?;
        }
        print("the database schema is up to date")?;
    }
    Ok(())
}
