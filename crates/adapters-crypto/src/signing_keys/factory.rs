use portcullis_domain::ports::SigningKeyFactory;
use portcullis_domain::{SecretKey, SigningAlgorithm, SigningKey, Timestamp};

use super::key_pair::KeyPair;
use super::key_seal::KeySeal;

/// Makes signing keys and seals their private part under the secret key, for a [`KeyRing`] with the
/// same secret key to open.
///
/// An RSA key takes a tenth of a second or more to make; the others take no time to speak of.
///
/// [`KeyRing`]: super::KeyRing
pub struct SealingKeyFactory {
    seal: KeySeal,
}

impl SealingKeyFactory {
    /// Seals under the key that `secret` yields for signing keys.
    #[must_use]
    pub fn new(secret: &SecretKey) -> Self {
        Self { seal: KeySeal::new(secret) }
    }
}

impl SigningKeyFactory for SealingKeyFactory {
    fn generate(&self, algorithm: SigningAlgorithm, now: Timestamp, signs_from: Timestamp) -> SigningKey {
        let private = KeyPair::generate_pkcs8(algorithm).expect("the operating system gives random octets");
        let id = KeyPair::from_pkcs8(algorithm, &private).expect("a new key is sound").id();
        SigningKey {
            sealed: self.seal.seal(&id, algorithm, &private),
            id,
            algorithm,
            created_at: now,
            signs_from,
            verifies_until: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sealed_part_opens_with_the_secret_key_and_shows_nothing_of_the_private_key() {
        let secret = SecretKey::new((0..32).collect()).expect("long enough");
        for algorithm in [SigningAlgorithm::EdDsa, SigningAlgorithm::Es256, SigningAlgorithm::Rs256] {
            let key = SealingKeyFactory::new(&secret).generate(algorithm, Timestamp::MIN, Timestamp::MAX);
            assert_eq!(
                (key.algorithm, key.created_at, key.signs_from),
                (algorithm, Timestamp::MIN, Timestamp::MAX)
            );
            assert_eq!(key.verifies_until, None);

            let private = KeySeal::new(&secret).open(&key.id, algorithm, &key.sealed).expect("it opens");
            assert_eq!(KeyPair::from_pkcs8(algorithm, &private).expect("a private key").id(), key.id);
            for window in private.windows(8) {
                assert!(!key.sealed.windows(8).any(|sealed| sealed == window));
            }
        }
    }
}
