use std::collections::BTreeSet;
use std::fmt;

use super::InvalidValue;

/// What somebody may do: `noun:verb`, each part 1 to 32 of `a-z 0-9 _ -`.
///
/// The product's own are listed in [`Permission::OWN`]; an application adds its own by naming them
/// in its roles.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Permission(String);

impl Permission {
    /// The permissions that the product's own calls ask for.
    pub const OWN: [&str; 10] = [
        "audit:read",
        "roles:assign",
        "roles:read",
        "roles:write",
        "sessions:read",
        "sessions:revoke",
        "tokens:introspect",
        "users:delete",
        "users:read",
        "users:write",
    ];

    /// Reads a permission; nothing is trimmed.
    ///
    /// # Errors
    ///
    /// [`InvalidValue::Malformed`] when it is not two allowed parts around one colon.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let is_part = |part: &str| matches!(part.len(), 1..=32) && part.bytes().all(is_allowed);
        match text.split_once(':') {
            Some((noun, verb)) if is_part(noun) && is_part(verb) => Ok(Self(text.to_owned())),
            _ => Err(InvalidValue::Malformed),
        }
    }

    /// The permission as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

pub(super) fn is_allowed(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte)
}

impl fmt::Display for Permission {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
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
        let own = Permission::OWN.iter().map(|own| Permission((*own).to_owned()));
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

    /// Those that can be listed, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = &Permission> {
        match self {
            Self::Every(listed) | Self::Only(listed) => listed.iter(),
        }
    }
}
