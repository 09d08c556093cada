use actix_web::{HttpResponse, web};
use portcullis_domain::use_cases::{AssignRoleError, ListRolesError, RevokeRoleError, UseCases};
use portcullis_domain::{RoleId, UserId};

use crate::authenticated::Acting;
use crate::dto::RolesDto;
use crate::path_id::PathId;
use crate::problem::{Problem, Problems};

/// Lists the roles that a user holds
#[utoipa::path(
    get,
    path = "/api/v1/users/{id}/roles",
    tag = "Roles",
    params(("id" = uuid::Uuid, Path, description = "Of the user.")),
    responses((status = 200, description = "The roles.", body = RolesDto), Problems<ListRolesError>)
)]
pub(crate) async fn list_user_roles(
    id: PathId<UserId>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let roles = use_cases.list_roles.held_by(id.named()?).await?;
    Ok(HttpResponse::Ok().json(RolesDto::from(roles.as_slice())))
}

/// Gives a user a role
///
/// Whoever holds it already goes on to hold it. Takes every permission that the role and the user have.
#[utoipa::path(
    post,
    path = "/api/v1/users/{id}/roles/{role_id}",
    tag = "Roles",
    params(
        ("id" = uuid::Uuid, Path, description = "Of the user."),
        ("role_id" = uuid::Uuid, Path, description = "Of the role."),
    ),
    responses((status = 204, description = "The user holds the role."), Problems<AssignRoleError>)
)]
pub(crate) async fn assign_role(
    Acting(actor): Acting,
    user: PathId<UserId>,
    role: PathId<RoleId, 1>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    use_cases.assign_role.assign(&actor, user.named()?, role.named()?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Takes a role from a user
///
/// At once, for sessions that are open too. Takes every permission that the role and the user have.
#[utoipa::path(
    delete,
    path = "/api/v1/users/{id}/roles/{role_id}",
    tag = "Roles",
    params(
        ("id" = uuid::Uuid, Path, description = "Of the user."),
        ("role_id" = uuid::Uuid, Path, description = "Of the role."),
    ),
    responses((status = 204, description = "The user does not hold the role."), Problems<RevokeRoleError>)
)]
pub(crate) async fn revoke_role(
    Acting(actor): Acting,
    user: PathId<UserId>,
    role: PathId<RoleId, 1>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    use_cases.revoke_role.revoke(&actor, user.named()?, role.named()?).await?;
    Ok(HttpResponse::NoContent().finish())
}
