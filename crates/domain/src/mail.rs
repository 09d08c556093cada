//! Mails: what waits in the queue, and what is handed to a mailer.

use std::time::Duration;

use crate::ports::Entropy;
use crate::secrets::{OneTimeCode, TokenSecret};
use crate::values::{EmailAddress, InvalidValue, Locale, MailId, Timestamp, UserId};

/// A mail that waits for delivery: which one, to whom. It holds no secret; the secret of a link is
/// made at delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedMail {
    /// Names it.
    pub id: MailId,
    /// Which mail it is.
    pub kind: MailKind,
    /// To which address. Of most kinds this is what somebody typed: whether an account has it is found
    /// out at delivery, which sends to the address that the account has stored.
    pub recipient: EmailAddress,
    /// In which language, unless the account at delivery says otherwise.
    pub locale: Locale,
    /// Since when delivery is tried: when it was queued, or sent again by an operator.
    pub queued_at: Timestamp,
}

impl QueuedMail {
    /// A mail queued at `now`.
    #[must_use]
    pub fn new(
        kind: MailKind,
        recipient: EmailAddress,
        locale: Locale,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Self {
        Self { id: MailId::generate(now, entropy), kind, recipient, locale, queued_at: now }
    }
}

/// Which mail it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MailKind {
    /// A link and a code that show that somebody reads mails to the address.
    VerifyEmail,
    /// A link that sets a new password.
    ResetPassword,
    /// A link that sets the first password of an account that was made for somebody.
    Invitation,
    /// A link to the new address that makes it this user's.
    ConfirmEmailChange(UserId),
    /// Tells the old address that a change was asked for.
    EmailChangeRequested,
    /// Tells the old address that the account has another from here on.
    EmailChanged,
    /// Tells the owner that the password was changed or reset.
    PasswordChanged,
    /// Tells the owner that somebody tried to register the address, or to move an account to it.
    AddressAlreadyRegistered,
}

impl MailKind {
    /// What operators and stores call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
            Self::Invitation => "invitation",
            Self::ConfirmEmailChange(_) => "confirm_email_change",
            Self::EmailChangeRequested => "email_change_requested",
            Self::EmailChanged => "email_changed",
            Self::PasswordChanged => "password_changed",
            Self::AddressAlreadyRegistered => "address_already_registered",
        }
    }

    /// Reads what [`name`](Self::name) and [`user`](Self::user) give.
    ///
    /// # Errors
    ///
    /// [`InvalidValue::Malformed`] for anything else.
    pub fn parse(name: &str, user: Option<UserId>) -> Result<Self, InvalidValue> {
        [
            Self::VerifyEmail,
            Self::ResetPassword,
            Self::Invitation,
            Self::EmailChangeRequested,
            Self::EmailChanged,
            Self::PasswordChanged,
            Self::AddressAlreadyRegistered,
        ]
        .into_iter()
        .chain(user.map(Self::ConfirmEmailChange))
        .find(|kind| kind.name() == name)
        .ok_or(InvalidValue::Malformed)
    }

    /// The user whom it is about, if its recipient does not tell.
    #[must_use]
    pub const fn user(self) -> Option<UserId> {
        match self {
            Self::ConfirmEmailChange(user) => Some(user),
            Self::VerifyEmail
            | Self::ResetPassword
            | Self::Invitation
            | Self::EmailChangeRequested
            | Self::EmailChanged
            | Self::PasswordChanged
            | Self::AddressAlreadyRegistered => None,
        }
    }
}

/// A mail claimed from the queue for one attempt at delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedMail {
    /// The mail.
    pub mail: QueuedMail,
    /// Which attempt this is, counting from 1.
    pub attempt: u32,
    /// Until when nobody else can claim it; also tells this claim from later ones.
    pub leased_until: Timestamp,
}

/// A mail in the queue, as operators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailRecord {
    /// The mail.
    pub mail: QueuedMail,
    /// How many attempts at delivery have begun.
    pub attempts: u32,
    /// How it stands.
    pub state: MailState,
    /// What went wrong at the last attempt that failed.
    pub last_failure: Option<String>,
}

/// How a mail in the queue stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailState {
    /// It waits to be claimed.
    Waiting {
        /// From when on it can be.
        due_at: Timestamp,
    },
    /// It is being delivered.
    Claimed {
        /// From when on it can be claimed again, should its claimant have died.
        leased_until: Timestamp,
    },
    /// It was set aside, and is delivered only when an operator sends it again.
    Parked,
}

/// How much is in the queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MailBacklog {
    /// How many mails wait or are being delivered.
    pub pending: u64,
    /// How many were set aside.
    pub parked: u64,
    /// From when on the mail that has been due longest can be claimed, or will be the first that can. Of one that
    /// is being delivered it is when its claimant counts as dead.
    pub oldest_due_at: Option<Timestamp>,
}

/// A mail on its way to a mailer.
#[derive(Clone, Debug)]
pub struct OutgoingMail {
    /// Names it: the same at every attempt, so that a receiver can tell a repetition.
    pub id: MailId,
    /// Where it goes.
    pub to: EmailAddress,
    /// In which language.
    pub locale: Locale,
    /// What it says.
    pub content: MailContent,
}

/// What a mail says. The mailer puts it into words and builds the links.
#[derive(Clone, Debug)]
pub enum MailContent {
    /// Verify the address by link or code.
    VerifyEmail {
        /// For the link.
        token: TokenSecret,
        /// How long the link lives.
        link_lifetime: Duration,
        /// The same by typing.
        code: OneTimeCode,
        /// How long the code lives.
        code_lifetime: Duration,
    },
    /// Set a new password.
    ResetPassword {
        /// For the link.
        token: TokenSecret,
        /// How long the link lives.
        lifetime: Duration,
    },
    /// Set the first password.
    Invitation {
        /// For the link.
        token: TokenSecret,
        /// How long the link lives.
        lifetime: Duration,
    },
    /// Confirm the new address.
    ConfirmEmailChange {
        /// For the link.
        token: TokenSecret,
        /// How long the link lives.
        lifetime: Duration,
    },
    /// Somebody asked to move the account to another address.
    EmailChangeRequested,
    /// An administrator moved the account to another address.
    EmailChanged,
    /// The password was changed or reset.
    PasswordChanged,
    /// The address was used in a registration or an e-mail change, and has an account already.
    AddressAlreadyRegistered,
}
