//! Policy: what an installation decides about its accounts.

use std::time::Duration;

use crate::ports::{CodeLimits, LockoutPolicy};
use crate::session::SessionLifetime;
use crate::values::{Locale, PasswordPolicy};

/// What an installation decides about its accounts.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Who may register.
    pub registration: Registration,
    /// Whether an address must be verified before a login.
    pub email_verification: EmailVerification,
    /// Which passwords accounts may have.
    pub password: PasswordPolicy,
    /// When wrong passwords lock an account.
    pub lockout: LockoutPolicy,
    /// How many wrong codes an address may see.
    pub code_limits: CodeLimits,
    /// How long things live.
    pub lifetimes: Lifetimes,
    /// The language for who asks for none.
    pub locale: Locale,
}

/// Who may register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// Everybody; a taken address is told.
    Open,
    /// Everybody; a taken address is told to its owner only.
    Private,
    /// Nobody: administrators make accounts.
    Closed,
}

/// Whether an address must be verified before a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailVerification {
    /// It must.
    Required,
    /// It need not: registration signs in at once.
    Optional,
}

/// How long things live.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// An access token.
    pub access_token: Duration,
    /// A session, and with it its refresh token.
    pub session: SessionLifetime,
    /// How long after a refresh the token that was spent still gets the same successor.
    pub refresh_grace: Duration,
    /// The link of a verification mail, and of one that confirms a new address.
    pub verification_link: Duration,
    /// The code of a verification mail.
    pub verification_code: Duration,
    /// The link of a reset mail.
    pub password_reset: Duration,
    /// The link of an invitation.
    pub invitation: Duration,
    /// How long the audit trail remembers.
    pub audit: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        const MINUTE: Duration = Duration::from_mins(1);
        const DAY: Duration = Duration::from_hours(24);
        Self {
            registration: Registration::Open,
            email_verification: EmailVerification::Required,
            password: PasswordPolicy::default(),
            lockout: LockoutPolicy { threshold: 5, duration: 15 * MINUTE },
            code_limits: CodeLimits { per_code: 5, per_hour: 15 },
            lifetimes: Lifetimes {
                access_token: 30 * MINUTE,
                session: SessionLifetime { idle: 30 * DAY, absolute: 365 * DAY },
                refresh_grace: Duration::from_secs(10),
                verification_link: DAY,
                verification_code: 10 * MINUTE,
                password_reset: 30 * MINUTE,
                invitation: 7 * DAY,
                audit: 365 * DAY,
            },
            locale: Locale::english(),
        }
    }
}
