use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use super::mac::Mac;
use super::{KeyPurpose, SecretKey};

/// Writes and reads the cursors with which a list goes on: the id of the last item, and a MAC over it and the
/// query.
///
/// So a cursor is good for the query that it was handed out for and no other, and cannot be made up.
#[derive(Clone)]
pub struct Cursors(Mac);

impl Cursors {
    const ID: usize = 16;
    const MAC: usize = 16;
    const OCTETS: usize = Self::ID + Self::MAC;

    /// Reads and writes cursors under the key that `secret` yields for them.
    #[must_use]
    pub fn new(secret: &SecretKey) -> Self {
        Self(Mac::new(secret.derive(KeyPurpose::Cursors)))
    }

    /// The cursor of a list, filtered by `filters`, that goes on after `item`.
    #[must_use]
    pub fn write(&self, list: &str, filters: &[Option<&str>], item: Uuid) -> String {
        let mut octets = [0; Self::OCTETS];
        octets[..Self::ID].copy_from_slice(item.as_bytes());
        octets[Self::ID..].copy_from_slice(&self.tag(list, filters, item));
        URL_SAFE_NO_PAD.encode(octets)
    }

    /// After which item the list goes on; `None` unless `text` was handed out for this list and these filters.
    #[must_use]
    pub fn read(&self, list: &str, filters: &[Option<&str>], text: &str) -> Option<Uuid> {
        let mut octets = [0; Self::OCTETS];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut octets).ok()?;
        let (id, mac) = octets.get(..length)?.split_first_chunk::<{ Self::ID }>()?;
        let item = Uuid::from_bytes(*id);
        bool::from(self.tag(list, filters, item).as_slice().ct_eq(mac)).then_some(item)
    }

    fn tag(&self, list: &str, filters: &[Option<&str>], item: Uuid) -> [u8; Self::MAC] {
        let mut parts: Vec<&[u8]> = vec![list.as_bytes(), item.as_bytes()];
        for filter in filters {
            parts.push(if filter.is_some() { b"with" } else { b"without" });
            parts.push(filter.unwrap_or_default().as_bytes());
        }
        let tag = self.0.tag(&parts);
        *tag.first_chunk().expect("a MAC has 32 octets")
    }
}

impl fmt::Debug for Cursors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Cursors([redacted])")
    }
}
