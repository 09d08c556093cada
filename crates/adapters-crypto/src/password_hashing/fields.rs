//! Reading the fields of a hash, and saying which of them is wrong.

use std::ops::RangeInclusive;

use base64::alphabet::{self, Alphabet};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::*;
use portcullis_domain::ports::HashRefusal;

/// A scheme by the name that it has in refusals.
pub(super) struct Scheme(pub(super) &'static str);

impl Scheme {
    pub(super) fn malformed(&self, part: &'static str) -> HashRefusal {
        HashRefusal::Malformed { scheme: self.0, part }
    }

    pub(super) fn too_costly(&self, parameter: &'static str, maximum: impl Into<u64>) -> HashRefusal {
        HashRefusal::TooCostly { scheme: self.0, parameter, maximum: maximum.into() }
    }

    /// Splits `text` into exactly as many fields as are asked for.
    pub(super) fn fields<'a, const COUNT: usize>(
        &self,
        text: &'a str,
        separator: char,
    ) -> Result<[&'a str; COUNT], HashRefusal> {
        let fields: Vec<_> = text.split(separator).collect();
        fields.try_into().map_err(|_| self.malformed("number of fields"))
    }

    /// Reads a decimal number that must be within `bounds`.
    pub(super) fn cost(
        &self,
        parameter: &'static str,
        digits: &str,
        bounds: RangeInclusive<u32>,
    ) -> Result<u32, HashRefusal> {
        let cost = decimal(digits).ok_or_else(|| self.malformed(parameter))?;
        if cost > *bounds.end() {
            Err(self.too_costly(parameter, *bounds.end()))
        } else if cost < *bounds.start() {
            Err(self.malformed(parameter))
        } else {
            Ok(cost)
        }
    }

    /// Reads the salt, of any length but none.
    pub(super) fn salt(&self, text: &str, encoding: Encoding) -> Result<Vec<u8>, HashRefusal> {
        let salt = encoding.decode(text).filter(|salt| !salt.is_empty());
        salt.ok_or_else(|| self.malformed("salt"))
    }

    /// Reads the digest, which has `length` octets.
    pub(super) fn digest(
        &self,
        text: &str,
        encoding: Encoding,
        length: usize,
    ) -> Result<Vec<u8>, HashRefusal> {
        let digest = encoding.decode(text).filter(|digest| digest.len() == length);
        digest.ok_or_else(|| self.malformed("digest"))
    }
}

/// A number without sign or leading zeros, as great as it may be: too many digits are the greatest one.
fn decimal(digits: &str) -> Option<u32> {
    let is_decimal = !digits.is_empty() && digits.bytes().all(|octet| octet.is_ascii_digit());
    let is_canonical = digits == "0" || !digits.starts_with('0');
    (is_decimal && is_canonical).then(|| digits.parse().unwrap_or(u32::MAX))
}

/// How octets are written.
#[derive(Clone, Copy)]
pub(super) enum Encoding {
    /// As they are: characters drawn at random.
    Plain,
    /// Two hexadecimal digits an octet.
    Hexadecimal,
    /// Base64 (RFC 4648), padded.
    Base64,
    /// Base64 without padding.
    Base64Unpadded,
    /// Base64 without padding, and with `.` in the place of `+`: passlib's own.
    Base64WithDot,
    /// The Base64 of bcrypt, with another alphabet. Its last character may have bits that mean nothing.
    Bcrypt,
}

impl Encoding {
    pub(super) fn decode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Plain => Some(text.as_bytes().to_vec()),
            Self::Hexadecimal => hexadecimal(text),
            Self::Base64 => BASE64_STANDARD.decode(text).ok(),
            Self::Base64Unpadded => BASE64_STANDARD_NO_PAD.decode(text).ok(),
            Self::Base64WithDot => BASE64_WITH_DOT.decode(text).ok(),
            Self::Bcrypt => BASE64_OF_BCRYPT.decode(text).ok(),
        }
    }
}

const UNPADDED: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::RequireNone);
const BASE64_WITH_DOT: GeneralPurpose = GeneralPurpose::new(
    &match Alphabet::new("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./") {
        Ok(alphabet) => alphabet,
        Err(_) => panic!("these are 64 different characters"),
    },
    UNPADDED,
);
const BASE64_OF_BCRYPT: GeneralPurpose =
    GeneralPurpose::new(&alphabet::BCRYPT, UNPADDED.with_decode_allow_trailing_bits(true));

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|value| u8::try_from(value).ok()))
        .collect::<Option<_>>()?;
    let (pairs, []) = digits.as_chunks() else { return None };
    Some(pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEME: Scheme = Scheme("rot13");

    #[test]
    fn a_cost_is_a_plain_decimal_within_its_bounds() {
        let cost = |digits| SCHEME.cost("rounds", digits, 4..=16);
        assert_eq!((cost("4"), cost("16")), (Ok(4), Ok(16)));
        for malformed in ["", "3", "0", "-5", "+5", " 5", "5 ", "05", "0x5", "5.0", "1e1"] {
            assert_eq!(cost(malformed), Err(SCHEME.malformed("rounds")), "{malformed:?}");
        }
        for too_costly in ["17", "4294967296", "99999999999999999999999999999999"] {
            assert_eq!(cost(too_costly), Err(SCHEME.too_costly("rounds", 16_u32)), "{too_costly:?}");
        }
    }

    #[test]
    fn hexadecimal_is_pairs_of_digits_and_nothing_else() {
        assert_eq!(hexadecimal("00fF7a"), Some(vec![0, 255, 0x7A]));
        for malformed in ["0", "000", "+f", "0x", "g0", "\u{e9}"] {
            assert_eq!(hexadecimal(malformed), None, "{malformed:?}");
        }
    }

    #[test]
    fn each_base64_reads_its_own_form_only() {
        let texts = ["+/8=", "+/8", "./8", "./8="];
        let read_by = |encoding: Encoding| texts.map(|text| encoding.decode(text).is_some());
        assert_eq!(read_by(Encoding::Base64), [true, false, false, false]);
        assert_eq!(read_by(Encoding::Base64Unpadded), [false, true, false, false]);
        assert_eq!(read_by(Encoding::Base64WithDot), [false, false, true, false]);
        assert_eq!(read_by(Encoding::Bcrypt), [false, false, true, false]);
    }
}
