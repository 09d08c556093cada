//! The kinds of mail, as templates know them.

use std::time::Duration;

use portcullis_domain::mail::MailContent;
use portcullis_domain::{OneTimeCode, TokenSecret};

use crate::links::LinkTemplates;

/// The pair of templates, text and HTML, that one kind of mail is written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MailTemplate {
    VerifyEmail,
    ResetPassword,
    Invitation,
    ConfirmEmailChange,
    EmailChangeRequested,
    EmailChanged,
    PasswordChanged,
    AddressAlreadyRegistered,
}

impl MailTemplate {
    pub(crate) const ALL: [Self; 8] = [
        Self::VerifyEmail,
        Self::ResetPassword,
        Self::Invitation,
        Self::ConfirmEmailChange,
        Self::EmailChangeRequested,
        Self::EmailChanged,
        Self::PasswordChanged,
        Self::AddressAlreadyRegistered,
    ];

    pub(crate) fn of(content: &MailContent) -> Self {
        match content {
            MailContent::VerifyEmail { .. } => Self::VerifyEmail,
            MailContent::ResetPassword { .. } => Self::ResetPassword,
            MailContent::Invitation { .. } => Self::Invitation,
            MailContent::ConfirmEmailChange { .. } => Self::ConfirmEmailChange,
            MailContent::EmailChangeRequested => Self::EmailChangeRequested,
            MailContent::EmailChanged => Self::EmailChanged,
            MailContent::PasswordChanged => Self::PasswordChanged,
            MailContent::AddressAlreadyRegistered => Self::AddressAlreadyRegistered,
        }
    }

    /// The name of its files, less locale and extension.
    pub(crate) fn stem(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify-email",
            Self::ResetPassword => "reset-password",
            Self::Invitation => "invitation",
            Self::ConfirmEmailChange => "confirm-email-change",
            Self::EmailChangeRequested => "email-change-requested",
            Self::EmailChanged => "email-changed",
            Self::PasswordChanged => "password-changed",
            Self::AddressAlreadyRegistered => "address-already-registered",
        }
    }

    /// A mail of this kind to try templates with.
    pub(crate) fn sample(self) -> MailContent {
        let token = TokenSecret::parse(&"A".repeat(43)).expect("43 characters of base64url are 32 octets");
        let code = OneTimeCode::parse("123456").expect("six digits are a code");
        let lifetime = Duration::from_mins(90);
        match self {
            Self::VerifyEmail => {
                MailContent::VerifyEmail { token, link_lifetime: lifetime, code, code_lifetime: lifetime }
            }
            Self::ResetPassword => MailContent::ResetPassword { token, lifetime },
            Self::Invitation => MailContent::Invitation { token, lifetime },
            Self::ConfirmEmailChange => MailContent::ConfirmEmailChange { token, lifetime },
            Self::EmailChangeRequested => MailContent::EmailChangeRequested,
            Self::EmailChanged => MailContent::EmailChanged,
            Self::PasswordChanged => MailContent::PasswordChanged,
            Self::AddressAlreadyRegistered => MailContent::AddressAlreadyRegistered,
        }
    }
}

/// What a mail tells beyond the words of its template.
#[derive(Default)]
pub(crate) struct MailFacts {
    pub(crate) link: Option<(String, Duration)>,
    pub(crate) code: Option<(String, Duration)>,
}

impl MailFacts {
    pub(crate) fn of(content: &MailContent, links: &LinkTemplates) -> Self {
        match content {
            MailContent::VerifyEmail { token, link_lifetime, code, code_lifetime } => Self {
                link: Some((links.verify.link(token), *link_lifetime)),
                code: Some((code.expose().to_owned(), *code_lifetime)),
            },
            MailContent::ResetPassword { token, lifetime } | MailContent::Invitation { token, lifetime } => {
                Self { link: Some((links.reset.link(token), *lifetime)), code: None }
            }
            MailContent::ConfirmEmailChange { token, lifetime } => {
                Self { link: Some((links.email_change.link(token), *lifetime)), code: None }
            }
            MailContent::EmailChangeRequested
            | MailContent::EmailChanged
            | MailContent::PasswordChanged
            | MailContent::AddressAlreadyRegistered => Self::default(),
        }
    }

    /// Whether a reader of `part` can do what the mail asks for.
    pub(crate) fn are_of_use_in(&self, part: &str) -> bool {
        let mut secrets = self.link.iter().chain(&self.code).peekable();
        secrets.peek().is_none() || secrets.any(|(secret, _)| part.contains(secret))
    }
}
