use actix_web::{HttpResponse, web};
use portcullis_domain::ports::StorageError;
use portcullis_domain::use_cases::{ActiveToken, TokenKind, UseCases};
use portcullis_domain::{Permission, RoleName, Username};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::fields::{self, Fields, FromFields};
use crate::form::Form;
use crate::problem::{Problem, Problems};
use crate::schemas;

/// Which token is asked about.
#[derive(ToSchema)]
pub(crate) struct IntrospectionRequest {
    #[schema(schema_with = schemas::any_token)]
    token: Zeroizing<String>,
    /// Which kind of token it is, as far as the caller knows. It is found out all the same.
    #[schema(value_type = String, required = false, examples("access_token"))]
    #[expect(dead_code, reason = "every kind of token is told from the others by its form")]
    token_type_hint: Option<Zeroizing<String>>,
}

impl FromFields for IntrospectionRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let token = fields.required("token", fields::verbatim);
        let token_type_hint = fields.optional("token_type_hint", fields::verbatim);
        Some(Self { token: token?, token_type_hint: token_type_hint? })
    }
}

/// What a token is good for.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Introspection)]
enum IntrospectionDto<'a> {
    Active(ActiveTokenDto<'a>),
    Inactive(InactiveTokenDto),
}

/// A token that is good for nothing, whatever the reason.
#[derive(Serialize, ToSchema)]
#[schema(as = InactiveToken)]
struct InactiveTokenDto {
    #[schema(schema_with = schemas::always_false)]
    active: bool,
}

/// A good token, and what it is good for.
#[derive(Serialize, ToSchema)]
#[schema(as = ActiveToken)]
struct ActiveTokenDto<'a> {
    #[schema(schema_with = schemas::always_true)]
    active: bool,
    token_type: TokenTypeDto,
    /// The id of the user.
    #[schema(examples("019ca0f4-3c00-7cc1-8000-5d2e3b7f7a10"))]
    sub: Uuid,
    /// The id of the session.
    #[schema(examples("019ca0f4-3c5b-7cc1-8000-5d2e3b7f7a10"))]
    sid: Uuid,
    /// The id of the token; of access tokens only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Uuid, required = false, examples("019ca0f4-3c5c-7cc1-8000-5d2e3b7f7a10"))]
    jti: Option<Uuid>,
    /// When it was issued, in seconds since 1970.
    #[schema(examples(1_772_366_400))]
    iat: i64,
    /// When it expires, in seconds since 1970.
    #[schema(examples(1_772_368_200))]
    exp: i64,
    /// The username, or the e-mail address of who has none.
    #[schema(examples("ada"))]
    username: &'a str,
    /// What the user may do at this moment: their permissions, separated by spaces.
    #[schema(examples("reports:read users:read"))]
    scope: String,
    /// The names of the roles that they hold at this moment.
    #[schema(examples(json!(["analyst", "user"])))]
    roles: Vec<&'a str>,
    /// Whether their address is verified.
    email_verified: bool,
}

/// Which token it is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = IntrospectedTokenType)]
enum TokenTypeDto {
    /// An access token (RFC 6750), which lets its bearer call.
    Bearer,
    /// A refresh token, which is good for nothing but the next pair of tokens.
    RefreshToken,
}

impl<'a> From<&'a ActiveToken> for ActiveTokenDto<'a> {
    fn from(token: &'a ActiveToken) -> Self {
        let ActiveToken { kind, principal, issued_at, expires_at } = token;
        let (token_type, jti) = match kind {
            TokenKind::Access { token_id } => (TokenTypeDto::Bearer, Some(token_id.uuid())),
            TokenKind::Refresh => (TokenTypeDto::RefreshToken, None),
        };
        let user = &principal.user;
        let scope: Vec<&str> = principal.permissions.iter().map(Permission::as_str).collect();
        Self {
            active: true,
            token_type,
            sub: user.id.uuid(),
            sid: principal.session.id.uuid(),
            jti,
            iat: issued_at.unix_seconds(),
            exp: expires_at.unix_seconds(),
            username: user.username.as_ref().map_or(user.email.as_str(), Username::as_str),
            scope: scope.join(" "),
            roles: user.roles.iter().map(RoleName::as_str).collect(),
            email_verified: user.email_verified,
        }
    }
}

/// Tells whether a token is good
///
/// For other services that do not verify tokens by themselves, or want to know at once of a session that has
/// ended (RFC 7662). Takes access tokens and refresh tokens; neither is spent by it. A refresh token is active too:
/// whoever lets callers in has to see to it that `token_type` is `bearer`.
#[utoipa::path(
    post,
    path = "/api/v1/introspect",
    tag = "Tokens",
    request_body(content = IntrospectionRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "What it is good for.", body = IntrospectionDto), Problems<StorageError>)
)]
pub(crate) async fn introspect(
    Form(request): Form<IntrospectionRequest>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let found = use_cases.introspect_token.introspect(&request.token).await?;
    Ok(HttpResponse::Ok().json(match &found {
        Some(token) => IntrospectionDto::Active(token.into()),
        None => IntrospectionDto::Inactive(InactiveTokenDto { active: false }),
    }))
}
