//! The secret key of an installation that was not given one.

use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use portcullis_domain::SecretKey;
use portcullis_domain::ports::Entropy;
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use crate::config::Form as _;

/// Why there is no secret key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretKeyFileError {
    /// The file can be neither read nor made.
    #[error("the secret key file {} cannot be used", path.display())]
    Unusable { path: PathBuf, source: io::Error },
    /// It holds no key.
    #[error("the secret key file {} holds no secret key: it {reason}", path.display())]
    Damaged { path: PathBuf, reason: String },
}

/// The key in the file at `path`, which is made with a new key first if there is none.
///
/// Of many processes that start at once one makes it, whole from the first moment on, and all read
/// that one. Only the owner can read the file.
pub(crate) fn load_or_create(path: &Path, entropy: &dyn Entropy) -> Result<SecretKey, SecretKeyFileError> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            create(path, entropy).and_then(|()| fs::read_to_string(path))
        }
        read => read,
    };
    parse(path, text)
}

/// The key in the file at `path`, if there is one.
pub(crate) fn load(path: &Path) -> Result<Option<SecretKey>, SecretKeyFileError> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        read => parse(path, read).map(Some),
    }
}

fn parse(path: &Path, text: io::Result<String>) -> Result<SecretKey, SecretKeyFileError> {
    let unusable = |source| SecretKeyFileError::Unusable { path: path.to_owned(), source };
    let text = Zeroizing::new(text.map_err(unusable)?);
    SecretKey::parse(text.trim())
        .map_err(|refusal| SecretKeyFileError::Damaged { path: path.to_owned(), reason: refusal.0 })
}

/// Writes a key beside `path` and moves it there, unless another process was faster.
fn create(path: &Path, entropy: &dyn Entropy) -> io::Result<()> {
    let mut octets = Zeroizing::new([0; SecretKey::MIN_OCTETS]);
    entropy.fill(octets.as_mut());
    let text = Zeroizing::new(BASE64_STANDARD.encode(octets.as_ref()));
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(folder)?;
    writeln!(file, "{}", text.as_str())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() != ErrorKind::AlreadyExists => Err(error.error),
        _ => fs::File::open(folder)?.sync_all(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::sync::Barrier;
    use std::thread;

    use portcullis_adapters_crypto::OsEntropy;
    use portcullis_domain::KeyPurpose;

    use super::*;

    fn derived(path: &Path) -> [u8; 32] {
        *load_or_create(path, &OsEntropy).unwrap().derive(KeyPurpose::Attempts)
    }

    #[test]
    fn the_key_is_made_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        let first = derived(&path);
        assert_eq!(derived(&path), first);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left behind");
    }

    #[test]
    fn processes_that_start_together_get_one_key() {
        const PROCESSES: usize = 16;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        let start = Barrier::new(PROCESSES);
        let keys: Vec<_> = thread::scope(|scope| {
            let race = || {
                start.wait();
                derived(&path)
            };
            let racers: Vec<_> = (0..PROCESSES).map(|_| scope.spawn(race)).collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| key == &keys[0]));
    }

    #[test]
    fn a_damaged_file_is_refused_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        for damaged in ["", "half a k"] {
            fs::write(&path, damaged).unwrap();
            let refused = load_or_create(&path, &OsEntropy);
            assert!(matches!(refused, Err(SecretKeyFileError::Damaged { .. })), "{damaged:?}");
            assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
        }
    }
}
