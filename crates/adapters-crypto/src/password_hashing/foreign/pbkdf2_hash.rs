use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;
use portcullis_domain::ports::HashRefusal;

use crate::password_hashing::fields::{Encoding, Scheme};

const SCHEME: Scheme = Scheme("PBKDF2");

/// A hash by PBKDF2 (RFC 8018), as passlib, Django or Werkzeug write it.
pub(in crate::password_hashing) struct Pbkdf2Hash {
    function: pbkdf2::Algorithm,
    iterations: NonZeroU32,
    salt: Vec<u8>,
    digest: Vec<u8>,
}

/// A pseudorandom function; digests are as long as its output.
struct Function {
    algorithm: pbkdf2::Algorithm,
    octets: usize,
}

const SHA1: Function = Function { algorithm: pbkdf2::PBKDF2_HMAC_SHA1, octets: 20 };
const SHA256: Function = Function { algorithm: pbkdf2::PBKDF2_HMAC_SHA256, octets: 32 };
const SHA512: Function = Function { algorithm: pbkdf2::PBKDF2_HMAC_SHA512, octets: 64 };

/// How salt and digest are written.
struct Writing {
    salt: Encoding,
    digest: Encoding,
}

const DJANGO: Writing = Writing { salt: Encoding::Plain, digest: Encoding::Base64 };
const PASSLIB: Writing = Writing { salt: Encoding::Base64WithDot, digest: Encoding::Base64WithDot };
const WERKZEUG: Writing = Writing { salt: Encoding::Plain, digest: Encoding::Hexadecimal };

/// What a form begins with. All go on with `iterations$salt$digest`.
const FORMS: [(&str, Function, Writing); 8] = [
    ("pbkdf2_sha1$", SHA1, DJANGO),
    ("pbkdf2_sha256$", SHA256, DJANGO),
    ("$pbkdf2$", SHA1, PASSLIB),
    ("$pbkdf2-sha256$", SHA256, PASSLIB),
    ("$pbkdf2-sha512$", SHA512, PASSLIB),
    ("pbkdf2:sha1:", SHA1, WERKZEUG),
    ("pbkdf2:sha256:", SHA256, WERKZEUG),
    ("pbkdf2:sha512:", SHA512, WERKZEUG),
];

impl Pbkdf2Hash {
    /// With SHA-512 that is some five seconds of a core, with the others some two; systems use up to
    /// 1.5 million.
    const MAX_ITERATIONS: u32 = 10_000_000;

    /// Reads a hash in any of its forms; `None` when it has none of them.
    pub(in crate::password_hashing) fn parse(text: &str) -> Result<Option<Self>, HashRefusal> {
        for (beginning, function, writing) in FORMS {
            if let Some(rest) = text.strip_prefix(beginning) {
                return Self::parse_fields(rest, &function, &writing).map(Some);
            }
        }
        Ok(None)
    }

    fn parse_fields(text: &str, function: &Function, writing: &Writing) -> Result<Self, HashRefusal> {
        let [iterations, salt, digest] = SCHEME.fields(text, '$')?;
        let iterations = SCHEME.cost("iterations", iterations, 1..=Self::MAX_ITERATIONS)?;
        Ok(Self {
            function: function.algorithm,
            iterations: NonZeroU32::new(iterations).expect("it is within bounds"),
            salt: SCHEME.salt(salt, writing.salt)?,
            digest: SCHEME.digest(digest, writing.digest, function.octets)?,
        })
    }

    /// Whether this is the hash of `password`.
    pub(in crate::password_hashing) fn matches(&self, password: &[u8]) -> bool {
        // Compares in constant time.
        pbkdf2::verify(self.function, self.iterations, &self.salt, password, &self.digest).is_ok()
    }
}
