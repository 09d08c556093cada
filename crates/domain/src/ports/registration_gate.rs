use async_trait::async_trait;

use super::StorageError;
use crate::user::ProfileNames;
use crate::values::{Client, EmailAddress, Locale, Username};

/// Whom the application around lets register, beyond what the policy says: a hook.
///
/// ```
/// use async_trait::async_trait;
/// use portcullis_domain::ports::{Applicant, RegistrationGate, RegistrationRefusal};
///
/// struct ColleaguesOnly;
///
/// #[async_trait]
/// impl RegistrationGate for ColleaguesOnly {
///     async fn admit(&self, applicant: &Applicant) -> Result<(), RegistrationRefusal> {
///         if applicant.email.canonical().ends_with("@example.com") {
///             return Ok(());
///         }
///         Err(RegistrationRefusal::Refused("Only addresses at example.com can register.".into()))
///     }
/// }
/// ```
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait RegistrationGate: Send + Sync {
    /// Lets `applicant` register, or refuses. Asked before anything is looked up, hashed or stored, so the answer
    /// tells nobody who has an account. Accounts that administrators make do not come by here.
    ///
    /// # Errors
    ///
    /// See [`RegistrationRefusal`].
    async fn admit(&self, applicant: &Applicant) -> Result<(), RegistrationRefusal>;
}

/// Somebody who asks for an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applicant {
    /// Their address. Nobody has shown yet that it is theirs.
    pub email: EmailAddress,
    /// The username they want.
    pub username: Option<Username>,
    /// What they are called.
    pub profile: ProfileNames,
    /// The language they read, if they asked for one.
    pub locale: Option<Locale>,
    /// Where they register from.
    pub client: Client,
}

/// Why somebody may not register.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationRefusal {
    /// The application does not want them; one sentence for them says why.
    #[error("refused: {0}")]
    Refused(String),
    /// Nobody can say now.
    #[error(transparent)]
    Storage(#[from] StorageError),
}
