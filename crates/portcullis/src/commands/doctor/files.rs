use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::Context as _;

use super::finding::Finding;
use crate::config::Config;

const CHECK: &str = "files";

/// What to do where the operating system does not let one look.
pub(super) const AS_THE_SERVICE: &str =
    "run this as the user that the service runs as, and see that the files are its own";

/// Finds out whether anybody but their owner may use what the installation keeps in files. To the database the store
/// sees whenever it is opened.
pub(super) fn examine(config: &Config) -> Finding {
    look_at(config).unwrap_or_else(|error| Finding::error(CHECK, error, AS_THE_SERVICE))
}

fn look_at(config: &Config) -> anyhow::Result<Finding> {
    let key = config.secret_key_file();
    if is_open_to_others(&key)? {
        let finding = format!("others than its owner may use the secret key in {}", key.display());
        return Ok(Finding::failed(CHECK, finding, &take_away(&key)));
    }
    for folder in [&config.data_dir, &config.mailbox()] {
        if is_open_to_others(folder)? {
            let finding = format!("others than its owner may enter {}", folder.display());
            return Ok(Finding::warning(CHECK, finding, &take_away(folder)));
        }
    }
    Ok(Finding::ok(CHECK, "nobody but their owner may use them"))
}

/// What is not there is open to nobody.
fn is_open_to_others(path: &Path) -> anyhow::Result<bool> {
    const OTHERS: u32 = 0o077;
    match fs::metadata(path) {
        Ok(found) => Ok(found.permissions().mode() & OTHERS != 0),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).with_context(|| format!("{} cannot be looked at", path.display())),
    }
}

fn take_away(path: &Path) -> String {
    format!("take their rights away: `chmod go= {}`", path.display())
}
