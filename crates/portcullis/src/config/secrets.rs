//! Settings about keys and passwords.

use base64::Engine as _;
use base64::alphabet::{Alphabet, STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use portcullis_adapters_crypto::{Argon2Settings, InvalidArgon2Settings};
use portcullis_domain::{PasswordPolicy, SecretKey};

use super::form::{Form, Refusal};
use super::setting::Secrecy;

impl Form for SecretKey {
    type Value = Self;
    const SECRECY: Secrecy = Secrecy::Secret;

    fn allowed() -> String {
        format!(
            "at least {} random bytes in base64, as `openssl rand -base64 32` prints them",
            Self::MIN_OCTETS
        )
    }

    fn parse(text: &str) -> Result<Self, Refusal> {
        let url_safe = text.contains(['-', '_']);
        let octets = base64_in(if url_safe { &URL_SAFE } else { &STANDARD })
            .decode(text)
            .map_err(|_| Refusal::new("is not base64"))?;
        Self::new(octets).map_err(|_| {
            Refusal::new(format!("has fewer than {} bytes, or all are the same", Self::MIN_OCTETS))
        })
    }
}

/// Base64 with or without padding.
fn base64_in(alphabet: &Alphabet) -> GeneralPurpose {
    let padding = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(alphabet, padding)
}

/// Written as the fewest characters of a password.
impl Form for PasswordPolicy {
    type Value = Self;

    fn allowed() -> String {
        format!("a whole number from {} to {}", Self::LOWEST_MINIMUM, Self::HIGHEST_MINIMUM)
    }

    fn parse(text: &str) -> Result<Self, Refusal> {
        let minimum = text.parse().map_err(|_| Refusal::new("is not a whole number"))?;
        Self::new(minimum).ok_or_else(|| Refusal::new("is too small or too great"))
    }
}

impl Form for Argon2Settings {
    type Value = Self;

    fn allowed() -> String {
        format!(
            "`m=M,t=T,p=P` with M from 8 × P to {}, T from 1 to {}, P from 1 to {}, and M × T at most {}",
            Self::MAX_MEMORY_KIB,
            Self::MAX_PASSES,
            Self::MAX_LANES,
            Self::MAX_WORK_KIB,
        )
    }

    fn parse(text: &str) -> Result<Self, Refusal> {
        text.parse().map_err(|error| match error {
            InvalidArgon2Settings::Malformed => Refusal::new("does not have this form"),
            out_of_bounds => Refusal::new(format!("is out of bounds: {out_of_bounds}")),
        })
    }
}

#[cfg(test)]
mod tests {
    use portcullis_domain::KeyPurpose;

    use super::*;

    #[test]
    fn a_key_is_the_same_in_either_alphabet_with_or_without_padding() {
        let derived = |text: &str| *SecretKey::parse(text).expect(text).derive(KeyPurpose::Attempts);
        let octets: Vec<u8> = (0..32).map(|octet| octet ^ 0xF8).collect();
        let standard = base64_in(&STANDARD).encode(&octets);
        let url_safe = base64_in(&URL_SAFE).encode(&octets);
        assert!(standard.contains('+') && url_safe.contains('-') && standard.ends_with('='));
        let expected = derived(&standard);
        for text in [url_safe.as_str(), standard.trim_end_matches('='), url_safe.trim_end_matches('=')] {
            assert_eq!(derived(text), expected);
        }
    }

    #[test]
    fn weak_keys_are_refused() {
        for text in [
            "",
            "correct horse battery staple",
            &base64_in(&STANDARD).encode([7; 64]),
            &base64_in(&STANDARD).encode((0..31).collect::<Vec<u8>>()),
        ] {
            assert!(SecretKey::parse(text).is_err(), "{text}");
        }
    }
}
