use std::fmt;

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

/// The installation's one secret, from which every key is derived (HKDF-SHA256, RFC 5869).
///
/// All instances on one store share it. Who has it can forge refresh tokens and read signing keys.
#[derive(Clone)]
pub struct SecretKey(Zeroizing<Vec<u8>>);

/// What a derived key is for: no key serves two purposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPurpose {
    /// Authenticates refresh tokens.
    RefreshTokens,
    /// Digests one-time codes, which are too short for a bare hash.
    OneTimeCodes,
    /// Names the accounts and identifiers whose failed attempts are counted.
    Attempts,
    /// Encrypts signing keys at rest.
    SigningKeys,
    /// Authenticates the cursors of lists.
    Cursors,
    /// Authenticates the forms of pages.
    Forms,
}

/// The secret is nothing to derive keys from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a secret key has at least {} octets, which are not all the same", SecretKey::MIN_OCTETS)]
pub struct WeakSecretKey;

impl SecretKey {
    /// The fewest octets that a secret key may have.
    pub const MIN_OCTETS: usize = 32;

    /// Takes the octets of a secret key, which must have come from a random source.
    ///
    /// # Errors
    ///
    /// [`WeakSecretKey`] when there are fewer than 32, or all are the same.
    pub fn new(octets: Vec<u8>) -> Result<Self, WeakSecretKey> {
        let octets = Zeroizing::new(octets);
        let uniform = octets.iter().all(|octet| Some(octet) == octets.first());
        if octets.len() < Self::MIN_OCTETS || uniform { Err(WeakSecretKey) } else { Ok(Self(octets)) }
    }

    /// Whether a person seems to have chosen it, and not a random source: it is a short text, counts up or down,
    /// repeats itself, or has few different octets.
    ///
    /// Of random keys not one in ten million million looks so: those are of 32 octets, all of which happen to be
    /// printable characters. All else is rarer by far.
    #[must_use]
    pub fn looks_chosen(&self) -> bool {
        /// As many as 32 random octets have when written in hexadecimal digits.
        const LONG_TEXT: usize = 64;
        const FEW: usize = 8;
        let octets = self.0.as_slice();
        let is_short_text =
            octets.len() < LONG_TEXT && octets.iter().all(|octet| matches!(octet, b' '..=b'~'));
        let mut steps = octets.windows(2).map(|pair| pair[1].wrapping_sub(pair[0]));
        let first = steps.next();
        let counts = steps.all(|step| Some(step) == first);
        let mut is_there = [false; 256];
        for octet in octets {
            is_there[usize::from(*octet)] = true;
        }
        let different = is_there.iter().filter(|is_there| **is_there).count();
        is_short_text || counts || different < FEW || repeats(octets)
    }

    /// The key for one purpose: always the same 256 bits for the same secret.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "the length is a constant that HKDF-SHA256 can give")]
    pub fn derive(&self, purpose: KeyPurpose) -> Zeroizing<[u8; 32]> {
        let info: &[u8] = match purpose {
            KeyPurpose::RefreshTokens => b"portcullis refresh tokens v1",
            KeyPurpose::OneTimeCodes => b"portcullis one-time codes v1",
            KeyPurpose::Attempts => b"portcullis attempts v1",
            KeyPurpose::SigningKeys => b"portcullis signing keys v1",
            KeyPurpose::Cursors => b"portcullis cursors v1",
            KeyPurpose::Forms => b"portcullis forms v1",
        };
        let mut key = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(None, &self.0)
            .expand(info, key.as_mut())
            .expect("HKDF-SHA256 expands to 32 octets");
        key
    }
}

/// Whether these are the same bits over and over, at least twice. What was repeated as text in base64 is seen in
/// bits alone: a character has six.
fn repeats(octets: &[u8]) -> bool {
    let bits = octets.len() * 8;
    let bit = |index: usize| octets[index / 8] >> (7 - index % 8) & 1;
    (1..=bits / 2).any(|period| (period..bits).all(|index| bit(index) == bit(index - period)))
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretKey([redacted])")
    }
}
