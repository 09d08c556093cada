//! Roles: what their holders may do.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::values::{Permission, Permissions, RoleDescription, RoleId, RoleName};

/// A role: permissions under a name, to be held by users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Names it for good.
    pub id: RoleId,
    /// What it is called; unique among roles.
    pub name: RoleName,
    /// What it is for.
    pub description: Option<RoleDescription>,
    /// Whether it is in every store from the start, and stays as it is.
    pub built_in: bool,
    /// What its holders may do.
    pub permissions: BTreeSet<Permission>,
}

impl Role {
    /// How many octets the permissions that all roles name may take together in an access token, which lists them
    /// for every administrator. What else it says, the names of roles and the claims of an application, has to find
    /// room beside them in the header of a request.
    pub const MAX_NAMED_OCTETS: usize = 8 * 1024;

    /// Whether this role may be among `roles`, new or in the place of the one that has its id: together they then
    /// name no more than [`MAX_NAMED_OCTETS`](Self::MAX_NAMED_OCTETS), or at least no more than before. So where
    /// roles name too much already, they can come to name less.
    #[must_use]
    pub fn fits_among(&self, roles: &[Self]) -> bool {
        let others = roles.iter().filter(|other| other.id != self.id);
        octets_named_by(others.chain([self])) <= octets_named_by(roles).max(Self::MAX_NAMED_OCTETS)
    }

    /// What somebody who holds it may do; `admin` may do everything.
    #[must_use]
    pub fn authority(&self) -> Permissions {
        if self.name.is_admin() {
            Permissions::every([])
        } else {
            Permissions::only(self.permissions.iter().cloned())
        }
    }

    /// `admin` and `user`, with which every store begins.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "the descriptions are constants")]
    pub fn all_built_in() -> [Self; 2] {
        let built_in = |id, name, description: &str| Self {
            id: Uuid::from_u128(id).into(),
            name,
            description: Some(RoleDescription::parse(description).expect("it is short and plain")),
            built_in: true,
            permissions: BTreeSet::new(),
        };
        [
            built_in(
                0x00000000_0000_7000_8000_000000000001,
                RoleName::admin(),
                "Holds every permission there is or will be",
            ),
            built_in(
                0x00000000_0000_7000_8000_000000000002,
                RoleName::user(),
                "Held by every account; holds no permission",
            ),
        ]
    }
}

/// What the permissions of these roles take in an access token, each once, in quotes and before a comma.
fn octets_named_by<'a>(roles: impl IntoIterator<Item = &'a Role>) -> usize {
    let named: BTreeSet<_> = roles.into_iter().flat_map(|role| &role.permissions).collect();
    named.into_iter().map(|permission| permission.as_str().len() + r#""","#.len()).sum()
}
