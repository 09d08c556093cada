use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use portcullis_domain::ports::{
    HashRefusal, HasherOverloaded, HashingError, PasswordHasher, PasswordVerdict,
};
use portcullis_domain::{AcceptedPassword, Password, PasswordHash};

/// Hashes passwords in no time, and without any protection. For tests only.
///
/// Its hashes look like others, `$cheap$s=<settings>$<salt>$<digest>`, each with a salt of its own, and
/// come out the same in every run.
///
/// ```
/// use portcullis_testkit::TestDomain;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let domain = TestDomain::new();
/// domain.verified("ada@example.com").await;
/// for address in ["ada@example.com", "nobody@example.com"] {
///     let before = domain.hasher.verifications();
///     assert!(domain.login(address, "a wrong password").await.is_err());
///     assert_eq!(domain.hasher.verifications(), before + 1, "{address} costs one hash");
/// }
/// # });
/// ```
#[derive(Debug, Default)]
pub struct CheapHasher {
    settings: AtomicU32,
    overloaded: AtomicBool,
    hashes: AtomicU32,
    verifications: AtomicU32,
}

impl CheapHasher {
    /// When an overloaded hasher says that it is worth asking again.
    pub const RETRY_AFTER: Duration = Duration::from_secs(2);

    /// A hash of these octets, as it would come from another system that hashes what was typed.
    #[must_use]
    pub fn hash_elsewhere(octets: &[u8]) -> String {
        written(0, 0x0DD, octets)
    }

    /// Hashes with other settings from now on: all earlier hashes are outdated.
    pub fn change_settings(&self) {
        self.settings.fetch_add(1, Ordering::SeqCst);
    }

    /// Refuses all work from now on, or takes it again.
    pub fn set_overloaded(&self, overloaded: bool) {
        self.overloaded.store(overloaded, Ordering::SeqCst);
    }

    /// How many passwords were hashed for keeping.
    #[must_use]
    pub fn hashes(&self) -> u32 {
        self.hashes.load(Ordering::SeqCst)
    }

    /// How many passwords were checked, those for no account among them: each took the work of one hash.
    #[must_use]
    pub fn verifications(&self) -> u32 {
        self.verifications.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl PasswordHasher for CheapHasher {
    fn admits(&self) -> Result<(), HasherOverloaded> {
        if self.overloaded.load(Ordering::SeqCst) {
            Err(HasherOverloaded { retry_after: Self::RETRY_AFTER })
        } else {
            Ok(())
        }
    }

    async fn hash(&self, password: AcceptedPassword) -> Result<PasswordHash, HasherOverloaded> {
        self.admits()?;
        let salt = self.hashes.fetch_add(1, Ordering::SeqCst);
        let settings = self.settings.load(Ordering::SeqCst);
        Ok(PasswordHash::new(written(settings, salt, password.expose())))
    }

    /// Takes over its own hashes only.
    fn import(&self, text: &str) -> Result<PasswordHash, HashRefusal> {
        if !text.starts_with(PREFIX) {
            return Err(HashRefusal::UnknownScheme);
        }
        match parameters(text) {
            Some(_) => Ok(PasswordHash::new(text)),
            None => Err(HashRefusal::Malformed { scheme: "cheap", part: "settings or salt" }),
        }
    }

    async fn verify(
        &self,
        password: Password,
        hash: Option<PasswordHash>,
    ) -> Result<PasswordVerdict, HashingError> {
        self.admits()?;
        self.verifications.fetch_add(1, Ordering::SeqCst);
        let Some(hash) = hash else {
            return Ok(PasswordVerdict::Mismatch);
        };
        let (settings, salt) = parameters(hash.as_str()).ok_or(HashingError::UnknownHash)?;
        let is_of = |octets| written(settings, salt, octets) == hash.as_str();
        Ok(if is_of(password.expose()) {
            PasswordVerdict::Match { outdated: settings != self.settings.load(Ordering::SeqCst) }
        } else if password.expose_as_typed().is_some_and(is_of) {
            PasswordVerdict::Match { outdated: true }
        } else {
            PasswordVerdict::Mismatch
        })
    }
}

const PREFIX: &str = "$cheap$s=";

fn written(settings: u32, salt: u32, password: &[u8]) -> String {
    let digest = fnv_1a([&salt.to_be_bytes(), password].concat());
    format!("{PREFIX}{settings}${salt:08x}${digest:016x}")
}

fn parameters(hash: &str) -> Option<(u32, u32)> {
    let (settings, rest) = hash.strip_prefix(PREFIX)?.split_once('$')?;
    let (salt, _digest) = rest.split_once('$')?;
    Some((settings.parse().ok()?, u32::from_str_radix(salt, 16).ok()?))
}

/// FNV-1a: the same in every release of Rust, which the standard hasher does not promise.
fn fnv_1a(octets: Vec<u8>) -> u64 {
    let mix = |hash: u64, octet: u8| (hash ^ u64::from(octet)).wrapping_mul(0x0000_0100_0000_01B3);
    octets.into_iter().fold(0xCBF2_9CE4_8422_2325, mix)
}

#[cfg(test)]
mod tests {
    use portcullis_domain::{Identity, PasswordPolicy};

    use super::*;
    use crate::fixtures::email;

    fn password(text: &str) -> Password {
        Password::parse(text).expect("a password")
    }

    async fn hash(hasher: &CheapHasher, text: &str) -> PasswordHash {
        let identity = Identity { email: &email("ada@example.com"), username: None, names: [None; 3] };
        let accepted = PasswordPolicy::default().accept(password(text), &identity).expect("accepted");
        hasher.hash(accepted).await.expect("hashed")
    }

    #[tokio::test]
    async fn a_hash_of_other_settings_is_outdated() {
        let hasher = CheapHasher::default();
        let hash = hash(&hasher, "correct horse battery").await;
        hasher.change_settings();
        let verified = hasher.verify(password("correct horse battery"), Some(hash)).await;
        assert_eq!(verified, Ok(PasswordVerdict::Match { outdated: true }));
    }

    #[test]
    fn hashes_that_it_cannot_check_are_not_imported() {
        let hasher = CheapHasher::default();
        assert_eq!(
            hasher.import("$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA"),
            Err(HashRefusal::UnknownScheme)
        );
        assert!(matches!(hasher.import("$cheap$s=one$7$7"), Err(HashRefusal::Malformed { .. })));
    }

    #[tokio::test]
    async fn no_account_costs_what_an_account_costs() {
        let hasher = CheapHasher::default();
        assert_eq!(hasher.verify(password("whatever"), None).await, Ok(PasswordVerdict::Mismatch));
        assert_eq!(hasher.verifications(), 1);
    }

    #[tokio::test]
    async fn an_overloaded_hasher_does_no_work() {
        let hasher = CheapHasher::default();
        hasher.set_overloaded(true);
        let refused = hasher.verify(password("whatever"), None).await;
        assert_eq!(refused, Err(HasherOverloaded { retry_after: CheapHasher::RETRY_AFTER }.into()));
        assert_eq!(hasher.verifications(), 0);
    }
}
