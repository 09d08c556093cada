use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use portcullis_domain::{KeyId, KeyPurpose, SecretKey, SigningAlgorithm};
use zeroize::Zeroizing;

/// Encrypts private keys for the store with AES-256-GCM, under a key derived from the secret key.
///
/// Sealed are a random nonce, the ciphertext and its tag, one after the other. Id and algorithm of the
/// key are authenticated with it, so a store cannot pass one key off for another.
pub(super) struct KeySeal(RandomizedNonceKey);

impl KeySeal {
    pub(super) fn new(secret: &SecretKey) -> Self {
        let key = secret.derive(KeyPurpose::SigningKeys);
        Self(RandomizedNonceKey::new(&AES_256_GCM, key.as_ref()).expect("the key has 256 bits"))
    }

    /// Encrypts the private key of `id`.
    pub(super) fn seal(&self, id: &KeyId, algorithm: SigningAlgorithm, private: &[u8]) -> Vec<u8> {
        // Room for the tag: growing would leave a copy of the private key behind.
        let mut text = Vec::with_capacity(private.len() + AES_256_GCM.tag_len());
        text.extend_from_slice(private);
        let nonce = self
            .0
            .seal_in_place_append_tag(context(id, algorithm), &mut text)
            .expect("a private key is not too long to encrypt");
        [nonce.as_ref().as_slice(), &text].concat()
    }

    /// Decrypts the private key of `id`; `None` when it was sealed under another secret key, for
    /// another id or algorithm, or was changed since.
    pub(super) fn open(
        &self,
        id: &KeyId,
        algorithm: SigningAlgorithm,
        sealed: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut text = Zeroizing::new(text.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let octets = self.0.open_in_place(nonce, context(id, algorithm), &mut text).ok()?.len();
        text.truncate(octets);
        Some(text)
    }
}

fn context(id: &KeyId, algorithm: SigningAlgorithm) -> Aad<String> {
    Aad::from(format!("{algorithm} {id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALGORITHM: SigningAlgorithm = SigningAlgorithm::EdDsa;

    fn seal(octets: u8) -> KeySeal {
        let secret = (0..32).map(|index| octets ^ index).collect();
        KeySeal::new(&SecretKey::new(secret).expect("long enough"))
    }

    #[test]
    fn what_was_sealed_opens_again_and_reads_differently_each_time() {
        let (seal, id) = (seal(1), KeyId::new("key"));
        let sealed = seal.seal(&id, ALGORITHM, b"private part");
        assert!(!sealed.windows(12).any(|window| window == b"private part"));
        assert_ne!(sealed, seal.seal(&id, ALGORITHM, b"private part"));
        assert_eq!(
            seal.open(&id, ALGORITHM, &sealed).as_deref().map(Vec::as_slice),
            Some(&b"private part"[..])
        );
    }

    #[test]
    fn it_opens_for_nobody_else_and_nothing_else() {
        let id = KeyId::new("key");
        let sealed = seal(1).seal(&id, ALGORITHM, b"private part");
        assert!(seal(2).open(&id, ALGORITHM, &sealed).is_none(), "another secret key");
        assert!(seal(1).open(&KeyId::new("other"), ALGORITHM, &sealed).is_none(), "another id");
        assert!(seal(1).open(&id, SigningAlgorithm::Es256, &sealed).is_none(), "another algorithm");
        for position in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[position] ^= 1;
            assert!(seal(1).open(&id, ALGORITHM, &changed).is_none(), "octet {position} changed");
            assert!(seal(1).open(&id, ALGORITHM, &sealed[..position]).is_none(), "cut to {position} octets");
        }
    }
}
