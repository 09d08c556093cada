//! Users: who has an account, and what is known of them.

use crate::ports::Entropy;
use crate::values::{
    EmailAddress, Identity, Locale, Name, PasswordHash, RoleName, Timestamp, UserId, Username,
};

/// Somebody who has an account. Holds no password material.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Names the account for good.
    pub id: UserId,
    /// Where mails go; unique among accounts.
    pub email: EmailAddress,
    /// Whether the owner has shown that they read mails to [`email`](Self::email).
    pub email_verified: bool,
    /// Unique among accounts.
    pub username: Option<Username>,
    /// What the person is called, given as a whole or in parts.
    pub profile: ProfileNames,
    /// Whether the account may be used.
    pub is_active: bool,
    /// The roles held, in alphabetical order.
    pub roles: Vec<RoleName>,
    /// The language of mails to this person.
    pub locale: Locale,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When its profile last changed.
    pub updated_at: Option<Timestamp>,
    /// When somebody last signed in to it.
    pub last_login_at: Option<Timestamp>,
}

impl User {
    /// A user made at `now`: active, with an address that is not verified yet, the role `user`, and no
    /// names.
    #[must_use]
    pub fn new(email: EmailAddress, locale: Locale, now: Timestamp, entropy: &dyn Entropy) -> Self {
        Self {
            id: UserId::generate(now, entropy),
            email,
            email_verified: false,
            username: None,
            profile: ProfileNames::default(),
            is_active: true,
            roles: vec![RoleName::user()],
            locale,
            created_at: now,
            updated_at: None,
            last_login_at: None,
        }
    }

    /// Whether the account is no more than somebody's word that the address is theirs: the address is not verified,
    /// nobody has signed in, and no role but `user` is held.
    #[must_use]
    pub fn is_mere_claim(&self) -> bool {
        let plain = RoleName::user();
        !self.email_verified && self.last_login_at.is_none() && self.roles.iter().all(|role| *role == plain)
    }

    /// What a password of this user must not contain.
    #[must_use]
    pub fn identity(&self) -> Identity<'_> {
        Identity { email: &self.email, username: self.username.as_ref(), names: self.profile.as_array() }
    }
}

/// What a person is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileNames {
    /// The whole name, or a nickname.
    pub name: Option<Name>,
    /// The given name.
    pub first_name: Option<Name>,
    /// The family name.
    pub last_name: Option<Name>,
}

impl ProfileNames {
    /// The three names, for rules that treat them alike.
    #[must_use]
    pub fn as_array(&self) -> [Option<&Name>; 3] {
        [self.name.as_ref(), self.first_name.as_ref(), self.last_name.as_ref()]
    }
}

/// A user with what proves that somebody is them.
#[derive(Clone, Debug)]
pub struct Account {
    /// The user.
    pub user: User,
    /// The hash of their password; none until an invited user sets one.
    pub password_hash: Option<PasswordHash>,
}

impl Account {
    /// Whether who has just given the password of `hash` may use it: it is active, and the hash is still its own.
    #[must_use]
    pub fn is_usable_under(&self, hash: &PasswordHash) -> bool {
        self.user.is_active && self.password_hash.as_ref() == Some(hash)
    }
}

/// What a person signs in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginIdentifier {
    /// The address of the account.
    Email(EmailAddress),
    /// The username of the account.
    Username(Username),
}

impl LoginIdentifier {
    /// The form under which stores compare it.
    #[must_use]
    pub fn canonical(&self) -> &str {
        match self {
            Self::Email(address) => address.canonical(),
            Self::Username(username) => username.canonical(),
        }
    }
}

/// A change of one optional field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Change<T> {
    /// It stays as it is.
    #[default]
    Keep,
    /// It is removed.
    Clear,
    /// It becomes this.
    Set(T),
}

impl<T> Change<T> {
    /// What a field that holds `current` holds after the change.
    #[must_use]
    pub fn apply(self, current: Option<T>) -> Option<T> {
        match self {
            Self::Keep => current,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }

    /// Whether the field stays as it is.
    #[must_use]
    pub const fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }
}

/// What a profile change asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileChange {
    /// Of the username.
    pub username: Change<Username>,
    /// Of the whole name.
    pub name: Change<Name>,
    /// Of the given name.
    pub first_name: Change<Name>,
    /// Of the family name.
    pub last_name: Change<Name>,
}

impl ProfileChange {
    /// Makes what `user` is called what it asks for.
    pub fn apply(self, user: &mut User) {
        let Self { username, name, first_name, last_name } = self;
        user.username = username.apply(user.username.take());
        user.profile.name = name.apply(user.profile.name.take());
        user.profile.first_name = first_name.apply(user.profile.first_name.take());
        user.profile.last_name = last_name.apply(user.profile.last_name.take());
    }

    /// Whether it leaves everything as it is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields().is_empty()
    }

    /// The names of the fields that it does not keep.
    #[must_use]
    pub fn fields(&self) -> Vec<&'static str> {
        let Self { username, name, first_name, last_name } = self;
        [
            ("username", username.is_keep()),
            ("name", name.is_keep()),
            ("first_name", first_name.is_keep()),
            ("last_name", last_name.is_keep()),
        ]
        .into_iter()
        .filter_map(|(field, is_kept)| (!is_kept).then_some(field))
        .collect()
    }
}
