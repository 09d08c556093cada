use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::finding::Finding;
use crate::config::Config;

const CHECK: &str = "files";

/// Finds out whether anybody but their owner may use what the installation keeps in files. To the database the store
/// sees whenever it is opened.
pub(super) fn examine(config: &Config) -> Finding {
    let key = config.secret_key_file();
    if is_open_to_others(&key) {
        return Finding::failed(
            CHECK,
            format!("others than its owner may use the secret key in {}", key.display()),
            &take_away(&key),
        );
    }
    match [&config.data_dir, &config.mailbox()].into_iter().find(|folder| is_open_to_others(folder)) {
        Some(folder) => Finding::warning(
            CHECK,
            format!("others than its owner may enter {}", folder.display()),
            &take_away(folder),
        ),
        None => Finding::ok(CHECK, "nobody but their owner may use them"),
    }
}

/// What is not there is open to nobody.
fn is_open_to_others(path: &Path) -> bool {
    const OTHERS: u32 = 0o077;
    fs::metadata(path).is_ok_and(|found| found.permissions().mode() & OTHERS != 0)
}

fn take_away(path: &Path) -> String {
    format!("take their rights away: `chmod go= {}`", path.display())
}
