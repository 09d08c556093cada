use std::sync::Arc;

use crate::ports::{BreachedPasswords, StorageError};
use crate::values::{AcceptedPassword, Identity, Password, PasswordPolicy, PasswordRefusal};

/// Decides which passwords accounts may have: by the policy, and by what has leaked where that is known.
#[derive(Clone)]
pub(crate) struct PasswordRules {
    pub(crate) policy: PasswordPolicy,
    pub(crate) breached: Option<Arc<dyn BreachedPasswords>>,
}

impl PasswordRules {
    /// Lets `password` be kept for `identity`, or says why not.
    pub(crate) async fn accept(
        &self,
        password: Password,
        identity: &Identity<'_>,
    ) -> Result<Result<AcceptedPassword, PasswordRefusal>, StorageError> {
        let accepted = match self.policy.accept(password, identity) {
            Ok(accepted) => accepted,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let has_leaked = match &self.breached {
            Some(breached) => breached.contains(accepted.as_password()).await?,
            None => false,
        };
        Ok(if has_leaked { Err(PasswordRefusal::Breached) } else { Ok(accepted) })
    }
}
