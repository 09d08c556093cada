use std::num::NonZeroUsize;
use std::sync::{Arc, LazyLock};

use portcullis_adapters_crypto::{Argon2Hasher, Argon2Settings, HashingCapacity, OsEntropy};
use portcullis_domain::ports::PasswordHasher as _;

/// A hash is taken over as it stands or refused, without any work, and no refusal repeats what it refuses.
pub fn password_hashes(octets: &[u8]) {
    static HASHER: LazyLock<Argon2Hasher> = LazyLock::new(|| {
        let capacity = HashingCapacity { threads: NonZeroUsize::MIN, queue: 1 };
        let settings = Argon2Settings::new(8, 1, 1).expect("they are within bounds");
        Argon2Hasher::start(settings, capacity, Arc::new(OsEntropy)).expect("a thread starts")
    });
    // No word of a refusal is so long.
    const TELLING: usize = 16;
    let text = String::from_utf8_lossy(octets);
    match HASHER.import(&text) {
        Ok(hash) => {
            assert_eq!(hash.as_str(), text);
            assert!(text.len() <= 512 && text.bytes().all(|octet| octet.is_ascii_graphic()));
            for spoilt in [format!(" {text}"), format!("{text}\n"), format!("{text}\0"), format!("{text}é")]
            {
                assert!(HASHER.import(&spoilt).is_err(), "{spoilt:?}");
            }
        }
        Err(refusal) => {
            let told = refusal.to_string();
            let mut parts = text.split(|character: char| !character.is_alphanumeric());
            assert!(parts.all(|part| part.len() < TELLING || !told.contains(part)), "{told}");
        }
    }
}
