//! Everything that a store keeps, as records that another store can keep in its place.
//!
//! A [`Record`] is what is stored of one thing, complete: secrets only as the digests that they are stored
//! as, keys only sealed. Records of a [kind](RecordKind) have an order, that of their [keys](RecordKey),
//! which is the same in every store; so is the [`Checksum`] over them.

mod checksum;
mod encoding;
mod key;
mod kind;
mod page_start;
mod secrets;

use crate::audit::AuditEvent;
use crate::mail::MailRecord;
use crate::role::Role;
use crate::session::Session;
use crate::signing_key::SigningKey;
use crate::user::Account;

pub use checksum::{Checksum, Tally, TallyInProgress};
pub use key::RecordKey;
pub use kind::RecordKind;
pub use page_start::PageStart;
pub use secrets::{
    CodeAttempts, IssuedCode, IssuedEmailChangeLink, IssuedPasswordReset, IssuedVerification,
    PasswordAttempts, PendingEmailChange,
};

/// What a store keeps of one thing.
///
/// Two records are equal when they say the same to the letter: not so two that spell an e-mail address
/// differently.
#[derive(Clone, Debug)]
pub enum Record {
    /// A role with its permissions.
    Role(Role),
    /// A user with the names of their roles and the hash of their password.
    User(Account),
    /// A session.
    Session(Session),
    /// The secrets of a verification mail.
    Verification(IssuedVerification),
    /// The secret of a reset mail.
    PasswordReset(IssuedPasswordReset),
    /// A change of address that was asked for.
    EmailChange(PendingEmailChange),
    /// Wrong passwords in a row.
    PasswordAttempts(PasswordAttempts),
    /// Wrong codes for one address.
    CodeAttempts(CodeAttempts),
    /// A mail in the queue.
    Mail(MailRecord),
    /// A signing key.
    SigningKey {
        /// Counts up with every key that is added: the newest has the highest.
        position: u32,
        /// The key.
        key: SigningKey,
    },
    /// An event of the audit trail.
    AuditEvent(AuditEvent),
}

impl Record {
    /// Of which kind it is.
    #[must_use]
    pub const fn kind(&self) -> RecordKind {
        match self {
            Self::Role(_) => RecordKind::Roles,
            Self::User(_) => RecordKind::Users,
            Self::Session(_) => RecordKind::Sessions,
            Self::Verification(_) => RecordKind::Verifications,
            Self::PasswordReset(_) => RecordKind::PasswordResets,
            Self::EmailChange(_) => RecordKind::EmailChanges,
            Self::PasswordAttempts(_) => RecordKind::PasswordAttempts,
            Self::CodeAttempts(_) => RecordKind::CodeAttempts,
            Self::Mail(_) => RecordKind::Mails,
            Self::SigningKey { .. } => RecordKind::SigningKeys,
            Self::AuditEvent(_) => RecordKind::AuditEvents,
        }
    }

    /// What tells it from others of its kind.
    #[must_use]
    pub fn key(&self) -> RecordKey {
        match self {
            Self::Role(role) => role.id.into(),
            Self::User(account) => account.user.id.into(),
            Self::Session(session) => session.id.into(),
            Self::Verification(issued) => issued.user.into(),
            Self::PasswordReset(issued) => issued.user.into(),
            Self::EmailChange(pending) => pending.user.into(),
            Self::PasswordAttempts(attempts) => RecordKey::Attempts(attempts.key),
            Self::CodeAttempts(attempts) => RecordKey::Attempts(attempts.key),
            Self::Mail(record) => record.mail.id.into(),
            Self::SigningKey { position, .. } => RecordKey::Position(*position),
            Self::AuditEvent(event) => event.id.into(),
        }
    }
}

impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        self.encoded() == other.encoded()
    }
}

impl Eq for Record {}
