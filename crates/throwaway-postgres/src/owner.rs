//! As whom a server runs.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

/// Whose files and processes those of a server are: somebody else's where the tests run as root.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner(Option<(u32, u32)>);

impl Owner {
    /// The one whom PostgreSQL accepts here.
    pub(crate) fn find() -> io::Result<Self> {
        let is_root = fs::metadata("/proc/self")?.uid() == 0;
        if !is_root {
            return Ok(Self(None));
        }
        let users = fs::read_to_string("/etc/passwd")?;
        let found = ["postgres", "nobody"].into_iter().find_map(|name| ids_of(&users, name));
        let ids = found.ok_or_else(|| io::Error::other("there is neither a user postgres nor nobody"))?;
        Ok(Self(Some(ids)))
    }

    /// A program that is to run as the owner.
    pub(crate) fn command(self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        // Where the tests are may be nowhere for the owner to be; messages are read by programs.
        command.current_dir("/").env("LC_ALL", "C");
        if let Self(Some((user, group))) = self {
            command.uid(user).gid(group);
        }
        command
    }

    pub(crate) fn give(self, path: &Path) -> io::Result<()> {
        match self {
            Self(Some((user, group))) => chown(path, Some(user), Some(group)),
            Self(None) => Ok(()),
        }
    }
}

/// The numbers of a user and its group, from the lines of `/etc/passwd`.
fn ids_of(users: &str, name: &str) -> Option<(u32, u32)> {
    let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}
