use std::collections::BTreeSet;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use portcullis_domain::ports::StorageError;
use portcullis_domain::use_cases::{
    CreateRoleCommand, CreateRoleError, DeleteRoleError, FindRoleError, UpdateRoleCommand, UpdateRoleError,
    UseCases,
};
use portcullis_domain::{Change, Permission, RoleDescription, RoleId, RoleName};
use utoipa::ToSchema;

use crate::authenticated::Acting;
use crate::body::Body;
use crate::dto::{RoleDto, RolesDto};
use crate::fields::{Each, Fields, FromFields};
use crate::mount_point::MountPoint;
use crate::path_id::PathId;
use crate::problem::{Problem, Problems};
use crate::schemas;

/// The role to be made.
#[derive(ToSchema)]
pub(crate) struct RoleCreation {
    #[schema(schema_with = schemas::role_name)]
    name: RoleName,
    #[schema(schema_with = schemas::role_description, required = false)]
    description: Option<RoleDescription>,
    #[schema(schema_with = schemas::optional_permissions, required = false)]
    permissions: Option<BTreeSet<Permission>>,
}

impl FromFields for RoleCreation {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let name = fields.required("name", RoleName::parse);
        let description = fields.optional("description", RoleDescription::parse);
        let permissions = fields.optional("permissions", Each(Permission::parse));
        Some(Self { name: name?, description: description?, permissions: permissions? })
    }
}

/// What shall be different: a field that is left out stays as it is, null clears it.
#[derive(ToSchema)]
pub(crate) struct RoleChange {
    #[schema(schema_with = schemas::role_name, required = false)]
    name: Option<RoleName>,
    #[schema(schema_with = schemas::role_description, required = false)]
    description: Change<RoleDescription>,
    #[schema(schema_with = schemas::optional_permissions, required = false)]
    permissions: Option<BTreeSet<Permission>>,
}

impl FromFields for RoleChange {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let name = fields.replacement("name", RoleName::parse);
        let description = fields.change("description", RoleDescription::parse);
        let permissions = match fields.change("permissions", Each(Permission::parse))? {
            Change::Keep => None,
            Change::Clear => Some(BTreeSet::new()),
            Change::Set(permissions) => Some(permissions),
        };
        Some(Self { name: name?, description: description?, permissions })
    }
}

/// Lists roles
///
/// All of them, in alphabetical order.
#[utoipa::path(
    get,
    path = "/api/v1/roles",
    tag = "Roles",
    responses((status = 200, description = "The roles.", body = RolesDto), Problems<StorageError>)
)]
pub(crate) async fn list_roles(use_cases: web::Data<UseCases>) -> Result<HttpResponse, Problem> {
    let roles = use_cases.list_roles.list().await?;
    Ok(HttpResponse::Ok().json(RolesDto::from(roles.as_slice())))
}

/// Makes a role
///
/// Nobody gives it a permission that they lack. All permissions that roles name have to find room in an access
/// token, 8 KiB: what would go beyond is 422 with `too_long` at `permissions`.
#[utoipa::path(
    post,
    path = "/api/v1/roles",
    tag = "Roles",
    request_body = RoleCreation,
    responses(
        (status = 201, description = "The role is there.", body = RoleDto,
            headers(("Location" = String, description = "Where the role is found."))),
        Problems<CreateRoleError>,
    )
)]
pub(crate) async fn create_role(
    Acting(actor): Acting,
    Body(RoleCreation { name, description, permissions }): Body<RoleCreation>,
    mount_point: MountPoint,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let command = CreateRoleCommand { name, description, permissions: permissions.unwrap_or_default() };
    let role = use_cases.create_role.create(&actor, command).await?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, format!("{mount_point}/api/v1/roles/{}", role.id)))
        .json(RoleDto::from(&role)))
}

/// Shows a role
#[utoipa::path(
    get,
    path = "/api/v1/roles/{id}",
    tag = "Roles",
    params(("id" = uuid::Uuid, Path, description = "Of the role.")),
    responses((status = 200, description = "The role.", body = RoleDto), Problems<FindRoleError>)
)]
pub(crate) async fn read_role(
    id: PathId<RoleId>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let role = use_cases.find_role.find(id.named()?).await?;
    Ok(HttpResponse::Ok().json(RoleDto::from(&role)))
}

/// Changes a role
///
/// For all who hold it, at once. Takes every permission that it has and is to have. All permissions that roles
/// name have to find room in an access token, 8 KiB: what would go beyond, and further than it did, is 422 with
/// `too_long` at `permissions`.
#[utoipa::path(
    method(patch, put),
    path = "/api/v1/roles/{id}",
    tag = "Roles",
    params(("id" = uuid::Uuid, Path, description = "Of the role.")),
    request_body = RoleChange,
    responses((status = 200, description = "The role as it is now.", body = RoleDto), Problems<UpdateRoleError>)
)]
pub(crate) async fn update_role(
    Acting(actor): Acting,
    id: PathId<RoleId>,
    Body(RoleChange { name, description, permissions }): Body<RoleChange>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let command = UpdateRoleCommand { name, description, permissions };
    let role = use_cases.update_role.update(&actor, id.named()?, command).await?;
    Ok(HttpResponse::Ok().json(RoleDto::from(&role)))
}

/// Deletes a role
///
/// And takes it from all who hold it. Takes every permission that it has.
#[utoipa::path(
    delete,
    path = "/api/v1/roles/{id}",
    tag = "Roles",
    params(("id" = uuid::Uuid, Path, description = "Of the role.")),
    responses((status = 204, description = "The role is gone."), Problems<DeleteRoleError>)
)]
pub(crate) async fn delete_role(
    Acting(actor): Acting,
    id: PathId<RoleId>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    use_cases.delete_role.delete(&actor, id.named()?).await?;
    Ok(HttpResponse::NoContent().finish())
}
