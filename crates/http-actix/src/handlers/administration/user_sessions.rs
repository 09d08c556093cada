use actix_web::{HttpResponse, web};
use portcullis_domain::UserId;
use portcullis_domain::use_cases::{FindUserError, RevokeSessionsError, UseCases};

use crate::authenticated::{Acting, Authenticated};
use crate::dto::SessionsDto;
use crate::path_id::PathId;
use crate::problem::{Problem, Problems};

/// Lists where a user is signed in
#[utoipa::path(
    get,
    path = "/api/v1/users/{id}/sessions",
    tag = "Users",
    params(("id" = uuid::Uuid, Path, description = "Of the user.")),
    responses((status = 200, description = "The live sessions.", body = SessionsDto), Problems<FindUserError>)
)]
pub(crate) async fn list_user_sessions(
    Authenticated(principal): Authenticated,
    id: PathId<UserId>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let user = use_cases.find_user.find(id.named()?).await?;
    let sessions = use_cases.list_sessions.list(user.id).await?;
    Ok(HttpResponse::Ok().json(SessionsDto::seen_by(&principal, &sessions)))
}

/// Signs a user out everywhere
#[utoipa::path(
    delete,
    path = "/api/v1/users/{id}/sessions",
    tag = "Users",
    params(("id" = uuid::Uuid, Path, description = "Of the user.")),
    responses((status = 204, description = "Every session has ended."), Problems<RevokeSessionsError>)
)]
pub(crate) async fn revoke_user_sessions(
    Acting(actor): Acting,
    id: PathId<UserId>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    use_cases.revoke_sessions.revoke(&actor, id.named()?).await?;
    Ok(HttpResponse::NoContent().finish())
}
