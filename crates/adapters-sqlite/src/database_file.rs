//! The file that a database is in: that it can be one, that it is ours, and that only its owner reads it.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::result::Error as StatementError;
use diesel::{ConnectionError, ConnectionResult};

use crate::connection::{Access, establish};
use crate::errors::{OpenError, is_locked};
use crate::migrations;

const OWNER_ONLY: u32 = 0o600;

/// Makes sure that there is a file for the database, if need be by creating it, that only its owner can read it, that it is nobody
/// else's, and that it is in WAL mode. Gives its path in the form that SQLite takes.
pub(crate) fn prepare(path: &Path, may_create: bool, busy_timeout: Duration) -> Result<String, OpenError> {
    let inaccessible = |source| OpenError::Inaccessible { path: path.to_owned(), source };
    // Without a leading slash SQLite could take a path for a URI, or for a database in memory.
    let path = std::path::absolute(path).map_err(inaccessible)?;
    // Where one may not look, there may well be a database.
    let is_there = path.try_exists().map_err(inaccessible)?;
    if is_there && !path.is_file() {
        return Err(OpenError::NotAFile { path });
    }
    if let Some(folder) = path.parent()
        && !folder.try_exists().map_err(inaccessible)?
    {
        return Err(OpenError::NoSuchFolder { folder: folder.to_owned() });
    }
    if may_create {
        create(&path).map_err(inaccessible)?;
    } else if !is_there {
        return Err(OpenError::NoSuchFile { path });
    }
    let path =
        path.into_os_string().into_string().map_err(|path| OpenError::NotUtf8 { path: path.into() })?;
    refuse_foreign(&path, busy_timeout)?;
    restrict_to_owner(&path).map_err(inaccessible)?;
    enter_wal_mode(&path, busy_timeout).map_err(|error| refusal(&path, error))?;
    Ok(path)
}

/// Creates the file unless it is there. SQLite would create it for everybody to read.
///
/// A file that is there is not opened: closing any handle of a file drops all locks that the process
/// has on it, and with them those of a store that is open already. For the same reason no two stores
/// create files at the same time.
fn create(path: &Path) -> io::Result<()> {
    static CREATION: Mutex<()> = Mutex::new(());
    let _alone = CREATION.lock().unwrap_or_else(PoisonError::into_inner);
    match OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Takes a file from an earlier time away from everybody else. SQLite gives the files that it puts
/// beside it the same mode.
fn restrict_to_owner(path: &str) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        match fs::set_permissions(format!("{path}{suffix}"), Permissions::from_mode(OWNER_ONLY)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Looks whether the file is, or can become, a database of ours, and leaves it as it is.
fn refuse_foreign(path: &str, busy_timeout: Duration) -> Result<(), OpenError> {
    let is_foreign = establish(path, Access::Read, busy_timeout).and_then(|mut connection| {
        migrations::is_foreign(&mut connection).map_err(ConnectionError::CouldntSetupConfiguration)
    });
    match is_foreign {
        Ok(false) => Ok(()),
        Ok(true) => Err(OpenError::ForeignDatabase { path: path.into() }),
        Err(error) => Err(refusal(path, error)),
    }
}

/// Connects as a writer does, whose settings put the file into WAL mode for good.
///
/// Where several do that to a new file at once, SQLite refuses all but one without waiting.
fn enter_wal_mode(path: &str, busy_timeout: Duration) -> ConnectionResult<()> {
    const PAUSE: Duration = Duration::from_millis(5);
    let deadline = Instant::now() + busy_timeout;
    loop {
        match establish(path, Access::Write { cache_mib: 1 }, busy_timeout) {
            Ok(_) => return Ok(()),
            Err(ConnectionError::CouldntSetupConfiguration(error))
                if is_locked(&error) && Instant::now() < deadline =>
            {
                std::thread::sleep(PAUSE);
            }
            Err(error) => return Err(error),
        }
    }
}

fn refusal(path: &str, error: ConnectionError) -> OpenError {
    match error {
        ConnectionError::CouldntSetupConfiguration(cause) if is_no_database(&cause) => {
            OpenError::NotADatabase { path: path.into() }
        }
        source => OpenError::Unusable { path: path.into(), source },
    }
}

/// The messages of `SQLITE_NOTADB` and `SQLITE_CORRUPT`.
fn is_no_database(error: &StatementError) -> bool {
    const DAMAGED: [&str; 2] = ["file is not a database", "database disk image is malformed"];
    matches!(error, StatementError::DatabaseError(_, cause) if DAMAGED.contains(&cause.message()))
}
