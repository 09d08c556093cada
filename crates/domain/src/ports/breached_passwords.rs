use async_trait::async_trait;

use super::StorageError;
use crate::values::Password;

/// Passwords that are known to have leaked somewhere: attackers try them first (NIST SP 800-63B §3.1.1.2).
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait BreachedPasswords: Send + Sync {
    /// Whether `password` is among them, in NFKC or as it was typed.
    ///
    /// MUST NOT let anything of it leave the machine.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: nobody can say now, and the password is not accepted.
    async fn contains(&self, password: &Password) -> Result<bool, StorageError>;
}
