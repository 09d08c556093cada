use actix_web::{HttpResponse, web};
use portcullis_domain::ports::StorageError;
use portcullis_domain::use_cases::{LogoutError, UseCases};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::authenticated::Authenticated;
use crate::body::OptionalBody;
use crate::client::ClientOf;
use crate::fields::{self, Fields, FromFields};
use crate::problem::{Problem, Problems};
use crate::schemas;

/// Which session to end.
#[derive(ToSchema)]
pub(crate) struct LogoutRequest {
    #[schema(schema_with = schemas::optional_refresh_token, required = false)]
    refresh_token: Option<Zeroizing<String>>,
}

impl FromFields for LogoutRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let refresh_token = fields.optional("refresh_token", fields::verbatim);
        Some(Self { refresh_token: refresh_token? })
    }
}

/// Signs out
///
/// Ends the session of the refresh token, or the one that the call is made with.
#[utoipa::path(
    post,
    path = "/api/v1/auth/logout",
    tag = "Sessions",
    request_body = Option<LogoutRequest>,
    responses((status = 204, description = "The session has ended."), Problems<LogoutError>)
)]
pub(crate) async fn logout(
    Authenticated(principal): Authenticated,
    OptionalBody(body): OptionalBody<LogoutRequest>,
    ClientOf(client): ClientOf,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let refresh_token = body.and_then(|body| body.refresh_token);
    let refresh_token = refresh_token.as_ref().map(|token| token.as_str());
    use_cases.logout.logout(&principal, refresh_token, client).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Signs out everywhere
///
/// Ends every session of the caller, this one too.
#[utoipa::path(
    post,
    path = "/api/v1/auth/logout-all",
    tag = "Sessions",
    responses((status = 204, description = "Every session has ended."), Problems<StorageError>)
)]
pub(crate) async fn logout_all(
    Authenticated(principal): Authenticated,
    ClientOf(client): ClientOf,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    use_cases.logout_all.logout_all(principal.user.id, client).await?;
    Ok(HttpResponse::NoContent().finish())
}
