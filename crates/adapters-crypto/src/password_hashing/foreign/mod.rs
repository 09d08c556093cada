//! Hashes as other systems make them, by schemes that are not used here for new ones.
//!
//! What they cost to check is bounded like a hash of the costliest [`Argon2Settings`](super::Argon2Settings):
//! a few seconds of a core. Memory is bounded lower, since each thread may be at such a hash at once,
//! and who brings in hashes has not chosen what they cost.

mod bcrypt_hash;
mod pbkdf2_hash;
mod scrypt_hash;

use aws_lc_rs::constant_time;

pub(super) use self::bcrypt_hash::BcryptHash;
pub(super) use self::pbkdf2_hash::Pbkdf2Hash;
pub(super) use self::scrypt_hash::ScryptHash;

/// The most memory that a hash which is brought in may take: 256 MiB, in KiB. OWASP's costliest
/// recommendation for scrypt takes half of it.
pub(super) const MAX_MEMORY_KIB: u32 = 256 << 10;

/// Compares digests in constant time.
fn are_equal(computed: &[u8], stored: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(computed, stored).is_ok()
}
