//! What is kept of one-time secrets, and of attempts to guess.

use crate::secrets::{AttemptKey, CodeDigest, TokenDigest};
use crate::values::{EmailAddress, SessionId, Timestamp, UserId};

/// The secrets of a verification mail, good for the address that it was mailed to.
#[derive(Clone, Debug)]
pub struct IssuedVerification {
    /// Whom it verifies.
    pub user: UserId,
    /// Where it was mailed. Its canonical form is all that is kept.
    pub address: EmailAddress,
    /// Of the link.
    pub link: TokenDigest,
    /// When the link dies.
    pub link_expires_at: Timestamp,
    /// The code, until it is spent.
    pub code: Option<IssuedCode>,
}

/// The code of a verification mail.
#[derive(Clone, Copy, Debug)]
pub struct IssuedCode {
    /// Of the code.
    pub digest: CodeDigest,
    /// When it dies.
    pub expires_at: Timestamp,
}

/// The secret of a reset mail, good for the address that it was mailed to.
#[derive(Clone, Debug)]
pub struct IssuedPasswordReset {
    /// Whose password it sets.
    pub user: UserId,
    /// Where it was mailed. Its canonical form is all that is kept.
    pub address: EmailAddress,
    /// Of the link.
    pub digest: TokenDigest,
    /// When the link dies.
    pub expires_at: Timestamp,
}

/// A change of address that was asked for.
#[derive(Clone, Debug)]
pub struct PendingEmailChange {
    /// Whose.
    pub user: UserId,
    /// The session that asked; it may have ended since.
    pub session: SessionId,
    /// The address wanted.
    pub new_address: EmailAddress,
    /// The secret that confirms it, once the mail is on its way.
    pub link: Option<IssuedEmailChangeLink>,
}

/// The secret that confirms a change of address.
#[derive(Clone, Copy, Debug)]
pub struct IssuedEmailChangeLink {
    /// Of the link.
    pub digest: TokenDigest,
    /// When the link dies.
    pub expires_at: Timestamp,
}

/// Wrong passwords in a row.
#[derive(Clone, Copy, Debug)]
pub struct PasswordAttempts {
    /// Where they are counted.
    pub key: AttemptKey,
    /// How many.
    pub failures: u32,
    /// When the last one came.
    pub last_failure_at: Timestamp,
    /// Until when the key is locked, or was.
    pub locked_until: Option<Timestamp>,
}

/// Wrong codes for one address.
#[derive(Clone, Copy, Debug)]
pub struct CodeAttempts {
    /// Where they are counted.
    pub key: AttemptKey,
    /// How many since the last code was issued.
    pub since_issued: u32,
    /// How many within the hour.
    pub within_hour: u32,
    /// When the hour began.
    pub hour_started_at: Timestamp,
    /// When the last one came.
    pub last_failure_at: Timestamp,
}
