use serde::Serialize;

use super::Change;

/// A role to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RoleCreation {
    /// A name that no other role has: 2 to 64 of `a-z 0-9 _ -`.
    pub name: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// All that its holders may do, each as `noun:verb`.
    pub permissions: Vec<String>,
}

impl RoleCreation {
    /// A role whose holders may do this and no more.
    pub fn new<P: Into<String>>(name: impl Into<String>, permissions: impl IntoIterator<Item = P>) -> Self {
        let permissions = permissions.into_iter().map(Into::into).collect();
        Self { name: name.into(), description: None, permissions }
    }
}

/// What shall be different about a role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RoleChange {
    /// A name that no other role has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub description: Change<String>,
    /// All that its holders may do from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<String>>,
}
