use std::sync::Arc;
use std::time::Duration;

use crate::audit::{AuditEvent, AuditKind, FailureReason};
use crate::origin::Origin;
use crate::policy::Policy;
use crate::ports::{Clock, CodeOutcome, CodeRedemption, StorageError, TokenRepository};
use crate::secrets::{AttemptKeys, CodeDigests, OneTimeCode};
use crate::services::Auditor;
use crate::user::User;
use crate::values::{Client, EmailAddress};

/// Verifies an address by the code that was mailed to it.
pub struct VerifyEmailByCode {
    pub(super) tokens: Arc<dyn TokenRepository>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) auditor: Auditor,
    pub(super) codes: CodeDigests,
    pub(super) attempts: AttemptKeys,
    pub(super) policy: Arc<Policy>,
}

/// What somebody gives to verify an address.
#[derive(Clone, Debug)]
pub struct VerifyEmailByCodeCommand {
    /// The address.
    pub email: EmailAddress,
    /// What they typed; none when it can be no code, which counts as a wrong one.
    pub code: Option<OneTimeCode>,
    /// Where they are.
    pub client: Client,
}

/// Why nothing was verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyEmailByCodeError {
    /// The code is wrong, spent or has expired.
    #[error("the code is not good")]
    InvalidCode,
    /// There were too many wrong ones.
    #[error("too many wrong codes")]
    TooManyAttempts {
        /// When a code may count again. A new one has to be mailed before.
        retry_after: Duration,
    },
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl VerifyEmailByCode {
    /// Verifies the address if the code is the one mailed to it last; the code is spent.
    ///
    /// # Errors
    ///
    /// See [`VerifyEmailByCodeError`]. An address without an account meets the same ones.
    pub async fn verify(&self, command: VerifyEmailByCodeCommand) -> Result<User, VerifyEmailByCodeError> {
        let now = self.clock.now();
        let event =
            || self.auditor.event(AuditKind::EmailVerification, &Origin::anyone(command.client.clone()), now);
        let (event, failure) = (event(), event().failed(FailureReason::WrongCode));
        let redemption = CodeRedemption {
            code: command.code.map(|code| self.codes.digest(&command.email, &code)),
            attempts: self.attempts.of_codes(&command.email),
            address: command.email,
            limits: self.policy.code_limits,
            now,
            event: event.clone(),
            failure: failure.clone(),
        };
        match self.tokens.redeem_verification_code(redemption).await? {
            CodeOutcome::Verified(user) => {
                self.auditor.stored(&event.about(user.id));
                Ok(*user)
            }
            CodeOutcome::Wrong(user) => {
                self.auditor.stored(&user.into_iter().fold(failure, AuditEvent::about));
                Err(VerifyEmailByCodeError::InvalidCode)
            }
            CodeOutcome::Exhausted { until } => Err(VerifyEmailByCodeError::TooManyAttempts {
                retry_after: until.map_or(self.policy.lifetimes.verification_code, |until| until.since(now)),
            }),
        }
    }
}
