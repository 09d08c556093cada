//! What the next page tells of what was just done. It travels in a cookie, not in the URL, where anybody could put
//! words into our mouth.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_domain::EmailAddress;

use crate::elements::{Banner, Tone};
use crate::texts::NoticesTexts;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// A mail with a code is on its way, after a registration or a login that needs it.
    CodeExpected,
    /// A new one was asked for.
    CodeSent,
    AddressConfirmed,
    ProfileSaved,
    PasswordChanged,
    EmailChangeRequested,
    SessionEnded,
    OthersEnded,
    SignedOut,
    /// A form came from who was not signed in any more.
    NothingSaved,
    AccountDeleted,
    UserCreated,
    UserSaved,
    UserVerified,
    UserUnlocked,
    UserDisabled,
    UserEnabled,
    UserSignedOut,
    UserDeleted,
    RoleGiven,
    RoleTaken,
    RoleCreated,
    RoleSaved,
    RoleDeleted,
    MailSentAgain,
    KeyRotated,
}

/// What was done, and the address that it was done with, which the next form is filled in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) news: News,
    pub(crate) address: Option<EmailAddress>,
}

impl News {
    const WORDS: [(Self, &'static str); 26] = [
        (Self::CodeExpected, "code-expected"),
        (Self::CodeSent, "code-sent"),
        (Self::AddressConfirmed, "address-confirmed"),
        (Self::ProfileSaved, "profile-saved"),
        (Self::PasswordChanged, "password-changed"),
        (Self::EmailChangeRequested, "email-change-requested"),
        (Self::SessionEnded, "session-ended"),
        (Self::OthersEnded, "others-ended"),
        (Self::SignedOut, "signed-out"),
        (Self::NothingSaved, "nothing-saved"),
        (Self::AccountDeleted, "account-deleted"),
        (Self::UserCreated, "user-created"),
        (Self::UserSaved, "user-saved"),
        (Self::UserVerified, "user-verified"),
        (Self::UserUnlocked, "user-unlocked"),
        (Self::UserDisabled, "user-disabled"),
        (Self::UserEnabled, "user-enabled"),
        (Self::UserSignedOut, "user-signed-out"),
        (Self::UserDeleted, "user-deleted"),
        (Self::RoleGiven, "role-given"),
        (Self::RoleTaken, "role-taken"),
        (Self::RoleCreated, "role-created"),
        (Self::RoleSaved, "role-saved"),
        (Self::RoleDeleted, "role-deleted"),
        (Self::MailSentAgain, "mail-sent-again"),
        (Self::KeyRotated, "key-rotated"),
    ];

    /// What the page says of it; nothing where the page is all about it anyway.
    pub(crate) fn banner(self, texts: &NoticesTexts) -> Option<Banner> {
        let text = match self {
            Self::CodeExpected => return None,
            Self::CodeSent => &texts.code_sent,
            Self::AddressConfirmed => &texts.address_confirmed,
            Self::ProfileSaved => &texts.profile_saved,
            Self::PasswordChanged => &texts.password_changed,
            Self::EmailChangeRequested => &texts.email_change_requested,
            Self::SessionEnded => &texts.session_ended,
            Self::OthersEnded => &texts.others_ended,
            Self::SignedOut => &texts.signed_out,
            Self::NothingSaved => &texts.nothing_saved,
            Self::AccountDeleted => &texts.account_deleted,
            Self::UserCreated => &texts.user_created,
            Self::UserSaved => &texts.user_saved,
            Self::UserVerified => &texts.user_verified,
            Self::UserUnlocked => &texts.user_unlocked,
            Self::UserDisabled => &texts.user_disabled,
            Self::UserEnabled => &texts.user_enabled,
            Self::UserSignedOut => &texts.user_signed_out,
            Self::UserDeleted => &texts.user_deleted,
            Self::RoleGiven => &texts.role_given,
            Self::RoleTaken => &texts.role_taken,
            Self::RoleCreated => &texts.role_created,
            Self::RoleSaved => &texts.role_saved,
            Self::RoleDeleted => &texts.role_deleted,
            Self::MailSentAgain => &texts.mail_sent_again,
            Self::KeyRotated => &texts.key_rotated,
        };
        let tone = if self == Self::NothingSaved { Tone::Problem } else { Tone::Success };
        Some(Banner { tone, text: text.clone(), link: None })
    }

    /// Whether the page that tells it may be loaded again and still know the address.
    pub(crate) fn stays(self) -> bool {
        matches!(self, Self::CodeExpected | Self::CodeSent)
    }
}

impl Notice {
    pub(crate) fn about(news: News, address: EmailAddress) -> Self {
        Self { news, address: Some(address) }
    }

    /// The value of the cookie.
    pub(crate) fn write(&self) -> String {
        let word = News::WORDS.iter().find(|(news, _)| *news == self.news).map_or("", |(_, word)| word);
        match &self.address {
            Some(address) => format!("{word}.{}", URL_SAFE_NO_PAD.encode(address.as_str())),
            None => word.to_owned(),
        }
    }

    pub(crate) fn read(text: &str) -> Option<Self> {
        let (word, address) = text.split_once('.').map_or((text, None), |(word, rest)| (word, Some(rest)));
        let (news, _) = *News::WORDS.iter().find(|(_, known)| *known == word)?;
        let address = match address {
            Some(encoded) => {
                let octets = URL_SAFE_NO_PAD.decode(encoded).ok()?;
                Some(EmailAddress::parse(str::from_utf8(&octets).ok()?).ok()?)
            }
            None => None,
        };
        Some(Self { news, address })
    }
}

impl From<News> for Notice {
    fn from(news: News) -> Self {
        Self { news, address: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_nothing_else_is() {
        for (news, _) in News::WORDS {
            let address = EmailAddress::parse("ada@example.com").unwrap();
            for notice in [Notice::from(news), Notice::about(news, address)] {
                assert_eq!(Notice::read(&notice.write()), Some(notice));
            }
        }
        for other in ["", "other", "signed-out.", "signed-out.!", "signed-out.YQ"] {
            assert_eq!(Notice::read(other), None, "{other}");
        }
    }
}
