//! What is mailed: links and codes, one of each kind for an account.

use super::{DAY, MINUTE, Moment};
use crate::call::{AccountNumber, MailName, MailNumber, SessionNumber};

/// A mail with a secret in it that was delivered.
#[derive(Clone, Debug)]
pub(super) struct Mailed {
    pub(super) number: MailNumber,
    pub(super) name: MailName,
    pub(super) account: AccountNumber,
    /// To which address, as it was given.
    pub(super) to: String,
    pub(super) at: Moment,
    /// Whether the link was ended: used up, or by something that came after it.
    pub(super) link_has_ended: bool,
    /// The same of the code.
    pub(super) code_has_ended: bool,
    /// The session that asked, where it outlives what the link does.
    pub(super) asked_by: Option<SessionNumber>,
}

impl Mailed {
    fn lifetime(&self) -> Moment {
        match self.name {
            MailName::VerifyEmail | MailName::ConfirmEmailChange => DAY,
            MailName::ResetPassword => 30 * MINUTE,
            MailName::Invitation => 7 * DAY,
            MailName::EmailChangeRequested | MailName::EmailChanged | MailName::PasswordChanged => 0,
        }
    }

    pub(super) fn link_is_good(&self, now: Moment) -> bool {
        !self.link_has_ended && now < self.at + self.lifetime()
    }

    pub(super) fn code_is_good(&self, now: Moment) -> bool {
        self.name == MailName::VerifyEmail && !self.code_has_ended && now < self.at + 10 * MINUTE
    }

    pub(super) fn end(&mut self) {
        self.link_has_ended = true;
        self.code_has_ended = true;
    }

    /// Whether its link sets a password.
    pub(super) fn sets_password(&self) -> bool {
        matches!(self.name, MailName::ResetPassword | MailName::Invitation)
    }
}
