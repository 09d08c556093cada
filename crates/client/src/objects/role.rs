use serde::Deserialize;

use super::RoleId;

/// Permissions under a name, to be held by users.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Role {
    /// Names the role for good.
    pub id: RoleId,
    /// What it is called; unique among roles.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What its holders may do, in alphabetical order. None are listed with `admin`, whose holders may do everything.
    pub permissions: Vec<String>,
    /// Whether it is there from the start, and stays as it is.
    pub built_in: bool,
}

/// Something that a role can allow.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Permission {
    /// `noun:verb`.
    pub name: String,
    /// What its holders may do; none for those of an application's own.
    pub description: Option<String>,
}
