use actix_web::{HttpResponse, web};
use portcullis_domain::SessionId;
use portcullis_domain::ports::StorageError;
use portcullis_domain::use_cases::{EndSessionError, UseCases};

use crate::authenticated::Authenticated;
use crate::client::ClientOf;
use crate::dto::SessionsDto;
use crate::path_id::PathId;
use crate::problem::{Problem, Problems};

/// Lists where the caller is signed in
#[utoipa::path(
    get,
    path = "/api/v1/auth/sessions",
    tag = "Sessions",
    responses((status = 200, description = "The live sessions.", body = SessionsDto), Problems<StorageError>)
)]
pub(crate) async fn list_sessions(
    Authenticated(principal): Authenticated,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let sessions = use_cases.list_sessions.list(principal.user.id).await?;
    Ok(HttpResponse::Ok().json(SessionsDto::seen_by(&principal, &sessions)))
}

/// Signs out one of the caller's sessions
///
/// A session of somebody else is answered like one that does not exist.
#[utoipa::path(
    delete,
    path = "/api/v1/auth/sessions/{id}",
    tag = "Sessions",
    params(("id" = uuid::Uuid, Path, description = "Of the session.")),
    responses((status = 204, description = "The session has ended."), Problems<EndSessionError>)
)]
pub(crate) async fn end_session(
    Authenticated(principal): Authenticated,
    id: PathId<SessionId>,
    ClientOf(client): ClientOf,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    use_cases.end_session.end(principal.user.id, id.named()?, client).await?;
    Ok(HttpResponse::NoContent().finish())
}
