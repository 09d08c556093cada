use std::fmt;

use portcullis_domain::{EmailAddress, InvalidValue, LoginIdentifier, UserId, Username};

/// How an operator names a user: by id, e-mail address or username, no two of which look alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UserReference {
    Id(UserId),
    Login(LoginIdentifier),
}

impl UserReference {
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidUserReference> {
        if let Ok(id) = UserId::parse(text) {
            Ok(Self::Id(id))
        } else if text.contains('@') {
            let address = EmailAddress::parse(text).map_err(InvalidUserReference::Email)?;
            Ok(Self::Login(LoginIdentifier::Email(address)))
        } else {
            let username = Username::parse(text).map_err(InvalidUserReference::Username)?;
            Ok(Self::Login(LoginIdentifier::Username(username)))
        }
    }
}

impl fmt::Display for UserReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(formatter),
            Self::Login(LoginIdentifier::Email(address)) => address.fmt(formatter),
            Self::Login(LoginIdentifier::Username(username)) => username.fmt(formatter),
        }
    }
}

/// Why a text names no user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidUserReference {
    #[error("as an e-mail address it {0}")]
    Email(InvalidValue),
    #[error("it is neither an id nor an e-mail address, and as a username it {0}")]
    Username(InvalidValue),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_addresses_and_usernames_are_told_apart() {
        let id = "A19ca0f4-3c00-7cc1-8000-5d2e3b7f7a10";
        assert!(
            matches!(UserReference::parse(id), Ok(UserReference::Id(_))),
            "though it begins with a letter"
        );
        for (text, is_email) in
            [("ada@example.com", true), ("ada", false), ("A19ca0f4-3c00-7cc1-8000", false)]
        {
            match UserReference::parse(text) {
                Ok(UserReference::Login(login)) => {
                    assert_eq!(matches!(login, LoginIdentifier::Email(_)), is_email, "{text}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_can_name_nobody_is_refused() {
        for text in ["", " ", "@", "ada@", "a", "1ada", "ada lovelace", "019ca0f43c007cc180005d2e3b7f7a10"] {
            assert!(UserReference::parse(text).is_err(), "{text:?}");
        }
    }
}
