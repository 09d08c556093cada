use hmac::{Hmac, KeyInit, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// A keyed digest: HMAC-SHA256 (RFC 2104) over parts whose boundaries count.
#[derive(Clone)]
pub(super) struct Mac {
    key: Zeroizing<[u8; 32]>,
}

impl Mac {
    pub(super) fn new(key: Zeroizing<[u8; 32]>) -> Self {
        Self { key }
    }

    pub(super) fn tag(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut hmac =
            Hmac::<Sha256>::new_from_slice(self.key.as_ref()).expect("HMAC takes a key of any length");
        for part in parts {
            hmac.update(&(part.len() as u64).to_be_bytes());
            hmac.update(part);
        }
        hmac.finalize().into_bytes().into()
    }
}
