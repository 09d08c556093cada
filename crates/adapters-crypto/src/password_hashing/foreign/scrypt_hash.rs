use portcullis_domain::ports::HashRefusal;
use scrypt::Params;

use super::{MAX_MEMORY_KIB, are_equal};
use crate::password_hashing::fields::{Encoding, Scheme};

const SCHEME: Scheme = Scheme("scrypt");

/// A hash by scrypt (RFC 7914), as passlib, Django or Werkzeug write it.
pub(in crate::password_hashing) struct ScryptHash {
    params: Params,
    salt: Vec<u8>,
    digest: Vec<u8>,
}

impl ScryptHash {
    /// The most blocks of 128 octets that the memory may have.
    const MAX_N_TIMES_R: u32 = MAX_MEMORY_KIB * (1024 / 128);
    /// With the most memory, this often takes some three seconds of a core.
    const MAX_N_TIMES_R_TIMES_P: u32 = 4 * Self::MAX_N_TIMES_R;
    /// There is a second region of memory, of r times p blocks: these bounds keep it small.
    const MAX_R: u32 = 128;
    const MAX_P: u32 = 16;
    const PASSLIB_DIGEST_OCTETS: usize = 32;
    const DIGEST_OCTETS: usize = 64;

    /// Reads a hash in any of its forms; `None` when it has none of them.
    pub(in crate::password_hashing) fn parse(text: &str) -> Result<Option<Self>, HashRefusal> {
        if let Some(rest) = text.strip_prefix("$scrypt$") {
            Self::parse_passlib(rest).map(Some)
        } else if let Some(rest) = text.strip_prefix("scrypt$") {
            Self::parse_django(rest).map(Some)
        } else if let Some(rest) = text.strip_prefix("scrypt:") {
            Self::parse_werkzeug(rest).map(Some)
        } else {
            Ok(None)
        }
    }

    /// `ln=16,r=8,p=1$salt$digest`
    fn parse_passlib(text: &str) -> Result<Self, HashRefusal> {
        let [parameters, salt, digest] = SCHEME.fields(text, '$')?;
        let [log_n, r, p] = SCHEME.fields(parameters, ',')?;
        let (Some(log_n), Some(r), Some(p)) =
            (log_n.strip_prefix("ln="), r.strip_prefix("r="), p.strip_prefix("p="))
        else {
            return Err(SCHEME.malformed("parameters"));
        };
        let log_n = SCHEME.cost("ln", log_n, 1..=Self::MAX_N_TIMES_R.ilog2())?;
        Ok(Self {
            params: Self::params(log_n, r, p)?,
            salt: SCHEME.salt(salt, Encoding::Base64Unpadded)?,
            digest: SCHEME.digest(digest, Encoding::Base64Unpadded, Self::PASSLIB_DIGEST_OCTETS)?,
        })
    }

    /// `N$salt$r$p$digest`
    fn parse_django(text: &str) -> Result<Self, HashRefusal> {
        let [n, salt, r, p, digest] = SCHEME.fields(text, '$')?;
        Ok(Self {
            params: Self::params(Self::log_n(n)?, r, p)?,
            salt: SCHEME.salt(salt, Encoding::Plain)?,
            digest: SCHEME.digest(digest, Encoding::Base64, Self::DIGEST_OCTETS)?,
        })
    }

    /// `N:r:p$salt$digest`
    fn parse_werkzeug(text: &str) -> Result<Self, HashRefusal> {
        let [parameters, salt, digest] = SCHEME.fields(text, '$')?;
        let [n, r, p] = SCHEME.fields(parameters, ':')?;
        Ok(Self {
            params: Self::params(Self::log_n(n)?, r, p)?,
            salt: SCHEME.salt(salt, Encoding::Plain)?,
            digest: SCHEME.digest(digest, Encoding::Hexadecimal, Self::DIGEST_OCTETS)?,
        })
    }

    fn log_n(n: &str) -> Result<u32, HashRefusal> {
        let n = SCHEME.cost("N", n, 2..=Self::MAX_N_TIMES_R)?;
        if n.is_power_of_two() { Ok(n.ilog2()) } else { Err(SCHEME.malformed("N")) }
    }

    fn params(log_n: u32, r: &str, p: &str) -> Result<Params, HashRefusal> {
        let r = SCHEME.cost("r", r, 1..=Self::MAX_R)?;
        let p = SCHEME.cost("p", p, 1..=Self::MAX_P)?;
        let blocks = r << log_n;
        if blocks > Self::MAX_N_TIMES_R {
            return Err(SCHEME.too_costly("N times r", Self::MAX_N_TIMES_R));
        }
        if blocks * p > Self::MAX_N_TIMES_R_TIMES_P {
            return Err(SCHEME.too_costly("N times r times p", Self::MAX_N_TIMES_R_TIMES_P));
        }
        let log_n = u8::try_from(log_n).expect("it is within bounds");
        Ok(Params::new(log_n, r, p).expect("the bounds lie within those of scrypt"))
    }

    /// Whether this is the hash of `password`.
    pub(in crate::password_hashing) fn matches(&self, password: &[u8]) -> bool {
        let mut computed = [0; Self::DIGEST_OCTETS];
        let computed = &mut computed[..self.digest.len()];
        scrypt::scrypt(password, &self.salt, &self.params, computed).expect("the length is allowed");
        are_equal(computed, &self.digest)
    }
}
