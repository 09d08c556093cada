use std::time::Duration;

use async_trait::async_trait;

use crate::values::{AcceptedPassword, Password, PasswordHash};

/// Hashes passwords slowly and salted, with a bound on how many at once.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// Whether a password would be hashed or checked now, and not refused because too many wait: asked before anything
    /// is read for it, so that a flood is turned away at little cost. The answer may be out of date when the password
    /// comes. A hasher that refuses none need not say.
    ///
    /// # Errors
    ///
    /// [`HasherOverloaded`].
    fn admits(&self) -> Result<(), HasherOverloaded> {
        Ok(())
    }

    /// A new hash of `password`, with a salt of its own. Every octet of the password counts.
    ///
    /// Proven by the cases `every_hash_has_a_salt_of_its_own` and `every_octet_of_a_long_password_counts`.
    ///
    /// # Errors
    ///
    /// [`HasherOverloaded`] at once, before any work, when too many wait already.
    async fn hash(&self, password: AcceptedPassword) -> Result<PasswordHash, HasherOverloaded>;

    /// Takes over a hash that may come from another system, so that [`verify`](Self::verify) can check
    /// it: whoever has the password signs in with it, and the login renews the hash.
    ///
    /// Only reads: no hashing, no waiting, whatever the text. A hash is accepted however little it
    /// costs to guess its password, as it is no weaker here than where it comes from; renewing it is
    /// what helps. One that would cost too much to check MUST be refused here, not at a login.
    ///
    /// Proven by the cases `an_imported_hash_of_what_was_typed_matches_and_is_outdated` and
    /// `what_is_no_hash_is_refused_and_matches_nothing`.
    ///
    /// # Errors
    ///
    /// [`HashRefusal`] says what is wrong with it.
    fn import(&self, text: &str) -> Result<PasswordHash, HashRefusal>;

    /// Whether `password` is the one that `hash` was made from.
    ///
    /// Other systems hash what was typed, so a hash is of the password in NFKC or as it was typed:
    /// both MUST be tried, the former first. A match of the latter is outdated.
    ///
    /// With no hash, because there is no such account, the answer is [`PasswordVerdict::Mismatch`] after
    /// the work that a hash of the current settings takes: MUST NOT be told from a wrong password
    /// by its time.
    ///
    /// Proven by the cases `a_password_matches_its_hash_and_no_other`, `a_password_counts_however_it_is_typed`,
    /// `no_account_costs_what_a_wrong_password_costs` and `passwords_checked_at_once_do_not_meet`.
    ///
    /// # Errors
    ///
    /// [`HashingError::Overloaded`] at once, before any work, when too many wait already;
    /// [`HashingError::UnknownHash`] when the hash is none that this hasher can check.
    async fn verify(
        &self,
        password: Password,
        hash: Option<PasswordHash>,
    ) -> Result<PasswordVerdict, HashingError>;
}

/// What checking a password found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordVerdict {
    /// It is the password.
    Match {
        /// Whether the hash was made with other settings than today's, and should be replaced.
        outdated: bool,
    },
    /// It is not.
    Mismatch,
}

/// Too many passwords wait to be hashed or checked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being hashed")]
pub struct HasherOverloaded {
    /// When it is worth asking again.
    pub retry_after: Duration,
}

/// Why a password was not checked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashingError {
    /// Too many are waiting.
    #[error(transparent)]
    Overloaded(#[from] HasherOverloaded),
    /// The stored hash is none that can be checked: a defect in what was stored.
    #[error("a stored password hash cannot be read")]
    UnknownHash,
}

/// Why a hash is not [imported](PasswordHasher::import). Never repeats any of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashRefusal {
    /// It has more characters than any hash.
    #[error("is longer than {maximum} characters")]
    TooLong {
        /// The greatest number of characters.
        maximum: usize,
    },
    /// It has spaces, control characters, or characters outside of ASCII.
    #[error("has characters that no hash has")]
    Characters,
    /// It does not look like a hash of any scheme that can be checked.
    #[error("is of no scheme that can be checked")]
    UnknownScheme,
    /// It begins like a hash of this scheme, and cannot be one.
    #[error("is no {scheme} hash: its {part} cannot be right")]
    Malformed {
        /// The scheme.
        scheme: &'static str,
        /// The part that is missing, is of another form or length, or is less than the least.
        part: &'static str,
    },
    /// Checking it would take too much time or memory.
    #[error("costs too much to check: the {parameter} of a {scheme} hash is at most {maximum}")]
    TooCostly {
        /// The scheme.
        scheme: &'static str,
        /// What is too much, as the scheme calls it.
        parameter: &'static str,
        /// The most that is accepted.
        maximum: u64,
    },
}
