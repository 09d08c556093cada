use std::collections::BTreeMap;

use portcullis_domain::Permission;
use serde::Serialize;
use utoipa::ToSchema;

/// Something that a role can allow.
#[derive(Serialize, ToSchema)]
#[schema(as = Permission)]
pub(crate) struct PermissionDto<'a> {
    /// `noun:verb`.
    #[schema(examples("users:read"))]
    name: &'a str,
    /// What its holders may do; null for those of an application's own.
    #[schema(required, examples("See accounts"))]
    description: Option<&'static str>,
}

/// Every permission that is known.
#[derive(Serialize, ToSchema)]
#[schema(as = Permissions)]
pub(crate) struct PermissionsDto<'a> {
    /// In alphabetical order.
    items: Vec<PermissionDto<'a>>,
}

impl<'a> From<&'a BTreeMap<Permission, Option<&'static str>>> for PermissionsDto<'a> {
    fn from(permissions: &'a BTreeMap<Permission, Option<&'static str>>) -> Self {
        let items = permissions
            .iter()
            .map(|(permission, &description)| PermissionDto { name: permission.as_str(), description });
        Self { items: items.collect() }
    }
}
