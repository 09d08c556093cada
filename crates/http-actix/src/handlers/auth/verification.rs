use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use portcullis_domain::ports::StorageError;
use portcullis_domain::use_cases::{
    LinkKind, UseCases, VerifyEmailByCodeCommand, VerifyEmailByCodeError, VerifyEmailError,
};
use portcullis_domain::{EmailAddress, OneTimeCode, TokenSecret, User};
use serde::Serialize;
use utoipa::ToSchema;

use crate::body::Body;
use crate::client::ClientOf;
use crate::dto::{MessageDto, UserDto};
use crate::fields::{self, Fields, FromFields};
use crate::head;
use crate::locale::PreferredLocale;
use crate::problem::{Problem, Problems};
use crate::rate_limit::{MailPace, RouteGroup};
use crate::schemas;

/// The code of a verification mail, and the address it went to.
#[derive(ToSchema)]
pub(crate) struct VerifyRequest {
    #[schema(schema_with = schemas::email)]
    email: EmailAddress,
    #[schema(schema_with = schemas::code, required)]
    code: Option<OneTimeCode>,
}

impl FromFields for VerifyRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let email = fields.required("email", EmailAddress::parse);
        let code = fields.required("code", fields::verbatim);
        Some(Self { email: email?, code: OneTimeCode::parse(&code?) })
    }
}

/// Which address needs another verification mail.
#[derive(ToSchema)]
pub(crate) struct ResendRequest {
    #[schema(schema_with = schemas::email)]
    email: EmailAddress,
}

impl FromFields for ResendRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let email = fields.required("email", EmailAddress::parse);
        Some(Self { email: email? })
    }
}

/// A user whose address is verified.
#[derive(Serialize, ToSchema)]
#[schema(as = Verified)]
pub(super) struct VerifiedDto<'a> {
    /// One or two sentences for people.
    #[schema(examples("The e-mail address is verified."))]
    message: &'static str,
    user: UserDto<'a>,
}

/// Verifies an address by the link of the mail
///
/// Answers the same again while the link lives. The link in the mail leads to a page with a button instead,
/// so that what scans mails changes nothing; so does `HEAD` here.
#[utoipa::path(
    get,
    path = "/api/v1/auth/verify-email/{token}",
    tag = "Accounts",
    params(("token" = String, Path, description = "The secret of the link.")),
    responses((status = 200, description = "The address is verified.", body = VerifiedDto), Problems<VerifyEmailError>)
)]
pub(crate) async fn verify_by_link(
    request: HttpRequest,
    ClientOf(client): ClientOf,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let token = request
        .match_info()
        .get("token")
        .and_then(TokenSecret::parse)
        .ok_or(VerifyEmailError::InvalidToken)?;
    let user = if head::is_head(&request) {
        let link = use_cases.inspect_link.inspect(LinkKind::Verification, &token).await?;
        User { email_verified: true, ..link.ok_or(VerifyEmailError::InvalidToken)?.user }
    } else {
        use_cases.verify_email.verify(&token, client).await?
    };
    Ok(verified(&user))
}

/// Verifies an address by the code of the mail
///
/// The code is spent. Five wrong ones spend it too: then every answer is 429 until a new one is mailed; and
/// after 15 wrong ones within an hour for that hour. The link of the mail still works.
#[utoipa::path(
    post,
    path = "/api/v1/auth/verify",
    tag = "Accounts",
    request_body = VerifyRequest,
    responses((status = 200, description = "The address is verified.", body = VerifiedDto), Problems<VerifyEmailByCodeError>)
)]
pub(crate) async fn verify_by_code(
    Body(VerifyRequest { email, code }): Body<VerifyRequest>,
    ClientOf(client): ClientOf,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let command = VerifyEmailByCodeCommand { email, code, client };
    let user = use_cases.verify_email_by_code.verify(command).await?;
    Ok(verified(&user))
}

/// Mails a new verification link and code
///
/// Answers the same for every address. A new mail ends the link and the code of the one before.
#[utoipa::path(
    post,
    path = "/api/v1/auth/verify/resend",
    tag = "Accounts",
    request_body = ResendRequest,
    responses((status = 202, description = "Whoever reads mails to the address hears more.", body = MessageDto), Problems<StorageError>)
)]
pub(crate) async fn resend_verification(
    Body(ResendRequest { email }): Body<ResendRequest>,
    PreferredLocale(locale): PreferredLocale,
    pace: MailPace,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    if pace.admit(RouteGroup::Verify, &email).await {
        use_cases.resend_verification.request(email, locale).await?;
    }
    Ok(MessageDto::respond(
        StatusCode::ACCEPTED,
        "If an account with this e-mail address waits for its verification, a mail is on its way.",
    ))
}

fn verified(user: &User) -> HttpResponse {
    HttpResponse::Ok().json(VerifiedDto { message: "The e-mail address is verified.", user: user.into() })
}
