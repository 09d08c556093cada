//! Where PostgreSQL is installed.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

const NAMED_BY: &str = "PORTCULLIS_TEST_PG_BIN";
const DEBIAN: &str = "/usr/lib/postgresql";

/// There is no server to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no PostgreSQL server is installed: `initdb` and `postgres` are neither in the folder that {NAMED_BY} names, \
     nor in {DEBIAN}/*/bin, nor in PATH. On Debian and Ubuntu, `apt-get install postgresql` installs them"
)]
pub struct NoServerInstalled;

/// The programs of one installation.
#[derive(Clone, Debug)]
pub(crate) struct Binaries(PathBuf);

impl Binaries {
    /// Those that are named, or else the newest of Debian's, or else those in `PATH`.
    pub(crate) fn find() -> Result<Self, NoServerInstalled> {
        if let Some(named) = env::var_os(NAMED_BY) {
            return complete(named.into()).ok_or(NoServerInstalled);
        }
        let in_path = env::var_os("PATH").unwrap_or_default();
        let folders = newest_of_debian().into_iter().chain(env::split_paths(&in_path));
        folders.into_iter().find_map(complete).ok_or(NoServerInstalled)
    }

    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

fn complete(folder: PathBuf) -> Option<Binaries> {
    let has = |program| folder.join(program).is_file();
    (has("initdb") && has("postgres")).then_some(Binaries(folder))
}

fn newest_of_debian() -> Vec<PathBuf> {
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let mut versions: Vec<_> = fs::read_dir(DEBIAN)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((version(&entry.path())?, entry.path().join("bin"))))
        .collect();
    versions.sort_unstable();
    versions.into_iter().rev().map(|(_, folder)| folder).collect()
}
