use std::io::Write as _;
use std::ops::RangeInclusive;

use aws_lc_rs::{digest, hmac};
use base64::prelude::*;
use portcullis_domain::ports::HashRefusal;
use zeroize::Zeroizing;

use super::are_equal;
use crate::password_hashing::fields::{Encoding, Scheme};

const SCHEME: Scheme = Scheme("bcrypt");

/// A hash by bcrypt, as crypt(3) writes it, or as Django and passlib do, which hash a digest of the
/// password to get around the 72 octets that bcrypt reads.
pub(in crate::password_hashing) struct BcryptHash {
    cost: u32,
    salt: [u8; Self::SALT_OCTETS],
    digest: Vec<u8>,
    input: Input,
}

/// What is hashed in the place of a password.
enum Input {
    /// The password, of which bcrypt reads the first 72 octets.
    Password,
    /// Its SHA-256 in hexadecimal: Django's `bcrypt_sha256`.
    HexadecimalSha256,
    /// Its SHA-256 in Base64: the first version of passlib's `bcrypt-sha256`.
    Base64Sha256,
    /// Its HMAC-SHA-256 in Base64, keyed with the salt as it is written: the second version.
    Base64HmacSha256 { key: Vec<u8> },
}

impl BcryptHash {
    /// 2¹⁶ rounds take some four seconds of a core; systems use 10 to 14.
    const COSTS: RangeInclusive<u32> = 4..=16;
    const SALT_OCTETS: usize = 16;
    const SALT_CHARACTERS: usize = 22;
    /// The last octet of what is computed was never written.
    const DIGEST_OCTETS: usize = 23;
    const MAX_INPUT_OCTETS: usize = 72;

    /// Reads a hash in any of its forms; `None` when it has none of them.
    pub(in crate::password_hashing) fn parse(text: &str) -> Result<Option<Self>, HashRefusal> {
        if let Some(rest) = text.strip_prefix("$bcrypt-sha256$v=2,") {
            Self::parse_passlib_v2(rest).map(Some)
        } else if let Some(rest) = text.strip_prefix("$bcrypt-sha256$") {
            Self::parse_passlib_v1(rest).map(Some)
        } else if let Some(crypt) = text.strip_prefix("bcrypt_sha256$") {
            Self::parse_crypt(crypt, Input::HexadecimalSha256).map(Some)
        } else if let Some(crypt) = text.strip_prefix("bcrypt$") {
            Self::parse_crypt(crypt, Input::Password).map(Some)
        } else if text.starts_with("$2") {
            Self::parse_crypt(text, Input::Password).map(Some)
        } else {
            Ok(None)
        }
    }

    /// `$2b$12$` and 22 characters of salt and 31 of digest. The revisions `2a`, `2b` and `2y` name the
    /// same function; `2x` marks hashes of an implementation with a defect.
    fn parse_crypt(text: &str, input: Input) -> Result<Self, HashRefusal> {
        let ["", "2a" | "2b" | "2y", cost, salt_and_digest] = SCHEME.fields(text, '$')? else {
            return Err(SCHEME.malformed("revision"));
        };
        let cost = match cost.as_bytes() {
            [b'0', _] => &cost[1..],
            [_, _] => cost,
            _ => return Err(SCHEME.malformed("cost")),
        };
        let (salt, digest) = salt_and_digest
            .split_at_checked(Self::SALT_CHARACTERS)
            .ok_or_else(|| SCHEME.malformed("salt"))?;
        Self::parse_fields(cost, salt, digest, input)
    }

    /// `2b,12$salt$digest`
    fn parse_passlib_v1(text: &str) -> Result<Self, HashRefusal> {
        let [parameters, salt, digest] = SCHEME.fields(text, '$')?;
        let ["2a" | "2b", cost] = SCHEME.fields(parameters, ',')? else {
            return Err(SCHEME.malformed("revision"));
        };
        Self::parse_fields(cost, salt, digest, Input::Base64Sha256)
    }

    /// `t=2b,r=12$salt$digest`
    fn parse_passlib_v2(text: &str) -> Result<Self, HashRefusal> {
        let [parameters, salt, digest] = SCHEME.fields(text, '$')?;
        let ["t=2b", cost] = SCHEME.fields(parameters, ',')? else {
            return Err(SCHEME.malformed("revision"));
        };
        let cost = cost.strip_prefix("r=").ok_or_else(|| SCHEME.malformed("cost"))?;
        Self::parse_fields(cost, salt, digest, Input::Base64HmacSha256 { key: salt.into() })
    }

    fn parse_fields(cost: &str, salt: &str, digest: &str, input: Input) -> Result<Self, HashRefusal> {
        let salt = SCHEME.salt(salt, Encoding::Bcrypt)?;
        Ok(Self {
            cost: SCHEME.cost("cost", cost, Self::COSTS)?,
            salt: salt.try_into().map_err(|_| SCHEME.malformed("salt"))?,
            digest: SCHEME.digest(digest, Encoding::Bcrypt, Self::DIGEST_OCTETS)?,
            input,
        })
    }

    /// Whether this is the hash of `password`.
    pub(in crate::password_hashing) fn matches(&self, password: &[u8]) -> bool {
        let mut input = self.input.of(password);
        input.push(0);
        input.truncate(Self::MAX_INPUT_OCTETS);
        let computed = bcrypt::bcrypt(self.cost, self.salt, &input);
        are_equal(&computed[..Self::DIGEST_OCTETS], &self.digest)
    }
}

impl Input {
    fn of(&self, password: &[u8]) -> Zeroizing<Vec<u8>> {
        let sha256 = || digest::digest(&digest::SHA256, password);
        // Room for the octet that ends it: growing would leave unwiped copies behind.
        let mut input = Zeroizing::new(Vec::with_capacity(password.len().max(64) + 1));
        match self {
            Self::Password => input.extend_from_slice(password),
            Self::HexadecimalSha256 => {
                for octet in sha256().as_ref() {
                    write!(&mut *input, "{octet:02x}").expect("memory takes what is written");
                }
            }
            Self::Base64Sha256 => {
                input.extend_from_slice(Zeroizing::new(BASE64_STANDARD.encode(sha256())).as_bytes());
            }
            Self::Base64HmacSha256 { key } => {
                let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), password);
                input.extend_from_slice(Zeroizing::new(BASE64_STANDARD.encode(tag)).as_bytes());
            }
        }
        input
    }
}
