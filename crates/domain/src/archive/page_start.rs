use super::{Record, RecordKey, RecordKind};
use crate::secrets::AttemptKey;
use crate::values::{AuditEventId, MailId, RoleId, SessionId, UserId};

/// Where a page of records begins: with the first one of its kind, or with the one after this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageStart {
    /// Of [roles](RecordKind::Roles).
    Roles(Option<RoleId>),
    /// Of [users](RecordKind::Users).
    Users(Option<UserId>),
    /// Of [sessions](RecordKind::Sessions).
    Sessions(Option<SessionId>),
    /// Of [secrets of verification mails](RecordKind::Verifications), by their users.
    Verifications(Option<UserId>),
    /// Of [secrets of reset mails](RecordKind::PasswordResets), by their users.
    PasswordResets(Option<UserId>),
    /// Of [changes of address](RecordKind::EmailChanges), by their users.
    EmailChanges(Option<UserId>),
    /// Of [wrong passwords](RecordKind::PasswordAttempts).
    PasswordAttempts(Option<AttemptKey>),
    /// Of [wrong codes](RecordKind::CodeAttempts).
    CodeAttempts(Option<AttemptKey>),
    /// Of [mails](RecordKind::Mails).
    Mails(Option<MailId>),
    /// Of [signing keys](RecordKind::SigningKeys), by their positions.
    SigningKeys(Option<u32>),
    /// Of [events of the audit trail](RecordKind::AuditEvents).
    AuditEvents(Option<AuditEventId>),
}

impl PageStart {
    /// The page that begins after `record`.
    #[must_use]
    pub fn after(record: &Record) -> Self {
        match record {
            Record::Role(role) => Self::Roles(Some(role.id)),
            Record::User(account) => Self::Users(Some(account.user.id)),
            Record::Session(session) => Self::Sessions(Some(session.id)),
            Record::Verification(issued) => Self::Verifications(Some(issued.user)),
            Record::PasswordReset(issued) => Self::PasswordResets(Some(issued.user)),
            Record::EmailChange(pending) => Self::EmailChanges(Some(pending.user)),
            Record::PasswordAttempts(attempts) => Self::PasswordAttempts(Some(attempts.key)),
            Record::CodeAttempts(attempts) => Self::CodeAttempts(Some(attempts.key)),
            Record::Mail(record) => Self::Mails(Some(record.mail.id)),
            Record::SigningKey { position, .. } => Self::SigningKeys(Some(*position)),
            Record::AuditEvent(event) => Self::AuditEvents(Some(event.id)),
        }
    }

    /// Of which kind its records are.
    #[must_use]
    pub const fn kind(self) -> RecordKind {
        match self {
            Self::Roles(_) => RecordKind::Roles,
            Self::Users(_) => RecordKind::Users,
            Self::Sessions(_) => RecordKind::Sessions,
            Self::Verifications(_) => RecordKind::Verifications,
            Self::PasswordResets(_) => RecordKind::PasswordResets,
            Self::EmailChanges(_) => RecordKind::EmailChanges,
            Self::PasswordAttempts(_) => RecordKind::PasswordAttempts,
            Self::CodeAttempts(_) => RecordKind::CodeAttempts,
            Self::Mails(_) => RecordKind::Mails,
            Self::SigningKeys(_) => RecordKind::SigningKeys,
            Self::AuditEvents(_) => RecordKind::AuditEvents,
        }
    }

    /// The key that its records come after, unless it begins with the first one.
    #[must_use]
    pub fn key(self) -> Option<RecordKey> {
        match self {
            Self::Roles(after) => after.map(RecordKey::from),
            Self::Users(after)
            | Self::Verifications(after)
            | Self::PasswordResets(after)
            | Self::EmailChanges(after) => after.map(RecordKey::from),
            Self::Sessions(after) => after.map(RecordKey::from),
            Self::PasswordAttempts(after) | Self::CodeAttempts(after) => after.map(RecordKey::Attempts),
            Self::Mails(after) => after.map(RecordKey::from),
            Self::SigningKeys(after) => after.map(RecordKey::Position),
            Self::AuditEvents(after) => after.map(RecordKey::from),
        }
    }
}
