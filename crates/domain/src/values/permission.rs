use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::fmt;

use super::InvalidValue;

/// What somebody may do: `noun:verb`, each part 1 to 32 of `a-z 0-9 _ -`.
///
/// The product's own are [`OwnPermission`]s; an application adds further ones by naming them in its roles.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Permission(String);

impl Permission {
    /// Reads a permission; nothing is trimmed.
    ///
    /// # Errors
    ///
    /// [`InvalidValue::Malformed`] when it is not two allowed parts around one colon.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        if Self::is_well_formed(text) { Ok(Self(text.to_owned())) } else { Err(InvalidValue::Malformed) }
    }

    /// Whether `text` is a permission: for those that are known when a program is compiled.
    ///
    /// ```
    /// use portcullis_domain::Permission;
    ///
    /// const READ_REPORTS: &str = "reports:read";
    /// const { assert!(Permission::is_well_formed(READ_REPORTS)) };
    /// ```
    #[must_use]
    pub const fn is_well_formed(text: &str) -> bool {
        let octets = text.as_bytes();
        let mut colon = 0;
        while colon < octets.len() && octets[colon] != b':' {
            colon += 1;
        }
        if colon == octets.len() {
            return false;
        }
        let (noun, rest) = octets.split_at(colon);
        let (_, verb) = rest.split_at(1);
        is_part(noun) && is_part(verb)
    }

    /// The permission as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

const fn is_part(octets: &[u8]) -> bool {
    let mut at = 0;
    while at < octets.len() && is_allowed(octets[at]) {
        at += 1;
    }
    at == octets.len() && matches!(octets.len(), 1..=32)
}

pub(super) const fn is_allowed(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-')
}

impl fmt::Display for Permission {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Borrow<str> for Permission {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<OwnPermission> for Permission {
    fn from(own: OwnPermission) -> Self {
        Self(own.name().to_owned())
    }
}

macro_rules! own_permissions {
    ($($variant:ident $name:literal $description:literal;)+) => {
        /// A permission that the product's own calls ask for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum OwnPermission {$(
            #[doc = $description]
            $variant,
        )+}

        impl OwnPermission {
            /// All of them, in alphabetical order.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The permission as text.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {$(Self::$variant => $name,)+}
            }

            /// What its holders may do.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self {$(Self::$variant => $description,)+}
            }
        }
    };
}

own_permissions! {
    AuditRead "audit:read" "Read the audit trail";
    RolesAssign "roles:assign" "Give roles to users and take them away";
    RolesRead "roles:read" "See roles, their permissions and who holds them";
    RolesWrite "roles:write" "Make, change and delete roles";
    SessionsRead "sessions:read" "See where users are signed in";
    SessionsRevoke "sessions:revoke" "Sign users out";
    TokensIntrospect "tokens:introspect" "Find out whether a token is good, and whose it is";
    UsersDelete "users:delete" "Erase accounts";
    UsersRead "users:read" "See accounts";
    UsersWrite "users:write" "Make, change, verify and unlock accounts";
}

impl fmt::Display for OwnPermission {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// What one user may do, as the store had it at the moment of the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Permissions {
    /// Every permission there is or will be. Carries those that can be listed today:
    /// the product's own and those that roles name.
    Every(BTreeSet<Permission>),
    /// These and no others.
    Only(BTreeSet<Permission>),
}

impl Permissions {
    /// The permissions of somebody who holds `admin`; `named` are those that any role names.
    #[must_use]
    pub fn every(named: impl IntoIterator<Item = Permission>) -> Self {
        let own = OwnPermission::ALL.iter().map(|&own| own.into());
        Self::Every(own.chain(named).collect())
    }

    /// Exactly these permissions.
    #[must_use]
    pub fn only(held: impl IntoIterator<Item = Permission>) -> Self {
        Self::Only(held.into_iter().collect())
    }

    /// Whether `permission` is among them.
    #[must_use]
    pub fn allow(&self, permission: &Permission) -> bool {
        match self {
            Self::Every(_) => true,
            Self::Only(held) => held.contains(permission),
        }
    }

    /// Whether a call that asks for `own` may be made.
    #[must_use]
    pub fn allow_own(&self, own: OwnPermission) -> bool {
        match self {
            Self::Every(_) => true,
            Self::Only(held) => held.contains(own.name()),
        }
    }

    /// Whether whoever has these lacks none of `others`.
    #[must_use]
    pub fn cover(&self, others: &Self) -> bool {
        match (self, others) {
            (Self::Every(_), _) => true,
            (Self::Only(_), Self::Every(_)) => false,
            (Self::Only(held), Self::Only(others)) => others.is_subset(held),
        }
    }

    /// Whether whoever has these may hand out `wanted`, lacking none of it.
    #[must_use]
    pub fn cover_all<'a>(&self, wanted: impl IntoIterator<Item = &'a Permission>) -> bool {
        wanted.into_iter().all(|permission| self.allow(permission))
    }

    /// Those that can be listed, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = &Permission> {
        match self {
            Self::Every(listed) | Self::Only(listed) => listed.iter(),
        }
    }
}
