use actix_web::{HttpResponse, web};
use portcullis_domain::ports::StorageError;
use portcullis_domain::use_cases::UseCases;

use crate::dto::PermissionsDto;
use crate::problem::{Problem, Problems};

/// Lists permissions
///
/// Those that calls of this service ask for, and those that roles name besides.
#[utoipa::path(
    get,
    path = "/api/v1/permissions",
    tag = "Roles",
    responses((status = 200, description = "The permissions.", body = PermissionsDto), Problems<StorageError>)
)]
pub(crate) async fn list_permissions(use_cases: web::Data<UseCases>) -> Result<HttpResponse, Problem> {
    let permissions = use_cases.list_permissions.list().await?;
    Ok(HttpResponse::Ok().json(PermissionsDto::from(&permissions)))
}
