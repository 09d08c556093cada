use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::serde::rfc3339;
use uuid::Uuid;

use super::UserId;
use crate::open_enum::open_enum;

/// Something that happened and matters to security.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct AuditEvent {
    /// Names the event for good.
    pub id: Uuid,
    /// When it happened.
    #[serde(with = "rfc3339")]
    pub at: OffsetDateTime,
    /// What happened.
    pub kind: AuditKind,
    /// Whether it succeeded.
    pub outcome: AuditOutcome,
    /// The signed-in user who did it; none when nobody was signed in, as at a login, and for operators.
    pub actor_id: Option<UserId>,
    /// The user whom it concerns.
    pub subject_id: Option<UserId>,
    /// From which address.
    pub ip: Option<IpAddr>,
    /// What the client called itself.
    pub user_agent: Option<String>,
    /// What else is known, by name.
    pub detail: BTreeMap<String, String>,
}

/// Whether what was tried succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// It did.
    Success,
    /// It did not; the detail `reason` says why.
    Failure,
}

open_enum! {
    /// What happened.
    AuditKind {
        /// Somebody registered; a failure tells the owner of a taken address, where registration is private.
        Registration = "registration",
        /// An address was verified, or a wrong code was tried.
        EmailVerification = "email_verification",
        /// Somebody signed in, or tried to.
        Login = "login",
        /// Too many wrong passwords locked an account, or an identifier that names none.
        AccountLock = "account_lock",
        /// A refresh token was used again after it was spent, which ended its session.
        RefreshTokenReuse = "refresh_token_reuse",
        /// A user ended one of their sessions.
        Logout = "logout",
        /// A user ended all their sessions.
        LogoutAll = "logout_all",
        /// A user replaced their password, or tried to with a wrong one.
        PasswordChange = "password_change",
        /// A mailed link set a password, forgotten or first.
        PasswordReset = "password_reset",
        /// A user changed what they are called.
        ProfileChange = "profile_change",
        /// A user asked for another address, or tried to.
        EmailChangeRequest = "email_change_request",
        /// A mailed link gave a user their new address.
        EmailChange = "email_change",
        /// An account was erased, or its owner tried to with a wrong password.
        UserDeletion = "user_deletion",
        /// An account was made for somebody.
        UserCreation = "user_creation",
        /// Accounts were brought in from another system.
        UserImport = "user_import",
        /// Somebody else's account was changed.
        UserUpdate = "user_update",
        /// A lockout was lifted.
        AccountUnlock = "account_unlock",
        /// Somebody else's password was set.
        PasswordSet = "password_set",
        /// Somebody else was signed out everywhere.
        SessionRevocation = "session_revocation",
        /// A role was made.
        RoleCreation = "role_creation",
        /// A role was changed.
        RoleUpdate = "role_update",
        /// A role was deleted.
        RoleDeletion = "role_deletion",
        /// A user got a role.
        RoleAssignment = "role_assignment",
        /// A user lost a role.
        RoleRevocation = "role_revocation",
        /// A new key signs access tokens, now or soon.
        SigningKeyRotation = "signing_key_rotation",
        /// A mail was made to be sent again.
        MailResend = "mail_resend",
    }
}
