use actix_web::HttpResponse;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use portcullis_domain::{Permission, RoleName};
use utoipa::IntoParams;

use crate::authenticated::Authenticated;
use crate::fields::{Fields, FromFields};
use crate::problem::{Answers, Code, Problem, Problems};
use crate::query::Query;

/// What is encoded besides all that is not ASCII: `%` may stand in an address, and what is decoded is what was encoded.
const ENCODED: &AsciiSet = &CONTROLS.add(b'%');

/// What a proxy asks for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CheckQuery {
    /// A permission that the caller must hold: `noun:verb`.
    #[param(value_type = Option<String>, pattern = "^[a-z0-9_-]{1,32}:[a-z0-9_-]{1,32}$", example = "reports:read")]
    permission: Option<Permission>,
}

impl FromFields for CheckQuery {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let permission = fields.optional("permission", Permission::parse);
        Some(Self { permission: permission? })
    }
}

/// Tells a reverse proxy who is calling
///
/// For nginx `auth_request`, Traefik `ForwardAuth` and Envoy `ext_authz`. Answers any method but a CORS
/// preflight, whose answer is never up to who is calling.
#[utoipa::path(
    method(get, post, put, patch, delete, options, trace),
    path = "/api/v1/auth/check",
    tag = "Sessions",
    params(CheckQuery),
    responses(
        (status = 204, description = "The caller is signed in and holds the permission.", headers(
            ("X-Auth-User-Id" = String, description = "The id of the user."),
            ("X-Auth-Email" = String, description = "Their address, with `%` and what is not ASCII percent-encoded."),
            ("X-Auth-Roles" = String, description = "The names of their roles, separated by commas."),
        )),
        Problems<CheckError>,
    )
)]
pub(crate) async fn check(
    Authenticated(principal): Authenticated,
    Query(query): Query<CheckQuery>,
) -> Result<HttpResponse, Problem> {
    if query.permission.is_some_and(|permission| !principal.permissions.allow(&permission)) {
        return Err(CheckError::LacksPermission.into());
    }
    let user = &principal.user;
    let roles: Vec<_> = user.roles.iter().map(RoleName::as_str).collect();
    Ok(HttpResponse::NoContent()
        .insert_header(("X-Auth-User-Id", user.id.to_string()))
        .insert_header(("X-Auth-Email", utf8_percent_encode(user.email.as_str(), ENCODED).to_string()))
        .insert_header(("X-Auth-Roles", roles.join(",")))
        .finish())
}

/// Why a proxy should let nobody through.
enum CheckError {
    LacksPermission,
}

impl From<CheckError> for Problem {
    fn from(error: CheckError) -> Self {
        match error {
            CheckError::LacksPermission => Self::new(Code::Forbidden),
        }
    }
}

impl Answers for CheckError {
    const CODES: &'static [Code] = &[Code::Forbidden];
}
