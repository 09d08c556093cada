use portcullis_domain::{Permission, Role, RoleDescription};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Permissions under a name, to be held by users.
#[derive(Serialize, ToSchema)]
#[schema(as = Role)]
pub(crate) struct RoleDto<'a> {
    /// Names the role for good: a `UUIDv7`.
    #[schema(examples("019ca0f4-3d00-7cc1-8000-5d2e3b7f7a10"))]
    id: Uuid,
    /// What it is called; unique among roles.
    #[schema(examples("analyst"))]
    name: &'a str,
    /// What it is for.
    #[schema(required, examples("Reads the reports"))]
    description: Option<&'a str>,
    /// What its holders may do, in alphabetical order. None are listed with `admin`, whose holders may do
    /// everything.
    #[schema(examples(json!(["reports:read"])))]
    permissions: Vec<&'a str>,
    /// Whether it is there from the start, and stays as it is.
    built_in: bool,
}

/// Some roles.
#[derive(Serialize, ToSchema)]
#[schema(as = Roles)]
pub(crate) struct RolesDto<'a> {
    /// In alphabetical order.
    items: Vec<RoleDto<'a>>,
}

impl<'a> From<&'a Role> for RoleDto<'a> {
    fn from(role: &'a Role) -> Self {
        Self {
            id: role.id.uuid(),
            name: role.name.as_str(),
            description: role.description.as_ref().map(RoleDescription::as_str),
            permissions: role.permissions.iter().map(Permission::as_str).collect(),
            built_in: role.built_in,
        }
    }
}

impl<'a> From<&'a [Role]> for RolesDto<'a> {
    fn from(roles: &'a [Role]) -> Self {
        Self { items: roles.iter().map(Into::into).collect() }
    }
}
