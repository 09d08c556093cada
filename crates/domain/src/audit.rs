//! The audit trail: what happened that matters to security, to whom, by whom and from where.

use std::collections::BTreeMap;

use crate::origin::{Origin, Party};
use crate::ports::Entropy;
use crate::values::{AuditEventId, Client, InvalidValue, Timestamp, UserId};

/// Something that happened, as the trail keeps it. It names people by their ids only, and holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    /// Names it for good; events of a later millisecond have greater ids.
    pub id: AuditEventId,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: AuditKind,
    /// Whether it succeeded.
    pub outcome: AuditOutcome,
    /// The signed-in user who did it; none when nobody was signed in, as at a login, and for operators.
    pub actor: Option<UserId>,
    /// The user whom it concerns, if there is one.
    pub subject: Option<UserId>,
    /// From where it was done.
    pub client: Client,
    /// What else is known, by name.
    pub detail: BTreeMap<String, String>,
}

impl AuditEvent {
    /// A successful `kind` of event at `now`, by `origin`, that concerns no user yet.
    #[must_use]
    pub fn new(kind: AuditKind, origin: &Origin, now: Timestamp, entropy: &dyn Entropy) -> Self {
        let event = Self {
            id: AuditEventId::generate(now, entropy),
            at: now,
            kind,
            outcome: AuditOutcome::Success,
            actor: None,
            subject: None,
            client: origin.client.clone(),
            detail: BTreeMap::new(),
        };
        match origin.party {
            Party::Anyone => event,
            Party::User(user) => Self { actor: Some(user), ..event },
            Party::Operator => event.with("by", "operator"),
        }
    }

    /// The same, concerning `user`.
    #[must_use]
    pub fn about(self, user: UserId) -> Self {
        Self { subject: Some(user), ..self }
    }

    /// The same as a failure, for this reason.
    #[must_use]
    pub fn failed(self, reason: FailureReason) -> Self {
        Self { outcome: AuditOutcome::Failure, ..self }.with("reason", reason.name())
    }

    /// The same with one more thing known. Values are of our own making: ids, names of roles and fields, counts.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.detail.insert(name.to_owned(), value.into());
        self
    }
}

macro_rules! named {
    ($(#[$doc:meta])* $type:ident { $($(#[$variant_doc:meta])* $variant:ident $name:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $type {$(
            $(#[$variant_doc])*
            $variant,
        )+}

        impl $type {
            /// All there are.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// What programs call it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {$(Self::$variant => $name,)+}
            }

            /// Reads what [`name`](Self::name) gives.
            ///
            /// # Errors
            ///
            /// [`InvalidValue::Malformed`] for anything else.
            pub fn parse(name: &str) -> Result<Self, InvalidValue> {
                match name {
                    $($name => Ok(Self::$variant),)+
                    _ => Err(InvalidValue::Malformed),
                }
            }
        }
    };
}

named! {
    /// Whether what was tried succeeded.
    AuditOutcome {
        /// It did.
        Success "success",
        /// It did not; the detail `reason` says why.
        Failure "failure",
    }
}

named! {
    /// What happened.
    AuditKind {
        /// Somebody registered; a failure tells the owner of a taken address, where registration is private.
        Registration "registration",
        /// An address was verified, or a wrong code was tried.
        EmailVerification "email_verification",
        /// Somebody signed in, or tried to.
        Login "login",
        /// Too many wrong passwords locked an account, or an identifier that names none.
        AccountLock "account_lock",
        /// A refresh token was used again after it was spent, which ended its session.
        RefreshTokenReuse "refresh_token_reuse",
        /// A user ended one of their sessions.
        Logout "logout",
        /// A user ended all their sessions.
        LogoutAll "logout_all",
        /// A user replaced their password, or tried to with a wrong one.
        PasswordChange "password_change",
        /// A mailed link set a password, forgotten or first.
        PasswordReset "password_reset",
        /// A user changed what they are called.
        ProfileChange "profile_change",
        /// A user asked for another address, or tried to.
        EmailChangeRequest "email_change_request",
        /// A mailed link gave a user their new address.
        EmailChange "email_change",
        /// An account was erased, or its owner tried to with a wrong password.
        UserDeletion "user_deletion",
        /// An account was made for somebody.
        UserCreation "user_creation",
        /// Accounts were brought in from another system.
        UserImport "user_import",
        /// Somebody else's account was changed.
        UserUpdate "user_update",
        /// A lockout was lifted.
        AccountUnlock "account_unlock",
        /// Somebody else's password was set.
        PasswordSet "password_set",
        /// Somebody else was signed out everywhere.
        SessionRevocation "session_revocation",
        /// A role was made.
        RoleCreation "role_creation",
        /// A role was changed.
        RoleUpdate "role_update",
        /// A role was deleted.
        RoleDeletion "role_deletion",
        /// A user got a role.
        RoleAssignment "role_assignment",
        /// A user lost a role.
        RoleRevocation "role_revocation",
        /// A new key signs access tokens, now or soon.
        SigningKeyRotation "signing_key_rotation",
        /// A mail was made to be sent again.
        MailResend "mail_resend",
    }
}

named! {
    /// Why something failed.
    FailureReason {
        /// The password is not that of the account.
        WrongPassword "wrong_password",
        /// No account is called so.
        UnknownAccount "unknown_account",
        /// The account may not be used.
        AccountDisabled "account_disabled",
        /// The address has to be verified first.
        EmailNotVerified "email_not_verified",
        /// The code is not the one that was mailed last.
        WrongCode "wrong_code",
        /// Another account has the address.
        EmailTaken "email_taken",
        /// It was spent before.
        Spent "spent",
    }
}
