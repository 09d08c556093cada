use actix_web::{HttpResponse, web};
use portcullis_domain::Password;
use portcullis_domain::use_cases::{ClaimedIdentifier, LoginCommand, LoginError, UseCases};
use serde::Serialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::body::Body;
use crate::client::ClientOf;
use crate::dto::{TokensDto, UserDto};
use crate::fields::{self, Fault, Fields, FromFields};
use crate::problem::{FieldCode, Problem, Problems};
use crate::schemas;

/// What somebody gives to sign in: an e-mail address or a username, not both, and the password.
pub(crate) struct LoginRequest {
    identifier: ClaimedIdentifier,
    password: Option<Password>,
}

/// What somebody gives to sign in: an e-mail address or a username, not both, and the password.
#[derive(ToSchema)]
#[schema(as = LoginRequest)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes the two forms of a login to the document")]
enum LoginSchema {
    /// By e-mail address.
    #[schema(title = "LoginByEmail")]
    ByEmail {
        #[schema(schema_with = schemas::claimed_email)]
        email: String,
        #[schema(schema_with = schemas::claimed_password)]
        password: String,
        #[schema(schema_with = schemas::nothing, required = false)]
        username: (),
    },
    /// By username.
    #[schema(title = "LoginByUsername")]
    ByUsername {
        #[schema(schema_with = schemas::claimed_username)]
        username: String,
        #[schema(schema_with = schemas::claimed_password)]
        password: String,
        #[schema(schema_with = schemas::nothing, required = false)]
        email: (),
    },
}

impl FromFields for LoginRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let email = fields.optional("email", fields::verbatim);
        let username = fields.optional("username", fields::verbatim);
        let password = fields.required("password", fields::claimed_password);
        let text = |text: Zeroizing<String>| String::clone(&text);
        let identifier = match (email?, username?) {
            (Some(email), None) => Some(ClaimedIdentifier::Email(text(email))),
            (None, Some(username)) => Some(ClaimedIdentifier::Username(text(username))),
            (None, None) => {
                fields.refuse("email", Fault::new(FieldCode::Required, "or `username` is required"))
            }
            (Some(_), Some(_)) => fields
                .refuse("username", Fault::new(FieldCode::Invalid, "cannot be given together with `email`")),
        };
        Some(Self { identifier: identifier?, password: password? })
    }
}

/// Tokens, and whose they are.
#[derive(Serialize, ToSchema)]
#[schema(as = SignedIn)]
struct SignedInDto<'a> {
    #[serde(flatten)]
    tokens: TokensDto<'a>,
    user: UserDto<'a>,
}

/// Signs in
///
/// Opens a session. Whether an account exists, is disabled or not verified is told only to who knows its
/// password. After too many wrong passwords in a row (5 unless configured) every answer is 429, also to the
/// right password, until the time is over or the password is reset.
#[utoipa::path(
    post,
    path = "/api/v1/auth/login",
    tag = "Sessions",
    request_body = LoginSchema,
    responses((status = 200, description = "A session is open.", body = SignedInDto), Problems<LoginError>)
)]
pub(crate) async fn login(
    Body(request): Body<LoginRequest>,
    ClientOf(client): ClientOf,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let LoginRequest { identifier, password } = request;
    let signed_in = use_cases.login.login(LoginCommand { identifier, password, client }).await?;
    let body = SignedInDto { tokens: (&signed_in.tokens).into(), user: (&signed_in.user).into() };
    Ok(HttpResponse::Ok().json(body))
}
