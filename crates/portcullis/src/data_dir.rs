//! The folder for everything that the program keeps.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use anyhow::{Context as _, ensure};

/// Refuses something else in the place of the folder.
pub(crate) fn check(path: &Path) -> anyhow::Result<()> {
    // One look: another instance may make the folder meanwhile.
    let is_something_else = fs::metadata(path).is_ok_and(|found| !found.is_dir());
    ensure!(
        !is_something_else,
        "the data directory {} (PORTCULLIS_DATA_DIR) is not a directory",
        path.display()
    );
    Ok(())
}

/// Makes the folder, unless it is there, for its owner alone.
pub(crate) fn create(path: &Path) -> anyhow::Result<()> {
    check(path)?;
    DirBuilder::new().recursive(true).mode(0o700).create(path).with_context(|| {
        format!("the data directory {} (PORTCULLIS_DATA_DIR) cannot be made", path.display())
    })
}
