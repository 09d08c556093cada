use std::fmt;

use super::PageStart;

/// A kind of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKind {
    /// Roles.
    Roles,
    /// Users.
    Users,
    /// Sessions.
    Sessions,
    /// Secrets of verification mails.
    Verifications,
    /// Secrets of reset mails.
    PasswordResets,
    /// Changes of address that were asked for.
    EmailChanges,
    /// Wrong passwords in a row.
    PasswordAttempts,
    /// Wrong codes.
    CodeAttempts,
    /// Mails in the queue.
    Mails,
    /// Signing keys.
    SigningKeys,
    /// Events of the audit trail.
    AuditEvents,
}

impl RecordKind {
    /// Every kind, each after those that its records name.
    pub const ALL: [Self; 11] = [
        Self::Roles,
        Self::Users,
        Self::Sessions,
        Self::Verifications,
        Self::PasswordResets,
        Self::EmailChanges,
        Self::PasswordAttempts,
        Self::CodeAttempts,
        Self::Mails,
        Self::SigningKeys,
        Self::AuditEvents,
    ];

    /// What programs call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Roles => "roles",
            Self::Users => "users",
            Self::Sessions => "sessions",
            Self::Verifications => "verifications",
            Self::PasswordResets => "password_resets",
            Self::EmailChanges => "email_changes",
            Self::PasswordAttempts => "password_attempts",
            Self::CodeAttempts => "code_attempts",
            Self::Mails => "mails",
            Self::SigningKeys => "signing_keys",
            Self::AuditEvents => "audit_events",
        }
    }

    /// The page that begins with the first record of this kind.
    #[must_use]
    pub const fn first_page(self) -> PageStart {
        match self {
            Self::Roles => PageStart::Roles(None),
            Self::Users => PageStart::Users(None),
            Self::Sessions => PageStart::Sessions(None),
            Self::Verifications => PageStart::Verifications(None),
            Self::PasswordResets => PageStart::PasswordResets(None),
            Self::EmailChanges => PageStart::EmailChanges(None),
            Self::PasswordAttempts => PageStart::PasswordAttempts(None),
            Self::CodeAttempts => PageStart::CodeAttempts(None),
            Self::Mails => PageStart::Mails(None),
            Self::SigningKeys => PageStart::SigningKeys(None),
            Self::AuditEvents => PageStart::AuditEvents(None),
        }
    }
}

impl fmt::Display for RecordKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name().replace('_', " "))
    }
}
